//! `GET /openapi.json`: what this server speaks, generated from its code.

use axum::Json;
use axum::Router;
use axum::routing::get;
use std::sync::Arc;
use utoipa::OpenApi;

/// What is not said by the routes themselves.
#[derive(Debug, OpenApi)]
#[openapi(info(title = "twinchat proxy", description = "Chat with AI twins. See docs/protocol.md."))]
pub(super) struct Document;

/// Serves the document at `/openapi.json`.
pub(super) fn router<S: Clone + Send + Sync + 'static>(document: utoipa::openapi::OpenApi) -> Router<S> {
    let document = Arc::new(document);
    Router::new().route("/openapi.json", get(move || async move { Json(document.as_ref().clone()) }))
}
