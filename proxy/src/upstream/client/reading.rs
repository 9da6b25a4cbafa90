//! An answer read as it comes, to its end or to the event that ends it, with a deadline for every silence.

use super::Timeouts;
pub(crate) use super::body::Body;
use crate::clock::Alarm;
use crate::upstream::{EventStream, UpstreamError, UpstreamEvent};
use futures_util::stream::{StreamExt, unfold};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;
use twinchat_protocol::sse::{Decoder, Event, Limits};

/// The most bytes of one line or event: room for a whole reply, escaped.
const LIMITS: Limits = Limits { line: 4 << 20, event: 4 << 20 };

/// What a piece of an answer means.
pub(crate) type Item = Result<UpstreamEvent, UpstreamError>;

/// Makes events of bytes. Nothing is asked of it after an end (`Complete` or an error).
pub(crate) trait Reader: Send + 'static {
    /// Takes these bytes in.
    fn feed(&mut self, chunk: &[u8], ready: &mut VecDeque<Item>);

    /// There are no more bytes. Without an end the upstream has broken off.
    fn finish(&mut self, ready: &mut VecDeque<Item>);
}

/// Reads a body to its end or to the event that ends it.
pub(crate) fn read(body: Body, timeouts: Timeouts, reader: impl Reader) -> EventStream<'static> {
    let first_by = after(timeouts.first_event);
    let (reader, ready, alarm) = (Some(Box::new(reader) as Box<dyn Reader>), VecDeque::new(), Alarm::at(first_by));
    let reading = Reading { body, reader, ready, first_by: Some(first_by), alarm, timeouts };
    unfold(reading, |mut reading| async move { reading.next().await.map(|item| (item, reading)) }).boxed()
}

fn after(pause: Duration) -> Instant {
    Instant::now() + pause
}

struct Reading {
    body: Body,
    /// None once the stream has ended.
    reader: Option<Box<dyn Reader>>,
    ready: VecDeque<Item>,
    /// By when the first event must have come; none once it has.
    first_by: Option<Instant>,
    /// Rings when it has been silent for too long.
    alarm: Alarm,
    timeouts: Timeouts,
}

impl Reading {
    async fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                if matches!(item, Ok(UpstreamEvent::Complete(_)) | Err(_)) {
                    self.reader = None;
                    self.ready.clear();
                }
                self.first_by = None;
                return Some(item);
            }
            let reader = self.reader.as_mut()?;
            self.alarm.set(self.first_by.unwrap_or_else(|| after(self.timeouts.idle)));
            let piece = tokio::select! {
                biased;
                piece = self.body.next() => Some(piece),
                () = self.alarm.rings() => None,
            };
            match piece {
                None => self.end_with(UpstreamError::Silent(if self.first_by.is_some() { "no first event" } else { "no further event" })),
                Some(Some(Ok(chunk))) => reader.feed(&chunk, &mut self.ready),
                Some(Some(Err(why))) => self.end_with(UpstreamError::BrokeOff(why)),
                Some(None) => {
                    reader.finish(&mut self.ready);
                    self.reader = None;
                }
            }
        }
    }

    fn end_with(&mut self, error: UpstreamError) {
        self.reader = None;
        self.ready.push_back(Err(error));
    }
}

/// What server-sent events mean, given those before.
pub(crate) trait Meaning: Send + 'static {
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
