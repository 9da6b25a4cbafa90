//! Who comes next: max-min fair sharing by what each was given of late.
//!
//! Who was given least comes first. What somebody was given is forgotten by half every ten minutes, so
//! whoever asks for less than a fair share never waits behind whoever asks for more, and those who
//! always ask are given the same. Parties come before their members: a network full of visitors has one
//! part. Nothing is kept of who only waited, so ten thousand new keys cost no memory.

use super::customer::{Customer, Party};
use crate::subject::Subject;
use std::collections::HashMap;
use std::hash::Hash;

/// After so many milliseconds half of what was given is forgotten.
const HALF_LIFE: f64 = 600_000.0;
/// Less than this is nothing.
const NOTHING: f64 = 0.01;
/// Shares kept before those that are nothing by now are dropped.
const SWEEP_AT: usize = 10_000;

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) ticket: u64,
    pub(super) customer: Customer,
    /// Requests it waits for.
    pub(super) cost: u32,
    /// When it has waited long enough, in milliseconds since 1970.
    pub(super) deadline: i64,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    entries: Vec<Entry>,
    parties: Shares<Party>,
    visitors: Shares<Subject>,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    pub(super) fn remove(&mut self, ticket: u64) -> Option<Entry> {
        let index = self.entries.iter().position(|entry| entry.ticket == ticket)?;
        Some(self.entries.swap_remove(index))
    }

    /// The ticket of a visitor who waits already.
    pub(super) fn ticket_of(&self, customer: &Customer) -> Option<u64> {
        let visitor = customer.visitor()?;
        self.entries.iter().find(|entry| entry.customer.visitor() == Some(visitor)).map(|entry| entry.ticket)
    }

    /// The clock was put back by so much.
    pub(super) fn put_back(&mut self, by: i64) {
        self.entries.iter_mut().for_each(|entry| entry.deadline -= by);
    }

    /// The first that has waited long enough.
    pub(super) fn expired(&self, now: i64) -> Option<u64> {
        self.entries
            .iter()
            .filter(|entry| entry.deadline <= now)
            .min_by_key(|entry| (entry.deadline, entry.ticket))
            .map(|entry| entry.ticket)
    }

    /// When the next one will have waited long enough.
    pub(super) fn next_deadline(&self) -> Option<i64> {
        self.entries.iter().map(|entry| entry.deadline).min()
    }

    /// Somebody was given so many requests.
    pub(super) fn given(&mut self, customer: &Customer, cost: u32, now: i64) {
        self.parties.add(customer.party(), cost, now);
        if let Some(visitor) = customer.visitor() {
            self.visitors.add(visitor.clone(), cost, now);
        }
    }

    /// Everybody who waits, in the order of their turns.
    pub(super) fn in_order(&self, now: i64) -> Vec<&Entry> {
        let mut members: HashMap<Party, Vec<(f64, &Entry)>> = HashMap::new();
        for entry in &self.entries {
            let given = entry.customer.visitor().map_or(0.0, |visitor| self.visitors.of(visitor, now));
            members.entry(entry.customer.party()).or_default().push((given, entry));
        }
        let mut all = Vec::with_capacity(self.entries.len());
        for (party, mut waiting) in members {
            waiting.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.ticket.cmp(&b.1.ticket)));
            let mut given_to_party = if party == Party::Operator { f64::NEG_INFINITY } else { self.parties.of(&party, now) };
            for (given, entry) in waiting {
                all.push((given_to_party, given, entry));
                given_to_party += f64::from(entry.cost);
            }
        }
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.ticket.cmp(&b.2.ticket)));
        all.into_iter().map(|(_, _, entry)| entry).collect()
    }
}

/// What each was given of late.
#[derive(Debug)]
struct Shares<K>(HashMap<K, (f64, i64)>);

impl<K> Default for Shares<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq> Shares<K> {
    fn of(&self, key: &K, now: i64) -> f64 {
        self.0.get(key).map_or(0.0, |share| faded(*share, now))
    }

    fn add(&mut self, key: K, cost: u32, now: i64) {
        if self.0.len() >= SWEEP_AT {
            self.0.retain(|_, share| faded(*share, now) > NOTHING);
        }
        let share = self.0.entry(key).or_insert((0.0, now));
        *share = (faded(*share, now) + f64::from(cost), now);
    }
}

fn faded((amount, at): (f64, i64), now: i64) -> f64 {
    amount * (-((now - at).max(0) as f64) / HALF_LIFE).exp2()
}
