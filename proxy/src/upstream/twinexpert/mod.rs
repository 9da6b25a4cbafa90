//! TwinExpert's Public API: twins, conversations, messages. Tolerant where its documents are
//! silent or contradict themselves.
//!
//! Three of its paths are reachable from here and no others; `POST /auth/api-keys` is not.

mod answers;
mod budget;
mod events;
#[cfg(test)]
mod tests;

use super::picture::MAX_BYTES;
use super::{Budget, EventStream, Picture, Upstream, UpstreamError, UpstreamEvent, UpstreamTwin};
use crate::clock::Clock;
use crate::config;
use crate::metrics;
use bytes::{Bytes, BytesMut};
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{self, StreamExt};
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use reqwest::{Client, Method, Response, Url, redirect};
use serde_json::{Value, json};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;
use twinchat_protocol::twin::Capabilities;

/// The most bytes of a JSON answer.
const MAX_ANSWER: usize = 2 << 20;
/// The most bytes read of an error's body.
const MAX_ERROR: usize = 16 << 10;
/// Twins per page; the documented maximum.
const PAGE: usize = 100;
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

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connect: seconds(5), header: seconds(30), first_event: seconds(120), idle: seconds(120) }
    }
}

/// One TwinExpert account.
pub struct TwinExpert {
    settings: config::Upstream,
    origin: Url,
    client: Client,
    clock: Arc<dyn Clock>,
    timeouts: Timeouts,
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
    /// A client for this account.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(settings: &config::Upstream, clock: Arc<dyn Clock>, timeouts: Timeouts) -> Result<Self, ClientError> {
        // Whoever is first sets the process's TLS provider; a second time changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(timeouts.connect)
            .user_agent(concat!("twinchat-proxy/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ClientError(error.to_string()))?;
        let origin = Url::parse(settings.origin.as_str()).map_err(|error| ClientError(error.to_string()))?;
        Ok(Self {
            settings: settings.clone(),
            origin,
            client,
            clock,
            timeouts,
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

    /// The one place where the key is used.
    fn key_header(&self) -> Result<(HeaderName, HeaderValue), UpstreamError> {
        let (name, text) = match self.settings.auth {
            config::Auth::Bearer => (AUTHORIZATION, format!("Bearer {}", self.settings.key.expose())),
            config::Auth::XApiKey => (HeaderName::from_static("x-api-key"), self.settings.key.expose().to_owned()),
        };
        let mut value =
            HeaderValue::from_str(&text).map_err(|_| UpstreamError::Refused("the key cannot be sent in a header".to_owned()))?;
        value.set_sensitive(true);
        Ok((name, value))
    }

    /// Asks and gives the answer when it is a success, with its body still to be read.
    async fn ask(&self, method: Method, url: Url, body: Option<&Value>, patience: Duration) -> Result<Response, UpstreamError> {
        let asked = self.ask_uncounted(method, url, body, patience).await;
        metrics::UPSTREAM_REQUESTS.count([self.name(), asked.as_ref().map_or_else(UpstreamError::kind, |_| "ok")]);
        asked
    }

    async fn ask_uncounted(&self, method: Method, url: Url, body: Option<&Value>, patience: Duration) -> Result<Response, UpstreamError> {
        let (name, value) = self.key_header()?;
        let what = format!("{method} {}", url.path());
        let mut request = self.client.request(method, url).header(name, value).header(ACCEPT_ENCODING, "identity");
        if let Some(body) = body {
            request = request.json(body);
        }
        let sent = timeout(patience, request.send()).await.map_err(|_| UpstreamError::Silent("no answer"))?;
        let response = sent.map_err(|error| unreachable(&error))?;
        self.note_budget(response.headers());
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let pause = budget::pause(response.headers(), self.clock.now_millis());
        let said = match read(response, MAX_ERROR, self.timeouts.header).await {
            Ok(body) => serde_json::from_slice(&body).ok().and_then(|value| answers::error_text(&value)).unwrap_or_default(),
            Err(_) => String::new(),
        };
        Err(self.refusal(status, &format!("{what}: {status} {}", self.redacted(&said)), pause))
    }

    fn refusal(&self, status: StatusCode, note: &str, pause: Option<u32>) -> UpstreamError {
        let note = note.trim_end().to_owned();
        match status.as_u16() {
            401 => {
                tracing::error!(upstream = self.name(), "UPSTREAM KEY REFUSED: {note}. Check the key in the settings of this upstream.");
                UpstreamError::Refused(note)
            }
            403 => {
                tracing::error!(
                    upstream = self.name(),
                    "UPSTREAM KEY MAY NOT DO THIS: {note}. It looks read-only; it needs the scope full_access."
                );
                UpstreamError::Refused(note)
            }
            404 | 405 | 410 => UpstreamError::NotFound(note),
            408 | 504 => UpstreamError::Silent("it says that it timed out itself"),
            429 => UpstreamError::Limited { retry_after: pause },
            300..=399 => UpstreamError::Failed(format!("{note}: redirects are not followed; check the origin in the settings")),
            _ => UpstreamError::Failed(note),
        }
    }

    /// An upstream may repeat the key it refuses.
    fn redacted(&self, said: &str) -> String {
        said.replace(self.settings.key.expose(), "[key]").chars().take(200).filter(|c| !c.is_control()).collect()
    }

    fn note_budget(&self, headers: &HeaderMap) {
        if let Some(new) = budget::budget(headers, self.clock.now_millis()) {
            metrics::BUDGET_LIMIT.set([self.name()], new.limit.into());
            metrics::BUDGET_LEFT.set([self.name()], new.remaining.into());
            *self.budget.lock().unwrap_or_else(PoisonError::into_inner) = Some(new);
        }
    }

    async fn json(&self, response: Response) -> Result<Value, UpstreamError> {
        let body = read(response, MAX_ANSWER, self.timeouts.idle).await?;
        serde_json::from_slice(&body).map_err(|_| UpstreamError::Failed(format!("its answer of {} bytes is not JSON", body.len())))
    }

    async fn all_twins(&self) -> Result<Vec<UpstreamTwin>, UpstreamError> {
        let mut twins: Vec<UpstreamTwin> = Vec::new();
        for page in 1..=MAX_PAGES {
            let mut url = self.address(&["twins"])?;
            url.query_pairs_mut().append_pair("page", &page.to_string()).append_pair("limit", &PAGE.to_string());
            let answer = self.json(self.ask(Method::GET, url, None, self.timeouts.header).await?).await?;
            let (found, more) = answers::twins(&answer, page)?;
            let (count, before) = (found.len(), twins.len());
            for twin in found {
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

    async fn create(&self, twin: &str, title: &str) -> Result<String, UpstreamError> {
        let mut body = json!({ "twinId": twin });
        if !title.is_empty() {
            body["title"] = title.into();
        }
        if !self.creates_at_twin.load(Ordering::Relaxed) {
            let asked = self.ask(Method::POST, self.address(&["conversations"])?, Some(&body), self.timeouts.header).await;
            match asked {
                Err(UpstreamError::NotFound(_)) => {}
                asked => return answers::conversation_id(&self.json(asked?).await?),
            }
        }
        let asked = self.ask(Method::POST, self.address(&["twins", twin])?, Some(&body), self.timeouts.header).await?;
        if !self.creates_at_twin.swap(true, Ordering::Relaxed) {
            tracing::info!(upstream = self.name(), "conversations are made at /twins/{{id}}");
        }
        answers::conversation_id(&self.json(asked).await?)
    }

    async fn send_message(&self, conversation: &str, content: &str) -> Result<EventStream, UpstreamError> {
        let body = json!({ "content": content });
        if !self.has_no_stream.load(Ordering::Relaxed) {
            let url = self.address(&["conversations", conversation, "messages", "stream"])?;
            match self.ask(Method::POST, url, Some(&body), self.timeouts.header).await {
                Err(UpstreamError::NotFound(_)) => {}
                asked => return self.streamed(asked?).await,
            }
        }
        let url = self.address(&["conversations", conversation, "messages"])?;
        let answer = self.ask(Method::POST, url, Some(&body), self.timeouts.first_event).await?;
        if !self.has_no_stream.swap(true, Ordering::Relaxed) {
            tracing::info!(upstream = self.name(), "this upstream has no stream endpoint: replies come whole");
        }
        self.whole(answer).await
    }

    async fn streamed(&self, response: Response) -> Result<EventStream, UpstreamError> {
        let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
        if kind.starts_with("application/json") {
            return self.whole(response).await;
        }
        if kind.starts_with("text/html") {
            return Err(UpstreamError::Failed("it answered with a web page; check the origin in the settings".to_owned()));
        }
        let body = response.bytes_stream().map(|chunk| chunk.map_err(|error| plain(&error))).boxed();
        Ok(events::read(body, self.timeouts))
    }

    async fn whole(&self, response: Response) -> Result<EventStream, UpstreamError> {
        let text = answers::reply(&self.json(response).await?)?;
        Ok(stream::iter([Ok(UpstreamEvent::Complete(Some(text)))]).boxed())
    }

    async fn fetch_picture(&self, url: &str) -> Result<Picture, UpstreamError> {
        let url = self.origin.join(url).map_err(|_| UpstreamError::NotFound("a picture without an address".to_owned()))?;
        if url.origin() != self.origin.origin() {
            return Err(UpstreamError::NotFound("a picture on another origin".to_owned()));
        }
        let asked = self.client.get(url).header(ACCEPT, "image/*").header(ACCEPT_ENCODING, "identity").send();
        let response =
            timeout(self.timeouts.header, asked).await.map_err(|_| UpstreamError::Silent("no answer"))?.map_err(|e| unreachable(&e))?;
        if !response.status().is_success() {
            return Err(UpstreamError::NotFound(format!("a picture: {}", response.status())));
        }
        let said = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let bytes = read(response, MAX_BYTES, self.timeouts.header).await?;
        Picture::checked(bytes, &said).ok_or_else(|| UpstreamError::Failed("a picture of a kind that is not passed on".to_owned()))
    }
}

impl Upstream for TwinExpert {
    fn name(&self) -> &str {
        self.settings.name.as_str()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { stream: !self.has_no_stream.load(Ordering::Relaxed), stop: true, ..Capabilities::default() }
    }

    fn twins(&self) -> BoxFuture<'_, Result<Vec<UpstreamTwin>, UpstreamError>> {
        self.all_twins().boxed()
    }

    fn create_conversation<'a>(&'a self, twin: &'a str, title: &'a str) -> BoxFuture<'a, Result<String, UpstreamError>> {
        self.create(twin, title).boxed()
    }

    fn send<'a>(&'a self, conversation: &'a str, content: &'a str) -> BoxFuture<'a, Result<EventStream, UpstreamError>> {
        self.send_message(conversation, content).boxed()
    }

    fn picture<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Picture, UpstreamError>> {
        self.fetch_picture(url).boxed()
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

/// Reads a body of at most `most` bytes.
async fn read(mut response: Response, most: usize, patience: Duration) -> Result<Bytes, UpstreamError> {
    let mut body = BytesMut::new();
    loop {
        let chunk = timeout(patience, response.chunk()).await.map_err(|_| UpstreamError::Silent("the body stopped"))?;
        let Some(chunk) = chunk.map_err(|error| UpstreamError::BrokeOff(plain(&error)))? else {
            return Ok(body.freeze());
        };
        if body.len() + chunk.len() > most {
            return Err(UpstreamError::Failed(format!("its answer is larger than {most} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
}

fn unreachable(error: &reqwest::Error) -> UpstreamError {
    UpstreamError::Unreachable(plain(error))
}

/// The error with its causes, without the address: that would put upstream ids into logs.
fn plain(error: &reqwest::Error) -> String {
    let kind = if error.is_connect() { "no connection" } else { "the connection failed" };
    let mut text = kind.to_owned();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
