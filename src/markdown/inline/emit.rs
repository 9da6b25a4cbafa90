//! Nodes to steps.

use super::parser::Node;
use crate::markdown::op::{Destination, Op, Tag};

/// An image whose text is being gathered.
struct Image {
    source: Destination,
    title: String,
    alt: String,
    depth: usize,
}

struct Output<'a> {
    ops: &'a mut Vec<Op>,
    /// Steps before this one are not added to.
    begin: usize,
    image: Option<Image>,
}

pub(super) fn emit(text: &str, nodes: Vec<Node>, ops: &mut Vec<Op>) {
    let begin = ops.len();
    let mut output = Output { ops, begin, image: None };
    for node in nodes {
        match node {
            Node::Nothing => {}
            Node::Text(begin, end) => output.text(&text[begin..end]),
            Node::Char(c) => output.text(c.encode_utf8(&mut [0; 4])),
            Node::Code(code) => {
                output.open(Tag::Code);
                output.text(&code);
                output.close();
            }
            Node::Break if output.image.is_some() => output.text("\n"),
            Node::Break => output.ops.push(Op::Break),
            Node::Open(tag) => output.open(tag),
            Node::Image(source, title) => match &mut output.image {
                Some(image) => image.depth += 1,
                None => output.image = Some(Image { source, title, alt: String::new(), depth: 0 }),
            },
            Node::Close => output.close(),
            Node::Reference(label) => {
                output.open(Tag::Reference { label });
                output.bracket("[");
            }
            Node::EndReference(begin, end) => {
                output.bracket(&text[begin..end]);
                output.close();
            }
        }
    }
}

impl Output<'_> {
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

    fn open(&mut self, tag: Tag) {
        match &mut self.image {
            Some(image) => image.depth += 1,
            None => self.ops.push(Op::Open(tag)),
        }
    }

    fn close(&mut self) {
        match self.image.take() {
            None => self.ops.push(Op::Close),
            Some(Image { source, title, alt, depth: 0 }) => self.ops.push(Op::Image { source, alt, title }),
            Some(mut image) => {
                image.depth -= 1;
                self.image = Some(image);
            }
        }
    }

    fn bracket(&mut self, text: &str) {
        self.open(Tag::Bracket);
        self.text(text);
        self.close();
    }
}
