//! What a reply stream says.
//!
//! The four documented TwinExpert event types, and `message` on the conversation feed. The type
//! stands in the `event:` field and again in the data, since that API does not say where it is.

use crate::error::ErrorBody;
use crate::id::MessageId;
use crate::message::{Message, MessageStatus};
use serde::{Deserialize, Serialize};

/// The kinds of stream events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// Something other than text: accepted, queued, connecting, thinking.
    Progress,
    /// Text to append to the message.
    Delta,
    /// The message ended; `message` is how it is stored. Replaces all that deltas built.
    Complete,
    /// The message failed; `error` says why, `message` is how it is stored.
    Error,
    /// Only on the feed: a message that this reader has not seen was added to the conversation.
    Message,
}

impl EventKind {
    /// The name in the `event:` field.
    pub fn name(self) -> &'static str {
        match self {
            Self::Progress => "progress",
            Self::Delta => "delta",
            Self::Complete => "complete",
            Self::Error => "error",
            Self::Message => "message",
        }
    }

    /// The kind with this name. Unknown ones are to be ignored.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Progress, Self::Delta, Self::Complete, Self::Error, Self::Message].into_iter().find(|kind| kind.name() == name)
    }
}

/// What a `progress` event reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProgressState {
    /// Stored; `userMessage` and `message` tell both ids. Always the first event of a send.
    Accepted,
    /// Waiting for its turn in the upstream's budget; `position` counts from 1.
    Queued,
    /// Handed to the upstream, no word from it yet.
    Connecting,
    /// The upstream reports progress; `text` is its own words.
    Working,
}

impl ProgressState {
    /// The state of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "accepted" => Self::Accepted,
            "queued" => Self::Queued,
            "connecting" => Self::Connecting,
            "working" => Self::Working,
            _ => return None,
        })
    }
}

/// The data of one stream event. One flat shape for all kinds; absent fields are not sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct StreamEvent {
    /// The kind, the same as in the `event:` field.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// The message it is about.
    pub message_id: MessageId,
    /// `delta`: text to append. `complete`: the whole text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// `progress`: what is going on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<ProgressState>,
    /// `progress`: the upstream's own words for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// `progress`, queued: place in line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u32>,
    /// `progress`, queued: seconds until its turn, as far as can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta_seconds: Option<u32>,
    /// `complete`, `error`: how the message ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<MessageStatus>,
    /// The message as stored: on `message`, `complete`, `error`, and on `progress` accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Message>,
    /// `progress`, accepted: the visitor's own message as stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_message: Option<Message>,
    /// `error`: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorBody>,
}

impl StreamEvent {
    /// An event of this kind with nothing else in it.
    pub fn new(kind: EventKind, message_id: MessageId) -> Self {
        Self {
            kind,
            message_id,
            content: None,
            state: None,
            text: None,
            position: None,
            eta_seconds: None,
            status: None,
            message: None,
            user_message: None,
            error: None,
        }
    }
}
