//! The event stream of Chat Completions: chunks without a name, then `[DONE]`, which some servers leave out.

use super::answers::{choice, error, finish, text, thinks};
use super::piece;
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
        if let (true, Some(text)) = (event.event != "error", piece::text(data)) {
            ready.push_back(Ok(UpstreamEvent::Delta(text)));
            return;
        }
        self.whole(event, data, ready);
    }
}

impl Told {
    /// Whatever a chunk may say.
    fn whole(&mut self, event: &Event, data: &str, ready: &mut VecDeque<Item>) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// Values that a member may have, likely and not.
    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            "[a-z\"\\\\é\u{1f600}]{0,6}".prop_map(Value::from),
            Just(Value::Null),
            Just(json!(0)),
            Just(json!(1)),
            Just(json!("error")),
            Just(json!({"a": ["b"]})),
        ]
    }

    fn members(names: &'static [&'static str]) -> impl Strategy<Value = Value> {
        proptest::collection::btree_map(proptest::sample::select(names), value(), 0..4).prop_map(|members| json!(members))
    }

    proptest! {
        #[test]
        fn a_piece_of_text_means_what_it_means_read_whole(
            mut chunk in members(&["object", "error", "id", "model"]),
            mut choice in members(&["index", "finish_reason", "logprobs", "message"]),
            delta in members(&["content", "role", "refusal", "reasoning", "reasoning_content", "thinking"]),
            more in 0..3_usize,
        ) {
            choice["delta"] = delta;
            chunk["choices"] = vec![choice; more].into();
            let data = chunk.to_string();
            if let Some(text) = piece::text(&data) {
                let (mut told, mut ready) = (Told::default(), VecDeque::new());
                told.whole(&Event::default(), &data, &mut ready);
                prop_assert_eq!(Vec::from(ready), [Ok(UpstreamEvent::Delta(text))]);
                prop_assert!(!told.thinking && !told.damaged);
            }
        }
    }

    #[test]
    fn what_the_usual_servers_send_is_a_piece_of_text() {
        for (data, text) in [
            (
                r#"{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"a\n\u00e9"},"finish_reason":null}]}"#,
                "a\né",
            ),
            (r#"{"choices":[{"delta":{"role":"assistant","content":"b","reasoning":null}}],"usage":{"total_tokens":3}}"#, "b"),
        ] {
            assert_eq!(piece::text(data).as_deref(), Some(text));
        }
    }
}
