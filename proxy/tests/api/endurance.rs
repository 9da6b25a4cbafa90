//! What holds whoever comes, goes, repeats or falls silent: readers, keys, stops, deadlines.

use super::chat::{Stream, Told, conversation, feed, hear, history, last, release_once_asked, say, sent, shown};
use super::helpers::{SITE, TestApp, Visitor, body, text};
use futures_util::future::join_all;
use proptest::prelude::*;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use twinchat_emulator::Rule;
use twinchat_emulator::faults::Fault;
use twinchat_proxy::relay::Held;

const STREAM: &str = "*/messages/stream";

fn stall(after_bytes: u64) -> Rule {
    Rule::once(Fault::Stall { after_bytes, millis: None }, STREAM)
}

/// The feed from after an event, told in one way or the other.
async fn resume(app: &TestApp, visitor: &Visitor, chat: &str, after: &str, by_header: bool) -> Stream {
    if !by_header {
        return feed(app, visitor, chat, after).await;
    }
    let path = format!("/api/v1/conversations/{chat}/events");
    Stream::of(visitor.request(app, &Method::GET, &path).header("last-event-id", after).send().await.unwrap())
}

/// Somebody who reads so many events, goes away, comes back after the last one, and so on.
async fn read_in_pieces(app: &TestApp, visitor: &Visitor, chat: &str, pieces: &[u8]) -> Vec<Told> {
    let mut all: Vec<Told> = Vec::new();
    let mut pieces = pieces.iter().cycle();
    loop {
        let after = all.last().map(|told| told.id.to_string()).unwrap_or_default();
        let piece = *pieces.next().unwrap();
        let mut stream = resume(app, visitor, chat, &after, piece.is_multiple_of(2)).await;
        for _ in 0..piece {
            let told = stream.next().await.expect("a feed that stays open");
            let over = matches!(told.kind.as_str(), "complete" | "error");
            all.push(told);
            if over {
                return all;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]
    #[test]
    fn readers_who_join_and_come_back_anywhere_end_with_exactly_the_stored_text(
        stalls in prop::collection::vec(1_u64..3000, 0..4),
        readers in prop::collection::vec(prop::collection::vec(1_u8..12, 1..5), 1..5),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let app = TestApp::with("[limits]\nvisitor_requests_per_minute = 100000").await;
            let ann = app.bearer_visitor().await;
            let chat = conversation(&app, &ann).await;
            for after in &stalls {
                app.emulator.fault(stall(*after));
            }
            let sender = say(&app, &ann, &chat, "Kể chuyện dài").await;
            let reading = readers.iter().map(|pieces| read_in_pieces(&app, &ann, &chat, pieces));
            // Whoever stalls goes on once somebody looks, at whatever moment that is.
            let release = async {
                loop {
                    app.emulator.release();
                    tokio::task::yield_now().await;
                }
            };
            let mut sender = sender;
            let (heard, told) = tokio::select! {
                done = async { tokio::join!(join_all(reading), sender.rest()) } => done,
                () = release => unreachable!("for ever"),
            };
            let stored = text(&last(&app, &ann, &chat).await, "content");
            for events in heard.iter().chain([&told]) {
                assert!(events.windows(2).all(|pair| pair[0].id < pair[1].id), "ids only grow");
                assert_eq!(shown("", &events[..events.len() - 1]), stored, "before the end");
                assert_eq!(shown("", events), stored);
            }
        });
    }
}

#[tokio::test]
async fn twenty_repeats_at_once_are_one_message_and_cost_as_much() {
    let app = TestApp::start().await;
    let ann = app.bearer_visitor().await;
    let chat = conversation(&app, &ann).await;
    let path = format!("/api/v1/conversations/{chat}/messages");
    let send = |key: &'static str, content: &'static str, visitor: Visitor| {
        let request = visitor.request(&app, &Method::POST, &path).header("idempotency-key", key).json(&json!({ "content": content }));
        async move { request.send().await.unwrap() }
    };
    let answers = join_all((0..20).map(|_| send("k", "Xin chào", ann.clone()))).await;
    assert!(answers.iter().all(|answer| answer.status() == 200), "{answers:?}");
    let mut heard = Vec::new();
    for answer in answers {
        heard.push(body(answer).await["data"].clone());
    }
    assert!(heard.iter().all(|message| *message == heard[0]));
    assert_eq!((sent(&app), history(&app, &ann, &chat).await.len()), (1, 2));
    // Nine of ten are left.
    for _ in 0..9 {
        hear(&app, &ann, &chat, "?").await;
    }
    assert_eq!(send("other", "?", ann.clone()).await.status(), 429);
    assert_eq!(body(send("k", "Xin chào", ann.clone()).await).await["data"], heard[0], "a repeat is no new message");
    assert_eq!(send("k", "Tạm biệt", ann.clone()).await.status(), 422);
    let app = app.restart().await;
    let again = ann.request(&app, &Method::POST, &path).header("idempotency-key", "k").json(&json!({"content": "Xin chào"}));
    assert_eq!(body(again.send().await.unwrap()).await["data"], heard[0]);
    assert_eq!(sent(&app), 10);
}

#[tokio::test]
async fn another_visitors_or_conversations_same_key_is_another_message() {
    let app = TestApp::start().await;
    let (ann, binh) = (app.visitor().await, app.visitor().await);
    let chats = [(&ann, conversation(&app, &ann).await), (&ann, conversation(&app, &ann).await), (&binh, conversation(&app, &binh).await)];
    let mut replies = Vec::new();
    for (visitor, chat) in &chats {
        let path = format!("/api/v1/conversations/{chat}/messages");
        let request = visitor.request(&app, &Method::POST, &path).header("idempotency-key", "the-same");
        let answer = request.json(&json!({"content": "Xin chào"})).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        replies.push(text(&body(answer).await["data"], "id"));
    }
    assert_eq!(sent(&app), 3);
    replies.dedup();
    assert_eq!(replies.len(), 3);
    let foreign = format!("/api/v1/conversations/{}/messages", chats[0].1);
    let request = binh.request(&app, &Method::POST, &foreign).header("idempotency-key", "the-same");
    assert_eq!(request.json(&json!({"content": "Xin chào"})).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_reply_is_stopped_from_any_tab_at_any_time_and_the_upstream_sees_it() {
    let app = TestApp::start().await;
    let (ann, binh) = (app.bearer_visitor().await, app.bearer_visitor().await);
    let chat = conversation(&app, &ann).await;
    let stop = async |visitor: &Visitor, reply: &str| {
        visitor.request(&app, &Method::POST, &format!("/api/v1/messages/{reply}/stop")).send().await.unwrap()
    };
    for fault in [Fault::Stall { after_bytes: 0, millis: None }, Fault::Stall { after_bytes: 900, millis: None }] {
        let early = matches!(fault, Fault::Stall { after_bytes: 0, .. });
        app.emulator.fault(Rule::once(fault, STREAM));
        let mut stream = say(&app, &ann, &chat, "Kể chuyện dài").await;
        if early {
            // The upstream's header is there, and no more.
            while !app.emulator.log().last().is_some_and(|asked| asked.path.ends_with("/messages/stream") && asked.status == 200) {
                tokio::task::yield_now().await;
            }
            stream.until("progress connecting").await;
        } else {
            stream.until("delta").await;
        }
        // The tab is reloaded: what is running is found in the conversation.
        drop(stream);
        let running = ann.get(&app, &format!("/api/v1/conversations/{chat}")).await;
        let reply = text(&running["data"], "activeMessageId");
        assert_eq!(stop(&binh, &reply).await.status(), 404, "somebody else's");
        let stops = join_all((0..5).map(|_| stop(&ann, &reply))).await;
        let mut stopped = Vec::new();
        for answer in stops {
            assert_eq!(answer.status(), 200);
            stopped.push(body(answer).await["data"].clone());
        }
        assert!(stopped.iter().all(|message| *message == stopped[0] && message["status"] == "stopped"), "{stopped:?}");
        assert_eq!(text(&stopped[0], "content").is_empty(), early);
        assert_eq!(body(stop(&ann, &reply).await).await["data"], last(&app, &ann, &chat).await);
        while format!("{:?}", app.emulator.log().last().unwrap().ending) == "Open" {
            tokio::task::yield_now().await;
        }
        assert_eq!(format!("{:?}", app.emulator.log().last().unwrap().ending), "ClientLeft");
    }
    let whole = hear(&app, &ann, &chat, "Xin chào").await.pop().unwrap();
    let after_the_end = body(stop(&ann, &text(&whole.data, "messageId")).await).await;
    assert_eq!(after_the_end["data"], whole.data["message"], "what is whole stays so");
    assert_eq!(stop(&ann, "msg_doesnotexist").await.status(), 404);
}

#[tokio::test]
async fn the_first_bytes_and_heartbeats_come_from_an_upstream_that_never_answers() {
    let app = TestApp::start().await;
    let ann = app.bearer_visitor().await;
    let chat = conversation(&app, &ann).await;
    app.emulator.fault(Rule::once(Fault::Hang { millis: None }, STREAM));
    let path = format!("/api/v1/conversations/{chat}/messages/stream");
    let mut answer = ann.send(&app, &Method::POST, &path, &json!({"content": "Xin chào"})).await;
    let mut heard = String::new();
    while sent(&app) == 0 || !heard.contains("\"connecting\"") {
        heard.push_str(std::str::from_utf8(&answer.chunk().await.unwrap().unwrap()).unwrap());
        tokio::task::yield_now().await;
    }
    assert!(heard.starts_with("retry: 2000\nevent: progress\nid: 2.1\ndata: "), "{heard}");
    // From here on nothing waits really: time jumps to the next timer.
    tokio::time::pause();
    let mut beats = 0;
    loop {
        let chunk = answer.chunk().await.unwrap().expect("more");
        if chunk.starts_with(b": alive") {
            beats += 1;
            continue;
        }
        let end = String::from_utf8(chunk.to_vec()).unwrap();
        assert!(end.contains("UPSTREAM_TIMEOUT"), "{end}");
        break;
    }
    assert!(beats > 0);
}

/// Meets the fault with this deadline, and gives how the reply ended.
async fn with_deadline(setting: &str, fault: Fault, listen: bool) -> (String, String, Value) {
    let app = TestApp::with(&format!("[replies]\n{setting} = 1")).await;
    let ann = app.bearer_visitor().await;
    let chat = conversation(&app, &ann).await;
    app.emulator.fault(Rule::once(fault, STREAM));
    let mut stream = say(&app, &ann, &chat, "Kể chuyện dài").await;
    if !listen {
        stream.until("delta").await;
        drop(stream);
        let ended = loop {
            let message = last(&app, &ann, &chat).await;
            if message["status"] != "streaming" {
                break message;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        return ("error".to_owned(), text(&ended, "status"), ended["errorCode"].clone());
    }
    let end = stream.rest().await.pop().unwrap();
    (end.kind, text(&end.data, "status"), end.data["error"]["error"].clone())
}

#[tokio::test]
async fn each_deadline_of_the_settings_ends_a_reply_as_documented() {
    let stall = |after_bytes| Fault::Stall { after_bytes, millis: None };
    let cases = [
        ("header_seconds", Fault::Hang { millis: None }, true, "failed"),
        ("first_event_seconds", stall(0), true, "failed"),
        ("idle_seconds", stall(900), true, "incomplete"),
        ("total_seconds", stall(900), true, "incomplete"),
        ("detached_seconds", stall(900), false, "incomplete"),
    ];
    let ends = join_all(cases.iter().map(|(setting, fault, listen, _)| with_deadline(setting, fault.clone(), *listen))).await;
    for ((setting, _, _, status), end) in cases.iter().zip(ends) {
        assert_eq!(end, ("error".to_owned(), (*status).to_owned(), json!("UPSTREAM_TIMEOUT")), "{setting}");
    }
}

#[tokio::test]
async fn a_visitor_has_as_many_replies_at_once_as_the_settings_say() {
    let app = TestApp::with("[replies]\nper_visitor = 1").await;
    let ann = app.visitor().await;
    let (first, second) = (conversation(&app, &ann).await, conversation(&app, &ann).await);
    app.emulator.fault(stall(400));
    let mut running = say(&app, &ann, &first, "Kể chuyện dài").await;
    let path = format!("/api/v1/conversations/{second}/messages/stream");
    let refused = ann.send(&app, &Method::POST, &path, &json!({"content": "Xin chào"})).await;
    assert_eq!((refused.status().as_u16(), text(&body(refused).await, "error").as_str()), (429, "RATE_LIMITED"));
    release_once_asked(&app).await;
    running.rest().await;
    hear(&app, &ann, &second, "Xin chào").await;
}

#[tokio::test]
async fn a_log_that_is_forgotten_leaves_the_whole_text() {
    let app = TestApp::with("[replies]\nlog_seconds = 0").await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    let heard = hear(&app, &ann, &chat, "Xin chào").await;
    while app.app.relay().held() != Held::default() {
        tokio::task::yield_now().await;
    }
    let rest = feed(&app, &ann, &chat, "2.3").await.rest().await;
    assert_eq!(rest[..], heard[heard.len() - 1..]);
}

/// What happened to a conversation into which something was sent whose sender left.
async fn is_all_or_nothing(app: &TestApp, visitor: &Visitor, chat: &str) {
    loop {
        let said = history(app, visitor, chat).await;
        match &said[..] {
            [] => return,
            [question, reply] if reply["status"] != "streaming" => {
                assert_eq!((&question["role"], &reply["status"]), (&json!("user"), &json!("complete")));
                return;
            }
            [_, _] => tokio::task::yield_now().await,
            other => panic!("half a message: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_send_whose_client_vanishes_is_stored_and_answered_or_not_at_all() {
    let app = TestApp::with("[limits]\nvisitor_requests_per_minute = 100000\nvisitor_messages_per_minute = 100000").await;
    let ann = app.bearer_visitor().await;
    for yields in 0..40 {
        let chat = conversation(&app, &ann).await;
        let body = json!({"content": "Xin chào"}).to_string();
        let request = format!(
            "POST /api/v1/conversations/{chat}/messages/stream HTTP/1.1\r\nhost: x\r\norigin: {SITE}\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            ann.token,
            body.len()
        );
        let mut socket = TcpStream::connect(app.url.trim_start_matches("http://")).await.unwrap();
        // Some leave before the last byte is written, others at some moment after it.
        let bytes = if yields % 8 == 7 { &request.as_bytes()[..request.len() - 1] } else { request.as_bytes() };
        socket.write_all(bytes).await.unwrap();
        for _ in 0..yields * 3 {
            tokio::task::yield_now().await;
        }
        drop(socket);
        is_all_or_nothing(&app, &ann, &chat).await;
    }
}

#[tokio::test]
async fn after_a_thousand_who_left_in_the_middle_nothing_is_held() {
    let app = TestApp::with_a_large_budget(
        "[limits]\nvisitor_requests_per_minute = 1000000\nvisitor_messages_per_minute = 1000000\nvisitor_streams = 1000\n\
         [replies]\nlog_seconds = 0\nper_visitor = 1000",
    )
    .await;
    let ann = app.bearer_visitor().await;
    let chats = join_all((0..10).map(|_| conversation(&app, &ann))).await;
    for number in 0..1000_usize {
        let chat = &chats[number % chats.len()];
        let path = format!("/api/v1/conversations/{chat}");
        let request = match number % 4 {
            0 => ann.request(&app, &Method::GET, &format!("{path}/events")),
            1 => ann.request(&app, &Method::GET, &format!("{path}/messages")),
            _ => ann
                .request(&app, &Method::POST, &format!("{path}/messages/stream"))
                .header("idempotency-key", format!("k{}", number / 2))
                .json(&json!({"content": "Xin chào"})),
        };
        let request = request.send();
        let leaves = async {
            for _ in 0..(number * 7919) % 97 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = request => {}
            () = leaves => {}
        }
    }
    while app.app.relay().held() != Held::default() || app.app.streams().count() > 0 {
        tokio::task::yield_now().await;
    }
    hear(&app, &ann, &chats[0], "Xin chào").await;
}
