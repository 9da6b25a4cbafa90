//! Wire types from their JSON. By hand: what serde derives for them would be a tenth of the widget's download, and
//! events arrive in thousands. `tests` compares with serde.

#[cfg(test)]
mod tests;

use super::error;
use crate::platform::json::{Json, each_member};
use crate::state::event::ReplyEvent;
use crate::state::find::Hit;
use crate::state::{Progress, time};
use twinchat_protocol::conversation::Conversation;
use twinchat_protocol::error::ErrorCode;
use twinchat_protocol::event::{EventKind, ProgressState};
use twinchat_protocol::id::{ConversationId, EventId, MessageId, TwinId, VisitorId};
use twinchat_protocol::message::{Feedback, Message, MessageFile, MessageStatus, Quote, Role};
use twinchat_protocol::sse;
use twinchat_protocol::token::TokenResponse;
use twinchat_protocol::twin::{Capabilities, Twin};
use twinchat_protocol::widget::{FileLimits, WidgetSettings};

/// What an event of the stream says; `None` for one of an unknown kind, without an id, or that
/// cannot be read: what it left out comes again with the end of the message.
pub(super) fn reply_event(event: &sse::Event, now: u64) -> Option<ReplyEvent> {
    let id = EventId::parse(&event.id).ok()?;
    if let Some(delta) = delta(event, id) {
        return Some(delta);
    }
    let json = Json::parse(&event.data).ok()?;
    let name = json.text("type");
    let kind = EventKind::from_name(if event.event.is_empty() { &name } else { &event.event })?;
    let mut reply = ReplyEvent::new(id, kind, json.text("messageId"));
    reply.content = json.text("content");
    if kind == EventKind::Delta {
        return Some(reply);
    }
    reply.state = ProgressState::from_name(&json.text("state"));
    reply.progress = Progress { text: json.text("text"), position: count(&json, "position"), eta_seconds: count(&json, "etaSeconds") };
    reply.status = MessageStatus::from_name(&json.text("status"));
    reply.message = json.get("message").and_then(|json| message(&json));
    reply.user_message = json.get("userMessage").and_then(|json| message(&json));
    reply.problem = json.get("error").map(|problem| error::of_json(&problem, now));
    Some(reply)
}

/// A delta as the proxy writes it. What is written in another way is read as any other event.
fn delta(event: &sse::Event, id: EventId) -> Option<ReplyEvent> {
    if event.event != EventKind::Delta.name() {
        return None;
    }
    let mut delta = ReplyEvent::new(id, EventKind::Delta, String::new());
    let whole = each_member(&event.data, &mut |name, value| match name {
        "messageId" => delta.message_id = value,
        "content" => delta.content = value,
        _ => {}
    });
    whole.then_some(delta)
}

/// A message that was found.
pub(super) fn hit(json: &Json) -> Hit {
    Hit {
        message_id: json.text("messageId"),
        own: json.text("role") == "user",
        created_at: time::parse_rfc3339(&json.text("createdAt")).unwrap_or_default(),
        before: json.text("before"),
        found: json.text("found"),
        after: json.text("after"),
    }
}

// Below, `None` is for what lacks something it has to have.

pub(super) fn message(json: &Json) -> Option<Message> {
    Some(Message {
        id: MessageId::unverified(json.some_text("id")?),
        conversation_id: ConversationId::unverified(json.some_text("conversationId")?),
        ordinal: json.number("ordinal")? as u32,
        role: match &json.text("role")[..] {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            _ => return None,
        },
        content: json.some_text("content")?,
        status: MessageStatus::from_name(&json.text("status"))?,
        created_at: json.some_text("createdAt")?,
        event_id: json.some_text("eventId"),
        error_code: ErrorCode::from_name(&json.text("errorCode")),
        client_id: json.some_text("clientId"),
        feedback: match &json.text("feedback")[..] {
            "up" => Some(Feedback::Up),
            "down" => Some(Feedback::Down),
            _ => None,
        },
        files: items(json, "files").iter().filter_map(file).collect(),
        author: json.some_text("author"),
        reply_to: json.get("replyTo").and_then(|json| quote(&json)),
    })
}

fn file(json: &Json) -> Option<MessageFile> {
    Some(MessageFile {
        name: json.some_text("name")?,
        media_type: json.some_text("mediaType")?,
        size: json.number("size").unwrap_or_default() as u64,
    })
}

fn quote(json: &Json) -> Option<Quote> {
    Some(Quote {
        message_id: MessageId::unverified(json.some_text("messageId")?),
        excerpt: json.some_text("excerpt")?,
        author: json.some_text("author"),
    })
}

pub(super) fn conversation(json: &Json) -> Option<Conversation> {
    Some(Conversation {
        id: ConversationId::unverified(json.some_text("id")?),
        twin_id: TwinId::unverified(json.some_text("twinId")?),
        title: json.text("title"),
        created_at: json.some_text("createdAt")?,
        updated_at: json.some_text("updatedAt")?,
        last_message: json.some_text("lastMessage"),
        message_count: count(json, "messageCount"),
        active_message_id: json.some_text("activeMessageId").map(MessageId::unverified),
        waiting_for_person: json.flag("waitingForPerson"),
    })
}

pub(super) fn twin(json: &Json) -> Option<Twin> {
    let capabilities = json.get("capabilities").map(|json| Capabilities {
        stream: json.flag("stream"),
        files: json.flag("files"),
        stop: json.flag("stop"),
        reply: json.flag("reply"),
        search: json.flag("search"),
        shared: json.flag("shared"),
    });
    Some(Twin {
        id: TwinId::unverified(json.some_text("id")?),
        name: json.some_text("name")?,
        description: json.text("description"),
        avatar_url: json.some_text("avatarUrl"),
        available: json.flag("available"),
        starters: texts(json, "starters"),
        capabilities: capabilities.unwrap_or_default(),
    })
}

#[expect(clippy::unnecessary_wraps, reason = "as the others are; settings have a default for everything")]
pub(super) fn settings(json: &Json) -> Option<WidgetSettings> {
    let files = json.get("files").map(|json| FileLimits {
        max_count: count(&json, "maxCount"),
        max_bytes: json.number("maxBytes").unwrap_or_default() as u64,
        types: texts(&json, "types"),
        extensions: texts(&json, "extensions"),
    });
    Some(WidgetSettings {
        title: json.text("title"),
        greeting: json.text("greeting"),
        accent: json.text("accent"),
        locale: json.text("locale"),
        max_message_chars: count(json, "maxMessageChars"),
        disclaimer: json.text("disclaimer"),
        bearer_allowed: json.flag("bearerAllowed"),
        files: files.unwrap_or_default(),
    })
}

pub(super) fn token(json: &Json) -> Option<TokenResponse> {
    Some(TokenResponse {
        access_token: json.some_text("access_token")?,
        issued_token_type: json.some_text("issued_token_type")?,
        token_type: json.some_text("token_type")?,
        expires_in: json.number("expires_in")? as u32,
        scope: json.text("scope"),
        expires_at: json.number("expires_at").unwrap_or_default() as u64,
        visitor_id: VisitorId::unverified(json.some_text("visitor_id")?),
        visitor_secret: json.some_text("visitor_secret"),
    })
}

/// A member that is a whole number; 0 when it is not.
fn count(json: &Json, name: &str) -> u32 {
    json.number(name).unwrap_or_default() as u32
}

fn items(json: &Json, name: &str) -> Vec<Json> {
    json.get(name).map(|items| items.items()).unwrap_or_default()
}

fn texts(json: &Json, name: &str) -> Vec<String> {
    items(json, name).iter().filter_map(Json::as_text).collect()
}
