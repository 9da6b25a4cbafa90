//! A connection that is ended so that the other side can still read the last answer.
//!
//! Whoever is refused before the whole body was read is still sending. Closing at once would make
//! the kernel reset the connection, and the caller, or a reverse proxy between, would meet that in
//! place of the answer. So our side is closed and what still comes is thrown away for a while (RFC
//! 9112 section 9.6). Here and not in a layer, so that it holds for whatever hyper itself refuses, too.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// How long a caller may go on sending.
const LONGEST: Duration = Duration::from_secs(10);
/// How long a caller may pause while it does.
const SILENCE: Duration = Duration::from_secs(2);
/// How much a caller may go on sending: twice the largest body that an owner can allow.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// A connection whose `shutdown` is over when the other side has closed as well, or has had its time.
#[derive(Debug)]
pub(super) struct Lingering<S> {
    inner: S,
    /// Once our side is closed.
    farewell: Option<Farewell>,
}

#[derive(Debug)]
struct Farewell {
    end: Instant,
    silence: Pin<Box<Sleep>>,
    bytes_left: usize,
}

impl Farewell {
    fn new() -> Self {
        let now = Instant::now();
        Self { end: now + LONGEST, silence: Box::pin(sleep_until(now + SILENCE)), bytes_left: MOST_BYTES }
    }

    /// Resolves when there is no more to wait for.
    fn poll(&mut self, inner: &mut (impl AsyncRead + Unpin), context: &mut Context<'_>) -> Poll<()> {
        let mut thrown_away = [0; 8192];
        loop {
            let mut buffer = ReadBuf::new(&mut thrown_away);
            match Pin::new(&mut *inner).poll_read(context, &mut buffer) {
                Poll::Pending => return self.silence.as_mut().poll(context),
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Ready(Ok(())) => {}
            }
            let (read, now) = (buffer.filled().len(), Instant::now());
            if read == 0 || read >= self.bytes_left || now >= self.end {
                return Poll::Ready(());
            }
            self.bytes_left -= read;
            self.silence.as_mut().reset(self.end.min(now + SILENCE));
        }
    }
}

impl<S> Lingering<S> {
    pub(super) fn new(inner: S) -> Self {
        Self { inner, farewell: None }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { inner, farewell } = &mut *self;
        if farewell.is_none() {
            ready!(Pin::new(&mut *inner).poll_shutdown(context))?;
        }
        farewell.get_or_insert_with(Farewell::new).poll(inner, context).map(Ok)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, slices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::sleep;

    fn pair() -> (Lingering<DuplexStream>, DuplexStream) {
        let (ours, theirs) = duplex(64 * 1024);
        (Lingering::new(ours), theirs)
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_still_sending_can_send_it_all_and_then_read_the_answer() {
        let (mut ours, mut theirs) = pair();
        let ending = tokio::spawn(async move {
            ours.write_all(b"no").await.unwrap();
            ours.shutdown().await.unwrap();
        });
        for _ in 0..5 {
            theirs.write_all(&[0; 1_000_000]).await.unwrap();
            sleep(Duration::from_millis(1500)).await;
        }
        let mut answer = String::new();
        theirs.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "no");
        assert!(!ending.is_finished());
        let begun = Instant::now();
        drop(theirs);
        ending.await.unwrap();
        assert_eq!(begun.elapsed(), Duration::ZERO, "who closes is not waited for");
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_and_does_not_close_is_left_soon() {
        let (mut ours, _theirs) = pair();
        let begun = Instant::now();
        ours.shutdown().await.unwrap();
        assert_eq!(begun.elapsed(), SILENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn who_never_stops_sending_is_cut_after_a_time_or_an_amount() {
        for (piece, pause, longest) in [(1, SILENCE / 2, LONGEST), (1_000_000, Duration::ZERO, Duration::ZERO)] {
            let (mut ours, mut theirs) = pair();
            let begun = Instant::now();
            let ending = tokio::spawn(async move { ours.shutdown().await.map(|()| begun.elapsed()) });
            while theirs.write_all(&vec![0; piece]).await.is_ok() {
                sleep(pause).await;
            }
            assert_eq!(ending.await.unwrap().unwrap(), longest);
        }
    }
}
