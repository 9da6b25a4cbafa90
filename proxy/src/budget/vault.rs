use super::limits::{Known, Saved};
use crate::store::{self, Store, StoreError};
use futures_util::future::{BoxFuture, FutureExt};
use std::fmt;

/// What became of requests that were written down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ended {
    /// Answered, and when.
    pub answered: Vec<(i64, i64)>,
    /// Never sent.
    pub unsent: Vec<i64>,
}

/// What is to be written down, all or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// The time, in milliseconds since 1970.
    pub now: i64,
    /// Requests that are spent with this.
    pub spent: Vec<i64>,
    /// Earlier ones of which more is known.
    pub ended: Ended,
    /// What was learnt.
    pub known: Known,
}

/// Where ledgers outlive the process.
pub trait Vault: fmt::Debug + Send + Sync {
    /// What was written down in the last hour.
    fn open<'a>(&'a self, ledger: &'a str) -> BoxFuture<'a, Result<Saved, StoreError>>;

    /// Writes down. When this is done, not even a killed process forgets it.
    fn write<'a>(&'a self, ledger: &'a str, entry: &'a Entry) -> BoxFuture<'a, Result<(), StoreError>>;
}

impl Vault for Store {
    fn open<'a>(&'a self, ledger: &'a str) -> BoxFuture<'a, Result<Saved, StoreError>> {
        async move {
            let saved = self.ledger(ledger).await?;
            let requests = saved.requests.into_iter().map(|request| (request.number, request.at, request.answered)).collect();
            let known = saved.known.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
            Ok(Saved { requests, known })
        }
        .boxed()
    }

    fn write<'a>(&'a self, ledger: &'a str, entry: &'a Entry) -> BoxFuture<'a, Result<(), StoreError>> {
        async move {
            // A flat struct of numbers, so this cannot fail.
            let known = serde_json::to_string(&entry.known).unwrap_or_default();
            let change = store::LedgerChange {
                now: entry.now,
                spent: &entry.spent,
                answered: &entry.ended.answered,
                unsent: &entry.ended.unsent,
                known: &known,
                forget_before: entry.now - 2 * super::ledger::WINDOW,
            };
            self.change_ledger(ledger, &change).await
        }
        .boxed()
    }
}

/// Keeps nothing.
#[derive(Debug)]
pub(super) struct Nowhere;

impl Vault for Nowhere {
    fn open<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Saved, StoreError>> {
        async { Ok(Saved::default()) }.boxed()
    }

    fn write<'a>(&'a self, _: &'a str, _: &'a Entry) -> BoxFuture<'a, Result<(), StoreError>> {
        async { Ok(()) }.boxed()
    }
}
