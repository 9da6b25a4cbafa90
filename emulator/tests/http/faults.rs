//! Every fault, set through the control endpoint as a test in any language would.

use crate::support::{Client, answer, data, events, instant, text_of_deltas};
use futures_util::StreamExt;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use std::error::Error;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;
use twinchat_emulator::clock::ManualClock;
use twinchat_emulator::faults::Fault;
use twinchat_emulator::{Ending, Options, Rule};

const QUESTION: &str = "Thử việc tối đa mấy tháng và lương thử việc tính sao?";

async fn with(fault: Value) -> (Client, String) {
    let client = Client::start(instant()).await;
    let id = client.conversation(0).await;
    set(&client, fault).await;
    (client, id)
}

async fn set(client: &Client, fault: Value) {
    let set = client.control(Method::POST, "/faults", Some(fault)).await;
    assert_eq!(set.status, StatusCode::CREATED, "{}", set.body);
}

async fn stream(client: &Client, id: &str) -> Response {
    client.raw_post(&format!("/conversations/{id}/messages/stream"), json!({"content": QUESTION})).await
}

/// The chunks, and the error they ended with.
async fn chunks(response: Response) -> (Vec<Vec<u8>>, Option<reqwest::Error>) {
    let (mut chunks, mut stream) = (Vec::new(), response.bytes_stream());
    while let Some(chunk) = stream.next().await {
        match chunk {
            Ok(chunk) => chunks.push(chunk.to_vec()),
            Err(error) => return (chunks, Some(error)),
        }
    }
    (chunks, None)
}

fn is_reset(error: &reqwest::Error) -> bool {
    let mut cause: Option<&dyn Error> = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::ConnectionReset) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Waits until the log's last entry is like this.
async fn log_says(client: &Client, like: impl Fn(&twinchat_emulator::Entry) -> bool) {
    let waiting = async {
        while !client.emulator.log().last().is_some_and(&like) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("the log does not say so");
}

#[tokio::test]
async fn a_body_is_cut_after_exactly_so_many_bytes_in_three_ways() {
    for (ending, fails, reset) in [("eof", false, false), ("truncate", true, false), ("reset", true, true)] {
        let (client, id) = with(json!({"kind": "cut", "afterBytes": 777, "ending": ending})).await;
        let (chunks, error) = chunks(stream(&client, &id).await).await;
        assert_eq!(chunks.concat().len(), 777, "{ending}");
        assert_eq!((error.is_some(), error.as_ref().is_some_and(is_reset)), (fails, reset), "{ending}: {error:?}");
        let entry = client.emulator.log().pop().unwrap();
        assert_eq!((entry.ending, entry.bytes, entry.faults), (Ending::Cut, 777, vec!["cut"]));
        let whole = stream(&client, &id).await.bytes().await.unwrap();
        assert!(events(&whole).last().unwrap().event == "complete", "it was to happen once");
    }
}

#[tokio::test]
async fn where_a_body_is_cut_can_be_left_to_the_seed() {
    let cut_at = |seed| async move {
        let client = Client::start(Options { seed, ..instant() }).await;
        let id = client.conversation(0).await;
        set(&client, json!({"kind": "cut", "ending": "eof"})).await;
        chunks(stream(&client, &id).await).await.0.concat().len()
    };
    assert_eq!(cut_at(5).await, cut_at(5).await);
    assert!((1..=2000).contains(&cut_at(5).await));
    assert_ne!(cut_at(5).await, cut_at(6).await);
}

#[tokio::test]
async fn any_answer_can_be_cut_not_only_streams() {
    let (client, _) = with(json!({"kind": "cut", "afterBytes": 20, "ending": "truncate", "path": "/api/v1/twins"})).await;
    let listed = client.request(Method::GET, "/twins").bearer_auth(client.emulator.key()).send().await.unwrap();
    let (chunks, error) = chunks(listed).await;
    assert!(chunks.concat().len() == 20 && error.is_some());
}

#[tokio::test]
async fn a_stall_lasts_until_it_is_released() {
    let (client, id) = with(json!({"kind": "stall", "afterBytes": 300})).await;
    let response = stream(&client, &id).await;
    let mut stream = response.bytes_stream();
    let mut told = Vec::new();
    while told.len() < 300 {
        told.extend_from_slice(&stream.next().await.unwrap().unwrap());
    }
    assert_eq!(told.len(), 300);
    let entry = client.emulator.log().pop().unwrap();
    assert_eq!((entry.ending, entry.bytes), (Ending::Open, 300));
    assert_eq!(client.control(Method::POST, "/release", None).await.status, StatusCode::NO_CONTENT);
    while let Some(chunk) = stream.next().await {
        told.extend_from_slice(&chunk.unwrap());
    }
    assert_eq!(events(&told).last().unwrap().event, "complete");
}

#[tokio::test]
async fn a_stall_and_a_hang_with_a_time_are_over_by_the_clock() {
    let clock = ManualClock::default();
    let client = Client::start(Options { clock: Arc::new(clock.clone()), ..Options::default() }).await;
    let id = client.conversation(0).await;
    set(&client, json!([{"kind": "hang", "millis": 5000}, {"kind": "stall", "afterBytes": 10, "millis": 4000}])).await;
    let reading = async { stream(&client, &id).await.bytes().await.unwrap() };
    let ticking = async {
        loop {
            clock.advance(Duration::from_millis(100));
            tokio::task::yield_now().await;
        }
    };
    let bytes = tokio::select! { bytes = reading => bytes, () = ticking => unreachable!("it ticks for ever") };
    assert_eq!(events(&bytes).last().unwrap().event, "complete");
}

#[tokio::test]
async fn a_hang_gives_no_answer_until_it_is_released() {
    let (client, id) = with(json!({"kind": "hang"})).await;
    let releasing = async {
        log_says(&client, |entry| entry.faults == ["hang"]).await;
        assert_eq!(client.emulator.log().pop().unwrap().status, 0);
        client.emulator.release();
    };
    let (response, ()) = tokio::join!(stream(&client, &id), releasing);
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed() {
    let (client, id) = with(json!({"kind": "stall", "afterBytes": 100})).await;
    let mut response = stream(&client, &id).await;
    response.chunk().await.unwrap();
    drop(response);
    log_says(&client, |entry| entry.ending == Ending::ClientLeft).await;
}

#[tokio::test]
async fn an_injected_429_looks_like_a_real_one() {
    let (client, id) = with(json!({"kind": "rate_limit", "retryAfter": 17})).await;
    let refused = answer(stream(&client, &id).await).await;
    assert_eq!((refused.status, refused.number("retry-after")), (StatusCode::TOO_MANY_REQUESTS, 17));
    assert_eq!((refused.number("x-ratelimit-remaining"), refused.number("x-ratelimit-reset")), (0, 1_705_314_600 + 17));
    assert_eq!(refused.body["error"], "RATE_LIMIT_EXCEEDED");
}

#[tokio::test]
async fn server_errors_come_in_four_styles() {
    let client = Client::start(instant()).await;
    for (style, status, kind) in [("documented", 500, "json"), ("nest", 503, "json"), ("html", 502, "html"), ("empty", 500, "")] {
        set(&client, json!({"kind": "server_error", "status": status, "body": style})).await;
        let broken = client.get("/twins").await;
        assert_eq!(broken.status.as_u16(), status);
        assert!(broken.headers.get("content-type").map_or("", |kind| kind.to_str().unwrap()).contains(kind), "{style}");
        match style {
            "documented" => assert_eq!(broken.body["error"], "INTERNAL_SERVER_ERROR"),
            "nest" => assert_eq!(broken.body["error"], "Service Unavailable"),
            _ => assert_eq!(broken.body, Value::Null),
        }
    }
}

#[tokio::test]
async fn one_frame_can_be_malformed() {
    for what in ["bad_json", "missing_data", "unknown_event", "bad_utf8"] {
        let (client, id) = with(json!({"kind": "malformed", "what": what, "atEvent": 4})).await;
        let bytes = stream(&client, &id).await.bytes().await.unwrap();
        let events = events(&bytes);
        let broken = events.iter().filter(|event| serde_json::from_str::<Value>(&event.data).is_err()).count();
        assert_eq!(broken, usize::from(what == "bad_json"), "{what}");
        assert_eq!(String::from_utf8_lossy(&bytes).contains("event: delta\n\n"), what == "missing_data", "{what}");
        assert_eq!(events.iter().any(|event| event.event == "telemetry"), matches!(what, "unknown_event" | "bad_utf8"), "{what}");
        assert_eq!(std::str::from_utf8(&bytes).is_err(), what == "bad_utf8");
        assert_eq!(events.last().unwrap().event, "complete");
    }
}

#[tokio::test]
async fn characters_are_split_over_chunks_and_nothing_is_lost() {
    let (client, id) = with(json!({"kind": "split_utf8"})).await;
    let (chunks, error) = chunks(stream(&client, &id).await).await;
    assert!(error.is_none());
    assert!(chunks.iter().filter(|chunk| std::str::from_utf8(chunk).is_err()).count() > 100);
    let events = events(&chunks.concat());
    assert_eq!(data(events.last().unwrap())["content"], text_of_deltas(&events));
}

#[tokio::test]
async fn the_name_of_an_event_can_stand_in_its_data_only() {
    let (client, id) = with(json!({"kind": "name_in_data"})).await;
    let events = events(&stream(&client, &id).await.bytes().await.unwrap());
    assert!(events.iter().all(|event| event.event.is_empty() && data(event)["type"].is_string()));
    assert_eq!(data(events.last().unwrap())["type"], "complete");
}

#[tokio::test]
async fn deltas_can_be_plain_text() {
    let (client, id) = with(json!({"kind": "plain_text"})).await;
    let events = events(&stream(&client, &id).await.bytes().await.unwrap());
    let text: String = events.iter().filter(|event| event.event == "delta").map(|event| event.data.as_str()).collect();
    assert_eq!(data(events.last().unwrap())["content"], text);
}

#[tokio::test]
async fn the_end_of_a_stream_can_be_told_in_other_ways_or_not_at_all() {
    for (kind, last, content) in [("done", "", false), ("bare_complete", "complete", false), ("no_complete", "delta", true)] {
        let (client, id) = with(json!({"kind": kind})).await;
        let events = events(&stream(&client, &id).await.bytes().await.unwrap());
        let end = events.last().unwrap();
        assert_eq!(end.event, last, "{kind}");
        assert_eq!(end.data.contains("content"), content, "{kind}: {}", end.data);
        assert_eq!(end.data == "[DONE]", kind == "done");
    }
}

#[tokio::test]
async fn a_stream_can_end_in_an_error_event() {
    let (client, id) = with(json!({"kind": "error_event", "afterDeltas": 5})).await;
    let events = events(&stream(&client, &id).await.bytes().await.unwrap());
    assert_eq!(events.iter().filter(|event| event.event == "delta").count(), 5);
    let end = events.last().unwrap();
    assert_eq!((end.event.as_str(), &data(end)["error"]), ("error", &json!("GENERATION_FAILED")));
}

#[tokio::test]
async fn a_rule_names_its_requests_and_how_often_it_strikes() {
    let client = Client::start(instant()).await;
    set(&client, json!({"kind": "server_error", "times": 2, "path": "/api/v1/twins*", "method": "GET"})).await;
    assert_eq!(client.get("/conversations").await.status, StatusCode::OK);
    let mut statuses = Vec::new();
    for path in ["/twins", "/twins/none", "/twins"] {
        statuses.push(client.get(path).await.status.as_u16());
    }
    assert_eq!(statuses, [500, 500, 200]);
    assert_eq!(client.control(Method::GET, "/faults", None).await.body, json!([]));
}

#[tokio::test]
async fn rules_are_listed_and_taken_away() {
    let client = Client::start(instant()).await;
    set(&client, json!([{"kind": "done", "times": null}, {"kind": "rate_limit", "probability": 0.5}])).await;
    let listed = client.control(Method::GET, "/faults", None).await.body;
    assert_eq!((&listed[0]["kind"], &listed[1]["probability"]), (&json!("done"), &json!(0.5)));
    assert_eq!(client.control(Method::DELETE, "/faults", None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(client.control(Method::GET, "/faults", None).await.body, json!([]));
}

#[tokio::test]
async fn a_rule_that_is_not_understood_is_refused_and_none_of_its_list_is_set() {
    let client = Client::start(instant()).await;
    for (fault, says) in [
        (json!({"kind": "explode"}), "explode"),
        (json!({"kind": "cut", "afterByte": 5}), "afterByte"),
        (json!({"kind": "done", "probability": 3}), "probability"),
        (json!([{"kind": "done"}, {"kind": "server_error", "status": 200}]), "status"),
        (json!("done"), "object"),
    ] {
        let refused = client.control(Method::POST, "/faults", Some(fault)).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert!(refused.body["error"].as_str().unwrap().contains(says), "{}", refused.body);
    }
    assert_eq!(client.control(Method::GET, "/faults", None).await.body, json!([]));
}

#[tokio::test]
async fn a_reset_brings_everything_back_to_the_start() {
    let client = Client::start(instant()).await;
    let first = client.conversation(0).await;
    client.emulator.fault(Rule::once(Fault::Done, "*"));
    assert_eq!(client.control(Method::POST, "/reset", None).await.status, StatusCode::NO_CONTENT);
    assert!(client.emulator.log().is_empty());
    assert_eq!(client.control(Method::GET, "/faults", None).await.body, json!([]));
    let listed = client.get("/conversations").await;
    assert_eq!((&listed.body["data"], listed.number("x-ratelimit-remaining")), (&json!([]), 499));
    assert_eq!(client.conversation(0).await, first);
}

#[tokio::test]
async fn an_upstream_that_mixes_people_up_says_everywhere_what_others_said() {
    const THEIRS: &str = "Bí mật của người khác";
    for what in ["taken_id", "changed_id", "extra_fields", "listed", "wrong_conversation", "interleaved", "unknown_events"] {
        let client = Client::start(instant()).await;
        let theirs = client.conversation(1).await;
        client.ask(&theirs, THEIRS).await;
        let mine = client.conversation(0).await;
        set(&client, json!({"kind": "everybody", "what": what, "times": null})).await;
        let streamed = stream(&client, &mine).await.text().await.unwrap();
        let sent = client.post(&format!("/conversations/{mine}/messages"), json!({"content": QUESTION})).await;
        let made = client.post("/conversations", json!({"twinId": client.emulator.twins()[0].id})).await;
        let in_stream = matches!(what, "extra_fields" | "interleaved" | "unknown_events");
        assert_eq!(streamed.contains(THEIRS), in_stream, "{what}");
        assert_eq!(streamed.contains(&theirs), in_stream && what != "unknown_events" || what == "wrong_conversation", "{what}");
        assert_eq!(sent.body.to_string().contains(THEIRS), matches!(what, "extra_fields" | "listed"), "{what}: {}", sent.body);
        assert_eq!(sent.body["data"]["conversationId"] == theirs.as_str(), what == "wrong_conversation", "{what}");
        let id = made.body["data"]["id"].as_str().unwrap_or_default();
        assert_eq!(id == theirs || id == mine, what == "taken_id", "{what}: {id}");
        assert_eq!(id.contains('/') || id.contains(' ') || id.contains('%') || id.contains('?'), what == "changed_id", "{what}: {id}");
        if what == "extra_fields" {
            assert!(text_of_deltas(&events(streamed.as_bytes())).contains("thử việc"), "the own answer is there as well");
        }
    }
}

#[tokio::test]
async fn nothing_is_given_away_where_there_is_nobody_else() {
    let (client, id) = with(json!({"kind": "everybody", "what": "interleaved", "times": null})).await;
    let told = stream(&client, &id).await.text().await.unwrap();
    client.control(Method::DELETE, "/faults", None).await;
    assert_eq!(events(told.as_bytes()).iter().filter(|event| event.event == "complete").count(), 1);
}
