use serde::{Deserialize, Serialize};

/// Where an upstream that mixes people up puts what others of the account said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leak {
    /// A new conversation is given the id of one that is somebody else's.
    TakenId,
    /// A new conversation's id would lead elsewhere as a part of an address.
    ChangedId,
    /// Undocumented fields hold others' messages: in the envelope, `data`, `meta`, nested, in events.
    ExtraFields,
    /// Where one thing is documented, or a list of other things, everybody's conversations are listed.
    Listed,
    /// The answer says that it is another conversation's.
    WrongConversation,
    /// Events of other conversations come in between, and say so.
    Interleaved,
    /// Events of undocumented kinds come in between, with others' words.
    UnknownEvents,
}
