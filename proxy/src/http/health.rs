//! `GET /healthz`, `GET /readyz`: for whoever keeps the server running.

use super::error::ApiError;
use crate::app::App;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this file.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(alive)).routes(routes!(ready))
}

/// The process runs.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, description = "The process runs", body = String)))]
async fn alive() -> &'static str {
    "ok"
}

/// Requests can be served: the store answers.
#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = 200, description = "Requests can be served", body = String),
    (status = 503, description = "The store does not answer", body = twinchat_protocol::error::ErrorBody),
))]
async fn ready(State(app): State<App>) -> Result<&'static str, ApiError> {
    app.store().check().await?;
    Ok("ok")
}
