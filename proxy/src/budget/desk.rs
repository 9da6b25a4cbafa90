//! Ledger and queue together: everything that is decided, and nothing that is done. Pure.

use super::customer::Customer;
use super::ledger::{Ledger, Pool};
use super::limits::{Limits, Saved};
use super::queue::{Entry, Queue};
use super::refusal::seconds;

/// The most that wait at once.
const MOST_WAITING: usize = 2_000;
/// The longest the owner's own requests wait, in milliseconds: a list that is old is better than none yet.
const OPERATOR_PATIENCE: i64 = 5_000;

/// A place in line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub position: u32,
    /// Seconds until it is their turn, as far as can be told.
    pub eta_seconds: u32,
}

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It is this one's turn, with these requests.
    Serve { ticket: u64, numbers: Vec<i64> },
    /// This one has waited long enough.
    GiveUp { ticket: u64, retry_after: u32 },
    /// Nothing for so many milliseconds, or until somebody comes.
    Rest(Option<i64>),
}

#[derive(Debug)]
pub(super) struct Desk {
    pub(super) ledger: Ledger,
    queue: Queue,
    /// The longest anybody waits, in milliseconds.
    patience: i64,
    next_ticket: u64,
}

impl Desk {
    pub(super) fn open(limits: Limits, patience: i64, saved: &Saved, now: i64) -> Self {
        Self { ledger: Ledger::restore(limits, saved, now), queue: Queue::default(), patience, next_ticket: 1 }
    }

    /// Stands in line for so many requests at once.
    ///
    /// # Errors
    /// When the turn would not come in time, or the visitor stands there already; with the seconds
    /// until another try makes sense.
    pub(super) fn join(&mut self, customer: &Customer, cost: u32, now: i64) -> Result<u64, u32> {
        self.advance(now);
        if let Some(ticket) = self.queue.ticket_of(customer) {
            return Err(self.eta(ticket).map_or(1, seconds));
        }
        let patience = if *customer == Customer::Operator { self.patience.min(OPERATOR_PATIENCE) } else { self.patience };
        let ticket = self.next_ticket;
        let cost = cost.clamp(1, self.ledger.most_at_once());
        self.queue.push(Entry { ticket, customer: customer.clone(), cost, deadline: now + patience });
        let eta = self.eta(ticket).unwrap_or(0);
        if eta > patience || self.queue.len() > MOST_WAITING {
            self.queue.remove(ticket);
            return Err(seconds(eta));
        }
        self.next_ticket += 1;
        Ok(ticket)
    }

    /// Spends at once what nobody waits for, as long as a quarter is left for whoever comes next.
    pub(super) fn spare(&mut self, cost: u32, now: i64) -> Option<Vec<i64>> {
        self.advance(now);
        let left_alone = self.ledger.most_at_once() / 4;
        let spare = self.queue.len() == 0 && self.ledger.has(cost.saturating_add(left_alone), Pool::Common);
        spare.then(|| self.ledger.spend(cost, Pool::Common))
    }

    /// Lets time go on. A clock that was put back takes everybody's deadline back with it.
    pub(super) fn advance(&mut self, now: i64) {
        self.queue.put_back((self.ledger.now() - now).max(0));
        self.ledger.advance(now);
    }

    /// Leaves the line.
    pub(super) fn leave(&mut self, ticket: u64) {
        self.queue.remove(ticket);
    }

    /// Decides what is next. Whom the common part cannot serve holds up all after them, so that the
    /// dear are not overtaken by the cheap for ever; past them goes only what was set aside.
    pub(super) fn next(&mut self, now: i64) -> Step {
        self.advance(now);
        let mut held_up = false;
        let mut turn = None;
        for entry in self.queue.in_order(now) {
            held_up = held_up || !self.ledger.has(entry.cost, Pool::Common);
            let pool = if held_up { own_pool(&entry.customer) } else { Some(Pool::Common) };
            if let Some(pool) = pool.filter(|pool| self.ledger.has(entry.cost, *pool)) {
                turn = Some((entry.ticket, pool));
                break;
            }
        }
        if let Some((ticket, pool)) = turn
            && let Some(entry) = self.queue.remove(ticket)
        {
            self.queue.given(&entry.customer, entry.cost, now);
            return Step::Serve { ticket, numbers: self.ledger.spend(entry.cost, pool) };
        }
        if let Some(ticket) = self.queue.expired(now) {
            let retry_after = self.eta(ticket).map_or(1, seconds);
            self.queue.remove(ticket);
            return Step::GiveUp { ticket, retry_after };
        }
        Step::Rest(self.rest())
    }

    /// Milliseconds until something can change by itself.
    fn rest(&self) -> Option<i64> {
        let now = self.ledger.now();
        let by_deadline = self.queue.next_deadline()? - now;
        let first_turn = self.turns().map(|(_, eta)| eta).min().unwrap_or(by_deadline);
        Some(by_deadline.min(first_turn).max(1))
    }

    /// Everybody's ticket and the milliseconds until their turn, in order.
    fn turns(&self) -> impl Iterator<Item = (u64, i64)> {
        let mut ahead = 0_u32;
        self.queue.in_order(self.ledger.now()).into_iter().map(move |entry| {
            ahead = ahead.saturating_add(entry.cost);
            let common = self.ledger.wait(ahead, Pool::Common);
            let own = own_pool(&entry.customer).map(|pool| self.ledger.wait(entry.cost, pool));
            (entry.ticket, own.map_or(common, |own| own.min(common)))
        })
    }

    fn eta(&self, ticket: u64) -> Option<i64> {
        self.turns().find(|(other, _)| *other == ticket).map(|(_, eta)| eta)
    }

    /// Everybody's place.
    pub(super) fn places(&self) -> Vec<(u64, Place)> {
        let place = |(index, (ticket, eta))| {
            let position = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
            (ticket, Place { position, eta_seconds: seconds(eta) })
        };
        self.turns().enumerate().map(place).collect()
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }
}

/// What is set aside for such a customer.
fn own_pool(customer: &Customer) -> Option<Pool> {
    match customer {
        Customer::Operator => Some(Pool::Operator),
        Customer::SignedIn(_) => Some(Pool::SignedIn),
        Customer::Anonymous(..) => None,
    }
}
