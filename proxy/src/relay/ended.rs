//! Logs of replies that have ended, for readers who come back: for so long, and no more of them than so much memory
//! holds. The store speaks for the others.

use super::Inner;
use super::log::ReplyLog;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::time::{Instant, sleep_until};

/// The most bytes that all of them take.
const MOST: usize = 16 << 20;

/// In the order of their ends. What is erased meanwhile is not held here.
#[derive(Debug, Default)]
pub(super) struct Ended(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    logs: VecDeque<(Instant, usize, Weak<ReplyLog>)>,
    bytes: usize,
}

impl Ended {
    /// Keeps one until then; says whether it is the only one.
    fn push(&self, log: &Arc<ReplyLog>, until: Instant) -> bool {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = log.bytes();
        kept.logs.push_back((until, bytes, Arc::downgrade(log)));
        kept.bytes += bytes;
        kept.logs.len() == 1
    }

    /// Those whose time is over, and the oldest of too many.
    fn take_over(&self, now: Instant, most: usize) -> Vec<Weak<ReplyLog>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut over = Vec::new();
        while let Some((_, bytes, log)) = {
            let too_many = kept.bytes > most;
            kept.logs.pop_front_if(|(until, ..)| too_many || *until <= now)
        } {
            kept.bytes -= bytes;
            over.push(log);
        }
        over
    }

    fn next(&self) -> Option<Instant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).logs.front().map(|(until, ..)| *until)
    }
}

impl Inner {
    /// A reply has ended: its log is kept for a while.
    pub(super) fn keep_log(self: &Arc<Self>, log: &Arc<ReplyLog>) {
        let is_only = self.ended.push(log, Instant::now() + self.settings.keep);
        self.forget_logs();
        if is_only {
            let relay = Arc::clone(self);
            tokio::spawn(async move {
                while let Some(until) = relay.ended.next() {
                    sleep_until(until).await;
                    relay.forget_logs();
                }
            });
        }
    }

    fn forget_logs(&self) {
        for log in self.ended.take_over(Instant::now(), MOST).iter().filter_map(Weak::upgrade) {
            let id = &log.exchange.reply.id;
            let mut runs = self.runs();
            // It may have been begun again since.
            if runs.get(id).is_some_and(|run| Arc::ptr_eq(&run.log, &log)) {
                runs.remove(id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::tests::log_of;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn ended_logs_go_when_their_time_is_over_or_the_oldest_when_they_are_too_much() {
        let (ended, now) = (Ended::default(), Instant::now());
        let logs = [1, 2, 3].map(log_of);
        let each = logs[0].bytes();
        assert!(each > 0);
        for (log, seconds) in logs.iter().zip(1..) {
            assert_eq!(ended.push(log, now + Duration::from_secs(seconds)), seconds == 1);
        }
        let over = |seconds, most| -> Vec<_> {
            let over = ended.take_over(now + Duration::from_secs(seconds), most);
            over.iter().map(|log| logs.iter().position(|other| Arc::as_ptr(other) == log.as_ptr()).unwrap()).collect()
        };
        assert_eq!(over(0, 3 * each), [0; 0]);
        assert_eq!(over(0, 3 * each - 1), [0], "the oldest");
        assert_eq!(over(2, 3 * each), [1], "its time is over");
        assert_eq!(over(2, 0), [2]);
        assert_eq!(ended.next(), None);
    }

    #[test]
    fn a_long_text_counts() {
        let log = log_of(1);
        let before = log.bytes();
        log.delta(&"x".repeat(10_000), 1 << 20);
        assert!(log.bytes() >= before + 10_000);
    }
}
