//! Looks at everything a server needs, and says what to do where something is amiss.
//!
//! Changes nothing: no conversation is made at an upstream unless the owner gives a message to send.
//! Deliberately absent: printing.
//!
//! | file | looks at |
//! |---|---|
//! | `upstream` | an account: address, certificate, key, limits, twins, a reply |
//! | `certificate` | who vouches for an address, and until when |
//! | `here` | this machine: database, disk, files, public addresses |

mod certificate;
mod here;
#[cfg(test)]
mod tests;
mod upstream;

use crate::clock::{Clock, Dice};
use crate::config::Config;
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;

/// How something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Not looked at.
    Skipped,
    /// It works, or may; the owner should look at it.
    Warning,
    /// It does not work.
    Failed,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at, such as `upstream main: key`.
    pub topic: String,
    /// How it was found.
    pub verdict: Verdict,
    /// What was seen.
    pub seen: String,
    /// What to do, where there is something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Finding {
    fn ok(topic: impl Into<String>, seen: impl Into<String>) -> Self {
        Self { topic: topic.into(), verdict: Verdict::Ok, seen: seen.into(), advice: None }
    }

    fn skipped(topic: impl Into<String>, seen: impl Into<String>) -> Self {
        Self { verdict: Verdict::Skipped, ..Self::ok(topic, seen) }
    }

    fn warning(topic: impl Into<String>, seen: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warning, advice: Some(advice.into()), ..Self::ok(topic, seen) }
    }

    fn failed(topic: impl Into<String>, seen: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict: Verdict::Failed, advice: Some(advice.into()), ..Self::ok(topic, seen) }
    }
}

/// What the owner allows to be tried.
#[derive(Debug, Clone, Default)]
pub struct Trial {
    /// A message to send, to see whether a reply comes: makes a conversation at the upstream.
    pub message: Option<String>,
    /// Records the reply into this folder.
    pub capture: Option<PathBuf>,
    /// The twin to ask, by the upstream's id. The first otherwise.
    pub twin: Option<String>,
}

/// Looks at everything.
pub async fn examine(config: &Config, clock: &Arc<dyn Clock>, dice: &Arc<dyn Dice>, trial: &Trial) -> Vec<Finding> {
    let mut findings = Vec::new();
    for settings in &config.upstreams {
        let look = upstream::Look { settings, replies: &config.replies, clock, dice };
        findings.extend(look.examine(trial).await);
    }
    findings.extend(here::examine(config).await);
    findings
}
