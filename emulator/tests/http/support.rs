//! An emulator and a client that speaks to it.

use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use std::sync::Arc;
use twinchat_emulator::clock::ManualClock;
use twinchat_emulator::{Emulator, Options};
use twinchat_protocol::sse::{Decoder, Event};

/// No waiting, a clock that stands still, seed 1.
pub(crate) fn instant() -> Options {
    Options { clock: Arc::new(ManualClock::default()), ..Options::default() }
}

pub(crate) struct Client {
    pub(crate) emulator: Emulator,
    http: reqwest::Client,
}

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no header {name}")).to_str().unwrap()
    }

    pub(crate) fn number(&self, name: &str) -> u64 {
        self.header(name).parse().unwrap()
    }
}

pub(crate) fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

impl Client {
    pub(crate) async fn start(options: Options) -> Self {
        Self { emulator: Emulator::start(options).await.unwrap(), http: http() }
    }

    /// A request under `/api/v1` without a credential.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.emulator.base_url()))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path).bearer_auth(self.emulator.key()).send().await.unwrap()).await
    }

    pub(crate) async fn get_as(&self, key: &str, path: &str) -> Answer {
        answer(self.request(Method::GET, path).bearer_auth(key).send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        answer(self.raw_post(path, body).await).await
    }

    pub(crate) async fn post_as(&self, key: &str, path: &str, body: Value) -> Answer {
        answer(self.request(Method::POST, path).bearer_auth(key).json(&body).send().await.unwrap()).await
    }

    pub(crate) async fn raw_post(&self, path: &str, body: Value) -> Response {
        self.request(Method::POST, path).bearer_auth(self.emulator.key()).json(&body).send().await.unwrap()
    }

    /// A request outside of `/api/v1`.
    pub(crate) fn outside(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.emulator.origin()))
    }

    pub(crate) async fn control(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = self.outside(method, &format!("/__emulator{path}"));
        let request = if let Some(body) = body { request.json(&body) } else { request };
        answer(request.send().await.unwrap()).await
    }

    /// A new conversation with the twin at this place of the list.
    pub(crate) async fn conversation(&self, twin: usize) -> String {
        let twin = self.emulator.twins()[twin].id.clone();
        let made = self.post("/conversations", serde_json::json!({"twinId": twin})).await;
        made.body["data"]["id"].as_str().expect("a conversation").to_owned()
    }

    pub(crate) async fn ask(&self, conversation: &str, question: &str) -> String {
        let sent = self.post(&format!("/conversations/{conversation}/messages"), serde_json::json!({"content": question})).await;
        sent.body["data"]["content"].as_str().unwrap_or_else(|| panic!("no content in {}", sent.body)).to_owned()
    }
}

pub(crate) async fn answer(response: Response) -> Answer {
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.bytes().await.unwrap();
    Answer { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
}

pub(crate) fn events(bytes: &[u8]) -> Vec<Event> {
    let (mut decoder, mut events) = (Decoder::default(), Vec::new());
    decoder.feed(bytes, &mut |event| events.push(event)).unwrap();
    events
}

pub(crate) fn data(event: &Event) -> Value {
    serde_json::from_str(&event.data).unwrap_or_else(|error| panic!("{error} in {:?}", event.data))
}

pub(crate) fn text_of_deltas(events: &[Event]) -> String {
    events.iter().filter(|event| event.event == "delta").map(|event| data(event)["content"].as_str().unwrap().to_owned()).collect()
}
