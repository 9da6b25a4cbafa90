//! The events of one reply, in memory. Any number of readers, each with a place of its own.

use super::checkpoint::Kept;
use super::event::{Numbered, Told, event_id};
use crate::budget::Place;
use crate::config::MAX_REPLY_BYTES;
use crate::store::{Exchange, SEQ_LEAP};
use futures_util::Stream;
use std::mem::take;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::sync::Notify;
use twinchat_protocol::event::ProgressState;
use twinchat_protocol::id::EventId;
use twinchat_protocol::message::Message;

/// The most progress events kept of one reply; more are dropped, they carry no text.
const MAX_PROGRESS: usize = 1000;

/// The most deltas that are events of their own. Of a longer reply they are told in larger pieces, so
/// that the log stays in proportion to the text, and events fewer than [`SEQ_LEAP`].
const MAX_FINE: usize = 1 << 16;
/// The least bytes of such a piece.
const COARSE: usize = 128;
// The largest reply that the settings allow, in the smallest pieces.
const _: () = assert!(MAX_FINE + MAX_PROGRESS + MAX_REPLY_BYTES as usize / COARSE < SEQ_LEAP as usize);

/// The log of one reply: its whole text and where each event ends in it.
#[derive(Debug)]
pub(super) struct ReplyLog {
    /// Question and reply as they were stored when it began.
    pub(super) exchange: Exchange,
    /// Number of the first event, `accepted`.
    first: u32,
    growing: Mutex<Growing>,
    over: Notify,
    readers: AtomicUsize,
    /// The number of the next reader.
    numbers: AtomicUsize,
}

#[derive(Debug, Default)]
struct Growing {
    text: String,
    /// How much of the text the marks tell of.
    marked: usize,
    marks: Vec<Mark>,
    progress: usize,
    ended: Option<(Message, Option<u32>)>,
    waiting: Waiting,
}

/// Readers that have seen all there is: most replies have one.
#[derive(Debug, Default)]
struct Waiting {
    one: Option<(usize, Waker)>,
    others: Vec<(usize, Waker)>,
}

#[derive(Debug)]
enum Mark {
    Accepted,
    Progress(Box<(ProgressState, Option<String>)>),
    Queued(Place),
    /// Text up to this byte.
    Delta(usize),
    Ended,
}

impl ReplyLog {
    pub(super) fn new(exchange: Exchange) -> Self {
        let first = event_id(&exchange.reply).seq;
        let growing = Growing { marks: vec![Mark::Accepted], ..Growing::default() };
        Self {
            exchange,
            first,
            growing: Mutex::new(growing),
            over: Notify::new(),
            readers: AtomicUsize::new(0),
            numbers: AtomicUsize::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Growing> {
        self.growing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds text, as far as `most` bytes allow; says whether all of it went in.
    pub(super) fn delta(&self, text: &str, most: usize) -> bool {
        let mut growing = self.lock();
        let room = most.saturating_sub(growing.text.len());
        let fits = text.len() <= room;
        let text = if fits { text } else { &text[..text.floor_char_boundary(room)] };
        if !text.is_empty() {
            growing.text.push_str(text);
            if growing.marks.len() < MAX_FINE || growing.text.len() - growing.marked >= COARSE {
                growing.mark();
            }
        }
        wake(growing);
        fits
    }

    /// Adds what is going on; the same thing again is not told again.
    pub(super) fn progress(&self, state: ProgressState, text: Option<String>) {
        let mut growing = self.lock();
        let again = matches!(growing.marks.last(), Some(Mark::Progress(last)) if last.0 == state && last.1 == text);
        if again || growing.progress >= MAX_PROGRESS {
            return;
        }
        growing.progress += 1;
        growing.mark();
        growing.marks.push(Mark::Progress(Box::new((state, text))));
        wake(growing);
    }

    /// Adds the place in the upstream's line.
    pub(super) fn queued(&self, place: Place) {
        let mut growing = self.lock();
        if growing.progress < MAX_PROGRESS {
            growing.progress += 1;
            growing.mark();
            growing.marks.push(Mark::Queued(place));
        }
        wake(growing);
    }

    /// About how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        let growing = self.lock();
        let text = self.exchange.question.content.len() + growing.ended.as_ref().map_or(0, |(message, _)| message.content.len());
        size_of::<Self>() + growing.text.capacity() + text + growing.marks.capacity() * size_of::<Mark>()
    }

    /// The number its next event will have.
    pub(super) fn next_seq(&self) -> u32 {
        self.seq_of(self.lock().marks.len())
    }

    /// Ends it: nothing can be added any more.
    pub(super) fn end(&self, message: Message, retry_after: Option<u32>) {
        let mut growing = self.lock();
        growing.marks.push(Mark::Ended);
        growing.marks.shrink_to_fit();
        growing.text.shrink_to_fit();
        growing.ended = Some((message, retry_after));
        wake(growing);
        self.over.notify_waiters();
    }

    /// The text so far and the number of the last event in it.
    pub(super) fn so_far(&self) -> (String, u32) {
        let growing = self.lock();
        (growing.text[..growing.marked].to_owned(), self.seq_of(growing.marks.len() - 1))
    }

    /// What was added after what is kept, if anything was and the end is not among it: where its text begins, the text,
    /// and the number of its last event.
    pub(super) fn grown_since(&self, kept: Kept) -> Option<(usize, String, u32)> {
        let growing = self.lock();
        let last = self.seq_of(growing.marks.len() - 1);
        // What was kept before this log began is of another try.
        let start = if kept.seq < self.first { 0 } else { kept.bytes };
        let grown = growing.ended.is_none() && last > kept.seq.max(self.first);
        grown.then(|| (start, growing.text[start..growing.marked].to_owned(), last))
    }

    /// All of the text, told to its last byte: nothing is added any more but the end.
    pub(super) fn whole(&self) -> String {
        let mut growing = self.lock();
        growing.mark();
        growing.text.clone()
    }

    /// Bytes of text so far.
    pub(super) fn len(&self) -> usize {
        self.lock().text.len()
    }

    /// How it ended, if it has.
    pub(super) fn outcome(&self) -> Option<Message> {
        self.lock().ended.as_ref().map(|(message, _)| message.clone())
    }

    /// Waits for the end.
    pub(super) async fn ended(&self) -> Message {
        loop {
            // Made before it is looked, so that what comes in between is heard of.
            let over = self.over.notified();
            if let Some(message) = self.outcome() {
                return message;
            }
            over.await;
        }
    }

    /// Whether anybody is reading.
    pub(super) fn has_readers(&self) -> bool {
        self.readers.load(Ordering::Relaxed) > 0
    }

    /// Whether somebody who has seen this event may get more.
    pub(super) fn has_more(&self, seen: u32) -> bool {
        let growing = self.lock();
        growing.ended.is_none() || seen < self.seq_of(growing.marks.len() - 1)
    }

    /// A reader that has seen everything up to this event; 0 for nothing.
    pub(super) fn read(self: &Arc<Self>, seen: u32) -> ReplyReader {
        self.readers.fetch_add(1, Ordering::Relaxed);
        ReplyReader { log: self.clone(), seen, number: self.numbers.fetch_add(1, Ordering::Relaxed) }
    }

    fn seq_of(&self, index: usize) -> u32 {
        self.first.saturating_add(u32::try_from(index).unwrap_or(u32::MAX))
    }

    fn numbered(&self, index: usize, told: Told) -> Numbered {
        let reply = &self.exchange.reply;
        Numbered { id: EventId { ordinal: reply.ordinal, seq: self.seq_of(index) }, message_id: reply.id.clone(), told }
    }

    /// The next event for somebody who has seen this one; none after the last. Deltas that wait in a row become one.
    /// The reader of this number is woken when there is more.
    fn poll_find(&self, seen: u32, number: usize, context: &Context<'_>) -> Poll<Option<Numbered>> {
        let mut growing = self.lock();
        let index = seen.saturating_add(1).saturating_sub(self.first) as usize;
        if index >= growing.marks.len() {
            if growing.ended.is_some() {
                return Poll::Ready(None);
            }
            growing.waiting.add(number, context.waker());
            return Poll::Pending;
        }
        Poll::Ready(Some(self.event_at(&growing, index)))
    }

    fn event_at(&self, growing: &Growing, index: usize) -> Numbered {
        match &growing.marks[index] {
            Mark::Accepted => {
                let Exchange { question, reply } = self.exchange.clone();
                self.numbered(index, Told::Accepted { question: Box::new(question), reply: Box::new(reply) })
            }
            Mark::Progress(progress) => self.numbered(index, Told::Progress { state: progress.0, text: progress.1.clone() }),
            Mark::Queued(place) => self.numbered(index, Told::Queued(*place)),
            Mark::Delta(_) => {
                let start = growing.marks[..index].iter().rev().find_map(Mark::text_end).unwrap_or(0);
                let (more, end) = growing.marks[index..].iter().map_while(Mark::text_end).enumerate().last().unwrap_or((0, start));
                self.numbered(index + more, Told::Delta(growing.text[start..end].to_owned()))
            }
            Mark::Ended => {
                let (message, retry_after) = growing.ended.clone().unwrap_or_else(|| (self.exchange.reply.clone(), None));
                self.numbered(index, Told::Ended { message: Box::new(message), retry_after })
            }
        }
    }
}

impl Growing {
    /// Makes an event of the text that is in none.
    fn mark(&mut self) {
        if self.marked < self.text.len() {
            self.marked = self.text.len();
            self.marks.push(Mark::Delta(self.marked));
        }
    }
}

impl Waiting {
    /// Wakes this reader once there is more.
    fn add(&mut self, number: usize, waker: &Waker) {
        self.remove(number);
        match &self.one {
            None => self.one = Some((number, waker.clone())),
            Some(_) => self.others.push((number, waker.clone())),
        }
    }

    fn remove(&mut self, number: usize) {
        self.one.take_if(|(one, _)| *one == number);
        self.others.retain(|(other, _)| *other != number);
    }
}

/// Wakes those who wait, after the lock is given back: they will want it.
fn wake(mut growing: MutexGuard<'_, Growing>) {
    let Waiting { one, others } = take(&mut growing.waiting);
    drop(growing);
    one.into_iter().chain(others).for_each(|(_, waker)| waker.wake());
}

impl Mark {
    fn text_end(&self) -> Option<usize> {
        match self {
            Self::Delta(end) => Some(*end),
            _ => None,
        }
    }
}

/// A place in a log. Reading slowly or not at all holds up nobody.
#[derive(Debug)]
pub(super) struct ReplyReader {
    log: Arc<ReplyLog>,
    seen: u32,
    number: usize,
}

impl Stream for ReplyReader {
    type Item = Numbered;

    /// The next event; none after the last.
    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Numbered>> {
        let found = self.log.poll_find(self.seen, self.number, context);
        if let Poll::Ready(Some(event)) = &found {
            self.seen = event.id.seq;
        }
        found
    }
}

impl Drop for ReplyReader {
    fn drop(&mut self) {
        self.log.readers.fetch_sub(1, Ordering::Relaxed);
        self.log.lock().waiting.remove(self.number);
    }
}
