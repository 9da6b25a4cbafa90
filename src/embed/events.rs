//! What the app tells, as the details of DOM events.

use crate::app::WidgetEvent;
use js_sys::{Object, Reflect};
use twinchat_protocol::message::MessageStatus;
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
            object(&[("threadId", id(conversation_id)), ("messageId", id(message_id)), ("status", status_name(*status).into())])
        }
        WidgetEvent::UnreadChange { unread } => object(&[("unread", (*unread).into())]),
        WidgetEvent::IdentityChange { signed_in } => object(&[("signedIn", (*signed_in).into())]),
        WidgetEvent::Error(problem) => object(&[
            ("code", problem.code.as_str().into()),
            ("message", problem.message.as_str().into()),
            ("requestId", problem.request_id.as_str().into()),
            ("retryable", problem.retryable.into()),
        ]),
    }
}

/// An id, or `null` when there is none.
fn id(text: &str) -> JsValue {
    if text.is_empty() { JsValue::NULL } else { text.into() }
}

fn status_name(status: MessageStatus) -> &'static str {
    match status {
        MessageStatus::Streaming => "streaming",
        MessageStatus::Complete => "complete",
        MessageStatus::Stopped => "stopped",
        MessageStatus::Incomplete => "incomplete",
        MessageStatus::Interrupted => "interrupted",
        MessageStatus::Failed => "failed",
    }
}

fn object(entries: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in entries {
        // Fails only on frozen objects and proxies.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object.into()
}
