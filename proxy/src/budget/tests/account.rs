//! The account's task: what is written down when, and what is left behind by who goes away.

use super::model::{MemoryVault, START, limits, visitor};
use crate::budget::{Account, Budget, Gate, Limits, Place, Refusal, Terms, Vault, ledger_name};
use crate::clock::{Clock, LoadedDice, ManualClock};
use crate::store::Store;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Shows tokio's time, which stands still in these tests but for sleeps.
#[derive(Debug)]
struct PausedClock(Instant);

impl Clock for PausedClock {
    fn now_millis(&self) -> i64 {
        START + i64::try_from(self.0.elapsed().as_millis()).unwrap()
    }
}

fn terms(limits: Limits) -> Terms {
    Terms { ledger: "key".to_owned(), names: vec!["main".to_owned()], limits, patience: Duration::from_secs(30) }
}

async fn open(limits: Limits, vault: Arc<dyn Vault>) -> (Gate, Arc<Account>) {
    let clock: Arc<dyn Clock> = Arc::new(PausedClock(Instant::now()));
    let account = Account::open(terms(limits), vault, (clock.clone(), Arc::new(LoadedDice::seeded(1)))).await.unwrap();
    let account = Arc::new(account);
    (Gate::new("main", account.clone(), clock), account)
}

#[tokio::test(start_paused = true)]
async fn a_request_is_written_down_before_it_can_be_sent_and_is_not_sent_when_that_fails() {
    let vault = Arc::new(MemoryVault::default());
    let (gate, account) = open(limits(500, 100), vault.clone()).await;
    vault.is_slow.store(true, Ordering::SeqCst);
    let turn = tokio::spawn(gate.join(visitor(1), 2).unwrap().served());
    sleep(Duration::from_secs(1)).await;
    assert!(!turn.is_finished() && vault.saved().requests.is_empty());
    vault.is_slow.store(false, Ordering::SeqCst);
    vault.go_on.notify_one();
    let fare = turn.await.unwrap().unwrap();
    assert_eq!(vault.saved().requests.len(), 2);
    fare.pay().await.unwrap().answered(200, None, None);
    vault.is_down.store(true, Ordering::SeqCst);
    let refused = gate.join(visitor(2), 1).unwrap().served().await;
    assert!(matches!(refused, Err(Refusal::Store(_))), "{refused:?}");
    fare.pay().await.unwrap().answered(200, None, None);
    assert_eq!(account.in_flight(), 0);
    vault.is_down.store(false, Ordering::SeqCst);
    sleep(Duration::from_secs(6)).await;
    assert!(vault.saved().requests.iter().all(|(.., answered)| *answered), "what was learnt meanwhile is written down later");
}

#[tokio::test(start_paused = true)]
async fn a_thousand_who_go_away_at_any_moment_leave_nothing_behind() {
    let vault = Arc::new(MemoryVault::default());
    let (gate, account) = open(limits(36_000, 300), vault.clone()).await;
    let dice = LoadedDice::seeded(9);
    let roll = move |most: u64| {
        let mut bytes = [0; 8];
        crate::clock::Dice::fill(&dice, &mut bytes);
        u64::from_le_bytes(bytes) % most
    };
    let mut sent = Vec::new();
    for number in 0..1000 {
        let (gate, stage, after) = (gate.clone(), roll(5), roll(4000));
        let task = tokio::spawn(async move {
            let Ok(turn) = gate.join(visitor(number), 2) else { return };
            if stage == 0 {
                return;
            }
            let Ok(fare) = turn.served().await else { return };
            if stage == 1 {
                return;
            }
            let Ok(paid) = fare.pay().await else { return };
            sleep(Duration::from_millis(after)).await;
            match stage {
                2 => paid.not_sent(),
                3 => paid.answered(200, None, None),
                _ => {}
            }
        });
        sent.push((tokio::time::Instant::now() + Duration::from_millis(roll(3000)), task));
        if number % 3 == 0 {
            sleep(Duration::from_millis(roll(30))).await;
        }
    }
    sleep(Duration::from_secs(2)).await;
    for (_, task) in &sent {
        task.abort();
    }
    for (_, task) in sent {
        let _ = task.await;
    }
    sleep(Duration::from_secs(120)).await;
    assert_eq!((account.in_flight(), account.left_and_waiting()), (0, (300, 0)));
    assert!(vault.saved().requests.iter().all(|(.., answered)| *answered));
}

#[tokio::test(start_paused = true)]
async fn places_in_line_are_told_as_they_change_and_the_turns_come_one_by_one() {
    let (gate, _account) = open(limits(500, 1), Arc::new(MemoryVault::default())).await;
    gate.join(visitor(0), 1).unwrap().served().await.unwrap().pay().await.unwrap().answered(200, None, None);
    let first = gate.join(visitor(1), 1).unwrap();
    let second = gate.join(visitor(2), 1).unwrap();
    let mut places = second.places();
    let again = gate.join(visitor(2), 1);
    assert_eq!(again.unwrap_err(), Refusal::Busy { retry_after: 15 }, "one at a time");
    places.changed().await.unwrap();
    assert_eq!(*places.borrow_and_update(), Some(Place { position: 2, eta_seconds: 15 }));
    let begun = Instant::now();
    let answer = async |turn: crate::budget::Turn| turn.served().await.unwrap().pay().await.unwrap().answered(200, None, None);
    answer(first).await;
    assert_eq!(begun.elapsed().as_secs(), 7);
    while places.borrow_and_update().is_none_or(|place| place.position != 1) {
        places.changed().await.unwrap();
    }
    answer(second).await;
    assert_eq!(begun.elapsed().as_secs(), 14);
    let waiting: Vec<_> = (10..14).map(|number| gate.join(visitor(number), 1).unwrap()).collect();
    let refused = gate.join(visitor(20), 1).unwrap_err();
    assert_eq!(refused, Refusal::Busy { retry_after: 37 }, "who would wait for more than thirty seconds is refused at the door");
    drop(waiting);
    assert!(gate.join(visitor(20), 1).is_ok(), "and who leaves makes room");
}

async fn ask(gate: &Gate) -> Result<crate::budget::Paid, Refusal> {
    gate.join(visitor(1), 1)?.served().await?.pay().await
}

#[tokio::test(start_paused = true)]
async fn a_429_holds_everybody_up_for_as_long_as_it_says() {
    let (gate, _account) = open(limits(500, 100), Arc::new(MemoryVault::default())).await;
    ask(&gate).await.unwrap().answered(429, Some(Budget { limit: 500, remaining: 0, resets_at: START + 20_000, window: None }), Some(20));
    let begun = Instant::now();
    ask(&gate).await.unwrap().answered(200, None, None);
    assert!((20..=23).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_refuses_the_key_or_fails_is_left_alone_for_a_while() {
    let (gate, _account) = open(limits(500, 100), Arc::new(MemoryVault::default())).await;
    ask(&gate).await.unwrap().answered(403, None, None);
    assert_eq!(ask(&gate).await.unwrap_err(), Refusal::KeyRefused { retry_after: 30 });
    gate.operator().pay().await.unwrap().answered(200, None, None);
    sleep(Duration::from_secs(30)).await;
    ask(&gate).await.unwrap().answered(200, None, None);
    for _ in 0..9 {
        ask(&gate).await.unwrap().unanswered();
    }
    assert_eq!(ask(&gate).await.unwrap_err(), Refusal::Failing { retry_after: 5 });
    sleep(Duration::from_secs(5)).await;
    ask(&gate).await.unwrap().answered(200, None, None);
    ask(&gate).await.unwrap().answered(200, None, None);
}

#[tokio::test]
async fn a_killed_process_has_spent_what_it_had_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chat.db");
    let clock = Arc::new(ManualClock::at_millis(START));
    let open = async || {
        let store = Store::open(&path).await.unwrap();
        let vault: Arc<dyn Vault> = Arc::new(store.clone());
        let dice = Arc::new(LoadedDice::seeded(1));
        let account = Arc::new(Account::open(terms(limits(500, 100)), vault, (clock.clone(), dice)).await.unwrap());
        (Gate::new("main", account.clone(), clock.clone()), account, store)
    };
    let (gate, account, _store) = open().await;
    for number in 0..40 {
        let fare = gate.join(visitor(number), 2).unwrap().served().await.unwrap();
        fare.pay().await.unwrap().answered(200, None, None);
        std::mem::forget(fare.pay().await.unwrap());
    }
    assert_eq!(account.left_and_waiting(), (20, 0));
    let (_gate, again, _store) = open().await;
    assert_eq!(again.left_and_waiting(), (20, 0));
    assert_eq!(again.in_flight(), 40, "which of them had arrived nobody knows");
    clock.advance_seconds(6);
    assert_eq!((again.in_flight(), again.left_and_waiting().0), (0, 20));
    clock.advance_seconds(3600);
    assert_eq!(again.left_and_waiting(), (100, 0));
}

#[test]
fn a_ledgers_name_tells_keys_apart_and_does_not_tell_them() {
    let name = |secret: &[u8], origin: &str, key: &str| ledger_name(secret, origin, key);
    let one = name(b"s", "https://a.example", "te_canary");
    assert_eq!(one, name(b"s", "https://a.example", "te_canary"));
    for other in [
        name(b"s", "https://a.example", "te_other"),
        name(b"s", "https://b.example", "te_canary"),
        name(b"t", "https://a.example", "te_canary"),
    ] {
        assert_ne!(one, other);
    }
    assert!(!one.contains("canary") && one.len() == 26);
}
