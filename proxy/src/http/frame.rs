//! What is around every route: request id, language, security headers, error bodies, one log line.

use super::allowance::Charges;
use super::context::{Context, Language};
use super::embedded::MayBeFramed;
use super::error::ApiError;
use crate::app::App;
use crate::clock::random_id_part;
use crate::metrics;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HeaderName, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method};
use std::panic::AssertUnwindSafe;
use tracing::Instrument;
use twinchat_protocol::error::ErrorCode;

/// The header with the request's id.
static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The header with the proof of possession.
static DPOP: HeaderName = HeaderName::from_static("dpop");

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// The policy of a page among the widget's files: everything from here, nothing inline but styles.
const PAGE: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The policy of everything else.
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

/// Knows the request before, and finishes the answer after everything else.
///
/// The log line has the route, not the path, and no header: nothing in it tells visitors apart.
pub(super) async fn frame(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let context = Context {
        request_id: format!("req_{}", random_id_part(&**app.dice())),
        language: Language::accepted(request.headers()),
        now_millis: app.clock().now_millis(),
        charges: Charges::default(),
    };
    hide_credentials(request.headers_mut());
    let route = request.extensions().get::<MatchedPath>().map_or("file", MatchedPath::as_str);
    let (route, method) = (route.to_owned(), counted_method(request.method()));
    let span = tracing::info_span!("request", id = %context.request_id, method = %request.method(), route = route.as_str());
    request.extensions_mut().insert(context.clone());
    let mut response = next.run(request).instrument(span.clone()).await;
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        response = worded(&error, &context, &response);
    }
    finish(&mut response, &context, app.config().server.is_https_only());
    let milliseconds = app.clock().now_millis() - context.now_millis;
    metrics::HTTP_REQUESTS.count([method, &route, response.status().as_str()]);
    metrics::HTTP_SECONDS.took_millis([&route], milliseconds);
    span.in_scope(|| tracing::info!(status = response.status().as_u16(), milliseconds, "answered"));
    response
}

/// A caller may make up methods; a series for each would fill the memory.
fn counted_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The error's answer, with the headers that other layers had put on its placeholder.
fn worded(error: &ApiError, context: &Context, placeholder: &Response) -> Response {
    let mut answer = error.answer(context);
    for name in placeholder.headers().keys().filter(|name| *name != CONTENT_LENGTH && *name != CONTENT_TYPE) {
        if !answer.headers().contains_key(name) {
            for value in placeholder.headers().get_all(name) {
                answer.headers_mut().append(name, value.clone());
            }
        }
    }
    answer
}

fn finish(response: &mut Response, context: &Context, is_https: bool) {
    let may_be_framed = response.extensions_mut().remove::<MayBeFramed>().is_some();
    let headers = response.headers_mut();
    if is_https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    headers.insert(PERMISSIONS_POLICY, HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"));
    headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if !may_be_framed {
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    let is_page = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    // What is no page is not meant to be looked at as one.
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(if is_page { PAGE } else { NO_PAGE }));
    context.charges.write(headers);
    if let Ok(id) = HeaderValue::from_str(&context.request_id) {
        headers.insert(REQUEST_ID.clone(), id);
    }
}

/// So that `Debug` of a request does not show them.
fn hide_credentials(headers: &mut HeaderMap) {
    for (name, value) in headers.iter_mut() {
        if *name == AUTHORIZATION || *name == DPOP || *name == COOKIE {
            value.set_sensitive(true);
        }
    }
}

/// Answers in place of a handler that panics.
pub(super) async fn catch_panic(request: Request, next: Next) -> Response {
    AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        metrics::PANICS.count([]);
        tracing::error!(panic = words.unwrap_or("without words"), "a handler panicked");
        ApiError::new(ErrorCode::Internal).into_response()
    })
}

/// What an address answers to a method that it does not take.
pub(super) async fn method_not_allowed() -> ApiError {
    ApiError::new(ErrorCode::MethodNotAllowed)
}
