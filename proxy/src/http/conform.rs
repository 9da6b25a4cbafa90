//! What every request must be before a route sees it: of bearable size, and for one host.
//!
//! What is not HTTP at all never comes here: hyper answers it with an empty 400 (or 431 beyond 32 KiB
//! or 100 fields of header) and closes the connection.

use super::address::Peer;
use super::error::ApiError;
use super::sentences::Sentence;
use super::upload;
use crate::app::App;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST};
use http::{HeaderMap, HeaderValue, Version};
use twinchat_protocol::error::ErrorCode;

/// The most bytes of path and query.
const MAX_TARGET: usize = 8192;
/// The most bytes of all header fields together.
const MAX_HEADER: usize = 16 * 1024;

/// Around all routes, inside of what writes headers for browsers.
pub(super) async fn conform(State(app): State<App>, request: Request, next: Next) -> Response {
    let limits = &app.config().limits;
    let most = match upload::is_upload(request.method(), request.uri().path(), request.headers()) {
        true => upload::most_bytes(limits),
        false => limits.body_bytes.into(),
    };
    match check(&request, most) {
        Ok(()) => next.run(request).await,
        // Nobody knows what else such a caller has sent.
        Err(error) => ([(CONNECTION, HeaderValue::from_static("close"))], error).into_response(),
    }
}

fn check(request: &Request, most_bytes: u64) -> Result<(), ApiError> {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if target > MAX_TARGET {
        return Err(ApiError::new(ErrorCode::UriTooLong));
    }
    let headers = request.headers();
    if headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>() > MAX_HEADER {
        return Err(ApiError::new(ErrorCode::HeaderTooLarge));
    }
    // RFC 9112 section 3.2. A request that came in some other way than over a connection of ours may do without.
    let hosts = headers.get_all(HOST).iter().count();
    let needs_host = request.version() == Version::HTTP_11 && request.extensions().get::<Peer>().is_some();
    if hosts > 1 || (needs_host && hosts == 0) {
        return Err(ApiError::invalid("Host", Sentence::new("Send exactly one Host header.", "Hãy gửi đúng một phần đầu Host.")));
    }
    // Before a byte of it is read, and before `100 Continue`.
    if announced(headers).is_some_and(|bytes| bytes > most_bytes) {
        return Err(ApiError::new(ErrorCode::PayloadTooLarge));
    }
    Ok(())
}

/// How long the body says it is.
fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
