//! A paragraph or code without end goes on in blocks of its own: a browser lays out all lines of one whenever it grows.

use super::dom::el;
use web_sys::Element;

/// What has more bytes goes on in a further run, in code at a line's end. No reader minds one in so long a paragraph.
const LONG: usize = 16_384;
/// After so many pieces the length is looked at.
pub(crate) const PIECES: u32 = 64;

/// How far a paragraph, or code, has grown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Runs {
    /// Pieces of text that came since its length was looked at.
    pieces: u32,
    /// Whether it may have runs.
    any: bool,
}

impl Runs {
    /// The run in which it goes on.
    pub(crate) fn last(self, whole: &Element) -> Option<Element> {
        if self.any { whole.last_element_child().filter(|last| last.class_name() == "tc-run") } else { None }
    }

    /// Begins a run if it is long by now and a line may end before this text, which comes next. It counts for so many
    /// pieces.
    pub(crate) fn count(&mut self, whole: &Element, text: &str, pieces: u32) {
        self.pieces += pieces;
        if self.pieces < PIECES {
            return;
        }
        // Not at each piece: looking takes a copy of the text.
        self.pieces = PIECES / 2;
        let before = self.last(whole).unwrap_or_else(|| whole.clone()).text_content().unwrap_or_default();
        // At a line's end, between words, or in Chinese and Japanese anywhere between letters.
        let breaks = |c: char| c.is_whitespace() || c >= '\u{2e80}' && c.is_alphanumeric();
        let between = before.ends_with('\n') || whole.tag_name() == "P" && (before.ends_with(' ') || text.starts_with(breaks));
        if before.len() > LONG && between {
            *self = Self { pieces: 0, any: true };
            let _ = whole.append_child(el("span", "tc-run").node());
        }
    }
}
