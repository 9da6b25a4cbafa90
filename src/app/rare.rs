//! The code that few visitors need: fetched when one does (`platform::rare`).

use super::{App, Inner, put};
use crate::platform::rare::{self, Later, Missing, Rare};
use crate::state::{Connection, Problem};
use std::rc::Rc;

impl App {
    /// Whether it is there. If not, it is fetched, once there is a line, and again whenever the line has changed; the visitor is told
    /// if it cannot be had.
    pub fn has_rare(&self) -> bool {
        let is_there = self.signals.rare.get();
        if !is_there && self.signals.connection.get() != Connection::Offline {
            self.with(|inner| inner.spawn_rare(|| async {}));
        }
        is_there
    }

    /// The visitor is about to need it, or not.
    pub fn expect_rare(&self) {
        self.with(|inner| {
            let this = inner.clone();
            inner.platform.clock.spawn(Box::pin(async move {
                // Whoever needs it hears of it.
                let _ = this.fetch_rare().await;
            }));
        });
    }
}

impl Inner {
    /// Lets something run as `spawn` does, where that needs it. Tells the visitor if it cannot be had.
    pub(super) fn spawn_rare<F: Future<Output = ()> + 'static>(self: &Rc<Self>, begin: impl FnOnce() -> F + 'static) {
        self.spawn_later(Box::new(Rare(begin)));
    }

    #[inline(never)]
    fn spawn_later(self: &Rc<Self>, later: Box<dyn Later<()>>) {
        let (this, epoch) = (self.clone(), self.epoch.get());
        // Not by `spawn`: another visitor needs it as well, and does not ask again while it is on its way.
        self.platform.clock.spawn(Box::pin(async move {
            let fetched = this.fetch_rare().await;
            if this.alive.get() && this.epoch.get() == epoch {
                match fetched {
                    Ok(()) => this.spawn_boxed(later.begin()),
                    Err(missing) => this.report(problem(missing)),
                }
            }
        }));
    }

    async fn fetch_rare(&self) -> Result<(), Missing> {
        put(self.signals.rare_missing, None);
        let result = rare::fetch().await;
        put(self.signals.rare, result.is_ok());
        put(self.signals.rare_missing, result.err().map(problem));
        result
    }
}

fn problem(missing: Missing) -> Problem {
    match missing {
        Missing::Unreachable => Problem::own("NETWORK"),
        Missing::Gone => Problem { retryable: false, ..Problem::own("LOAD_FAILED") },
    }
}
