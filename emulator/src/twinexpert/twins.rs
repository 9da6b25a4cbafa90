//! `GET /api/v1/twins`, `GET /api/v1/twins/{id}`, and the avatars.

use super::TwinExpert;
use super::account::Scope;
use super::answer::{Ask, Problem, data};
use crate::script::{self, Twin};
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::{Value, json};
use std::sync::Arc;

/// `GET /api/v1/twins`
pub(super) async fn list(State(api): State<Arc<TwinExpert>>, Extension(ask): Extension<Ask>) -> Result<Response, Problem> {
    ask.caller.allow(Scope::ReadOnly)?;
    let twins: Vec<Value> = api.world.script.twins().iter().map(|twin| shown(&api, twin)).collect();
    Ok(ask.page()?.of(&twins))
}

/// `GET /api/v1/twins/{id}`
pub(super) async fn show(
    State(api): State<Arc<TwinExpert>>,
    Extension(ask): Extension<Ask>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    ask.caller.allow(Scope::ReadOnly)?;
    let twin = api.world.script.twin(&id).ok_or(Problem::NotFound("Twin"))?;
    Ok(data(StatusCode::OK, shown(&api, twin)))
}

fn shown(api: &TwinExpert, twin: &Twin) -> Value {
    json!({
        "id": twin.id,
        "name": twin.name,
        "description": twin.description,
        "avatarUrl": format!("{}/avatars/{}.png", api.world.origin, twin.slug),
        "language": twin.language,
        "suggestedQuestions": twin.starters,
        "status": "active",
        "createdAt": "2025-03-03T02:00:00.000Z",
        "updatedAt": "2025-07-21T08:30:00.000Z",
    })
}

/// `GET /avatars/{file}`: public, as pictures on a content network are.
pub(super) async fn avatar(Path(file): Path<String>) -> Response {
    let kind = if file.ends_with(".svg") { "image/svg+xml" } else { "image/png" };
    match script::avatar(&file) {
        Some(bytes) => ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=86400")], bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
