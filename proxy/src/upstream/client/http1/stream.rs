//! A body as it comes. While nothing comes, no memory is kept for what will.

use super::super::body::BROKEN;
use super::body::{Decoder, Garbled};
use super::pool::Pool;
use super::wire::Connection;
use bytes::Bytes;
use futures_util::Stream;
use std::fmt::Display;
use std::mem::{MaybeUninit, take};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, ReadBuf};

/// As much is read at once. A read that does not fill it was all there is, so that nobody asks again to hear that.
const PIECE: usize = 8 << 10;

/// A body. Dropping it closes the connection, unless its end is already there.
pub(super) struct Coming {
    /// None after the end.
    wire: Option<Connection>,
    decoder: Decoder,
    /// What came with the head.
    first: Vec<u8>,
    /// Where the connection goes afterwards, if it can be used again.
    pool: Option<Arc<Pool>>,
    /// What came after the last text and cannot be read.
    garbled: Option<Garbled>,
}

impl Coming {
    /// What follows `first` on this connection.
    pub(super) fn new(wire: Connection, decoder: Decoder, first: Vec<u8>, pool: Option<Arc<Pool>>) -> Self {
        let mut coming = Self { wire: Some(wire), decoder, first, pool, garbled: None };
        if coming.first.is_empty() {
            coming.end_if_all_is_there(true);
        }
        coming
    }

    /// The text in these bytes; none when there is none.
    fn text(&mut self, bytes: &[u8]) -> Option<Result<Bytes, String>> {
        let mut text = Vec::with_capacity(bytes.len());
        match self.decoder.feed(bytes, &mut text) {
            Ok(used) => self.end_if_all_is_there(used == bytes.len()),
            Err(garbled) => {
                self.wire = None;
                self.garbled = Some(garbled);
            }
        }
        if text.is_empty() { self.garbled.take().map(|garbled| Err(broken(&garbled))) } else { Some(Ok(Bytes::from(text))) }
    }

    /// `clean`: nothing was said after the end.
    fn end_if_all_is_there(&mut self, clean: bool) {
        if self.decoder.is_ended()
            && let (Some(wire), Some(pool), true) = (self.wire.take(), &self.pool, clean)
        {
            pool.give(wire);
        }
    }
}

impl Stream for Coming {
    type Item = Result<Bytes, String>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let first = take(&mut this.first);
        if let Some(text) = Some(first).filter(|first| !first.is_empty()).and_then(|first| this.text(&first)) {
            return Poll::Ready(Some(text));
        }
        while let Some(wire) = &mut this.wire {
            let mut room = [MaybeUninit::uninit(); PIECE];
            let mut read = ReadBuf::uninit(&mut room);
            let done = ready!(Pin::new(wire).poll_read(context, &mut read));
            let closed = read.filled().is_empty().then(|| this.decoder.close());
            let end = match (done, closed) {
                (Err(error), _) => Err(broken(&error)),
                (Ok(()), Some(closed)) => closed.map_err(|short| broken(&short)),
                (Ok(()), None) => match this.text(read.filled()) {
                    None => continue,
                    text => return Poll::Ready(text),
                },
            };
            this.wire = None;
            return Poll::Ready(end.err().map(Err));
        }
        Poll::Ready(this.garbled.take().map(|garbled| Err(broken(&garbled))))
    }
}

fn broken(why: &dyn Display) -> String {
    format!("{BROKEN}: {why}")
}

impl Drop for Coming {
    /// The last word of an answer and its end often arrive together, and who has the word looks no further.
    fn drop(&mut self) {
        if self.wire.is_some() && self.pool.is_some() {
            let _ = Pin::new(self).poll_next(&mut Context::from_waker(Waker::noop()));
        }
    }
}
