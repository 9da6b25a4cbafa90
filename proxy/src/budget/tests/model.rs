//! What the tests hold against the desk: a vault in memory, and the limiter as it is documented.

use crate::budget::customer::Customer;
use crate::budget::vault::{Entry, Vault};
use crate::budget::{Known, Limits, Saved};
use crate::store::StoreError;
use crate::subject::Subject;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;
use twinchat_protocol::id::VisitorId;

pub(super) const HOUR: i64 = 3_600_000;
pub(super) const START: i64 = 1_760_000_000_000;

pub(super) fn limits(per_hour: u32, burst: u32) -> Limits {
    Limits { per_hour, burst, signed_in_percent: 0, operator_percent: 0 }
}

pub(super) fn subject(number: usize) -> Subject {
    Subject::proven(VisitorId::from_random(&format!("visitor{number:06}")))
}

/// A visitor with a network of their own.
pub(super) fn visitor(number: usize) -> Customer {
    Customer::Anonymous(subject(number), std::net::Ipv4Addr::from_bits((number as u32) << 8).into())
}

/// Requests by number, with their time and whether they were answered, and what was learnt.
type Kept = (BTreeMap<i64, (i64, bool)>, Known);

#[derive(Debug, Default)]
pub(super) struct MemoryVault {
    pub(super) kept: Mutex<Kept>,
    /// It answers with an error.
    pub(super) is_down: AtomicBool,
    /// It does not answer until it is told to.
    pub(super) is_slow: AtomicBool,
    pub(super) go_on: Notify,
}

impl MemoryVault {
    pub(super) fn apply(&self, entry: &Entry) {
        let (requests, known) = &mut *self.kept.lock().unwrap();
        for number in &entry.spent {
            assert_eq!(requests.insert(*number, (entry.now, false)), None, "a number is given once");
        }
        for (number, at) in &entry.ended.answered {
            if let Some(request) = requests.get_mut(number) {
                *request = (*at, true);
            }
        }
        for number in &entry.ended.unsent {
            requests.remove(number);
        }
        *known = entry.known;
    }

    pub(super) fn saved(&self) -> Saved {
        let (requests, known) = &*self.kept.lock().unwrap();
        Saved { requests: requests.iter().map(|(number, (at, answered))| (*number, *at, *answered)).collect(), known: *known }
    }
}

impl Vault for MemoryVault {
    fn open<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Saved, StoreError>> {
        async { Ok(self.saved()) }.boxed()
    }

    fn write<'a>(&'a self, _: &'a str, entry: &'a Entry) -> BoxFuture<'a, Result<(), StoreError>> {
        async {
            if self.is_slow.load(Ordering::SeqCst) {
                self.go_on.notified().await;
            }
            if self.is_down.load(Ordering::SeqCst) {
                return Err(std::io::Error::other("the disk is full").into());
            }
            self.apply(entry);
            Ok(())
        }
        .boxed()
    }
}

/// Whether the documented limiter lets all of these arrivals through, whatever its windows begin with.
pub(super) fn check_arrivals(mut arrivals: Vec<i64>, limits: Limits) -> Result<(), String> {
    arrivals.sort_unstable();
    let per_hour = limits.per_hour as usize;
    for pair in arrivals.windows(per_hour + 1) {
        let span = pair[per_hour] - pair[0];
        if span < HOUR {
            return Err(format!("{} requests arrived within {span} ms", per_hour + 1));
        }
    }
    // In parts of a request, so that numbers stay whole: a request is HOUR parts, and per_hour parts come back each ms.
    let (full, mut level, mut last) = (i128::from(limits.burst) * i128::from(HOUR), 0_i128, i64::MIN / 2);
    for at in arrivals {
        level = (level + i128::from(at - last) * i128::from(limits.per_hour)).min(full) - i128::from(HOUR);
        last = at;
        if level < 0 {
            return Err(format!("the bucket lacks {:.6} of a request", -level as f64 / HOUR as f64));
        }
    }
    Ok(())
}

#[test]
fn the_model_counts_as_documented() {
    let fill = |count: i64, every: i64| (0..count).map(|index| START + index * every).collect::<Vec<_>>();
    assert_eq!(check_arrivals(fill(100, 0), limits(500, 100)), Ok(()));
    assert!(check_arrivals(fill(101, 0), limits(500, 100)).is_err());
    assert_eq!(check_arrivals(fill(5000, 7200), limits(500, 1)), Ok(()));
    assert!(check_arrivals(fill(5000, 7199), limits(500, 1)).is_err());
    let mut both = fill(100, 0);
    both.extend((1..=401).map(|index| START + index * 7200));
    assert!(check_arrivals(both, limits(500, 100)).is_err(), "the bucket alone would let 501 through");
}
