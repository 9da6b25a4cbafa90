//! `/__emulator`: sets faults, releases what stalls, reads the log back, starts over.

use crate::faults::Rule;
use crate::world::World;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt;
use std::sync::Arc;

/// What the control endpoint works on.
#[derive(Clone)]
pub(crate) struct Control {
    /// Whose rules and log these are.
    pub world: Arc<World>,
    /// What `GET /__emulator` tells.
    pub about: Value,
    /// Starts everything over.
    pub reset: Arc<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Control(..)")
    }
}

/// The endpoints.
pub(crate) fn router(control: Control) -> Router {
    Router::new()
        .route("/__emulator", get(about))
        .route("/__emulator/faults", get(list).post(add).delete(clear))
        .route("/__emulator/release", post(release))
        .route("/__emulator/log", get(log).delete(forget))
        .route("/__emulator/reset", post(reset))
        .with_state(control)
}

async fn about(State(control): State<Control>) -> Json<Value> {
    Json(control.about)
}

async fn list(State(control): State<Control>) -> Json<Vec<Rule>> {
    Json(control.world.faults.rules())
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<Value>),
    One(Value),
}

async fn add(State(control): State<Control>, body: Bytes) -> Response {
    let refuse = |problem: String| (StatusCode::BAD_REQUEST, Json(json!({"error": problem}))).into_response();
    let values = match serde_json::from_slice(&body) {
        Ok(OneOrMany::Many(values)) => values,
        Ok(OneOrMany::One(value)) => vec![value],
        Err(error) => return refuse(format!("the body is no JSON: {error}")),
    };
    let rules = values.into_iter().map(rule).collect::<Result<Vec<Rule>, String>>();
    // All or none: a test with half of its faults would be misleading.
    let rules = match rules {
        Ok(rules) => rules,
        Err(problem) => return refuse(problem),
    };
    for rule in rules {
        if let Err(problem) = control.world.faults.add(rule) {
            return refuse(problem);
        }
    }
    (StatusCode::CREATED, Json(control.world.faults.rules())).into_response()
}

/// One rule; what a rule has beside its fault is named here, so that a typing error is refused.
fn rule(mut value: Value) -> Result<Rule, String> {
    let object = value.as_object_mut().ok_or("a fault is a JSON object with a `kind`")?;
    let mut rest = serde_json::Map::new();
    for name in ["times", "probability", "method", "path"] {
        rest.extend(object.remove(name).map(|value| (name.to_owned(), value)));
    }
    let fault: crate::faults::Fault = serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    rest.extend(serde_json::to_value(&fault).ok().and_then(|value| value.as_object().cloned()).unwrap_or_default());
    let rule: Rule = serde_json::from_value(Value::Object(rest)).map_err(|error| error.to_string())?;
    rule.check().map(|()| rule)
}

async fn clear(State(control): State<Control>) -> StatusCode {
    control.world.faults.clear();
    StatusCode::NO_CONTENT
}

async fn release(State(control): State<Control>) -> StatusCode {
    control.world.faults.release();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: u64,
}

async fn log(State(control): State<Control>, Query(After { after }): Query<After>) -> Response {
    Json(control.world.log.after(after)).into_response()
}

async fn forget(State(control): State<Control>) -> StatusCode {
    control.world.log.clear();
    StatusCode::NO_CONTENT
}

async fn reset(State(control): State<Control>) -> StatusCode {
    (control.reset)();
    StatusCode::NO_CONTENT
}
