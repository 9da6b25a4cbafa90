//! What is known of a key: the owner's limits, the upstream's word, and what outlives the process.

use serde::{Deserialize, Serialize};

/// How long after it was given up a request may still reach the upstream, in milliseconds.
pub(super) const LINGER: i64 = 5_000;

/// What a key may do and who has a part of it set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests in any hour.
    pub per_hour: u32,
    /// Requests at once; grow back at the hourly rate.
    pub burst: u32,
    /// Percent of both that is kept for visitors who are signed in.
    pub signed_in_percent: u32,
    /// Percent of both that is kept for the owner's own requests.
    pub operator_percent: u32,
}

/// What an upstream's answer says of the key's budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Requests granted per window.
    pub limit: u32,
    /// Requests left in this window.
    pub remaining: u32,
    /// When the window ends, in milliseconds since 1970.
    pub resets_at: i64,
    /// Length of a window in seconds, if it says.
    pub window: Option<u32>,
}

/// The upstream's own word: no more than this until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ceiling {
    /// Requests that may still be spent.
    pub left: u32,
    /// What `left` was counted down from.
    pub limit: u32,
    /// When it ends, in milliseconds since 1970.
    pub until: i64,
    /// When it was heard.
    pub heard_at: i64,
}

/// What outlives the process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Saved {
    /// Requests of the last hour: number, when they were spent or answered, whether they were answered.
    pub requests: Vec<(i64, i64, bool)>,
    /// The rest.
    pub known: Known,
}

impl Saved {
    /// Requests that were under way when the process ended: they may arrive as late as this.
    pub(super) fn left_open(&self, now: i64) -> Vec<(i64, i64)> {
        self.requests.iter().filter(|(.., answered)| !answered).map(|(number, ..)| (*number, now + LINGER)).collect()
    }
}

/// What was learnt from the upstream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Its hourly limit.
    pub per_hour: Option<u32>,
    /// Its burst limit.
    pub burst: Option<u32>,
    /// What it says is left.
    pub ceiling: Option<Ceiling>,
    /// It wants nothing before this, in milliseconds since 1970.
    pub blocked_until: i64,
}
