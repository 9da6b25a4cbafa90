//! Markdown to blocks, as it streams in: CommonMark plus tables, strikethrough, task lists and bare
//! links. Pure: no browser, no dependencies, and never HTML.
//!
//! [`Stream`] takes text in pieces and gives [`Op`]s, the steps of building a document:
//! * [`Stream::take_frozen`]: steps that will never be taken back. Append-only, also inside an open list,
//!   table, code block or quote, so what was drawn for them stays.
//! * [`Stream::tail`]: the steps that would follow if the text ended here, with unfinished syntax drawn
//!   as it will be. They start at the innermost element the frozen steps left open, and may close
//!   elements that frozen steps opened (a new list item closes the one before). They hold for one
//!   drawing only.
//!
//! To draw: keep the tail drawn last. `frozen` followed by `tail` continues the same place, so the
//! nodes of the old tail's steps that are the same in it ([`same_steps`]) can stay; take back the others
//! from the last to the first (remove what an `Open`, `Text`, … added; for `Loose`, unmark the list),
//! then do the new steps.
//!
//! Where it differs from CommonMark on purpose is said in the room's tests and in
//! `tests/fixtures/commonmark/README.md`.

mod block;
mod inline;
mod link;
mod op;
mod reference;
mod stream;
#[cfg(test)]
mod tests;
mod text;

pub use link::href;
pub use op::{Align, Destination, Op, Tag};
pub use stream::{Stream, same_steps};
