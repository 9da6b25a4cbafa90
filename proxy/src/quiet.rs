//! A future that waits beside something that is polled often: it is asked only when it has something to say.
//!
//! Of an answer that comes in words, every word would else ask anew whether the server ends, whether the token was
//! taken back, whether somebody stops the reply; and each of them looks at what all streams share.

use futures_util::task::AtomicWaker;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// A future that may be polled at any time, at next to no cost while nothing has woken it.
pub(crate) struct Quiet<'a, T> {
    future: Pin<Box<dyn Future<Output = T> + Send + 'a>>,
    bell: Arc<Bell>,
}

struct Bell {
    rung: AtomicBool,
    /// Who polls.
    listener: AtomicWaker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.listener.wake();
    }
}

impl<'a, T> Quiet<'a, T> {
    /// Asks this future when it has to be asked.
    pub(crate) fn new(future: impl Future<Output = T> + Send + 'a) -> Self {
        Self { future: Box::pin(future), bell: Arc::new(Bell { rung: AtomicBool::new(true), listener: AtomicWaker::new() }) }
    }

    /// As a future's. Not to be called again once it is ready.
    pub(crate) fn poll(&mut self, context: &Context<'_>) -> Poll<T> {
        // Made known before it is looked, so that what comes in between is heard of.
        self.bell.listener.register(context.waker());
        if !self.bell.rung.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        self.bell.rung.store(false, Ordering::Release);
        let waker = Waker::from(self.bell.clone());
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }
}

impl<T> fmt::Debug for Quiet<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Quiet(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::task::noop_waker;
    use std::future::poll_fn;
    use std::sync::atomic::AtomicUsize;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn it_is_asked_once_and_then_only_when_it_was_woken() {
        let (say, hear) = oneshot::channel();
        let asked = Arc::new(AtomicUsize::new(0));
        let (count, mut hear) = (asked.clone(), Box::pin(hear));
        let mut quiet = Quiet::new(poll_fn(move |context| {
            count.fetch_add(1, Ordering::Relaxed);
            hear.as_mut().poll(context)
        }));
        for _ in 0..5 {
            assert!(quiet.poll(&Context::from_waker(&noop_waker())).is_pending());
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        say.send(7).unwrap();
        assert_eq!(poll_fn(|context| quiet.poll(context)).await, Ok(7));
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn whoever_polled_last_is_woken() {
        let (say, hear) = oneshot::channel::<()>();
        let mut quiet = Quiet::new(hear);
        assert!(quiet.poll(&Context::from_waker(&noop_waker())).is_pending());
        let waiting = tokio::spawn(async move { poll_fn(|context| quiet.poll(context)).await });
        tokio::task::yield_now().await;
        say.send(()).unwrap();
        assert_eq!(waiting.await.unwrap(), Ok(()));
    }
}
