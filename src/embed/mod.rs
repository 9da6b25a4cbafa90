//! The door to the host page: options and calls in, events out.
//!
//! The `<twin-chat>` element itself is JavaScript (`npm/twinchat-element.js`): a browser wants a class for it, and the
//! launcher must be there before any WebAssembly is. It calls [`mount`] when the widget is wanted and holds the
//! [`Handle`]. `npm/index.d.ts` says what the host page sees of all this; `tests/contract.rs` compares the names.
//!
//! Not here: how anything looks or behaves.

mod call;
mod events;
mod frame;
mod handle;
mod options;
mod outbox;
mod site;
mod trap;

pub use handle::{Handle, mount};
pub use trap::{fallen, watch_for_panics};
