//! What every request passes: log, faults; and on the way back the date and the faults on bytes.

use super::World;
use crate::clock::{http_date, iso};
use crate::faults::{ErrorStyle, Fault, Faulty, Released};
use crate::log::{Ending, Entry};
use crate::net::Socket;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use sha2::{Digest, Sha256};
use std::sync::Arc;

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
            key_fingerprint: self.credential.map(fingerprint),
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

fn fingerprint(credential: &str) -> String {
    Sha256::digest(credential.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
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
        let Passage { faults, released, number, .. } = passage;
        let status = response.status().as_u16();
        self.log.change(number, |entry| entry.status = status);
        let (mut parts, body) = response.into_parts();
        let on_bytes = |fault: &Fault| matches!(fault, Fault::Cut { .. } | Fault::Stall { .. } | Fault::SplitUtf8);
        if faults.iter().any(on_bytes) {
            parts.headers.remove(header::CONTENT_LENGTH);
        }
        let chunks = body.into_data_stream().filter_map(|chunk| std::future::ready(chunk.ok())).boxed();
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
