use super::super::Inner;
use super::pace::{LINGER, SHORTEST, pause};
use crate::metrics;
use crate::store::StoreError;
use crate::subject::Subject;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};
use twinchat_protocol::id::ConversationId;

/// Listens to one upstream's people, for all of its conversations that somebody reads.
pub(in super::super) struct Listener {
    pub(super) upstream: String,
    state: Mutex<State>,
    wake: Notify,
}

struct State {
    followed: HashMap<ConversationId, Followed>,
    /// When something was said last, by either side.
    news_at: Instant,
}

/// A conversation that is listened to.
pub(super) struct Followed {
    pub(super) subject: Subject,
    readers: usize,
    left_at: Instant,
    /// All of it is to be looked through, not only what is new: it is opened anew.
    pub(super) anew: bool,
    /// What was offered to the store before: a fingerprint by the upstream's id.
    pub(super) seen: HashMap<String, String>,
    /// When the latest of it was written, milliseconds since 1970.
    pub(super) newest: i64,
}

/// Somebody who listens, until this is dropped.
pub(in super::super) struct Listening {
    listener: Arc<Listener>,
    conversation: ConversationId,
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(followed) = self.listener.state().followed.get_mut(&self.conversation) {
            followed.readers = followed.readers.saturating_sub(1);
            followed.left_at = Instant::now();
        }
    }
}

impl Inner {
    /// Listens to the people of a conversation, if it is with people: what was said in it, then what is. Whose it is
    /// was looked at before.
    ///
    /// # Errors
    /// When the store fails.
    pub(in super::super) async fn listen(
        self: &Arc<Self>,
        subject: &Subject,
        conversation: &ConversationId,
    ) -> Result<Option<Listening>, StoreError> {
        if !self.directory.has_people() {
            return Ok(None);
        }
        let route = self.store.route(subject, conversation).await?;
        if self.pool(&route).is_none() || *self.closing.borrow() {
            return Ok(None);
        }
        let listening = self.follow(subject, conversation, &route.upstream);
        listening.listener.with(conversation, |followed| followed.anew = true);
        Ok(Some(listening))
    }

    /// A message was handed over: what people answer is looked for, whether anybody listens or not.
    pub(in super::super) fn expect_answer(self: &Arc<Self>, subject: &Subject, conversation: &ConversationId, upstream: &str) {
        drop(self.follow(subject, conversation, upstream));
    }

    fn follow(self: &Arc<Self>, subject: &Subject, conversation: &ConversationId, upstream: &str) -> Listening {
        let mut people = self.people();
        let listener = match people.get(upstream) {
            Some(listener) => listener.clone(),
            None => {
                let listener = Arc::new(Listener::new(upstream));
                people.insert(upstream.to_owned(), listener.clone());
                tokio::spawn(listener.clone().run(self.clone()));
                listener
            }
        };
        listener.add(subject, conversation);
        Listening { listener, conversation: conversation.clone() }
    }

    fn people(&self) -> MutexGuard<'_, HashMap<String, Arc<Listener>>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    fn new(upstream: &str) -> Self {
        let state = State { followed: HashMap::new(), news_at: Instant::now() };
        Self { upstream: upstream.to_owned(), state: Mutex::new(state), wake: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, subject: &Subject, conversation: &ConversationId) {
        let now = Instant::now();
        let mut state = self.state();
        let followed = state.followed.entry(conversation.clone()).or_insert_with(|| Followed {
            subject: subject.clone(),
            readers: 0,
            left_at: now,
            anew: true,
            seen: HashMap::new(),
            newest: 0,
        });
        // It may have become somebody else's: an anonymous visitor's who signed in.
        followed.subject = subject.clone();
        followed.readers += 1;
        state.news_at = now;
        drop(state);
        self.wake.notify_one();
    }

    /// Looks again and again, until nobody has listened for a while or the server ends.
    async fn run(self: Arc<Self>, relay: Arc<Inner>) {
        let mut closing = relay.closing.subscribe();
        loop {
            let looked_at = Instant::now();
            tokio::select! {
                // An error means that the relay is gone, which is an end too.
                _ = closing.wait_for(|closing| *closing) => return,
                () = self.look(&relay) => {}
            }
            let Some(pause) = self.next_look(&relay) else { return };
            let woken = async {
                self.wake.notified().await;
                sleep_until(looked_at + SHORTEST).await;
            };
            tokio::select! {
                _ = closing.wait_for(|closing| *closing) => return,
                () = sleep(pause) => {}
                () = woken => {}
            }
        }
    }

    /// How long until the next look; none when there is nobody left to look for.
    fn next_look(&self, relay: &Inner) -> Option<std::time::Duration> {
        let mut people = relay.people();
        let mut state = self.state();
        let now = Instant::now();
        state.followed.retain(|_, followed| followed.readers > 0 || now.duration_since(followed.left_at) < LINGER);
        metrics::PEOPLE_FOLLOWED.set([&self.upstream], state.followed.len() as f64);
        if state.followed.is_empty() {
            people.remove(&self.upstream);
            return None;
        }
        let is_heard = state.followed.values().any(|followed| followed.readers > 0);
        Some(pause(now.duration_since(state.news_at), is_heard))
    }

    /// The conversations to look for, and whether all of each is to be looked through.
    pub(super) fn followed(&self) -> Vec<(ConversationId, Subject, Option<i64>)> {
        let mut state = self.state();
        let each = state.followed.iter_mut().map(|(conversation, followed)| {
            let newest = (!std::mem::take(&mut followed.anew)).then_some(followed.newest);
            (conversation.clone(), followed.subject.clone(), newest)
        });
        each.collect()
    }

    /// Does something to what is known of a conversation that is listened to.
    pub(super) fn with<T>(&self, conversation: &ConversationId, change: impl FnOnce(&mut Followed) -> T) -> Option<T> {
        self.state().followed.get_mut(conversation).map(change)
    }

    pub(super) fn forget(&self, conversation: &ConversationId) {
        self.state().followed.remove(conversation);
    }

    pub(super) fn there_is_news(&self) {
        self.state().news_at = Instant::now();
    }
}
