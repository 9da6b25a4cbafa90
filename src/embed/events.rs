//! What the app tells, as the details of DOM events.

use crate::app::WidgetEvent;
use serde::{Serialize, Serializer};
use serde_wasm_bindgen::Serializer as ToJs;
use wasm_bindgen::JsValue;

/// The event's `detail`: a plain object, or `undefined` when there is nothing to say beyond the name.
pub(super) fn detail(event: &WidgetEvent) -> JsValue {
    match event {
        WidgetEvent::Ready | WidgetEvent::Connected | WidgetEvent::Opened | WidgetEvent::Closed => JsValue::UNDEFINED,
        WidgetEvent::TwinChange { twin_id } => object(&[("twinId", id(twin_id))]),
        WidgetEvent::ThreadChange { conversation_id } => object(&[("threadId", id(conversation_id))]),
        WidgetEvent::MessageSent { conversation_id, message_id } | WidgetEvent::ResponseStart { conversation_id, message_id } => {
            object(&[("threadId", id(conversation_id)), ("messageId", id(message_id))])
        }
        WidgetEvent::ResponseEnd { conversation_id, message_id, status } => {
            object(&[("threadId", id(conversation_id)), ("messageId", id(message_id)), ("status", Value::Text(status.as_str()))])
        }
        WidgetEvent::UnreadChange { unread } => object(&[("unread", Value::Number(*unread))]),
        WidgetEvent::IdentityChange { signed_in } => object(&[("signedIn", Value::Flag(*signed_in))]),
        WidgetEvent::Error(problem) => object(&[
            ("code", Value::Text(&problem.code)),
            ("message", Value::Text(&problem.message)),
            ("requestId", Value::Text(&problem.request_id)),
            ("retryable", Value::Flag(problem.retryable)),
        ]),
    }
}

/// An id, or `null` when there is none.
/// What stands in a detail.
#[derive(Serialize)]
#[serde(untagged)]
enum Value<'a> {
    Text(&'a str),
    Number(u32),
    Flag(bool),
    Null,
}

fn id(text: &str) -> Value<'_> {
    if text.is_empty() { Value::Null } else { Value::Text(text) }
}

struct Members<'a>(&'a [(&'a str, Value<'a>)]);

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

fn object(members: &[(&str, Value<'_>)]) -> JsValue {
    // Nothing in a detail is beyond what JavaScript has.
    Members(members).serialize(&ToJs::json_compatible()).unwrap_or_default()
}
