//! What the twinchat widget and its proxy say to each other.
//!
//! Pure: no I/O, no clock, no randomness. The wire follows the documented TwinExpert API
//! (`docs/protocol.md` says where and what was added); every shape is flat, since each
//! derived decoder is paid for in the widget's download.
//!
//! | file | holds |
//! |---|---|
//! | [`id`] | ids with their kind in front (`conv_…`), and the ids that order events |
//! | [`token`] | names and shapes of the token exchange (RFC 8693, RFC 9449) |
//! | [`twin`], [`conversation`], [`message`] | the nouns |
//! | [`hit`] | a message in which something was found |
//! | [`event`] | what a reply stream says |
//! | [`envelope`] | `{success, data, meta}` around every answer |
//! | [`error`] | stable error codes and the error body |
//! | [`widget`] | what the owner configured for the widget |
//! | [`sse`] | a codec for `text/event-stream` (WHATWG HTML 9.2) |

pub mod conversation;
pub mod envelope;
pub mod error;
pub mod event;
pub mod hit;
pub mod id;
pub mod message;
pub mod sse;
pub mod token;
pub mod twin;
pub mod widget;
