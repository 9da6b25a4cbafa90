//! An upstream that mixes people up: answers that hold what others of the account said, in every place
//! where a client might take it for its own. One key sees all conversations, so nothing but the client
//! stands between them.

use super::TwinExpert;
use super::answer::Ask;
use crate::clock::Dice;
use crate::faults::{Fault, Leak};
use crate::world::Frame;
use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::{HeaderValue, header};
use serde_json::{Value, json};
use std::time::Duration;
use twinchat_protocol::sse;

/// As much of everybody's words as one answer gives away.
const MOST: usize = 12;
/// The largest JSON answer there is.
const MAX_JSON: usize = 4 << 20;

/// What somebody said in another conversation.
#[derive(Debug, Clone)]
pub(super) struct Foreign {
    conversation: String,
    question: String,
    answer: String,
}

impl Foreign {
    fn message(&self, role: &str) -> Value {
        let content = if role == "user" { &self.question } else { &self.answer };
        json!({"id": format!("msg_of_{}", self.conversation), "conversationId": self.conversation, "role": role, "content": content})
    }

    /// The answer, with the question in it: otherwise two that were answered alike could not be told apart.
    fn told(&self) -> String {
        format!("{} {}", self.question, self.answer)
    }
}

/// What is said in all conversations but this one, the latest first. Conversations without a word have
/// their id to give away.
pub(super) fn others(api: &TwinExpert, own: Option<&str>) -> Vec<Foreign> {
    let memory = api.memory();
    let foreign = memory.conversations.latest_first().filter(|one| Some(one.id.as_str()) != own);
    let told = foreign.map(|one| {
        let (question, answer) = one.said.last().map(|said| (said.question.clone(), said.answer.clone())).unwrap_or_default();
        Foreign { conversation: one.id.clone(), question, answer }
    });
    told.take(MOST).collect()
}

/// Whether this leak strikes.
pub(super) fn leaks(faults: &[Fault], leak: Leak) -> bool {
    faults.contains(&Fault::Everybody { what: leak })
}

fn leaks_at_all(faults: &[Fault]) -> bool {
    faults.iter().any(|fault| matches!(fault, Fault::Everybody { .. }))
}

/// The id in `/conversations/{id}/messages`.
fn own_conversation(path: &str) -> Option<&str> {
    path.split_once("/conversations/").and_then(|(_, rest)| rest.split('/').next())
}

/// A JSON answer with everybody's words in it.
pub(super) async fn spoil(api: &TwinExpert, ask: &Ask, response: Response) -> Response {
    let is_json = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !is_json || !leaks_at_all(&ask.faults) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let bytes = to_bytes(body, MAX_JSON).await.unwrap_or_default();
    let mut answer = serde_json::from_slice::<Value>(&bytes).unwrap_or_default();
    let foreign = others(api, own_conversation(&ask.path).or(answer["data"]["id"].as_str()));
    let Some(first) = foreign.first() else { return Response::from_parts(parts, Body::from(bytes)) };
    let mut dice = Dice::named(api.world.seed, &format!("everybody/{}", ask.id));
    for fault in ask.faults.iter() {
        if let Fault::Everybody { what } = fault {
            spoil_json(&mut answer, *what, &foreign, &mut dice);
        }
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    if let Ok(id) = HeaderValue::from_str(&first.conversation) {
        parts.headers.insert("x-last-conversation", id);
    }
    Response::from_parts(parts, Body::from(answer.to_string()))
}

fn any<'a>(foreign: &'a [Foreign], dice: &mut Dice) -> &'a Foreign {
    let at = dice.within(&(0..=foreign.len().saturating_sub(1) as u64));
    &foreign[usize::try_from(at).unwrap_or_default()]
}

fn spoil_json(answer: &mut Value, leak: Leak, foreign: &[Foreign], dice: &mut Dice) {
    let one = any(foreign, dice);
    let is_reply = answer["data"]["role"].is_string();
    let is_conversation = answer["data"]["twinId"].is_string();
    match leak {
        Leak::ExtraFields => extra_fields(answer, one, foreign),
        Leak::Listed if is_reply => {
            let mut all: Vec<Value> = foreign.iter().flat_map(|one| [one.message("user"), one.message("assistant")]).collect();
            let at = dice.within(&(0..=all.len() as u64));
            all.insert(usize::try_from(at).unwrap_or_default(), answer["data"].take());
            answer["data"] = all.into();
        }
        Leak::Listed if answer["data"].is_array() || is_conversation => {
            let mut all = if is_conversation { Vec::new() } else { answer["data"].as_array().cloned().unwrap_or_default() };
            all.extend(foreign.iter().map(|one| {
                json!({"id": one.conversation, "title": one.question, "lastMessage": one.told(), "messages": [one.message("user"), one.message("assistant")]})
            }));
            answer["data"] = all.into();
        }
        Leak::WrongConversation if is_reply => answer["data"]["conversationId"] = one.conversation.as_str().into(),
        Leak::TakenId if is_conversation => answer["data"]["id"] = one.conversation.as_str().into(),
        Leak::ChangedId if is_conversation => {
            let own = answer["data"]["id"].as_str().unwrap_or_default().to_owned();
            let other = &one.conversation;
            let changed = [
                format!("../conversations/{other}"),
                format!("{own}/../{other}"),
                format!("{other}%00"),
                format!(" {other}"),
                format!("{other}?x={own}"),
            ];
            let at = usize::try_from(dice.within(&(0..=4))).unwrap_or_default();
            answer["data"]["id"] = changed[at].as_str().into();
        }
        _ => {}
    }
}

/// Fields that are documented nowhere, at every depth.
fn extra_fields(answer: &mut Value, one: &Foreign, foreign: &[Foreign]) {
    let messages: Vec<Value> = foreign.iter().flat_map(|one| [one.message("user"), one.message("assistant")]).collect();
    let extra = json!({
        "history": messages,
        "previous": one.told(),
        "userMessage": one.message("user"),
        "context": {"conversation": {"id": one.conversation, "title": one.question}, "nested": [{"deep": {"text": one.told()}}]},
    });
    let into = |place: &mut Value| {
        if let (Some(fields), Some(extra)) = (place.as_object_mut(), extra.as_object()) {
            fields.extend(extra.clone());
        }
    };
    for name in ["data", "meta", "details"] {
        into(&mut answer[name]);
    }
    if let Some(items) = answer["data"].as_array_mut() {
        items.iter_mut().for_each(into);
    }
    into(answer);
}

/// A stream with everybody's words in it.
pub(super) fn spoil_frames(frames: &mut Vec<Frame>, faults: &[Fault], foreign: &[Foreign], dice: &mut Dice) {
    if foreign.is_empty() {
        return;
    }
    if leaks(faults, Leak::ExtraFields) {
        for frame in frames.iter_mut() {
            let one = any(foreign, dice);
            change_data(frame, |data| {
                data["history"] = foreign.iter().map(|one| one.message("assistant")).collect();
                data["context"] = json!({"conversation": {"id": one.conversation}, "prompt": one.question});
                data["previous"] = one.told().into();
                data["userMessage"] = one.message("user");
            });
        }
    }
    if leaks(faults, Leak::WrongConversation) {
        for frame in frames.iter_mut() {
            let one = any(foreign, dice);
            change_data(frame, |data| data["conversationId"] = one.conversation.as_str().into());
        }
    }
    for at in (0..frames.len()).rev() {
        for event in inserted(faults, foreign, dice) {
            frames.insert(at, Frame { wait: Duration::ZERO, bytes: event.into() });
        }
    }
}

/// The events of others that come before one event.
fn inserted(faults: &[Fault], foreign: &[Foreign], dice: &mut Dice) -> Vec<String> {
    let mut events = Vec::new();
    let one = any(foreign, dice);
    if leaks(faults, Leak::Interleaved) {
        let conversation = &one.conversation;
        let event = |name: &str, data: Value| sse::encode(name, "", &data.to_string());
        events.push(match dice.within(&(0..=5)) {
            0 => event("delta", json!({"content": one.told(), "conversationId": conversation})),
            1 => event("delta", json!({"data": {"content": one.told(), "conversation": {"id": conversation}}})),
            2 => event("progress", json!({"message": one.question, "conversation_id": conversation})),
            3 => event("complete", json!({"content": one.told(), "conversationId": conversation, "finishReason": "stop"})),
            4 => event("error", json!({"message": one.question, "statusCode": 500, "conversationId": conversation})),
            _ => event("", json!({"type": "delta", "message": one.message("assistant")})),
        });
    }
    if leaks(faults, Leak::UnknownEvents) {
        let text = one.told();
        events.push(match dice.within(&(0..=4)) {
            0 => sse::encode("activity", "", &json!({"content": text}).to_string()),
            1 => sse::encode("activity", "", &json!({"type": "delta", "content": text}).to_string()),
            2 => sse::encode("", "", &json!({"type": "presence", "content": text}).to_string()),
            3 => sse::encode("", "", &json!({"event": "presence", "data": {"content": text}}).to_string()),
            _ => sse::encode("activity", "", &text),
        });
    }
    events
}

/// Changes the JSON of a frame; a frame without JSON stays as it is.
fn change_data(frame: &mut Frame, change: impl FnOnce(&mut Value)) {
    let text = String::from_utf8_lossy(&frame.bytes).into_owned();
    let Some(line) = text.lines().find(|line| line.starts_with("data: {")) else { return };
    let Ok(mut data) = serde_json::from_str::<Value>(&line["data: ".len()..]) else { return };
    change(&mut data);
    frame.bytes = text.replace(line, &format!("data: {data}")).into();
}
