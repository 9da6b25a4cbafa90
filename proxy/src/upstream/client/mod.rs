//! What asking any service takes: its address, the key in one header, who pays, how long to wait,
//! what a refusal means, and nothing of the owner's secrets in what comes back.
//!
//! What a service means by its answers is the adapter's. Deliberately absent: redirects, proxies of the
//! environment, cookies, compression.
//!
//! | file | holds |
//! |---|---|
//! | `ask` | one request with the key, repeated where that can do no harm |
//! | `body` | what is read of an answer, and no more |
//! | `halves` | characters that were cut in two |
//! | `http1` | streamed answers, read without a task and buffers of their own |
//! | `pause` | how long a refusal asks to wait |
//! | `picture` | a twin's picture, fetched without the key |
//! | `reading` | an event stream, with its deadlines |
//! | `record` | looking at an account, and recording what it answers |

pub(crate) mod ask;
mod body;
pub(crate) mod halves;
mod http1;
mod pause;
mod picture;
pub(crate) mod reading;
mod record;

#[cfg(any(test, fuzzing))]
pub(crate) use body::error_text;
pub(crate) use body::{Response, content_type, not_understood, page_in_place_of_answer};
#[cfg(any(test, fuzzing))]
pub use http1::fuzzing::http1_answers;
#[cfg(any(test, fuzzing))]
pub(crate) use pause::pause;
pub use record::Probe;

use super::redact::Redactor;
use super::{Budget, EventStream, UpstreamError};
use crate::budget::Gate;
use crate::clock::{Clock, Dice};
use crate::config;
use http::HeaderMap;
use http1::Http1;
use reqwest::{Url, redirect};
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a connection is kept for the next request. Servers end idle ones after five seconds and
/// more, and a message sent into such an end cannot be sent again.
const CONNECTION_KEPT: Duration = Duration::from_secs(4);

/// What every request says of itself.
const USER_AGENT: &str = concat!("twinchat-proxy/", env!("CARGO_PKG_VERSION"));

/// How long each step may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Until connected. 5 s.
    pub connect: Duration,
    /// Until the answer's header. 30 s; a reply that is not streamed gets as long as a first event.
    pub header: Duration,
    /// From the header to the first event. 120 s.
    pub first_event: Duration,
    /// Between two pieces of a body. 120 s.
    pub idle: Duration,
}

impl From<&config::Replies> for Timeouts {
    fn from(replies: &config::Replies) -> Self {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        Self {
            connect: seconds(replies.connect_seconds),
            header: seconds(replies.header_seconds),
            first_event: seconds(replies.first_event_seconds),
            idle: seconds(replies.idle_seconds),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::from(&config::Replies::default())
    }
}

/// Why an upstream cannot be spoken to at all.
#[derive(Debug, thiserror::Error)]
#[error("the upstream client cannot be made: {0}")]
pub struct ClientError(String);

/// What of asking differs from service to service.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dialect {
    /// What the headers of an answer say about the budget, at this time in milliseconds since 1970.
    pub(crate) budget: fn(&HeaderMap, i64) -> Option<Budget>,
    /// The code in an error's body, if it is one of the known ones: then nobody can have said it, and it may
    /// stand in a log.
    pub(crate) error_code: fn(&Value) -> Option<&str>,
}

/// An address, and how it may be shown.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    /// With the ids.
    pub(crate) url: Url,
    /// The path without the ids in it: they stay out of logs.
    pub(crate) shown: String,
}

/// One account at one service, as far as all services are alike.
pub(crate) struct Client {
    settings: config::Upstream,
    dialect: Dialect,
    origin: Url,
    http: reqwest::Client,
    http1: Http1,
    redactor: Redactor,
    pub(crate) clock: Arc<dyn Clock>,
    dice: Arc<dyn Dice>,
    pub(crate) timeouts: Timeouts,
    pub(crate) gate: Gate,
    budget: Mutex<Option<Budget>>,
}

impl Client {
    /// A client for this account, all of whose requests go through this gate.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub(crate) fn new(
        settings: &config::Upstream,
        dialect: Dialect,
        gate: Gate,
        (clock, dice): (Arc<dyn Clock>, Arc<dyn Dice>),
        timeouts: Timeouts,
    ) -> Result<Self, ClientError> {
        // Whoever is first sets the process's TLS provider; a second time changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(timeouts.connect)
            .pool_idle_timeout(CONNECTION_KEPT)
            .user_agent(USER_AGENT)
            .build()
            .map_err(|error| ClientError(error.to_string()))?;
        let origin = Url::parse(settings.origin.as_str()).map_err(|error| ClientError(error.to_string()))?;
        let http1 = Http1::new(&origin, timeouts.connect, CONNECTION_KEPT).map_err(ClientError)?;
        let redactor = settings.key.iter().fold(Redactor::default(), |redactor, key| redactor.and(key.expose()));
        let settings = settings.clone();
        Ok(Self { settings, dialect, origin, http, http1, redactor, clock, dice, timeouts, gate, budget: Mutex::new(None) })
    }

    /// Keeps another secret of the owner's out of what comes back.
    pub(crate) fn hide(&mut self, secret: &config::UpstreamKey) {
        self.redactor = std::mem::take(&mut self.redactor).and(secret.expose());
    }

    /// Knows the owner's secrets; for whoever has another one to keep out of an answer.
    pub(crate) fn redactor(&self) -> Redactor {
        self.redactor.clone()
    }

    /// The owner's name for the account.
    pub(crate) fn name(&self) -> &str {
        self.settings.name.as_str()
    }

    /// An address under the service's base: each segment in braces, such as `{twin}`, stands for one of the ids,
    /// in their order, which is encoded as one segment whatever is in it.
    ///
    /// # Errors
    /// When an id cannot be part of an address.
    pub(crate) fn address(&self, path: &str, ids: &[&str]) -> Result<Address, UpstreamError> {
        let mut url = self.origin.clone();
        let mut ids = ids.iter().copied();
        let shown = format!("{}{path}", self.settings.base);
        {
            let mut segments = url.path_segments_mut().map_err(|()| UpstreamError::Failed("its origin takes no path".to_owned()))?;
            segments.pop_if_empty();
            for part in shown.split('/').filter(|part| !part.is_empty()) {
                let segment = if part.starts_with('{') { ids.next().unwrap_or_default() } else { part };
                if matches!(segment, "." | ".." | "") {
                    return Err(UpstreamError::NotFound("an id that cannot be part of an address".to_owned()));
                }
                segments.push(segment);
            }
        }
        Ok(Address { url, shown })
    }

    /// What is left of the account's budget, once the service has said.
    pub(crate) fn budget(&self) -> Option<Budget> {
        *self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_budget(&self, headers: &HeaderMap) -> Option<Budget> {
        let said = (self.dialect.budget)(headers, self.clock.now_millis());
        if said.is_some() {
            *self.budget.lock().unwrap_or_else(PoisonError::into_inner) = said;
        }
        said
    }

    /// The answer without the owner's secrets.
    pub(crate) fn redacted(&self, events: EventStream<'static>) -> EventStream<'static> {
        self.redactor.stream(events)
    }
}
