//! Keys that an issuer publishes (a JWKS), at hand.

use crate::clock::Clock;
use crate::keys::{Algorithm, KeySet};
use futures_util::future::BoxFuture;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// After so many seconds keys are asked for again.
pub(super) const MAX_AGE: i64 = 600;
/// At least so many seconds lie between two times of asking, whoever wants it.
pub(super) const COOL_DOWN: i64 = 30;
/// While they cannot be had again, keys are used for so many seconds since they last could.
pub(super) const MAX_STALE: i64 = 6 * 3600;

/// Gets the document, or says why not.
pub(super) type Fetch = Box<dyn Fn() -> BoxFuture<'static, Result<String, String>> + Send + Sync>;

/// One issuer's published keys.
pub(super) struct Published(Arc<Inner>);

struct Inner {
    algorithm: Algorithm,
    fetch: Fetch,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Held by whoever asks.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    keys: Option<Arc<KeySet>>,
    fetched_at: i64,
    tried_at: Option<i64>,
}

impl Published {
    pub(super) fn new(algorithm: Algorithm, fetch: Fetch, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner { algorithm, fetch, clock, state: Mutex::default(), turn: tokio::sync::Mutex::default() }))
    }

    /// Whether one of the keys made the signature; none when there are no keys to be had.
    pub(super) async fn verify(&self, kid: Option<&str>, message: &[u8], signature: &[u8]) -> Option<bool> {
        if !self.0.is_fresh() {
            self.refresh().await;
        }
        let keys = self.0.usable()?;
        if keys.verify(kid, message, signature) {
            return Some(true);
        }
        if kid.is_some_and(|kid| keys.knows(kid)) {
            return Some(false);
        }
        // Perhaps made with a key that is newer than ours.
        self.refresh().await;
        Some(self.0.usable()?.verify(kid, message, signature))
    }

    /// Asks, unless somebody just did. Goes through even if the caller does not wait for it, so that
    /// callers who leave cannot keep it from ever being answered.
    async fn refresh(&self) {
        let inner = self.0.clone();
        // An error is a panic in there, which is as good as no answer.
        let _ = tokio::spawn(async move { inner.ask().await }).await;
    }
}

impl Inner {
    async fn ask(&self) {
        let _turn = self.turn.lock().await;
        let now = self.clock.now_seconds();
        if self.state().tried_at.is_some_and(|tried| (0..COOL_DOWN).contains(&(now - tried))) {
            return;
        }
        self.state().tried_at = Some(now);
        let read = |text: String| KeySet::public(&text, self.algorithm).map_err(|error| format!("what it answered {error}"));
        match (self.fetch)().await.and_then(read) {
            Ok(keys) => {
                let mut state = self.state();
                (state.keys, state.fetched_at) = (Some(Arc::new(keys)), now);
            }
            Err(error) => tracing::error!(%error, "an issuer's jwks_url gave no keys; those it gave before are used for up to six hours"),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_fresh(&self) -> bool {
        let state = self.state();
        state.keys.is_some() && (0..MAX_AGE).contains(&(self.clock.now_seconds() - state.fetched_at))
    }

    fn usable(&self) -> Option<Arc<KeySet>> {
        let state = self.state();
        state.keys.clone().filter(|_| self.clock.now_seconds() - state.fetched_at < MAX_STALE)
    }
}

impl fmt::Debug for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Published").field("algorithm", &self.0.algorithm).finish_non_exhaustive()
    }
}
