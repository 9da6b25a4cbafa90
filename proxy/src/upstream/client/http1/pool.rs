//! Connections that wait for the next request, for a moment.

use super::wire::Connection;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Waker};
use std::time::Duration;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::runtime::{Handle, Id};
use tokio::time::{Instant, sleep};

/// The connections of one origin.
pub(super) struct Pool {
    kept: Duration,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// The one that has waited longest first.
    connections: Vec<Kept>,
    /// A task looks after those that have waited too long.
    is_tidied: bool,
}

struct Kept {
    since: Instant,
    /// The runtime whose loop hears of it. Used in another one, each of its bytes would have to wake that first.
    home: Option<Id>,
    connection: Connection,
}

fn here() -> Option<Id> {
    Handle::try_current().ok().map(|runtime| runtime.id())
}

impl Pool {
    /// Connections wait this long.
    pub(super) fn new(kept: Duration) -> Self {
        Self { kept, waiting: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that was used last in this runtime, if the other side has not closed it.
    pub(super) fn take(&self) -> Option<Connection> {
        let (here, mut waiting) = (here(), self.lock());
        loop {
            let last = waiting.connections.iter().rposition(|kept| kept.home == here)?;
            let Kept { since, mut connection, .. } = waiting.connections.remove(last);
            if since.elapsed() < self.kept && is_quiet(&mut connection) {
                return Some(connection);
            }
        }
    }

    /// How many wait.
    #[cfg(any(test, fuzzing))]
    pub(super) fn count(&self) -> usize {
        self.lock().connections.len()
    }

    /// Keeps a connection after a whole answer.
    pub(super) fn give(self: &Arc<Self>, connection: Connection) {
        let mut waiting = self.lock();
        waiting.connections.push(Kept { since: Instant::now(), home: here(), connection });
        if let (false, Ok(runtime)) = (waiting.is_tidied, Handle::try_current()) {
            waiting.is_tidied = true;
            runtime.spawn(tidy(Arc::downgrade(self), self.kept));
        }
    }
}

/// Closes connections that have waited too long, until there are none.
async fn tidy(pool: Weak<Pool>, kept: Duration) {
    loop {
        sleep(kept).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut waiting = pool.lock();
        waiting.connections.retain(|waits| waits.since.elapsed() < kept);
        if waiting.connections.is_empty() {
            waiting.is_tidied = false;
            return;
        }
    }
}

/// Neither closed nor saying anything: a whole answer was read, and nothing was asked since.
fn is_quiet(connection: &mut Connection) -> bool {
    let mut byte = [0];
    Pin::new(connection).poll_read(&mut Context::from_waker(Waker::noop()), &mut ReadBuf::new(&mut byte)).is_pending()
}
