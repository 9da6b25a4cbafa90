//! One greedy visitor and twenty polite ones; ten thousand keys from one address.

use super::model::{START, limits, subject, visitor};
use crate::budget::Customer;
use crate::budget::Saved;
use crate::budget::desk::{Desk, Step};
use std::collections::HashMap;

struct Visitor {
    customer: Customer,
    /// Seconds between two messages, on average; 0: at once again.
    every: u32,
    /// When the next one is written, in seconds, whatever became of the last.
    next: u32,
    /// When the one that is written may be sent.
    may_send: u32,
    /// How many are written and not answered.
    unanswered: u32,
    is_waiting: bool,
    wanted: u32,
    got: u32,
}

fn of(customer: Customer, every: u32) -> Visitor {
    Visitor { customer, every, next: 0, may_send: 0, unanswered: 0, is_waiting: false, wanted: 0, got: 0 }
}

/// Small dice: SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word ^ (word >> 31)) % u64::from(most.max(1))) as u32
    }
}

/// Lets them chat for so many hours, a second at a time. Who is refused comes back when told to; who
/// is greedy, at once.
fn chat(mut visitors: Vec<Visitor>, hours: u32, seed: u64) -> Vec<Visitor> {
    let mut dice = Dice(seed);
    let mut desk = Desk::open(limits(500, 100), 30_000, &Saved::default(), START);
    let mut tickets = HashMap::new();
    visitors.iter_mut().for_each(|visitor| visitor.next = dice.below(visitor.every));
    for second in 0..hours * 3600 {
        let now = START + i64::from(second) * 1000;
        for (index, visitor) in visitors.iter_mut().enumerate() {
            if visitor.every == 0 {
                visitor.unanswered = 1;
            } else if visitor.next <= second {
                visitor.unanswered += 1;
                visitor.wanted += 1;
                visitor.next += visitor.every / 2 + dice.below(visitor.every);
            }
            if visitor.is_waiting || visitor.unanswered == 0 || visitor.may_send > second {
                continue;
            }
            match desk.join(&visitor.customer, 1, now) {
                Ok(ticket) => {
                    visitor.is_waiting = true;
                    tickets.insert(ticket, index);
                }
                Err(retry_after) => visitor.may_send = second + if visitor.every == 0 { 1 } else { retry_after },
            }
        }
        loop {
            let (ticket, numbers, retry_after) = match desk.next(now) {
                Step::Serve { ticket, numbers } => (ticket, numbers, None),
                Step::GiveUp { ticket, retry_after } => (ticket, Vec::new(), Some(retry_after)),
                Step::Rest(_) => break,
            };
            numbers.iter().for_each(|number| desk.ledger.answered(*number, None));
            let visitor = &mut visitors[tickets.remove(&ticket).unwrap()];
            visitor.is_waiting = false;
            match retry_after {
                None => {
                    visitor.got += 1;
                    visitor.unanswered -= 1;
                }
                Some(retry_after) => visitor.may_send = second + if visitor.every == 0 { 1 } else { retry_after },
            }
        }
    }
    visitors
}

fn jain(got: &[f64]) -> f64 {
    let (sum, squares) = (got.iter().sum::<f64>(), got.iter().map(|x| x * x).sum::<f64>());
    sum * sum / (got.len() as f64 * squares)
}

/// What the twenty polite ones got, in parts of what is theirs: what they want, or the max-min share of so many parties.
fn parts(visitors: &[Visitor], hours: u32, parties: u32) -> Vec<f64> {
    let share = f64::from(500 * hours) / f64::from(parties);
    visitors.iter().take(20).map(|visitor| f64::from(visitor.got) / share.min(f64::from(visitor.wanted))).collect()
}

#[test]
fn one_greedy_visitor_takes_nothing_from_twenty_polite_ones() {
    for (every, seed) in [(180, 1), (120, 2), (60, 3)] {
        let mut visitors: Vec<Visitor> = (0..20).map(|number| of(visitor(number), every)).collect();
        visitors.push(of(visitor(20), 0));
        let visitors = chat(visitors, 2, seed);
        let parts = parts(&visitors, 2, 21);
        let least = parts.iter().copied().fold(f64::MAX, f64::min);
        assert!(least >= 0.9, "every {every} s: the least part is {least:.3}: {parts:.2?}");
        assert!(jain(&parts) >= 0.95, "every {every} s: {:.3}", jain(&parts));
    }
}

#[test]
fn twenty_one_greedy_visitors_are_given_the_same() {
    let visitors = chat((0..21).map(|number| of(visitor(number), 0)).collect(), 2, 5);
    let got: Vec<f64> = visitors.iter().map(|visitor| f64::from(visitor.got)).collect();
    assert!(jain(&got) >= 0.99, "{got:?}");
    assert!(got.iter().sum::<f64>() >= 990.0, "nothing is left unused: {got:?}");
}

#[test]
fn neighbours_share_one_part_and_the_polite_among_them_are_safe_from_the_greedy() {
    let here = |number| Customer::Anonymous(subject(number), [192, 0, 2, number as u8].into());
    let mut visitors: Vec<Visitor> = (0..20).map(|number| of(here(number), 180)).collect();
    visitors.push(of(here(20), 0));
    let parts = parts(&chat(visitors, 4, 6), 4, 21);
    assert!(parts.iter().all(|part| *part >= 0.9), "{parts:.2?}");
}

#[test]
fn ten_thousand_fresh_keys_at_one_address_do_not_starve_the_others() {
    let mut desk = Desk::open(limits(500, 100), 30_000, &Saved::default(), START);
    let (mut fresh, mut bots, mut polite, mut asked) = (1000_usize, 0_u32, 0_u32, 0_u32);
    let mut tickets = HashMap::new();
    for second in 0..3600_u32 {
        let now = START + i64::from(second) * 1000;
        for _ in 0..3 {
            let bot = Customer::Anonymous(subject(fresh), [203, 0, 113, (fresh % 250) as u8].into());
            fresh += 1;
            if let Ok(ticket) = desk.join(&bot, 2, now) {
                tickets.insert(ticket, true);
            }
        }
        // Twenty others, each every three minutes.
        if second % 9 == 0 {
            asked += 1;
            if let Ok(ticket) = desk.join(&visitor((second / 9 % 20) as usize), 1, now) {
                tickets.insert(ticket, false);
            }
        }
        loop {
            match desk.next(now) {
                Step::Serve { ticket, numbers } => {
                    numbers.iter().for_each(|number| desk.ledger.answered(*number, None));
                    if tickets.remove(&ticket).unwrap() { bots += 2 } else { polite += 1 }
                }
                Step::GiveUp { ticket, .. } => drop(tickets.remove(&ticket)),
                Step::Rest(_) => break,
            }
        }
        assert!(desk.waiting() <= 104, "the line stays short: {} in second {second}", desk.waiting());
    }
    assert!(fresh > 11_000);
    assert!(polite * 10 >= asked * 9, "{polite} of {asked}, bots {bots}");
    assert!(polite + bots >= 480, "nothing is left unused: {polite} and {bots}");
}
