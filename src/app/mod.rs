//! The only writer of the widget's state. Knows no DOM.
//!
//! [`App`] is what components get from context: signals to draw from, and one method per thing a
//! visitor (or the host page) can want. Components never write a signal.

mod actions;
mod events;
mod options;

pub use events::WidgetEvent;
pub use options::{ColorScheme, Mode, Options};

use crate::state::{Connection, EntryStatus, Loading, Problem, Screen};
use leptos::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;
use twinchat_protocol::conversation::Conversation;
use twinchat_protocol::message::{Feedback, Role};
use twinchat_protocol::twin::Twin;
use twinchat_protocol::widget::WidgetSettings;

/// One message as drawn. Cheap to clone; the parts that change are signals of their own, so that
/// a delta touches one message and nothing else.
#[derive(Debug, Clone)]
pub struct MessageEntry {
    /// Stays the same for the message's whole life in the list, from unsent to stored.
    pub key: String,
    /// The stored id; empty until the proxy has accepted it.
    pub id: RwSignal<String>,
    /// Who wrote it.
    pub role: Role,
    /// Milliseconds since 1970.
    pub created_at: u64,
    /// The text so far. Only ever grows while streaming, except when a `complete` replaces it.
    pub text: RwSignal<String>,
    /// Where it stands.
    pub status: RwSignal<EntryStatus>,
    /// What the visitor thought of it.
    pub feedback: RwSignal<Option<Feedback>>,
}

/// The state as signals.
#[derive(Debug, Clone, Copy)]
pub struct Signals {
    /// What site and visitor have chosen.
    pub options: RwSignal<Options>,
    /// Whether the panel is open.
    pub open: RwSignal<bool>,
    /// What it shows.
    pub screen: RwSignal<Screen>,
    /// The owner's settings; defaults until they have been fetched.
    pub settings: RwSignal<WidgetSettings>,
    /// All twins.
    pub twins: RwSignal<Vec<Twin>>,
    /// Where that list stands.
    pub twins_loading: RwSignal<Loading>,
    /// The visitor's conversations, latest first, as far as loaded.
    pub conversations: RwSignal<Vec<Conversation>>,
    /// Where that list stands.
    pub conversations_loading: RwSignal<Loading>,
    /// Whether there are older ones to load.
    pub conversations_more: RwSignal<bool>,
    /// The twin of the open conversation.
    pub twin: RwSignal<Option<Twin>>,
    /// The open conversation; `None` for a new one that has no message yet.
    pub conversation: RwSignal<Option<Conversation>>,
    /// Its messages in order.
    pub messages: RwSignal<Vec<MessageEntry>>,
    /// Where they stand.
    pub messages_loading: RwSignal<Loading>,
    /// Whether there are older ones to load.
    pub messages_more: RwSignal<bool>,
    /// Whether a reply is running (waiting or streaming) in the open conversation.
    pub replying: RwSignal<bool>,
    /// The text in the composer.
    pub draft: RwSignal<String>,
    /// How the line to the proxy is.
    pub connection: RwSignal<Connection>,
    /// Something to tell the visitor above the composer; dismissible.
    pub notice: RwSignal<Option<Problem>>,
    /// Answers that came while the panel was closed or another conversation was open.
    pub unread: RwSignal<u32>,
    /// Milliseconds since 1970. Moves once a second while something counts down (`retry_at`), else
    /// once a minute while the panel is open.
    pub now: RwSignal<u64>,
    /// Each change asks the composer to take the keyboard focus.
    pub focus_request: RwSignal<u32>,
}

/// The widget's state and everything that can be wanted of it.
///
/// Cheap to copy, and the same one everywhere below [`App::provide`]: `expect_context::<App>()`.
#[derive(Clone, Copy)]
pub struct App {
    /// What is drawn. Components read these and write none.
    pub signals: Signals,
    inner: StoredValue<Rc<Inner>, LocalStorage>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App")
    }
}

struct Inner {
    subscribers: RefCell<Vec<Rc<dyn Fn(&WidgetEvent)>>>,
}

impl App {
    fn tell(&self, event: &WidgetEvent) {
        let subscribers = self.inner.try_with_value(|inner| inner.subscribers.borrow().clone()).unwrap_or_default();
        for subscriber in &subscribers {
            subscriber(event);
        }
    }
}
