//! What the tests of conversations and messages do again and again.

use super::helpers::{TestApp, Visitor, body, text};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;
use twinchat_protocol::id::EventId;
use twinchat_protocol::sse::{Decoder, Event};

/// Far more than anything here takes: only a test that hangs reaches it.
const PATIENCE: Duration = Duration::from_secs(60);

/// The id of the twin listed first.
pub(crate) async fn first_twin(app: &TestApp, visitor: &Visitor) -> String {
    text(&visitor.get(app, "/api/v1/twins").await["data"][0], "id")
}

/// A new conversation with that twin.
pub(crate) async fn conversation(app: &TestApp, visitor: &Visitor) -> String {
    let new = json!({"twinId": first_twin(app, visitor).await});
    let answer = visitor.send(app, &Method::POST, "/api/v1/conversations", &new).await;
    assert_eq!(answer.status(), 201);
    text(&body(answer).await["data"], "id")
}

/// The history, oldest first.
pub(crate) async fn history(app: &TestApp, visitor: &Visitor, conversation: &str) -> Vec<Value> {
    let answer = visitor.get(app, &format!("/api/v1/conversations/{conversation}/messages?limit=100")).await;
    answer["data"].as_array().unwrap().clone()
}

/// The last message of the history.
pub(crate) async fn last(app: &TestApp, visitor: &Visitor, conversation: &str) -> Value {
    history(app, visitor, conversation).await.pop().unwrap()
}

/// Says something and reads the stream's beginning.
pub(crate) async fn say(app: &TestApp, visitor: &Visitor, conversation: &str, content: &str) -> Stream {
    let path = format!("/api/v1/conversations/{conversation}/messages/stream");
    let answer = visitor.send(app, &Method::POST, &path, &json!({ "content": content })).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    Stream::of(answer)
}

/// Says something and hears the answer to its end.
pub(crate) async fn hear(app: &TestApp, visitor: &Visitor, conversation: &str, content: &str) -> Vec<Told> {
    say(app, visitor, conversation, content).await.rest().await
}

/// How many messages the upstream was sent.
pub(crate) fn sent(app: &TestApp) -> usize {
    app.emulator.log().iter().filter(|entry| entry.path.ends_with("/messages/stream")).count()
}

/// Lets the upstream go on, not before it was sent a message: a release is for what came before it.
pub(crate) async fn release_once_asked(app: &TestApp) {
    while sent(app) == 0 {
        tokio::task::yield_now().await;
    }
    app.emulator.release();
}

/// The feed from after an event.
pub(crate) async fn feed(app: &TestApp, visitor: &Visitor, conversation: &str, after: &str) -> Stream {
    let path = format!("/api/v1/conversations/{conversation}/events?after={after}");
    let answer = visitor.request(app, &Method::GET, &path).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{answer:?}");
    Stream::of(answer)
}

/// One event, read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    pub(crate) id: EventId,
    pub(crate) kind: String,
    pub(crate) data: Value,
}

impl Told {
    fn of(event: Event) -> Self {
        let data: Value = serde_json::from_str(&event.data).unwrap();
        assert_eq!(data["type"], event.event, "the type stands in both places");
        Self { id: EventId::parse(&event.id).unwrap(), kind: event.event, data }
    }

    /// `progress accepted`, `complete`, ...
    pub(crate) fn name(&self) -> String {
        self.data["state"].as_str().map_or(self.kind.clone(), |state| format!("{} {state}", self.kind))
    }
}

/// A stream that is being read.
#[derive(Debug)]
pub(crate) struct Stream {
    answer: Response,
    decoder: Decoder,
    ready: Vec<Event>,
}

impl Stream {
    pub(crate) fn of(answer: Response) -> Self {
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["cache-control"], "no-store, no-transform");
        // For nginx, which keeps it to itself.
        assert!(answer.headers().get("x-accel-buffering").is_none_or(|value| value == "no"));
        Self { answer, decoder: Decoder::default(), ready: Vec::new() }
    }

    /// The next event; none at the end.
    pub(crate) async fn next(&mut self) -> Option<Told> {
        while self.ready.is_empty() {
            let chunk = timeout(PATIENCE, self.answer.chunk()).await.expect("an event in time").unwrap()?;
            let ready = &mut self.ready;
            self.decoder.feed(&chunk, &mut |event| ready.push(event)).unwrap();
        }
        Some(Told::of(self.ready.remove(0)))
    }

    /// The next event of this name; those before it are dropped.
    pub(crate) async fn until(&mut self, name: &str) -> Told {
        loop {
            let told = self.next().await.expect("an event of this name");
            if told.name() == name {
                return told;
            }
        }
    }

    /// Everything up to the end of a reply or of the stream.
    pub(crate) async fn rest(&mut self) -> Vec<Told> {
        let mut all = Vec::new();
        while let Some(told) = self.next().await {
            let over = matches!(told.kind.as_str(), "complete" | "error");
            all.push(told);
            if over {
                break;
            }
        }
        all
    }

    /// How long it asked to wait before coming back.
    pub(crate) fn retry(&self) -> Option<u32> {
        self.decoder.retry_millis()
    }
}

/// The text a reader shows after these events, who showed `before` until then.
pub(crate) fn shown(before: &str, events: &[Told]) -> String {
    let mut shown = before.to_owned();
    for told in events {
        match told.name().as_str() {
            "delta" => shown.push_str(told.data["content"].as_str().unwrap()),
            "progress accepted" | "message" | "error" => shown = text(&told.data["message"], "content"),
            "complete" => shown = text(&told.data, "content"),
            _ => {}
        }
    }
    shown
}
