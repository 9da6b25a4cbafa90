//! Replies: asked for once, read to their end, told to whoever listens.
//!
//! The relay owns a reply, not the request that asked for it. Each reply has one task that reads
//! the upstream to its end into a log, and a reader is a place in that log: leaving stops nothing,
//! a slow reader holds up nobody, and any reader can come back after any event. Deliberately
//! absent: HTTP, languages, and any event that is only in one reader's hands.
//!
//! | file | holds |
//! |---|---|
//! | `drive` | the task of one reply |
//! | `log` | its events, and places in them |
//! | `feed` | all events of a conversation after one of them, then live |
//! | `reply` | a reply that was asked for, as events or as a whole |
//! | `event` | what can be told |

mod drive;
mod event;
mod feed;
mod log;
mod reply;
#[cfg(test)]
mod tests;

pub use event::{Numbered, Told};
pub use reply::Reply;

use crate::clock::{Clock, Dice, base32_lower, random_id_part};
use crate::config::{Config, Replies};
use crate::store::{Begun, Exchange, NewSend, Route, Store, StoreError};
use crate::subject::Subject;
use crate::upstream::Directory;
use drive::Drive;
use futures_util::stream::BoxStream;
use log::ReplyLog;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use twinchat_protocol::id::{ConversationId, EventId, MessageId};
use twinchat_protocol::message::{Message, MessageStatus};

/// How long what is kept of running replies may take at the very end.
const LAST_WRITES: Duration = Duration::from_secs(3);

/// How large and how long things may get.
#[derive(Debug, Clone, Copy)]
pub struct RelaySettings {
    /// The most bytes of a reply. 1 MiB.
    pub reply_bytes: usize,
    /// The longest a reply may take. 10 min.
    pub longest: Duration,
    /// The longest a reply goes on with nobody listening. 10 min.
    pub detached: Duration,
    /// How long a log is kept after its end. 10 min.
    pub keep: Duration,
    /// A running reply is kept this often. 1 s.
    pub checkpoint_every: Duration,
    /// ... or after so much text, or half of what there is if that is more. 4 KiB.
    pub checkpoint_bytes: usize,
    /// Replies written for one visitor at once. 3.
    pub replies_per_visitor: u32,
}

impl RelaySettings {
    /// As the owner has set them.
    pub fn of(config: &Config) -> Self {
        Self { reply_bytes: config.limits.reply_bytes as usize, ..Self::from(&config.replies) }
    }
}

impl From<&Replies> for RelaySettings {
    fn from(replies: &Replies) -> Self {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        Self {
            reply_bytes: 1 << 20,
            longest: seconds(replies.total_seconds),
            detached: seconds(replies.detached_seconds),
            keep: seconds(replies.log_seconds),
            checkpoint_every: Duration::from_secs(1),
            checkpoint_bytes: 4096,
            replies_per_visitor: replies.per_visitor,
        }
    }
}

impl Default for RelaySettings {
    fn default() -> Self {
        Self::from(&Replies::default())
    }
}

/// Why nothing was asked.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The store would not have it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server is being ended.
    #[error("the server is being ended")]
    Closing,
}

/// What the visitor says.
#[derive(Debug, Clone)]
pub struct Saying {
    /// Where.
    pub conversation: ConversationId,
    /// What; checked to be neither blank nor too long.
    pub content: String,
    /// The `Idempotency-Key`, if there was one.
    pub key: Option<String>,
}

/// What the task of a reply is wished to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    GoOn,
    Stop,
    Interrupt,
}

/// Drives replies and lets readers join. Cheap to clone.
#[derive(Clone)]
pub struct Relay(Arc<Inner>);

struct Inner {
    store: Store,
    directory: Arc<Directory>,
    clock: Arc<dyn Clock>,
    dice: Arc<dyn Dice>,
    settings: RelaySettings,
    runs: Mutex<HashMap<MessageId, Run>>,
    feeds: Mutex<HashMap<ConversationId, watch::Sender<()>>>,
    /// How many replies are being written.
    active: watch::Sender<usize>,
    closing: watch::Sender<bool>,
}

struct Run {
    log: Arc<ReplyLog>,
    wish: watch::Sender<Wish>,
}

impl Relay {
    /// A relay over this store and these upstreams.
    pub fn new(store: Store, directory: Arc<Directory>, clock: Arc<dyn Clock>, dice: Arc<dyn Dice>, settings: RelaySettings) -> Self {
        Self(Arc::new(Inner {
            store,
            directory,
            clock,
            dice,
            settings,
            runs: Mutex::default(),
            feeds: Mutex::default(),
            active: watch::Sender::new(0),
            closing: watch::Sender::new(false),
        }))
    }

    /// Stores what the visitor says and has it answered; what came with the same key before is not
    /// asked again. Goes through even if the caller does not wait for it.
    ///
    /// # Errors
    /// As [`Store::begin_send`]; [`RelayError::Closing`].
    pub async fn send(&self, subject: &Subject, saying: Saying) -> Result<Reply, RelayError> {
        let (relay, subject) = (self.0.clone(), subject.clone());
        joined(tokio::spawn(async move {
            relay.check_open()?;
            let hash = base32_lower(&Sha256::digest(saying.content.as_bytes()));
            let send = NewSend {
                conversation: &saying.conversation,
                content: &saying.content,
                key: saying.key.as_deref(),
                request_hash: &hash,
                ids: (relay.new_message_id(), relay.new_message_id()),
                max_active: relay.settings.replies_per_visitor,
            };
            let begun = relay.store.begin_send(&subject, &send, relay.clock.now_millis()).await?;
            Ok(relay.begin(subject, begun))
        }))
        .await
    }

    /// Has the question of a reply that did not end well answered again, in its place. A reply
    /// that is being written is joined.
    ///
    /// # Errors
    /// As [`Store::begin_retry`]; [`RelayError::Closing`].
    pub async fn retry(&self, subject: &Subject, reply: MessageId) -> Result<Reply, RelayError> {
        let (relay, subject) = (self.0.clone(), subject.clone());
        joined(tokio::spawn(async move {
            relay.check_open()?;
            let most = relay.settings.replies_per_visitor;
            let begun = relay.store.begin_retry(&subject, &reply, most, relay.clock.now_millis()).await?;
            Ok(relay.begin(subject, begun))
        }))
        .await
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
        match self.0.wish(reply, Wish::Stop) {
            Some(log) => Ok(log.ended().await),
            None => Ok(self.0.store.message(subject, reply).await?),
        }
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
        Ok(feed::feed(self.0.clone(), subject.clone(), conversation.clone(), after))
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
                message.content = text;
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
        if let Some(log) = found.active_message_id.and_then(|reply| self.0.wish(&reply, Wish::Stop)) {
            log.ended().await;
        }
        self.0.store.delete_conversation(subject, conversation).await?;
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
        let erased = self.0.store.erase_visitor(subject).await?;
        self.0.runs().retain(|_, run| {
            let goes = erased.contains(&run.log.exchange.reply.conversation_id);
            if goes {
                run.ask(Wish::Stop);
            }
            !goes
        });
        erased.iter().for_each(|conversation| self.0.announce(conversation));
        Ok(erased.len())
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
        f.debug_struct("Relay").field("active", &*self.0.active.borrow()).finish_non_exhaustive()
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

    fn begin(self: &Arc<Self>, subject: Subject, begun: Begun) -> Reply {
        match begun {
            Begun::New(exchange, route) => self.start(subject, exchange, route),
            Begun::Before(exchange) => Reply { log: self.log_of(&exchange.reply.id), exchange },
        }
    }

    fn start(self: &Arc<Self>, subject: Subject, exchange: Exchange, route: Route) -> Reply {
        let log = Arc::new(ReplyLog::new(exchange.clone()));
        let (wish, wished) = watch::channel(Wish::GoOn);
        self.active.send_modify(|active| *active += 1);
        self.runs().insert(exchange.reply.id.clone(), Run { log: log.clone(), wish });
        tokio::spawn(Drive { relay: self.clone(), subject, log: log.clone(), route, wish: wished }.run());
        self.announce(&exchange.reply.conversation_id);
        Reply { exchange, log: Some(log) }
    }

    fn log_of(&self, reply: &MessageId) -> Option<Arc<ReplyLog>> {
        self.runs().get(reply).map(|run| run.log.clone())
    }

    /// Tells the task of a reply; gives the log to wait on.
    fn wish(&self, reply: &MessageId, wish: Wish) -> Option<Arc<ReplyLog>> {
        let runs = self.runs();
        let run = runs.get(reply)?;
        run.ask(wish);
        Some(run.log.clone())
    }

    /// Forgets a log, unless the reply has been begun again since.
    fn forget(&self, log: &Arc<ReplyLog>) {
        let id = &log.exchange.reply.id;
        let mut runs = self.runs();
        if runs.get(id).is_some_and(|run| Arc::ptr_eq(&run.log, log)) {
            runs.remove(id);
        }
    }

    /// Wakes the feeds of a conversation.
    fn announce(&self, conversation: &ConversationId) {
        if let Some(news) = self.feeds().get(conversation) {
            news.send_replace(());
        }
    }
}

impl Run {
    /// The first wish counts.
    fn ask(&self, wish: Wish) {
        self.wish.send_if_modified(|now| {
            let first = *now == Wish::GoOn;
            if first {
                *now = wish;
            }
            first
        });
    }
}

/// What a task gave, or its panic.
async fn joined<T>(task: JoinHandle<T>) -> T {
    match task.await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
