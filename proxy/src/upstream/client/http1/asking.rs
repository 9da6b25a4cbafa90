//! A request on its way, and what comes back meanwhile.

use super::HEAD_PIECE;
use super::wire::Connection;
use bytes::BytesMut;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A request on a connection. Who refuses one may do so before all of it is written, and then reads no further.
pub(super) struct Asking<'a> {
    pub(super) wire: Connection,
    unsent: &'a [u8],
    writing: Writing,
    /// What was read and not taken out of here.
    pub(super) heard: BytesMut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writing {
    GoesOn,
    /// All of it has left.
    Done,
    /// It broke; what was said before that can still be read.
    Broken,
}

/// Why nothing more is read.
#[derive(Debug)]
pub(super) enum Broke {
    /// The request could not be written.
    Writing(io::Error),
    /// The answer could not be read.
    Reading(io::Error),
    /// What was read is none.
    Answer(String),
}

impl<'a> Asking<'a> {
    pub(super) fn new(wire: Connection, request: &'a [u8]) -> Self {
        Self { wire, unsent: request, writing: Writing::GoesOn, heard: BytesMut::new() }
    }

    /// Whether all of the request has left.
    pub(super) fn is_sent(&self) -> bool {
        self.writing == Writing::Done
    }

    /// From now on it is only read.
    pub(super) fn give_up_writing(&mut self) {
        self.writing = Writing::Broken;
    }

    /// Reads some more, and meanwhile writes; says how many bytes were read, which are none at the end.
    ///
    /// # Errors
    /// The first that writing or reading meets.
    pub(super) async fn hear(&mut self) -> Result<usize, Broke> {
        self.heard.reserve(HEAD_PIECE);
        poll_fn(|context| {
            if self.writing == Writing::GoesOn
                && let Poll::Ready(written) = self.poll_write(context)
            {
                written.map_err(Broke::Writing)?;
                self.writing = Writing::Done;
            }
            self.poll_read(context).map_err(Broke::Reading)
        })
        .await
    }

    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            let written = ready!(Pin::new(&mut self.wire).poll_write(context, self.unsent))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unsent = &self.unsent[written..];
        }
        Pin::new(&mut self.wire).poll_flush(context)
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut room = [0; HEAD_PIECE];
        let mut read = ReadBuf::new(&mut room);
        ready!(Pin::new(&mut self.wire).poll_read(context, &mut read))?;
        self.heard.extend_from_slice(read.filled());
        Poll::Ready(Ok(read.filled().len()))
    }
}
