//! An upstream that does as documented, and sometimes fails as everything does.

use super::chat::{Stream, history, last, say};
use super::helpers::{body, text};
use super::{ROWS, Talk, assert_keeps_secrets, content, ended};
use reqwest::Method;
use serde_json::{Value, json};
use twinchat_emulator::faults::{CutEnding, ErrorStyle, Fault};

#[tokio::test]
async fn its_twins_are_listed_with_what_can_be_done_with_them() {
    for row in ROWS {
        let app = row.server().await;
        let ann = app.bearer_visitor().await;
        let twins = ann.get(&app, "/api/v1/twins").await;
        assert!(twins["meta"]["total"].as_u64().unwrap() >= 2, "{}: {twins}", row.name);
        for twin in twins["data"].as_array().unwrap() {
            let can = &twin["capabilities"];
            assert_eq!([&can["stop"], &can["stream"], &can["reply"]], [!row.is_people, !row.is_people, row.is_people], "{}", row.name);
            assert!(!text(twin, "name").is_empty() && twin["available"] == true && can["search"] == true, "{}: {twin}", row.name);
        }
        for secret in (row.secrets)(&app) {
            assert!(!twins.to_string().contains(&secret), "{}", row.name);
        }
    }
}

#[tokio::test]
async fn a_conversation_goes_on_and_the_twin_remembers_it() {
    for row in ROWS {
        let talk = row.talk("Đà Lạt mùa này có gì vui?").await;
        let events = talk.hear("Nãy giờ tôi hỏi gì rồi?").await;
        assert_eq!(ended(&events), ("complete", "complete", ""), "{}", row.name);
        assert!(content(&events).contains("Đà Lạt mùa này có gì vui?"), "{}: {}", row.name, content(&events));
        let said = history(&talk.app, &talk.ann, &talk.chat).await;
        assert_eq!(said.iter().map(|one| text(one, "status")).collect::<Vec<_>>(), ["complete"; 4], "{}", row.name);
        assert_eq!(said[3]["content"], content(&events));
        assert_keeps_secrets(&talk, &json!(said));
    }
}

#[tokio::test]
async fn two_visitors_talk_to_the_same_twin_and_neither_hears_of_the_other() {
    for row in ROWS {
        let talk = row.talk("Bí mật của Ann là 7f3a").await;
        let binh = talk.app.bearer_visitor().await;
        let his = super::chat::conversation(&talk.app, &binh).await;
        talk.hear_as((&binh, &his), "Xin chào").await;
        let events = talk.hear_as((&binh, &his), "Nãy giờ tôi hỏi gì rồi?").await;
        assert!(content(&events).contains("Xin chào") && !super::everything(&events).contains("7f3a"), "{}", row.name);
    }
}

#[tokio::test]
async fn a_reply_that_is_stopped_keeps_what_came_and_closes_the_connection() {
    for row in ROWS.iter().filter(|row| !row.is_people) {
        let talk = row.talk("Xin chào").await;
        let before = talk.sent();
        talk.meet(Fault::Stall { after_bytes: 60, millis: None });
        let mut stream = say(&talk.app, &talk.ann, &talk.chat, "Kể tôi nghe về Huế").await;
        let reply = text(&stream.next().await.unwrap().data, "messageId");
        while talk.sent() == before {
            tokio::task::yield_now().await;
        }
        let answer = talk.ann.send(&talk.app, &Method::POST, &format!("/api/v1/messages/{reply}/stop"), &Value::Null).await;
        assert_eq!(body(answer).await["data"]["status"], "stopped", "{}", row.name);
        assert_eq!(stream.rest().await.last().unwrap().kind, "complete", "{}", row.name);
        let left = || talk.app.emulator.log().last().unwrap().ending == twinchat_emulator::Ending::ClientLeft;
        talk.app.emulator.release();
        while !left() {
            tokio::task::yield_now().await;
        }
        assert_eq!(ended(&talk.hear("Còn gì nữa?").await).0, "complete", "{}", row.name);
    }
}

#[tokio::test]
async fn a_reply_that_breaks_off_keeps_what_came_and_can_be_asked_again() {
    for row in ROWS.iter().filter(|row| !row.is_people) {
        let talk = row.talk("Xin chào").await;
        for ending in [CutEnding::Reset, CutEnding::Truncate] {
            talk.meet(Fault::Cut { after_bytes: Some(90), ending });
            let events = talk.hear("Kể tôi nghe về Huế").await;
            assert_eq!(ended(&events), ("error", "incomplete", "REPLY_INCOMPLETE"), "{} {ending:?}", row.name);
            let reply = last(&talk.app, &talk.ann, &talk.chat).await;
            assert_eq!((&reply["status"], reply["content"].as_str().unwrap()), (&json!("incomplete"), content(&events)));
            assert_eq!(retried(&talk, &text(&reply, "id")).await, "complete", "{}", row.name);
        }
    }
}

async fn retried(talk: &Talk, reply: &str) -> String {
    let answer = talk.ann.send(&talk.app, &Method::POST, &format!("/api/v1/messages/{reply}/retry"), &Value::Null).await;
    Stream::of(answer).rest().await.pop().unwrap().kind
}

#[tokio::test]
async fn a_reply_that_comes_slowly_and_in_pieces_of_characters_is_whole() {
    for row in ROWS {
        let talk = row.talk("Xin chào").await;
        let whole = content(&talk.hear("Kể tôi nghe về Huế").await).to_owned();
        let before = talk.sent();
        talk.meet(Fault::SplitUtf8);
        talk.meet(Fault::Stall { after_bytes: 75, millis: None });
        let stream = say(&talk.app, &talk.ann, &talk.chat, "Kể tôi nghe về Huế").await;
        while talk.sent() == before {
            tokio::task::yield_now().await;
        }
        talk.app.emulator.release();
        let events = talk.rest((&talk.ann, &talk.chat), stream).await;
        assert_eq!(ended(&events).0, "complete", "{}: {events:?}", row.name);
        assert!(content(&events).chars().count() > 20 && !content(&events).contains('\u{fffd}'), "{}: {whole}", row.name);
    }
}

#[tokio::test]
async fn refusals_and_failures_have_their_codes_and_nothing_is_sent_twice() {
    for row in ROWS {
        for (status, body, code) in [
            (401, ErrorStyle::Documented, "UPSTREAM_REFUSED"),
            (403, ErrorStyle::Documented, "UPSTREAM_REFUSED"),
            (500, ErrorStyle::Documented, "UPSTREAM_ERROR"),
            (502, ErrorStyle::Html, "UPSTREAM_ERROR"),
            (503, ErrorStyle::Empty, "UPSTREAM_ERROR"),
        ] {
            let talk = row.talk("Xin chào").await;
            let before = talk.sent();
            talk.meet(Fault::ServerError { status, body });
            let events = talk.hear("Kể tôi nghe về Huế").await;
            assert_eq!(ended(&events), ("error", "failed", code), "{} {status}", row.name);
            assert_eq!((talk.sent() - before, content(&events)), (1, ""), "{} {status}", row.name);
        }
        let talk = row.talk("Xin chào").await;
        talk.meet(Fault::RateLimit { retry_after: 40 });
        let events = talk.hear("Kể tôi nghe về Huế").await;
        assert_eq!(ended(&events), ("error", "failed", "RATE_LIMITED"), "{}", row.name);
        assert_eq!(events.last().unwrap().data["error"]["details"]["retryAfter"], 40, "{}", row.name);
    }
}

#[tokio::test]
async fn an_answer_without_a_word_is_an_error() {
    for row in ROWS {
        let talk = row.talk("Xin chào").await;
        talk.meet(Fault::Cut { after_bytes: Some(0), ending: CutEnding::Eof });
        let events = talk.hear("Kể tôi nghe về Huế").await;
        assert_eq!((ended(&events).0, content(&events)), ("error", ""), "{}: {events:?}", row.name);
    }
}
