//! What every request passes: log, credential, faults, rate limit; and on the way back the body,
//! the four headers and the faults on bytes.

use super::account::{self, Caller, Scope};
use super::answer::{self, Ask, Problem};
use super::{TwinExpert, stream};
use crate::clock::iso;
use crate::faults::{ErrorStyle, Fault, Faulty, Released};
use crate::limit::{Verdict, WINDOW_SECONDS};
use crate::log::{Ending, Entry};
use crate::net::Socket;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The largest body that is read.
const MAX_BODY: usize = 1 << 20;

pub(super) async fn pass(State(api): State<Arc<TwinExpert>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let read = axum::body::to_bytes(body, MAX_BODY).await;
    let path: Arc<str> = parts.uri.path_and_query().map_or("/", |path| path.as_str()).into();
    let credential = account::credential(&parts.headers);
    let caller = api.memory().account.caller(credential.as_deref());
    let serial = api.requests.fetch_add(1, Ordering::Relaxed);
    let released = api.faults.releases();
    let faults = api.faults.strike(parts.method.as_str(), parts.uri.path());
    let mut ask = Ask {
        caller,
        id: format!("req_{}", crate::clock::Dice::named(api.seed, &format!("request/{serial}")).alphanumeric(12)).into(),
        at: api.clock.now_millis(),
        method: parts.method.as_str().into(),
        path,
        bytes: Bytes::new(),
        faults: faults.into(),
    };
    let number = api.log.add(entry(&api, &ask, &parts.headers, read.as_deref().unwrap_or_default()));
    let verdict = count(&api, &ask, credential.as_deref());
    let socket = parts.extensions.get::<Socket>().cloned().unwrap_or_default();
    hang(&api, &ask, &released).await;
    let response = match (read, injected(&ask), verdict.retry_after) {
        (_, Some(response), _) => response,
        (_, None, Some(retry_after)) if matches!(ask.caller, Caller::Key(_) | Caller::Account) => {
            Problem::RateLimited { retry_after }.into_response()
        }
        (Err(_), ..) => Problem::TooLarge.into_response(),
        (Ok(bytes), ..) => {
            ask.bytes = bytes;
            parts.extensions.insert(ask.clone());
            next.run(Request::from_parts(parts, Body::empty())).await
        }
    };
    let mut response = answer::finish(&ask, response);
    write_headers(response.headers_mut(), &ask, verdict);
    let status = response.status();
    tracing::info!(method = %ask.method, path = %without_key(&api, &ask.path), status = status.as_u16(), "twinexpert");
    api.log.change(number, |entry| entry.status = status.as_u16());
    let tools = Faulty { released, clock: Arc::clone(&api.clock), socket, log: Arc::clone(&api.log), number };
    with_byte_faults(&ask, response, tools)
}

fn entry(api: &TwinExpert, ask: &Ask, headers: &HeaderMap, body: &[u8]) -> Entry {
    let key = &api.credentials.key;
    let holds = |bytes: &[u8]| bytes.windows(key.len()).any(|window| window == key.as_bytes());
    let mut key_in: Vec<String> =
        headers.iter().filter(|(_, value)| holds(value.as_bytes())).map(|(name, _)| name.as_str().to_owned()).collect();
    key_in.extend(holds(ask.path.as_bytes()).then(|| "path".to_owned()));
    key_in.extend(holds(body).then(|| "body".to_owned()));
    let credential = account::credential(headers);
    Entry {
        number: 0,
        at: iso(ask.at),
        method: ask.method.to_string(),
        path: without_key(api, &ask.path),
        auth: match (headers.contains_key("authorization"), headers.contains_key("x-api-key")) {
            (true, true) => "both",
            (true, false) => "authorization",
            (false, true) => "x-api-key",
            (false, false) => "none",
        },
        key_fingerprint: credential.as_deref().map(fingerprint),
        saw_key: credential.as_deref() == Some(key),
        key_in,
        status: 0,
        faults: ask.faults.iter().map(Fault::kind).collect(),
        bytes: 0,
        ending: Ending::Open,
    }
}

fn without_key(api: &TwinExpert, path: &str) -> String {
    path.replace(&api.credentials.key, "<key>")
}

fn fingerprint(credential: &str) -> String {
    Sha256::digest(credential.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// Counts the request. Whoever has no valid credential shares one count and is told 401, not 429.
fn count(api: &TwinExpert, ask: &Ask, credential: Option<&str>) -> Verdict {
    let (who, quota) = match ask.caller {
        Caller::Key(Scope::FullAccess) | Caller::Account => (credential.unwrap_or_default(), api.quotas.full_access),
        Caller::Key(Scope::ReadOnly) => (credential.unwrap_or_default(), api.quotas.read_only),
        _ => ("", api.quotas.read_only),
    };
    api.counters.hit(who, quota, ask.at)
}

async fn hang(api: &TwinExpert, ask: &Ask, released: &Released) {
    for fault in ask.faults.iter() {
        if let Fault::Hang { millis } = fault {
            released.or_after(*millis, &*api.clock).await;
        }
    }
}

/// The answer that a fault gives in place of the real one.
fn injected(ask: &Ask) -> Option<Response> {
    ask.faults.iter().find_map(|fault| match fault {
        Fault::RateLimit { retry_after } => Some(Problem::RateLimited { retry_after: *retry_after }.into_response()),
        Fault::ServerError { status, body } => Some(match body {
            ErrorStyle::Documented => Problem::Broken(*status).into_response(),
            ErrorStyle::Nest => Problem::NestBroken(*status).into_response(),
            ErrorStyle::Empty => StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_GATEWAY).into_response(),
            ErrorStyle::Html => {
                let page = format!("<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center></body></html>\n");
                let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_GATEWAY);
                (status, [(header::CONTENT_TYPE, "text/html")], page).into_response()
            }
        }),
        _ => None,
    })
}

fn write_headers(headers: &mut HeaderMap, ask: &Ask, verdict: Verdict) {
    let refused = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<u64>().ok());
    // An injected refusal must look like a real one.
    let (remaining, reset) = refused.map_or((verdict.remaining, verdict.reset), |seconds| (0, ask.at.div_ceil(1000) + seconds));
    headers.insert("x-ratelimit-limit", HeaderValue::from(verdict.limit));
    headers.insert("x-ratelimit-remaining", HeaderValue::from(remaining));
    headers.insert("x-ratelimit-reset", HeaderValue::from(reset));
    headers.insert("x-ratelimit-window", HeaderValue::from(WINDOW_SECONDS));
    if let Ok(id) = HeaderValue::from_str(&ask.id) {
        headers.insert("x-request-id", id);
    }
    // Time is handed in, also here: the same requests give the same bytes.
    if let Ok(date) = HeaderValue::from_str(&stream::http_date(ask.at)) {
        headers.insert(header::DATE, date);
    }
}

fn with_byte_faults(ask: &Ask, response: Response, tools: Faulty) -> Response {
    let (mut parts, body) = response.into_parts();
    let on_bytes = |fault: &Fault| matches!(fault, Fault::Cut { .. } | Fault::Stall { .. } | Fault::SplitUtf8);
    if ask.faults.iter().any(on_bytes) {
        parts.headers.remove(header::CONTENT_LENGTH);
    }
    let chunks = body.into_data_stream().filter_map(|chunk| std::future::ready(chunk.ok())).boxed();
    Response::from_parts(parts, Body::from_stream(tools.apply(&ask.faults, chunks)))
}
