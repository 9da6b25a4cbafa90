//! Requests that wait, and lines that can be cut.

use crate::platform::{Answer, Request, Unreachable};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};

/// A value that is waited for.
pub(super) struct Slot<T> {
    value: RefCell<Option<T>>,
    waker: RefCell<Option<Waker>>,
}

impl<T> Slot<T> {
    pub(super) fn new() -> Rc<Self> {
        Rc::new(Self { value: RefCell::new(None), waker: RefCell::new(None) })
    }

    pub(super) fn fill(&self, value: T) {
        self.value.replace(Some(value));
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    pub(super) fn poll(&self, context: &mut Context<'_>) -> Poll<T> {
        match self.value.take() {
            Some(value) => Poll::Ready(value),
            None => {
                self.waker.replace(Some(context.waker().clone()));
                Poll::Pending
            }
        }
    }
}

/// A request that waits for its answer.
pub(crate) struct Exchange {
    pub(crate) request: Request,
    pub(super) slot: Weak<Slot<Result<Box<dyn Answer>, Unreachable>>>,
}

impl Exchange {
    /// Whether the sender has taken it back.
    pub(crate) fn is_dropped(&self) -> bool {
        self.slot.upgrade().is_none()
    }

    /// Answers it whole.
    pub(crate) fn answer(self, status: u16, headers: &[(&str, &str)], body: &str) {
        let line = self.open(status, headers);
        line.say(body);
        line.end();
    }

    /// Nobody is reached.
    pub(crate) fn fail(self) {
        if let Some(slot) = self.slot.upgrade() {
            slot.fill(Err(Unreachable));
        }
    }

    /// Answers its head; the body follows on the line.
    pub(crate) fn open(self, status: u16, headers: &[(&str, &str)]) -> Line {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let pipe = Rc::new(Pipe { chunks: RefCell::default(), waker: RefCell::default() });
        let line = Line(Rc::downgrade(&pipe));
        if let Some(slot) = self.slot.upgrade() {
            slot.fill(Ok(Box::new(FakeAnswer { status, headers, pipe })));
        }
        line
    }
}

struct Pipe {
    chunks: RefCell<VecDeque<Result<Option<Vec<u8>>, Unreachable>>>,
    waker: RefCell<Option<Waker>>,
}

/// The proxy's end of an answer that is still being given.
pub(crate) struct Line(Weak<Pipe>);

impl Line {
    fn push(&self, chunk: Result<Option<Vec<u8>>, Unreachable>) {
        if let Some(pipe) = self.0.upgrade() {
            pipe.chunks.borrow_mut().push_back(chunk);
            if let Some(waker) = pipe.waker.take() {
                waker.wake();
            }
        }
    }

    /// Sends bytes.
    pub(crate) fn send(&self, bytes: &[u8]) {
        self.push(Ok(Some(bytes.to_vec())));
    }

    /// Sends text.
    pub(crate) fn say(&self, text: &str) {
        self.send(text.as_bytes());
    }

    /// The body is over.
    pub(crate) fn end(&self) {
        self.push(Ok(None));
    }

    /// The line breaks.
    pub(crate) fn cut(&self) {
        self.push(Err(Unreachable));
    }

    /// Whether the reader has gone away.
    pub(crate) fn is_dropped(&self) -> bool {
        self.0.upgrade().is_none()
    }
}

struct FakeAnswer {
    status: u16,
    headers: Vec<(String, String)>,
    pipe: Rc<Pipe>,
}

impl Answer for FakeAnswer {
    fn status(&self) -> u16 {
        self.status
    }

    fn header(&self, name: &str) -> Option<String> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
    }

    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Vec<u8>>, Unreachable>> {
        match self.pipe.chunks.borrow_mut().pop_front() {
            Some(chunk) => Poll::Ready(chunk),
            None => {
                self.pipe.waker.replace(Some(context.waker().clone()));
                Poll::Pending
            }
        }
    }
}
