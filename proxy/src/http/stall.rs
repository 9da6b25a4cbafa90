//! A connection that is cut when the other side takes nothing in.
//!
//! A reader that never reads would else hold its buffers for as long as the connection lives. Only
//! waiting for room to write counts: who is silent because there is nothing to say is not meant.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// As many bytes are put together before they are written.
const SHORT: usize = 1024;

/// A connection whose writes fail with `TimedOut` after nothing could be written for so long.
#[derive(Debug)]
pub(super) struct Impatient<S> {
    inner: S,
    patience: Duration,
    /// Runs while a write waits.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S: AsyncWrite + Unpin> Impatient<S> {
    pub(super) fn new(inner: S, patience: Duration) -> Self {
        Self { inner, patience, waiting: None }
    }

    fn write<T>(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(done) = write(Pin::new(&mut self.inner), context) {
            self.waiting = None;
            return Poll::Ready(done);
        }
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + self.patience)));
        ready!(waiting.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the caller takes nothing in")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Impatient<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Impatient<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.write(context, |inner, context| inner.poll_write(context, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write(context, AsyncWrite::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write(context, AsyncWrite::poll_shutdown)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        // An event is three short pieces: its chunk's size, itself, a line's end. Put together they cost the kernel less.
        let length: usize = slices.iter().map(|slice| slice.len()).sum();
        if slices.len() > 1 && length <= SHORT {
            let (mut together, mut at) = ([0; SHORT], 0);
            for slice in slices {
                together[at..at + slice.len()].copy_from_slice(slice);
                at += slice.len();
            }
            return self.write(context, |inner, context| inner.poll_write(context, &together[..length]));
        }
        self.write(context, |inner, context| inner.poll_write_vectored(context, slices))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    const PATIENCE: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_in_is_given_up_after_the_patience_and_not_before() {
        let (ours, _theirs) = duplex(16);
        let mut ours = Impatient::new(ours, PATIENCE);
        let begun = Instant::now();
        let error = ours.write_all(&[0; 17]).await.unwrap_err();
        assert_eq!((error.kind(), begun.elapsed().as_secs()), (io::ErrorKind::TimedOut, 30));
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_in_a_little_now_and_then_is_waited_for() {
        let (ours, mut theirs) = duplex(16);
        let mut ours = Impatient::new(ours, PATIENCE);
        let reading = tokio::spawn(async move {
            let mut read = 0;
            while read < 96 {
                tokio::time::sleep(PATIENCE - Duration::from_secs(1)).await;
                read += theirs.read(&mut [0; 8]).await.unwrap();
            }
        });
        ours.write_all(&[0; 96]).await.unwrap();
        reading.await.unwrap();
    }

    /// Writes down what it is given: in how many pieces, and all of it.
    #[derive(Default)]
    struct Given(Vec<(usize, Vec<u8>)>);

    impl AsyncWrite for Given {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            self.0.push((1, bytes.to_vec()));
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_write_vectored(mut self: Pin<&mut Self>, _: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
            let all = slices.iter().flat_map(|slice| slice.to_vec()).collect::<Vec<_>>();
            let length = all.len();
            self.0.push((slices.len(), all));
            Poll::Ready(Ok(length))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn short_pieces_leave_together_and_long_ones_as_they_are() {
        let (short, long) = ("x".repeat(SHORT - 10), "x".repeat(SHORT));
        for (text, together) in [("alive", 1), (short.as_str(), 1), (long.as_str(), 3)] {
            let pieces = ["400\r\n", text, "\r\n"];
            let mut ours = Impatient::new(Given::default(), PATIENCE);
            let slices = pieces.map(|piece| io::IoSlice::new(piece.as_bytes()));
            assert_eq!(ours.write_vectored(&slices).await.unwrap(), pieces.concat().len());
            assert_eq!(ours.inner.0, [(together, pieces.concat().into_bytes())]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_no_stall() {
        let (ours, mut theirs) = duplex(16);
        let mut ours = Impatient::new(ours, PATIENCE);
        for _ in 0..3 {
            ours.write_all(b"alive").await.unwrap();
            theirs.read_exact(&mut [0; 5]).await.unwrap();
            tokio::time::sleep(10 * PATIENCE).await;
        }
    }
}
