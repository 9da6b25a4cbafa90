//! Looking at a server of models, and a conversation recorded byte for byte.

use super::answers;
use super::events::events;
use super::{COMPLETIONS, OpenAi};
use crate::config::UpstreamKind;
use crate::upstream::capture::{Capture, Exchange};
use crate::upstream::{EventStream, Probe, Question, Timeouts, UpstreamError, UpstreamTwin, configured};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::Value;

/// The most models named in a note.
const NAMED: usize = 10;

impl OpenAi {
    /// Asks for the list of models, and looks whether it has the twins' ones. A server without such a list
    /// may know them all the same.
    pub(super) async fn models(&self) -> Result<Probe, UpstreamError> {
        let address = self.client.address("/models", &[])?;
        let mut probe = self.client.look(&address, |answer| self.with_models(answer)).await?;
        if matches!(probe.status.as_u16(), 404 | 405 | 501) {
            probe.twins = Ok(self.listed());
        }
        Ok(probe)
    }

    fn listed(&self) -> Vec<UpstreamTwin> {
        self.twins.iter().map(|twin| configured::twin(&twin.listed)).collect()
    }

    fn with_models(&self, answer: &Value) -> Result<Vec<UpstreamTwin>, UpstreamError> {
        let Some(models) = answers::models(answer) else { return Ok(self.listed()) };
        // Ollama lists what it calls `llama3.2` as `llama3.2:latest`.
        let has = |model: &str| models.iter().any(|known| *known == model || known.strip_suffix(":latest") == Some(model));
        match self.twins.iter().find(|twin| !has(&twin.model)) {
            None => Ok(self.listed()),
            Some(twin) => {
                let known: Vec<&str> = models.iter().take(NAMED).copied().collect();
                let more = if models.len() > NAMED { ", …" } else { "" };
                Err(UpstreamError::NotFound(format!(
                    "the model \"{}\" of the twin \"{}\"; it has {}{more}",
                    twin.model,
                    twin.listed.id,
                    known.join(", ")
                )))
            }
        }
    }

    /// Says something twice, and records the stream and the plain answer.
    pub(super) async fn recorded(&self, twin: &str, message: &str) -> Result<Capture, UpstreamError> {
        let twin = self.twin(twin)?;
        let question = Question { twin: &twin.listed.id, content: message, ..Question::default() };
        let address = self.client.address(COMPLETIONS, &[])?;
        let mut exchanges = Vec::new();
        for stream in [true, false] {
            let body = self.body(twin, &question, stream);
            let mut kept = body.clone();
            // The owner's prompt is not for whoever is shown the capture.
            if let Some(first) = kept["messages"].as_array_mut().and_then(|messages| messages.first_mut())
                && first["role"] == "system"
            {
                first["content"] = "[system prompt]".into();
            }
            exchanges.push(self.client.record(&address, self.client.to_record(&address).json(&body), &kept).await?);
        }
        Ok(Capture::of(UpstreamKind::OpenAi, exchanges))
    }
}

/// A recorded answer as the events that it means, without its pauses.
///
/// # Errors
/// When a plain answer is no JSON.
pub(crate) fn replay(exchange: &Exchange) -> Result<EventStream<'static>, UpstreamError> {
    let chunks: Vec<Bytes> = exchange.chunks.iter().map(|chunk| chunk.bytes.bytes()).collect();
    if exchange.header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
        let answer: Result<Value, _> = serde_json::from_slice(&chunks.concat());
        let answer = answer.map_err(|_| UpstreamError::Failed("its answer is not JSON".to_owned()))?;
        return Ok(stream::iter(answers::whole(&answer)).boxed());
    }
    let broke = (exchange.ended != "whole").then(|| Err(exchange.ended.clone()));
    Ok(events(stream::iter(chunks.into_iter().map(Ok).chain(broke)).boxed(), Timeouts::default()))
}
