//! TwinExpert's answers, events and headers for the fuzz targets.

use super::answers;
use super::budget;
use super::events::events;
use super::screen::Screen;
use crate::upstream::client::{Timeouts, error_text, pause};
use crate::upstream::{UpstreamError, UpstreamEvent};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

/// The most an error may say.
const MAX_NOTE: usize = 8192;

/// Lines of `name: value`. What is understood of them is a budget that can be worked with.
pub fn rate_limit_headers(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n').take(32) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(&line[..colon]), HeaderValue::from_bytes(&line[colon + 1..])) {
            headers.append(name, value);
        }
    }
    for now in [0, 1_760_000_000_000, 253_402_300_799_000] {
        if let Some(budget) = budget::budget(&headers, now) {
            assert!(budget.remaining <= budget.limit, "{budget:?}");
            assert!((now..=now + 86_400_000).contains(&budget.resets_at), "{budget:?} at {now}");
            assert_ne!(budget.window, Some(0));
        }
        assert!(pause(&headers, budget::budget(&headers, now), now).is_none_or(|pause| (1..=86_400).contains(&pause)));
    }
}

/// Any JSON as any answer: never a panic, never an error as long as the answer, nothing that was not in it.
pub fn twinexpert_answers(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    let short = |error: UpstreamError| assert!(error.to_string().len() <= MAX_NOTE, "{error}");
    match answers::twins(&value, 1) {
        Ok((twins, _)) => {
            for twin in twins {
                assert!(!twin.id.is_empty() && !twin.name.trim().is_empty(), "{twin:?}");
                assert!(twin.id.len() <= 512 && twin.starters.len() <= 6, "{twin:?}");
            }
        }
        Err(error) => short(error),
    }
    match answers::conversation_id(&value) {
        Ok(id) => assert!((1..=512).contains(&id.len()), "{id:?}"),
        Err(error) => short(error),
    }
    match answers::reply(&value) {
        Ok(text) => assert!(!text.is_empty() && text.len() <= data.len()),
        Err(error) => short(error),
    }
    for text in [answers::delta_text(&value), answers::complete_text(&value, 0), answers::full_text(&value)].into_iter().flatten() {
        assert!(text.len() <= data.len());
    }
    if let Some(whole) = answers::complete_text(&value, 10) {
        assert!(!whole.is_empty());
    }
    for text in [answers::progress_text(&value), error_text(&value)].into_iter().flatten() {
        assert!(!text.is_empty());
    }
    answers::error_status(&value);
}

/// A stream: its first byte says how it is cut. Cuts change nothing, no text is made up, and nothing
/// comes after the end.
pub fn twinexpert_events(data: &[u8]) {
    let Some((&first, body)) = data.split_first() else { return };
    let whole = read(body, body.len().max(1));
    assert_eq!(read(body, usize::from(first) + 1), whole, "in chunks of {}", usize::from(first) + 1);
    let streamed: usize =
        whole.iter().filter_map(|item| if let Ok(UpstreamEvent::Delta(text)) = item { Some(text.len()) } else { None }).sum();
    // A damaged byte becomes U+FFFD.
    assert!(streamed <= 3 * body.len());
    let last = whole.len().saturating_sub(1);
    for (at, item) in whole.iter().enumerate() {
        match item {
            Ok(UpstreamEvent::Complete(_)) | Err(_) => assert_eq!(at, last, "something follows the end"),
            Ok(_) => {}
        }
        if let Err(error) = item {
            assert!(error.to_string().len() <= MAX_NOTE);
        }
    }
}

fn read(body: &[u8], step: usize) -> Vec<Result<UpstreamEvent, UpstreamError>> {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    }
    let chunks: Vec<Result<Bytes, String>> = body.chunks(step).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    let reading = async {
        events(stream::iter(chunks).boxed(), Timeouts::default(), (Screen::new("main", "c1"), answers::TextAt::default())).collect().await
    };
    RUNTIME.with(|runtime| runtime.block_on(reading))
}
