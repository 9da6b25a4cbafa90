//! What was asked of the emulator, for tests to read back. Holds no key, token or message text.

use serde::Serialize;
use std::sync::Mutex;

/// Older entries are dropped beyond this many.
const KEPT: usize = 10_000;

/// How the answer's body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It is still being sent.
    Open,
    /// All of it was sent.
    Done,
    /// A fault ended it early.
    Cut,
    /// The client closed the connection before the end.
    ClientLeft,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its number, from 1.
    pub number: u64,
    /// When it came, RFC 3339 in UTC.
    pub at: String,
    /// Its method.
    pub method: String,
    /// Its path with the query.
    pub path: String,
    /// Which credential header it had: `authorization`, `x-api-key`, `both` or `none`.
    pub auth: &'static str,
    /// The first eight hex digits of the credential's SHA-256, to tell two apart.
    pub key_fingerprint: Option<String>,
    /// The first sixteen hex digits of the body's SHA-256, to tell whether the same was sent twice.
    pub body_fingerprint: Option<String>,
    /// Whether the credential is the emulator's `full_access` demo key.
    pub saw_key: bool,
    /// Where that key stood: header names, `path`, `body`. Anything but one `authorization` or `x-api-key` is a leak.
    pub key_in: Vec<String>,
    /// The answer's status; 0 while there is none.
    pub status: u16,
    /// Faults that were applied to it, by their `kind`.
    pub faults: Vec<&'static str>,
    /// Bytes of the answer's body sent so far.
    pub bytes: u64,
    /// How the answer's body ended.
    pub ending: Ending,
}

/// The log.
#[derive(Debug, Default)]
pub(crate) struct Log {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    last: u64,
    entries: Vec<Entry>,
}

impl Log {
    /// Adds an entry and gives it its number.
    pub(crate) fn add(&self, mut entry: Entry) -> u64 {
        let mut inner = self.lock();
        inner.last += 1;
        entry.number = inner.last;
        if inner.entries.len() >= KEPT {
            inner.entries.remove(0);
        }
        inner.entries.push(entry);
        inner.last
    }

    /// Changes the entry with this number, if it is still there.
    pub(crate) fn change(&self, number: u64, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.lock().entries.iter_mut().rev().find(|entry| entry.number == number) {
            change(entry);
        }
    }

    /// The entries after this number, oldest first.
    pub(crate) fn after(&self, number: u64) -> Vec<Entry> {
        self.lock().entries.iter().filter(|entry| entry.number > number).cloned().collect()
    }

    /// Forgets the entries; numbers start again at 1.
    pub(crate) fn clear(&self) {
        *self.lock() = Inner::default();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
