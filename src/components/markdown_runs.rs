//! A paragraph or code without end goes on in blocks of its own: a browser lays out all lines of one whenever it grows.

use super::dom::el;
use crate::markdown::is_unspaced_letter;
use web_sys::Element;

/// A paragraph of more bytes goes on in a further run. No reader minds one in so long a paragraph.
const LONG: usize = 16_384;
/// Code of more does at a line's end: only runs that are in sight are coloured.
const LONG_CODE: u32 = 2048;
/// A text node that is longer (UTF-16 units) takes no more text, so that a browser never copies or lays out
/// much for a little.
pub(crate) const LONG_TEXT: u32 = 4096;
/// After so many pieces the length is looked at.
const PIECES: u32 = 64;

/// How far a paragraph, or code, has grown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Runs {
    /// Pieces of text that came since its length was looked at.
    pieces: u32,
    /// Whether it may have runs.
    any: bool,
    /// Whether it is code.
    code: bool,
}

impl Runs {
    pub(crate) fn of(code: bool) -> Self {
        Self { code, ..Self::default() }
    }

    /// How long a text node in it gets.
    pub(crate) fn longest_text(self) -> u32 {
        if self.code { LONG_CODE } else { LONG_TEXT }
    }

    /// The run in which it goes on.
    pub(crate) fn last(self, whole: &Element) -> Option<Element> {
        if self.any { whole.last_element_child().filter(|last| last.class_name() == "tc-run") } else { None }
    }

    /// Begins a run if it is long by now and a line may end before this text, which comes next, in a text node of its own.
    /// `full`: because the one before it is full.
    pub(crate) fn count(&mut self, whole: &Element, text: &str, full: bool) {
        self.pieces += match (full, self.code) {
            (true, true) => PIECES,
            (true, false) => PIECES / 2,
            _ => 1,
        };
        if self.pieces < PIECES {
            return;
        }
        // Not at each piece: looking takes a copy of the text.
        self.pieces = PIECES / 2;
        let before = self.last(whole).unwrap_or_else(|| whole.clone()).text_content().unwrap_or_default();
        // At a line's end, between words, or in Chinese and Japanese anywhere between letters.
        let breaks = |c: char| c.is_whitespace() || is_unspaced_letter(c);
        let between = before.ends_with('\n') || !self.code && (before.ends_with(' ') || text.starts_with(breaks));
        if between && (self.code || before.len() > LONG) {
            *self = Self { pieces: 0, any: true, ..*self };
            let _ = whole.append_child(el("span", "tc-run").node());
        }
    }
}
