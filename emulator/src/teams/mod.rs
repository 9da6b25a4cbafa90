//! The Teams bridge as documented: conversations, messages, send, reply. People answer, not models.
//!
//! Whoever writes gets no answer and no id; what people say comes up in the lists later. What the document
//! leaves open is decided here; the crate's README lists it. Deliberately absent: making a conversation,
//! changing or deleting a message: that API cannot.
//!
//! | file | holds |
//! |---|---|
//! | `rows` | conversations and messages, and when the bridge has them |
//! | `people` | what a test or a demo lets people say |
//! | `query` | `page limit sortBy search filter.<column>` |

mod people;
mod query;
mod rows;

pub use rows::TeamsWord;

use crate::clock::iso;
use crate::faults::{Fault, Manner};
use crate::world::{Call, Pretend, World, pass};
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router, middleware};
use http::StatusCode;
use query::Query;
use rows::{Posted, Rows};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The largest body that is read, in bytes.
const MAX_BODY: usize = 1 << 20;

/// The emulated bridge.
#[derive(Debug)]
pub(crate) struct Teams {
    world: Arc<World>,
    key: String,
    rows: Mutex<Rows>,
}

impl Teams {
    /// One with four conversations and a few old messages.
    pub(crate) fn new(world: Arc<World>) -> Self {
        let key = format!("teams_{}", crate::clock::Dice::named(world.seed, "teams/key").alphanumeric(40));
        let rows = Mutex::new(Rows::new(&world));
        Self { world, key, rows }
    }

    /// The documented endpoints, under `/teams`.
    pub(crate) fn router(self: &Arc<Self>) -> Router {
        let api = Router::new()
            .route("/conversations", get(conversations))
            .route("/conversations/{id}", get(conversation))
            .route("/messages", get(messages))
            .route("/messages/send-message", post(send))
            .route("/messages/reply-message", post(reply))
            .fallback(unknown)
            .method_not_allowed_fallback(unknown)
            .with_state(Arc::clone(self));
        // Around the nest, where the path is still whole.
        let api = Router::new().nest("/teams", api).layer(middleware::from_fn_with_state(Arc::clone(self), pass::<Self>));
        api.merge(people::router(Arc::clone(self)))
    }

    /// The ids of the conversations.
    pub(crate) fn conversations(&self) -> Vec<String> {
        self.rows().conversations().iter().map(|one| one.id.clone()).collect()
    }

    /// The ids of the conversations, each with the other spelling that stands in some of its rows.
    pub(crate) fn spellings(&self) -> Vec<(String, String)> {
        self.rows().spellings()
    }

    /// Somebody says something in a room, without anybody answering. Gives the message's id.
    pub(crate) fn say(&self, word: &TeamsWord) -> Option<String> {
        self.rows().say(word, self.world.clock.now_millis())
    }

    /// Somebody changes a message. Says whether there is one of this id.
    pub(crate) fn edit(&self, id: &str, text: &str) -> bool {
        self.rows().edit(id, text)
    }

    /// Back to the start.
    pub(crate) fn reset(&self) {
        *self.rows() = Rows::new(&self.world);
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn post(&self, call: &Call, body: &[u8], is_reply: bool) -> Result<Response, Problem> {
        let said: Said = serde_json::from_slice(body).map_err(|error| Problem::Invalid(format!("Body không hợp lệ: {error}")))?;
        if said.message.trim().is_empty() {
            return Err(Problem::Invalid("message là bắt buộc".to_owned()));
        }
        let late = call.faults.iter().find_map(|fault| if let Fault::LateSync { millis } = fault { Some(*millis) } else { None });
        let mut rows = self.rows();
        let at = rows.index_of(&said.conversation_id).ok_or(Problem::NotFound)?;
        let mut echo = json!({"message": said.message, "conversation_id": said.conversation_id});
        let mut shown = rows.conversations()[at].shown();
        let mut text = said.message;
        if is_reply {
            let time = said.time.ok_or_else(|| Problem::Invalid("time là bắt buộc".to_owned()))?;
            let original = rows.at_time(at, time, call.at).ok_or(Problem::NotFound)?;
            text = original.quoted_before(&text);
            shown["messages"] = json!([original.shown()]);
            echo["time"] = json!(time);
        }
        let manner =
            call.faults.iter().find_map(|fault| if let Fault::Person { does, millis } = fault { Some((*does, *millis)) } else { None });
        let later = manner.filter(|(does, _)| *does == Manner::Late).map_or(0, |(_, millis)| millis);
        let answered = (manner.map(|(does, _)| does), later);
        rows.post(&self.world, &Posted { conversation: at, text, at: call.at, late: late.unwrap_or_default(), answered });
        Ok(success(call, &json!({"conversation": shown, "data": echo}), Map::new()))
    }
}

impl Pretend for Teams {
    fn world(&self) -> &World {
        &self.world
    }

    fn name(&self) -> &'static str {
        "teams"
    }

    fn key(&self) -> &str {
        &self.key
    }

    // The document names no credential.
    fn needs_key(&self) -> bool {
        false
    }

    fn max_body(&self) -> usize {
        MAX_BODY
    }

    fn refuse(&self, status: StatusCode, at: u64) -> Response {
        let message = status.canonical_reason().unwrap_or("Error");
        (status, Json(json!({"message": message, "status_code": status.as_u16(), "timestamp": iso(at)}))).into_response()
    }
}

/// A message to send.
#[derive(Debug, Deserialize)]
struct Said {
    conversation_id: String,
    message: String,
    time: Option<u64>,
}

/// Why a request is refused.
#[derive(Debug)]
enum Problem {
    Invalid(String),
    NotFound,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Self::Invalid(message) => (StatusCode::BAD_REQUEST, message),
            Self::NotFound => (StatusCode::NOT_FOUND, "Không tìm thấy!".to_owned()),
        };
        (status, Json(json!({"message": message, "status_code": status.as_u16(), "data": null}))).into_response()
    }
}

fn success(call: &Call, data: &Value, more: Map<String, Value>) -> Response {
    let mut body = json!({"message": "Thành công!", "status_code": 200, "data": data, "timestamp": iso(call.at)});
    if let Some(fields) = body.as_object_mut() {
        fields.extend(more);
    }
    Json(body).into_response()
}

async fn unknown() -> Problem {
    Problem::NotFound
}

/// `GET /conversations`
async fn conversations(
    State(api): State<Arc<Teams>>,
    Extension(call): Extension<Call>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let query = Query::read(query.as_deref()).map_err(Problem::Invalid)?;
    let all: Vec<Value> = api.rows().conversations().iter().map(rows::Conversation::shown).collect();
    let (page, more) = query.page(&all);
    Ok(success(&call, &Value::Array(page), more))
}

/// `GET /conversations/{id}`: with its latest messages.
async fn conversation(
    State(api): State<Arc<Teams>>,
    Extension(call): Extension<Call>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let rows = api.rows();
    let at = rows.index_of(&id).ok_or(Problem::NotFound)?;
    let mut shown = rows.conversations()[at].shown();
    let everybody = call.faults.contains(&Fault::IgnoredFilters);
    let mut latest: Vec<Value> = rows.synced(call.at).filter(|row| everybody || row.conversation == at).map(rows::Row::shown).collect();
    latest.reverse();
    shown["messages"] = Value::Array(spoilt(&rows, &call, latest));
    Ok(success(&call, &shown, Map::new()))
}

/// `GET /messages`
async fn messages(State(api): State<Arc<Teams>>, Extension(call): Extension<Call>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let mut query = Query::read(query.as_deref()).map_err(Problem::Invalid)?;
    if call.faults.contains(&Fault::IgnoredFilters) {
        query.ignore_filters();
    }
    let rows = api.rows();
    let mut found: Vec<Value> = Vec::new();
    for row in rows.synced(call.at) {
        let mut fields = row.shown();
        fields["conversation.id"] = json!(rows.conversations()[row.conversation].id);
        if query.takes(&fields).map_err(Problem::Invalid)? {
            found.push(fields);
        }
    }
    query.sort(&mut found);
    let (mut page, more) = query.page(&found);
    for fields in page.iter_mut().filter_map(Value::as_object_mut) {
        fields.remove("conversation.id");
    }
    Ok(success(&call, &Value::Array(spoilt(&rows, &call, page)), more))
}

/// With the faults on rows.
fn spoilt(rows: &Rows, call: &Call, mut page: Vec<Value>) -> Vec<Value> {
    if call.faults.contains(&Fault::WrongRooms) {
        let ids = rows.conversations();
        for (at, row) in page.iter_mut().enumerate() {
            row["room_id"] = json!(ids[(at + 1) % ids.len()].id);
        }
    }
    if call.faults.contains(&Fault::NoRooms) {
        for row in page.iter_mut().filter_map(Value::as_object_mut) {
            row.remove("room_id");
        }
    }
    if call.faults.contains(&Fault::ChangedIds) {
        for row in &mut page {
            row["id"] = json!(format!("{}-{}", call.at, row["id"].as_str().unwrap_or_default()));
        }
    }
    page
}

/// `POST /messages/send-message`
async fn send(State(api): State<Arc<Teams>>, Extension(call): Extension<Call>, body: Bytes) -> Result<Response, Problem> {
    api.post(&call, &body, false)
}

/// `POST /messages/reply-message`
async fn reply(State(api): State<Arc<Teams>>, Extension(call): Extension<Call>, body: Bytes) -> Result<Response, Problem> {
    api.post(&call, &body, true)
}
