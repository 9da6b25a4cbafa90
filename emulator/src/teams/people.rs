//! `/__emulator/teams`: lets people say something, or change what they said.

use super::{Teams, TeamsWord};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn router(teams: Arc<Teams>) -> Router {
    Router::new()
        .route("/__emulator/teams", get(about))
        .route("/__emulator/teams/say", post(say))
        .route("/__emulator/teams/edit", post(edit))
        .with_state(teams)
}

/// The rooms: each with its id and the other spelling of it that stands in some rows.
async fn about(State(teams): State<Arc<Teams>>) -> Json<Value> {
    let rooms = teams.spellings().into_iter().map(|(id, other)| json!({"id": id, "otherSpelling": other}));
    Json(json!({"rooms": rooms.collect::<Vec<_>>()}))
}

async fn say(State(teams): State<Arc<Teams>>, Json(word): Json<TeamsWord>) -> Response {
    match teams.say(&word) {
        Some(id) => (StatusCode::CREATED, Json(json!({"id": id}))).into_response(),
        None => {
            (StatusCode::NOT_FOUND, Json(json!({"error": "there is no such room, or no message of that time to quote"}))).into_response()
        }
    }
}

/// A message that is changed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    id: String,
    text: String,
}

async fn edit(State(teams): State<Arc<Teams>>, Json(Edit { id, text }): Json<Edit>) -> Response {
    if teams.edit(&id, &text) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        (StatusCode::NOT_FOUND, Json(json!({"error": "there is no message of this id"}))).into_response()
    }
}
