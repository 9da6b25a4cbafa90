//! What the JSON of Chat Completions means: one object that looks much the same whole and in pieces.

use crate::upstream::client::{not_understood, reading::Item};
use crate::upstream::{UpstreamError, UpstreamEvent};
use serde_json::Value;

/// Why a model ended its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finish {
    /// It had said all.
    Said,
    /// It had said as much as it may.
    Length,
    /// A filter did not let it say more.
    Filter,
    /// It wants something else done first.
    Tools,
}

impl Finish {
    /// The end that this is, for the reader.
    pub(super) fn item(self) -> Item {
        match self {
            Self::Said => Ok(UpstreamEvent::Complete(None)),
            Self::Length => Err(UpstreamError::BrokeOff(
                "the reply has as many tokens as it may (finish_reason length); see max_tokens, and the model's context".to_owned(),
            )),
            Self::Filter => Err(UpstreamError::BrokeOff("the service's filter ended the reply (finish_reason content_filter)".to_owned())),
            Self::Tools => Err(UpstreamError::Failed("it wants to call tools, and was offered none".to_owned())),
        }
    }
}

/// The first choice; of several the one with the index 0.
pub(super) fn choice(answer: &Value) -> Option<&Value> {
    let all = answer["choices"].as_array()?;
    all.iter().find(|choice| choice["index"].as_u64().unwrap_or(0) == 0)
}

/// Why it ended, if the choice says so.
pub(super) fn finish(choice: &Value) -> Option<Finish> {
    Some(match choice["finish_reason"].as_str()? {
        "" => return None,
        "length" | "max_tokens" | "model_length" => Finish::Length,
        "content_filter" => Finish::Filter,
        "tool_calls" | "function_call" => Finish::Tools,
        _ => Finish::Said,
    })
}

/// What the model says to the user in a message or a piece of one: its text, or that it will not answer.
pub(super) fn text(said: &Value) -> Option<String> {
    let content = match &said["content"] {
        Value::String(text) => Some(text.clone()),
        // Parts, of which some are the model's thoughts.
        Value::Array(parts) => Some(parts.iter().filter_map(|part| part["text"].as_str()).collect()),
        _ => None,
    };
    content.filter(|text| !text.is_empty()).or_else(|| said["refusal"].as_str().map(str::to_owned)).filter(|text| !text.is_empty())
}

/// Whether the model thinks aloud here. Its thoughts are not for the visitor.
pub(super) fn thinks(said: &Value) -> bool {
    ["reasoning_content", "reasoning", "thinking"].iter().any(|name| said[*name].as_str().is_some_and(|text| !text.is_empty()))
}

/// An answer that came at once, as the events that it means.
pub(super) fn whole(answer: &Value) -> Vec<Item> {
    if let Some(error) = error(answer) {
        return vec![Err(error)];
    }
    let Some(choice) = choice(answer) else { return vec![Err(not_understood("a choice", answer))] };
    let said = text(&choice["message"]).or_else(|| text(&choice["delta"])).or_else(|| choice["text"].as_str().map(str::to_owned));
    let finish = finish(choice).unwrap_or(Finish::Said);
    match (said, finish) {
        (Some(text), Finish::Said) => vec![Ok(UpstreamEvent::Complete(Some(text)))],
        (Some(text), other) => vec![Ok(UpstreamEvent::Delta(text)), other.item()],
        (None, Finish::Said) => vec![Err(not_understood("a text", answer))],
        (None, other) => vec![other.item()],
    }
}

/// What an answer or a piece of one says went wrong, if it does. Its sentence is left out: it may repeat what
/// was said.
pub(super) fn error(answer: &Value) -> Option<UpstreamError> {
    let said = Some(&answer["error"]).filter(|error| !error.is_null());
    // As older servers put it: the whole is the error.
    let error = said.or_else(|| (answer["object"] == "error").then_some(answer))?;
    let code = error_code(answer).unwrap_or("no known code");
    let status = [&error["code"], &error["status"], &answer["code"]].into_iter().find_map(Value::as_u64);
    let note = format!("an error in its answer: {code}");
    Some(match (status, code) {
        (Some(401 | 403), _) | (_, "invalid_api_key" | "authentication_error" | "permission_error") => UpstreamError::Refused(note),
        (Some(429), _) | (_, "rate_limit_exceeded" | "rate_limit_error" | "insufficient_quota") => {
            UpstreamError::Limited { retry_after: None }
        }
        _ => UpstreamError::Failed(note),
    })
}

/// The code of an error, or its type, if it is one of the known ones. Unlike its sentence it can hold nothing
/// that somebody said, so it may stand in a log.
pub(super) fn error_code(answer: &Value) -> Option<&str> {
    const KNOWN: [&str; 25] = [
        "api_error",
        "authentication_error",
        "BadRequestError",
        "billing_not_active",
        "content_filter",
        "content_policy_violation",
        "context_length_exceeded",
        "exceed_context_size_error",
        "insufficient_quota",
        "internal_server_error",
        "InternalServerError",
        "invalid_api_key",
        "invalid_request_error",
        "model_not_found",
        "not_found_error",
        "NotFoundError",
        "overloaded_error",
        "permission_error",
        "rate_limit_error",
        "rate_limit_exceeded",
        "server_error",
        "unavailable_error",
        "unsupported_parameter",
        "unsupported_value",
        "Unauthorized",
    ];
    let places = [&answer["error"]["code"], &answer["error"]["type"], &answer["code"], &answer["type"], &answer["error"]];
    places.into_iter().filter_map(Value::as_str).find(|code| KNOWN.contains(code))
}

/// The models that a server lists; none when it is no list.
pub(super) fn models(answer: &Value) -> Option<Vec<&str>> {
    let list = answer["data"].as_array().or_else(|| answer["models"].as_array()).or_else(|| answer.as_array())?;
    Some(list.iter().filter_map(|model| model["id"].as_str().or_else(|| model["name"].as_str())).collect())
}
