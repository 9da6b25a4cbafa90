//! Text in, steps out: cuts the text into lines and keeps the unfinished one.

use super::block::Blocks;
use super::op::Op;
use super::text;

/// A line longer than this (bytes) is worked on in parts, so that an unfinished line stays cheap.
const LONGEST_LINE: usize = 4096;

/// A document that is still being written.
#[derive(Debug, Clone, Default)]
pub struct Stream {
    blocks: Blocks,
    /// The last line, as far as it has come.
    line: String,
    /// How much of `line` is known to hold no line end.
    searched: usize,
    /// Whether the beginning of that line was worked on already.
    inside: bool,
}

impl Stream {
    /// An empty document.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds text. However it is cut into pieces, the document comes out the same.
    pub fn push(&mut self, text: &str) {
        self.line.push_str(text);
        self.advance(false);
    }

    /// The text is whole: all steps become frozen and the tail is empty.
    pub fn finish(&mut self) {
        self.advance(true);
        if !self.line.is_empty() {
            let last = std::mem::take(&mut self.line);
            self.part(&last, true);
        }
        self.searched = 0;
        self.blocks.finish();
    }

    /// The steps that became final since the last call, in order.
    pub fn take_frozen(&mut self) -> Vec<Op> {
        std::mem::take(&mut self.blocks.ops)
    }

    /// The steps that would follow the frozen ones if the text ended here, with unfinished syntax as it
    /// will look. Costs as much as the open paragraph is long, which is bounded; call it once per drawing.
    pub fn tail(&mut self) -> Vec<Op> {
        let mut probe = self.blocks.probe();
        let line = text::part(&self.line, 0, text::find(&self.line, 0, b"\r"));
        if self.inside {
            probe.rest_of_line(line, false);
        } else if !text::is_only(line, b" \t") {
            probe.line(line, false);
        }
        probe.finish();
        self.blocks.definitions = probe.definitions;
        probe.ops
    }

    /// Works on every line that is whole (or too long), keeps the rest.
    fn advance(&mut self, last: bool) {
        let text = std::mem::take(&mut self.line);
        let mut from = 0;
        let mut search = self.searched;
        loop {
            let mut end = search.max(from);
            while end < text.len().min(from + LONGEST_LINE + 1) && !matches!(text::byte(&text, end), b'\n' | b'\r') {
                end += 1;
            }
            super::inline::work(end - search.max(from));
            if end - from > LONGEST_LINE {
                let fits = text.floor_char_boundary(from + LONGEST_LINE);
                let mut cut = fits;
                while cut > from && text::byte(&text, cut) != b' ' {
                    cut -= 1;
                }
                let cut = if cut == from { fits } else { cut };
                self.part(text::part(&text, from, cut), false);
                from = cut;
                search = cut;
                continue;
            }
            search = end;
            let ending = match (text::byte(&text, end), text::byte(&text, end + 1)) {
                (b'\r', b'\n') => 2,
                _ if end == text.len() => break,
                (b'\r', _) if end + 1 == text.len() && !last => break,
                _ => 1,
            };
            self.part(text::part(&text, from, end), true);
            from = end + ending;
        }
        self.searched = search - from;
        self.line = if from == 0 { text } else { text::from(&text, from).to_owned() };
    }

    /// Hands on a line, or a part of a long one.
    fn part(&mut self, text: &str, whole: bool) {
        let clean: String;
        let text = if text::find(text, 0, b"\0") == text.len() {
            text
        } else {
            clean = text.chars().map(|c| if c == '\0' { '\u{fffd}' } else { c }).collect();
            &clean
        };
        if self.inside {
            self.blocks.rest_of_line(text, whole);
        } else {
            self.blocks.line(text, whole);
        }
        self.inside = !whole;
    }
}

/// How many of the first steps of `old_tail` are also the first of `frozen` followed by `tail`: what was
/// drawn for those can stay.
pub fn same_steps(old_tail: &[Op], frozen: &[Op], tail: &[Op]) -> usize {
    old_tail.iter().zip(frozen.iter().chain(tail)).take_while(|(old, new)| old == new).count()
}
