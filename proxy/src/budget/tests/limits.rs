//! Whatever happens, the key's limits hold and nobody waits for ever.

use super::model::{HOUR, MemoryVault, START, check_arrivals, limits, visitor};
use crate::budget::desk::{Desk, Step};
use crate::budget::{Budget, Ended, Entry, Limits};
use proptest::prelude::*;
use std::collections::HashMap;

/// What may happen next.
#[derive(Debug, Clone)]
enum Event {
    /// So many milliseconds pass.
    Pass(i64),
    /// A visitor sends.
    Send { who: usize, cost: u32 },
    /// A visitor goes away.
    Leave { which: usize },
    /// An answer: to which request, how far into its flight it arrived, and what it says of the budget.
    Answer { which: usize, arrived: f64, word: Option<Budget> },
    /// A 429.
    Limited { which: usize, retry_after: Option<u32> },
    /// No answer at all; the request may still arrive.
    Lost { which: usize, arrived: f64 },
    /// It could not be sent.
    Unsent { which: usize },
    /// kill -9, and a new process after so many milliseconds; the clock may have been put.
    Restart { after: i64 },
    /// The clock is put back.
    PutBack(i64),
}

fn word() -> impl Strategy<Value = Option<Budget>> {
    let lie = (0_u32..700, 0_u32..700, -HOUR..30 * HOUR, prop_oneof![Just(None), (1_u32..100_000).prop_map(Some)]);
    prop::option::of(lie.prop_map(|(limit, remaining, reset, window)| Budget { limit, remaining, resets_at: START + reset, window }))
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => prop_oneof![0_i64..2_000, 0_i64..200_000, 0_i64..4 * HOUR].prop_map(Event::Pass),
        8 => (0_usize..12, 1_u32..3).prop_map(|(who, cost)| Event::Send { who, cost }),
        1 => (0_usize..12).prop_map(|which| Event::Leave { which }),
        6 => (any::<prop::sample::Index>(), 0.0..1.0, word()).prop_map(|(which, arrived, word)| Event::Answer { which: which.index(64), arrived, word }),
        1 => (0_usize..64, prop::option::of(0_u32..100_000)).prop_map(|(which, retry_after)| Event::Limited { which, retry_after }),
        2 => (0_usize..64, 0.0..1.0).prop_map(|(which, arrived)| Event::Lost { which, arrived }),
        1 => (0_usize..64).prop_map(|which| Event::Unsent { which }),
        1 => (0_i64..30_000).prop_map(|after| Event::Restart { after }),
        1 => (1_i64..HOUR).prop_map(Event::PutBack),
    ]
}

const PATIENCE: i64 = 30_000;

/// A desk, its vault, and an upstream that remembers when requests arrived. `now` is the true time;
/// the desk's clock may be behind it.
struct World {
    limits: Limits,
    desk: Desk,
    vault: MemoryVault,
    now: i64,
    behind: i64,
    ended: Ended,
    /// Requests under way, and when they were sent.
    under_way: Vec<(i64, i64)>,
    /// Who waits, and since when.
    waiting: HashMap<u64, i64>,
    arrivals: Vec<i64>,
    served: usize,
    unsent: usize,
    answered_or_lost: usize,
}

impl World {
    fn new(limits: Limits) -> Self {
        let vault = MemoryVault::default();
        let desk = Desk::open(limits, PATIENCE, &vault.saved(), START);
        Self {
            limits,
            desk,
            vault,
            now: START,
            behind: 0,
            ended: Ended::default(),
            under_way: Vec::new(),
            waiting: HashMap::new(),
            arrivals: Vec::new(),
            served: 0,
            unsent: 0,
            answered_or_lost: 0,
        }
    }

    fn clock(&self) -> i64 {
        self.now - self.behind
    }

    /// Does all that is due, as the account's task does; gives the milliseconds until something may be.
    fn settle(&mut self) -> i64 {
        loop {
            match self.desk.next(self.clock()) {
                Step::Serve { ticket, numbers } => {
                    let since = self.waiting.remove(&ticket).expect("who is served waited");
                    assert!(self.now - since <= PATIENCE + 1000, "served after {} ms", self.now - since);
                    self.served += numbers.len();
                    self.under_way.extend(numbers.iter().map(|number| (*number, self.now)));
                    self.write(numbers);
                }
                Step::GiveUp { ticket, retry_after } => {
                    let since = self.waiting.remove(&ticket).expect("who is refused waited");
                    assert!((PATIENCE..=PATIENCE + 1000).contains(&(self.now - since)), "refused after {} ms", self.now - since);
                    assert!(retry_after >= 1);
                }
                Step::Rest(rest) => return rest.unwrap_or(i64::MAX).min(1000),
            }
        }
    }

    fn write(&mut self, spent: Vec<i64>) {
        let ended = std::mem::take(&mut self.ended);
        self.vault.apply(&Entry { now: self.desk.ledger.now(), spent, ended, known: self.desk.ledger.known() });
    }

    fn pass(&mut self, millis: i64) {
        let until = self.now + millis;
        loop {
            let rest = self.settle();
            if self.waiting.is_empty() || self.now >= until {
                break;
            }
            self.now = (self.now + rest).min(until);
        }
        self.now = until;
        self.settle();
    }

    fn take(&mut self, which: usize) -> Option<(i64, i64)> {
        if self.under_way.is_empty() {
            return None;
        }
        self.desk.advance(self.clock());
        Some(self.under_way.swap_remove(which % self.under_way.len()))
    }

    fn arrive(&mut self, sent: i64, latest: i64, at: f64) {
        self.arrivals.push(sent + ((latest - sent) as f64 * at) as i64);
    }

    #[expect(clippy::needless_pass_by_value, reason = "events are made where they happen")]
    fn happen(&mut self, event: Event) {
        match event {
            Event::Pass(millis) => self.pass(millis),
            Event::Send { who, cost } => {
                if let Ok(ticket) = self.desk.join(&visitor(who), cost, self.clock()) {
                    self.waiting.insert(ticket, self.now);
                }
            }
            Event::Leave { which } => {
                let ticket = self.waiting.keys().copied().nth(which);
                if let Some(ticket) = ticket {
                    self.waiting.remove(&ticket);
                    self.desk.leave(ticket);
                }
            }
            Event::Answer { which, arrived, word } => {
                let Some((number, sent)) = self.take(which) else { return };
                self.arrive(sent, self.now, arrived);
                self.desk.ledger.answered(number, word);
                self.ended.answered.push((number, self.desk.ledger.now()));
                self.answered_or_lost += 1;
            }
            Event::Limited { which, retry_after } => {
                let Some((number, sent)) = self.take(which) else { return };
                self.arrive(sent, self.now, 0.5);
                self.desk.ledger.limited(number, retry_after, 0.5);
                self.ended.answered.push((number, self.desk.ledger.now()));
                self.answered_or_lost += 1;
            }
            Event::Lost { which, arrived } => {
                let Some((number, sent)) = self.take(which) else { return };
                self.arrive(sent, self.now + 5_000, arrived);
                self.desk.ledger.lost(number);
                self.answered_or_lost += 1;
            }
            Event::Unsent { which } => {
                let Some((number, _)) = self.take(which) else { return };
                self.desk.ledger.unsent(number);
                self.ended.unsent.push(number);
                self.unsent += 1;
            }
            Event::Restart { after } => self.restart(after),
            Event::PutBack(by) => self.behind += by,
        }
        self.settle();
    }

    /// What was not written down is forgotten; what was under way arrives at the last moment, or never.
    fn restart(&mut self, after: i64) {
        for (number, sent) in std::mem::take(&mut self.under_way) {
            self.answered_or_lost += 1;
            if number % 5 != 0 {
                self.arrive(sent, self.now, 1.0);
            }
        }
        self.waiting.clear();
        self.now += after;
        let saved = self.vault.saved();
        self.ended = Ended { answered: saved.left_open(self.clock()), unsent: Vec::new() };
        self.desk = Desk::open(self.limits, PATIENCE, &saved, self.clock());
        self.write(Vec::new());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_happens_the_upstream_never_counts_more_than_the_keys_limits_and_nobody_waits_for_ever(
        per_hour in 1_u32..60, burst in 1_u32..20, events in prop::collection::vec(event(), 1..250),
    ) {
        let limits = limits(per_hour, burst.min(per_hour));
        let mut world = World::new(limits);
        for event in events {
            world.happen(event);
        }
        world.pass(PATIENCE + 1000);
        prop_assert!(world.waiting.is_empty(), "somebody is neither served nor refused");
        prop_assert_eq!(world.served, world.unsent + world.answered_or_lost + world.under_way.len());
        if let Err(excess) = check_arrivals(world.arrivals.clone(), limits) {
            prop_assert!(false, "{}: {:?}", excess, world.arrivals);
        }
        // Nothing is lost either: once all is answered and time has gone by, all of it is there again.
        while let Some((number, _)) = world.take(0) {
            world.desk.ledger.answered(number, None);
        }
        world.pass(48 * HOUR);
        prop_assert_eq!(world.desk.ledger.in_flight(), 0);
        let (most, known) = (world.desk.ledger.left(), world.desk.ledger.known());
        prop_assert_eq!(most, limits.burst.min(known.burst.unwrap_or(u32::MAX)).min(known.per_hour.unwrap_or(u32::MAX)));
    }
}

#[test]
fn the_whole_of_the_budget_can_be_used_and_no_more() {
    let limits = limits(500, 100);
    let mut world = World::new(limits);
    let mut sent = 0;
    for second in 0..2 * 3600 {
        world.happen(Event::Send { who: second % 40, cost: 1 });
        world.happen(Event::Answer { which: 0, arrived: 0.0, word: None });
        world.pass(1000);
        sent = world.arrivals.len();
    }
    assert_eq!(check_arrivals(world.arrivals, limits), Ok(()));
    assert!(sent >= 990, "{sent} of 1000");
}

#[test]
fn the_upstreams_word_can_only_take_away_and_a_newer_one_replaces_it() {
    let mut world = World::new(limits(500, 100));
    let word = |remaining, limit| Some(Budget { limit, remaining, resets_at: START + 600_000, window: Some(3600) });
    world.happen(Event::Send { who: 1, cost: 1 });
    world.happen(Event::Answer { which: 0, arrived: 0.0, word: word(90_000, 100_000) });
    assert_eq!(world.desk.ledger.left(), 99);
    world.pass(1000);
    world.happen(Event::Send { who: 1, cost: 1 });
    world.happen(Event::Answer { which: 0, arrived: 0.0, word: word(3, 200) });
    assert_eq!((world.desk.ledger.left(), world.desk.ledger.limit()), (3, 200));
    world.pass(1000);
    world.happen(Event::Send { who: 1, cost: 2 });
    assert_eq!(world.desk.ledger.left(), 1, "what is under way is not in its word yet");
    world.happen(Event::Answer { which: 0, arrived: 0.0, word: word(20, 500) });
    assert_eq!((world.desk.ledger.left(), world.desk.ledger.limit()), (19, 500));
    world.restart(0);
    assert_eq!(world.desk.ledger.left(), 1, "and is known after a restart, as far as it was written down");
    world.pass(600_000);
    assert!(world.desk.ledger.left() > 90, "it ends with its window");
}

#[test]
fn after_a_429_nothing_goes_before_the_pause_it_names_and_a_send_is_told_how_long_that_is() {
    let mut world = World::new(limits(500, 100));
    world.happen(Event::Send { who: 1, cost: 1 });
    world.happen(Event::Limited { which: 0, retry_after: Some(60) });
    assert_eq!(world.desk.ledger.left(), 0);
    let retry_after = world.desk.join(&visitor(1), 1, world.clock()).unwrap_err();
    assert!((60..=66).contains(&retry_after), "{retry_after}");
    world.pass(40_000);
    world.happen(Event::Send { who: 1, cost: 1 });
    assert_eq!(world.waiting.len(), 1, "near enough to wait for");
    world.pass(19_999);
    assert_eq!(world.served, 1);
    world.pass(5_001);
    assert_eq!(world.served, 2);
}

#[test]
fn what_is_set_aside_is_there_when_everything_else_is_used_up() {
    use super::model::subject;
    use crate::budget::Customer;
    let limits = Limits { signed_in_percent: 10, operator_percent: 2, ..limits(500, 100) };
    let mut world = World::new(limits);
    for who in 0..200 {
        world.happen(Event::Send { who, cost: 1 });
    }
    assert_eq!(world.served, 88, "anonymous visitors leave twelve");
    let join = |world: &mut World, customer: Customer| {
        let (now, before) = (world.clock(), world.served);
        let joined = world.desk.join(&customer, 1, now);
        if let Ok(ticket) = joined {
            world.waiting.insert(ticket, world.now);
        }
        world.settle();
        world.served - before
    };
    let served: usize = (0..20).map(|number| join(&mut world, Customer::SignedIn(subject(1000 + number)))).sum();
    assert_eq!(served, 10);
    let served: usize = (0..5).map(|_| join(&mut world, Customer::Operator)).sum();
    assert_eq!(served, 2);
}

#[test]
fn a_conversation_and_its_first_message_are_spent_together_or_not_at_all() {
    let mut world = World::new(limits(60, 3));
    world.happen(Event::Send { who: 1, cost: 2 });
    world.happen(Event::Send { who: 2, cost: 2 });
    assert_eq!(world.served, 2);
    world.happen(Event::Send { who: 3, cost: 1 });
    assert_eq!((world.served, world.waiting.len()), (3, 0), "whom one is enough comes first once the other was refused at the door");
}
