//! One message as the list holds it, the visitor's unsent ones included.

use super::{EntryStatus, Problem, Progress, time};
use twinchat_protocol::message::{Feedback, Message, MessageFile, MessageStatus, Quote, Role};

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Stays the same for the message's whole life in the list. Never used twice, in any thread.
    pub key: String,
    /// The stored id; empty until the proxy has accepted it.
    pub id: String,
    /// Its place in the conversation; 0 until accepted.
    pub ordinal: u32,
    /// Who wrote it.
    pub role: Role,
    /// Milliseconds since 1970.
    pub created_at: u64,
    /// The text so far.
    pub text: String,
    /// Where it stands.
    pub status: EntryStatus,
    /// What the visitor thought of it.
    pub feedback: Option<Feedback>,
    /// What comes with the text.
    pub extras: Extras,
}

/// What comes with a message besides its text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extras {
    /// The name of the person who wrote it; empty for the twin itself and the visitor.
    pub author: String,
    /// The files sent with it.
    pub files: Vec<MessageFile>,
    /// The message it answers.
    pub reply_to: Option<Quote>,
}

/// A message on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its `Idempotency-Key`.
    pub key: String,
    /// Its text; may be empty when there are files.
    pub text: String,
    /// What comes with it.
    pub extras: Extras,
    /// Whether an answer begins as soon as it is accepted. Not where people answer when they can.
    pub answered: bool,
}

impl Outgoing {
    /// Nothing but a text, to a twin that answers at once.
    pub fn text(key: &str, text: &str) -> Self {
        Self { key: key.to_owned(), text: text.to_owned(), extras: Extras::default(), answered: true }
    }
}

impl Entry {
    /// Whether more is to come.
    pub fn is_running(&self) -> bool {
        self.role == Role::Assistant && matches!(self.status, EntryStatus::Waiting(_) | EntryStatus::Streaming)
    }

    /// A message that the proxy knows nothing of yet.
    pub(super) fn blank(key: String, role: Role, created_at: u64, status: EntryStatus) -> Self {
        let extras = Extras::default();
        Self { key, id: String::new(), ordinal: 0, role, created_at, text: String::new(), status, feedback: None, extras }
    }

    /// A message as stored.
    pub(super) fn stored(key: String, message: Message) -> Self {
        let code = message.error_code.map(|code| (code.as_str(), code.is_retryable()));
        let status = match (message.role, message.status) {
            // Being handed over to those who will answer.
            (Role::User, MessageStatus::Streaming) => EntryStatus::Sending,
            (_, status) => entry_status(status, None, code, message.content.is_empty()),
        };
        Self {
            key,
            id: message.id.as_str().to_owned(),
            ordinal: message.ordinal,
            role: message.role,
            created_at: time::parse_rfc3339(&message.created_at).unwrap_or_default(),
            text: message.content,
            status,
            feedback: message.feedback,
            extras: Extras { author: message.author.unwrap_or_default(), files: message.files, reply_to: message.reply_to },
        }
    }
}

pub(super) fn entry_status(status: MessageStatus, problem: Option<Problem>, code: Option<(&str, bool)>, empty: bool) -> EntryStatus {
    let default = match status {
        MessageStatus::Streaming if empty => return EntryStatus::Waiting(Progress::default()),
        MessageStatus::Streaming => return EntryStatus::Streaming,
        MessageStatus::Complete => return EntryStatus::Complete,
        MessageStatus::Stopped => return EntryStatus::Stopped,
        MessageStatus::Incomplete => "REPLY_INCOMPLETE",
        MessageStatus::Interrupted => "REPLY_INTERRUPTED",
        MessageStatus::Failed => "UPSTREAM_ERROR",
    };
    EntryStatus::Failed(problem.unwrap_or_else(|| {
        let (code, retryable) = code.unwrap_or((default, true));
        Problem { retryable, ..Problem::own(code) }
    }))
}
