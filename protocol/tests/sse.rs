//! The SSE codec, fed whole, byte by byte and cut at every point, over every fixture.
//!
//! A fixture is two files: `name.sse`, the bytes, and `name.events`, one JSON line per event.

use eventsource_stream::Eventsource;
use futures_util::{FutureExt, StreamExt, stream};
use proptest::prelude::*;
use std::convert::Infallible;
use std::path::Path;
use twinchat_protocol::sse::{Decoder, Event, Limits, TooLarge, encode, encode_comment, encode_retry};

fn decode<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Event> {
    let mut decoder = Decoder::default();
    let mut events = Vec::new();
    for chunk in chunks {
        decoder.feed(chunk, &mut |event| events.push(event)).unwrap();
    }
    events
}

fn fixtures() -> Vec<(String, Vec<u8>, Vec<Event>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut found: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "sse"))
        .map(|path| {
            let expected = std::fs::read_to_string(path.with_extension("events")).unwrap();
            let events = expected.lines().map(expected_event).collect();
            (path.display().to_string(), std::fs::read(&path).unwrap(), events)
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(found.len() >= 8, "the fixtures are missing");
    found
}

fn expected_event(line: &str) -> Event {
    let value: serde_json::Value = serde_json::from_str(line).unwrap();
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    Event { event: text("event"), data: text("data"), id: text("id") }
}

#[test]
fn every_fixture_decodes_whole() {
    for (name, bytes, expected) in fixtures() {
        assert_eq!(decode([&bytes[..]]), expected, "{name}");
    }
}

#[test]
fn every_fixture_decodes_byte_by_byte() {
    for (name, bytes, expected) in fixtures() {
        assert_eq!(decode(bytes.chunks(1)), expected, "{name}");
    }
}

#[test]
fn every_fixture_decodes_cut_at_every_point() {
    for (name, bytes, expected) in fixtures() {
        for cut in 0..=bytes.len() {
            assert_eq!(decode([&bytes[..cut], &bytes[cut..]]), expected, "{name} cut at {cut}");
        }
    }
}

#[test]
fn an_event_ended_by_a_lone_cr_does_not_wait_for_the_next_chunk() {
    assert_eq!(decode([&b"data: now\r\r"[..]])[0].data, "now");
}

#[test]
fn a_stream_over_its_limits_fails_and_stays_failed() {
    let limits = Limits { line: 16, event: 20 };
    let mut decoder = Decoder::new(limits);
    assert_eq!(decoder.feed(&[b'x'; 17], &mut |_| {}), Err(TooLarge::Line));
    assert_eq!(decoder.feed(b"\n\ndata: a\n\n", &mut |_| {}), Err(TooLarge::Line));
    let mut decoder = Decoder::new(limits);
    assert_eq!(decoder.feed(b"data: 12345678\ndata: 12345678\ndata: 1234\n\n", &mut |_| {}), Err(TooLarge::Event));
}

#[test]
fn the_last_event_without_its_blank_line_is_given_by_finish_only() {
    let mut decoder = Decoder::default();
    decoder.feed(b"event: complete\ndata: end", &mut |_| panic!("too early")).unwrap();
    let last = decoder.finish().unwrap();
    assert_eq!((last.event.as_str(), last.data.as_str()), ("complete", "end"));
    assert_eq!(Decoder::default().finish(), None);
}

#[test]
fn the_last_id_stays_until_the_next_and_retry_is_remembered() {
    let mut decoder = Decoder::default();
    let mut ids = Vec::new();
    decoder
        .feed(b"retry: 1500\nid: 1\ndata: a\n\ndata: b\n\nid: x\0y\ndata: c\n\nid\ndata: d\n\nretry: 1s\n\n", &mut |event| {
            ids.push(event.id);
        })
        .unwrap();
    assert_eq!(ids, ["1", "1", "1", ""]);
    assert_eq!(decoder.retry_millis(), Some(1500));
}

/// The events as `eventsource-stream` reads them, which calls one without a name `message`.
fn as_another_reader_has_it(text: &str) -> Vec<(String, String, String)> {
    let chunks = stream::iter([Ok::<_, Infallible>(text.as_bytes())]);
    let events = chunks.eventsource().map(|event| event.expect("UTF-8")).map(|event| (event.event, event.data, event.id));
    events.collect::<Vec<_>>().now_or_never().expect("all is there")
}

proptest! {
    // The other reader panics at a byte order mark, refuses damaged UTF-8, and waits for a byte after a last CR.
    #[test]
    fn another_reader_of_event_streams_reads_the_same(text in "((data|event|id|retry|x|)[: ]?[ :]?(à|[a-z0-9\0: ]){0,6}(\n|\r|\r\n|\n\n)){0,24}\n") {
        let named = |event: Event| (if event.event.is_empty() { "message".to_owned() } else { event.event }, event.data, event.id);
        let ours: Vec<_> = decode([text.as_bytes()]).into_iter().map(named).collect();
        prop_assert_eq!(ours, as_another_reader_has_it(&text));
    }

    #[test]
    fn what_is_encoded_decodes_to_the_same(
        events in prop::collection::vec(("[a-z]{0,8}", "[0-9.]{0,6}", "(?s).{0,60}"), 0..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = encode_retry(10).into_bytes();
        let mut expected = Vec::new();
        let mut last_id = String::new();
        for (event, id, data) in &events {
            bytes.extend(encode(event, id, data).bytes());
            bytes.extend(encode_comment("still here").bytes());
            if !id.is_empty() { last_id.clone_from(id); }
            let data = data.replace("\r\n", "\n").replace('\r', "\n");
            expected.push(Event { event: event.clone(), data, id: last_id.clone() });
        }
        let cut = cut.index(bytes.len());
        prop_assert_eq!(decode([&bytes[..cut], &bytes[cut..]]), expected);
    }

    #[test]
    fn any_bytes_in_any_chunks_never_panic_and_agree(bytes in prop::collection::vec(any::<u8>(), 0..300), step in 1usize..9) {
        prop_assert_eq!(decode(bytes.chunks(step)), decode([&bytes[..]]));
    }
}
