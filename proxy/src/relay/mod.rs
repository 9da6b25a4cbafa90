//! Replies: asked for once, read to their end, told to whoever listens.
//!
//! The relay owns a reply, not the request that asked for it. Each reply has one task that reads
//! the upstream to its end into a log, and a reader is a place in that log: leaving stops nothing,
//! a slow reader holds up nobody, and any reader can come back after any event. Deliberately
//! absent: HTTP, languages, and any event that is only in one reader's hands.
//!
//! | file | holds |
//! |---|---|
//! | `ask` | what begins a reply, or finds that it was begun before |
//! | `saying` | what a visitor says |
//! | `claims` | what one task at a time may do |
//! | `drive` | the task of one reply |
//! | `checkpoint` | keeps how far they all have come, from time to time |
//! | `ended` | logs of replies that have ended, for a while |
//! | `settle` | what the store does not know yet of replies that have ended |
//! | `run` | a reply being written, as the relay holds it |
//! | `turn` | waiting in the line of the upstream's budget |
//! | `log` | its events, and places in them |
//! | `people` | threads of people: who has which, and what is said there |
//! | `feed` | all events of a conversation after one of them, then live |
//! | `reply` | a reply that was asked for, as events or as a whole |
//! | `event` | what can be told |
//! | `settings` | how large and how long things may get |

mod ask;
mod checkpoint;
mod claims;
mod drive;
mod ended;
mod event;
mod feed;
mod log;
mod people;
mod reply;
mod run;
mod saying;
mod settings;
mod settle;
#[cfg(test)]
mod tests;
mod turn;

pub use ask::{Asked, Ticket};
pub use event::{Numbered, Told};
pub use reply::Reply;
pub use saying::{Saying, Upload};
pub use settings::RelaySettings;

use crate::budget::{Customer, Refusal, Turn};
use crate::clock::{Clock, Dice, random_id_part};
use crate::files::Files;
use crate::store::{Exchange, Route, Store, StoreError};
use crate::subject::Subject;
use crate::upstream::Directory;
use ask::joined;
use claims::Claims;
use drive::Drive;
use ended::Ended;
use futures_util::stream::BoxStream;
use log::ReplyLog;
use people::Listener;
use run::{Active, Run, Wish};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use twinchat_protocol::id::{ConversationId, EventId, MessageId};
use twinchat_protocol::message::{Message, MessageStatus, Role};

/// How long what is kept of running replies may take at the very end.
const LAST_WRITES: Duration = Duration::from_secs(3);

/// Why nothing was asked.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The store would not have it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The upstream cannot be asked now.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// All people who could answer talk to others.
    #[error("nobody is free for {retry_after} s")]
    NobodyFree {
        /// Seconds until somebody may be.
        retry_after: u32,
    },
    /// The twin cannot be told which message is answered.
    #[error("this twin cannot be told which message is answered")]
    CannotReply,
    /// The server is being ended.
    #[error("the server is being ended")]
    Closing,
}

/// What a relay holds in memory. With nobody there and every log forgotten, all of it is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Held {
    /// Replies that are being written, or have ended and are not kept yet.
    pub active: usize,
    /// Logs, of those and of replies that ended a while ago.
    pub logs: usize,
    /// Conversations that somebody listens to.
    pub feeds: usize,
    /// Messages that are being begun.
    pub claims: usize,
}

/// Drives replies and lets readers join. Cheap to clone.
#[derive(Clone)]
pub struct Relay(Arc<Inner>);

struct Inner {
    store: Store,
    files: Files,
    directory: Arc<Directory>,
    clock: Arc<dyn Clock>,
    dice: Arc<dyn Dice>,
    settings: RelaySettings,
    runs: Mutex<HashMap<MessageId, Run>>,
    ended: Ended,
    feeds: Mutex<HashMap<ConversationId, watch::Sender<()>>>,
    /// Who listens to people, by the name of the upstream.
    people: Mutex<HashMap<String, Arc<Listener>>>,
    /// Replies that are being begun, and idempotency keys that are being used.
    claims: Claims,
    /// How many replies are being written.
    active: watch::Sender<usize>,
    checkpoints: Once,
    closing: watch::Sender<bool>,
}

impl Relay {
    /// A relay over this store and these upstreams.
    pub fn new(
        (store, files): (Store, Files),
        directory: Arc<Directory>,
        (clock, dice): (Arc<dyn Clock>, Arc<dyn Dice>),
        settings: RelaySettings,
    ) -> Self {
        Self(Arc::new(Inner {
            store,
            files,
            directory,
            clock,
            dice,
            settings,
            runs: Mutex::default(),
            ended: Ended::default(),
            feeds: Mutex::default(),
            people: Mutex::default(),
            claims: Claims::default(),
            active: watch::Sender::new(0),
            checkpoints: Once::new(),
            closing: watch::Sender::new(false),
        }))
    }

    /// Whether files can be sent along in this conversation.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also when it is somebody else's.
    pub async fn takes_files(&self, subject: &Subject, conversation: &ConversationId) -> Result<bool, RelayError> {
        let route = self.0.store.route(subject, conversation).await?;
        Ok(self.0.directory.upstream(&route.upstream).is_some_and(|upstream| upstream.capabilities(&route.twin).files))
    }

    /// Looks whether this came with the same key before. If not, the ticket sends it; who comes with
    /// the same key meanwhile waits for that.
    ///
    /// # Errors
    /// [`StoreError::IdempotencyMismatch`], or when the database fails.
    pub async fn ask(&self, subject: &Subject, saying: Saying) -> Result<Asked, RelayError> {
        self.0.ask(subject, saying).await
    }

    /// Stores what the visitor says and has it answered; what came with the same key before is not
    /// asked again.
    ///
    /// # Errors
    /// As [`Relay::ask`] and [`Ticket::send`].
    pub async fn send(&self, subject: &Subject, saying: Saying) -> Result<Reply, RelayError> {
        match self.ask(subject, saying).await? {
            Asked::Before(reply) => Ok(reply),
            Asked::New(ticket) => ticket.send().await,
        }
    }

    /// Has the question of a reply that did not end well answered again, in its place. A reply
    /// that is being written is joined. Goes through even if the caller does not wait for it.
    ///
    /// # Errors
    /// As [`Store::begin_retry`]; [`RelayError::Refused`], then nothing is changed; [`RelayError::Closing`].
    pub async fn retry(&self, subject: &Subject, reply: MessageId, customer: Customer) -> Result<Reply, RelayError> {
        let (relay, subject) = (self.0.clone(), subject.clone());
        joined(tokio::spawn(async move { relay.retry(&subject, &reply, customer).await })).await
    }

    /// Ends a reply where it is and keeps what came. One that has ended stays as it is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also when it is somebody else's.
    pub async fn stop(&self, subject: &Subject, reply: &MessageId) -> Result<Message, RelayError> {
        let message = self.0.store.message(subject, reply).await?;
        if message.status.is_final() {
            return Ok(message);
        }
        self.0.claims.free(reply.as_str()).await;
        if let Some(log) = self.0.wish(reply, Wish::Stop) {
            return Ok(log.ended().await);
        }
        self.0.settle(subject).await?;
        Ok(self.0.store.message(subject, reply).await?)
    }

    /// All events of a conversation after this one, then those to come.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also when it is somebody else's.
    pub async fn feed(
        &self,
        subject: &Subject,
        conversation: &ConversationId,
        after: EventId,
    ) -> Result<BoxStream<'static, Numbered>, RelayError> {
        self.0.store.conversation(subject, conversation).await?;
        let listening = self.0.listen(subject, conversation).await?;
        Ok(feed::feed(self.0.clone(), subject.clone(), conversation.clone(), after, listening))
    }

    /// The visitor looks at a conversation that is theirs: what people said in it meanwhile is fetched, and told on its feed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn look(&self, subject: &Subject, conversation: &ConversationId) -> Result<(), RelayError> {
        drop(self.0.listen(subject, conversation).await?);
        Ok(())
    }

    /// Brings a stored message up to what has come of it by now.
    pub fn bring_up_to_date(&self, message: &mut Message) {
        if message.status != MessageStatus::Streaming {
            return;
        }
        let Some(log) = self.0.log_of(&message.id) else { return };
        match log.outcome() {
            Some(ended) => *message = ended,
            None => {
                let (text, seq) = log.so_far();
                // What a visitor says to people is whole while it is handed over.
                if message.role == Role::Assistant {
                    message.content = text;
                }
                message.event_id = Some(EventId { ordinal: message.ordinal, seq }.to_string());
            }
        }
    }

    /// Erases a conversation; a reply being written in it is ended.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also when it is somebody else's.
    pub async fn erase(&self, subject: &Subject, conversation: &ConversationId) -> Result<(), RelayError> {
        let found = self.0.store.conversation(subject, conversation).await?;
        if let Some(reply) = found.active_message_id {
            self.0.claims.free(reply.as_str()).await;
            if let Some(log) = self.0.wish(&reply, Wish::Stop) {
                log.ended().await;
            }
        }
        self.0.store.return_rooms(subject, Some(conversation), self.0.clock.now_millis()).await?;
        self.0.store.delete_conversation(subject, conversation).await?;
        self.0.files.tidy().await;
        self.0.runs().retain(|_, run| run.log.exchange.reply.conversation_id != *conversation);
        self.0.announce(conversation);
        Ok(())
    }

    /// Erases everything of a visitor's; replies being written are ended. Says how many
    /// conversations there were.
    ///
    /// # Errors
    /// When the store fails; then nothing is erased.
    pub async fn erase_visitor(&self, subject: &Subject) -> Result<usize, RelayError> {
        self.0.store.return_rooms(subject, None, self.0.clock.now_millis()).await?;
        let erased = self.0.store.erase_visitor(subject).await?;
        self.0.runs().retain(|_, run| {
            let goes = erased.contains(&run.log.exchange.reply.conversation_id);
            if goes {
                run.ask(Wish::Stop);
            }
            !goes
        });
        erased.iter().for_each(|conversation| self.0.announce(conversation));
        self.0.files.tidy().await;
        Ok(erased.len())
    }

    /// What is held in memory now.
    pub fn held(&self) -> Held {
        Held { active: *self.0.active.borrow(), logs: self.0.runs().len(), feeds: self.0.feeds().len(), claims: self.0.claims.count() }
    }

    /// Takes nothing new, gives running replies so long to end, then keeps what has come of them
    /// as interrupted.
    pub async fn close(&self, patience: Duration) {
        self.0.closing.send_replace(true);
        let mut active = self.0.active.subscribe();
        if timeout(patience, active.wait_for(|active| *active == 0)).await.is_ok() {
            return;
        }
        for run in self.0.runs().values() {
            run.ask(Wish::Interrupt);
        }
        let _ = timeout(LAST_WRITES, active.wait_for(|active| *active == 0)).await;
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("active", &*self.active.borrow()).finish_non_exhaustive()
    }
}

impl Inner {
    fn runs(&self) -> MutexGuard<'_, HashMap<MessageId, Run>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn feeds(&self) -> MutexGuard<'_, HashMap<ConversationId, watch::Sender<()>>> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn new_message_id(&self) -> MessageId {
        MessageId::from_random(&random_id_part(self.dice.as_ref()))
    }

    fn check_open(&self) -> Result<(), RelayError> {
        if *self.closing.borrow() { Err(RelayError::Closing) } else { Ok(()) }
    }

    fn start(self: &Arc<Self>, subject: Subject, turn: Option<Turn>, (exchange, route): (Exchange, Route)) -> Reply {
        let log = Arc::new(ReplyLog::new(exchange.clone()));
        let (wish, wished) = watch::channel(Wish::GoOn);
        self.runs().insert(exchange.reply.id.clone(), Run { subject: subject.clone(), log: log.clone(), wish });
        let active = Active::new(self);
        self.keep_along();
        tokio::spawn(Drive { relay: self.clone(), subject, turn: Mutex::new(turn), log: log.clone(), route, wish: wished }.run(active));
        self.announce(&exchange.reply.conversation_id);
        Reply { exchange, log: Some(log) }
    }

    fn log_of(&self, reply: &MessageId) -> Option<Arc<ReplyLog>> {
        self.runs().get(reply).map(|run| run.log.clone())
    }

    /// Whether somebody writes it.
    fn is_running(&self, reply: &MessageId) -> bool {
        self.log_of(reply).is_some_and(|log| log.outcome().is_none())
    }

    /// Tells the task of a reply; gives the log to wait on.
    fn wish(&self, reply: &MessageId, wish: Wish) -> Option<Arc<ReplyLog>> {
        let runs = self.runs();
        let run = runs.get(reply)?;
        run.ask(wish);
        Some(run.log.clone())
    }

    /// Wakes the feeds of a conversation.
    fn announce(&self, conversation: &ConversationId) {
        if let Some(news) = self.feeds().get(conversation) {
            news.send_replace(());
        }
    }
}
