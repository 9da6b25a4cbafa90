//! Erases what is older than the owner wants it kept, now and then.

use crate::clock::Clock;
use crate::config;
use crate::files::Files;
use crate::metrics;
use crate::store::{Old, Purged, Store, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::interval;

/// How often it is looked for what is old.
const EVERY: Duration = Duration::from_secs(3600);
const HOUR_MILLIS: i64 = 3_600_000;

/// What is old for an owner who keeps things for so long; 0 days: for ever.
pub fn old(kept: &config::Retention, now: i64) -> Old {
    Old {
        now,
        unchanged_since: (kept.days > 0).then(|| now - i64::from(kept.days) * 24 * HOUR_MILLIS),
        files_before: now - i64::from(kept.file_hours) * HOUR_MILLIS,
    }
}

/// Erases what is old.
#[derive(Debug, Clone)]
pub struct Retention {
    store: Store,
    files: Files,
    clock: Arc<dyn Clock>,
    kept: config::Retention,
}

impl Retention {
    /// Things are kept for as long as the owner says.
    pub fn new(store: Store, files: Files, clock: Arc<dyn Clock>, kept: config::Retention) -> Self {
        Self { store, files, clock, kept }
    }

    /// Erases what is old by now.
    ///
    /// # Errors
    /// As [`Store::purge`].
    pub async fn apply(&self) -> Result<Purged, StoreError> {
        let purged = self.store.purge(old(&self.kept, self.clock.now_millis())).await?;
        self.files.tidy().await;
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
