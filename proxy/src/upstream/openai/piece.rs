//! What almost every chunk is, a piece of text and nothing else, read without building all that it holds.

use serde::Deserialize;
use serde::de::IgnoredAny;
use std::borrow::Cow;

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    choices: [Choice<'a>; 1],
    #[serde(default, borrow)]
    object: Cow<'a, str>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    index: Option<u64>,
    #[serde(borrow)]
    delta: Delta<'a>,
    finish_reason: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow)]
    content: Cow<'a, str>,
    reasoning_content: Option<IgnoredAny>,
    reasoning: Option<IgnoredAny>,
    thinking: Option<IgnoredAny>,
}

/// The text of a chunk that says nothing else. None: it has to be read whole.
pub(super) fn text(chunk: &str) -> Option<String> {
    let Chunk { choices: [choice], object, error } = serde_json::from_str(chunk).ok()?;
    let Choice { index, delta, finish_reason } = choice;
    let thinks = delta.reasoning_content.or(delta.reasoning).or(delta.thinking).is_some();
    let is_plain = error.is_none() && object != "error" && index.unwrap_or(0) == 0 && finish_reason.is_none() && !thinks;
    (is_plain && !delta.content.is_empty()).then(|| delta.content.into_owned())
}
