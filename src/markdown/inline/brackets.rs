//! Links, images and references: `[text](to "title")`, `[text][label]`, `[label][]`, `[label]`.

use super::parser::{Node, Parser};
use super::scan;
use crate::markdown::reference;
use crate::markdown::text;
use std::rc::Rc;

/// How much text (bytes) after an open `[` is drawn as a link to be.
const LONGEST_PENDING: usize = 120;

/// An open `[` or `![`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bracket {
    node: usize,
    /// Where its text begins.
    pub(super) inside: usize,
    image: bool,
    /// How many delimiters came before it.
    delimiters: usize,
}

/// What follows a `]`.
enum Target {
    Found(Rc<str>, Rc<str>, usize),
    /// The stream ends for now before it does.
    Unfinished,
    /// Nothing, or a label that is not defined.
    Missing,
}

impl Parser<'_> {
    pub(super) fn open_bracket(&mut self, image: bool) {
        let begin = self.at;
        let inside = begin + if image { 2 } else { 1 };
        self.push(begin, Node::Text(begin, inside), inside);
        let node = self.nodes.len() - 1;
        self.brackets.push(Bracket { node, inside, image, delimiters: self.delimiters.len() });
    }

    pub(super) fn close_bracket(&mut self) {
        let end = self.at;
        self.at += 1;
        let Some(bracket) = self.brackets.pop() else {
            return;
        };
        let index = self.brackets.len();
        let inactive = !bracket.image && index < self.inactive;
        self.inactive = self.inactive.min(index);
        if inactive {
            return;
        }
        match self.target(bracket, end) {
            Target::Found(to, title, after) => {
                let words = self.keep(to, title);
                let open = if bracket.image { Node::Image(words) } else { Node::Link(words) };
                self.enclose(bracket, open, end);
                self.skip_to(after);
            }
            Target::Unfinished => {
                let open = if bracket.image { Node::Nothing } else { Node::PendingLink };
                self.enclose(bracket, open, end);
                self.skip_to(self.text.len());
            }
            Target::Missing => {
                if end + 1 == self.text.len() || self.byte(end + 1) == b'(' {
                    self.unfinished_at(bracket.inside.saturating_sub(2));
                }
            }
        }
    }

    /// Makes an element of everything since the bracket.
    fn enclose(&mut self, bracket: Bracket, open: Node, end: usize) {
        self.flush(end);
        self.pair(bracket.delimiters);
        if self.soft && end == self.text.len() {
            self.close_delimiters(bracket.delimiters);
        }
        self.delimiters.truncate(bracket.delimiters);
        if !bracket.image {
            self.inactive = self.brackets.len();
            self.unlink(bracket.node + 1);
        }
        if !matches!(open, Node::Nothing) {
            self.add(Node::Close);
        }
        self.nodes[bracket.node] = open;
    }

    /// Takes back the automatic links from a node on: a link holds no links. Each is three nodes.
    fn unlink(&mut self, from: usize) {
        super::work(self.nodes.len() - from);
        for index in from..self.nodes.len() {
            if self.nodes[index].is_link() {
                self.nodes[index] = Node::Nothing;
                self.nodes[index + 2] = Node::Nothing;
            }
        }
    }

    fn target(&mut self, bracket: Bracket, end: usize) -> Target {
        let after = end + 1;
        let at_end = self.soft && after == self.text.len();
        let label = scan::label(self.text, after);
        if self.byte(after) == b'(' {
            match self.inline_target(after + 1) {
                Ok((to, title, after)) => return Target::Found(to.into(), title.into(), after),
                Err(failed) if self.soft && failed == self.text.len() => return Target::Unfinished,
                Err(_) => {}
            }
        }
        if self.soft && self.byte(after) == b'[' && text::find(self.text, after, b"]") == self.text.len() {
            return Target::Unfinished;
        }
        if let Some(label_end) = label.filter(|label_end| label_end - after > 2) {
            return self.defined(text::part(self.text, after + 1, label_end - 1), label_end);
        }
        if scan::label(self.text, bracket.inside - 1) != Some(after) {
            return if at_end { Target::Unfinished } else { Target::Missing };
        }
        match self.defined(text::part(self.text, bracket.inside, end), label.unwrap_or(after)) {
            Target::Missing if at_end => Target::Unfinished,
            target => target,
        }
    }

    fn defined(&mut self, label: &str, after: usize) -> Target {
        super::work(label.len());
        let Some(label) = reference::normal(label) else {
            return Target::Missing;
        };
        match self.definitions.find(&label) {
            Some((to, title)) => Target::Found(to.0.clone(), title.clone(), after),
            None => {
                self.wanted.push(label);
                Target::Missing
            }
        }
    }

    /// `to "title")`, or where it went wrong.
    fn inline_target(&self, at: usize) -> Result<(String, String, usize), usize> {
        let (to, after) = scan::destination(self.text, scan::space(self.text, at))?;
        let begin = scan::space(self.text, after);
        let (title, after) = match self.byte(begin) {
            b')' => (String::new(), begin),
            _ if begin == self.text.len() => return Err(begin),
            _ if begin == after => return Err(after),
            _ => scan::title(self.text, begin)?,
        };
        let end = scan::space(self.text, after);
        if self.byte(end) == b')' { Ok((to, title, end + 1)) } else { Err(end) }
    }

    /// Draws the link or image that is being written at the end of the text.
    pub(super) fn close_last_bracket(&mut self) {
        let end = self.text.len();
        let Some(bracket) = self.brackets.pop() else {
            return;
        };
        let active = bracket.image || self.brackets.len() >= self.inactive;
        if !active || end - bracket.inside > LONGEST_PENDING || text::find(self.text, bracket.inside, b"\n") < end {
            return;
        }
        let open = if bracket.image || bracket.inside == end { Node::Nothing } else { Node::PendingLink };
        self.enclose(bracket, open, end);
    }
}
