//! The SSE decoder: however a stream is cut, the events are the same; its limits hold; and it reads
//! what two other readers read, where those follow the standard.
#![no_main]

use bytes::Bytes;
use eventsource_stream::Eventsource;
use futures_util::{FutureExt, StreamExt, stream};
use std::convert::Infallible;
use twinchat_protocol::sse::{Decoder, Event, Limits};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&first, body)) = data.split_first() else { return };
    let step = usize::from(first) + 1;
    let whole = decode(Limits::default(), [body]).expect("far below the default limits");
    assert_eq!(decode(Limits::default(), body.chunks(step)).as_ref(), Some(&whole), "in chunks of {step}");
    assert_eq!(decode(Limits::default(), body.chunks(1)).as_ref(), Some(&whole), "byte by byte");
    narrow(body, step);
    others(body);
});

/// All events, the one that the end cuts off included; none when a limit was passed.
fn decode<'a>(limits: Limits, chunks: impl IntoIterator<Item = &'a [u8]>) -> Option<Vec<Event>> {
    let mut decoder = Decoder::new(limits);
    let mut events = Vec::new();
    for chunk in chunks {
        decoder.feed(chunk, &mut |event| events.push(event)).ok()?;
    }
    events.extend(decoder.finish());
    Some(events)
}

/// Small limits: no event is larger than they say, and cuts do not matter either.
fn narrow(body: &[u8], step: usize) {
    let limits = Limits { line: 24, event: 40 };
    let mut decoder = Decoder::new(limits);
    // Damaged bytes become U+FFFD, which is three times as long.
    let most = 3 * limits.event;
    let fed = decoder.feed(body, &mut |event| {
        assert!(event.data.len() <= most && event.event.len() <= 3 * limits.line && event.id.len() <= 3 * limits.line);
    });
    let mut pieces = Decoder::new(limits);
    let in_pieces = body.chunks(step).map(|chunk| pieces.feed(chunk, &mut |_| {})).collect::<Vec<_>>();
    assert_eq!(in_pieces.iter().find(|fed| fed.is_err()).copied().unwrap_or(Ok(())), fed);
    if let Some(failed) = in_pieces.iter().position(Result::is_err) {
        assert!(in_pieces[failed..].iter().all(|later| *later == fed), "what failed stays failed");
    }
}

/// `eventsource-stream` gives up at damaged UTF-8 and at a byte order mark, and waits for a byte after a
/// last CR; both call an event without a name `message`, and `sseer` keeps an event's name when a
/// bare `event` line takes it back.
fn others(body: &[u8]) {
    if std::str::from_utf8(body).is_err() || body.starts_with(b"\xef\xbb\xbf") || body.ends_with(b"\r") {
        return;
    }
    let mut ours = Vec::new();
    let mut decoder = Decoder::default();
    decoder.feed(body, &mut |event| ours.push(event)).expect("far below the default limits");
    let ours: Vec<_> = ours.into_iter().map(|event| (named(&event.event), event.data, event.id)).collect();

    let theirs = stream::iter([Ok::<_, Infallible>(Bytes::copy_from_slice(body))]).eventsource();
    let theirs = theirs.map(|event| event.expect("UTF-8")).map(|event| (event.event, event.data, event.id));
    assert_eq!(theirs.collect::<Vec<_>>().now_or_never().expect("all is there"), ours, "eventsource-stream");

    let lines = body.split(|byte| matches!(byte, b'\n' | b'\r'));
    if lines.clone().any(|line| line == b"event") {
        return;
    }
    let theirs = sseer::EventStream::new(stream::iter([Ok::<_, Infallible>(Bytes::copy_from_slice(body))]));
    let theirs = theirs.map(|event| event.expect("UTF-8"));
    let theirs = theirs.map(|event| (event.event.to_string(), event.data.to_string(), event.id.to_string()));
    let theirs = theirs.collect::<Vec<_>>().now_or_never().expect("all is there");
    assert_eq!(theirs, ours, "sseer");
}

fn named(event: &str) -> String {
    if event.is_empty() { "message" } else { event }.to_owned()
}
