//! TwinExpert's event stream. Four event names are documented and nothing else: not where the name
//! stands, not what the data holds, not how the stream ends. All likely forms are understood.

use super::answers::{TextAt, complete_text, delta_text, error_code, error_status, progress_text};
use super::screen::Screen;
use crate::metrics;
use crate::upstream::client::Timeouts;
use crate::upstream::client::halves::Halves;
use crate::upstream::client::reading::{Body, Item, Meaning, SseReader, read};
use crate::upstream::{EventStream, UpstreamError, UpstreamEvent};
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::VecDeque;
use twinchat_protocol::sse::Event;

/// Reads a body to its end or to the event that ends it, as far as the screen lets it through.
pub(super) fn events(body: Body, timeouts: Timeouts, (screen, text_at): (Screen, TextAt)) -> EventStream<'static> {
    read(body, timeouts, SseReader::new(Told { screen, text_at, streamed: 0, bare: false, damaged: false, halves: Halves::default() }))
}

/// What almost every delta is: a text, and nothing that could say whose it is. Read without building it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bare<'a> {
    #[serde(borrow)]
    content: Cow<'a, str>,
}

/// What the events mean, given those before.
#[derive(Debug)]
struct Told {
    screen: Screen,
    text_at: TextAt,
    /// Bytes of text so far.
    streamed: usize,
    /// Deltas are bare text, so a brace in one is text too.
    bare: bool,
    /// An event was damaged: what deltas built lacks something.
    damaged: bool,
    halves: Halves,
}

impl Meaning for Told {
    fn of(&mut self, event: &Event, ready: &mut VecDeque<Item>) {
        ready.extend(self.meaning(event));
    }
}

impl Told {
    fn meaning(&mut self, event: &Event) -> Option<Item> {
        if event.data.trim() == "[DONE]" {
            return Some(self.complete(None));
        }
        if let (true, Ok(Bare { content })) = (event.event == "delta" && self.text_at.is_empty(), serde_json::from_str(&event.data)) {
            return self.text(content.into_owned());
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
            Some("complete") => Some(self.complete(self.text_at.of(&value).or_else(|| complete_text(&value, self.streamed)))),
            Some("error") => Some(Err(error(&value))),
            // Without any name only text can be meant.
            None if event.event.is_empty() => self.delta(&value),
            _ => {
                metrics::UNKNOWN_EVENTS.count([self.screen.upstream()]);
                tracing::debug!(bytes = event.data.len(), "an upstream event of an unknown kind is left out");
                None
            }
        }
    }

    /// The data as JSON; what is not JSON is a bare text, unless it is JSON cut short.
    fn value(&mut self, data: &str) -> Option<Value> {
        match self.halves.read(data) {
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
        self.text(self.text_at.of(value).or_else(|| delta_text(value))?)
    }

    fn text(&mut self, text: String) -> Option<Item> {
        self.streamed += text.len();
        (!text.is_empty()).then_some(Ok(UpstreamEvent::Delta(text)))
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
