//! What a stream says, as far as it was understood.

use super::{Problem, Progress};
use twinchat_protocol::event::{EventKind, ProgressState};
use twinchat_protocol::id::EventId;
use twinchat_protocol::message::{Message, MessageStatus};

/// One stream event: `twinchat_protocol::event::StreamEvent` with its id and in the widget's nouns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyEvent {
    /// Its place among all events of the conversation.
    pub id: EventId,
    /// The kind.
    pub kind: EventKind,
    /// The message it is about.
    pub message_id: String,
    /// `delta`: text to append. `complete`: the whole text.
    pub content: String,
    /// `progress`: what is going on.
    pub state: Option<ProgressState>,
    /// `progress`: what is known of it.
    pub progress: Progress,
    /// `complete`, `error`: how the message ended.
    pub status: Option<MessageStatus>,
    /// The message as stored.
    pub message: Option<Message>,
    /// Accepted: the visitor's own message as stored.
    pub user_message: Option<Message>,
    /// `error`: why.
    pub problem: Option<Problem>,
}

impl ReplyEvent {
    /// An event with nothing in it.
    pub fn new(id: EventId, kind: EventKind, message_id: String) -> Self {
        Self {
            id,
            kind,
            message_id,
            content: String::new(),
            state: None,
            progress: Progress::default(),
            status: None,
            message: None,
            user_message: None,
            problem: None,
        }
    }

    /// Whether a later event only has more text of what this one has text of: both can be one.
    pub fn goes_on_with(&self, later: &Self) -> bool {
        self.kind == EventKind::Delta && later.kind == EventKind::Delta && self.message_id == later.message_id && later.id > self.id
    }

    /// Whether the reply ends with it.
    pub fn is_last(&self) -> bool {
        matches!(self.kind, EventKind::Complete | EventKind::Error)
    }
}
