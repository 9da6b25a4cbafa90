//! Two visitors in two threads of one bridge that mixes them up: neither ever hears the other. Who had a thread
//! before or after is in `store/rooms/tests.rs`, at random.

use super::bridge::{People, told};
use super::chat::{feed, history};
use super::helpers::Visitor;
use serde_json::Value;
use twinchat_emulator::TeamsWord;
use twinchat_emulator::faults::Fault;

const ANN: &str = "canaryofann";
const BINH: &str = "canaryofbinh";

/// Both have said and been answered something, each in a thread of their own.
async fn two() -> (People, [(Visitor, String); 2]) {
    let people = People::with(2, "").await;
    let (ann, binh) = (people.app.visitor().await, people.app.bearer_visitor().await);
    let (hers, his) = (people.conversation(&ann).await, people.conversation(&binh).await);
    people.say(&ann, &hers, &format!("{ANN} asks")).await;
    people.say(&binh, &his, &format!("{BINH} asks")).await;
    people.advance(5);
    people.answer(0, &format!("{ANN} is answered"));
    people.answer(1, &format!("{BINH} is answered"));
    (people, [(ann, hers), (binh, his)])
}

/// All that a visitor can get hold of.
async fn everything(people: &People, (visitor, chat): &(Visitor, String)) -> String {
    let mut all = format!("{:?}", history(&people.app, visitor, chat).await);
    for path in ["/api/v1/conversations", "/api/v1/visitor/export", "/api/v1/twins", "/api/v1/conversations?search=canary"] {
        all.push_str(&visitor.get(&people.app, path).await.to_string());
    }
    all
}

/// How often the bridge was asked for messages while it misbehaved.
fn looks(people: &People) -> usize {
    people.bridge.log().iter().filter(|entry| entry.path.contains("/messages?") && !entry.faults.is_empty()).count()
}

/// Both hear what is said to them last while the bridge misbehaves, and nothing of each other.
async fn hear_nothing_of_each_other(fault: Option<Fault>) {
    let (people, both) = two().await;
    if let Some(fault) = fault.clone() {
        people.always(fault);
    }
    let mut feeds = [feed(&people.app, &both[0].0, &both[0].1, "").await, feed(&people.app, &both[1].0, &both[1].1, "").await];
    let mut heard = [String::new(), String::new()];
    if matches!(fault, Some(Fault::WrongRooms | Fault::NoRooms)) {
        // Nothing of it can be believed, until it is well again.
        people.advance(5);
        let (before, after) = (looks(&people), 6);
        while looks(&people) < before + after {
            tokio::task::yield_now().await;
        }
        people.bridge.clear_faults();
    }
    for (at, mine) in [ANN, BINH].into_iter().enumerate() {
        people.advance(5);
        people.answer(at, &format!("{mine} last"));
        while !heard[at].contains("last") {
            heard[at].push_str(&told(&mut feeds[at]).await.to_string());
        }
    }
    for (at, (mine, other)) in [(ANN, BINH), (BINH, ANN)].into_iter().enumerate() {
        let all = heard[at].clone() + &everything(&people, &both[at]).await;
        assert!(all.contains(mine) && !all.contains(other), "{fault:?}: {all}");
        for (id, spelling) in people.bridge.teams_spellings() {
            assert!(!all.contains(&id) && !all.contains(&spelling), "{fault:?}: the thread's id is given away");
        }
    }
}

#[tokio::test]
async fn two_visitors_in_two_threads_hear_nothing_of_each_other() {
    hear_nothing_of_each_other(None).await;
}

#[tokio::test]
async fn nor_when_the_bridge_lists_everybodys_messages_whatever_is_filtered_for() {
    hear_nothing_of_each_other(Some(Fault::IgnoredFilters)).await;
}

#[tokio::test]
async fn nor_when_its_ids_change() {
    hear_nothing_of_each_other(Some(Fault::ChangedIds)).await;
}

#[tokio::test]
async fn nor_when_messages_say_that_they_stand_in_the_others_thread() {
    hear_nothing_of_each_other(Some(Fault::WrongRooms)).await;
}

#[tokio::test]
async fn nor_when_messages_do_not_say_where_they_stand() {
    hear_nothing_of_each_other(Some(Fault::NoRooms)).await;
}

#[tokio::test]
async fn who_quotes_an_earlier_visitor_of_the_thread_is_not_heard_by_the_next() {
    let people = People::with(1, "keep_hours = 1\n").await;
    let (ann, mut binh) = (people.app.visitor().await, people.app.visitor().await);
    let (hers, his) = (people.conversation(&ann).await, people.conversation(&binh).await);
    people.say(&ann, &hers, &format!("{ANN} asks")).await;
    let asked_at = 1_760_000_000_000;
    people.advance(3601);
    binh.renew(&people.app).await;
    people.say(&binh, &his, &format!("{BINH} asks")).await;
    people.advance(5);
    people.bridge.teams_say(&TeamsWord { quotes: Some(asked_at), ..people.word(0, &format!("answer to {ANN}")) });
    people.bridge.teams_say(&TeamsWord { at: Some(asked_at + 1000), ..people.word(0, &format!("late answer to {ANN}")) });
    people.answer(0, &format!("answer to {BINH}"));
    let mut listening = feed(&people.app, &binh, &his, "").await;
    assert_eq!(told(&mut listening).await["content"], format!("answer to {BINH}"));
    let said: Vec<Value> = history(&people.app, &binh, &his).await;
    assert!(said.len() == 2 && !format!("{said:?}").contains(ANN), "{said:?}");
    let mut ann = ann;
    ann.renew(&people.app).await;
    let mut hers_now = feed(&people.app, &ann, &hers, "").await;
    assert_eq!(told(&mut hers_now).await["content"], format!("late answer to {ANN}"), "what was said to her before is still hers");
}
