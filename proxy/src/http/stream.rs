//! Events as `text/event-stream`.
//!
//! The header and a `retry:` leave at once, before anything is known of the answer; a comment
//! follows every 15 s of silence (`server.heartbeat_seconds`). Nothing on the way may compress, store or hold back.

use super::context::Context;
use super::error::ApiError;
use crate::app::{App, StreamEnd};
use crate::budget::Place;
use crate::clock::Alarm;
use crate::metrics;
use crate::quiet::Quiet;
use crate::relay::{Numbered, Told};
use crate::subject::Subject;
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{BoxStream, Stream, StreamExt};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use serde::Serialize;
use std::convert::Infallible;
use std::io::Write;
use std::pin::Pin;
use std::task::{Context as PollContext, Poll, ready};
use std::time::Duration;
use tokio::time::Instant;
use twinchat_protocol::error::ErrorCode;
use twinchat_protocol::event::{EventKind, ProgressState, StreamEvent};
use twinchat_protocol::id::{EventId, MessageId};
use twinchat_protocol::message::{MessageStatus, Role};
use twinchat_protocol::sse;

/// How long readers wait before they come back, in milliseconds.
const RETRY: u32 = 2000;
/// The same when the server ends, so that not all come back at once: from and to.
const RETRY_AT_END: (u32, u32) = (500, 3000);
/// The same for a stream that had to make room for a newer one: soon enough for a tab that is looked
/// at again, late enough that too many tabs do not chase each other.
const RETRY_OUTNUMBERED: u32 = 60_000;
/// For the developer who wonders.
const OUTNUMBERED: &str = "too many streams of this visitor are open; the oldest ends";

struct Writer {
    events: BoxStream<'static, Numbered>,
    context: Context,
    end: Quiet<'static, StreamEnd>,
    retry_at_end: u32,
    /// How long it is silent before a comment is sent.
    heartbeat: Duration,
    /// Rings when it has been silent for so long.
    silence: Alarm,
    state: State,
    _open: metrics::Held,
}

enum State {
    Opening,
    Open,
    Over,
}

/// These events as an answer that goes on until they end, the server is told to end, the visitor's
/// token is taken back, or the visitor opens too many more.
pub(super) fn answer(app: &App, subject: &Subject, context: Context, events: BoxStream<'static, Numbered>) -> Response {
    let end = Quiet::new(app.stream_end(subject));
    let heartbeat = Duration::from_secs(app.config().server.heartbeat_seconds.into());
    let writer = Writer {
        events,
        context,
        end,
        retry_at_end: retry_at_end(app),
        heartbeat,
        silence: Alarm::at(Instant::now() + heartbeat),
        state: State::Opening,
        _open: metrics::STREAMS_OPEN.hold([]),
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform")),
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(writer)).into_response()
}

fn retry_at_end(app: &App) -> u32 {
    let mut byte = [0];
    app.dice().fill(&mut byte);
    RETRY_AT_END.0 + (RETRY_AT_END.1 - RETRY_AT_END.0) * u32::from(byte[0]) / 255
}

impl Stream for Writer {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut PollContext<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        match this.state {
            State::Opening => {
                this.state = State::Open;
                return Poll::Ready(Some(Ok(Bytes::from(sse::encode_retry(RETRY)))));
            }
            State::Over => return Poll::Ready(None),
            State::Open => {}
        }
        if let Poll::Ready(end) = this.end.poll(context) {
            this.state = State::Over;
            return Poll::Ready(this.last_words(end).map(Ok));
        }
        let bytes = match this.events.poll_next_unpin(context) {
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Ready(Some(event)) => encoded(event, &this.context),
            Poll::Pending => {
                ready!(this.silence.poll(context));
                Bytes::from(sse::encode_comment("alive"))
            }
        };
        this.silence.set(Instant::now() + this.heartbeat);
        Poll::Ready(Some(Ok(bytes)))
    }
}

impl Writer {
    fn last_words(&self, end: StreamEnd) -> Option<Bytes> {
        match end {
            StreamEnd::Closing => Some(Bytes::from(sse::encode_retry(self.retry_at_end))),
            StreamEnd::Outnumbered => Some(Bytes::from(sse::encode_comment(OUTNUMBERED) + &sse::encode_retry(RETRY_OUTNUMBERED))),
            StreamEnd::Revoked => None,
        }
    }
}

/// What of a [`StreamEvent`] a delta has; most events are one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Delta<'a> {
    #[serde(rename = "type")]
    kind: EventKind,
    message_id: &'a MessageId,
    content: &'a str,
}

/// The event's bytes, in one piece.
fn encoded(event: Numbered, context: &Context) -> Bytes {
    if let Told::Delta(content) = &event.told {
        let delta = Delta { kind: EventKind::Delta, message_id: &event.message_id, content };
        return written(event.id, (EventKind::Delta, content.len()), &delta);
    }
    let id = event.id;
    let event = on_the_wire(event, context);
    written(id, (event.kind, event.content.as_ref().map_or(0, String::len)), &event)
}

fn written(id: EventId, (kind, length): (EventKind, usize), data: &impl Serialize) -> Bytes {
    let mut bytes = Vec::with_capacity(160 + length + length / 8);
    // Writing to memory cannot fail, and the types have no maps with keys that JSON cannot have. JSON has no line ends.
    let _ = write!(bytes, "event: {}\nid: {id}\ndata: ", kind.name());
    let _ = serde_json::to_writer(&mut bytes, data);
    bytes.extend_from_slice(b"\n\n");
    Bytes::from(bytes)
}

/// The event in the reader's language.
fn on_the_wire(event: Numbered, context: &Context) -> StreamEvent {
    let of = |kind| StreamEvent::new(kind, event.message_id.clone());
    match event.told {
        Told::Accepted { question, reply } => StreamEvent {
            state: Some(ProgressState::Accepted),
            // What is handed over to people has no reply.
            message: (reply.role == Role::Assistant).then_some(*reply),
            user_message: Some(*question),
            ..of(EventKind::Progress)
        },
        Told::Progress { state, text } => StreamEvent { state: Some(state), text, ..of(EventKind::Progress) },
        Told::Queued(Place { position, eta_seconds }) => StreamEvent {
            state: Some(ProgressState::Queued),
            position: Some(position),
            eta_seconds: Some(eta_seconds),
            ..of(EventKind::Progress)
        },
        Told::Delta(text) => StreamEvent { content: Some(text), ..of(EventKind::Delta) },
        Told::Message(message) => StreamEvent { message: Some(*message), ..of(EventKind::Message) },
        Told::Ended { message, retry_after } => {
            let status = Some(message.status);
            match message.status {
                MessageStatus::Complete | MessageStatus::Stopped => {
                    StreamEvent { content: Some(message.content.clone()), status, message: Some(*message), ..of(EventKind::Complete) }
                }
                _ => {
                    let error = failure(message.error_code, retry_after).body(context);
                    StreamEvent { error: Some(error), status, message: Some(*message), ..of(EventKind::Error) }
                }
            }
        }
    }
}

/// Why a reply did not end well.
pub(super) fn failure(code: Option<ErrorCode>, retry_after: Option<u32>) -> ApiError {
    let error = ApiError::new(code.unwrap_or(ErrorCode::Internal));
    match retry_after {
        Some(seconds) => error.retry_after(seconds),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream::{once, pending};
    use tokio::time::sleep;

    /// What leaves when, with these events, in 40 seconds.
    async fn heard(events: BoxStream<'static, Numbered>) -> Vec<(u64, String)> {
        let end = async {
            sleep(Duration::from_secs(40)).await;
            StreamEnd::Closing
        };
        let heartbeat = Duration::from_secs(15);
        let mut writer = Writer {
            events,
            context: Context::default(),
            end: Quiet::new(end),
            retry_at_end: 700,
            heartbeat,
            silence: Alarm::at(Instant::now() + heartbeat),
            state: State::Opening,
            _open: metrics::STREAMS_OPEN.hold([]),
        };
        let begun = Instant::now();
        let mut heard = Vec::new();
        while let Some(Ok(bytes)) = writer.next().await {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            heard.push((begun.elapsed().as_secs(), text.lines().next().unwrap().to_owned()));
        }
        heard
    }

    fn expected(all: &[(u64, &str)]) -> Vec<(u64, String)> {
        all.iter().map(|(at, text)| (*at, (*text).to_owned())).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_bytes_leave_at_once_and_silence_is_filled_every_fifteen_seconds() {
        let all = [(0, "retry: 2000"), (15, ": alive"), (30, ": alive"), (40, "retry: 700")];
        assert_eq!(heard(pending().boxed()).await, expected(&all));
    }

    #[test]
    fn a_delta_is_written_as_any_event_is() {
        let message_id = MessageId::from_random("0000000000000001");
        let id = EventId { ordinal: 2, seq: 3 };
        let content = "a \"b\"\n\u{2028}é".to_owned();
        let event = StreamEvent { content: Some(content.clone()), ..StreamEvent::new(EventKind::Delta, message_id.clone()) };
        let written = encoded(Numbered { id, message_id, told: Told::Delta(content) }, &Context::default());
        let expected = sse::encode("delta", &id.to_string(), &serde_json::to_string(&event).unwrap());
        assert_eq!(String::from_utf8(written.to_vec()).unwrap(), expected);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_begins_anew_with_every_event() {
        let event = async {
            sleep(Duration::from_secs(10)).await;
            let message_id = twinchat_protocol::id::MessageId::from_random("0000000000000001");
            let id = twinchat_protocol::id::EventId { ordinal: 2, seq: 3 };
            Numbered { id, message_id, told: Told::Delta("a".to_owned()) }
        };
        let all = [(0, "retry: 2000"), (10, "event: delta"), (25, ": alive"), (40, "retry: 700")];
        assert_eq!(heard(once(event).chain(pending()).boxed()).await, expected(&all));
    }
}
