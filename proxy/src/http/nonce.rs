//! `DPoP-Nonce`: what the next proof of possession has to contain (RFC 9449 sections 8 and 9).
//!
//! On every answer under `/api` and `/oauth`, so that a widget has one before it needs it, but for those
//! to bearer tokens, whose holders make no proofs.

use crate::app::App;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{AUTHORIZATION, HeaderName};
use http::{HeaderMap, HeaderValue};

const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// Around the routes, inside of what refuses foreign pages.
pub(super) async fn nonce(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let wanted = ["/api/", "/oauth/"].iter().any(|start| path.starts_with(start)) && !is_bearer(request.headers());
    let mut response = next.run(request).await;
    if wanted && let Some(nonce) = app.tokens().nonce().and_then(|nonce| HeaderValue::try_from(nonce).ok()) {
        response.headers_mut().insert(NONCE, nonce);
    }
    response
}

fn is_bearer(headers: &HeaderMap) -> bool {
    let scheme = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.split(' ').next());
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer"))
}
