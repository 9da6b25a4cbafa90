//! A message, its author and what became of it.

use crate::error::ErrorCode;
use crate::id::{ConversationId, MessageId};
use serde::{Deserialize, Serialize};

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The visitor.
    User,
    /// The twin.
    Assistant,
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum MessageStatus {
    /// Being written; more text will come. A visitor's message to people: being handed over.
    Streaming,
    /// Whole.
    Complete,
    /// The visitor stopped it; what had come is kept.
    Stopped,
    /// The upstream ended it before its end was announced; what had come is kept.
    Incomplete,
    /// The proxy was ended while it was being written; what had come is kept.
    Interrupted,
    /// The upstream refused or failed; `errorCode` says how.
    Failed,
}

impl MessageStatus {
    /// Whether nothing more will be added to the message.
    pub fn is_final(self) -> bool {
        self != Self::Streaming
    }

    /// The status of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Streaming, Self::Complete, Self::Stopped, Self::Incomplete, Self::Interrupted, Self::Failed]
            .into_iter()
            .find(|status| status.as_str() == name)
    }

    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Streaming => "streaming",
            Self::Complete => "complete",
            Self::Stopped => "stopped",
            Self::Incomplete => "incomplete",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }
}

/// What the visitor thought of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Feedback {
    /// It helped.
    Up,
    /// It did not.
    Down,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// This proxy's id for it.
    pub id: MessageId,
    /// The conversation it belongs to.
    pub conversation_id: ConversationId,
    /// Its place in the conversation, counted from 1 without gaps.
    pub ordinal: u32,
    /// Who wrote it.
    pub role: Role,
    /// Its text: plain for the visitor's, Markdown for the twin's.
    pub content: String,
    /// Where it stands.
    pub status: MessageStatus,
    /// When it was begun, RFC 3339 in UTC with milliseconds.
    pub created_at: String,
    /// The last event whose text `content` holds: resume a streaming message after this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// Why it failed, when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<ErrorCode>,
    /// The `Idempotency-Key` it was sent with: tells a sender which of its drafts this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// What the visitor thought of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<Feedback>,
    /// The files that were sent with it, in their order. Their contents are not kept to be shown again.
    /// Absent when there are none.
    #[cfg_attr(feature = "openapi", schema(nullable = true))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<MessageFile>,
    /// The name of the person (or bot) who wrote it, where several may answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The message that it quotes and answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Quote>,
}

/// A file that was sent with a message: what of it is kept for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MessageFile {
    /// Its name, without folders and without characters that could do harm.
    pub name: String,
    /// Its media type, such as `image/png`: what its bytes are, not what the sender called them.
    pub media_type: String,
    /// Its size in bytes.
    pub size: u64,
}

/// A message of the same conversation that another one answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Quote {
    /// Its id.
    pub message_id: MessageId,
    /// The beginning of its text as plain text, at most 120 characters.
    pub excerpt: String,
    /// Who wrote it, where that is known by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
}

/// Body of `POST /conversations/{id}/messages` and `…/messages/stream`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct NewMessage {
    /// The text, 1 to the configured number of characters (8,000 by default), not all of them white space.
    #[cfg_attr(
        feature = "openapi",
        schema(
            min_length = 1,
            pattern = r"^[^\u0000]*[^\u0000\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000][^\u0000]*$",
            example = "Xin chào!"
        )
    )]
    pub content: String,
    /// The id of the message that it answers, for twins with the capability `reply`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
}
