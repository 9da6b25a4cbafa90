use super::claims::Claim;
use super::reply::Reply;
use super::{Inner, RelayError, Saying};
use crate::budget::{Customer, Turn};
use crate::store::{Begun, Exchange, NewFile, NewSend, Route, StoreError};
use crate::subject::Subject;
use std::sync::Arc;
use tokio::task::JoinHandle;
use twinchat_protocol::id::MessageId;
use twinchat_protocol::message::MessageStatus;

/// What is to be done with something the visitor says.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one for each message, and it is taken apart at once")]
pub enum Asked {
    /// Nothing: it came with the same key before, and this is its reply.
    Before(Reply),
    /// It is new, and is sent with this.
    New(Ticket),
}

/// The permission to send one message. While it exists, whoever comes with the same key waits.
#[derive(Debug)]
pub struct Ticket {
    relay: Arc<Inner>,
    subject: Subject,
    saying: Saying,
    claim: Option<Claim>,
}

impl Ticket {
    /// Stores the message and has it answered. Goes through even if the caller does not wait for it.
    ///
    /// # Errors
    /// As [`Store::begin_send`](crate::store::Store::begin_send); [`RelayError::Closing`].
    pub async fn send(self) -> Result<Reply, RelayError> {
        joined(tokio::spawn(async move {
            let Self { relay, subject, saying, claim } = self;
            relay.check_open()?;
            let begun = match relay.begin_send(&subject, &saying).await {
                // Perhaps not any more: the store may not know yet what has ended here.
                Err(RelayError::Store(StoreError::ReplyInProgress | StoreError::TooManyReplies)) => {
                    relay.settle(&subject).await?;
                    relay.begin_send(&subject, &saying).await
                }
                begun => begun,
            };
            drop(claim);
            relay.reply_of(&subject, begun?).await
        }))
        .await
    }
}

impl Inner {
    /// Finds out whether this came before. A key is looked at by one at a time, so that of many at
    /// once one is new.
    pub(super) async fn ask(self: &Arc<Self>, subject: &Subject, saying: Saying) -> Result<Asked, RelayError> {
        let mut claim = None;
        if let Some(key) = &saying.key {
            claim = Some(self.claims.take(format!("{} {} {key}", subject.as_str(), saying.conversation)).await);
            let hash = saying.hash();
            let now = self.clock.now_millis();
            if let Some(before) = self.store.sent_before(subject, &saying.conversation, (key, &hash), now).await? {
                return Ok(Asked::Before(self.joining(subject, before).await?));
            }
        }
        Ok(Asked::New(Ticket { relay: self.clone(), subject: subject.clone(), saying, claim }))
    }

    async fn begin_send(self: &Arc<Self>, subject: &Subject, saying: &Saying) -> Result<Beginning, RelayError> {
        let route = self.store.route(subject, &saying.conversation).await?;
        if saying.reply_to.is_some() && !self.can_reply(&route) {
            return Err(RelayError::CannotReply);
        }
        let question = self.new_message_id();
        let ids = if self.pool(&route).is_some() { (question.clone(), question) } else { (question, self.new_message_id()) };
        // Whoever finds the reply in the store before its task is there waits for this.
        let _beginning = self.claims.take(ids.1.to_string()).await;
        let files: Vec<NewFile> = saying.files.iter().map(|upload| upload.to_store()).collect();
        let send = NewSend {
            conversation: &saying.conversation,
            content: &saying.content,
            files: &files,
            key: saying.key.as_deref(),
            request_hash: &saying.hash(),
            ids,
            reply_to: saying.reply_to.as_ref(),
            max_active: self.settings.replies_per_visitor,
        };
        let turn = self.join(subject, (&saying.conversation, &route), saying.customer.clone()).await?;
        let room = self.lend_room(subject, &saying.conversation, &route).await?;
        let begun = self.store.begin_send(subject, &send, self.clock.now_millis()).await?;
        if matches!(begun, Begun::New(..)) {
            saying.files.iter().for_each(|upload| upload.spooled.keep());
        }
        Ok(self.beginning(subject, turn, in_room(begun, room)))
    }

    /// Has a question answered again, in its place.
    pub(super) async fn retry(self: &Arc<Self>, subject: &Subject, reply: &MessageId, customer: Customer) -> Result<Reply, RelayError> {
        self.check_open()?;
        let mut begun = self.begin_retry(subject, reply, customer.clone()).await;
        let unsettled = match &begun {
            Err(RelayError::Store(StoreError::TooManyReplies)) => true,
            Ok(Beginning::Before(exchange)) => !self.is_running(&exchange.reply.id),
            _ => false,
        };
        if unsettled {
            self.settle(subject).await?;
            begun = self.begin_retry(subject, reply, customer).await;
        }
        self.reply_of(subject, begun?).await
    }

    async fn begin_retry(self: &Arc<Self>, subject: &Subject, reply: &MessageId, customer: Customer) -> Result<Beginning, RelayError> {
        let _beginning = self.claims.take(reply.to_string()).await;
        let most = self.settings.replies_per_visitor;
        let message = self.store.message(subject, reply).await?;
        let (mut turn, mut room) = (None, None);
        if message.status != MessageStatus::Streaming {
            let route = self.store.route(subject, &message.conversation_id).await?;
            turn = self.join(subject, (&message.conversation_id, &route), customer).await?;
            if message.status != MessageStatus::Complete {
                room = self.lend_room(subject, &message.conversation_id, &route).await?;
            }
        }
        let begun = self.store.begin_retry(subject, reply, most, self.clock.now_millis()).await?;
        Ok(self.beginning(subject, turn, in_room(begun, room)))
    }

    /// Gives a reply that is new its task.
    fn beginning(self: &Arc<Self>, subject: &Subject, turn: Option<Turn>, begun: Begun) -> Beginning {
        match begun {
            Begun::New(exchange, route) => Beginning::Started(self.start(subject.clone(), turn, (exchange, route))),
            Begun::Before(exchange) => Beginning::Before(exchange),
        }
    }

    async fn reply_of(self: &Arc<Self>, subject: &Subject, beginning: Beginning) -> Result<Reply, RelayError> {
        match beginning {
            Beginning::Started(reply) => Ok(reply),
            Beginning::Before(exchange) => self.joining(subject, exchange).await,
        }
    }

    /// A reply that was begun before: with its log, unless only the store knows it.
    async fn joining(self: &Arc<Self>, subject: &Subject, exchange: Exchange) -> Result<Reply, RelayError> {
        let id = &exchange.reply.id;
        self.claims.free(id.as_str()).await;
        if let Some(log) = self.log_of(id) {
            return Ok(Reply { exchange, log: Some(log) });
        }
        if exchange.reply.status.is_final() {
            return Ok(Reply { exchange, log: None });
        }
        // It ended while this was looked at, or nobody writes it any more.
        self.settle(subject).await?;
        Ok(Reply { exchange: self.store.exchange(subject, id).await?, log: None })
    }
}

/// The same, asked for in this room.
fn in_room(begun: Begun, room: Option<String>) -> Begun {
    match begun {
        Begun::New(exchange, route) => {
            let conversation = room.or(route.conversation);
            Begun::New(exchange, Route { conversation, ..route })
        }
        before @ Begun::Before(_) => before,
    }
}

/// A reply that now has a task, or one that was there.
enum Beginning {
    Started(Reply),
    Before(Exchange),
}

/// What a task gave, or its panic.
pub(super) async fn joined<T>(task: JoinHandle<T>) -> T {
    match task.await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
