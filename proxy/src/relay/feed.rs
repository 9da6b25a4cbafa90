//! A conversation's events after any of them, then live.

use super::Inner;
use super::event::{Numbered, Told, event_id};
use super::log::{ReplyLog, ReplyReader};
use super::people::Listening;
use crate::store::{PageAt, StoreError};
use crate::subject::Subject;
use futures_util::stream::{BoxStream, StreamExt, unfold};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::watch;
use twinchat_protocol::id::{ConversationId, EventId};
use twinchat_protocol::message::{Message, MessageStatus};

/// Messages read from the store at once.
const PAGE: u32 = 50;

/// One reader of a conversation.
struct Feed {
    relay: Arc<Inner>,
    subject: Subject,
    conversation: ConversationId,
    /// The last event told.
    told: EventId,
    /// A reply that is being followed.
    reply: Option<ReplyReader>,
    ready: VecDeque<Numbered>,
    news: News,
    /// Where people answer, somebody has to ask what they said.
    _listening: Option<Listening>,
}

/// What is to be told of a message.
enum Share {
    Nothing,
    Event(Numbered),
    Follow(Arc<ReplyLog>),
    /// The store takes it to be running, and nobody writes it.
    Orphan,
}

/// Ends when the conversation is erased or the store fails; the reader then asks again.
pub(super) fn feed(
    relay: Arc<Inner>,
    subject: Subject,
    conversation: ConversationId,
    after: EventId,
    listening: Option<Listening>,
) -> BoxStream<'static, Numbered> {
    let news = News::of(&relay, &conversation);
    let feed = Feed { relay, subject, conversation, told: after, reply: None, ready: VecDeque::new(), news, _listening: listening };
    unfold(feed, |mut feed| async move { feed.next().await.map(|event| (event, feed)) }).boxed()
}

impl Feed {
    async fn next(&mut self) -> Option<Numbered> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.told = event.id;
                return Some(event);
            }
            if let Some(reply) = &mut self.reply {
                if let Some(event) = reply.next().await {
                    self.told = event.id;
                    return Some(event);
                }
                self.reply = None;
            }
            self.news.mark_seen();
            match self.look().await {
                Ok(()) => {}
                Err(StoreError::NotFound) => return None,
                Err(error) => {
                    tracing::warn!(%error, "a feed ends because the store failed");
                    return None;
                }
            }
            if self.ready.is_empty() && self.reply.is_none() {
                self.news.wait().await;
            }
        }
    }

    /// Reads what was stored after the last event told, up to the first reply still being written.
    async fn look(&mut self) -> Result<(), StoreError> {
        let from = PageAt::After(self.told.ordinal.saturating_sub(1));
        let page = self.relay.store.messages(&self.subject, &self.conversation, from, PAGE).await?;
        let mut changes = VecDeque::from(self.relay.store.changes(&self.subject, &self.conversation, self.told).await?);
        for message in page.messages {
            self.tell_changes(&mut changes, EventId { ordinal: message.ordinal, seq: 0 });
            if message.status == MessageStatus::Streaming {
                // Its task may be about to begin.
                self.relay.claims.free(message.id.as_str()).await;
            }
            match self.share(message) {
                Share::Nothing => {}
                // When this fails too, the store has other trouble; the reader is not to suffer for it.
                Share::Orphan => drop(self.relay.settle(&self.subject).await),
                Share::Event(event) => {
                    self.tell_changes(&mut changes, event.id);
                    self.ready.push_back(event);
                }
                Share::Follow(log) => {
                    self.tell_changes(&mut changes, event_id(&log.exchange.reply));
                    let seen = if self.told.ordinal == log.exchange.reply.ordinal { self.told.seq } else { 0 };
                    self.reply = Some(log.read(seen));
                    return Ok(());
                }
            }
        }
        if !page.has_after {
            self.tell_changes(&mut changes, EventId { ordinal: u32::MAX, seq: 0 });
        }
        Ok(())
    }

    /// Tells the changes that were made before this event, and that are not told by a message that has them.
    fn tell_changes(&mut self, changes: &mut VecDeque<(EventId, Message)>, before: EventId) {
        let told = self.ready.back().map_or(self.told, |event| event.id);
        while let Some((id, message)) = changes.pop_front_if(|(id, _)| *id < before) {
            if id > told {
                self.ready.push_back(Numbered { id, message_id: message.id.clone(), told: Told::Message(Box::new(message)) });
            }
        }
    }

    fn share(&self, message: Message) -> Share {
        let last = event_id(&message);
        let unknown = self.told < EventId { ordinal: message.ordinal, seq: 1 };
        let running = message.status == MessageStatus::Streaming;
        if !running && self.told >= last {
            return Share::Nothing;
        }
        if !running && unknown {
            return Share::Event(Numbered::whole(message));
        }
        let seen = if unknown { 0 } else { self.told.seq };
        match self.relay.log_of(&message.id) {
            Some(log) if log.has_more(seen) => Share::Follow(log),
            // It has ended, and the store does not know yet.
            Some(_) if running => Share::Nothing,
            None if running => Share::Orphan,
            _ => Share::Event(Numbered::ended(message)),
        }
    }
}

/// News of one conversation.
struct News {
    relay: Arc<Inner>,
    conversation: ConversationId,
    receiver: watch::Receiver<()>,
}

impl News {
    fn of(relay: &Arc<Inner>, conversation: &ConversationId) -> Self {
        let receiver = relay.feeds().entry(conversation.clone()).or_default().subscribe();
        Self { relay: relay.clone(), conversation: conversation.clone(), receiver }
    }

    fn mark_seen(&mut self) {
        self.receiver.borrow_and_update();
    }

    async fn wait(&mut self) {
        // The sender is removed with its last receiver only.
        let _ = self.receiver.changed().await;
    }
}

impl Drop for News {
    fn drop(&mut self) {
        let mut feeds = self.relay.feeds();
        if feeds.get(&self.conversation).is_some_and(|news| news.receiver_count() <= 1) {
            feeds.remove(&self.conversation);
        }
    }
}
