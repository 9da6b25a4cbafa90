//! One upstream's way to its account, with its breaker.

use super::account::{Account, Spent, Waiting};
use super::breaker::{Breaker, Kind, News, Outcome, Trial};
use super::customer::Customer;
use super::desk::Place;
use super::limits::Budget;
use super::refusal::Refusal;
use crate::clock::Clock;
use crate::metrics;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Through which an upstream is asked, or not. Cheap to clone.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    name: String,
    account: Arc<Account>,
    breaker: Mutex<Breaker>,
    clock: Arc<dyn Clock>,
}

impl Gate {
    /// The gate of the upstream with this name.
    pub fn new(name: &str, account: Arc<Account>, clock: Arc<dyn Clock>) -> Self {
        metrics::BREAKER_STATE.set([name], 0.0);
        Self(Arc::new(Inner { name: name.to_owned(), account, breaker: Mutex::default(), clock }))
    }

    /// The account it pays from.
    pub fn account(&self) -> &Account {
        &self.0.account
    }

    /// Stands in line for so many requests at once.
    ///
    /// # Errors
    /// At once, when the upstream is not asked for now, or the turn would not come in time.
    pub fn join(&self, customer: Customer, requests: u32) -> Result<Turn, Refusal> {
        let joined = self.breaker().check(kind_of(&customer), self.0.clock.now_millis());
        let joined = joined.and_then(|()| self.0.account.join(&customer, requests));
        let waiting = joined.inspect_err(|refusal| metrics::BUDGET_REFUSED.count([&self.0.name, refusal.kind()]))?;
        Ok(Turn { gate: self.clone(), customer, waiting })
    }

    /// For the owner's own requests.
    pub fn operator(&self) -> Fare {
        Fare { gate: self.clone(), customer: Customer::Operator, spent: Mutex::default() }
    }

    /// For a look that can wait: one request that nobody else wants, or none. Never stands in line.
    pub async fn spare(&self) -> Option<Fare> {
        self.breaker().check(Kind::Read, self.0.clock.now_millis()).ok()?;
        let spent = self.0.account.spare().await?;
        Some(Fare { gate: self.clone(), customer: Customer::Operator, spent: Mutex::new(vec![spent]) })
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.0.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, of: (Kind, Trial), outcome: Outcome) {
        let now = self.0.clock.now_millis();
        let mut breaker = self.breaker();
        let news = breaker.record(of, outcome, now);
        metrics::BREAKER_STATE.set([&self.0.name], breaker.state(now));
        drop(breaker);
        let upstream = self.0.name.as_str();
        match news {
            Some(News::LeftAlone) => {
                tracing::error!(upstream, "THIS UPSTREAM FAILS: half of the last requests. It is left alone for a while.");
            }
            Some(News::Recovered) => tracing::info!(upstream, "this upstream answers again"),
            Some(News::KeyRefused) => tracing::error!(
                upstream,
                "THIS UPSTREAM REFUSES THE KEY (401: not valid; 403: may not send, it needs the scope full_access). Visitors cannot chat with its twins \
                 until the key in the settings is one it accepts."
            ),
            Some(News::KeyAccepted) => tracing::info!(upstream, "this upstream accepts the key again"),
            None => {}
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("name", &self.0.name).finish_non_exhaustive()
    }
}

fn kind_of(customer: &Customer) -> Kind {
    if *customer == Customer::Operator { Kind::Read } else { Kind::Write }
}

/// Somebody in line. Dropping it leaves the line.
pub struct Turn {
    gate: Gate,
    customer: Customer,
    waiting: Waiting,
}

impl Turn {
    /// The place in line, as it changes; none as long as there is nothing to tell.
    pub fn places(&self) -> watch::Receiver<Option<Place>> {
        self.waiting.places()
    }

    /// Waits for the turn. May be dropped at any time: nothing is lost.
    ///
    /// # Errors
    /// When it does not come in time, or cannot be written down.
    pub async fn served(self) -> Result<Fare, Refusal> {
        let served = self.waiting.served().await;
        let spent = served.inspect_err(|refusal| metrics::BUDGET_REFUSED.count([&self.gate.0.name, refusal.kind()]))?;
        Ok(Fare { gate: self.gate, customer: self.customer, spent: Mutex::new(spent) })
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").field("gate", &self.gate).finish_non_exhaustive()
    }
}

/// What requests of one customer are paid from: first what was waited for, then by waiting again. What
/// is left when it is dropped is given back.
pub struct Fare {
    gate: Gate,
    customer: Customer,
    spent: Mutex<Vec<Spent>>,
}

impl Fare {
    /// Pays for one request, which is to be sent now.
    ///
    /// # Errors
    /// When the upstream is not asked for now, or the budget has none in time.
    pub async fn pay(&self) -> Result<Paid, Refusal> {
        let kind = kind_of(&self.customer);
        self.gate.breaker().check(kind, self.gate.0.clock.now_millis())?;
        let waited_for = self.spent().pop();
        let mut spent = match waited_for {
            Some(spent) => spent,
            None => {
                let turn = self.gate.join(self.customer.clone(), 1)?;
                let more = turn.served().await?;
                let one = more.spent().pop();
                one.ok_or(Refusal::Busy { retry_after: 1 })?
            }
        };
        let trial = self.gate.breaker().admit(kind, self.gate.0.clock.now_millis())?;
        spent.sending();
        Ok(Paid { gate: self.gate.clone(), of: (kind, trial), spent: Some(spent) })
    }

    fn spent(&self) -> MutexGuard<'_, Vec<Spent>> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Fare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fare").field("gate", &self.gate).finish_non_exhaustive()
    }
}

/// One request on its way. Dropped, it is one that nobody waited for: it counts, and proves nothing.
#[must_use]
pub struct Paid {
    gate: Gate,
    of: (Kind, Trial),
    spent: Option<Spent>,
}

impl Paid {
    /// No connection: nothing of it can have arrived, so it is given back.
    pub fn not_sent(mut self) {
        if let Some(spent) = self.spent.take() {
            spent.unsent();
        }
        self.gate.record(self.of, Outcome::Failed);
    }

    /// No answer came in time, or the connection broke before it.
    pub fn unanswered(mut self) {
        self.spent.take();
        self.gate.record(self.of, Outcome::Failed);
    }

    /// It was answered, with this status and these words about the budget; `retry_after`: the pause
    /// that a 429 names, in seconds.
    pub fn answered(mut self, status: u16, word: Option<Budget>, retry_after: Option<u32>) {
        if let Some(spent) = self.spent.take() {
            spent.answered(word, (status == 429).then_some(retry_after));
        }
        let outcome = match status {
            401 | 403 => Outcome::KeyRefused,
            408 | 500.. => Outcome::Failed,
            _ => Outcome::Fine,
        };
        self.gate.record(self.of, outcome);
    }
}

impl Drop for Paid {
    fn drop(&mut self) {
        if self.spent.is_some() {
            self.gate.breaker().forget(self.of.1);
        }
    }
}

impl fmt::Debug for Paid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paid").field("gate", &self.gate).finish_non_exhaustive()
    }
}
