//! TwinExpert's API as documented ("5. Dành cho nhà phát triển").
//!
//! What the documents leave open is decided here as their own examples suggest; the crate's README
//! lists it. Deliberately absent: stopping, deleting, reading messages back, uploads: that API has none.

mod account;
mod answer;
mod conversations;
mod everybody;
mod gate;
mod messages;
mod stream;
mod twins;

pub use account::{Credentials, Scope};

use crate::clock::Dice;
use crate::limit::{Counters, Quota};
use crate::world::World;
use account::Account;
use axum::Router;
use axum::middleware;
use axum::routing::{get, post};
use conversations::Conversations;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The emulated TwinExpert.
#[derive(Debug)]
pub(crate) struct TwinExpert {
    /// What it shares with the other APIs.
    pub world: Arc<World>,
    /// What each scope may do.
    pub quotas: Quotas,
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

impl TwinExpert {
    /// One with these credentials and nothing said yet.
    pub(crate) fn new(world: Arc<World>, quotas: Quotas, credentials: Credentials) -> Self {
        let memory = Mutex::new(Memory::new(world.seed, &credentials));
        Self { world, quotas, credentials, memory, counters: Counters::default(), requests: AtomicU64::new(0) }
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
        *self.memory() = Memory::new(self.world.seed, &self.credentials);
        self.counters.reset();
        self.requests.store(0, Ordering::Relaxed);
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
