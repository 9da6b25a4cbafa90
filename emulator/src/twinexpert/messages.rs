//! `POST /api/v1/conversations/{id}/messages` and `…/stream`.

use super::TwinExpert;
use super::account::Scope;
use super::answer::{Ask, Problem, data};
use super::everybody;
use super::stream::{self, Reply};
use crate::clock::{Dice, iso};
use crate::script::Said;
use crate::world::paced;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

#[derive(Deserialize)]
struct NewMessage {
    content: Option<String>,
}

/// A reply that is decided and not yet told.
struct Decided {
    conversation_id: String,
    message_id: String,
    said: Said,
    dice: Dice,
}

fn decide(api: &TwinExpert, ask: &Ask, conversation_id: &str) -> Result<Decided, Problem> {
    ask.caller.allow(Scope::FullAccess)?;
    let NewMessage { content } = ask.body()?;
    let content = content.filter(|text| !text.trim().is_empty()).ok_or_else(|| Problem::field("content", "content là bắt buộc"))?;
    let mut memory = api.memory();
    let conversation = memory.conversations.get(conversation_id).ok_or(Problem::NotFound("Cuộc trò chuyện"))?;
    let twin = api.world.script.twin(&conversation.twin_id).ok_or(Problem::NotFound("Twin"))?;
    let said = api.world.script.reply(api.world.seed, twin, &conversation.said, &content);
    let dice = Dice::named(api.world.seed, &format!("{}/{}", conversation.id, conversation.said.len()));
    let at = ask.at;
    let kept = said.clone();
    memory.conversations.touch(conversation_id, |conversation| {
        conversation.updated_at = at;
        conversation.said.push(kept);
    });
    let message_id = memory.new_id("msg");
    Ok(Decided { conversation_id: conversation_id.to_owned(), message_id, said, dice })
}

fn message(decided: &Decided, at: u64) -> Value {
    json!({
        "id": decided.message_id,
        "conversationId": decided.conversation_id,
        "role": "assistant",
        "content": decided.said.answer,
        "createdAt": iso(at),
    })
}

/// `POST /api/v1/conversations/{id}/messages`: the twin's whole answer at once.
pub(super) async fn send(
    State(api): State<Arc<TwinExpert>>,
    Extension(ask): Extension<Ask>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let mut decided = decide(&api, &ask, &id)?;
    let thinking = api.world.pace.thinking(&mut decided.dice);
    api.world.clock.sleep(thinking).await;
    Ok(data(StatusCode::CREATED, message(&decided, api.world.clock.now_millis())))
}

/// `POST /api/v1/conversations/{id}/messages/stream`: the same answer as Server-Sent Events.
pub(super) async fn stream(
    State(api): State<Arc<TwinExpert>>,
    Extension(ask): Extension<Ask>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let mut decided = decide(&api, &ask, &id)?;
    let reply = Reply {
        text: &decided.said.answer,
        message_id: &decided.message_id,
        conversation_id: &decided.conversation_id,
        english: decided.said.language == "en",
    };
    let mut frames = stream::frames(&reply, api.world.pace, &mut decided.dice, &ask.faults);
    everybody::spoil_frames(&mut frames, &ask.faults, &everybody::others(&api, Some(&id)), &mut decided.dice);
    let headers = [(header::CONTENT_TYPE, "text/event-stream; charset=utf-8"), (header::CACHE_CONTROL, "no-cache, no-transform")];
    Ok((StatusCode::OK, headers, paced(frames, false, Arc::clone(&api.world.clock))).into_response())
}
