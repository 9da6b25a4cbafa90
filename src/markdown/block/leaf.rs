//! Blocks that hold no blocks: headings, code, rules, tables, and text that is none of these.

use super::cursor::Cursor;
use super::{Blocks, Leaf, marks, table};
use crate::markdown::inline;
use crate::markdown::op::{Align, Op, Tag};
use crate::markdown::text::{find, is_only, part, trim_end};

/// Blank lines (bytes) that indented code keeps in mind in case more code follows.
const MOST_BLANK: usize = 4096;

impl Blocks {
    /// Takes the line if it belongs to the open code block. Says whether it is a blank line that may
    /// stand between blocks.
    pub(super) fn goes_on_as_code(&mut self, mut cursor: Cursor<'_>, whole: bool) -> Option<bool> {
        let line_indent = cursor.indent();
        match &mut self.leaf {
            &mut Leaf::Fence { mark, length, indent } => {
                let mut ahead = cursor;
                ahead.skip_columns(line_indent);
                let rest = trim_end(ahead.rest());
                let only_marks = line_indent < 4 && !rest.is_empty() && is_only(rest, &[mark]);
                if only_marks && rest.len() >= length {
                    self.close_to(self.stack.len());
                } else if !(only_marks && self.soft) {
                    cursor.skip_columns(indent);
                    self.code(cursor.code(), whole);
                }
                Some(false)
            }
            Leaf::Indented(blank) => {
                cursor.skip_columns(4);
                if cursor.is_blank() {
                    blank.push_str(&cursor.code());
                    blank.push('\n');
                    if blank.len() > MOST_BLANK {
                        self.close_to(self.stack.len());
                    }
                    return Some(true);
                }
                if line_indent < 4 {
                    return None;
                }
                let mut text = std::mem::take(blank);
                text.push_str(&cursor.code());
                self.code(text, whole);
                Some(false)
            }
            _ => None,
        }
    }

    /// Text of a code block, with the line's end if that has come.
    pub(super) fn code(&mut self, mut text: String, whole: bool) {
        if whole {
            text.push('\n');
        }
        if !text.is_empty() {
            self.push(Op::Text(text));
        }
    }

    /// Takes the line if it is (or makes the paragraph above it) a heading, code, a rule or a table.
    pub(super) fn starts_leaf(&mut self, line: &str, indent: usize, depth: usize) -> bool {
        if let Some((level, text)) = marks::heading(line) {
            self.begin(depth);
            self.open(Tag::Heading(level));
            self.inline(text, self.soft);
            self.close();
            return true;
        }
        if let Some((mark, length, info)) = marks::fence(line) {
            self.begin(depth);
            // The name of a language is not drawn letter by letter.
            let word = if self.soft { "" } else { part(info, 0, find(info, 0, b" \t")) };
            self.open(Tag::CodeBlock { language: inline::unescape(word) });
            self.leaf = Leaf::Fence { mark, length, indent };
            return true;
        }
        let below_paragraph = matches!(self.leaf, Leaf::Paragraph) && depth == self.stack.len();
        if below_paragraph && marks::underline(line).is_some_and(|level| self.paragraph_to_heading(level)) {
            return true;
        }
        if marks::is_rule(line) {
            self.begin(depth);
            self.push(Op::Rule);
            return true;
        }
        below_paragraph && table::columns(line).is_some_and(|columns| self.paragraph_to_table(columns))
    }

    /// Takes a line that starts nothing. True if it is blank.
    pub(super) fn text(&mut self, mut cursor: Cursor<'_>, depth: usize) -> bool {
        if cursor.is_blank() {
            self.close_to(depth);
            return true;
        }
        cursor.skip_columns(cursor.indent());
        match &mut self.leaf {
            // Also when containers do not go on: a lazy line.
            Leaf::Paragraph => self.add_line(cursor.rest()),
            Leaf::Table { columns, body } if depth == self.stack.len() => {
                let columns = columns.clone();
                if !std::mem::replace(body, true) {
                    self.open(Tag::TableBody);
                }
                self.row(&table::cells(cursor.rest()), &columns, false);
            }
            _ => {
                self.begin(depth);
                self.leaf = Leaf::Paragraph;
                self.add_to_paragraph(cursor.rest());
            }
        }
        false
    }

    /// The beginning of a table whose paragraph was taken away.
    pub(super) fn table(&mut self, header: &[String], columns: Vec<Align>) {
        self.open(Tag::Table);
        self.open(Tag::TableHead);
        self.row(header, &columns, true);
        self.close();
        self.leaf = Leaf::Table { columns, body: false };
    }

    fn row(&mut self, cells: &[String], columns: &[Align], header: bool) {
        self.open(Tag::TableRow);
        for (index, &align) in columns.iter().enumerate() {
            self.open(Tag::TableCell { header, align });
            if let Some(cell) = cells.get(index) {
                self.inline(cell, self.soft && !header && index + 1 == cells.len());
            }
            self.close();
        }
        self.close();
    }

    /// Steps for the text of a heading or a cell. `soft`: it ends where the stream ends for now.
    pub(super) fn inline(&mut self, text: &str, soft: bool) {
        let wanted = inline::parse(text, &self.definitions, soft, &mut self.ops);
        if !wanted.is_empty() {
            self.wait(text.to_owned(), wanted);
        }
    }
}
