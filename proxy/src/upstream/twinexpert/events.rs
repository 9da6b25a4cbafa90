//! TwinExpert's event stream. Four event names are documented and nothing else: not where the name
//! stands, not what the data holds, not how the stream ends. All likely forms are understood.

use super::Timeouts;
use super::answers::{complete_text, delta_text, error_code, error_status, progress_text};
use super::screen::Screen;
use crate::upstream::{EventStream, UpstreamError, UpstreamEvent};
use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt, unfold};
use serde_json::Value;
use std::collections::VecDeque;
use tokio::time::{Instant, timeout_at};
use twinchat_protocol::sse::{Decoder, Event, Limits};

/// The most bytes of one line or event: room for a whole reply, escaped.
const LIMITS: Limits = Limits { line: 4 << 20, event: 4 << 20 };

type Item = Result<UpstreamEvent, UpstreamError>;
pub(super) type Body = BoxStream<'static, Result<Bytes, String>>;

/// Reads a body to its end or to the event that ends it, as far as the screen lets it through.
pub(super) fn read(body: Body, timeouts: Timeouts, screen: Screen) -> EventStream<'static> {
    let reading = Reading {
        body,
        decoder: Some(Decoder::new(LIMITS)),
        meaning: Meaning { screen, streamed: 0, bare: false, damaged: false },
        ready: VecDeque::new(),
        first_by: Some(after(timeouts.first_event)),
        timeouts,
    };
    unfold(reading, |mut reading| async move { reading.next().await.map(|item| (item, reading)) }).boxed()
}

fn after(pause: std::time::Duration) -> Instant {
    Instant::now() + pause
}

struct Reading {
    body: Body,
    /// None once the stream has ended.
    decoder: Option<Decoder>,
    meaning: Meaning,
    ready: VecDeque<Item>,
    /// By when the first event must have come; none once it has.
    first_by: Option<Instant>,
    timeouts: Timeouts,
}

impl Reading {
    async fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                if !matches!(item, Ok(UpstreamEvent::Progress(_) | UpstreamEvent::Delta(_))) {
                    self.decoder = None;
                    self.ready.clear();
                }
                self.first_by = None;
                return Some(item);
            }
            self.decoder.as_ref()?;
            let deadline = self.first_by.unwrap_or_else(|| after(self.timeouts.idle));
            match timeout_at(deadline, self.body.next()).await {
                Err(_) => self.end_with(UpstreamError::Silent(if self.first_by.is_some() { "no first event" } else { "no further event" })),
                Ok(Some(Ok(chunk))) => self.feed(&chunk),
                Ok(Some(Err(why))) => self.end_with(UpstreamError::BrokeOff(why)),
                Ok(None) => {
                    let last = self.decoder.take().and_then(Decoder::finish);
                    self.ready.extend(last.and_then(|event| self.meaning.of(&event)));
                }
            }
        }
    }

    fn feed(&mut self, chunk: &[u8]) {
        let Self { decoder: Some(decoder), meaning, ready, .. } = self else { return };
        let fed = decoder.feed(chunk, &mut |event| ready.extend(meaning.of(&event)));
        if let Err(too_large) = fed {
            self.end_with(UpstreamError::Failed(too_large.to_string()));
        }
    }

    fn end_with(&mut self, error: UpstreamError) {
        self.decoder = None;
        self.ready.push_back(Err(error));
    }
}

/// What the events mean, given those before.
#[derive(Debug)]
struct Meaning {
    screen: Screen,
    /// Bytes of text so far.
    streamed: usize,
    /// Deltas are bare text, so a brace in one is text too.
    bare: bool,
    /// An event was damaged: what deltas built lacks something.
    damaged: bool,
}

impl Meaning {
    fn of(&mut self, event: &Event) -> Option<Item> {
        if event.data.trim() == "[DONE]" {
            return Some(self.complete(None));
        }
        let mut value = self.value(&event.data)?;
        if !self.screen.pass(&mut value) {
            return None;
        }
        // An event of another name is another kind of event, whatever its data calls itself.
        let outer = Some(event.event.as_str()).filter(|name| !matches!(*name, "" | "message"));
        let named = outer.or_else(|| value["type"].as_str()).or_else(|| value["event"].as_str()).or_else(|| value["data"]["type"].as_str());
        match named.map(str::to_ascii_lowercase).as_deref() {
            Some("progress") => progress_text(&value).map(|text| Ok(UpstreamEvent::Progress(text))),
            Some("delta") => self.delta(&value),
            Some("complete") => Some(self.complete(complete_text(&value, self.streamed))),
            Some("error") => Some(Err(error(&value))),
            // Without any name only text can be meant.
            None if event.event.is_empty() => self.delta(&value),
            _ => {
                tracing::debug!(bytes = event.data.len(), "an upstream event of an unknown kind is left out");
                None
            }
        }
    }

    /// The data as JSON; what is not JSON is a bare text, unless it is JSON cut short.
    fn value(&mut self, data: &str) -> Option<Value> {
        match serde_json::from_str(data) {
            Ok(Value::Null) => None,
            Ok(value @ (Value::Object(_) | Value::String(_))) => Some(value),
            Err(_) if data.trim_start().starts_with('{') && !self.bare => {
                self.damaged = true;
                tracing::warn!(bytes = data.len(), "an upstream event is damaged JSON");
                None
            }
            _ => {
                self.bare = true;
                Some(Value::String(data.to_owned()))
            }
        }
    }

    fn delta(&mut self, value: &Value) -> Option<Item> {
        let text = delta_text(value).filter(|text| !text.is_empty())?;
        self.streamed += text.len();
        Some(Ok(UpstreamEvent::Delta(text)))
    }

    fn complete(&mut self, text: Option<String>) -> Item {
        if text.is_none() && self.damaged {
            return Err(UpstreamError::BrokeOff("an event was damaged and the whole text was not repeated".to_owned()));
        }
        Ok(UpstreamEvent::Complete(text))
    }
}

/// The upstream's own sentence is left out: it may repeat what was said.
fn error(value: &Value) -> UpstreamError {
    let note = format!("an error event: {}", error_code(value).unwrap_or("no known code"));
    match error_status(value) {
        Some(401 | 403) => UpstreamError::Refused(note),
        Some(429) => UpstreamError::Limited { retry_after: None },
        _ => UpstreamError::Failed(note),
    }
}
