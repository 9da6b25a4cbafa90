//! The threads that connections are answered in.
//!
//! Each has a loop, events and timers of its own, and what begins in it stays there: a stream's words are read and
//! written by the thread that has both in its caches, and no other is woken to look for work to take over. Deliberately
//! absent: moving a connection once it is placed.

use std::io;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::{self, Handle};
use tokio::sync::oneshot;

/// How long work that cannot be interrupted, such as looking up a name, may hold up a thread's end.
const LAST_WORK: Duration = Duration::from_secs(1);

/// Where connections are answered.
#[derive(Debug)]
pub struct Workers(Vec<Worker>);

#[derive(Debug)]
struct Worker {
    runtime: Handle,
    /// Each connection that is answered here holds one.
    places: Arc<()>,
    /// Dropped, it ends the thread.
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Workers {
    /// The runtime that is running: its threads answer.
    pub fn here() -> Self {
        Self(Vec::new())
    }

    /// As many threads of their own. They end when this is dropped, and with them whatever they were doing.
    ///
    /// # Errors
    /// When the system has none.
    pub fn start(count: usize) -> io::Result<Self> {
        (1..=count).map(Worker::start).collect::<io::Result<_>>().map(Self)
    }

    /// Has this connection answered by whoever answers fewest.
    pub(super) fn answer<F>(&self, stream: TcpStream, answer: impl FnOnce(TcpStream) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let Some(least) = self.0.iter().min_by_key(|worker| Arc::strong_count(&worker.places)) else {
            tokio::spawn(answer(stream));
            return;
        };
        let place = least.places.clone();
        least.runtime.spawn(async move {
            // From now on that thread's loop hears of it.
            match stream.into_std().and_then(TcpStream::from_std) {
                Ok(stream) => answer(stream).await,
                Err(error) => tracing::error!(%error, "a connection could not be handed over"),
            }
            drop(place);
        });
    }
}

impl Worker {
    fn start(number: usize) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let (end, ended) = oneshot::channel();
        let handle = runtime.handle().clone();
        let thread = Builder::new().name(format!("worker-{number}")).spawn(move || {
            let _ = runtime.block_on(ended);
            runtime.shutdown_timeout(LAST_WORK);
        })?;
        Ok(Self { runtime: handle, places: Arc::default(), end: Some(end), thread: Some(thread) })
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(|worker| drop(worker.end.take()));
        for thread in self.0.iter_mut().filter_map(|worker| worker.thread.take()) {
            // Its panic was told when it happened.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;
    use std::thread::ThreadId;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::sync::mpsc;

    #[tokio::test]
    async fn connections_are_spread_over_the_threads_and_end_with_them() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let workers = Workers::start(2).unwrap();
        let (told, mut hear) = mpsc::unbounded_channel::<ThreadId>();
        let mut clients = Vec::new();
        for _ in 0..6 {
            let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let told = told.clone();
            workers.answer(listener.accept().await.unwrap().0, |mut stream| async move {
                told.send(std::thread::current().id()).unwrap();
                stream.write_all(b"!").await.unwrap();
                std::future::pending::<()>().await;
            });
            client.read_exact(&mut [0]).await.unwrap();
            clients.push(client);
        }
        let mut threads: HashMap<ThreadId, u32> = HashMap::new();
        while let Ok(thread) = hear.try_recv() {
            *threads.entry(thread).or_default() += 1;
        }
        assert_eq!(threads.into_values().collect::<Vec<_>>(), [3, 3]);
        drop(workers);
        for mut client in clients {
            assert_eq!(client.read(&mut [0]).await.unwrap_or(0), 0);
        }
    }

    #[tokio::test]
    async fn without_threads_of_their_own_they_are_answered_here() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let here = std::thread::current().id();
        Workers::here().answer(listener.accept().await.unwrap().0, move |mut stream| async move {
            assert_eq!(std::thread::current().id(), here);
            stream.write_all(b"!").await.unwrap();
        });
        client.read_exact(&mut [0]).await.unwrap();
    }
}
