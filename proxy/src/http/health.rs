//! `GET /healthz`, `GET /readyz`: for whoever keeps the server running.
//!
//! Alive means that restarting would not help. Ready means that visitors can be sent here; trouble
//! with an upstream does not change that, since no other instance would fare better, and the history
//! can still be read.

use crate::app::App;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this file.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(alive)).routes(routes!(ready))
}

/// The process runs.
#[utoipa::path(get, path = "/healthz", operation_id = "isAlive", tag = "health", responses((status = 200, description = "The process runs", body = String)))]
async fn alive() -> &'static str {
    "ok"
}

/// Whether visitors can be sent here.
#[derive(Debug, Serialize, ToSchema)]
struct Readiness {
    /// `ready`, `degraded` (ready, but an upstream fails) or `unready`.
    status: &'static str,
    /// `ok` or `failed`: whether the database takes a write.
    store: &'static str,
    /// Whether the server is told to stop.
    closing: bool,
    /// By the owner's names: `ok`, or what went wrong when its twins were last asked for (`unreachable`,
    /// `refused`, `limited`, `not_found`, `failed`, `silent`, `broke_off`).
    upstreams: BTreeMap<String, &'static str>,
}

/// Requests can be served: the store takes a write and the server is not being ended.
#[utoipa::path(get, path = "/readyz", operation_id = "isReady", tag = "health", responses(
    (status = 200, description = "Requests can be served", body = Readiness),
    (status = 503, description = "The store fails, or the server is being ended", body = Readiness),
))]
async fn ready(State(app): State<App>) -> (StatusCode, Json<Readiness>) {
    let written = app.store().check(app.clock().now_millis()).await;
    if let Err(error) = &written {
        tracing::error!(%error, "not ready: the store failed");
    }
    let conditions = app.directory().conditions().into_iter();
    let upstreams: BTreeMap<_, _> = conditions.map(|(name, failure)| (name, failure.map_or("ok", |error| error.kind()))).collect();
    let closing = app.is_closing();
    let (code, status) = match &written {
        Ok(()) if !closing && upstreams.values().all(|condition| *condition == "ok") => (StatusCode::OK, "ready"),
        Ok(()) if !closing => (StatusCode::OK, "degraded"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "unready"),
    };
    let store = if written.is_ok() { "ok" } else { "failed" };
    (code, Json(Readiness { status, store, closing, upstreams }))
}
