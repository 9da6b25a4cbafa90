//! TwinExpert's Public API: twins, conversations, messages. Tolerant where its documents are
//! silent or contradict themselves.
//!
//! Three of its paths are reachable from here and no others; `POST /auth/api-keys` is not.
//!
//! | file | holds |
//! |---|---|
//! | `answers` | what JSON answers mean |
//! | `events` | what the event stream means |
//! | `screen` | what of an answer may be about the conversation that was asked |
//! | `probe` | looking at an account, and recording what it answers |
//! | `budget` | the four `X-RateLimit-*` headers |

mod answers;
mod budget;
mod events;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod probe;
mod screen;
#[cfg(test)]
mod tests;

pub(super) use probe::replay;

use super::capture::Capture;
use super::client::{Client, ClientError, Dialect, Response, Timeouts, content_type, page_in_place_of_answer};
use super::{Budget, EventStream, Picture, Probe, Question, Remark, Upstream, UpstreamError, UpstreamEvent, UpstreamTwin};
use crate::budget::{Fare, Gate};
use crate::clock::{Clock, Dice};
use crate::config;
use answers::TextAt;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use screen::Screen;
use serde_json::json;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use twinchat_protocol::twin::Capabilities;

/// Twins per page; the documented maximum.
const PAGE: usize = 100;
/// The most pages of twins read.
const MAX_PAGES: u64 = 20;

/// Where something is said for an answer that comes as a stream.
const STREAM: &str = "/conversations/{conversation}/messages/stream";
/// Where something is said for an answer that comes whole.
const PLAIN: &str = "/conversations/{conversation}/messages";

/// One TwinExpert account.
pub struct TwinExpert {
    client: Client,
    /// It makes conversations at `/twins/{id}`, not at `/conversations`.
    creates_at_twin: AtomicBool,
    /// It has no stream endpoint.
    has_no_stream: AtomicBool,
    text_at: TextAt,
}

impl TwinExpert {
    /// A client for this account, all of whose requests go through this gate.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(
        settings: &config::Upstream,
        gate: Gate,
        with: (Arc<dyn Clock>, Arc<dyn Dice>),
        timeouts: Timeouts,
    ) -> Result<Self, ClientError> {
        let dialect = Dialect { budget: budget::budget, error_code: answers::error_code };
        let client = Client::new(settings, dialect, gate, with, timeouts)?;
        let text_at = TextAt::new(&settings.text_at);
        Ok(Self { client, creates_at_twin: AtomicBool::new(false), has_no_stream: AtomicBool::new(false), text_at })
    }

    async fn all_twins(&self) -> Result<Vec<UpstreamTwin>, UpstreamError> {
        let mut twins: Vec<UpstreamTwin> = Vec::new();
        for page in 1..=MAX_PAGES {
            let mut address = self.client.address("/twins", &[])?;
            address.url.query_pairs_mut().append_pair("page", &page.to_string()).append_pair("limit", &PAGE.to_string());
            let answer = self.client.get(&address).await?;
            let (found, more) = answers::twins(&answer, page)?;
            let (count, before) = (found.len(), twins.len());
            for twin in found.into_iter().map(|twin| self.client.with_pictures_of_ours(twin)) {
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
        let asked = stream::once(async move { self.send(&new, question.content, fare).await }.boxed());
        Ok(began.chain(asked.try_flatten()).boxed())
    }

    /// Begins a conversation with a twin and gives the upstream's id for it.
    ///
    /// # Errors
    /// When the upstream does not.
    pub async fn create_conversation(&self, twin: &str, title: &str, fare: &Fare) -> Result<String, UpstreamError> {
        let (mut body, patience) = (json!({ "twinId": twin }), self.client.timeouts.header);
        if !title.is_empty() {
            body["title"] = title.into();
        }
        if !self.creates_at_twin.load(Ordering::Relaxed) {
            let asked = self.client.post(&self.client.address("/conversations", &[])?, &body, patience, fare).await;
            match asked {
                Err(UpstreamError::NotFound(_)) => {}
                asked => return answers::conversation_id(&self.client.json(asked?).await?),
            }
        }
        let asked = self.client.post(&self.client.address("/twins/{twin}", &[twin])?, &body, patience, fare).await?;
        if !self.creates_at_twin.swap(true, Ordering::Relaxed) {
            tracing::info!(upstream = self.name(), "conversations are made at /twins/{{id}}");
        }
        answers::conversation_id(&self.client.json(asked).await?)
    }

    /// Says something in a conversation and gives the answer as it comes.
    ///
    /// # Errors
    /// When the upstream does not begin to answer.
    pub async fn send(&self, conversation: &str, content: &str, fare: &Fare) -> Result<EventStream<'static>, UpstreamError> {
        let body = json!({ "content": content });
        if !self.has_no_stream.load(Ordering::Relaxed) {
            let address = self.client.address(STREAM, &[conversation])?;
            match self.client.stream(&address, &body, self.client.timeouts.header, fare).await {
                Err(UpstreamError::NotFound(_)) => {}
                asked => return self.streamed(asked?, conversation).await,
            }
        }
        let address = self.client.address(PLAIN, &[conversation])?;
        let answer = self.client.post(&address, &body, self.client.timeouts.first_event, fare).await?;
        if !self.has_no_stream.swap(true, Ordering::Relaxed) {
            tracing::info!(upstream = self.name(), "this upstream has no stream endpoint: replies come whole");
        }
        self.whole(answer, conversation).await
    }

    async fn streamed(&self, response: Response, conversation: &str) -> Result<EventStream<'static>, UpstreamError> {
        let kind = content_type(response.headers());
        if kind.starts_with("application/json") {
            return self.whole(response, conversation).await;
        }
        if kind.starts_with("text/html") {
            return Err(page_in_place_of_answer());
        }
        let screen = Screen::new(self.name(), conversation);
        let events = events::events(response.into_body(), self.client.timeouts, (screen, self.text_at.clone()));
        Ok(self.client.redacted(events))
    }

    async fn whole(&self, response: Response, conversation: &str) -> Result<EventStream<'static>, UpstreamError> {
        let mut answer = self.client.json(response).await?;
        if !Screen::new(self.name(), conversation).pass(&mut answer) {
            return Err(UpstreamError::Failed("its answer is of another conversation".to_owned()));
        }
        let text = self.text_at.of(&answer).map_or_else(|| answers::reply(&answer), Ok)?;
        Ok(stream::iter([Ok(UpstreamEvent::Complete(Some(text)))]).boxed())
    }
}

impl Upstream for TwinExpert {
    fn name(&self) -> &str {
        self.client.name()
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
        stream::once(self.answer(question, fare).boxed()).try_flatten().boxed()
    }

    fn picture<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Picture, UpstreamError>> {
        self.client.picture(url).boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<Probe, UpstreamError>> {
        self.first_page().boxed()
    }

    fn capture<'a>(&'a self, twin: &'a str, message: &'a str) -> BoxFuture<'a, Result<Capture, UpstreamError>> {
        self.recorded(twin, message).boxed()
    }

    fn remarks<'a>(&'a self, conversation: Option<&'a str>) -> BoxFuture<'a, Result<Vec<Remark>, UpstreamError>> {
        self.history(conversation).boxed()
    }

    fn gate(&self) -> &Gate {
        &self.client.gate
    }

    fn budget(&self) -> Option<Budget> {
        self.client.budget()
    }
}

impl fmt::Debug for TwinExpert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TwinExpert").field("name", &self.name()).finish_non_exhaustive()
    }
}
