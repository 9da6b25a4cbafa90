use crate::config::{Config, Replies};
use std::time::Duration;

/// How large and how long things may get.
#[derive(Debug, Clone, Copy)]
pub struct RelaySettings {
    /// The most bytes of a reply. 1 MiB.
    pub reply_bytes: usize,
    /// The longest a reply may take. 10 min.
    pub longest: Duration,
    /// The longest a reply goes on with nobody listening. 10 min.
    pub detached: Duration,
    /// The longest a message waits for its turn with nobody listening. 10 s: long enough for a page to be
    /// loaded again.
    pub unheard: Duration,
    /// How long a log is kept after its end. 10 min.
    pub keep: Duration,
    /// How often running replies are kept, all with one write: what comes between two of them is lost when the
    /// process is killed. 1 s.
    pub checkpoint_every: Duration,
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
            unheard: seconds(10),
            keep: seconds(replies.log_seconds),
            checkpoint_every: Duration::from_secs(1),
            replies_per_visitor: replies.per_visitor,
        }
    }
}

impl Default for RelaySettings {
    fn default() -> Self {
        Self::from(&Replies::default())
    }
}
