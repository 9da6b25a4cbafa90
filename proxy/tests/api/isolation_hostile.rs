//! An upstream that mixes people up: each way it can give somebody's words away, one by one. The
//! random mixture is in `isolation_property.rs`.

use super::chat::{Told, conversation, hear, history, last};
use super::helpers::{TestApp, Visitor};
use serde_json::Value;
use twinchat_emulator::Rule;
use twinchat_emulator::faults::{Fault, Leak};

const SECRET: &str = "canaryofann7f3a";

/// From now on every answer leaks in this way.
fn leak(app: &TestApp, what: Leak) {
    app.emulator.fault(Rule { times: None, ..Rule::once(Fault::Everybody { what }, "*") });
}

/// The upstream's ids of all conversations, from what it was asked.
fn upstream_conversations(app: &TestApp) -> Vec<String> {
    let ids =
        app.emulator.log().into_iter().filter_map(|entry| Some(entry.path.split_once("/conversations/")?.1.split('/').next()?.to_owned()));
    ids.collect()
}

/// Ann has said her secret; Bình says something while the upstream leaks. What Bình hears, and his history.
async fn overheard(what: Leak) -> (TestApp, Vec<Told>, Vec<Value>) {
    let app = TestApp::start().await;
    let (ann, binh) = (app.visitor().await, app.bearer_visitor().await);
    let hers = conversation(&app, &ann).await;
    hear(&app, &ann, &hers, SECRET).await;
    let his = conversation(&app, &binh).await;
    leak(&app, what);
    let events = hear(&app, &binh, &his, "Xin chào").await;
    let said = history(&app, &binh, &his).await;
    let all = format!("{events:?}{said:?}{}", binh.get(&app, "/api/v1/twins?limit=100").await);
    assert!(!all.contains(SECRET), "{what:?}: {all}");
    for id in upstream_conversations(&app) {
        assert!(!all.contains(&id), "{what:?}: {id}");
    }
    (app, events, said)
}

fn ended(events: &[Told]) -> (&str, &Value) {
    let end = events.last().unwrap();
    (&end.kind, &end.data["error"]["error"])
}

#[tokio::test]
async fn strange_fields_are_left_out_and_the_reply_is_whole() {
    for what in [Leak::ExtraFields, Leak::UnknownEvents, Leak::Interleaved] {
        let (_app, events, said) = overheard(what).await;
        assert_eq!(ended(&events).0, "complete", "{what:?}");
        assert!(said[1]["content"].as_str().unwrap().len() > 20, "{what:?}");
    }
}

#[tokio::test]
async fn lists_of_everybodys_conversations_pass_nothing_through() {
    let (app, events, _) = overheard(Leak::Listed).await;
    // A list where one new conversation should be is no conversation.
    assert_eq!(ended(&events), ("error", &Value::from("UPSTREAM_ERROR")));
    app.emulator.clear_faults();
}

#[tokio::test]
async fn a_reply_that_names_another_conversation_is_refused() {
    let (_app, events, said) = overheard(Leak::WrongConversation).await;
    assert_eq!(ended(&events).0, "error");
    assert_eq!(said[1]["content"], "");
}

#[tokio::test]
async fn an_upstream_conversation_that_is_somebody_elses_is_never_spoken_in() {
    for what in [Leak::TakenId, Leak::ChangedId] {
        let (app, events, _) = overheard(what).await;
        assert_eq!(ended(&events), ("error", &Value::from("UPSTREAM_ERROR")), "{what:?}");
        let mut spoken_in = upstream_conversations(&app);
        spoken_in.dedup();
        assert_eq!(spoken_in.len(), 1, "{what:?}: only Ann's own message was ever sent");
    }
}

#[tokio::test]
async fn the_owner_of_a_conversation_is_not_harmed_by_an_attempt_at_it() {
    let app = TestApp::start().await;
    let (ann, binh) = (app.visitor().await, app.visitor().await);
    let hers = conversation(&app, &ann).await;
    hear(&app, &ann, &hers, SECRET).await;
    leak(&app, Leak::TakenId);
    let his = conversation(&app, &binh).await;
    hear(&app, &binh, &his, "Xin chào").await;
    app.emulator.clear_faults();
    assert_eq!(hear(&app, &ann, &hers, "Tôi đã hỏi gì?").await.last().unwrap().kind, "complete");
    assert!(last(&app, &ann, &hers).await["content"].as_str().unwrap().contains(SECRET), "the twin still remembers what she asked");
    let again = retried(&app, &binh, &his).await;
    assert_eq!(again, "complete");
}

/// How the last reply of a conversation ends when it is asked for again.
async fn retried(app: &TestApp, visitor: &Visitor, chat: &str) -> String {
    let reply = last(app, visitor, chat).await["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/messages/{reply}/retry");
    let answer = visitor.send(app, &reqwest::Method::POST, &path, &Value::Null).await;
    super::chat::Stream::of(answer).rest().await.pop().unwrap().kind
}
