use crate::budget::Place;
use twinchat_protocol::event::ProgressState;
use twinchat_protocol::id::{EventId, MessageId};
use twinchat_protocol::message::Message;

/// One event of a conversation, in no language yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbered {
    /// Its place in the conversation.
    pub id: EventId,
    /// The message it is about.
    pub message_id: MessageId,
    /// What it tells.
    pub told: Told,
}

/// What an event tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// Both messages are stored and the reply is on its way: the reply begins empty (again).
    Accepted {
        /// The visitor's message.
        question: Box<Message>,
        /// The reply, as it begins.
        reply: Box<Message>,
    },
    /// Something other than text.
    Progress {
        /// What kind of thing.
        state: ProgressState,
        /// The upstream's words for it.
        text: Option<String>,
    },
    /// It waits for its turn in the upstream's budget.
    Queued(Place),
    /// Text to append.
    Delta(String),
    /// The reply ended, well or not, and is stored like this.
    Ended {
        /// The whole message.
        message: Box<Message>,
        /// Seconds until another try makes sense, if known.
        retry_after: Option<u32>,
    },
    /// A message that the reader has not seen, whole.
    Message(Box<Message>),
}

impl Numbered {
    /// How a message that is over is told to somebody who saw its beginning.
    pub(super) fn ended(message: Message) -> Self {
        Self { id: event_id(&message), message_id: message.id.clone(), told: Told::Ended { message: Box::new(message), retry_after: None } }
    }

    /// How a message that is over is told to somebody who has not heard of it.
    pub(super) fn whole(message: Message) -> Self {
        Self { id: event_id(&message), message_id: message.id.clone(), told: Told::Message(Box::new(message)) }
    }
}

/// The last event a stored message holds.
pub(super) fn event_id(message: &Message) -> EventId {
    let last = message.event_id.as_deref().and_then(|text| EventId::parse(text).ok());
    last.unwrap_or(EventId { ordinal: message.ordinal, seq: 1 })
}
