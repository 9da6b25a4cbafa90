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
//! What stands further down can change what was drawn above: a reference's definition makes links of its
//! uses. [`Op::Rewrite`] then gives that one block's content anew.
//!
//! On purpose it differs from CommonMark 0.31 in this (`tests/markdown/commonmark.rs` names every example):
//! * HTML is text, in blocks and in lines; of tags only `<br>` means something, a line break.
//! * Bare addresses are links, as in GFM. Next to Chinese, Japanese and Korean characters punctuation does
//!   not keep `**` from closing.
//! * Limits keep the work and the page bounded: 16 levels of lists (32 of quotes), 32 of emphasis and links,
//!   64 columns; of a heading or a table's row longer than 4 KB the rest is a paragraph,
//!   and in a paragraph of more than 64 KB a mark has to close within 8 KB.
//!
//! Which addresses may be followed is decided by [`href`] alone; the parser keeps them as written.

mod block;
mod inline;
mod link;
mod op;
mod reference;
mod stream;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use inline::is_unspaced_letter;
pub use link::{href, leads_to, says_otherwise};
pub use op::{Align, Destination, Op, Tag};
pub use stream::{Stream, same_steps};

/// For the fuzz target, which holds the work to the length of the text.
#[cfg(fuzzing)]
pub fn reset_work() {
    inline::WORK.with(|work| work.set(0));
}

/// Bytes looked at by this thread since `reset_work`.
#[cfg(fuzzing)]
pub fn work_so_far() -> usize {
    inline::WORK.with(std::cell::Cell::get)
}
