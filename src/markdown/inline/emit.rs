//! Nodes to steps.

use super::parser::{Node, Parser, Words};
use crate::markdown::op::{Destination, Op, Tag};
use crate::markdown::text::{find, part};

/// An image whose text is being gathered.
struct Image {
    words: usize,
    alt: String,
    depth: usize,
}

struct Output<'a> {
    ops: &'a mut Vec<Op>,
    /// Steps before this one are not added to.
    begin: usize,
    image: Option<Image>,
    /// Elements that are open, those that are not drawn included.
    depth: usize,
}

/// How deep emphasis and links nest; what is deeper is drawn without.
const DEEPEST: usize = 32;

pub(super) fn emit(parser: &Parser<'_>, ops: &mut Vec<Op>) {
    let begin = ops.len();
    let text = parser.text;
    let mut output = Output { ops, begin, image: None, depth: 0 };
    for &node in &parser.nodes {
        match node {
            Node::Nothing => {}
            Node::Text(begin, end) => output.text(part(text, begin, end)),
            Node::Char(c) => output.text(c.encode_utf8(&mut [0; 4])),
            Node::Entity(begin, end) if output.image.is_some() => output.text(part(text, begin, end)),
            Node::Entity(begin, end) => output.ops.push(Op::Entity(part(text, begin, end).to_owned())),
            Node::Code(begin, end) => {
                output.open(Tag::Code);
                output.code(part(text, begin, end));
                output.close(&parser.words);
            }
            Node::Break if output.image.is_some() => output.text("\n"),
            Node::Break => output.ops.push(Op::Break),
            Node::Emphasis => output.open(Tag::Emphasis),
            Node::Strong => output.open(Tag::Strong),
            Node::Strikethrough => output.open(Tag::Strikethrough),
            Node::PendingLink => output.open(Tag::PendingLink),
            Node::Link(words) => {
                let (to, title) = parser.words[words].clone();
                output.open(Tag::Link { to: Destination(to), title });
            }
            Node::Image(words) => match &mut output.image {
                Some(image) => image.depth += 1,
                None => output.image = Some(Image { words, alt: String::new(), depth: 0 }),
            },
            Node::Close => output.close(&parser.words),
        }
    }
}

impl Output<'_> {
    #[inline(never)]
    fn text(&mut self, text: &str) {
        if let Some(image) = &mut self.image {
            image.alt.push_str(text);
        } else if self.ops.len() > self.begin
            && let Some(Op::Text(last)) = self.ops.last_mut()
        {
            last.push_str(text);
        } else {
            self.ops.push(Op::Text(text.to_owned()));
        }
    }

    /// The text of a code span.
    fn code(&mut self, code: &str) {
        let mut begin = 0;
        while begin < code.len() {
            let end = find(code, begin, b"\n");
            self.text(part(code, begin, end));
            if end < code.len() {
                self.text(" ");
            }
            begin = end + 1;
        }
    }

    #[inline(never)]
    fn open(&mut self, tag: Tag) {
        match &mut self.image {
            Some(image) => image.depth += 1,
            None => {
                self.depth += 1;
                if self.depth <= DEEPEST {
                    self.ops.push(Op::Open(tag));
                }
            }
        }
    }

    #[inline(never)]
    fn close(&mut self, words: &[Words]) {
        match &mut self.image {
            None => {
                if self.depth <= DEEPEST {
                    self.ops.push(Op::Close);
                }
                self.depth -= 1;
            }
            Some(image) if image.depth > 0 => image.depth -= 1,
            Some(image) => {
                let (source, title) = words[image.words].clone();
                let alt = std::mem::take(&mut image.alt);
                self.image = None;
                self.ops.push(Op::Image { source: Destination(source), alt, title });
            }
        }
    }
}
