//! A reader of the parser's steps: what a page does with them, without a page. Draws a tail over the
//! frozen part, takes it back, and prints HTML to compare with examples.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::OnceLock;
use twinchat::markdown::{Align, Op, Stream, Tag, same_steps};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Element { tag: Option<Tag>, loose: bool, children: Vec<usize> },
    Leaf(Op),
}

/// A document tree, and where its next step goes.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    open: Vec<usize>,
    /// Elements that a `Rewrite` may come for.
    blocks: Vec<usize>,
}

impl Tree {
    pub(crate) fn new() -> Self {
        Self { nodes: vec![Node::Element { tag: None, loose: false, children: Vec::new() }], open: vec![0], blocks: Vec::new() }
    }

    pub(crate) fn of(ops: &[Op]) -> Self {
        let mut tree = Self::new();
        tree.apply(ops);
        tree
    }

    /// Does the steps. Panics at a step that makes no sense, such as one `Close` too many.
    pub(crate) fn apply(&mut self, ops: &[Op]) {
        for op in ops {
            match op {
                Op::Open(tag) => {
                    let node = self.add(Node::Element { tag: Some(tag.clone()), loose: false, children: Vec::new() });
                    self.open.push(node);
                }
                Op::Close => {
                    assert!(self.open.len() > 1, "closes more than is open");
                    self.open.pop();
                }
                Op::Loose => self.loosen(),
                Op::Waiting(block) => {
                    assert_eq!(*block, self.blocks.len(), "blocks are numbered in their order");
                    self.blocks.push(*self.open.last().unwrap());
                }
                Op::Rewrite { block, steps } => self.rewrite(*block, steps),
                Op::Text(_) | Op::Entity(_) | Op::Break | Op::Rule | Op::Checkbox(_) | Op::Image { .. } => {
                    self.add(Node::Leaf(op.clone()));
                }
            }
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.open.len() == 1
    }

    fn add(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        let added = self.nodes.len() - 1;
        let parent = *self.open.last().unwrap();
        let Node::Element { children, .. } = &mut self.nodes[parent] else { panic!("a leaf has no children") };
        children.push(added);
        added
    }

    fn rewrite(&mut self, block: usize, steps: &[Op]) {
        let element = self.blocks[block];
        let Node::Element { children, .. } = &mut self.nodes[element] else { panic!("a leaf has no children") };
        let checkbox: Vec<usize> = children.first().copied().into_iter().collect();
        *children = Vec::new();
        for child in checkbox {
            if matches!(self.nodes[child], Node::Leaf(Op::Checkbox(_))) {
                let Node::Element { children, .. } = &mut self.nodes[element] else { unreachable!() };
                children.push(child);
            }
        }
        let open = std::mem::replace(&mut self.open, vec![element]);
        self.apply(steps);
        assert!(self.is_closed(), "a rewritten block is whole");
        self.open = open;
    }

    fn loosen(&mut self) {
        for &at in self.open.iter().rev() {
            if let Node::Element { tag: Some(Tag::List { .. }), loose, .. } = &mut self.nodes[at] {
                assert!(!*loose, "a list is loosened once");
                *loose = true;
                return;
            }
        }
        panic!("no list is open to be loosened");
    }

    pub(crate) fn html(&self) -> String {
        let mut printer = Printer { tree: self, out: String::new() };
        printer.children(0, false);
        printer.out
    }
}

/// Like a page: keeps what can stay of the tail drawn before.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    stream: Stream,
    /// The tree of the frozen steps.
    frozen: Tree,
    /// All frozen steps.
    pub(crate) steps: Vec<Op>,
    tail: Vec<Op>,
}

impl Page {
    pub(crate) fn new() -> Self {
        Self { stream: Stream::new(), frozen: Tree::new(), steps: Vec::new(), tail: Vec::new() }
    }

    /// The page of an unfinished text.
    pub(crate) fn of(text: &str) -> Self {
        let mut page = Self::new();
        page.push(text);
        page
    }

    pub(crate) fn push(&mut self, text: &str) {
        self.stream.push(text);
        self.draw();
    }

    pub(crate) fn finish(&mut self) {
        self.stream.finish();
        self.draw();
    }

    fn draw(&mut self) {
        let frozen = self.stream.take_frozen();
        let tail = self.stream.tail();
        let same = same_steps(&self.tail, &frozen, &tail);
        let next: Vec<Op> = frozen.iter().chain(&tail).cloned().collect();
        assert_eq!(self.tail[..same], next[..same]);
        self.frozen.apply(&frozen);
        self.steps.extend(frozen);
        self.tail = tail;
    }

    pub(crate) fn tail(&self) -> &[Op] {
        &self.tail
    }

    /// What is seen now.
    pub(crate) fn html(&self) -> String {
        let mut tree = self.frozen.clone();
        tree.apply(&self.tail);
        assert!(tree.is_closed(), "frozen steps and tail together are a whole document");
        tree.html()
    }
}

/// The steps of a whole text.
pub(crate) fn steps(text: &str) -> Vec<Op> {
    let mut stream = Stream::new();
    stream.push(text);
    stream.finish();
    assert!(stream.tail().is_empty(), "nothing is open after the end");
    stream.take_frozen()
}

/// The HTML of a whole text.
pub(crate) fn html(text: &str) -> String {
    let tree = Tree::of(&steps(text));
    assert!(tree.is_closed());
    tree.html()
}

/// What is seen when a text has come this far.
pub(crate) fn partial(text: &str) -> String {
    Page::of(text).html()
}

/// The table of rare entities, as the widget fetches it.
fn entities() -> &'static BTreeMap<String, String> {
    static TABLE: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let file = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/npm/twinchat-entities.js")).unwrap();
        let line = file.lines().find_map(|line| line.strip_prefix("const NAMES = ")?.strip_suffix(';')).unwrap();
        let names: String = serde_json::from_str(line).unwrap();
        let words: Vec<&str> = names.split(' ').collect();
        words.chunks(2).map(|pair| (format!("&{};", pair[0]), pair[1].to_owned())).collect()
    })
}

struct Printer<'a> {
    tree: &'a Tree,
    out: String,
}

impl Printer<'_> {
    fn line(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    fn children(&mut self, at: usize, tight: bool) {
        let Node::Element { children, .. } = &self.tree.nodes[at] else { panic!("a leaf has no children") };
        for &child in children {
            match &self.tree.nodes[child] {
                Node::Element { tag: Some(tag), loose, .. } => self.element(child, tag, *loose, tight),
                Node::Leaf(op) => self.leaf(op),
                _ => {}
            }
        }
    }

    fn block(&mut self, at: usize, open: &str, close: &str, inner_lines: bool) {
        self.line();
        self.out.push_str(open);
        if inner_lines {
            self.line();
        }
        self.children(at, false);
        if inner_lines {
            self.line();
        }
        self.out.push_str(close);
        self.line();
    }

    fn inline(&mut self, at: usize, open: &str, close: &str) {
        self.out.push_str(open);
        self.children(at, false);
        self.out.push_str(close);
    }

    fn element(&mut self, at: usize, tag: &Tag, loose: bool, tight: bool) {
        match tag {
            Tag::Paragraph if tight => self.children(at, false),
            Tag::Paragraph => self.block(at, "<p>", "</p>", false),
            Tag::Heading(level) => self.block(at, &format!("<h{level}>"), &format!("</h{level}>"), false),
            Tag::Quote => self.block(at, "<blockquote>", "</blockquote>", true),
            Tag::List { start } => {
                self.line();
                let name = if start.is_some() { "ol" } else { "ul" };
                let number = start.filter(|&start| start != 1).map(|start| format!(" start=\"{start}\"")).unwrap_or_default();
                writeln!(self.out, "<{name}{number}>").unwrap();
                self.children(at, !loose);
                self.line();
                writeln!(self.out, "</{name}>").unwrap();
            }
            Tag::Item => {
                self.line();
                self.out.push_str("<li>");
                self.children(at, tight);
                self.out.push_str("</li>\n");
            }
            Tag::CodeBlock { language } => {
                let class = if language.is_empty() { String::new() } else { format!(" class=\"language-{}\"", escape(language)) };
                self.block(at, &format!("<pre><code{class}>"), "</code></pre>", false);
            }
            Tag::Table => self.block(at, "<table>", "</table>", true),
            Tag::TableHead => self.block(at, "<thead>", "</thead>", true),
            Tag::TableBody => self.block(at, "<tbody>", "</tbody>", true),
            Tag::TableRow => self.block(at, "<tr>", "</tr>", true),
            Tag::TableCell { header, align } => {
                let name = if *header { "th" } else { "td" };
                let align = match align {
                    Align::None => "",
                    Align::Left => " align=\"left\"",
                    Align::Center => " align=\"center\"",
                    Align::Right => " align=\"right\"",
                };
                self.block(at, &format!("<{name}{align}>"), &format!("</{name}>"), false);
            }
            Tag::Emphasis => self.inline(at, "<em>", "</em>"),
            Tag::Strong => self.inline(at, "<strong>", "</strong>"),
            Tag::Strikethrough => self.inline(at, "<del>", "</del>"),
            Tag::Code => self.inline(at, "<code>", "</code>"),
            Tag::Link { to, title } => self.link(at, to.as_written(), title),
            Tag::PendingLink => self.inline(at, "<a>", "</a>"),
        }
    }

    fn link(&mut self, at: usize, to: &str, title: &str) {
        write!(self.out, "<a href=\"{}\"{}>", address(to), title_attribute(title)).unwrap();
        self.children(at, false);
        self.out.push_str("</a>");
    }

    fn leaf(&mut self, op: &Op) {
        match op {
            Op::Text(text) => self.out.push_str(&escape(text)),
            Op::Entity(name) => self.out.push_str(&escape(entities().get(name).unwrap_or(name))),
            Op::Break => self.out.push_str("<br />\n"),
            Op::Rule => {
                self.line();
                self.out.push_str("<hr />\n");
            }
            Op::Checkbox(done) => {
                let checked = if *done { "checked=\"\" " } else { "" };
                write!(self.out, "<input {checked}disabled=\"\" type=\"checkbox\">").unwrap();
            }
            Op::Image { source, alt, title } => {
                let (source, alt, title) = (address(source.as_written()), escape(alt), title_attribute(title));
                write!(self.out, "<img src=\"{source}\" alt=\"{alt}\"{title} />").unwrap();
            }
            _ => panic!("{op:?} is no leaf"),
        }
    }
}

fn title_attribute(title: &str) -> String {
    if title.is_empty() { String::new() } else { format!(" title=\"{}\"", escape(title)) }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Percent-encoded as CommonMark's examples are.
fn address(to: &str) -> String {
    let mut out = String::new();
    for byte in to.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.+!*'(),%#@?=;:/&$~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").unwrap();
        }
    }
    escape(&out)
}
