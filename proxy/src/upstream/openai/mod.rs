//! Chat Completions, as OpenAI documents them (platform.openai.com/docs/api-reference/chat) and Ollama, vLLM,
//! llama.cpp and many services speak them.
//!
//! A twin is a model and what it is told about who it is. The service keeps nothing, so what was said before
//! is sent along, as much of it as the owner allows. Deliberately absent: tools, several choices, sound, and
//! whatever would tell the service who is asking.
//!
//! | file | holds |
//! |---|---|
//! | `answers` | what JSON answers mean |
//! | `events` | what the event stream means |
//! | `piece` | what most of its events are |
//! | `probe` | looking at a server, and recording what it answers |

mod answers;
mod events;
mod piece;
mod probe;
#[cfg(test)]
mod tests;

pub(super) use probe::replay;

use super::capture::Capture;
use super::client::{Client, ClientError, Dialect, Timeouts, content_type, page_in_place_of_answer};
use super::{Budget, EventStream, Memory, Picture, Probe, Question, Upstream, UpstreamError, UpstreamTwin, configured};
use crate::budget::{Fare, Gate};
use crate::clock::{Clock, Dice};
use crate::config::{self, OpenAiTwin};
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde_json::{Value, json};
use std::fmt;
use std::sync::Arc;
use twinchat_protocol::twin::Capabilities;

/// Where a conversation is continued.
const COMPLETIONS: &str = "/chat/completions";

/// One server of models.
pub struct OpenAi {
    client: Client,
    twins: Vec<OpenAiTwin>,
    /// What the limit of tokens is called: OpenAI's newer models refuse the name that everybody else knows.
    most_tokens: &'static str,
}

impl OpenAi {
    /// A client for this server, with these twins; all of its requests go through this gate.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(
        settings: &config::Upstream,
        twins: &[OpenAiTwin],
        gate: Gate,
        with: (Arc<dyn Clock>, Arc<dyn Dice>),
        timeouts: Timeouts,
    ) -> Result<Self, ClientError> {
        // Hosted services count by model and minute in headers of their own; the settings' limit and the pause
        // that a 429 names are what holds for all.
        let dialect = Dialect { budget: |_, _| None, error_code: answers::error_code };
        let host = settings.origin.as_str();
        let is_openais = host.ends_with(".openai.com") || host.ends_with(".openai.azure.com");
        let most_tokens = if is_openais { "max_completion_tokens" } else { "max_tokens" };
        Ok(Self { client: Client::new(settings, dialect, gate, with, timeouts)?, twins: twins.to_vec(), most_tokens })
    }

    fn twin(&self, id: &str) -> Result<&OpenAiTwin, UpstreamError> {
        let unknown = || UpstreamError::NotFound("a twin that is not in the settings".to_owned());
        self.twins.iter().find(|twin| twin.listed.id == id).ok_or_else(unknown)
    }

    /// The request: who the twin is, what was said before, and what is asked.
    fn body(&self, twin: &OpenAiTwin, question: &Question<'_>, stream: bool) -> Value {
        let said = |role: &str, content: &str| json!({ "role": role, "content": content });
        let mut messages = Vec::with_capacity(2 * question.history.len() + 2);
        messages.extend(Some(twin.system_prompt.as_str()).filter(|text| !text.is_empty()).map(|text| said("system", text)));
        messages.extend(question.history.iter().flat_map(|before| [said("user", &before.question), said("assistant", &before.answer)]));
        messages.push(said("user", question.content));
        let mut body = json!({ "model": twin.model, "messages": messages, "stream": stream });
        if let Some(temperature) = twin.temperature {
            body["temperature"] = temperature.into();
        }
        if let Some(most) = twin.max_tokens {
            body[self.most_tokens] = most.into();
        }
        body
    }

    async fn answer<'a>(&'a self, question: Question<'a>, fare: &'a Fare) -> Result<EventStream<'a>, UpstreamError> {
        let twin = self.twin(question.twin)?;
        let body = self.body(twin, &question, true);
        let address = self.client.address(COMPLETIONS, &[])?;
        // A server on the owner's machine may load the model before it answers at all.
        let response = self.client.stream(&address, &body, self.client.timeouts.first_event, fare).await?;
        let kind = content_type(response.headers());
        if kind.starts_with("text/html") {
            return Err(page_in_place_of_answer());
        }
        if kind.starts_with("application/json") {
            let answer = self.client.json(response).await?;
            return Ok(stream::iter(answers::whole(&answer)).boxed());
        }
        Ok(self.client.redacted(events::events(response.into_body(), self.client.timeouts)))
    }
}

impl Upstream for OpenAi {
    fn name(&self) -> &str {
        self.client.name()
    }

    fn capabilities(&self, _: &str) -> Capabilities {
        Capabilities { stream: true, stop: true, ..Capabilities::default() }
    }

    fn twins(&self) -> BoxFuture<'_, Result<Vec<UpstreamTwin>, UpstreamError>> {
        let twins = self.twins.iter().map(|twin| configured::twin(&twin.listed)).collect();
        std::future::ready(Ok(twins)).boxed()
    }

    fn cost(&self, _: bool) -> u32 {
        1
    }

    fn memory(&self, twin: &str) -> Memory {
        self.twin(twin).map_or(Memory::NONE, |twin| Memory {
            messages: twin.history_messages,
            chars: usize::try_from(twin.history_chars).unwrap_or(usize::MAX),
        })
    }

    fn ask<'a>(&'a self, question: Question<'a>, fare: &'a Fare) -> EventStream<'a> {
        stream::once(self.answer(question, fare).boxed()).try_flatten().boxed()
    }

    fn picture<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Picture, UpstreamError>> {
        configured::picture(&self.client, self.twins.iter().map(|twin| &twin.listed), url).boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<Probe, UpstreamError>> {
        self.models().boxed()
    }

    fn capture<'a>(&'a self, twin: &'a str, message: &'a str) -> BoxFuture<'a, Result<Capture, UpstreamError>> {
        self.recorded(twin, message).boxed()
    }

    fn gate(&self) -> &Gate {
        &self.client.gate
    }

    fn budget(&self) -> Option<Budget> {
        self.client.budget()
    }
}

impl fmt::Debug for OpenAi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAi").field("name", &self.name()).finish_non_exhaustive()
    }
}
