//! Completions, chunks and errors.

use super::ask::Ask;
use crate::clock::Dice;
use crate::faults::Fault;
use crate::world::{Frame, World, cut, paced, spoil};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use twinchat_protocol::sse;

/// About how many characters a token has.
const CHARS_PER_TOKEN: usize = 4;
/// When the models were made, seconds since 1970.
const MODELS_MADE: u64 = 1_741_000_000;

/// About how many tokens a text has.
pub(super) fn tokens(text: &str) -> usize {
    text.chars().count().div_ceil(CHARS_PER_TOKEN)
}

/// A model as it is listed.
pub(super) fn model(id: &str) -> Value {
    json!({"id": id, "object": "model", "created": MODELS_MADE, "owned_by": "twinchat-emulator"})
}

/// An answer that is decided and not yet told.
#[derive(Debug)]
pub(super) struct Completion {
    id: String,
    model: String,
    created: u64,
    text: String,
    finish_reason: &'static str,
    usage: Value,
    usage_in_stream: bool,
}

impl Completion {
    /// The answer, no longer than was asked for.
    pub(super) fn of(ask: &Ask, id: String, answer: &str, at: u64) -> Self {
        let most = ask.most_tokens();
        let finish_reason = if tokens(answer) > most { "length" } else { "stop" };
        let text: String = answer.chars().take(most.saturating_mul(CHARS_PER_TOKEN)).collect();
        let (prompt, completion) = (ask.prompt_tokens(), tokens(&text));
        let usage = json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion});
        Self { id, model: ask.model.clone(), created: at / 1000, text, finish_reason, usage, usage_in_stream: ask.wants_usage() }
    }

    /// All of it at once.
    pub(super) fn whole(&self) -> Response {
        let message = json!({"role": "assistant", "content": self.text, "refusal": null});
        axum::Json(json!({
            "id": self.id, "object": "chat.completion", "created": self.created, "model": self.model,
            "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": self.finish_reason}],
            "usage": self.usage, "system_fingerprint": "fp_emulator",
        }))
        .into_response()
    }

    /// Chunk by chunk, then `[DONE]`.
    pub(super) fn streamed(&self, world: &World, dice: &mut Dice, faults: &[Fault]) -> Response {
        let first = json!({"role": "assistant", "content": "", "refusal": null});
        let mut frames = vec![Frame { wait: world.pace.thinking(dice), bytes: self.chunk(&first, None).into() }];
        if faults.contains(&Fault::Thinks) {
            frames.push(Frame { wait: Duration::ZERO, bytes: self.chunk(&json!({"reasoning_content": "private thoughts"}), None).into() });
        }
        let pieces = cut(&self.text, world.pace.chars, dice);
        let broken_after = faults.iter().find_map(|fault| match fault {
            Fault::ErrorEvent { after_deltas } => Some(*after_deltas),
            _ => None,
        });
        for piece in pieces.iter().take(broken_after.unwrap_or(usize::MAX)) {
            frames.push(Frame { wait: world.pace.next_delta(dice), bytes: self.chunk(&json!({"content": piece}), None).into() });
            if faults.contains(&Fault::Choices) {
                let another = json!([{"index": 1, "delta": {"content": "other words"}, "finish_reason": null}]);
                frames.push(Frame { wait: Duration::ZERO, bytes: sse::encode("", "", &self.object(&another).to_string()).into() });
            }
        }
        if broken_after.is_some() {
            let error = Failure::of_status(StatusCode::INTERNAL_SERVER_ERROR).body().to_string();
            frames.push(Frame { wait: Duration::ZERO, bytes: sse::encode("", "", &error).into() });
        } else if !faults.contains(&Fault::NoComplete) {
            frames.push(Frame { wait: Duration::ZERO, bytes: self.ending(faults).into() });
        }
        spoil(&mut frames, faults);
        let body = paced(frames, faults.contains(&Fault::Endless), Arc::clone(&world.clock));
        ([(header::CONTENT_TYPE, "text/event-stream; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], body).into_response()
    }

    fn ending(&self, faults: &[Fault]) -> String {
        let bare = faults.contains(&Fault::BareComplete);
        let mut ending = if bare { String::new() } else { self.chunk(&json!({}), Some(self.finish_reason)) };
        if self.usage_in_stream {
            let mut usage = self.object(&json!([]));
            usage["usage"] = self.usage.clone();
            ending.push_str(&sse::encode("", "", &usage.to_string()));
        }
        if faults.contains(&Fault::Done) { ending } else { ending + "data: [DONE]\n\n" }
    }

    fn chunk(&self, delta: &Value, finish_reason: Option<&str>) -> String {
        let choices = json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason}]);
        sse::encode("", "", &self.object(&choices).to_string())
    }

    fn object(&self, choices: &Value) -> Value {
        let mut chunk = json!({
            "id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model,
            "system_fingerprint": "fp_emulator", "choices": choices,
        });
        if self.usage_in_stream {
            chunk["usage"] = Value::Null;
        }
        chunk
    }
}

/// An error as the API words it.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    message: String,
    kind: &'static str,
    param: Option<&'static str>,
    code: Option<&'static str>,
}

impl Failure {
    /// The usual one of this status.
    pub(super) fn of_status(status: StatusCode) -> Self {
        let (message, kind, code) = match status.as_u16() {
            401 => ("Incorrect API key provided.", "invalid_request_error", Some("invalid_api_key")),
            404 => ("Invalid URL", "invalid_request_error", None),
            413 => ("The request is too large.", "invalid_request_error", None),
            429 => ("Rate limit reached for requests", "requests", Some("rate_limit_exceeded")),
            _ => ("The server had an error while processing your request.", "server_error", None),
        };
        Self { status, message: message.to_owned(), kind, param: None, code }
    }

    /// 400: the request makes no sense.
    pub(super) fn invalid(message: &str, param: Option<&'static str>) -> Self {
        let status = StatusCode::BAD_REQUEST;
        Self { status, message: message.to_owned(), kind: "invalid_request_error", param, code: None }
    }

    /// 404: there is no such model.
    pub(super) fn no_model(model: &str) -> Self {
        let message = format!("The model `{model}` does not exist or you do not have access to it.");
        let status = StatusCode::NOT_FOUND;
        Self { status, message, kind: "invalid_request_error", param: None, code: Some("model_not_found") }
    }

    fn body(&self) -> Value {
        json!({"error": {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}})
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status, axum::Json(self.body())).into_response()
    }
}
