//! TwinExpert's API as documented ("5. Dành cho nhà phát triển").
//!
//! What the documents leave open is decided here as their own examples suggest; the crate's README
//! lists it. Deliberately absent: stopping, deleting, reading messages back, uploads: that API has none.

mod account;
mod answer;
mod conversations;
mod gate;
mod messages;
mod stream;
mod twins;

pub use account::{Credentials, Scope};
pub use stream::Pace;

use crate::clock::{Clock, Dice};
use crate::faults::Faults;
use crate::limit::{Counters, Quota};
use crate::log::Log;
use crate::script::Script;
use account::Account;
use axum::Router;
use axum::middleware;
use axum::routing::{get, post};
use conversations::Conversations;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the emulated TwinExpert is made of.
#[derive(Debug)]
pub(crate) struct TwinExpert {
    /// Decides ids, answers, cuts and chances.
    pub seed: u64,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Twins and answers.
    pub script: Arc<Script>,
    /// What goes wrong.
    pub faults: Arc<Faults>,
    /// What was asked.
    pub log: Arc<Log>,
    /// How quickly answers come.
    pub pace: Pace,
    /// What each scope may do.
    pub quotas: Quotas,
    /// Where avatars are, as an origin.
    pub origin: String,
    /// The credentials that exist from the start.
    pub credentials: Credentials,
    memory: Mutex<Memory>,
    counters: Counters,
    requests: AtomicU64,
}

/// What each scope may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// A `read_only` key.
    pub read_only: Quota,
    /// A `full_access` key, and the account itself.
    pub full_access: Quota,
}

impl Default for Quotas {
    fn default() -> Self {
        Self { read_only: Quota::READ_ONLY, full_access: Quota::FULL_ACCESS }
    }
}

/// Everything that `reset` forgets.
#[derive(Debug)]
struct Memory {
    account: Account,
    conversations: Conversations,
    ids: Dice,
}

impl Memory {
    fn new(seed: u64, credentials: &Credentials) -> Self {
        Self { account: Account::new(credentials), conversations: Conversations::default(), ids: Dice::named(seed, "ids") }
    }

    fn new_id(&mut self, prefix: &str) -> String {
        format!("{prefix}_{}", self.ids.alphanumeric(20))
    }
}

/// The parts an emulated TwinExpert is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    /// See [`TwinExpert::seed`].
    pub seed: u64,
    /// See [`TwinExpert::clock`].
    pub clock: Arc<dyn Clock>,
    /// See [`TwinExpert::faults`].
    pub faults: Arc<Faults>,
    /// See [`TwinExpert::log`].
    pub log: Arc<Log>,
    /// See [`TwinExpert::pace`].
    pub pace: Pace,
    /// See [`TwinExpert::quotas`].
    pub quotas: Quotas,
    /// See [`TwinExpert::origin`].
    pub origin: String,
    /// See [`TwinExpert::credentials`].
    pub credentials: Credentials,
}

impl TwinExpert {
    /// With the twins and answers that were compiled in.
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { seed, clock, faults, log, pace, quotas, origin, credentials } = parts;
        let memory = Mutex::new(Memory::new(seed, &credentials));
        let script = Arc::new(Script::load());
        let (counters, requests) = (Counters::default(), AtomicU64::new(0));
        Self { seed, clock, script, faults, log, pace, quotas, origin, credentials, memory, counters, requests }
    }

    /// The documented endpoints, and the avatars.
    pub(crate) fn router(self: &Arc<Self>) -> Router {
        let api = Router::new()
            .route("/api/v1/twins", get(twins::list))
            .route("/api/v1/twins/{id}", get(twins::show).post(conversations::create_at_twin))
            .route("/api/v1/conversations", get(conversations::list).post(conversations::create))
            .route("/api/v1/conversations/{id}/messages", post(messages::send))
            .route("/api/v1/conversations/{id}/messages/stream", post(messages::stream))
            .route("/api/v1/auth/api-keys", post(account::create_key))
            .fallback(answer::no_such_route)
            .method_not_allowed_fallback(answer::no_such_route)
            .layer(middleware::from_fn_with_state(Arc::clone(self), gate::pass))
            .with_state(Arc::clone(self));
        Router::new().route("/avatars/{file}", get(twins::avatar)).merge(api)
    }

    /// Back to the start: conversations, keys, counts.
    pub(crate) fn reset(&self) {
        *self.memory() = Memory::new(self.seed, &self.credentials);
        self.counters.reset();
        self.requests.store(0, Ordering::Relaxed);
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
