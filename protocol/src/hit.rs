//! A message in which something was found.

use crate::id::{ConversationId, MessageId};
use crate::message::Role;
use serde::{Deserialize, Serialize};

/// A message in which something was found, and the words around it. `before`, `found` and `after` are one
/// excerpt, as plain text on one line, in three pieces; what was left out of it is an ellipsis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MessageHit {
    /// The message.
    pub message_id: MessageId,
    /// The conversation it belongs to.
    pub conversation_id: ConversationId,
    /// That conversation's title; may be empty.
    #[serde(default)]
    pub conversation_title: String,
    /// The message's place in the conversation: `before` and `after` of the history go by it.
    pub ordinal: u32,
    /// Who wrote it.
    pub role: Role,
    /// When it was begun, RFC 3339 in UTC with milliseconds.
    pub created_at: String,
    /// The words before what was found.
    #[serde(default)]
    pub before: String,
    /// What was found, as the message has it.
    #[serde(default)]
    pub found: String,
    /// The words after it.
    #[serde(default)]
    pub after: String,
}
