//! Text in, steps out: cuts the text into lines and keeps the unfinished one.

use super::block::Blocks;
use super::op::Op;

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
    pub fn tail(&self) -> Vec<Op> {
        let mut probe = self.blocks.probe();
        let line = self.line.trim_end_matches('\r');
        if self.inside {
            probe.rest_of_line(line, false);
        } else if !line.trim_matches([' ', '\t']).is_empty() {
            probe.line(line, false);
        }
        probe.finish();
        probe.ops
    }

    /// Works on every line that is whole (or too long), keeps the rest.
    fn advance(&mut self, last: bool) {
        let text = std::mem::take(&mut self.line);
        let mut from = 0;
        loop {
            let rest = &text[from..];
            let end = rest.as_bytes().iter().skip(self.searched).position(|b| matches!(b, b'\n' | b'\r'));
            let end = end.map_or(rest.len(), |at| at + self.searched);
            if end > LONGEST_LINE {
                let fits = &rest[..rest.floor_char_boundary(LONGEST_LINE)];
                let cut = fits.rfind(' ').filter(|&at| at > 0).unwrap_or(fits.len());
                self.part(&rest[..cut], false);
                from += cut;
                self.searched = 0;
                continue;
            }
            self.searched = end;
            let ending = match &rest.as_bytes()[end..] {
                [] => break,
                [b'\r'] if !last => break,
                [b'\r', b'\n', ..] => 2,
                _ => 1,
            };
            self.part(&rest[..end], true);
            from += end + ending;
            self.searched = 0;
        }
        self.line = text;
        self.line.drain(..from);
    }

    /// Hands on a line, or a part of a long one.
    fn part(&mut self, text: &str, whole: bool) {
        let clean;
        let text = if text.contains('\0') {
            clean = text.replace('\0', "\u{fffd}");
            &clean
        } else {
            text
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
