//! The inside of a paragraph, heading or cell: emphasis, code, links, images.
//!
//! One pass makes a list of nodes; delimiters are one node per character and are turned into elements in
//! place when they find their partners. Every look ahead is bounded or remembers where it failed, so the
//! work is proportional to the text.

mod autolink;
mod brackets;
mod emit;
mod emphasis;
mod entity;
mod parser;
mod punctuation;
pub(super) mod scan;

use super::op::Op;
use super::reference::Definitions;
use super::text::byte;
use parser::{Node, Parser};
pub(super) use scan::unescape;

/// Adds the steps for a text. With `soft` the text ends where the stream ends for now: what is unfinished
/// there is drawn as it will be, and what cannot be known yet is left out.
pub(super) fn parse(text: &str, definitions: &Definitions, soft: bool, ops: &mut Vec<Op>) {
    let mut parser = Parser::new(text, definitions, soft);
    parser.run();
    parser.finish();
    emit::emit(&mut parser, ops);
}

/// How much of the beginning of a text stays the same whatever follows: up to behind a space where nothing
/// is open. 0 if there is no such place.
pub(super) fn settled(text: &str, definitions: &Definitions) -> usize {
    let mut parser = Parser::new(text, definitions, false);
    parser.run();
    parser.finish();
    let open = parser.first_open();
    let mut depth = 0usize;
    let mut settled = 0;
    for &node in &parser.nodes {
        if let Node::Text(begin, end) = node
            && depth == 0
        {
            let end = end.min(open);
            for at in begin + 1..end.saturating_sub(1) {
                if byte(text, at) == b' ' && byte(text, at - 1) != b' ' && byte(text, at + 1) != b' ' {
                    settled = at + 1;
                }
            }
        }
        depth = depth + usize::from(node.opens()) - usize::from(node.closes()).min(depth);
    }
    settled
}

/// Counts work, in bytes looked at, for the tests that hold it to the length of the text.
#[cfg(not(any(test, fuzzing)))]
pub(super) fn work(_bytes: usize) {}

#[cfg(any(test, fuzzing))]
pub(super) use counted::{WORK, work};

#[cfg(any(test, fuzzing))]
mod counted {
    use std::cell::Cell;

    thread_local! {
        /// Bytes looked at by this thread.
        pub(in crate::markdown) static WORK: Cell<usize> = const { Cell::new(0) };
    }

    pub(in crate::markdown) fn work(bytes: usize) {
        WORK.with(|work| work.set(work.get() + bytes));
    }
}
