//! `GET` and `POST /api/v1/conversations`, and `POST /api/v1/twins/{id}`.

use super::TwinExpert;
use super::account::Scope;
use super::answer::{Ask, Problem, data};
use crate::clock::iso;
use crate::script::Said;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// A conversation, and what was said in it.
#[derive(Debug, Clone)]
pub(super) struct Conversation {
    pub(super) id: String,
    pub(super) twin_id: String,
    title: String,
    created_at: u64,
    pub(super) updated_at: u64,
    pub(super) said: Vec<Said>,
}

impl Conversation {
    fn shown(&self) -> Value {
        json!({
            "id": self.id,
            "twinId": self.twin_id,
            "title": self.title,
            "messageCount": self.said.len() * 2,
            "createdAt": iso(self.created_at),
            "updatedAt": iso(self.updated_at),
        })
    }
}

/// The account's conversations: one key sees all of them, whoever began them.
#[derive(Debug, Default)]
pub(super) struct Conversations {
    by_id: HashMap<String, Conversation>,
    /// Ids in the order of the last change, latest last.
    order: Vec<String>,
}

impl Conversations {
    pub(super) fn get(&self, id: &str) -> Option<&Conversation> {
        self.by_id.get(id)
    }

    /// All of them, the one changed last first.
    pub(super) fn latest_first(&self) -> impl Iterator<Item = &Conversation> {
        self.order.iter().rev().filter_map(|id| self.by_id.get(id))
    }

    /// Changes one and makes it the latest.
    pub(super) fn touch(&mut self, id: &str, change: impl FnOnce(&mut Conversation)) {
        if let Some(conversation) = self.by_id.get_mut(id) {
            change(conversation);
            self.order.retain(|other| other != id);
            self.order.push(id.to_owned());
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewConversation {
    twin_id: Option<String>,
    title: Option<String>,
}

/// `POST /api/v1/conversations`, as the documents' programs do it.
pub(super) async fn create(State(api): State<Arc<TwinExpert>>, Extension(ask): Extension<Ask>) -> Result<Response, Problem> {
    begin(&api, &ask, None)
}

/// `POST /api/v1/twins/{id}`, as the documents' list of endpoints has it.
pub(super) async fn create_at_twin(
    State(api): State<Arc<TwinExpert>>,
    Extension(ask): Extension<Ask>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    begin(&api, &ask, Some(&id))
}

fn begin(api: &TwinExpert, ask: &Ask, at_twin: Option<&str>) -> Result<Response, Problem> {
    ask.caller.allow(Scope::FullAccess)?;
    let NewConversation { twin_id, title } = ask.body()?;
    let twin_id = twin_id.ok_or_else(|| Problem::field("twinId", "twinId là bắt buộc"))?;
    if at_twin.is_some_and(|id| id != twin_id) {
        return Err(Problem::field("twinId", "twinId không khớp với id trong đường dẫn"));
    }
    let twin = api.world.script.twin(&twin_id).ok_or(Problem::NotFound("Twin"))?;
    let title = title.unwrap_or_else(|| format!("Trò chuyện với {}", twin.name));
    let mut memory = api.memory();
    let id = memory.new_id("conv");
    let made = Conversation { id: id.clone(), twin_id, title, created_at: ask.at, updated_at: ask.at, said: Vec::new() };
    let shown = made.shown();
    memory.conversations.order.push(id.clone());
    memory.conversations.by_id.insert(id, made);
    Ok(data(StatusCode::CREATED, shown))
}

/// `GET /api/v1/conversations`, latest first.
pub(super) async fn list(State(api): State<Arc<TwinExpert>>, Extension(ask): Extension<Ask>) -> Result<Response, Problem> {
    ask.caller.allow(Scope::ReadOnly)?;
    let page = ask.page()?;
    let twin = ask.query("twinId");
    let memory = api.memory();
    let all = memory.conversations.latest_first();
    let shown: Vec<Value> = all.filter(|one| twin.as_ref().is_none_or(|id| *id == one.twin_id)).map(Conversation::shown).collect();
    Ok(page.of(&shown))
}
