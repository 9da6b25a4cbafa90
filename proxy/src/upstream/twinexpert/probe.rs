//! Looking at an account, and a conversation recorded byte for byte.

use super::answers::TextAt;
use super::events::events;
use super::screen::Screen;
use super::{PAGE, PLAIN, STREAM, TwinExpert, answers};
use crate::config::UpstreamKind;
use crate::upstream::capture::{Capture, Exchange};
use crate::upstream::{EventStream, Probe, Remark, Timeouts, UpstreamError, UpstreamEvent};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

impl TwinExpert {
    /// Asks for the first page of twins, once.
    ///
    /// # Errors
    /// When there is no answer.
    pub(super) async fn first_page(&self) -> Result<Probe, UpstreamError> {
        let mut address = self.client.address("/twins", &[])?;
        address.url.query_pairs_mut().append_pair("page", "1").append_pair("limit", &PAGE.to_string());
        self.client.look(&address, |answer| answers::twins(answer, 1).map(|(twins, _)| twins)).await
    }

    /// Whether what was said in this conversation can be read back, which is documented nowhere. Nothing depends on it.
    ///
    /// # Errors
    /// When there is no answer.
    pub(super) async fn history(&self, conversation: Option<&str>) -> Result<Vec<Remark>, UpstreamError> {
        let Some(conversation) = conversation else { return Ok(Vec::new()) };
        let seen = match self.client.get_for(&self.client.address(PLAIN, &[conversation])?, &self.client.gate.operator()).await {
            Ok(_) => "can be read back there. Nothing depends on it: this server keeps what was said".to_owned(),
            Err(UpstreamError::NotFound(_)) => "cannot be read back there, as documented: this server keeps what was said".to_owned(),
            Err(error) => return Err(error),
        };
        Ok(vec![Remark { topic: "history", seen, advice: None }])
    }

    /// Makes a conversation, says something in it twice, and records the stream and the plain
    /// answer. Three requests of the account's budget.
    ///
    /// # Errors
    /// When there is no answer, or none to making the conversation that can be understood. What the
    /// two sends answer is recorded whatever it is.
    pub(super) async fn recorded(&self, twin: &str, message: &str) -> Result<Capture, UpstreamError> {
        let conversation = self.create_conversation(twin, "", &self.client.gate.operator()).await?;
        let body = json!({ "content": message });
        let mut exchanges = Vec::new();
        for path in [STREAM, PLAIN] {
            let address = self.client.address(path, &[&conversation])?;
            let mut exchange = self.client.record(&address, self.client.to_record(&address).json(&body), &body).await?;
            exchange.conversation.clone_from(&conversation);
            exchanges.push(exchange);
        }
        Ok(Capture::of(UpstreamKind::TwinExpert, exchanges))
    }
}

/// A recorded answer as the events that it means, without its pauses.
///
/// # Errors
/// When a plain answer holds no reply.
pub(crate) fn replay(exchange: &Exchange) -> Result<EventStream<'static>, UpstreamError> {
    let mut screen = Screen::new("capture", &exchange.conversation);
    let chunks: Vec<Bytes> = exchange.chunks.iter().map(|chunk| chunk.bytes.bytes()).collect();
    if exchange.header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
        let answer = serde_json::from_slice(&chunks.concat());
        let mut answer: Value = answer.map_err(|_| UpstreamError::Failed("its answer is not JSON".to_owned()))?;
        if !screen.pass(&mut answer) {
            return Err(UpstreamError::Failed("its answer is of another conversation".to_owned()));
        }
        let text = answers::reply(&answer)?;
        return Ok(stream::iter([Ok(UpstreamEvent::Complete(Some(text)))]).boxed());
    }
    let broke = (exchange.ended != "whole").then(|| Err(exchange.ended.clone()));
    let body = stream::iter(chunks.into_iter().map(Ok).chain(broke)).boxed();
    Ok(events(body, Timeouts::default(), (screen, TextAt::default())))
}
