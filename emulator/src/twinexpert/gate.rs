//! What every request passes: log, credential, faults, rate limit; and on the way back the body,
//! the four headers and the faults on bytes.

use super::TwinExpert;
use super::account::{self, Caller, Scope};
use super::answer::{self, Ask, Problem};
use super::everybody;
use crate::faults::{ErrorStyle, Fault};
use crate::limit::{Verdict, WINDOW_SECONDS};
use crate::net::Socket;
use crate::world::{Arrival, foreign_error};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The largest body that is read.
const MAX_BODY: usize = 1 << 20;

pub(super) async fn pass(State(api): State<Arc<TwinExpert>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let read = axum::body::to_bytes(body, MAX_BODY).await;
    let credential = account::credential(&parts.headers);
    let caller = api.memory().account.caller(credential.as_deref());
    let serial = api.requests.fetch_add(1, Ordering::Relaxed);
    let arrival = Arrival {
        method: parts.method.as_str(),
        uri: &parts.uri,
        headers: &parts.headers,
        body: read.as_deref().unwrap_or_default(),
        credential: credential.as_deref(),
        key: &api.credentials.key,
    };
    let passage = api.world.enter(&arrival);
    let shown_path = arrival.shown_path();
    let mut ask = Ask {
        caller,
        id: format!("req_{}", crate::clock::Dice::named(api.world.seed, &format!("request/{serial}")).alphanumeric(12)).into(),
        at: passage.at,
        method: parts.method.as_str().into(),
        path: parts.uri.path_and_query().map_or("/", |path| path.as_str()).into(),
        bytes: Bytes::new(),
        faults: Arc::clone(&passage.faults),
    };
    let verdict = count(&api, &ask, credential.as_deref());
    let socket = parts.extensions.get::<Socket>().cloned().unwrap_or_default();
    api.world.hang(&passage).await;
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
    let mut response = everybody::spoil(&api, &ask, answer::finish(&ask, response)).await;
    write_headers(response.headers_mut(), &ask, verdict);
    tracing::info!(method = %ask.method, path = %shown_path, status = response.status().as_u16(), "twinexpert");
    api.world.leave(passage, socket, response)
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

/// The answer that a fault gives in place of the real one.
fn injected(ask: &Ask) -> Option<Response> {
    ask.faults.iter().find_map(|fault| match fault {
        Fault::RateLimit { retry_after } => Some(Problem::RateLimited { retry_after: *retry_after }.into_response()),
        Fault::ServerError { status, body } => Some(match body {
            ErrorStyle::Documented => Problem::Broken(*status).into_response(),
            ErrorStyle::Nest => Problem::NestBroken(*status).into_response(),
            other => foreign_error(*status, *other),
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
}
