//! What is said: sending, streaming, stopping, retrying, and how each failure ends.

use super::chat::{Stream, conversation, feed, hear, history, last, release_once_asked, say, sent, shown};
use super::helpers::{TestApp, body, header, text};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;
use twinchat_emulator::Rule;
use twinchat_emulator::faults::{CutEnding, ErrorStyle, Fault, Malformation};

const STREAM: &str = "*/messages/stream";

fn stall(after_bytes: u64) -> Rule {
    Rule::once(Fault::Stall { after_bytes, millis: None }, STREAM)
}

#[tokio::test]
async fn a_conversation_lives_from_its_first_message_to_its_end() {
    let app = TestApp::start().await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    assert!(app.emulator.log().iter().all(|entry| entry.method == "GET"), "the upstream hears of it with the first message");

    let events = hear(&app, &ann, &chat, "Xin chào, bạn giúp được gì?").await;
    let names: Vec<_> = events.iter().map(super::chat::Told::name).collect();
    assert_eq!(names[..2], ["progress accepted", "progress connecting"]);
    assert_eq!(names.last().unwrap(), "complete");
    assert!(events.windows(2).all(|pair| pair[0].id < pair[1].id), "{names:?}");
    assert_eq!(events[0].id.to_string(), "2.1");
    assert_eq!(events[0].data["userMessage"]["content"], "Xin chào, bạn giúp được gì?");
    assert_eq!(shown("", &events[..events.len() - 1]), shown("", &events), "the deltas add up to the whole");

    let said = history(&app, &ann, &chat).await;
    assert_eq!((said.len(), &said[0]["role"], &said[1]["role"]), (2, &json!("user"), &json!("assistant")));
    assert_eq!(said[1], events.last().unwrap().data["message"]);
    assert_eq!((&said[1]["status"], text(&said[1], "content")), (&json!("complete"), shown("", &events)));

    let path = format!("/api/v1/conversations/{chat}");
    assert_eq!(ann.get(&app, &path).await["data"]["title"], "Xin chào, bạn giúp được gì?");
    let renamed = ann.send(&app, &Method::PATCH, &path, &json!({"title": "  Làm quen "})).await;
    assert_eq!(body(renamed).await["data"]["title"], "Làm quen");
    let list = ann.get(&app, "/api/v1/conversations?search=L%C3%80M").await;
    assert_eq!((&list["meta"]["total"], &list["data"][0]["id"]), (&json!(1), &json!(chat)));
    hear(&app, &ann, &chat, "Và nữa?").await;
    let created = app.emulator.log().iter().filter(|entry| entry.method == "POST" && !entry.path.contains("messages")).count();
    assert_eq!(created, 1, "one conversation at the upstream");

    let reply = text(&said[1], "id");
    let liked = ann.send(&app, &Method::POST, &format!("/api/v1/messages/{reply}/feedback"), &json!({"feedback": "up"})).await;
    assert_eq!(body(liked).await["data"]["feedback"], "up");
    let gone = ann.request(&app, &Method::DELETE, &path).send().await.unwrap();
    assert_eq!(gone.status(), 204);
    let absent = ann.request(&app, &Method::GET, &path).send().await.unwrap();
    assert_eq!(absent.status(), 404);
}

#[tokio::test]
async fn a_plain_send_answers_with_the_twins_message_as_twinexpert_does() {
    let app = TestApp::start().await;
    let ann = app.bearer_visitor().await;
    let chat = conversation(&app, &ann).await;
    let path = format!("/api/v1/conversations/{chat}/messages");
    let answer = ann.send(&app, &Method::POST, &path, &json!({"content": "Xin chào!"})).await;
    assert_eq!(
        (answer.status().as_u16(), header(&answer, "x-ratelimit-limit"), header(&answer, "x-ratelimit-remaining")),
        (200, "10", "9")
    );
    let answer = body(answer).await;
    assert_eq!((&answer["data"]["role"], &answer["data"]["conversationId"]), (&json!("assistant"), &json!(chat)));
    assert!(!text(&answer["data"], "content").is_empty());
    app.emulator.fault(Rule::once(Fault::ServerError { status: 500, body: ErrorStyle::Html }, STREAM));
    let failed = ann.send(&app, &Method::POST, &path, &json!({"content": "Xin chào!"})).await;
    assert_eq!(failed.status(), 502);
    assert_eq!(body(failed).await["error"], "UPSTREAM_ERROR");
}

#[tokio::test]
async fn who_leaves_finds_the_reply_finished_and_kept() {
    let app = TestApp::start().await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    app.emulator.fault(stall(400));
    let mut stream = say(&app, &ann, &chat, "Kể chuyện dài").await;
    stream.until("delta").await;
    let running = last(&app, &ann, &chat).await;
    assert_eq!(running["status"], "streaming");
    drop(stream);
    app.emulator.release();
    let after = text(&running, "eventId");
    let rest = feed(&app, &ann, &chat, &after).await.rest().await;
    let kept = last(&app, &ann, &chat).await;
    assert_eq!(kept["status"], "complete");
    assert_eq!(shown(&text(&running, "content"), &rest), text(&kept, "content"));
    let deltas: String = rest.iter().filter(|told| told.kind == "delta").map(|told| text(&told.data, "content")).collect();
    assert_eq!(text(&running, "content") + &deltas, text(&kept, "content"), "nothing lost, nothing twice");
}

#[tokio::test]
async fn whoever_resumes_after_any_event_gets_exactly_the_rest() {
    let app = TestApp::start().await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    let heard = hear(&app, &ann, &chat, "Xin chào").await;
    let whole = text(&last(&app, &ann, &chat).await, "content");
    let end = heard.last().unwrap().id;
    for seq in 1..end.seq {
        let mut resumed = feed(&app, &ann, &chat, &format!("2.{seq}")).await;
        let rest = resumed.rest().await;
        assert!(rest.iter().all(|told| told.id.seq > seq) && rest.last().unwrap().id == end);
        // What this reader had: the text of the deltas up to `seq`, which the rest continues.
        let deltas: String = rest.iter().filter(|told| told.kind == "delta").map(|told| text(&told.data, "content")).collect();
        assert!(whole.ends_with(&deltas), "after 2.{seq}");
        let before = &whole[..whole.len() - deltas.len()];
        let known: String =
            heard.iter().filter(|told| told.kind == "delta" && told.id.seq <= seq).map(|told| text(&told.data, "content")).collect();
        assert!(before.starts_with(&known), "after 2.{seq}");
        if heard.iter().any(|told| told.id.seq == seq) {
            assert_eq!(known, before, "after 2.{seq}");
        }
    }
    let all = feed(&app, &ann, &chat, "").await.next().await.unwrap();
    assert_eq!((all.kind.as_str(), all.id.to_string().as_str()), ("message", "1.1"));
}

#[tokio::test]
async fn two_readers_and_one_who_reads_nothing_do_not_disturb_each_other() {
    let app = TestApp::start().await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    app.emulator.fault(stall(300));
    let mut sender = say(&app, &ann, &chat, "Xin chào").await;
    let _slow = feed(&app, &ann, &chat, "").await;
    let mut other = feed(&app, &ann, &chat, "").await;
    assert_eq!(other.next().await.unwrap().data["message"]["content"], "Xin chào");
    other.until("progress accepted").await;
    release_once_asked(&app).await;
    let (mine, theirs) = (sender.rest().await, other.rest().await);
    let whole = text(&last(&app, &ann, &chat).await, "content");
    assert_eq!((shown("", &mine), shown("", &theirs)), (whole.clone(), whole));
    // The feed goes on with what comes next, the sender's stream is over.
    assert_eq!(sender.next().await, None);
    hear(&app, &ann, &chat, "Cảm ơn").await;
    let next = other.next().await.unwrap();
    assert_eq!((next.kind.as_str(), &next.data["message"]["content"]), ("message", &json!("Cảm ơn")));
}

#[tokio::test]
async fn stopping_keeps_what_came_and_can_be_repeated() {
    let app = TestApp::start().await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    app.emulator.fault(stall(400));
    let mut stream = say(&app, &ann, &chat, "Kể chuyện dài").await;
    let first = stream.until("delta").await;
    let reply = text(&first.data, "messageId");
    let busy = ann.send(&app, &Method::POST, &format!("/api/v1/conversations/{chat}/messages"), &json!({"content": "Và?"})).await;
    assert_eq!((busy.status().as_u16(), text(&body(busy).await, "error").as_str()), (409, "REPLY_IN_PROGRESS"));
    let stop = format!("/api/v1/messages/{reply}/stop");
    let stopped = body(ann.request(&app, &Method::POST, &stop).send().await.unwrap()).await["data"].clone();
    assert_eq!(stopped["status"], "stopped");
    assert!(text(&stopped, "content").starts_with(first.data["content"].as_str().unwrap()));
    let end = stream.rest().await.pop().unwrap();
    assert_eq!((end.kind.as_str(), &end.data["status"], &end.data["message"]), ("complete", &json!("stopped"), &stopped));
    let again = body(ann.request(&app, &Method::POST, &stop).send().await.unwrap()).await["data"].clone();
    assert_eq!(again, stopped);
    assert_eq!(last(&app, &ann, &chat).await, stopped);
}

#[tokio::test]
async fn the_same_key_attaches_to_the_same_reply_and_another_body_is_refused() {
    let app = TestApp::start().await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    let path = format!("/api/v1/conversations/{chat}/messages/stream");
    let send = async |key: &str, content: &str| {
        ann.request(&app, &Method::POST, &path).header("idempotency-key", key).json(&json!({ "content": content })).send().await.unwrap()
    };
    app.emulator.fault(stall(300));
    let mut first = Stream::of(send("\"draft-1\"", "Xin chào").await);
    let accepted = first.next().await.unwrap();
    let mut second = Stream::of(send("draft-1", "Xin chào").await);
    assert_eq!(second.next().await.unwrap(), accepted);
    release_once_asked(&app).await;
    let (one, two) = (first.rest().await, second.rest().await);
    assert_eq!((one.last(), shown("", &one)), (two.last(), shown("", &two)));
    let mut third = Stream::of(send("draft-1", "Xin chào").await);
    assert_eq!(third.rest().await.last(), one.last());
    let other = send("draft-1", "Tạm biệt").await;
    assert_eq!((other.status().as_u16(), text(&body(other).await, "error").as_str()), (422, "IDEMPOTENCY_MISMATCH"));
    let said = history(&app, &ann, &chat).await;
    assert_eq!((said.len(), &said[0]["clientId"]), (2, &json!("draft-1")));
    assert_eq!(send("draft 1", "x").await.status(), 400);
}

/// Meets the fault and says how the reply ended: event, status, code, and its text.
async fn end_with(fault: Fault) -> (String, String, Value, String) {
    let app = TestApp::start().await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    app.emulator.fault(Rule::once(fault, STREAM));
    let mut stream = say(&app, &ann, &chat, "Xin chào").await;
    let end = stream.rest().await.pop().unwrap();
    assert_eq!(stream.next().await, None);
    assert_eq!(sent(&app), 1, "nobody sends a message again but the visitor");
    let kept = last(&app, &ann, &chat).await;
    assert_eq!(kept, end.data["message"]);
    if end.kind == "error" {
        // What asks for a pause, or refuses the key, is left alone for half a minute.
        app.clock.advance_seconds(40);
        let retried = ann.request(&app, &Method::POST, &format!("/api/v1/messages/{}/retry", text(&kept, "id"))).send().await.unwrap();
        let again = Stream::of(retried).rest().await;
        assert_eq!((again[0].name().as_str(), again.last().unwrap().kind.as_str()), ("progress accepted", "complete"));
        assert!(again[0].id > end.id);
        let now = last(&app, &ann, &chat).await;
        assert_eq!((&now["id"], &now["status"], &now["ordinal"]), (&kept["id"], &json!("complete"), &json!(2)));
    }
    (end.kind, text(&kept, "status"), kept["errorCode"].clone(), text(&kept, "content"))
}

#[tokio::test]
async fn every_failure_of_the_upstream_ends_as_documented_and_can_be_retried() {
    for ending in [CutEnding::Reset, CutEnding::Truncate, CutEnding::Eof] {
        let (event, status, code, content) = end_with(Fault::Cut { after_bytes: Some(600), ending }).await;
        assert_eq!((event.as_str(), status.as_str(), &code), ("error", "incomplete", &json!("REPLY_INCOMPLETE")), "{ending:?}");
        assert!(!content.is_empty(), "{ending:?}");
    }
    let (_, status, code, content) = end_with(Fault::NoComplete).await;
    assert_eq!((status.as_str(), code), ("incomplete", json!("REPLY_INCOMPLETE")));
    assert!(!content.is_empty());
    for body in [ErrorStyle::Documented, ErrorStyle::Nest, ErrorStyle::Html, ErrorStyle::Empty] {
        let (_, status, code, _) = end_with(Fault::ServerError { status: 500, body }).await;
        assert_eq!((status.as_str(), code), ("failed", json!("UPSTREAM_ERROR")), "{body:?}");
    }
    let (_, status, code, _) = end_with(Fault::ServerError { status: 403, body: ErrorStyle::Documented }).await;
    assert_eq!((status.as_str(), code), ("failed", json!("UPSTREAM_REFUSED")));
    let (_, status, code, _) = end_with(Fault::RateLimit { retry_after: 30 }).await;
    assert_eq!((status.as_str(), code), ("failed", json!("RATE_LIMITED")));
    let (_, status, code, content) = end_with(Fault::ErrorEvent { after_deltas: 3 }).await;
    assert_eq!((status.as_str(), code), ("failed", json!("UPSTREAM_ERROR")));
    assert!(!content.is_empty());
}

#[tokio::test]
async fn a_message_that_the_upstream_turns_away_for_a_moment_is_sent_again_and_answered() {
    let app = TestApp::start().await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    app.emulator.fault(Rule::once(Fault::RateLimit { retry_after: 1 }, STREAM));
    let mut heard = std::pin::pin!(hear(&app, &ann, &chat, "Xin chào"));
    let heard = loop {
        match timeout(Duration::from_millis(100), &mut heard).await {
            Ok(heard) => break heard,
            Err(_) => app.clock.advance_seconds(1),
        }
    };
    assert_eq!(heard.last().unwrap().kind, "complete");
    assert_eq!(sent(&app), 2);
}

#[tokio::test]
async fn every_way_to_write_a_stream_gives_the_same_reply() {
    let (_, _, _, plain) = end_with(Fault::SplitUtf8).await;
    assert!(!plain.is_empty());
    let malformed = |what| Fault::Malformed { what, at_event: Some(3) };
    for fault in [
        Fault::NameInData,
        Fault::PlainText,
        Fault::Done,
        Fault::BareComplete,
        malformed(Malformation::BadJson),
        malformed(Malformation::UnknownEvent),
        malformed(Malformation::BadUtf8),
    ] {
        let (event, status, code, content) = end_with(fault.clone()).await;
        assert_eq!(
            (event.as_str(), status.as_str(), code, content.as_str()),
            ("complete", "complete", Value::Null, plain.as_str()),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn a_restart_shows_what_was_cut_off_as_interrupted_and_its_readers_are_told() {
    let app = TestApp::with("shutdown_seconds = 1").await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    hear(&app, &ann, &chat, "Xin chào").await;
    app.emulator.fault(stall(400));
    let mut stream = say(&app, &ann, &chat, "Kể chuyện dài").await;
    let seen = stream.until("delta").await;
    let app = app.restart().await;
    assert_eq!(stream.next().await.map(|told| told.kind).filter(|kind| kind == "complete"), None);
    assert!(stream.retry().is_some_and(|millis| (500..=3000).contains(&millis)));
    let mut ann = ann;
    ann.renew(&app).await;
    let said = history(&app, &ann, &chat).await;
    assert_eq!((said.len(), &said[1]["status"], &said[3]["status"]), (4, &json!("complete"), &json!("interrupted")));
    let told = feed(&app, &ann, &chat, &seen.id.to_string()).await.next().await.unwrap();
    assert_eq!(
        (told.kind.as_str(), &told.data["status"], &told.data["error"]["error"]),
        ("error", &json!("interrupted"), &json!("REPLY_INTERRUPTED"))
    );
    assert!(told.id > seen.id);
}

#[tokio::test]
async fn bad_input_is_told_what_to_change_and_nothing_is_sent() {
    let app = TestApp::start().await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    let path = format!("/api/v1/conversations/{chat}/messages/stream");
    for (content, field) in
        [(json!("  \n"), "content"), (json!("x".repeat(8001)), "content"), (json!("a\u{0}b"), "content"), (json!(7), "body")]
    {
        let answer = ann.send(&app, &Method::POST, &path, &json!({ "content": content })).await;
        assert_eq!(answer.status(), 400);
        assert_eq!(body(answer).await["details"]["field"], field);
    }
    let large = ann.send(&app, &Method::POST, &path, &json!({"content": "x".repeat(100_000)})).await;
    assert_eq!(large.status(), 413);
    for query in ["limit=0", "limit=101", "before=x"] {
        let answer = ann.request(&app, &Method::GET, &format!("/api/v1/conversations/{chat}/messages?{query}")).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{query}");
    }
    let answer = ann.request(&app, &Method::GET, &format!("/api/v1/conversations/{chat}/events?after=abc")).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(history(&app, &ann, &chat).await, Vec::<Value>::new());
}

#[tokio::test]
async fn who_sends_too_often_is_told_when_to_come_back() {
    let app = TestApp::start().await;
    let (ann, binh) = (app.visitor().await, app.visitor().await);
    let chat = conversation(&app, &ann).await;
    for _ in 0..10 {
        hear(&app, &ann, &chat, "Xin chào").await;
    }
    let path = format!("/api/v1/conversations/{chat}/messages/stream");
    let answer =
        ann.request(&app, &Method::POST, &path).header("x-forwarded-for", "9.9.9.9").json(&json!({"content": "?"})).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), header(&answer, "retry-after"), header(&answer, "x-ratelimit-remaining")), (429, "3", "0"));
    assert_eq!(body(answer).await["details"]["retryAfter"], 3);
    let theirs = conversation(&app, &binh).await;
    hear(&app, &binh, &theirs, "Xin chào").await;
    app.clock.advance_seconds(3);
    let mut ann = ann;
    ann.renew(&app).await;
    hear(&app, &ann, &chat, "Xin chào").await;
}

#[tokio::test]
async fn the_longest_message_is_taken_however_json_writes_it() {
    let app = TestApp::start().await;
    let ann = app.bearer_visitor().await;
    let chat = conversation(&app, &ann).await;
    // What Python's json.dumps makes of 8000 characters outside the Basic Multilingual Plane.
    let escaped = format!("{{\"content\": \"{}\"}}", "\\ud83d\\ude00".repeat(8000));
    let request = app.request(&Method::POST, &format!("/api/v1/conversations/{chat}/messages")).bearer_auth(&ann.token);
    let answer = request.header("content-type", "application/json").body(escaped).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}
