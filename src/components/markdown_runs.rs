//! A paragraph without end goes on in blocks of its own: a browser lays out all lines of a paragraph whenever it grows.

use super::dom::el;
use web_sys::Element;

/// A paragraph, or a run of it, of more bytes goes on in a further run. No reader minds a line's end in so long a one.
const LONG: usize = 16_384;
/// After so many pieces the length is looked at.
pub(crate) const PIECES: u32 = 64;

/// How far a paragraph has grown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Runs {
    /// Pieces of text that came since its length was looked at.
    pieces: u32,
    /// Whether it may have runs.
    any: bool,
}

impl Runs {
    /// The run in which this paragraph goes on.
    pub(crate) fn last(self, paragraph: &Element) -> Option<Element> {
        if self.any { paragraph.last_element_child().filter(|last| last.class_name() == "tc-run") } else { None }
    }

    /// Begins a run if the paragraph is long by now and a line may end before this text, which comes next. It counts for
    /// so many pieces.
    pub(crate) fn count(&mut self, paragraph: &Element, text: &str, pieces: u32) {
        self.pieces += pieces;
        // Between words; in Chinese and Japanese, anywhere between letters.
        let breaks = |c: char| c.is_whitespace() || c >= '\u{2e80}' && c.is_alphanumeric();
        if self.pieces < PIECES || !text.starts_with(breaks) {
            return;
        }
        self.pieces = 0;
        let before = self.last(paragraph).unwrap_or_else(|| paragraph.clone());
        if before.text_content().is_some_and(|text| text.len() > LONG) {
            self.any = true;
            let _ = paragraph.append_child(el("span", "tc-run").node());
        }
    }
}
