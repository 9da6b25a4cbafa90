//! A conversation, as listed and as changed.

use crate::id::{ConversationId, MessageId, TwinId};
use serde::{Deserialize, Serialize};

/// The longest title kept, in Unicode scalar values.
pub const MAX_TITLE_CHARS: usize = 200;

/// One visitor's conversation with one twin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    /// This proxy's id for it.
    pub id: ConversationId,
    /// The twin it is with.
    pub twin_id: TwinId,
    /// Its title: the visitor's, or else the beginning of the first message. Empty before that.
    #[serde(default)]
    pub title: String,
    /// When it was begun, RFC 3339 in UTC with milliseconds.
    pub created_at: String,
    /// When something was last said in it, likewise.
    pub updated_at: String,
    /// The beginning of the last message as plain text, at most 120 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message: Option<String>,
    /// How many messages it holds.
    #[serde(default)]
    pub message_count: u32,
    /// The reply that is being written right now, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_message_id: Option<MessageId>,
    /// The last message was handed to people, and nobody has answered yet.
    #[serde(default)]
    pub waiting_for_person: bool,
}

/// Body of `POST /conversations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct NewConversation {
    /// The twin to talk to.
    pub twin_id: String,
    /// A title, at most [`MAX_TITLE_CHARS`] characters; without one it is made of the first message.
    #[cfg_attr(feature = "openapi", schema(max_length = 200, pattern = r"^[^\u0000]*$"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// Body of `PATCH /conversations/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConversationPatch {
    /// The new title, 1 to [`MAX_TITLE_CHARS`] characters, not all of them white space.
    #[cfg_attr(
        feature = "openapi",
        schema(
            min_length = 1,
            max_length = 200,
            pattern = r"^[^\u0000]*[^\u0000\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000][^\u0000]*$",
            example = "Du lịch Huế"
        )
    )]
    pub title: String,
}
