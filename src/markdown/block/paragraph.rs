//! The open paragraph. Its text is kept until it ends, since the line below may make it a heading or a
//! table, unless it grows very long.

use super::{Blocks, Leaf, table};
use crate::markdown::inline;
use crate::markdown::op::{Align, Op, Tag};
use crate::markdown::reference;
use std::rc::Rc;

/// From here on (bytes) the beginning of a paragraph is frozen where nothing is open.
const LONG: usize = 2048;
/// No more than this is kept: what is still open here, like a `**` without its partner, stays text.
const LONGEST: usize = 8192;

#[derive(Debug, Clone, Default)]
pub(super) struct Paragraph {
    pub(super) text: String,
    /// Whether it is the first block of a list item, and so may begin with a checkbox.
    pub(super) first: bool,
    /// Whether its beginning is frozen.
    begun: bool,
    /// The length at which to try to freeze again.
    try_at: usize,
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
            self.take_definitions();
        }
        let length = self.paragraph.text.len();
        let settled = if length >= LONGEST { length } else { inline::settled(&self.paragraph.text, &self.definitions) };
        if settled > 0 {
            self.begin_paragraph(false);
            let rest = self.paragraph.text.split_off(settled);
            let text = std::mem::replace(&mut self.paragraph.text, rest);
            self.inline(&text, false);
        }
        self.paragraph.try_at = (2 * self.paragraph.text.len()).min(LONGEST);
    }

    /// Ends the paragraph. `soft`: the stream ends here for now.
    pub(super) fn end_paragraph(&mut self, soft: bool) {
        if !self.paragraph.begun {
            self.take_definitions();
            if soft && self.may_be_definition() {
                self.paragraph.text.clear();
            }
            if self.paragraph.text.trim_matches([' ', '\t', '\n']).is_empty() {
                self.paragraph = Paragraph::default();
                return;
            }
        }
        if soft && let Some((_, header)) = self.last_line().filter(|(_, line)| line.starts_with('|')) {
            let header = table::cells(&header);
            let columns = vec![Align::None; header.len()];
            if self.paragraph_to_table(columns) {
                return;
            }
        }
        self.begin_paragraph(soft);
        let text = std::mem::take(&mut self.paragraph.text);
        self.inline(if soft { &text } else { text.trim_end_matches([' ', '\t']) }, soft);
        self.ops.push(Op::Close);
        self.paragraph = Paragraph::default();
    }

    /// Opens the paragraph's element, once, and draws its checkbox.
    fn begin_paragraph(&mut self, soft: bool) {
        let paragraph = &mut self.paragraph;
        if std::mem::replace(&mut paragraph.begun, true) {
            return;
        }
        self.ops.push(Op::Open(Tag::Paragraph));
        if !paragraph.first {
            return;
        }
        let text = paragraph.text.trim_end_matches([' ', '\t']);
        match *text.as_bytes() {
            [b'[', mark @ (b' ' | b'x' | b'X'), b']', b' ' | b'\t', _, ..] => {
                self.ops.push(Op::Checkbox(mark != b' '));
                paragraph.text.drain(..4);
            }
            // Will it be a checkbox?
            _ if soft && ["[", "[x", "[X", "[ ]", "[x]", "[X]"].contains(&text) => paragraph.text.clear(),
            _ => {}
        }
    }

    /// Takes link reference definitions off the beginning of the paragraph.
    fn take_definitions(&mut self) {
        while let Some(found) = reference::definition(&self.paragraph.text) {
            self.paragraph.text.drain(..found.length);
            // What an unfinished line defines is not to be followed yet.
            if !self.soft
                && let Some((label, to, title)) = Rc::make_mut(&mut self.definitions).add(found)
            {
                self.ops.push(Op::Define { label, to, title });
            }
        }
    }

    /// Whether the paragraph looks like the beginning of a definition.
    fn may_be_definition(&self) -> bool {
        let text = &self.paragraph.text;
        text.starts_with('[') && text.find(']').is_some_and(|end| text[end..].starts_with("]:") && !text[end..].contains('\n'))
    }

    /// The underline below it makes it a heading.
    pub(super) fn paragraph_to_heading(&mut self, level: u8) -> bool {
        if self.paragraph.begun {
            return false;
        }
        self.take_definitions();
        let text = std::mem::take(&mut self.paragraph.text);
        if text.is_empty() {
            return false;
        }
        self.leaf = Leaf::None;
        self.ops.push(Op::Open(Tag::Heading(level)));
        self.inline(text.trim_end_matches([' ', '\t']), false);
        self.ops.push(Op::Close);
        true
    }

    /// The delimiter row below it makes its last line the header of a table.
    pub(super) fn paragraph_to_table(&mut self, columns: Vec<Align>) -> bool {
        let Some((before, header)) = self.last_line().filter(|(_, line)| line.contains('|')) else {
            return false;
        };
        let header = table::cells(&header);
        if header.is_empty() || header.len() != columns.len() {
            return false;
        }
        self.paragraph.text.truncate(before);
        if before > 0 || self.paragraph.begun {
            self.end_paragraph(false);
        }
        self.paragraph.text.clear();
        self.table(&header, columns);
        true
    }

    /// The last line of the text that is left, and where the text before it ends.
    fn last_line(&self) -> Option<(usize, String)> {
        let text = &self.paragraph.text;
        match text.rfind('\n') {
            Some(end) => Some((end, text[end + 1..].to_owned())),
            None => (!self.paragraph.begun).then(|| (0, text.clone())),
        }
    }
}
