//! What is around every route: request id, language, security headers, error bodies.

use super::context::{Context, Language};
use super::error::ApiError;
use crate::app::App;
use crate::clock::random_id_part;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use twinchat_protocol::error::ErrorCode;

/// The header with the request's id.
pub(super) static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Knows the request before, and finishes the answer after everything else.
pub(super) async fn frame(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let context = Context {
        request_id: format!("req_{}", random_id_part(&**app.dice())),
        language: Language::accepted(request.headers()),
        now_millis: app.clock().now_millis(),
    };
    request.extensions_mut().insert(context.clone());
    let mut response = next.run(request).await;
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        let mut answer = error.answer(&context);
        for (name, value) in response.headers() {
            if !answer.headers().contains_key(name) && name != http::header::CONTENT_LENGTH {
                answer.headers_mut().append(name, value.clone());
            }
        }
        response = answer;
    }
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(X_FRAME_OPTIONS).or_insert(HeaderValue::from_static("DENY"));
    if let Ok(id) = HeaderValue::from_str(&context.request_id) {
        headers.insert(REQUEST_ID.clone(), id);
    }
    response
}

/// What a handler that panicked answers.
pub(super) fn after_panic(panic: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let words = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = words.unwrap_or("without words"), "a handler panicked");
    ApiError::new(ErrorCode::Internal).into_response()
}

/// What an address that does not exist answers.
pub(super) async fn not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound)
}

/// What an address answers to a method that it does not take.
pub(super) async fn method_not_allowed() -> ApiError {
    ApiError::new(ErrorCode::MethodNotAllowed)
}
