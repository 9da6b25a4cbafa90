//! Looking at an account, and a conversation recorded byte for byte.

use super::answer::Answer;
use super::form::Form;
use super::format::Reader;
use super::habits::Habits;
use super::story::Story;
use super::{KamiMind, RESPONSE};
use crate::clock::random_id_part;
use crate::config::{FirstTurn, UpstreamKey, UpstreamKind};
use crate::upstream::capture::{Capture, Exchange};
use crate::upstream::client::reading;
use crate::upstream::redact::MARK;
use crate::upstream::{EventStream, Probe, Question, Timeouts, UpstreamError, UpstreamEvent, configured};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::json;
use std::sync::Arc;

impl KamiMind {
    /// Sends a form without a message, which makes no story: 401 and 403 say that the key is wrong, any other refusal
    /// is about the form, so that the key was taken.
    ///
    /// # Errors
    /// When there is no answer.
    pub(super) async fn look(&self) -> Result<Probe, UpstreamError> {
        let begun = self.client.clock.now_millis();
        let exchange = self.exchange(None, (None, ""), false).await?;
        let millis = self.client.clock.now_millis() - begun;
        let note = format!("POST {}: {}", exchange.path, exchange.status);
        let twins = match exchange.status {
            401 | 403 => Err(UpstreamError::Refused(note)),
            404 | 405 => Err(UpstreamError::NotFound(note)),
            429 => Err(UpstreamError::Limited { retry_after: None }),
            200..=299 | 400 | 422 => Ok(self.bots.iter().map(|bot| configured::twin(&bot.listed)).collect()),
            _ => Err(UpstreamError::Failed(note)),
        };
        Ok(Probe::of(&exchange, millis, twins))
    }

    /// Says something in a new story, plainly, and then once more as a stream. Two requests.
    ///
    /// # Errors
    /// When there is no answer. What it is, is recorded whatever it is.
    pub(super) async fn recorded(&self, twin: &str, message: &str) -> Result<Capture, UpstreamError> {
        let token = &self.bot(twin)?.bot_token;
        let plain = self.exchange(Some(token), (None, message), false).await?;
        let story = story_of(&plain).await;
        let streamed = self.exchange(Some(token), (story.as_deref(), message), true).await?;
        let mut exchanges = vec![plain, streamed];
        if let Some(story) = &story {
            let redactor = self.client.redactor().and(story);
            for exchange in &mut exchanges {
                exchange.redact(&redactor);
                MARK.clone_into(&mut exchange.conversation);
            }
        }
        Ok(Capture::of(UpstreamKind::KamiMind, exchanges))
    }

    async fn exchange(
        &self,
        bot_token: Option<&UpstreamKey>,
        (story, message): (Option<&str>, &str),
        streaming: bool,
    ) -> Result<Exchange, UpstreamError> {
        let question = Question { conversation: story, content: message, ..Question::default() };
        let boundary = random_id_part(self.dice.as_ref());
        let address = self.client.address(RESPONSE, &[])?;
        let form = Form { question: &question, bot_token, streaming, boundary };
        let request = form.fill(self.client.to_record(&address)).await?;
        let mark = |is_there: bool| if is_there { MARK } else { "" };
        let kept = json!({
            "story_id": mark(story.is_some()), "bot_token": mark(bot_token.is_some()), "streaming": streaming.to_string(), "message": message,
        });
        self.client.record(&address, request, &kept).await
    }
}

/// The id of the story that an answer began.
async fn story_of(exchange: &Exchange) -> Option<String> {
    let mut events = replay(exchange).ok()?;
    while let Some(event) = events.next().await {
        if let Ok(UpstreamEvent::Began(id)) = event {
            return Some(id);
        }
    }
    None
}

/// A recorded answer as the events that it means, without its pauses.
///
/// # Errors
/// None; for being like others.
pub(in crate::upstream) fn replay(exchange: &Exchange) -> Result<EventStream<'static>, UpstreamError> {
    let story = Some(exchange.conversation.as_str()).filter(|story| !story.is_empty());
    let habits = Arc::new(Habits::new("capture", FirstTurn::Plain));
    let answer = Answer::new(Story::new("capture", story), habits, exchange.body["streaming"] == "true");
    let reader = Reader::new(exchange.header("content-type").unwrap_or_default(), answer);
    let chunks: Vec<Bytes> = exchange.chunks.iter().map(|chunk| chunk.bytes.bytes()).collect();
    let broke = (exchange.ended != "whole").then(|| Err(exchange.ended.clone()));
    let body = stream::iter(chunks.into_iter().map(Ok).chain(broke)).boxed();
    Ok(reading::read(body, Timeouts::default(), reader))
}
