//! Answers: one JSON object as documented, or a stream, whose format the document does not say.

use super::everybody::{self, Foreign};
use crate::clock::Dice;
use crate::faults::{Fault, Malformation};
use crate::world::{Frame, World, cut, paced};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use twinchat_protocol::sse;

/// What comes when `streaming` is true: any of these may be meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum StreamFormat {
    /// Server-Sent Events, each `{"message": piece}`; the last is the documented object, then `[DONE]`.
    #[default]
    Sse,
    /// The same objects, one per line.
    Ndjson,
    /// The same objects in one JSON array, sent bit by bit.
    JsonArray,
    /// The text alone: the conversation's id is not told.
    Text,
    /// No stream at all: the documented object.
    Json,
    /// Another of these for each answer, by seed.
    Any,
}

impl StreamFormat {
    /// The one that this answer has.
    pub(super) fn decided(self, dice: &mut Dice) -> Self {
        const ALL: [StreamFormat; 5] =
            [StreamFormat::Sse, StreamFormat::Ndjson, StreamFormat::JsonArray, StreamFormat::Text, StreamFormat::Json];
        match self {
            Self::Any => ALL[usize::try_from(dice.within(&(0..=4))).unwrap_or_default()],
            format => format,
        }
    }
}

/// What is to be told.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) text: String,
    pub(super) story_id: String,
    /// An id that is nobody's.
    pub(super) other_id: String,
    pub(super) dice: Dice,
    /// What others of the account said.
    pub(super) others: Vec<Foreign>,
}

impl Told {
    fn whole(&self) -> Value {
        json!({"success": true, "message": "Chat successfully", "data": {"message": self.text, "story_id": self.story_id}})
    }
}

/// A refusal in the documented envelope.
pub(super) fn refusal(status: StatusCode, message: &str) -> Response {
    (status, axum::Json(json!({"success": false, "message": message, "data": null}))).into_response()
}

/// The answer in this format.
pub(super) fn answer(world: &World, format: StreamFormat, mut told: Told, faults: &[Fault]) -> Response {
    if format == StreamFormat::Json {
        let mut whole = told.whole();
        everybody::spoil(&mut whole, faults, &told.others, &mut told.dice);
        return axum::Json(whole).into_response();
    }
    let mut dice = told.dice.clone();
    let thinking = world.pace.thinking(&mut dice);
    let mut frames = vec![Frame { wait: thinking, bytes: opening(format).into() }];
    for piece in cut(&told.text, world.pace.chars, &mut dice) {
        frames.push(Frame { wait: world.pace.next_delta(&mut dice), bytes: delta(format, piece).into() });
    }
    let mut whole = told.whole();
    everybody::spoil(&mut whole, faults, &told.others, &mut dice);
    frames.push(Frame { wait: Duration::ZERO, bytes: ending(format, &whole).into() });
    if let Some(Fault::ErrorEvent { after_deltas }) = faults.iter().find(|fault| matches!(fault, Fault::ErrorEvent { .. })) {
        frames.truncate(after_deltas + 1);
        let refusal = json!({"success": false, "message": "The assistant failed", "data": null});
        frames.push(Frame { wait: Duration::ZERO, bytes: ending(format, &refusal).into() });
    }
    if faults.contains(&Fault::NoComplete) {
        frames.pop();
    }
    if let Some(Fault::Malformed { what, at_event }) = faults.iter().find(|fault| matches!(fault, Fault::Malformed { .. })) {
        malform(format, &mut frames, *what, at_event.unwrap_or_default());
    }
    everybody::insert(format, &mut frames, faults, &told.others, &mut dice);
    let endless_frame = faults.contains(&Fault::EndlessFrame);
    if endless_frame {
        frames.truncate(3);
        let begun = if format == StreamFormat::Sse { "data: {\"message\":\"" } else { "{\"message\":\"" };
        let more = "x".repeat(4096);
        frames.extend([begun.to_owned(), more, String::new()].map(|text| Frame { wait: Duration::ZERO, bytes: text.into() }));
    }
    let endless = endless_frame || faults.contains(&Fault::Endless);
    let body = paced(frames, endless, Arc::clone(&world.clock));
    ([(header::CONTENT_TYPE, content_type(format)), (header::CACHE_CONTROL, "no-cache")], body).into_response()
}

/// Breaks one frame; the opening is none.
fn malform(format: StreamFormat, frames: &mut Vec<Frame>, what: Malformation, at_event: usize) {
    let at = (at_event + 1).min(frames.len().saturating_sub(1));
    let put = |frames: &mut Vec<Frame>, bytes: Vec<u8>| frames.insert(at, Frame { wait: Duration::ZERO, bytes: bytes.into() });
    match what {
        Malformation::BadJson => {
            let broken = if format == StreamFormat::Sse { "data: {\"message\": \"x\n\n" } else { "{\"message\": \"x\n" };
            frames[at].bytes = broken.into();
        }
        Malformation::MissingData => put(frames, if format == StreamFormat::Sse { b"event: message\n\n".to_vec() } else { b"\n".to_vec() }),
        Malformation::UnknownEvent => put(frames, delta_of(format, &json!({"type": "typing", "message": "…"})).into()),
        Malformation::BadUtf8 if format == StreamFormat::Sse => put(frames, b": \xff\xfe\n".to_vec()),
        Malformation::BadUtf8 => {}
    }
}

fn content_type(format: StreamFormat) -> &'static str {
    match format {
        StreamFormat::Sse => "text/event-stream; charset=utf-8",
        StreamFormat::Ndjson => "application/x-ndjson",
        StreamFormat::Text => "text/plain; charset=utf-8",
        StreamFormat::JsonArray | StreamFormat::Json | StreamFormat::Any => "application/json",
    }
}

fn opening(format: StreamFormat) -> &'static str {
    if format == StreamFormat::JsonArray { "[" } else { "" }
}

fn delta(format: StreamFormat, piece: &str) -> String {
    match format {
        StreamFormat::Text => piece.to_owned(),
        _ => delta_of(format, &json!({"message": piece})),
    }
}

/// One object of the stream.
pub(super) fn delta_of(format: StreamFormat, object: &Value) -> String {
    match format {
        StreamFormat::Sse => sse::encode("", "", &object.to_string()),
        StreamFormat::JsonArray => format!("{object},\n"),
        _ => format!("{object}\n"),
    }
}

fn ending(format: StreamFormat, whole: &Value) -> String {
    match format {
        StreamFormat::Sse => sse::encode("", "", &whole.to_string()) + "data: [DONE]\n\n",
        StreamFormat::Ndjson => format!("{whole}\n"),
        StreamFormat::JsonArray => format!("{whole}]"),
        StreamFormat::Text | StreamFormat::Json | StreamFormat::Any => String::new(),
    }
}
