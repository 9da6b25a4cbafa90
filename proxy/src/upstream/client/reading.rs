//! An answer read as it comes, to its end or to the event that ends it, with a deadline for every silence.

use super::Timeouts;
pub(crate) use super::body::Body;
use crate::clock::Alarm;
use crate::upstream::{EventStream, UpstreamError, UpstreamEvent};
use futures_util::stream::{Stream, StreamExt};
use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::time::Instant;
use twinchat_protocol::sse::{Decoder, Event, Limits};

/// The most bytes of one line or event: room for a whole reply, escaped.
const LIMITS: Limits = Limits { line: 4 << 20, event: 4 << 20 };

/// What a piece of an answer means.
pub(crate) type Item = Result<UpstreamEvent, UpstreamError>;

/// Makes events of bytes. Nothing is asked of it after an end (`Complete` or an error).
pub(crate) trait Reader: Send + Unpin + 'static {
    /// Takes these bytes in.
    fn feed(&mut self, chunk: &[u8], ready: &mut VecDeque<Item>);

    /// There are no more bytes. Without an end the upstream has broken off.
    fn finish(&mut self, ready: &mut VecDeque<Item>);
}

/// Reads a body to its end or to the event that ends it.
pub(crate) fn read(body: Body, timeouts: Timeouts, reader: impl Reader) -> EventStream<'static> {
    let first_by = Instant::now() + timeouts.first_event;
    let ready = VecDeque::new();
    Reading { body, reader: Some(reader), ready, first_by: Some(first_by), is_waiting: false, alarm: Alarm::at(first_by), timeouts }.boxed()
}

struct Reading<R> {
    body: Body,
    /// None once the stream has ended.
    reader: Option<R>,
    ready: VecDeque<Item>,
    /// By when the first event must have come; none once it has.
    first_by: Option<Instant>,
    /// The alarm is set for the piece that comes next.
    is_waiting: bool,
    /// Rings when it has been silent for too long.
    alarm: Alarm,
    timeouts: Timeouts,
}

impl<R: Reader> Stream for Reading<R> {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Item>> {
        let this = &mut *self;
        loop {
            if let Some(item) = this.ready.pop_front() {
                if matches!(item, Ok(UpstreamEvent::Complete(_)) | Err(_)) {
                    this.reader = None;
                    this.ready.clear();
                }
                this.first_by = None;
                return Poll::Ready(Some(item));
            }
            let Some(reader) = &mut this.reader else { return Poll::Ready(None) };
            if !this.is_waiting {
                this.is_waiting = true;
                this.alarm.set(this.first_by.unwrap_or_else(|| Instant::now() + this.timeouts.idle));
            }
            let Poll::Ready(piece) = this.body.poll_next_unpin(context) else {
                ready!(this.alarm.poll(context));
                this.end_with(UpstreamError::Silent(if this.first_by.is_some() { "no first event" } else { "no further event" }));
                continue;
            };
            this.is_waiting = false;
            match piece {
                Some(Ok(chunk)) => reader.feed(&chunk, &mut this.ready),
                Some(Err(why)) => this.end_with(UpstreamError::BrokeOff(why)),
                None => {
                    reader.finish(&mut this.ready);
                    this.reader = None;
                }
            }
        }
    }
}

impl<R> Reading<R> {
    fn end_with(&mut self, error: UpstreamError) {
        self.reader = None;
        self.ready.push_back(Err(error));
    }
}

/// What server-sent events mean, given those before.
pub(crate) trait Meaning: Send + Unpin + 'static {
    /// Tells what this one means, if anything.
    fn of(&mut self, event: &Event, ready: &mut VecDeque<Item>);

    /// There are no more events.
    fn at_end(&mut self, ready: &mut VecDeque<Item>) {
        let _ = ready;
    }
}

/// Reads server-sent events.
pub(crate) struct SseReader<M> {
    decoder: Option<Decoder>,
    meaning: M,
}

impl<M: Meaning> SseReader<M> {
    /// Events with this meaning.
    pub(crate) fn new(meaning: M) -> Self {
        Self { decoder: Some(Decoder::new(LIMITS)), meaning }
    }
}

impl<M: Meaning> Reader for SseReader<M> {
    fn feed(&mut self, chunk: &[u8], ready: &mut VecDeque<Item>) {
        let Self { decoder: Some(decoder), meaning } = self else { return };
        let fed = decoder.feed(chunk, &mut |event| meaning.of(&event, ready));
        if let Err(too_large) = fed {
            ready.push_back(Err(UpstreamError::Failed(too_large.to_string())));
        }
    }

    fn finish(&mut self, ready: &mut VecDeque<Item>) {
        if let Some(last) = self.decoder.take().and_then(Decoder::finish) {
            self.meaning.of(&last, ready);
        }
        self.meaning.at_end(ready);
    }
}
