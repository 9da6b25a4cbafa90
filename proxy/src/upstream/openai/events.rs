//! The event stream of Chat Completions: chunks without a name, then `[DONE]`, which some servers leave out.

use super::answers::{choice, error, finish, text, thinks};
use crate::upstream::client::Timeouts;
use crate::upstream::client::halves::Halves;
use crate::upstream::client::reading::{Body, Item, Meaning, SseReader, read};
use crate::upstream::{EventStream, UpstreamError, UpstreamEvent};
use serde_json::Value;
use std::collections::VecDeque;
use twinchat_protocol::sse::Event;

/// What is told while the model thinks: that it does, in no language.
const THINKING: &str = "…";

/// Reads a body to its end or to the chunk that ends it.
pub(super) fn events(body: Body, timeouts: Timeouts) -> EventStream<'static> {
    read(body, timeouts, SseReader::new(Told::default()))
}

/// What was told so far, as far as it matters for what follows.
#[derive(Debug, Default)]
struct Told {
    /// It is known that the model thinks.
    thinking: bool,
    /// A chunk was damaged: the text lacks something.
    damaged: bool,
    halves: Halves,
}

impl Meaning for Told {
    fn of(&mut self, event: &Event, ready: &mut VecDeque<Item>) {
        let data = event.data.trim();
        if data == "[DONE]" {
            ready.push_back(self.ended(Ok(UpstreamEvent::Complete(None))));
            return;
        }
        let Ok(chunk) = self.halves.read(data) else {
            self.damaged |= !data.is_empty();
            tracing::warn!(bytes = data.len(), "a chunk of an upstream's answer is no JSON");
            return;
        };
        if event.event == "error" {
            let named = error(&chunk).unwrap_or_else(|| UpstreamError::Failed("an error event".to_owned()));
            ready.push_back(Err(named));
            return;
        }
        self.chunk(&chunk, ready);
    }
}

impl Told {
    fn chunk(&mut self, chunk: &Value, ready: &mut VecDeque<Item>) {
        if let Some(error) = error(chunk) {
            ready.push_back(Err(error));
            return;
        }
        // Without a choice it is about the usage, or a sign of life.
        let Some(choice) = choice(chunk) else { return };
        let said = Some(&choice["delta"]).filter(|delta| !delta.is_null()).unwrap_or(&choice["message"]);
        if thinks(said) && !self.thinking {
            self.thinking = true;
            ready.push_back(Ok(UpstreamEvent::Progress(THINKING.to_owned())));
        }
        ready.extend(text(said).map(|text| Ok(UpstreamEvent::Delta(text))));
        if let Some(finish) = finish(choice) {
            ready.push_back(self.ended(finish.item()));
        }
    }

    fn ended(&self, end: Item) -> Item {
        if end.is_ok() && self.damaged {
            return Err(UpstreamError::BrokeOff("a chunk was damaged, and the text is not repeated".to_owned()));
        }
        end
    }
}
