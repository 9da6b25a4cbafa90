//! What TwinExpert documents, sentence by sentence, through the real HTTP surface.

use crate::support::{Answer, Client, answer, data, events, instant, text_of_deltas};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use twinchat_emulator::clock::{Clock, ManualClock};
use twinchat_emulator::{Options, Pace};

const QUESTION: &str = "Thử việc tối đa mấy tháng và lương thử việc tính sao?";

/// The documented error body, and nothing else.
fn assert_documented(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
    let keys: HashSet<&str> = answer.body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, HashSet::from(["success", "message", "error", "statusCode", "meta", "details"]));
    assert_eq!((&answer.body["success"], &answer.body["error"], &answer.body["statusCode"]), (&json!(false), &json!(code), &json!(status)));
    assert!(answer.body["meta"]["timestamp"].is_string() && answer.body["meta"]["requestId"].as_str().unwrap().starts_with("req_"));
    assert!(answer.body["details"].is_object());
}

/// The framework's error body, as the documents show it.
fn assert_nest(answer: &Answer, body: &Value) {
    assert_eq!(answer.body, *body);
    assert_eq!(u64::from(answer.status.as_u16()), body["statusCode"].as_u64().unwrap());
}

#[tokio::test]
async fn a_key_of_the_wrong_form_gets_exactly_the_answer_that_is_shown_live() {
    let client = Client::start(instant()).await;
    assert_nest(
        &client.get_as("123456", "/twins").await,
        &json!({
            "statusCode": 401, "timestamp": "2024-01-15T10:30:00.000Z", "path": "/api/v1/twins", "method": "GET",
            "message": "Invalid API key format", "error": "Unauthorized",
        }),
    );
}

#[tokio::test]
async fn without_a_valid_key_nothing_is_told() {
    let client = Client::start(instant()).await;
    let unknown = format!("txp_live_{}", "a".repeat(40));
    for (key, message) in [(unknown.as_str(), "Invalid or expired API key"), (client.emulator.jwt(), "Invalid API key format")] {
        let refused = client.get_as(key, "/conversations?page=1").await;
        assert_eq!((refused.status, &refused.body["message"]), (StatusCode::UNAUTHORIZED, &json!(message)));
        assert_eq!(refused.body["path"], "/api/v1/conversations?page=1");
    }
    let nobody = answer(client.request(Method::GET, "/twins").send().await.unwrap()).await;
    assert_eq!((nobody.status, &nobody.body["message"]), (StatusCode::UNAUTHORIZED, &json!("API key is required")));
}

#[tokio::test]
async fn the_key_is_taken_from_either_documented_header() {
    let client = Client::start(instant()).await;
    let request = || client.request(Method::GET, "/twins");
    for sent in [request().bearer_auth(client.emulator.key()), request().header("X-API-Key", client.emulator.key())] {
        assert_eq!(sent.send().await.unwrap().status(), StatusCode::OK);
    }
    let auths: Vec<&str> = client.emulator.log().iter().map(|entry| entry.auth).collect();
    assert_eq!(auths, ["authorization", "x-api-key"]);
}

#[tokio::test]
async fn twins_are_listed_by_page() {
    let client = Client::start(instant()).await;
    let first = client.get("/twins?page=1&limit=3").await;
    let third = client.get("/twins?page=3&limit=3").await;
    assert_eq!(first.body["success"], true);
    assert_eq!((first.body["data"].as_array().unwrap().len(), third.body["data"].as_array().unwrap().len()), (3, 2));
    let meta = &third.body["meta"];
    assert_eq!((&meta["page"], &meta["limit"], &meta["total"], &meta["totalPages"]), (&json!(3), &json!(3), &json!(8), &json!(3)));
    assert_eq!((&meta["hasNextPage"], &meta["hasPreviousPage"]), (&json!(false), &json!(true)));
    assert_eq!(client.get("/twins?page=4&limit=3").await.body["data"], json!([]));
    assert_eq!(client.get("/twins").await.body["data"].as_array().unwrap().len(), 8);
    for wrong in ["/twins?limit=101", "/twins?limit=0", "/twins?page=0", "/twins?page=x", "/twins?page=-1"] {
        assert_documented(&client.get(wrong).await, 400, "BAD_REQUEST");
    }
    assert_eq!(client.get("/twins?limit=100").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_twin_is_shown_with_a_picture_that_is_served_here() {
    let client = Client::start(instant()).await;
    let listed = client.get("/twins").await.body["data"][2].clone();
    let shown = client.get(&format!("/twins/{}", listed["id"].as_str().unwrap())).await;
    assert_eq!(shown.body["data"], listed);
    for field in ["name", "description", "language", "status"] {
        assert!(listed[field].as_str().is_some_and(|text| !text.is_empty()), "{field}");
    }
    assert!(listed["suggestedQuestions"].as_array().unwrap().len() >= 3);
    let avatar = listed["avatarUrl"].as_str().unwrap().strip_prefix(&client.emulator.origin()).unwrap().to_owned();
    let picture = client.outside(Method::GET, &avatar).send().await.unwrap();
    assert_eq!(picture.headers()["content-type"], "image/png");
    assert!(picture.bytes().await.unwrap().starts_with(b"\x89PNG"));
    assert_documented(&client.get("/twins/nobody").await, 404, "NOT_FOUND");
}

#[tokio::test]
async fn a_conversation_is_begun_at_either_documented_place() {
    let client = Client::start(instant()).await;
    let twin = client.emulator.twins()[1].id.clone();
    for path in ["/conversations".to_owned(), format!("/twins/{twin}")] {
        let made = client.post(&path, json!({"twinId": twin, "title": "API Chat Session"})).await;
        assert_eq!(made.status, StatusCode::CREATED);
        assert_eq!((&made.body["data"]["twinId"], &made.body["data"]["title"]), (&json!(twin), &json!("API Chat Session")));
        assert_documented(&client.post(&path, json!({"title": "x"})).await, 400, "BAD_REQUEST");
        assert_documented(&client.post(&path, json!({"twinId": 5})).await, 400, "BAD_REQUEST");
    }
    let untitled = client.post("/conversations", json!({"twinId": twin})).await;
    assert!(untitled.body["data"]["title"].as_str().unwrap().contains(&client.emulator.twins()[1].name));
    assert_documented(&client.post("/conversations", json!({"twinId": "nobody"})).await, 404, "NOT_FOUND");
    let other = client.emulator.twins()[2].id.clone();
    assert_documented(&client.post(&format!("/twins/{twin}"), json!({"twinId": other})).await, 400, "BAD_REQUEST");
}

#[tokio::test]
async fn conversations_are_listed_latest_first_by_page_and_by_twin() {
    let client = Client::start(instant()).await;
    let mut ids = Vec::new();
    for twin in [0, 1, 0] {
        ids.push(client.conversation(twin).await);
    }
    client.ask(&ids[0], QUESTION).await;
    let listed =
        |body: &Value| body["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let all = client.get("/conversations").await.body;
    assert_eq!(listed(&all), [ids[0].clone(), ids[2].clone(), ids[1].clone()]);
    assert_eq!(all["data"][0]["messageCount"], 2);
    let page = client.get("/conversations?page=2&limit=2").await.body;
    assert_eq!((listed(&page), &page["meta"]["total"]), (vec![ids[1].clone()], &json!(3)));
    let twin = client.emulator.twins()[1].id.clone();
    assert_eq!(listed(&client.get(&format!("/conversations?twinId={twin}")).await.body), [ids[1].clone()]);
}

#[tokio::test]
async fn a_message_is_answered_and_remembered() {
    let client = Client::start(instant()).await;
    let id = client.conversation(0).await;
    let sent = client.post(&format!("/conversations/{id}/messages"), json!({"content": QUESTION})).await;
    assert_eq!(sent.status, StatusCode::CREATED);
    assert_eq!((&sent.body["data"]["role"], &sent.body["data"]["conversationId"]), (&json!("assistant"), &json!(id)));
    assert!(sent.body["data"]["content"].as_str().unwrap().contains("60 ngày"));
    let recalled = client.ask(&id, "Nãy giờ tôi hỏi gì rồi?").await;
    assert!(recalled.contains(QUESTION), "{recalled}");
}

#[tokio::test]
async fn a_bad_message_is_refused_with_the_field_that_is_wrong() {
    let client = Client::start(instant()).await;
    let id = client.conversation(0).await;
    for path in [format!("/conversations/{id}/messages"), format!("/conversations/{id}/messages/stream")] {
        for body in [json!({}), json!({"content": ""}), json!({"content": "  \n"})] {
            let refused = client.post(&path, body).await;
            assert_documented(&refused, 400, "BAD_REQUEST");
            assert_eq!(refused.body["details"]["field"], "content");
        }
        assert_documented(&client.post(&path, json!({"content": 5})).await, 400, "BAD_REQUEST");
        let broken = client.request(Method::POST, &path).bearer_auth(client.emulator.key()).body("{\"content\":").send().await.unwrap();
        assert_documented(&answer(broken).await, 400, "BAD_REQUEST");
    }
    assert_documented(&client.post("/conversations/none/messages", json!({"content": "x"})).await, 404, "NOT_FOUND");
    let large = client.post(&format!("/conversations/{id}/messages"), json!({"content": "x".repeat(1 << 21)})).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_read_only_key_reads_and_does_not_write() {
    let client = Client::start(instant()).await;
    let (id, twin) = (client.conversation(0).await, client.emulator.twins()[0].id.clone());
    let key = client.emulator.read_only_key().to_owned();
    for path in ["/twins".to_owned(), format!("/twins/{twin}"), "/conversations".to_owned()] {
        assert_eq!(client.get_as(&key, &path).await.status, StatusCode::OK);
    }
    let creates = json!({"twinId": twin});
    for (path, body) in [
        ("/conversations".to_owned(), creates.clone()),
        (format!("/twins/{twin}"), creates),
        (format!("/conversations/{id}/messages"), json!({"content": "x"})),
        (format!("/conversations/{id}/messages/stream"), json!({"content": "x"})),
    ] {
        assert_documented(&client.post_as(&key, &path, body).await, 403, "FORBIDDEN");
    }
}

#[tokio::test]
async fn the_accounts_jwt_makes_keys_that_work_with_the_scope_asked_for() {
    let client = Client::start(instant()).await;
    let twin = client.emulator.twins()[0].id.clone();
    for (scope, expected) in [("full_access", StatusCode::CREATED), ("read_only", StatusCode::FORBIDDEN)] {
        let made = client.post_as(client.emulator.jwt(), "/auth/api-keys", json!({"name": "My App", "scope": scope})).await;
        assert_eq!((made.status, &made.body["data"]["scope"]), (StatusCode::CREATED, &json!(scope)));
        let key = made.body["data"]["key"].as_str().unwrap().to_owned();
        assert_eq!(client.get_as(&key, "/twins").await.status, StatusCode::OK);
        assert_eq!(client.post_as(&key, "/conversations", json!({"twinId": twin})).await.status, expected);
    }
    let jwt = client.emulator.jwt().to_owned();
    assert_documented(&client.post_as(&jwt, "/auth/api-keys", json!({"name": "x", "scope": "root"})).await, 400, "BAD_REQUEST");
    let by_key = client.post_as(client.emulator.key(), "/auth/api-keys", json!({"name": "x", "scope": "read_only"})).await;
    assert_eq!((by_key.status, &by_key.body["error"]), (StatusCode::UNAUTHORIZED, &json!("Unauthorized")));
}

#[tokio::test]
async fn a_route_that_does_not_exist_gets_the_frameworks_404() {
    let client = Client::start(instant()).await;
    for (method, path) in [(Method::GET, "/nothing"), (Method::DELETE, "/twins"), (Method::GET, "/conversations/x/messages")] {
        let missing = answer(client.request(method.clone(), path).send().await.unwrap()).await;
        assert_nest(
            &missing,
            &json!({
                "statusCode": 404, "timestamp": "2024-01-15T10:30:00.000Z", "path": format!("/api/v1{path}"), "method": method.as_str(),
                "message": format!("Cannot {method} /api/v1{path}"), "error": "Not Found",
            }),
        );
    }
}

#[tokio::test]
async fn every_response_has_the_four_rate_limit_headers() {
    let client = Client::start(instant()).await;
    let id = client.conversation(0).await;
    let mut answers = vec![
        client.get("/twins").await,
        client.get("/twins/none").await,
        client.get("/nowhere").await,
        client.get_as("123456", "/twins").await,
        client.post_as(client.emulator.read_only_key(), "/conversations", json!({})).await,
        client.post_as(client.emulator.jwt(), "/auth/api-keys", json!({})).await,
    ];
    answers.push(answer(client.raw_post(&format!("/conversations/{id}/messages/stream"), json!({"content": QUESTION})).await).await);
    for one in answers {
        assert!(one.number("x-ratelimit-limit") >= 200);
        assert!(one.number("x-ratelimit-remaining") < one.number("x-ratelimit-limit"));
        assert_eq!(one.number("x-ratelimit-reset"), 1_705_314_600 + 3600);
        assert_eq!(one.number("x-ratelimit-window"), 3600);
    }
}

#[tokio::test]
async fn requests_are_counted_and_refused_beyond_burst_and_window() {
    let clock = ManualClock::default();
    let client = Client::start(Options { clock: Arc::new(clock.clone()), ..Options::default() }).await;
    let keys = [(client.emulator.read_only_key().to_owned(), 200, 50, 18), (client.emulator.key().to_owned(), 500, 100, 8)];
    for (key, limit, burst, wait) in keys {
        for used in 1..=burst {
            let one = client.get_as(&key, "/twins?limit=1").await;
            assert_eq!((one.number("x-ratelimit-limit"), one.number("x-ratelimit-remaining")), (limit, limit - used));
        }
        let refused = client.get_as(&key, "/twins?limit=1").await;
        assert_documented(&refused, 429, "RATE_LIMIT_EXCEEDED");
        assert_eq!((refused.number("retry-after"), refused.number("x-ratelimit-remaining")), (wait, 0));
        assert_eq!(refused.body["details"]["retryAfter"], wait);
        clock.advance(Duration::from_secs(wait));
        assert_eq!(client.get_as(&key, "/twins?limit=1").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_stream_has_the_documented_events_and_its_deltas_are_the_answer() {
    let client = Client::start(instant()).await;
    let id = client.conversation(0).await;
    let response = client.raw_post(&format!("/conversations/{id}/messages/stream"), json!({"content": QUESTION})).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
    let events = events(&response.bytes().await.unwrap());
    let mut names: Vec<&str> = events.iter().map(|event| event.event.as_str()).collect();
    names.dedup();
    assert_eq!(names, ["progress", "delta", "complete"]);
    let complete = data(events.last().unwrap());
    assert_eq!(complete["content"], text_of_deltas(&events));
    let other = client.conversation(0).await;
    assert_eq!(complete["content"], client.ask(&other, QUESTION).await);
}

#[tokio::test]
async fn deltas_end_in_the_middle_of_words_and_of_markdown() {
    let client = Client::start(instant()).await;
    let id = client.conversation(0).await;
    let question = json!({"content": "Giải thích chi tiết quyền lợi khi nghỉ việc"});
    let bytes = client.raw_post(&format!("/conversations/{id}/messages/stream"), question).await.bytes().await.unwrap();
    let deltas: Vec<String> = events(&bytes)
        .iter()
        .filter(|event| event.event == "delta")
        .map(|event| data(event)["content"].as_str().unwrap().to_owned())
        .collect();
    let cuts = |before: fn(char) -> bool, after: fn(char) -> bool| {
        deltas.windows(2).filter(|two| two[0].ends_with(before) && two[1].starts_with(after)).count()
    };
    assert!(deltas.len() > 1000);
    assert!(cuts(char::is_alphabetic, char::is_alphabetic) > 300);
    assert!(cuts(|one| one == '*', |two| two == '*') > 3);
    assert!(cuts(|one| one == '`', |two| two == '`') > 0 || cuts(|one| one == '|', |two| two == '-') > 0);
}

/// What an emulator of this seed says to always the same requests, without the port.
async fn transcript(seed: u64) -> Vec<String> {
    let client = Client::start(Options { seed, ..instant() }).await;
    client
        .control(Method::POST, "/faults", Some(json!({"kind": "malformed", "what": "bad_json", "probability": 0.5, "times": null})))
        .await;
    let mut told = Vec::new();
    let origin = client.emulator.origin();
    let id = client.conversation(3).await;
    for question in ["Hello!", "How do I prepare for a job interview in English?", "and?", "Thì hiện tại hoàn thành?"] {
        let response = client.raw_post(&format!("/conversations/{id}/messages/stream"), json!({"content": question})).await;
        told.push(format!("{:?}", response.headers()));
        told.push(String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned());
    }
    for path in ["/twins", "/conversations", "/nowhere"] {
        let answer = client.get(path).await;
        told.push(format!("{:?} {}", answer.headers, answer.body).replace(&origin, ""));
    }
    told
}

#[tokio::test]
async fn the_same_seed_and_requests_give_the_same_bytes() {
    assert_eq!(transcript(11).await, transcript(11).await);
    assert_ne!(transcript(11).await, transcript(12).await);
}

#[tokio::test]
async fn a_realistic_pace_waits_by_the_clock_that_is_handed_in() {
    let clock = ManualClock::default();
    let client = Client::start(Options { clock: Arc::new(clock.clone()), pace: Pace::REAL, ..Options::default() }).await;
    let id = client.conversation(0).await;
    let path = format!("/conversations/{id}/messages/stream");
    let began = clock.now_millis();
    let reading = async { client.raw_post(&path, json!({"content": QUESTION})).await.bytes().await.unwrap() };
    let ticking = async {
        loop {
            clock.advance(Duration::from_millis(1));
            tokio::task::yield_now().await;
        }
    };
    let bytes = tokio::select! { bytes = reading => bytes, () = ticking => unreachable!("it ticks for ever") };
    let deltas = events(&bytes).iter().filter(|event| event.event == "delta").count() as u64;
    let took = clock.now_millis() - began;
    assert!(took >= 600 + deltas * 16, "{deltas} deltas in {took} ms");
}

#[tokio::test]
async fn the_log_tells_where_the_key_stood_and_never_the_key() {
    let client = Client::start(instant()).await;
    let key = client.emulator.key().to_owned();
    client.get("/twins").await;
    client.get_as(client.emulator.read_only_key(), &format!("/twins?leak={key}")).await;
    client.post("/conversations", json!({"twinId": key})).await;
    let log = client.control(Method::GET, "/log", None).await.body;
    assert_eq!((&log[0]["sawKey"], &log[0]["keyIn"], &log[0]["status"]), (&json!(true), &json!(["authorization"]), &json!(200)));
    assert_eq!((&log[1]["sawKey"], &log[1]["keyIn"]), (&json!(false), &json!(["path"])));
    assert_eq!(log[2]["keyIn"], json!(["authorization", "body"]));
    assert_ne!(log[0]["keyFingerprint"], log[1]["keyFingerprint"]);
    assert!(!log.to_string().contains(&key));
    assert_eq!(client.control(Method::GET, "/log?after=2", None).await.body.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn another_address_than_loopback_is_refused() {
    let options = Options { host: "0.0.0.0".parse().unwrap(), ..Options::default() };
    let error = twinchat_emulator::Emulator::start(options).await.unwrap_err().to_string();
    assert!(error.contains("0.0.0.0 is not a loopback address") && error.contains("127.0.0.1"), "{error}");
}
