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
use super::text::{byte, from, part};
use parser::{Node, Parser};
pub(crate) use punctuation::is_unspaced_letter;
pub(super) use scan::unescape;

/// Adds the steps for a text. With `soft` the text ends where the stream ends for now: what is unfinished
/// there is drawn as it will be, and what cannot be known yet is left out. Gives the labels it looked for
/// and did not find defined: whenever one of them is, the steps may be others.
pub(super) fn parse(text: &str, definitions: &Definitions, soft: bool, ops: &mut Vec<Op>) -> Vec<String> {
    let mut parser = Parser::new(text, definitions, soft);
    parser.run();
    parser.finish();
    emit::emit(&parser, ops);
    parser.wanted
}

/// Longer words (bytes) are no addresses, so text may be cut in them.
const LONGEST_WORD: usize = 256;

/// How much of the beginning of a text stays the same whatever follows: up to where nothing is open, behind
/// a space, between two letters of a script without spaces, or inside a word without end. 0 if there is
/// no such place.
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
            settled = last_cut(text, begin, end.min(open)).unwrap_or(settled);
        }
        depth = depth + usize::from(node.opens()) - usize::from(node.closes()).min(depth);
    }
    settled
}

/// The last place in a piece of plain text where it may be cut.
fn last_cut(text: &str, begin: usize, end: usize) -> Option<usize> {
    let mut last = None;
    let mut word = 0;
    for at in begin..end {
        let (here, after) = (byte(text, at), byte(text, at + 1));
        let after_space = at == 0 || byte(text, at - 1) == b' ';
        word = if here.is_ascii_alphanumeric() { word + 1 } else { 0 };
        // Not before a line's end or the text's: spaces there mean something.
        let ends_word = here == b' ' && !after_space && !matches!(after, b' ' | b'\n');
        if (ends_word || here == b'\n') && at + 1 < text.len() {
            last = Some(at + 1);
        } else if here >= 0xE3 && at > begin && text.is_char_boundary(at) && is_between_letters(text, at) {
            last = Some(at);
        } else if word >= 2 * LONGEST_WORD {
            last = Some(at - LONGEST_WORD);
        }
    }
    last
}

/// Whether on both sides there are letters of a script that sets no spaces.
fn is_between_letters(text: &str, at: usize) -> bool {
    let is_letter = |c: Option<char>| c.is_some_and(is_unspaced_letter);
    is_letter(part(text, 0, at).chars().next_back()) && is_letter(from(text, at).chars().next())
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
