//! What TwinExpert documents, sentence by sentence, through the real HTTP surface.

mod support;

use reqwest::StatusCode;
use serde_json::json;
use support::{Client, events, instant, text_of_deltas};

#[tokio::test]
async fn a_conversation_is_begun_and_answered() {
    let client = Client::start(instant()).await;
    let twin = client.emulator.twins()[0].id.clone();
    let made = client.post("/conversations", json!({"twinId": twin, "title": "Thử"})).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let id = made.body["data"]["id"].as_str().unwrap().to_owned();
    let sent = client.post(&format!("/conversations/{id}/messages"), json!({"content": "Thử việc mấy tháng?"})).await;
    assert_eq!(sent.body["data"]["role"], "assistant");
    assert!(sent.body["data"]["content"].as_str().unwrap().contains("60 ngày"));
    let stream = client.raw_post(&format!("/conversations/{id}/messages/stream"), json!({"content": "Thử việc mấy tháng?"})).await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream; charset=utf-8");
    let events = events(&stream.bytes().await.unwrap());
    assert_eq!(events[0].event, "progress");
    assert_eq!(events.last().unwrap().event, "complete");
    assert!(text_of_deltas(&events).contains("60 ngày"));
}
