//! What the outside may hear of the widget.

use crate::state::Problem;
use twinchat_protocol::message::MessageStatus;

/// Something that happened. `embed` turns each into a DOM event of [this name](WidgetEvent::name).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WidgetEvent {
    /// The widget stands and takes calls. Nothing was asked of the proxy yet.
    Ready,
    /// The proxy has answered for the first time.
    Connected,
    /// The panel was opened.
    Opened,
    /// The panel was closed.
    Closed,
    /// Another twin was chosen; empty when none is.
    TwinChange {
        /// The twin's id.
        twin_id: String,
    },
    /// Another conversation is open; empty for a new one that has no message yet.
    ThreadChange {
        /// The conversation's id.
        conversation_id: String,
    },
    /// The proxy has stored a message of the visitor.
    MessageSent {
        /// The conversation's id.
        conversation_id: String,
        /// The message's id.
        message_id: String,
    },
    /// A reply has begun; its text is yet to come.
    ResponseStart {
        /// The conversation's id.
        conversation_id: String,
        /// The message's id.
        message_id: String,
    },
    /// A reply has ended, one way or another.
    ResponseEnd {
        /// The conversation's id.
        conversation_id: String,
        /// The message's id.
        message_id: String,
        /// How it ended.
        status: MessageStatus,
    },
    /// The number on the bubble has changed.
    UnreadChange {
        /// Answers the visitor has not seen.
        unread: u32,
    },
    /// The visitor has signed in or out.
    IdentityChange {
        /// Whether the site has said who the visitor is.
        signed_in: bool,
    },
    /// Something went wrong; the visitor has been told.
    Error(Problem),
}

impl WidgetEvent {
    /// The name after `twinchat.`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Connected => "connected",
            Self::Opened => "opened",
            Self::Closed => "closed",
            Self::TwinChange { .. } => "twin.change",
            Self::ThreadChange { .. } => "thread.change",
            Self::MessageSent { .. } => "message.sent",
            Self::ResponseStart { .. } => "response.start",
            Self::ResponseEnd { .. } => "response.end",
            Self::UnreadChange { .. } => "unread.change",
            Self::IdentityChange { .. } => "identity.change",
            Self::Error(_) => "error",
        }
    }
}
