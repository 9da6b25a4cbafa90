//! Ids. Ours are random, opaque and carry their kind; an upstream's never leave the proxy.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A text that is not an id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidId;

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an id of this kind")
    }
}

impl std::error::Error for InvalidId {}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::Type::String)
                    .pattern(Some(concat!("^", $prefix, "[a-z0-9]{8,64}$")))
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}

        impl $name {
            /// What every id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// An id as somebody sent it, whatever it is; [`Self::parse`] checks one.
            pub fn unverified(text: String) -> Self {
                Self(text)
            }

            /// An id from its random part, which must be 8 to 64 characters of `[a-z0-9]`.
            pub fn from_random(part: &str) -> Self {
                debug_assert!(is_random_part(part), "the random part is [a-z0-9]{{8,64}}");
                Self(format!("{}{part}", Self::PREFIX))
            }

            /// The id a client sent, if it has the form of one. Says nothing about whether it exists.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                match text.strip_prefix(Self::PREFIX) {
                    Some(part) if is_random_part(part) => Ok(Self(text.to_owned())),
                    _ => Err(InvalidId),
                }
            }

            /// The text form, prefix included.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id_type!(
    /// A twin as this proxy names it. Stable for one upstream twin.
    TwinId,
    "twin_"
);
id_type!(
    /// A conversation of one visitor.
    ConversationId,
    "conv_"
);
id_type!(
    /// One message, of the visitor or of the twin.
    MessageId,
    "msg_"
);
id_type!(
    /// A visitor. Only ever shown to that visitor.
    VisitorId,
    "vis_"
);

fn is_random_part(part: &str) -> bool {
    (8..=64).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// The `id:` of a stream event: it orders all events of one conversation.
///
/// Text form `12.37`: the message's place in the conversation, then the event's place in that
/// message. Both count from 1, `12.0` means "before the first event of message 12".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EventId {
    /// [`Message::ordinal`](crate::message::Message::ordinal) of the message the event belongs to.
    pub ordinal: u32,
    /// Place of the event within that message.
    pub seq: u32,
}

impl EventId {
    /// Before everything: a reader that starts here is told the whole conversation.
    pub const START: Self = Self { ordinal: 0, seq: 0 };

    /// Reads `12.37`, two numbers of at most nine digits.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let (ordinal, seq) = text.split_once('.').ok_or(InvalidId)?;
        Ok(Self { ordinal: number(ordinal)?, seq: number(seq)? })
    }
}

fn number(text: &str) -> Result<u32, InvalidId> {
    if !(1..=9).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(InvalidId);
    }
    text.parse().map_err(|_| InvalidId)
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.ordinal, self.seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_accepted_only_with_its_own_kind_in_front() {
        assert!(ConversationId::parse("conv_0123456789abcdef").is_ok());
        for wrong in ["msg_0123456789abcdef", "conv_", "conv_ABCDEFGH", "conv_../../../etc", "0123456789", "conv_1234567\n"] {
            assert_eq!(ConversationId::parse(wrong), Err(InvalidId), "{wrong:?}");
        }
    }

    #[test]
    fn event_ids_read_back_what_they_write_and_order_by_message_first() {
        let id = EventId { ordinal: 12, seq: 37 };
        assert_eq!(EventId::parse(&id.to_string()), Ok(id));
        assert!(EventId { ordinal: 2, seq: 9 } < EventId { ordinal: 10, seq: 1 });
        for wrong in ["", "1", "1.", ".1", "1.-1", "1.+1", "1.1.1", "9999999999.1", "1. 1"] {
            assert_eq!(EventId::parse(wrong), Err(InvalidId), "{wrong:?}");
        }
    }
}
