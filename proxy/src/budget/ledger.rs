//! How many requests may go now. Pure: time is handed in, and only ever goes on.
//!
//! A request reaches the upstream at some time between being spent and being answered. So it is held
//! against both limits from the moment it is spent, and begins to be forgotten when it is answered.
//! Whatever the network does to the requests' spacing, the upstream then counts no more than allowed.
//!
//! A burst takes from the hour: 100 at once leave 400 for the rest of it. They are spread over the rest,
//! else the hour would end in minutes in which nobody is answered.

use super::limits::{Budget, Ceiling, Known, LINGER, Limits, Saved};
use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};

/// The documented window: an hour, in milliseconds.
pub(super) const WINDOW: i64 = 3_600_000;
/// Added to the window, as two machines' clocks do not run alike.
const MARGIN: i64 = 1_000;
/// The bucket fills this much slower than it might, so that rounding never grants anything.
const CAUTION: f64 = 1.0 - 1e-9;
/// The first pause after a 429 that names none, in milliseconds. Doubles with each in a row.
const PAUSE: i64 = 10_000;
/// The longest such pause.
const LONGEST_PAUSE: i64 = 300_000;

/// Out of which part a request is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pool {
    /// Everybody's.
    Common,
    /// Set aside for who is signed in.
    SignedIn,
    /// Set aside for the owner.
    Operator,
}

#[derive(Debug)]
pub(super) struct Ledger {
    limits: Limits,
    known: Known,
    now: i64,
    /// The bucket without the requests under way.
    level: f64,
    /// What is in the parts set aside: how much of them may be used although others wait.
    aside: [f64; 2],
    /// When requests of the last hour were answered, oldest first.
    answered: VecDeque<i64>,
    /// Requests under way, and when they were spent.
    under_way: BTreeMap<i64, i64>,
    /// When requests that were given up can be taken to have arrived, oldest first.
    lingering: VecDeque<i64>,
    next_number: i64,
    limited_in_row: u32,
    /// What [`Ledger::paced`] makes of `answered`, until that changes.
    latest: Cell<Option<f64>>,
}

impl Ledger {
    pub(super) fn restore(limits: Limits, saved: &Saved, now: i64) -> Self {
        let limits = Limits { per_hour: limits.per_hour.max(1), burst: limits.burst.clamp(1, limits.per_hour.max(1)), ..limits };
        let next_number = saved.requests.iter().map(|(number, ..)| number + 1).max().unwrap_or(1);
        let mut ledger = Self {
            limits,
            known: Known { blocked_until: saved.known.blocked_until.min(now + WINDOW), ..saved.known },
            now: 0,
            level: 0.0,
            aside: [0.0; 2],
            answered: VecDeque::new(),
            under_way: BTreeMap::new(),
            lingering: VecDeque::new(),
            next_number,
            limited_in_row: 0,
            latest: Cell::new(None),
        };
        // A clock that was put back meanwhile makes nothing younger than now.
        let mut answered: Vec<i64> = saved.requests.iter().filter(|(.., done)| *done).map(|(_, at, _)| (*at).min(now)).collect();
        answered.sort_unstable();
        ledger.now = answered.first().map_or(now, |first| *first);
        ledger.level = f64::from(ledger.burst());
        ledger.aside = [f64::from(u32::MAX); 2];
        for at in answered {
            ledger.advance(at);
            ledger.arrive(at);
        }
        ledger.lingering = saved.left_open(now).into_iter().map(|(_, at)| at).collect();
        ledger.advance(now);
        ledger
    }

    /// Lets time go on. A clock that was put back takes everything here back with it: no time has passed.
    pub(super) fn advance(&mut self, now: i64) {
        if now < self.now {
            self.put_back(self.now - now);
        }
        while let Some(due) = self.lingering.front().copied().filter(|due| *due <= now) {
            self.lingering.pop_front();
            self.refill(due);
            self.arrive(due);
        }
        self.refill(now);
        while self.answered.front().is_some_and(|at| at + WINDOW + MARGIN <= now) {
            self.answered.pop_front();
            self.latest.set(None);
        }
        if self.known.ceiling.is_some_and(|ceiling| ceiling.until <= now) {
            self.known.ceiling = None;
        }
    }

    fn put_back(&mut self, by: i64) {
        self.now -= by;
        self.latest.set(None);
        self.answered.iter_mut().chain(&mut self.lingering).chain(self.under_way.values_mut()).for_each(|at| *at -= by);
        self.known.blocked_until -= by;
        if let Some(ceiling) = &mut self.known.ceiling {
            ceiling.until -= by;
            ceiling.heard_at -= by;
        }
    }

    fn refill(&mut self, now: i64) {
        let grown = (now - self.now).max(0) as f64 * self.rate();
        self.level = (self.level + grown).min(f64::from(self.burst()));
        for (index, pool) in [Pool::SignedIn, Pool::Operator].into_iter().enumerate() {
            let percent = f64::from(self.percent(pool));
            let most = f64::from(self.part(self.burst(), self.percent(pool)));
            self.aside[index] = (self.aside[index] + grown * percent / 100.0).min(most);
        }
        self.now = self.now.max(now);
    }

    fn arrive(&mut self, at: i64) {
        self.level -= 1.0;
        self.answered.push_back(at);
        self.latest.set(None);
    }

    fn per_hour(&self) -> u32 {
        self.known.per_hour.unwrap_or(u32::MAX).min(self.limits.per_hour)
    }

    fn burst(&self) -> u32 {
        self.known.burst.unwrap_or(u32::MAX).min(self.limits.burst).min(self.per_hour())
    }

    /// Requests per millisecond.
    fn rate(&self) -> f64 {
        f64::from(self.per_hour()) / WINDOW as f64 * CAUTION
    }

    fn percent(&self, pool: Pool) -> u32 {
        match pool {
            Pool::Common => 0,
            Pool::SignedIn => self.limits.signed_in_percent,
            Pool::Operator => self.limits.operator_percent,
        }
    }

    /// So many percent, rounded up, but never so much that nobody else can begin a conversation.
    fn part(&self, whole: u32, percent: u32) -> u32 {
        let part = (u64::from(whole) * u64::from(percent)).div_ceil(100);
        u32::try_from(part).unwrap_or(u32::MAX).min(whole.saturating_sub(2))
    }

    /// What this pool leaves for others.
    fn reserve(&self, whole: u32, pool: Pool) -> u32 {
        match pool {
            Pool::Common => self.part(whole, self.limits.signed_in_percent + self.limits.operator_percent),
            Pool::SignedIn => self.part(whole, self.limits.operator_percent),
            Pool::Operator => 0,
        }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.under_way.len() + self.lingering.len()
    }

    /// What the bucket has for this pool.
    fn in_bucket(&self, pool: Pool) -> f64 {
        let mut free = self.level - self.in_flight() as f64 - f64::from(self.reserve(self.burst(), pool));
        if pool != Pool::Common {
            free = free.min(self.aside[usize::from(pool == Pool::Operator)]);
        }
        free
    }

    /// What the window has for this pool.
    fn in_window(&self, pool: Pool) -> i64 {
        let used = self.answered.len() + self.in_flight();
        i64::from(self.per_hour()) - i64::from(self.reserve(self.per_hour(), pool)) - i64::try_from(used).unwrap_or(i64::MAX)
    }

    /// When so many may be spent without the hour running dry before its end: until requests are
    /// forgotten again there is always room for as many an hour as a burst leaves.
    fn paced(&self, cost: u32) -> i64 {
        let rate = f64::from(self.per_hour() - self.burst()) / (WINDOW + MARGIN) as f64;
        let room = self.in_window(Pool::Operator) - i64::from(cost);
        if rate <= 0.0 || room < 0 {
            return self.now;
        }
        let latest = self.latest.get().unwrap_or_else(|| self.look_for_latest(rate));
        // A millisecond's rounding holds up nobody.
        self.now.max((latest + (WINDOW + MARGIN) as f64 - room as f64 / rate).floor() as i64)
    }

    /// The latest of when requests were answered, less the time that those before them take. In a long
    /// log some are skipped: this is not what keeps the limits.
    fn look_for_latest(&self, rate: f64) -> f64 {
        let step = self.answered.len() / 512 + 1;
        let each = self.answered.iter().enumerate().step_by(step).map(|(index, at)| *at as f64 - index as f64 / rate);
        let latest = each.fold(f64::MIN, f64::max);
        self.latest.set(Some(latest));
        latest
    }

    /// What the upstream's own word has for this pool.
    fn under_ceiling(&self, pool: Pool) -> i64 {
        self.known.ceiling.map_or(i64::MAX, |ceiling| i64::from(ceiling.left) - i64::from(self.reserve(ceiling.limit, pool)))
    }

    /// Whether so many may be spent at once.
    pub(super) fn has(&self, cost: u32, pool: Pool) -> bool {
        self.now >= self.known.blocked_until
            && self.in_bucket(pool) >= f64::from(cost)
            && self.in_window(pool) >= cost.into()
            && self.paced(cost) <= self.now
            && self.under_ceiling(pool) >= cost.into()
    }

    /// The most that can ever be spent at once by everybody.
    pub(super) fn most_at_once(&self) -> u32 {
        let rest = |whole: u32| whole - self.reserve(whole, Pool::Common);
        rest(self.burst()).min(rest(self.per_hour())).max(1)
    }

    /// Milliseconds until so many can have been spent, if nothing else comes between.
    pub(super) fn wait(&self, cost: u32, pool: Pool) -> i64 {
        if pool != Pool::Common && self.part(self.burst(), self.percent(pool)) < cost {
            return WINDOW;
        }
        let mut at = self.known.blocked_until.max(self.paced(cost));
        let lacking = f64::from(cost) - self.in_bucket(pool);
        if lacking > 0.0 {
            let share = if pool == Pool::Common { 100 } else { self.percent(pool).max(1) };
            at = at.max(self.now + (lacking / self.rate() * 100.0 / f64::from(share)).ceil() as i64);
        }
        let over = i64::from(cost) - self.in_window(pool);
        if over > 0 {
            let oldest = usize::try_from(over - 1).ok().and_then(|index| self.answered.get(index));
            at = at.max(oldest.copied().unwrap_or(self.now) + WINDOW + MARGIN);
        }
        if let Some(ceiling) = self.known.ceiling.filter(|_| self.under_ceiling(pool) < cost.into()) {
            at = at.max(ceiling.until);
        }
        at - self.now
    }

    /// What is left for everybody, for the operator's eyes.
    pub(super) fn left(&self) -> u32 {
        let bucket = self.in_bucket(Pool::Operator).max(0.0) as i64;
        let bucket = bucket.max(self.in_bucket(Pool::Common) as i64);
        let left = bucket.min(self.in_window(Pool::Operator)).min(self.under_ceiling(Pool::Operator));
        if self.now < self.known.blocked_until { 0 } else { u32::try_from(left).unwrap_or(0) }
    }

    /// The hourly limit that holds.
    pub(super) fn limit(&self) -> u32 {
        self.per_hour()
    }

    pub(super) fn known(&self) -> Known {
        self.known
    }

    pub(super) fn now(&self) -> i64 {
        self.now
    }

    /// Spends; the caller has seen that [`Ledger::has`] so many. Gives the requests' numbers.
    pub(super) fn spend(&mut self, cost: u32, pool: Pool) -> Vec<i64> {
        if let Some(ceiling) = &mut self.known.ceiling {
            ceiling.left = ceiling.left.saturating_sub(cost);
        }
        if pool != Pool::Common {
            self.aside[usize::from(pool == Pool::Operator)] -= f64::from(cost);
        }
        let numbers: Vec<i64> = (0..i64::from(cost)).map(|index| self.next_number + index).collect();
        self.next_number += i64::from(cost);
        self.under_way.extend(numbers.iter().map(|number| (*number, self.now)));
        numbers
    }

    /// The request never left.
    pub(super) fn unsent(&mut self, number: i64) {
        if self.under_way.remove(&number).is_some()
            && let Some(ceiling) = &mut self.known.ceiling
        {
            ceiling.left += 1;
        }
    }

    /// It left, and nobody heard of it again. Gives the time at which it is taken to have arrived.
    pub(super) fn lost(&mut self, number: i64) -> i64 {
        let at = self.now + LINGER;
        if self.under_way.remove(&number).is_some() {
            self.lingering.push_back(at);
        }
        at
    }

    /// It was answered, with this word about the budget.
    pub(super) fn answered(&mut self, number: i64, word: Option<Budget>) {
        let Some(spent_at) = self.under_way.remove(&number) else { return };
        if let Some(word) = word.filter(|word| word.limit > 0) {
            self.hear(word, spent_at);
        }
        self.limited_in_row = 0;
        self.arrive(self.now);
    }

    /// Takes the upstream's word where it is lower than what was known. The newest word counts; one
    /// that may have been overtaken only ever lowers.
    fn hear(&mut self, word: Budget, spent_at: i64) {
        self.latest.set(None);
        if word.window.is_none_or(|seconds| i64::from(seconds) * 1000 >= WINDOW) {
            self.known.per_hour = Some(word.limit);
        } else {
            self.known.burst = Some(word.limit);
        }
        let others = u32::try_from(self.in_flight()).unwrap_or(u32::MAX);
        let left = word.remaining.saturating_sub(others);
        let until = word.resets_at.clamp(self.now, self.now + WINDOW);
        let new = Ceiling { left, limit: word.limit, until, heard_at: self.now };
        match self.known.ceiling {
            Some(old) if spent_at < old.heard_at && old.left < left => {}
            _ => self.known.ceiling = Some(new),
        }
    }

    /// It was answered with a 429: nothing goes before so many seconds, and what comes after begins
    /// with next to nothing. `chance`, from 0 to 1, keeps many from coming back at once.
    pub(super) fn limited(&mut self, number: i64, seconds: Option<u32>, chance: f64) {
        if self.under_way.remove(&number).is_none() {
            return;
        }
        let unnamed = (PAUSE << self.limited_in_row.min(5)).min(LONGEST_PAUSE);
        let pause = seconds.map_or(unnamed, |seconds| (i64::from(seconds) * 1000).clamp(1000, WINDOW));
        let pause = pause + (chance.clamp(0.0, 1.0) * (pause / 10).clamp(500, 5000) as f64) as i64;
        self.limited_in_row += 1;
        self.known.blocked_until = self.known.blocked_until.max(self.now + pause);
        self.arrive(self.now);
        let next_to_nothing = f64::from(self.reserve(self.burst(), Pool::Common) + 1) + self.in_flight() as f64;
        self.level = self.level.min(next_to_nothing);
    }
}
