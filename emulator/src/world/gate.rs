//! What every request passes: log, faults; and on the way back the date and the faults on bytes.

use super::World;
use crate::clock::{http_date, iso};
use crate::faults::{ErrorStyle, Fault, Faulty, Released};
use crate::log::{Ending, Entry};
use crate::net::Socket;
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// What a stream, whose length nobody knows, is said to have when it is lied about.
const LENGTH_OF_STREAMS: u64 = 1000;

/// A request as it came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its address.
    pub uri: &'a Uri,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body.
    pub body: &'a [u8],
    /// The credential it came with.
    pub credential: Option<&'a str>,
    /// The secret that belongs into one header and nowhere else.
    pub key: &'a str,
}

impl Arrival<'_> {
    /// Path and query without the secret.
    pub(crate) fn shown_path(&self) -> String {
        path_of(self.uri).replace(self.key, "<key>")
    }

    fn entry(&self, at: u64, faults: &[Fault]) -> Entry {
        let key = self.key.as_bytes();
        let holds = |bytes: &[u8]| bytes.windows(key.len().max(1)).any(|window| window == key);
        let of_headers = self.headers.iter().filter(|(_, value)| holds(value.as_bytes()));
        let mut key_in: Vec<String> = of_headers.map(|(name, _)| name.as_str().to_owned()).collect();
        key_in.extend(holds(path_of(self.uri).as_bytes()).then(|| "path".to_owned()));
        key_in.extend(holds(self.body).then(|| "body".to_owned()));
        Entry {
            number: 0,
            at: iso(at),
            method: self.method.to_owned(),
            path: self.shown_path(),
            auth: match (self.headers.contains_key("authorization"), self.headers.contains_key("x-api-key")) {
                (true, true) => "both",
                (true, false) => "authorization",
                (false, true) => "x-api-key",
                (false, false) => "none",
            },
            key_fingerprint: self.credential.map(|credential| fingerprint(credential.as_bytes(), 4)),
            body_fingerprint: (!self.body.is_empty()).then(|| fingerprint(self.body, 8)),
            saw_key: self.credential == Some(self.key),
            key_in,
            status: 0,
            faults: faults.iter().map(Fault::kind).collect(),
            bytes: 0,
            ending: Ending::Open,
        }
    }
}

fn path_of(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |path| path.as_str())
}

/// The first bytes of the SHA-256, in hex.
fn fingerprint(of: &[u8], length: usize) -> String {
    Sha256::digest(of).iter().take(length).map(|byte| format!("{byte:02x}")).collect()
}

/// A request on its way: when it came and what it meets.
#[derive(Debug)]
pub(crate) struct Passage {
    /// Milliseconds since 1970.
    pub at: u64,
    /// The faults that strike it.
    pub faults: Arc<[Fault]>,
    released: Released,
    number: u64,
}

impl World {
    /// Writes a request into the log and lets the faults strike it.
    pub(crate) fn enter(&self, arrival: &Arrival<'_>) -> Passage {
        let released = self.faults.releases();
        let faults = self.faults.strike(arrival.method, arrival.uri.path());
        let at = self.clock.now_millis();
        let number = self.log.add(arrival.entry(at, &faults));
        Passage { at, faults: faults.into(), released, number }
    }

    /// Waits as long as the faults say.
    pub(crate) async fn hang(&self, passage: &Passage) {
        for fault in passage.faults.iter() {
            if let Fault::Hang { millis } = fault {
                passage.released.or_after(*millis, &*self.clock).await;
            }
        }
    }

    /// Writes down the answer's status and gives its body the faults on bytes.
    pub(crate) fn leave(&self, passage: Passage, socket: Socket, mut response: Response) -> Response {
        // Time is handed in, also here: the same requests give the same bytes.
        if let Ok(date) = HeaderValue::from_str(&http_date(passage.at)) {
            response.headers_mut().insert(header::DATE, date);
        }
        if response.status().is_redirection()
            && let Ok(elsewhere) = HeaderValue::from_str(&format!("{}/elsewhere", self.origin))
        {
            response.headers_mut().insert(header::LOCATION, elsewhere);
        }
        let Passage { faults, released, number, .. } = passage;
        let status = response.status().as_u16();
        self.log.change(number, |entry| entry.status = status);
        let (mut parts, body) = response.into_parts();
        let on_bytes = |fault: &Fault| matches!(fault, Fault::Cut { .. } | Fault::Stall { .. } | Fault::SplitUtf8);
        if faults.iter().any(on_bytes) {
            parts.headers.remove(header::CONTENT_LENGTH);
        }
        if let Some(by) = faults.iter().find_map(|fault| if let Fault::LyingLength { by } = fault { Some(*by) } else { None }) {
            let length = body.size_hint().exact().unwrap_or(LENGTH_OF_STREAMS).saturating_add_signed(by);
            parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        // A pause at the end, so that what was sent leaves before the connection breaks.
        let pause = futures_util::stream::once(async {
            tokio::task::yield_now().await;
            Bytes::new()
        });
        let chunks = body.into_data_stream().filter_map(|chunk| std::future::ready(chunk.ok())).chain(pause).boxed();
        let tools = Faulty { released, clock: Arc::clone(&self.clock), socket, log: Arc::clone(&self.log), number };
        Response::from_parts(parts, Body::from_stream(tools.apply(&faults, chunks)))
    }
}

/// An injected error that no API would word itself: a gateway's page, or nothing.
pub(crate) fn foreign_error(status: u16, body: ErrorStyle) -> Response {
    let code = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    match body {
        ErrorStyle::Html => {
            let page = format!("<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center></body></html>\n");
            (code, [(header::CONTENT_TYPE, "text/html")], page).into_response()
        }
        _ => code.into_response(),
    }
}

/// A pretend API behind the common gate.
pub(crate) trait Pretend: Send + Sync + 'static {
    /// What it shares with the others.
    fn world(&self) -> &World;
    /// Its name in logs.
    fn name(&self) -> &'static str;
    /// The secret it is asked with.
    fn key(&self) -> &str;
    /// Whether it answers only whoever has that secret.
    fn needs_key(&self) -> bool {
        true
    }
    /// The largest body it reads, in bytes.
    fn max_body(&self) -> usize;
    /// An error in its own words.
    fn refuse(&self, status: StatusCode, at: u64) -> Response;
}

/// What a handler behind the common gate is told.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Milliseconds since 1970.
    pub at: u64,
    /// The faults that strike it; those on bytes and on whole answers are carried out at the gate.
    pub faults: Arc<[Fault]>,
}

/// The common gate: 401 without the right key, 413, the injected errors, then the handler.
pub(crate) async fn pass<P: Pretend>(State(api): State<Arc<P>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let read = axum::body::to_bytes(body, api.max_body()).await;
    let credential = bearer(&parts.headers);
    let body = read.as_deref().unwrap_or_default();
    let method = parts.method.as_str();
    let arrival = Arrival { method, uri: &parts.uri, headers: &parts.headers, body, credential: credential.as_deref(), key: api.key() };
    let passage = api.world().enter(&arrival);
    let (method, path) = (parts.method.clone(), arrival.shown_path());
    let socket = parts.extensions.get::<Socket>().cloned().unwrap_or_default();
    api.world().hang(&passage).await;
    let response = match (injected(&*api, &passage), read) {
        (Some(response), _) => response,
        (None, _) if api.needs_key() && credential.as_deref() != Some(api.key()) => api.refuse(StatusCode::UNAUTHORIZED, passage.at),
        (None, Err(_)) => api.refuse(StatusCode::PAYLOAD_TOO_LARGE, passage.at),
        (None, Ok(bytes)) => {
            parts.extensions.insert(Call { at: passage.at, faults: Arc::clone(&passage.faults) });
            next.run(Request::from_parts(parts, Body::from(bytes))).await
        }
    };
    tracing::info!(%method, %path, status = response.status().as_u16(), "{}", api.name());
    api.world().leave(passage, socket, response)
}

fn injected<P: Pretend>(api: &P, passage: &Passage) -> Option<Response> {
    passage.faults.iter().find_map(|fault| match fault {
        Fault::RateLimit { retry_after } => {
            let mut response = api.refuse(StatusCode::TOO_MANY_REQUESTS, passage.at);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*retry_after));
            Some(response)
        }
        Fault::ServerError { status, body: ErrorStyle::Documented | ErrorStyle::Nest } => {
            Some(api.refuse(StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_GATEWAY), passage.at))
        }
        Fault::ServerError { status, body } => Some(foreign_error(*status, *body)),
        _ => None,
    })
}

/// What `Authorization: Bearer` holds.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<String> {
    let (scheme, rest) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim().to_owned())
}
