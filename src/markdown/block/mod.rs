//! Lines to blocks. Takes one line after the other and never looks back: what a line settles is pushed
//! to `ops` at once.

mod cursor;
mod leaf;
mod marks;
mod paragraph;
mod rewrite;
mod table;

use super::inline;
use super::op::{Align, Op, Tag};
use super::reference::Definitions;
use cursor::Cursor;
use paragraph::Paragraph;
use rewrite::Rewrites;

/// How deep quotes, lists and items nest; deeper markers are text.
const DEEPEST: usize = 32;

/// The open blocks, and the steps so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Blocks {
    /// Steps nobody took yet.
    pub(super) ops: Vec<Op>,
    stack: Vec<Container>,
    leaf: Leaf,
    /// The text of `Leaf::Paragraph`.
    paragraph: Paragraph,
    /// After a blank line: how many quotes it was in.
    blank: Option<usize>,
    pub(super) definitions: Definitions,
    /// Blocks that may have to be rewritten.
    rewrites: Rewrites,
    /// Whether this is a probe: the last line is unfinished, and what may yet become something else
    /// is drawn as that or not at all.
    soft: bool,
}

#[derive(Debug, Clone, Copy)]
enum Container {
    Quote,
    List {
        mark: u8,
        loose: bool,
    },
    Item {
        /// Columns its content is indented by.
        indent: usize,
        /// Whether nothing is in it yet.
        empty: bool,
    },
}

#[derive(Debug, Clone, Default)]
enum Leaf {
    #[default]
    None,
    Paragraph,
    Fence {
        mark: u8,
        length: usize,
        indent: usize,
    },
    /// Indented code, and the blank lines that belong to it if more code follows.
    Indented(String),
    Table {
        columns: Vec<Align>,
        body: bool,
    },
}

impl Blocks {
    /// A copy without steps to try an unfinished line on. Takes the definitions along; to be given back.
    pub(super) fn probe(&mut self) -> Self {
        inline::work(self.paragraph.text.len() + self.stack.len());
        Self {
            ops: Vec::new(),
            stack: self.stack.clone(),
            leaf: self.leaf.clone(),
            paragraph: self.paragraph.probe(),
            blank: self.blank,
            definitions: std::mem::take(&mut self.definitions),
            rewrites: self.rewrites.probe(),
            soft: true,
        }
    }

    /// Ends everything.
    pub(super) fn finish(&mut self) {
        if matches!(self.leaf, Leaf::Paragraph) {
            self.leaf = Leaf::None;
            self.end_paragraph(self.soft);
        }
        self.close_to(0);
        if !self.soft {
            self.rewrite_all();
        }
    }

    /// A line without its end, or the beginning of one (`whole` is false).
    pub(super) fn line(&mut self, line: &str, whole: bool) {
        inline::work(line.len() + self.stack.len());
        self.rewrites.earn(line.len());
        let blank = self.sort(Cursor::new(line), whole);
        self.blank = blank.then(|| self.blank.unwrap_or(usize::MAX).min(self.quotes()));
    }

    /// What follows in a line whose beginning was given already; `whole` when it ends here.
    pub(super) fn rest_of_line(&mut self, text: &str, whole: bool) {
        inline::work(text.len());
        self.rewrites.earn(text.len());
        match self.leaf {
            Leaf::Fence { .. } | Leaf::Indented(_) => self.code(text.to_owned(), whole),
            Leaf::Paragraph => self.add_to_paragraph(text),
            _ if text.is_empty() => {}
            _ => {
                self.begin(self.stack.len());
                self.leaf = Leaf::Paragraph;
                self.add_to_paragraph(text);
            }
        }
    }

    /// Finds out what a line is and does it. True for a blank line that stands between blocks.
    fn sort(&mut self, mut cursor: Cursor<'_>, whole: bool) -> bool {
        let mut depth = self.matching(&mut cursor);
        if depth == self.stack.len()
            && let Some(blank) = self.goes_on_as_code(cursor, whole)
        {
            return blank;
        }
        let mut opened = false;
        while !cursor.is_blank() {
            let indent = cursor.indent();
            let in_paragraph = matches!(self.leaf, Leaf::Paragraph);
            if indent >= 4 {
                if in_paragraph {
                    break;
                }
                cursor.skip_columns(4);
                self.begin(depth);
                self.open(Tag::CodeBlock { language: String::new() });
                self.leaf = Leaf::Indented(String::new());
                self.code(cursor.code(), whole);
                return false;
            }
            cursor.skip_columns(indent);
            if self.soft && marks::is_undecided(cursor.rest(), in_paragraph) {
                return false;
            }
            if !self.quote(&mut cursor, depth) {
                if self.starts_leaf(cursor.rest(), indent, depth) {
                    return false;
                }
                if !self.item(&mut cursor, indent, depth) {
                    break;
                }
            }
            depth = self.stack.len();
            opened = true;
        }
        self.text(cursor, depth) && !opened
    }

    #[inline(never)]
    fn push(&mut self, op: Op) {
        self.ops.push(op);
    }

    #[inline(never)]
    fn open(&mut self, tag: Tag) {
        self.push(Op::Open(tag));
    }

    fn close(&mut self) {
        self.push(Op::Close);
    }

    /// How many of the open containers the line goes on with; the cursor passes their marks.
    fn matching(&self, cursor: &mut Cursor<'_>) -> usize {
        for (depth, container) in self.stack.iter().enumerate() {
            let indent = cursor.indent();
            match *container {
                Container::List { .. } => {}
                Container::Quote => {
                    let mut ahead = *cursor;
                    ahead.skip_columns(indent);
                    if indent >= 4 || ahead.byte() != b'>' {
                        return depth;
                    }
                    ahead.skip_bytes(1);
                    ahead.skip_columns(1);
                    *cursor = ahead;
                }
                Container::Item { indent: content, .. } if indent >= content => cursor.skip_columns(content),
                Container::Item { empty, .. } => {
                    if empty || !cursor.is_blank() {
                        return depth;
                    }
                    cursor.skip_columns(indent);
                }
            }
        }
        self.stack.len()
    }

    fn quote(&mut self, cursor: &mut Cursor<'_>, depth: usize) -> bool {
        if cursor.byte() != b'>' || depth >= DEEPEST {
            return false;
        }
        cursor.skip_bytes(1);
        cursor.skip_columns(1);
        self.begin(depth);
        self.stack.push(Container::Quote);
        self.open(Tag::Quote);
        true
    }

    fn item(&mut self, cursor: &mut Cursor<'_>, indent: usize, depth: usize) -> bool {
        let Some(marker) = marks::item(cursor.rest()) else {
            return false;
        };
        let mut content = *cursor;
        content.skip_bytes(marker.width);
        let blank = content.is_blank();
        let interrupts = matches!(self.leaf, Leaf::Paragraph) && depth == self.stack.len();
        if depth + 2 > DEEPEST || interrupts && (blank || marker.start.is_some_and(|start| start != 1)) {
            return false;
        }
        let space = match content.indent() {
            space @ 1..=4 if !blank => space,
            _ => 1,
        };
        content.skip_columns(space);
        *cursor = content;
        let above = depth.checked_sub(1).map(|above| self.stack[above]);
        if matches!(above, Some(Container::List { mark, .. }) if mark == marker.mark) {
            self.close_to(depth);
            self.loosen();
        } else {
            self.begin(depth);
            self.stack.push(Container::List { mark: marker.mark, loose: false });
            self.open(Tag::List { start: marker.start });
        }
        self.stack.push(Container::Item { indent: indent + marker.width + space, empty: true });
        self.open(Tag::Item);
        true
    }

    /// Makes room for a block inside the first `depth` containers.
    fn begin(&mut self, depth: usize) {
        self.close_to(depth);
        if matches!(self.stack.last(), Some(Container::List { .. })) {
            self.close_to(depth - 1);
        }
        self.paragraph.first = false;
        if let Some(Container::Item { empty, .. }) = self.stack.last_mut() {
            if std::mem::replace(empty, false) {
                self.paragraph.first = true;
            } else {
                self.loosen();
            }
        }
    }

    /// Marks the innermost list as loose if a blank line of it came before.
    fn loosen(&mut self) {
        if self.blank.is_none_or(|quotes| quotes > self.quotes()) {
            return;
        }
        for container in self.stack.iter_mut().rev() {
            if let Container::List { loose, .. } = container {
                if !std::mem::replace(loose, true) {
                    self.push(Op::Loose);
                }
                return;
            }
        }
    }

    fn quotes(&self) -> usize {
        self.stack.iter().filter(|container| matches!(container, Container::Quote)).count()
    }

    /// Ends the leaf and all but the first `depth` containers.
    fn close_to(&mut self, depth: usize) {
        match std::mem::take(&mut self.leaf) {
            Leaf::None => {}
            Leaf::Paragraph => self.end_paragraph(false),
            Leaf::Fence { .. } | Leaf::Indented(_) => self.close(),
            Leaf::Table { body, .. } => {
                if body {
                    self.close();
                }
                self.close();
            }
        }
        while self.stack.len() > depth {
            self.stack.pop();
            self.close();
        }
    }
}
