//! What a search has found.

/// A message in which something was found, and the words around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The message's id.
    pub message_id: String,
    /// Whether the visitor wrote it.
    pub own: bool,
    /// When, in milliseconds since 1970.
    pub created_at: u64,
    /// The words before what was found, on one line.
    pub before: String,
    /// What was found, as the message has it.
    pub found: String,
    /// The words after it.
    pub after: String,
}
