//! One key's ledger and line, with a task that calls the turns.

use super::customer::Customer;
use super::desk::{Desk, Place, Step};
use super::limits::{Budget, Limits, Saved};
use super::refusal::Refusal;
use super::vault::{Ended, Entry, Vault};
use crate::clock::{Clock, Dice};
use crate::metrics;
use crate::store::StoreError;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// The longest the task sleeps while somebody waits: places are told anew, and the clock may have moved.
const TICK: i64 = 1_000;
/// How long after a failure to write down what is known it is tried again, in milliseconds.
const WRITE_AGAIN: i64 = 5_000;

/// How an account is kept.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Names it in the vault; made of the key and not leading back to it.
    pub ledger: String,
    /// The upstreams that share it, for metrics.
    pub names: Vec<String>,
    /// What the key may do.
    pub limits: Limits,
    /// The longest anybody waits.
    pub patience: Duration,
}

/// What a key may do, shared by all who use it. Its task ends with it.
pub struct Account {
    inner: Arc<Inner>,
    task: JoinHandle<()>,
}

struct Inner {
    terms: Terms,
    vault: Arc<dyn Vault>,
    clock: Arc<dyn Clock>,
    dice: Arc<dyn Dice>,
    state: Mutex<State>,
    wake: Notify,
}

struct State {
    desk: Desk,
    waiting: HashMap<u64, Waiter>,
    /// What became of requests, to be written down.
    ended: Ended,
    /// Something was learnt that is not written down.
    learnt: bool,
}

struct Waiter {
    served: oneshot::Sender<Result<Vec<Spent>, Refusal>>,
    place: watch::Sender<Option<Place>>,
}

impl Account {
    /// Opens the account as the vault has it.
    ///
    /// # Errors
    /// When the vault does not answer.
    pub async fn open(terms: Terms, vault: Arc<dyn Vault>, (clock, dice): (Arc<dyn Clock>, Arc<dyn Dice>)) -> Result<Self, StoreError> {
        let saved = vault.open(&terms.ledger).await?;
        Ok(Self::resume(terms, &saved, vault, (clock, dice)))
    }

    /// The same, with what the vault had.
    pub(super) fn resume(terms: Terms, saved: &Saved, vault: Arc<dyn Vault>, (clock, dice): (Arc<dyn Clock>, Arc<dyn Dice>)) -> Self {
        let patience = i64::try_from(terms.patience.as_millis()).unwrap_or(i64::MAX);
        let now = clock.now_millis();
        let desk = Desk::open(terms.limits, patience, saved, now);
        // What was under way when the last process ended is taken for answered once, not at every start.
        let ended = Ended { answered: saved.left_open(now), unsent: Vec::new() };
        let state = State { desk, waiting: HashMap::new(), ended, learnt: false };
        let inner = Arc::new(Inner { terms, vault, clock, dice, state: Mutex::new(state), wake: Notify::new() });
        inner.tell();
        let task = tokio::spawn(inner.clone().run());
        Self { inner, task }
    }

    /// Stands in line for so many requests at once.
    ///
    /// # Errors
    /// [`Refusal::Busy`] when the turn would not come in time or the visitor waits already.
    pub(super) fn join(&self, customer: &Customer, requests: u32) -> Result<Waiting, Refusal> {
        let now = self.inner.clock.now_millis();
        let (served, hears) = oneshot::channel();
        let (place, places) = watch::channel(None);
        let mut state = self.inner.state();
        let ticket = state.desk.join(customer, requests, now).map_err(|retry_after| Refusal::Busy { retry_after })?;
        state.waiting.insert(ticket, Waiter { served, place });
        drop(state);
        self.inner.wake.notify_one();
        Ok(Waiting { inner: self.inner.clone(), ticket, served: hears, places })
    }

    /// One request, if nobody waits for it and there are plenty; it is written down like any other.
    pub(super) async fn spare(&self) -> Option<Spent> {
        let numbers = self.inner.state().desk.spare(1, self.inner.clock.now_millis())?;
        self.inner.write_spent(numbers).await.ok()?.pop()
    }

    /// How many requests are left and how many wait, for the operator's eyes.
    pub fn left_and_waiting(&self) -> (u32, usize) {
        let mut state = self.inner.state();
        state.desk.advance(self.inner.clock.now_millis());
        (state.desk.ledger.left(), state.desk.waiting())
    }

    /// How many requests are spent and not answered yet.
    pub fn in_flight(&self) -> usize {
        let mut state = self.inner.state();
        state.desk.advance(self.inner.clock.now_millis());
        state.desk.ledger.in_flight()
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("names", &self.inner.terms.names).finish_non_exhaustive()
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls one turn after the other, for ever.
    async fn run(self: Arc<Self>) {
        loop {
            let step = self.state().desk.next(self.clock.now_millis());
            match step {
                Step::Serve { ticket, numbers } => self.serve(ticket, numbers).await,
                Step::GiveUp { ticket, retry_after } => self.answer(ticket, Err(Refusal::Busy { retry_after })),
                Step::Rest(rest) => {
                    let kept = self.write_what_is_known().await;
                    self.tell();
                    let rest = rest.map(|rest| rest.min(TICK)).or((!kept).then_some(WRITE_AGAIN));
                    tokio::select! {
                        () = self.wake.notified() => {}
                        () = sleep(Duration::from_millis(u64::try_from(rest.unwrap_or(0)).unwrap_or(0))), if rest.is_some() => {}
                    }
                }
            }
        }
    }

    /// Writes the requests down, then hands them out. What is not written down is not spent.
    async fn serve(self: &Arc<Self>, ticket: u64, numbers: Vec<i64>) {
        let answer = self.write_spent(numbers).await;
        self.answer(ticket, answer);
    }

    async fn write_spent(self: &Arc<Self>, numbers: Vec<i64>) -> Result<Vec<Spent>, Refusal> {
        let spent: Vec<Spent> = numbers.iter().map(|number| Spent::new(self, *number)).collect();
        let entry = self.entry(numbers);
        match self.vault.write(&self.terms.ledger, &entry).await {
            Ok(()) => Ok(spent),
            Err(error) => {
                tracing::error!(%error, "a request to an upstream could not be written down, so it is not made");
                self.put_back(entry);
                Err(Refusal::Store(error.to_string()))
            }
        }
    }

    fn answer(&self, ticket: u64, answer: Result<Vec<Spent>, Refusal>) {
        let waiter = self.state().waiting.remove(&ticket);
        if let Some(waiter) = waiter {
            // Whoever has left meanwhile drops the requests, which gives them back.
            let _ = waiter.served.send(answer);
        }
    }

    /// Whether all that is known is written down now.
    async fn write_what_is_known(&self) -> bool {
        let nothing = {
            let state = self.state();
            !state.learnt && state.ended == Ended::default()
        };
        if nothing {
            return true;
        }
        let entry = self.entry(Vec::new());
        let written = self.vault.write(&self.terms.ledger, &entry).await;
        if let Err(error) = &written {
            tracing::warn!(%error, "what is known of an upstream's budget could not be written down; it is tried again");
            self.put_back(entry);
        }
        written.is_ok()
    }

    fn entry(&self, spent: Vec<i64>) -> Entry {
        let mut state = self.state();
        state.learnt = false;
        let ended = std::mem::take(&mut state.ended);
        Entry { now: state.desk.ledger.now(), spent, ended, known: state.desk.ledger.known() }
    }

    fn put_back(&self, mut entry: Entry) {
        let mut state = self.state();
        state.learnt = true;
        state.ended.answered.append(&mut entry.ended.answered);
        state.ended.unsent.append(&mut entry.ended.unsent);
    }

    /// Tells everybody their place, and the operator's metrics.
    fn tell(&self) {
        let state = self.state();
        for (ticket, place) in state.desk.places() {
            if let Some(waiter) = state.waiting.get(&ticket) {
                waiter.place.send_if_modified(|told| told.replace(place) != Some(place));
            }
        }
        let (left, limit, waiting) = (state.desk.ledger.left(), state.desk.ledger.limit(), state.desk.waiting());
        drop(state);
        for name in &self.terms.names {
            metrics::BUDGET_LEFT.set([name], left.into());
            metrics::BUDGET_LIMIT.set([name], limit.into());
            metrics::QUEUE_LENGTH.set([name], waiting as f64);
        }
    }
}

/// Somebody in line. Dropped, the place is free; served meanwhile, the requests are given back.
pub(super) struct Waiting {
    inner: Arc<Inner>,
    ticket: u64,
    served: oneshot::Receiver<Result<Vec<Spent>, Refusal>>,
    places: watch::Receiver<Option<Place>>,
}

impl Waiting {
    /// The place in line, as it changes; none as long as nothing is to be told.
    pub(super) fn places(&self) -> watch::Receiver<Option<Place>> {
        self.places.clone()
    }

    /// Waits for the turn.
    pub(super) async fn served(mut self) -> Result<Vec<Spent>, Refusal> {
        // The task ends with the server only.
        (&mut self.served).await.unwrap_or(Err(Refusal::Busy { retry_after: 1 }))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut state = self.inner.state();
        if state.waiting.remove(&self.ticket).is_some() {
            state.desk.leave(self.ticket);
            drop(state);
            self.inner.wake.notify_one();
        }
    }
}

/// A request that is spent. Dropped before it was sent, it is given back; after that, it counts as one
/// that may still arrive.
pub(super) struct Spent {
    inner: Arc<Inner>,
    number: i64,
    end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Unsent,
    Lost,
    Known,
}

impl Spent {
    fn new(inner: &Arc<Inner>, number: i64) -> Self {
        Self { inner: inner.clone(), number, end: End::Unsent }
    }

    /// It leaves now.
    pub(super) fn sending(&mut self) {
        self.end = End::Lost;
    }

    /// It could not leave after all.
    pub(super) fn unsent(mut self) {
        self.end = End::Unsent;
    }

    /// It was answered. `limited`: with a 429, and the pause it names.
    pub(super) fn answered(mut self, word: Option<Budget>, limited: Option<Option<u32>>) {
        self.end = End::Known;
        let now = self.inner.clock.now_millis();
        let chance = f64::from(self.roll()) / f64::from(u16::MAX);
        let mut state = self.inner.state();
        state.desk.advance(now);
        let ledger = &mut state.desk.ledger;
        match limited {
            Some(pause) => ledger.limited(self.number, pause, chance),
            None => ledger.answered(self.number, word),
        }
        let at = ledger.now();
        state.ended.answered.push((self.number, at));
        state.learnt = true;
    }

    fn roll(&self) -> u16 {
        let mut bytes = [0; 2];
        self.inner.dice.fill(&mut bytes);
        u16::from_le_bytes(bytes)
    }
}

impl Drop for Spent {
    fn drop(&mut self) {
        let now = self.inner.clock.now_millis();
        let mut state = self.inner.state();
        state.desk.advance(now);
        match self.end {
            End::Known => {}
            End::Unsent => {
                state.desk.ledger.unsent(self.number);
                state.ended.unsent.push(self.number);
            }
            End::Lost => {
                let at = state.desk.ledger.lost(self.number);
                state.ended.answered.push((self.number, at));
            }
        }
        drop(state);
        self.inner.wake.notify_one();
    }
}
