//! Answers: one JSON object as documented, or a stream, whose format the document does not say.

use crate::clock::Dice;
use crate::faults::Fault;
use crate::world::{Frame, World, cut, paced};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
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
}

/// What is to be told.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) text: String,
    pub(super) story_id: String,
    /// An id that is nobody's.
    pub(super) other_id: String,
    pub(super) dice: Dice,
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
        return axum::Json(told.whole()).into_response();
    }
    let mut dice = told.dice.clone();
    let thinking = world.pace.thinking(&mut dice);
    let mut frames = vec![Frame { wait: thinking, bytes: opening(format).into() }];
    for piece in cut(&told.text, world.pace.chars, &mut dice) {
        frames.push(Frame { wait: world.pace.next_delta(&mut dice), bytes: delta(format, piece).into() });
    }
    told.dice = dice;
    frames.push(Frame { wait: std::time::Duration::ZERO, bytes: ending(format, &told.whole()).into() });
    if faults.contains(&Fault::NoComplete) {
        frames.pop();
    }
    let body = paced(frames, faults.contains(&Fault::Endless), Arc::clone(&world.clock));
    ([(header::CONTENT_TYPE, content_type(format)), (header::CACHE_CONTROL, "no-cache")], body).into_response()
}

fn content_type(format: StreamFormat) -> &'static str {
    match format {
        StreamFormat::Sse => "text/event-stream; charset=utf-8",
        StreamFormat::Ndjson => "application/x-ndjson",
        StreamFormat::Text => "text/plain; charset=utf-8",
        StreamFormat::JsonArray | StreamFormat::Json => "application/json",
    }
}

fn opening(format: StreamFormat) -> &'static str {
    if format == StreamFormat::JsonArray { "[" } else { "" }
}

fn delta(format: StreamFormat, piece: &str) -> String {
    let object = json!({"message": piece}).to_string();
    match format {
        StreamFormat::Sse => sse::encode("", "", &object),
        StreamFormat::Ndjson => object + "\n",
        StreamFormat::JsonArray => object + ",\n",
        StreamFormat::Text | StreamFormat::Json => piece.to_owned(),
    }
}

fn ending(format: StreamFormat, whole: &Value) -> String {
    match format {
        StreamFormat::Sse => sse::encode("", "", &whole.to_string()) + "data: [DONE]\n\n",
        StreamFormat::Ndjson => format!("{whole}\n"),
        StreamFormat::JsonArray => format!("{whole}]"),
        StreamFormat::Text | StreamFormat::Json => String::new(),
    }
}
