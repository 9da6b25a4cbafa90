//! `GET /openapi.json`: what this server speaks, generated from its code.
//!
//! A route says what it takes and gives when all is well. What all routes have in common, errors
//! above all, is added by `complete`; which errors, by `errors`.

mod complete;
mod errors;

use crate::config::Config;
use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Spec;

/// What is not said by the routes themselves.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "twinchat proxy",
        description = "Chat with AI twins. Get a token at /oauth/token, then use the calls under /api/v1, which have the shapes of TwinExpert's Public API."
    ),
    tags(
        (name = "tokens", description = "Access tokens: RFC 8693, RFC 9449, RFC 7009"),
        (name = "twins", description = "Who can be talked to"),
        (name = "conversations", description = "The visitor's own"),
        (name = "messages", description = "What is said, and what is heard as it comes"),
        (name = "widget", description = "What the owner configured"),
        (name = "problems", description = "What errors mean"),
        (name = "health", description = "For whoever keeps the server running"),
    )
)]
pub(super) struct Document;

/// Serves the document at `/openapi.json`.
pub(super) fn router<S: Clone + Send + Sync + 'static>(document: &Spec, config: &Config) -> Router<S> {
    let whole = complete::complete(serde_json::to_value(document).unwrap_or_default(), config);
    let json = Bytes::from(whole.to_string());
    Router::new().route("/openapi.json", get(move || async move { ([(CONTENT_TYPE, "application/json")], json) }))
}
