//! What the parser says: steps that build a document tree.

use super::link;
use std::rc::Rc;

/// One step of building the document. A document is a sequence of these; each `Open` makes an
/// element inside the innermost open one, each `Close` ends the innermost open one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Begins an element.
    Open(Tag),
    /// Ends the innermost open element.
    Close,
    /// Text, to be shown as it stands. `\n` is a soft line break, or a line end in a code block
    /// (whose every line has one, the last included).
    Text(String),
    /// A character reference by a rare name, such as `&ngE;`, or something that looks like one: to be looked up
    /// in HTML's table of names, and text as it stands until then and if it is not found. (In an
    /// address, a title or an image's text it stays as written.)
    Entity(String),
    /// A hard line break.
    Break,
    /// A thematic break.
    Rule,
    /// The checkbox of a task list item; comes first in the item's paragraph. True: done.
    Checkbox(bool),
    /// An image. Whether it is fetched is for the reader of the ops to decide.
    Image {
        /// Where it is.
        source: Destination,
        /// The text in its place.
        alt: String,
        /// The title, or empty.
        title: Rc<str>,
    },
    /// The innermost open list is loose: its items' paragraphs stand apart. At most once per list.
    /// Paragraphs in items are always `Tag::Paragraph`, so only the list's look changes.
    Loose,
    /// The paragraph, heading or cell that is open, with all that was drawn in it, has this number, since
    /// a `Rewrite` may come for it. Comes last in it.
    Waiting(usize),
    /// What was drawn in the block of this number (but for its `Checkbox`) becomes this: something that
    /// stands further down, like a reference's definition, says so. Never in a tail.
    Rewrite {
        /// The number of its `Waiting`.
        block: usize,
        /// The steps inside it.
        steps: Vec<Op>,
    },
}

/// An element. Each is one element of HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tag {
    /// `<p>`
    Paragraph,
    /// `<h1>` to `<h6>`
    Heading(u8),
    /// `<blockquote>`
    Quote,
    /// `<ol start>` or, without a start, `<ul>`
    List {
        /// The first number of an ordered list.
        start: Option<u32>,
    },
    /// `<li>`
    Item,
    /// `<pre><code>`: holds only text, which only grows.
    CodeBlock {
        /// The first word after the fence, or empty.
        language: String,
    },
    /// `<table>`: one `TableHead`, then at most one `TableBody`.
    Table,
    /// `<thead>`: one row.
    TableHead,
    /// `<tbody>`: at least one row.
    TableBody,
    /// `<tr>`
    TableRow,
    /// `<th>` or `<td>`
    TableCell {
        /// Whether it is a `<th>`.
        header: bool,
        /// How its column is aligned.
        align: Align,
    },
    /// `<em>`
    Emphasis,
    /// `<strong>`
    Strong,
    /// `<del>`
    Strikethrough,
    /// `<code>` in a line
    Code,
    /// `<a href>`, or plain text when [`Destination::href`] refuses.
    Link {
        /// Where it leads.
        to: Destination,
        /// The title, or empty.
        title: Rc<str>,
    },
    /// A link whose destination is still being written; drawn like one, but it leads nowhere. Only in a tail.
    PendingLink,
}

/// Alignment of a table column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Align {
    /// Not said.
    #[default]
    None,
    /// `:--`
    Left,
    /// `:-:`
    Center,
    /// `--:`
    Right,
}

/// Where a link or an image points, as its author wrote it: not to be trusted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Destination(pub(super) Rc<str>);

impl Destination {
    /// The `href` for it, if it may become one; see [`link::href`].
    pub fn href(&self, relative: bool) -> Option<String> {
        link::href(&self.0, relative)
    }

    /// The address as written. To show or to compare, never to become an attribute that loads or leads.
    pub fn as_written(&self) -> &str {
        &self.0
    }
}
