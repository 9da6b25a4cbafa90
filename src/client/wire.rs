//! Stream events and search hits from their JSON. By hand: events arrive in thousands.

use super::error;
use crate::platform::json::Json;
use crate::state::event::ReplyEvent;
use crate::state::find::Hit;
use crate::state::{Progress, time};
use twinchat_protocol::event::EventKind;
use twinchat_protocol::id::EventId;
use twinchat_protocol::sse;

/// What an event of the stream says; `None` for one of an unknown kind, without an id, or that
/// cannot be read: what it left out comes again with the end of the message.
pub(super) fn reply_event(event: &sse::Event, now: u64) -> Option<ReplyEvent> {
    let id = EventId::parse(&event.id).ok()?;
    let json = Json::parse(&event.data).ok()?;
    let name = json.text("type");
    let kind = EventKind::from_name(if event.event.is_empty() { &name } else { &event.event })?;
    let mut reply = ReplyEvent::new(id, kind, json.text("messageId"));
    reply.content = json.text("content");
    if kind == EventKind::Delta {
        return Some(reply);
    }
    reply.state = json.get("state").and_then(|state| state.decode().ok());
    reply.progress = Progress {
        text: json.text("text"),
        position: json.number("position").unwrap_or_default() as u32,
        eta_seconds: json.number("etaSeconds").unwrap_or_default() as u32,
    };
    reply.status = json.get("status").and_then(|status| status.decode().ok());
    reply.message = json.get("message").and_then(|message| message.decode().ok());
    reply.user_message = json.get("userMessage").and_then(|message| message.decode().ok());
    reply.problem = json.get("error").map(|problem| error::of_json(&problem, now));
    Some(reply)
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
