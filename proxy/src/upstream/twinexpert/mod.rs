//! TwinExpert's Public API: twins, conversations, messages. Tolerant where its documents are
//! silent or contradict themselves.
//!
//! Three of its paths are reachable from here and no others; `POST /auth/api-keys` is not.
//!
//! | file | holds |
//! |---|---|
//! | `ask` | one request with the key, repeated where that can do no harm |
//! | `answers` | what JSON answers mean |
//! | `events` | what the event stream means |
//! | `screen` | what of an answer may be about the conversation that was asked |
//! | `probe` | looking at an account, and recording what it answers |
//! | `budget` | the four `X-RateLimit-*` headers |

mod answers;
mod ask;
mod budget;
mod events;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod probe;
mod screen;
#[cfg(test)]
mod tests;

pub use probe::{Probe, replay};

use super::picture::MAX_BYTES;
use super::redact::Redactor;
use super::{Budget, EventStream, Picture, Question, Upstream, UpstreamError, UpstreamEvent, UpstreamTwin};
use crate::budget::{Fare, Gate};
use crate::clock::{Clock, Dice};
use crate::config;
use ask::{Refused, plain, read, unanswered};
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use http::HeaderMap;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE};
use reqwest::{Client, Response, Url, redirect};
use screen::Screen;
use serde_json::json;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;
use twinchat_protocol::twin::Capabilities;

/// How long a connection is kept for the next request. Servers end idle ones after five seconds and
/// more, and a message sent into such an end cannot be sent again.
const CONNECTION_KEPT: Duration = Duration::from_secs(4);
/// Twins per page; the documented maximum.
const PAGE: usize = 100;
/// How long a picture may take in all.
const PICTURE_TIME: Duration = Duration::from_secs(60);
/// The most pages of twins read.
const MAX_PAGES: u64 = 20;

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

/// One TwinExpert account.
pub struct TwinExpert {
    settings: config::Upstream,
    redactor: Redactor,
    origin: Url,
    client: Client,
    clock: Arc<dyn Clock>,
    dice: Arc<dyn Dice>,
    timeouts: Timeouts,
    gate: Gate,
    budget: Mutex<Option<Budget>>,
    /// It makes conversations at `/twins/{id}`, not at `/conversations`.
    creates_at_twin: AtomicBool,
    /// It has no stream endpoint.
    has_no_stream: AtomicBool,
}

/// Why an upstream cannot be spoken to at all.
#[derive(Debug, thiserror::Error)]
#[error("the upstream client cannot be made: {0}")]
pub struct ClientError(String);

impl TwinExpert {
    /// A client for this account, all of whose requests go through this gate.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(
        settings: &config::Upstream,
        gate: Gate,
        (clock, dice): (Arc<dyn Clock>, Arc<dyn Dice>),
        timeouts: Timeouts,
    ) -> Result<Self, ClientError> {
        // Whoever is first sets the process's TLS provider; a second time changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(timeouts.connect)
            .pool_idle_timeout(CONNECTION_KEPT)
            .user_agent(concat!("twinchat-proxy/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ClientError(error.to_string()))?;
        let origin = Url::parse(settings.origin.as_str()).map_err(|error| ClientError(error.to_string()))?;
        Ok(Self {
            settings: settings.clone(),
            redactor: Redactor::of(settings.key.expose()),
            origin,
            client,
            clock,
            dice,
            timeouts,
            gate,
            budget: Mutex::new(None),
            creates_at_twin: AtomicBool::new(false),
            has_no_stream: AtomicBool::new(false),
        })
    }

    /// An address under `/api/v1`: every segment is encoded as one segment, whatever is in it.
    fn address(&self, segments: &[&str]) -> Result<Url, UpstreamError> {
        let mut url = self.origin.clone();
        if segments.iter().any(|segment| matches!(*segment, "." | ".." | "")) {
            return Err(UpstreamError::NotFound("an id that cannot be part of an address".to_owned()));
        }
        url.path_segments_mut()
            .map_err(|()| UpstreamError::Failed("its origin takes no path".to_owned()))?
            .extend(["api", "v1"])
            .extend(segments);
        Ok(url)
    }

    fn note_budget(&self, headers: &HeaderMap) -> Option<Budget> {
        let said = budget::budget(headers, self.clock.now_millis());
        if said.is_some() {
            *self.budget.lock().unwrap_or_else(PoisonError::into_inner) = said;
        }
        said
    }

    async fn all_twins(&self) -> Result<Vec<UpstreamTwin>, UpstreamError> {
        let mut twins: Vec<UpstreamTwin> = Vec::new();
        for page in 1..=MAX_PAGES {
            let mut url = self.address(&["twins"])?;
            url.query_pairs_mut().append_pair("page", &page.to_string()).append_pair("limit", &PAGE.to_string());
            let answer = self.get(&url).await?;
            let (found, more) = answers::twins(&answer, page)?;
            let (count, before) = (found.len(), twins.len());
            for twin in found.into_iter().map(|twin| self.with_pictures_of_ours(twin)) {
                if twins.iter().all(|known| known.id != twin.id) {
                    twins.push(twin);
                }
            }
            if twins.len() == before || !more.unwrap_or(count >= PAGE) {
                break;
            }
        }
        Ok(twins)
    }

    /// Asks in a conversation of before, or in a new one. An upstream that has lost the conversation is given
    /// a new one: better a twin without memory than a dead conversation.
    async fn answer<'a>(&'a self, question: Question<'a>, fare: &'a Fare) -> Result<EventStream<'a>, UpstreamError> {
        if let Some(known) = question.conversation {
            match self.send(known, question.content, fare).await {
                Err(UpstreamError::NotFound(note)) => tracing::warn!(%note, "the upstream has lost a conversation; a new one is begun"),
                sent => return sent,
            }
        }
        let new = self.create_conversation(question.twin, question.title, fare).await?;
        let began = stream::iter([Ok(UpstreamEvent::Began(new.clone()))]);
        let asked = stream::once(async move { self.send(&new, question.content, fare).await });
        Ok(began.chain(asked.try_flatten()).boxed())
    }

    /// Begins a conversation with a twin and gives the upstream's id for it.
    ///
    /// # Errors
    /// When the upstream does not.
    pub async fn create_conversation(&self, twin: &str, title: &str, fare: &Fare) -> Result<String, UpstreamError> {
        let mut body = json!({ "twinId": twin });
        if !title.is_empty() {
            body["title"] = title.into();
        }
        if !self.creates_at_twin.load(Ordering::Relaxed) {
            let asked = self.post(&self.address(&["conversations"])?, &body, self.timeouts.header, fare).await;
            match asked {
                Err(UpstreamError::NotFound(_)) => {}
                asked => return answers::conversation_id(&self.json(asked?).await?),
            }
        }
        let asked = self.post(&self.address(&["twins", twin])?, &body, self.timeouts.header, fare).await?;
        if !self.creates_at_twin.swap(true, Ordering::Relaxed) {
            tracing::info!(upstream = self.name(), "conversations are made at /twins/{{id}}");
        }
        answers::conversation_id(&self.json(asked).await?)
    }

    /// Says something in a conversation and gives the answer as it comes.
    ///
    /// # Errors
    /// When the upstream does not begin to answer.
    pub async fn send(&self, conversation: &str, content: &str, fare: &Fare) -> Result<EventStream<'static>, UpstreamError> {
        let body = json!({ "content": content });
        if !self.has_no_stream.load(Ordering::Relaxed) {
            let url = self.address(&["conversations", conversation, "messages", "stream"])?;
            match self.post(&url, &body, self.timeouts.header, fare).await {
                Err(UpstreamError::NotFound(_)) => {}
                asked => return self.streamed(asked?, conversation).await,
            }
        }
        let url = self.address(&["conversations", conversation, "messages"])?;
        let answer = self.post(&url, &body, self.timeouts.first_event, fare).await?;
        if !self.has_no_stream.swap(true, Ordering::Relaxed) {
            tracing::info!(upstream = self.name(), "this upstream has no stream endpoint: replies come whole");
        }
        self.whole(answer, conversation).await
    }

    async fn streamed(&self, response: Response, conversation: &str) -> Result<EventStream<'static>, UpstreamError> {
        let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
        if kind.starts_with("application/json") {
            return self.whole(response, conversation).await;
        }
        if kind.starts_with("text/html") {
            return Err(UpstreamError::Failed("it answered with a web page; check the origin in the settings".to_owned()));
        }
        let body = response.bytes_stream().map(|chunk| chunk.map_err(|error| plain(&error))).boxed();
        let events = events::read(body, self.timeouts, Screen::new(self.name(), conversation));
        Ok(self.redactor.stream(events))
    }

    async fn whole(&self, response: Response, conversation: &str) -> Result<EventStream<'static>, UpstreamError> {
        let mut answer = self.json(response).await?;
        if !Screen::new(self.name(), conversation).pass(&mut answer) {
            return Err(UpstreamError::Failed("its answer is of another conversation".to_owned()));
        }
        let text = answers::reply(&answer)?;
        Ok(stream::iter([Ok(UpstreamEvent::Complete(Some(text)))]).boxed())
    }

    async fn fetch_picture(&self, url: &Url) -> Result<Picture, Refused> {
        let asked = self.client.get(url.clone()).header(ACCEPT, "image/*").header(ACCEPT_ENCODING, "identity").send();
        let response = match timeout(self.timeouts.header, asked).await {
            Ok(answered) => answered.map_err(|error| unanswered(&error))?,
            Err(_) => return Err(Refused::passing(UpstreamError::Silent("no answer"))),
        };
        if !response.status().is_success() {
            return Err(Refused::of_status(response.status(), UpstreamError::NotFound(format!("a picture: {}", response.status()))));
        }
        let said = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let bytes = read(response, MAX_BYTES, self.timeouts.header).await.map_err(Refused::passing)?;
        if self.redactor.is_in(&bytes) {
            return Err(Refused::for_good(UpstreamError::Failed("a picture that holds the key".to_owned())));
        }
        Picture::checked(bytes, &said)
            .ok_or_else(|| Refused::for_good(UpstreamError::Failed("a picture of a kind that is not passed on".to_owned())))
    }

    async fn picture_at(&self, url: &str) -> Result<Picture, UpstreamError> {
        let url =
            self.picture_url(url).ok_or_else(|| UpstreamError::NotFound("a picture on an origin that is not configured".to_owned()))?;
        let fetched = timeout(PICTURE_TIME, self.repeated(true, || self.fetch_picture(&url)));
        fetched.await.unwrap_or(Err(UpstreamError::Silent("the picture takes too long")))
    }

    /// Where a picture is, if it is somewhere that the owner has named.
    fn picture_url(&self, text: &str) -> Option<Url> {
        let url = self.origin.join(text).ok()?;
        let is_named = |origin: &config::Origin| url.origin().ascii_serialization() == origin.as_str();
        let may = url.origin() == self.origin.origin() || self.settings.picture_origins.iter().any(is_named);
        (may && url.username().is_empty() && url.password().is_none()).then_some(url)
    }

    /// Without the pictures that would not be fetched.
    fn with_pictures_of_ours(&self, mut twin: UpstreamTwin) -> UpstreamTwin {
        if let Some(elsewhere) = twin.picture.take_if(|picture| self.picture_url(picture).is_none()) {
            let origin = self.origin.join(&elsewhere).map_or_else(|_| "nowhere".to_owned(), |url| url.origin().ascii_serialization());
            tracing::warn!(upstream = self.name(), origin, "a twin's picture is left out; to show it, add its origin to picture_origins");
        }
        twin
    }
}

impl Upstream for TwinExpert {
    fn name(&self) -> &str {
        self.settings.name.as_str()
    }

    fn capabilities(&self, _: &str) -> Capabilities {
        Capabilities { stream: !self.has_no_stream.load(Ordering::Relaxed), stop: true, ..Capabilities::default() }
    }

    fn twins(&self) -> BoxFuture<'_, Result<Vec<UpstreamTwin>, UpstreamError>> {
        self.all_twins().boxed()
    }

    /// A conversation is made before something is said in it.
    fn cost(&self, first: bool) -> u32 {
        if first { 2 } else { 1 }
    }

    fn ask<'a>(&'a self, question: Question<'a>, fare: &'a Fare) -> EventStream<'a> {
        stream::once(self.answer(question, fare)).try_flatten().boxed()
    }

    fn picture<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Picture, UpstreamError>> {
        self.picture_at(url).boxed()
    }

    fn gate(&self) -> &Gate {
        &self.gate
    }

    fn budget(&self) -> Option<Budget> {
        *self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for TwinExpert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TwinExpert").field("name", &self.name()).finish_non_exhaustive()
    }
}
