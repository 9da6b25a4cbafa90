//! Twins, conversations and messages, made of the invented words.

use crate::words::words;
use leptos::prelude::*;
use twinchat::app::{BoxSignal, MessageEntry};
use twinchat::state::EntryStatus;
use twinchat_protocol::conversation::Conversation;
use twinchat_protocol::id::{ConversationId, MessageId, TwinId};
use twinchat_protocol::message::{Feedback, Role};
use twinchat_protocol::twin::{Capabilities, Twin};

/// The moment it is in the gallery.
pub(crate) fn now() -> u64 {
    js_sys::Date::parse("2026-03-12T14:32:00") as u64
}

pub(crate) const MINUTE: u64 = 60_000;
pub(crate) const HOUR: u64 = 60 * MINUTE;
pub(crate) const DAY: u64 = 24 * HOUR;

pub(crate) fn twin(number: usize) -> Twin {
    let words = words();
    let (name, description) = words.twins[number % 8];
    Twin {
        id: TwinId::from_random(&format!("gallery{number:03}")),
        name: name.to_owned(),
        description: description.to_owned(),
        avatar_url: None,
        available: number % 8 != 3,
        starters: words.starters.map(str::to_owned).to_vec(),
        capabilities: Capabilities { stream: true, stop: true, ..Capabilities::default() },
    }
}

pub(crate) fn conversation(number: u64, age: u64) -> Conversation {
    let (title, last) = words().conversations[usize::try_from(number).unwrap_or_default() % 6];
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64((now() - age) as f64));
    Conversation {
        id: ConversationId::from_random(&format!("gallery{number:03}")),
        twin_id: twin(usize::try_from(number).unwrap_or_default()).id,
        title: title.to_owned(),
        created_at: date.to_iso_string().into(),
        updated_at: date.to_iso_string().into(),
        last_message: Some(last.to_owned()),
        message_count: 8,
        active_message_id: (number == 1).then(|| MessageId::from_random("gallery001")),
        waiting_for_person: false,
    }
}

pub(crate) fn entry(key: &str, role: Role, age: u64, text: &str, status: EntryStatus) -> MessageEntry {
    MessageEntry {
        key: key.to_owned(),
        id: BoxSignal::new(key.to_owned()),
        role,
        created_at: now() - age,
        text: RwSignal::new(text.to_owned()),
        status: BoxSignal::new(status),
        feedback: BoxSignal::new((key == "a1").then_some(Feedback::Up)),
        extras: BoxSignal::default(),
    }
}

pub(crate) fn asked(key: &str, age: u64, text: &str) -> MessageEntry {
    entry(key, Role::User, age, text, EntryStatus::Complete)
}

pub(crate) fn answered(key: &str, age: u64, text: &str) -> MessageEntry {
    entry(key, Role::Assistant, age, text, EntryStatus::Complete)
}

pub(crate) const HOSTILE: &str = "<img src=x onerror=alert(1)> <script>alert(1)</script> [bấm vào đây](javascript:alert(1)) **vẫn đậm**";
