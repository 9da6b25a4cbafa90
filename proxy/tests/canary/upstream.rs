//! An upstream that repeats what it should keep to itself: the key it was shown and the words it was told.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// What it does with every send from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Well,
    WholeJson,
    KeyInDeltas,
    KeyInProgress,
    KeyInComplete,
    KeyInJson,
    ErrorEvent,
    PlainErrorEvent,
    Unauthorized,
    Forbidden,
    Invalid,
    Limited,
    Failing,
    WebPage,
    WebPageAsSuccess,
    Redirect,
    BadJson,
    BrokenJsonAnswer,
    CutOff,
    KeyAsId,
    KeyInTwins,
}

pub(crate) const ALL: &[Way] = &[
    Way::Well,
    Way::WholeJson,
    Way::KeyInDeltas,
    Way::KeyInProgress,
    Way::KeyInComplete,
    Way::KeyInJson,
    Way::ErrorEvent,
    Way::PlainErrorEvent,
    Way::Unauthorized,
    Way::Forbidden,
    Way::Invalid,
    Way::Limited,
    Way::Failing,
    Way::WebPage,
    Way::WebPageAsSuccess,
    Way::Redirect,
    Way::BadJson,
    Way::BrokenJsonAnswer,
    Way::CutOff,
    Way::KeyAsId,
    Way::KeyInTwins,
];

/// Begins the ids it gives, which stay at the proxy.
pub(crate) const ID: &str = "upstreamcanary";

#[derive(Debug, Clone)]
pub(crate) struct Upstream {
    way: Arc<Mutex<Way>>,
    made: Arc<AtomicUsize>,
    elsewhere: String,
    elsewhere_heard: Arc<Mutex<String>>,
    pub(crate) origin: String,
}

impl Upstream {
    /// Listens on a free port; a second one is where it redirects to.
    pub(crate) async fn start() -> Self {
        let (here, there) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let upstream = Self {
            way: Arc::new(Mutex::new(Way::Well)),
            made: Arc::default(),
            elsewhere: format!("http://{}", there.local_addr().unwrap()),
            elsewhere_heard: Arc::default(),
            origin: format!("http://{}", here.local_addr().unwrap()),
        };
        let heard = upstream.elsewhere_heard.clone();
        let evil = Router::new().fallback(move |headers: HeaderMap, uri: Uri, body: Bytes| async move {
            heard.lock().unwrap().push_str(&format!("{uri} {headers:?} {body:?}\n"));
        });
        tokio::spawn(async move { axum::serve(there, evil).await });
        let routes = Router::new().fallback(answer).with_state(upstream.clone());
        tokio::spawn(async move { axum::serve(here, routes).await });
        upstream
    }

    pub(crate) fn behave(&self, way: Way) {
        *self.way.lock().unwrap() = way;
    }

    /// What came to the origin that it redirects to.
    pub(crate) fn elsewhere(&self) -> String {
        self.elsewhere_heard.lock().unwrap().clone()
    }

    fn way(&self) -> Way {
        *self.way.lock().unwrap()
    }
}

async fn answer(State(upstream): State<Upstream>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let shown = headers.get("authorization").map_or("", |value| value.to_str().unwrap());
    let key = shown.trim_start_matches("Bearer ").to_owned();
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let words = asked["content"].as_str().or(asked["title"].as_str()).unwrap_or_default().to_owned();
    let mut response = match (method, uri.path()) {
        (Method::GET, "/api/v1/twins") => twins(&upstream, &key),
        (Method::POST, "/api/v1/conversations") => {
            let number = upstream.made.fetch_add(1, Ordering::Relaxed);
            let id = if upstream.way() == Way::KeyAsId { key.clone() } else { format!("{ID}{number}") };
            json(200, &json!({"success": true, "data": {"id": id, "title": words}}))
        }
        (Method::POST, path) if path.contains("/messages") => send(&upstream, &key, &words),
        _ => StatusCode::NOT_FOUND.into_response(),
    };
    for name in ["x-echo", "x-api-key", "authorization"] {
        if let Ok(value) = key.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn twins(upstream: &Upstream, key: &str) -> Response {
    let (name, description) = match upstream.way() {
        Way::KeyInTwins => (format!("Lan {key}"), format!("my key is {}", STANDARD.encode(key))),
        _ => ("Lan".to_owned(), String::new()),
    };
    json(
        200,
        &json!({"data": [{"id": "twin-1", "name": name, "description": description, "suggestedQuestions": [key], "apiKey": key,
        "avatarUrl": format!("{}/avatar?key={key}", upstream.origin)}]}),
    )
}

fn send(upstream: &Upstream, key: &str, words: &str) -> Response {
    let told = format!("{words} {key}");
    let (first, second) = key.split_at(key.len() / 2);
    let refusal = |status: u16| {
        json(status, &json!({"success": false, "message": told, "error": told, "statusCode": status, "details": {"key": key}}))
    };
    match upstream.way() {
        Way::Well | Way::KeyAsId | Way::KeyInTwins => stream(&[
            ("progress", json!({"message": "…"})),
            ("delta", json!({"content": "Chào "})),
            ("complete", json!({"content": "Chào bạn"})),
        ]),
        Way::WholeJson => json(200, &json!({"data": {"role": "assistant", "content": "Chào bạn", "key": key}})),
        Way::KeyInDeltas => {
            let mut events: Vec<_> = key.chars().map(|letter| ("delta", json!({"content": letter.to_string()}))).collect();
            events.extend([("delta", json!({"content": format!(" and {first}")})), ("delta", json!({"content": second}))]);
            events.extend([("delta", json!({"content": STANDARD.encode(format!("Bearer {key}"))})), ("complete", json!({}))]);
            stream(&events)
        }
        Way::KeyInProgress => {
            stream(&[("progress", json!({"message": told, "key": key})), ("delta", json!({"content": "Chào"})), ("complete", json!({}))])
        }
        Way::KeyInComplete => {
            stream(&[("delta", json!({"content": "Chào"})), ("complete", json!({"content": format!("Chào {}", key.to_uppercase())}))])
        }
        Way::KeyInJson => json(200, &json!({"data": {"role": "assistant", "content": format!("Chào {key}")}})),
        Way::ErrorEvent => {
            stream(&[("delta", json!({"content": "Chào"})), ("error", json!({"message": told, "error": told, "statusCode": 500}))])
        }
        Way::PlainErrorEvent => ([("content-type", "text/event-stream")], format!("event: error\ndata: {told}\n\n")).into_response(),
        Way::Unauthorized => refusal(401),
        Way::Forbidden => refusal(403),
        Way::Invalid => refusal(400),
        Way::Limited => refusal(429),
        Way::Failing => refusal(500),
        Way::WebPage => {
            (StatusCode::BAD_GATEWAY, [("content-type", "text/html")], format!("<html><title>{told}</title></html>")).into_response()
        }
        Way::WebPageAsSuccess => ([("content-type", "text/html")], format!("<html><title>{told}</title></html>")).into_response(),
        Way::Redirect => Redirect::temporary(&format!("{}/steal?key={key}", upstream.elsewhere)).into_response(),
        Way::BadJson => (
            [("content-type", "text/event-stream")],
            format!("event: delta\ndata: {{\"content\":\"{told}\n\nevent: {key}\ndata: {{\"type\":\"{key}\"}}\n\n"),
        )
            .into_response(),
        Way::BrokenJsonAnswer => ([("content-type", "application/json")], format!("{{\"{told}\": ")).into_response(),
        Way::CutOff => {
            let begun = futures_util::stream::iter([
                Ok(Bytes::from("event: delta\ndata: {\"content\":\"Chào\"}\n\n")),
                Err(std::io::Error::other(told)),
            ]);
            ([("content-type", "text/event-stream")], Body::from_stream(begun)).into_response()
        }
    }
}

fn stream(events: &[(&str, Value)]) -> Response {
    let text: String = events.iter().map(|(name, data)| format!("event: {name}\ndata: {data}\n\n")).collect();
    ([("content-type", "text/event-stream")], text).into_response()
}

fn json(status: u16, body: &Value) -> Response {
    (StatusCode::from_u16(status).unwrap(), [("content-type", "application/json")], body.to_string()).into_response()
}
