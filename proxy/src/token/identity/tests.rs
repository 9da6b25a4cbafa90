use super::published::{COOL_DOWN, Fetch, MAX_AGE, MAX_STALE, Published};
use crate::clock::{Clock, ManualClock};
use crate::keys::Algorithm;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::FutureExt;
use ring::signature::{Ed25519KeyPair, KeyPair};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

const MESSAGE: &[u8] = b"message";

/// An address whose answer a test decides.
struct Address {
    keys: Published,
    clock: Arc<ManualClock>,
    answer: Arc<Mutex<Result<String, String>>>,
    asked: Arc<AtomicUsize>,
    /// An answer needs a permit.
    gate: Arc<Semaphore>,
}

fn address() -> Address {
    let clock = Arc::new(ManualClock::at_millis(1_760_000_000_000));
    let answer = Arc::new(Mutex::new(Ok(jwks(1))));
    let asked = Arc::new(AtomicUsize::new(0));
    let gate = Arc::new(Semaphore::new(1_000));
    let fetch: Fetch = {
        let (answer, asked, gate) = (answer.clone(), asked.clone(), gate.clone());
        Box::new(move || {
            let (answer, asked, gate) = (answer.clone(), asked.clone(), gate.clone());
            async move {
                asked.fetch_add(1, Ordering::SeqCst);
                gate.acquire().await.unwrap().forget();
                answer.lock().unwrap().clone()
            }
            .boxed()
        })
    };
    let keys = Published::new(Algorithm::EdDsa, fetch, clock.clone() as Arc<dyn Clock>);
    Address { keys, clock, answer, asked, gate }
}

fn pair(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

/// A set with one key, whose kid is its seed.
fn jwks(seed: u8) -> String {
    let x = URL_SAFE_NO_PAD.encode(pair(seed).public_key());
    format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"{seed}","x":"{x}"}}]}}"#)
}

impl Address {
    async fn verify(&self, seed: u8) -> Option<bool> {
        self.keys.verify(Some(&seed.to_string()), MESSAGE, pair(seed).sign(MESSAGE).as_ref()).await
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn fails(&self) {
        *self.answer.lock().unwrap() = Err("it is down".to_owned());
    }
}

#[tokio::test]
async fn keys_are_used_up_to_a_bound_while_they_cannot_be_had_again() {
    let site = address();
    assert_eq!(site.verify(1).await, Some(true));
    site.fails();
    site.clock.advance_seconds(MAX_AGE - 1);
    assert_eq!((site.verify(1).await, site.asked()), (Some(true), 1));
    site.clock.advance_seconds(1);
    assert_eq!((site.verify(1).await, site.asked()), (Some(true), 2));
    site.clock.advance_seconds(COOL_DOWN - 1);
    assert_eq!((site.verify(1).await, site.asked()), (Some(true), 2), "a failure begins a cool-down too");
    *site.answer.lock().unwrap() = Ok("<html>".to_owned());
    site.clock.advance_seconds(1);
    assert_eq!((site.verify(1).await, site.asked()), (Some(true), 3), "what is no set of keys changes nothing");
    site.clock.advance_seconds(MAX_STALE - MAX_AGE - COOL_DOWN - 1);
    assert_eq!(site.verify(1).await, Some(true));
    site.clock.advance_seconds(1);
    assert_eq!(site.verify(1).await, None);
    *site.answer.lock().unwrap() = Ok(jwks(1));
    site.clock.advance_seconds(COOL_DOWN);
    assert_eq!(site.verify(1).await, Some(true));
}

#[tokio::test]
async fn a_clock_that_is_put_back_keeps_nobody_from_asking() {
    let site = address();
    assert_eq!(site.verify(1).await, Some(true));
    site.clock.advance_seconds(-100_000);
    assert_eq!((site.verify(1).await, site.asked()), (Some(true), 2));
}

#[tokio::test]
async fn many_who_need_keys_at_once_ask_once_and_those_with_a_known_key_do_not_wait() {
    let site = address();
    assert_eq!(site.verify(1).await, Some(true));
    site.clock.advance_seconds(COOL_DOWN);
    site.gate.forget_permits(1_000);
    *site.answer.lock().unwrap() = Ok(jwks(2));
    let unknown = futures_util::future::join_all((0..10).map(|_| site.verify(2)));
    let known = async {
        while site.asked() < 2 {
            tokio::task::yield_now().await;
        }
        let verified = site.verify(1).await;
        site.gate.add_permits(1);
        verified
    };
    let (unknown, known) = tokio::join!(unknown, known);
    assert_eq!((known, site.asked()), (Some(true), 2));
    assert!(unknown.iter().all(|verified| *verified == Some(true)), "{unknown:?}");
}

#[tokio::test]
async fn a_caller_who_leaves_does_not_take_the_answer_along() {
    let site = address();
    site.gate.forget_permits(1_000);
    let mut leaving = Box::pin(site.verify(1));
    while site.asked() == 0 {
        assert!(leaving.as_mut().now_or_never().is_none());
        tokio::task::yield_now().await;
    }
    drop(leaving);
    site.gate.add_permits(1);
    assert_eq!((site.verify(1).await, site.asked()), (Some(true), 1));
}
