//! Streams of every kind of upstream for the fuzz targets, read as a capture is replayed.

pub use super::client::http1_answers;

use super::capture::{Capture, Chunk, Exchange, Recorded};
use super::{UpstreamError, UpstreamEvent, replay};
use crate::config::UpstreamKind;
use futures_util::StreamExt;
use serde_json::json;

/// The most an error may say.
const MAX_NOTE: usize = 8192;
const CONTENT_TYPES: [&str; 6] =
    ["text/event-stream", "application/x-ndjson", "application/json", "text/plain; charset=utf-8", "application/octet-stream", ""];

/// Chat Completions.
pub fn openai_events(data: &[u8]) {
    stream(UpstreamKind::OpenAi, data);
}

/// KamiMind, whose streams have no documented form.
pub fn kamimind_stream(data: &[u8]) {
    stream(UpstreamKind::KamiMind, data);
}

/// The first byte says how it is cut, the second what it is called. Cuts change nothing of what is told, no text is made
/// up, and nothing comes after the end.
fn stream(kind: UpstreamKind, data: &[u8]) {
    let [cut, called, body @ ..] = data else { return };
    let content_type = CONTENT_TYPES[usize::from(*called) % CONTENT_TYPES.len()];
    let whole = read((kind, content_type), body, body.len().max(1));
    let pieces = read((kind, content_type), body, usize::from(*cut) + 1);
    assert_eq!(told(&pieces), told(&whole), "{content_type}, in chunks of {}", usize::from(*cut) + 1);
    let last = whole.len().saturating_sub(1);
    for (at, item) in whole.iter().enumerate() {
        match item {
            Ok(UpstreamEvent::Complete(text)) => {
                assert_eq!(at, last, "something follows the end");
                // A damaged byte becomes U+FFFD.
                assert!(text.as_ref().is_none_or(|text| text.len() <= 3 * body.len()));
            }
            Err(error) => assert!(at == last && error.to_string().len() <= MAX_NOTE, "{error}"),
            Ok(_) => {}
        }
    }
    assert!(told(&whole).0.len() <= 3 * body.len());
}

type Item = Result<UpstreamEvent, UpstreamError>;

/// The text in all, and how it ended.
fn told(items: &[Item]) -> (String, Option<Item>) {
    let text = items.iter().filter_map(|item| if let Ok(UpstreamEvent::Delta(text)) = item { Some(text.as_str()) } else { None });
    let end = items.last().filter(|item| matches!(item, Ok(UpstreamEvent::Complete(_)) | Err(_)));
    (text.collect(), end.cloned())
}

fn read((kind, content_type): (UpstreamKind, &str), body: &[u8], step: usize) -> Vec<Item> {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    }
    let chunks = body.chunks(step).map(|chunk| Chunk { after_ms: 0, bytes: Recorded::of(chunk) }).collect();
    let exchange = Exchange {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        conversation: "story-1".to_owned(),
        body: json!({"streaming": "true"}),
        status: 200,
        headers: vec![("content-type".to_owned(), content_type.to_owned())],
        chunks,
        ended: "whole".to_owned(),
    };
    let capture = Capture::of(kind, vec![exchange]);
    match replay(&capture, &capture.exchanges[0]) {
        Ok(events) => RUNTIME.with(|runtime| runtime.block_on(events.collect())),
        Err(error) => vec![Err(error)],
    }
}
