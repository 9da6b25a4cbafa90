use super::Inner;
use super::log::ReplyLog;
use crate::subject::Subject;
use std::sync::Arc;
use tokio::sync::watch;

/// What the task of a reply is wished to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    GoOn,
    Stop,
    Interrupt,
}

/// A reply, its events and how to reach its task.
pub(super) struct Run {
    pub(super) subject: Subject,
    pub(super) log: Arc<ReplyLog>,
    pub(super) wish: watch::Sender<Wish>,
}

/// A reply that is being written or not yet kept, for as long as this lives.
pub(super) struct Active(Arc<Inner>);

impl Active {
    pub(super) fn new(relay: &Arc<Inner>) -> Self {
        relay.active.send_modify(|active| *active += 1);
        Self(relay.clone())
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active.send_modify(|active| *active -= 1);
    }
}

impl Run {
    /// The first wish counts.
    pub(super) fn ask(&self, wish: Wish) {
        self.wish.send_if_modified(|now| {
            let first = *now == Wish::GoOn;
            if first {
                *now = wish;
            }
            first
        });
    }
}
