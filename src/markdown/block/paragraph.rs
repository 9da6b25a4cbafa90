//! The open paragraph. Its text is kept until it ends, since the line below may make it a heading or a
//! table, unless it grows very long.

use super::{Blocks, Leaf, table};
use crate::markdown::inline;
use crate::markdown::op::{Align, Op, Tag};
use crate::markdown::reference;
use crate::markdown::text::{byte, find, from, is_only, is_space, run, trim_end, trimmed_end};

/// From here on (bytes) the beginning of a paragraph is frozen where nothing is open.
const LONG: usize = 2048;
/// No more than this is kept open: what is still open here, like a `**` without its partner, is frozen as
/// text, and drawn once more when the paragraph ends.
const LONGEST: usize = 8192;
/// Unless the paragraph is so long by then: that would hold up the page.
const DRAWN_AGAIN: usize = 65_536;

#[derive(Debug, Clone, Default)]
pub(super) struct Paragraph {
    /// The text that is not frozen.
    pub(super) text: String,
    /// The text that is.
    past: String,
    /// Whether it is the first block of a list item, and so may begin with a checkbox.
    pub(super) first: bool,
    /// Whether its beginning is frozen.
    begun: bool,
    /// Whether something was frozen as text that may be more.
    unsure: bool,
    /// Labels that `past` wants, and whether there are any.
    wanted: Vec<String>,
    waits: bool,
    /// The length at which to try to freeze again.
    try_at: usize,
}

impl Paragraph {
    /// Takes so many bytes off the beginning of the text.
    fn take(&mut self, bytes: usize) -> String {
        let rest = from(&self.text, bytes).to_owned();
        let mut taken = std::mem::replace(&mut self.text, rest);
        taken.truncate(bytes);
        taken
    }

    /// What a probe needs of it, which is not what is frozen.
    pub(super) fn probe(&self) -> Self {
        Self { text: self.text.clone(), first: self.first, begun: self.begun, unsure: self.unsure, waits: self.waits, ..Self::default() }
    }
}

impl Blocks {
    pub(super) fn add_to_paragraph(&mut self, text: &str) {
        self.paragraph.text.push_str(text);
        if self.paragraph.text.len() >= self.paragraph.try_at.max(LONG) {
            self.freeze_beginning();
        }
    }

    /// A further line of the paragraph.
    pub(super) fn add_line(&mut self, line: &str) {
        if self.paragraph.begun || !self.paragraph.text.is_empty() {
            self.paragraph.text.push('\n');
        }
        self.add_to_paragraph(line);
    }

    fn freeze_beginning(&mut self) {
        if !self.paragraph.begun {
            self.take_definitions(false);
        }
        let length = self.paragraph.text.len();
        if length >= LONG {
            let settled = inline::settled(&self.paragraph.text, &self.definitions);
            let cut = if length >= LONGEST { length } else { settled };
            self.paragraph.unsure |= cut > settled;
            if cut > 0 {
                self.begin_paragraph(false);
                self.paragraph_text(cut, false);
            }
        }
        self.paragraph.try_at = (2 * self.paragraph.text.len()).min(LONGEST);
    }

    /// Draws so many bytes of the text.
    fn paragraph_text(&mut self, bytes: usize, soft: bool) {
        let bytes = bytes.min(self.paragraph.text.len());
        let text = self.paragraph.take(bytes);
        let wanted = inline::parse(&text, &self.definitions, soft, &mut self.ops);
        self.paragraph.waits |= !wanted.is_empty();
        self.paragraph.wanted.extend(wanted);
        self.paragraph.past.push_str(&text);
    }

    /// Ends the paragraph. `soft`: the stream ends here for now.
    pub(super) fn end_paragraph(&mut self, soft: bool) {
        if !self.paragraph.begun {
            self.take_definitions(true);
            if soft && self.may_be_definition() {
                self.paragraph.text.clear();
            }
            if is_only(&self.paragraph.text, b" \t\n") {
                self.paragraph = Paragraph::default();
                return;
            }
        }
        if soft && byte(&self.paragraph.text, self.last_line()) == b'|' {
            let header = table::cells(from(&self.paragraph.text, self.last_line()));
            if self.paragraph_to_table(vec![Align::None; header.len()]) {
                return;
            }
        }
        self.begin_paragraph(soft);
        if !soft {
            let end = trimmed_end(&self.paragraph.text);
            self.paragraph.text.truncate(end);
        }
        self.paragraph_text(usize::MAX, soft);
        let Paragraph { past, wanted, waits, unsure, .. } = std::mem::take(&mut self.paragraph);
        if waits || unsure {
            let unsure = unsure && past.len() <= DRAWN_AGAIN;
            let block = self.wait(past, wanted);
            if unsure && !self.soft {
                self.rewrite(block);
            }
        }
        self.close();
    }

    /// Opens the paragraph's element, once, and draws its checkbox.
    fn begin_paragraph(&mut self, soft: bool) {
        if std::mem::replace(&mut self.paragraph.begun, true) {
            return;
        }
        self.open(Tag::Paragraph);
        let paragraph = &mut self.paragraph;
        if !paragraph.first {
            return;
        }
        let text = trim_end(&paragraph.text);
        let box_like = byte(text, 0) == b'[' && run(text, 1, b" xX") <= 1 && from(text, 2).len() < 2;
        let mark = byte(text, 1);
        if matches!(mark, b' ' | b'x' | b'X') && byte(text, 2) == b']' && is_space(byte(text, 3)) {
            // The space stays, as in HTML.
            paragraph.take(3);
            self.push(Op::Checkbox(mark != b' '));
        } else if soft && box_like {
            // Will it be a checkbox?
            paragraph.text.clear();
        }
    }

    /// Takes link reference definitions off the beginning of the paragraph. `whole`: the paragraph ends
    /// here; else one that may go on stays.
    fn take_definitions(&mut self, whole: bool) {
        let mut begin = 0;
        while let Some(found) = reference::definition(from(&self.paragraph.text, begin)) {
            let end = begin + found.length;
            let next = byte(&self.paragraph.text, end + run(&self.paragraph.text, end, b" \t\n"));
            if !whole && matches!(next, 0 | b'"' | b'\'' | b'(') {
                break;
            }
            begin = end;
            // What an unfinished line defines is not to be followed yet.
            if !self.soft {
                let waiting = self.definitions.add(found);
                self.stale(waiting);
            }
        }
        if begin > 0 {
            self.paragraph.take(begin);
        }
        if !self.soft {
            self.rewrite_some();
        }
    }

    /// Whether the paragraph looks like the beginning of a definition.
    fn may_be_definition(&self) -> bool {
        let text = &self.paragraph.text;
        let end = find(text, 0, b"]\n");
        byte(text, 0) == b'[' && byte(text, end + 1) == b':' && find(text, end, b"\n") == text.len()
    }

    /// The underline below it makes it a heading.
    pub(super) fn paragraph_to_heading(&mut self, level: u8) -> bool {
        if self.paragraph.begun {
            return false;
        }
        self.take_definitions(true);
        let text = std::mem::take(&mut self.paragraph.text);
        if text.is_empty() {
            return false;
        }
        self.leaf = Leaf::None;
        self.open(Tag::Heading(level));
        self.inline(trim_end(&text), false);
        self.close();
        true
    }

    /// The delimiter row below it makes its last line the header of a table.
    pub(super) fn paragraph_to_table(&mut self, columns: Vec<Align>) -> bool {
        let begin = self.last_line();
        let header = from(&self.paragraph.text, begin);
        if self.paragraph.begun && begin == 0 || find(header, 0, b"|") == header.len() {
            return false;
        }
        let header = table::cells(header);
        if header.is_empty() || header.len() != columns.len() {
            return false;
        }
        let before = begin.saturating_sub(1);
        self.paragraph.text.truncate(before);
        if before > 0 || self.paragraph.begun {
            self.end_paragraph(false);
        }
        self.paragraph.text.clear();
        self.table(&header, columns);
        true
    }

    /// Where the last line of the text that is left begins.
    fn last_line(&self) -> usize {
        let mut begin = self.paragraph.text.len();
        while begin > 0 && byte(&self.paragraph.text, begin - 1) != b'\n' {
            begin -= 1;
        }
        begin
    }
}
