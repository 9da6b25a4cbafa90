//! Erases what is older than the owner wants it kept, now and then.

use crate::clock::Clock;
use crate::metrics;
use crate::store::{Old, Purged, Store, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::interval;

/// How often it is looked for what is old.
const EVERY: Duration = Duration::from_secs(3600);
const DAY_MILLIS: i64 = 86_400_000;

/// What is old for an owner who keeps things for so many days; 0: for ever.
pub fn old(days: u32, now: i64) -> Old {
    Old { now, unchanged_since: (days > 0).then(|| now - i64::from(days) * DAY_MILLIS) }
}

/// Erases what is old.
#[derive(Debug, Clone)]
pub struct Retention {
    store: Store,
    clock: Arc<dyn Clock>,
    days: u32,
}

impl Retention {
    /// Conversations are kept for so many days after their last change; 0: for ever.
    pub fn new(store: Store, clock: Arc<dyn Clock>, days: u32) -> Self {
        Self { store, clock, days }
    }

    /// Erases what is old by now.
    ///
    /// # Errors
    /// As [`Store::purge`].
    pub async fn apply(&self) -> Result<Purged, StoreError> {
        let purged = self.store.purge(old(self.days, self.clock.now_millis())).await?;
        metrics::CONVERSATIONS_ERASED.add(["retention"], purged.conversations);
        Ok(purged)
    }

    /// Does so at once and then every hour. Goes on for ever.
    pub async fn run(self) {
        let mut hour = interval(EVERY);
        loop {
            hour.tick().await;
            match self.apply().await {
                Ok(purged) if purged.is_empty() => {}
                Ok(Purged { conversations, visitors, expired }) => {
                    tracing::info!(conversations, visitors, expired, "erased what was old");
                }
                Err(error) => tracing::error!(%error, "what is old could not be erased; it is tried again in an hour"),
            }
        }
    }
}
