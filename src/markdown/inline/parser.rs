//! The pass over the text.

use super::brackets::Bracket;
use super::emphasis::Delimiters;
use super::{entity, scan};
use crate::markdown::reference::Definitions;
use crate::markdown::text;
use std::rc::Rc;

/// Runs of more backticks than this are text.
const LONGEST_TICKS: usize = 32;

/// An address and its title.
pub(super) type Words = (Rc<str>, Rc<str>);

/// A piece of the result. Ranges are bytes of the text, single numbers places in the parser's `words`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Node {
    /// Was a delimiter or bracket and is gone.
    Nothing,
    Text(usize, usize),
    Char(char),
    /// A character reference that is not in the short list.
    Entity(usize, usize),
    /// A whole code span: a line end in it is a space.
    Code(usize, usize),
    Break,
    Emphasis,
    Strong,
    Strikethrough,
    /// Opens a link that is still being written.
    PendingLink,
    /// Opens a link: address and title.
    Link(usize),
    /// Opens an image, address and title; what follows up to its `Close` is its text.
    Image(usize),
    Close,
}

impl Node {
    pub(super) fn is_link(self) -> bool {
        matches!(self, Node::PendingLink | Node::Link(_))
    }

    pub(super) fn opens(self) -> bool {
        self.is_link() || matches!(self, Node::Emphasis | Node::Strong | Node::Strikethrough | Node::Image(_))
    }

    pub(super) fn closes(self) -> bool {
        matches!(self, Node::Close)
    }
}

#[derive(Debug)]
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) definitions: &'a Definitions,
    pub(super) soft: bool,
    /// Where the pass is.
    pub(super) at: usize,
    /// Where the text begins that is not a node yet.
    pub(super) from: usize,
    pub(super) nodes: Vec<Node>,
    /// Addresses with titles.
    pub(super) words: Vec<Words>,
    pub(super) delimiters: Vec<Delimiters>,
    pub(super) brackets: Vec<Bracket>,
    /// The `[` of this many first brackets may not open a link, since they hold one.
    pub(super) inactive: usize,
    /// Labels that were looked up and are not defined.
    pub(super) wanted: Vec<String>,
    /// Where the first thing stands that later text might still finish.
    pub(super) unfinished: usize,
    /// Where the last run of each number of backticks begins.
    ticks: [usize; LONGEST_TICKS + 1],
    ticks_known: bool,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, definitions: &'a Definitions, soft: bool) -> Self {
        Self {
            text,
            definitions,
            soft,
            at: 0,
            from: 0,
            nodes: Vec::new(),
            words: Vec::new(),
            delimiters: Vec::new(),
            brackets: Vec::new(),
            inactive: 0,
            wanted: Vec::new(),
            unfinished: text.len(),
            ticks: [0; LONGEST_TICKS + 1],
            ticks_known: false,
        }
    }

    pub(super) fn byte(&self, at: usize) -> u8 {
        text::byte(self.text, at)
    }

    #[inline(never)]
    pub(super) fn add(&mut self, node: Node) {
        self.nodes.push(node);
    }

    /// Keeps an address and its title.
    #[inline(never)]
    pub(super) fn keep(&mut self, to: Rc<str>, title: Rc<str>) -> usize {
        self.words.push((to, title));
        self.words.len() - 1
    }

    /// Makes a node of the text before `end`.
    #[inline(never)]
    pub(super) fn flush(&mut self, end: usize) {
        if self.from < end {
            self.add(Node::Text(self.from, end));
        }
        self.from = end;
    }

    /// Makes nodes of the text before `begin` and of `node`; goes on at `end`.
    #[inline(never)]
    pub(super) fn push(&mut self, begin: usize, node: Node, end: usize) {
        self.flush(begin);
        self.add(node);
        self.skip_to(end);
    }

    pub(super) fn skip_to(&mut self, end: usize) {
        self.at = end;
        self.from = end;
    }

    /// Later text might still finish what stands here.
    pub(super) fn unfinished_at(&mut self, at: usize) {
        self.unfinished = self.unfinished.min(at);
    }

    /// Leaves out the rest of the text: it is unfinished.
    #[inline(never)]
    pub(super) fn hide_rest(&mut self) {
        self.flush(self.at);
        self.skip_to(self.text.len());
    }

    pub(super) fn run(&mut self) {
        super::work(self.text.len());
        while self.at < self.text.len() {
            match self.byte(self.at) {
                b'\\' => self.escape(),
                b'`' => self.code(),
                b'*' | b'_' | b'~' => self.delimiters(),
                b'[' => self.open_bracket(false),
                b'!' if self.byte(self.at + 1) == b'[' => self.open_bracket(true),
                b']' => self.close_bracket(),
                b'<' => self.angle(),
                b'&' => self.entity(),
                b'\n' => self.line_end(),
                b'@' => self.bare_email(),
                b'h' | b'H' | b'w' | b'W' | b'f' | b'F' => self.bare_link(),
                _ => self.at += 1,
            }
        }
        self.flush(self.text.len());
    }

    fn escape(&mut self) {
        let (at, next) = (self.at, self.byte(self.at + 1));
        if next == b'\n' {
            self.push(at, Node::Break, at + 2);
        } else if next.is_ascii_punctuation() {
            self.flush(at);
            self.from = at + 1;
            self.at = at + 2;
        } else if self.soft && at + 1 == self.text.len() {
            self.hide_rest();
        } else {
            self.at += 1;
        }
    }

    fn entity(&mut self) {
        let rest = text::from(self.text, self.at);
        if let Some((found, length)) = entity::entity(rest) {
            self.push(self.at, Node::Char(found), self.at + length);
        } else if let Some(length) = entity::other(rest) {
            self.push(self.at, Node::Entity(self.at, self.at + length), self.at + length);
        } else if self.soft && rest.len() <= 8 && rest.bytes().skip(1).all(|b| b.is_ascii_alphanumeric() || b == b'#') {
            self.hide_rest();
        } else {
            self.at += 1;
        }
    }

    fn line_end(&mut self) {
        let at = self.at;
        let end = self.from + text::trimmed_end(text::part(self.text, self.from, at));
        let hard = at >= end + 2 && self.byte(at - 1) == b' ' && self.byte(at - 2) == b' ';
        let node = if hard { Node::Break } else { Node::Text(at, at + 1) };
        self.push(end, node, at + 1);
    }

    fn code(&mut self) {
        let begin = self.at;
        let length = text::run(self.text, begin, b"`");
        let inside = begin + length;
        if self.last_ticks(length) > begin {
            let mut end = inside;
            loop {
                end = text::find(self.text, end, b"`");
                let run = text::run(self.text, end, b"`");
                if run == length || run == 0 {
                    break;
                }
                end += run;
            }
            super::work(end - inside);
            let code = text::part(self.text, inside, end);
            let (first, last) = (text::byte(code, 0), self.byte(end - 1));
            let padded = matches!(first, b' ' | b'\n') && matches!(last, b' ' | b'\n') && !text::is_only(code, b" \n");
            let padding = usize::from(padded);
            self.push(begin, Node::Code(inside + padding, end - padding), end + length);
        } else if self.soft && length <= LONGEST_TICKS {
            let begin = inside + usize::from(self.byte(inside) == b' ');
            let mut end = self.text.len();
            while end > begin && self.byte(end - 1) == b'`' {
                end -= 1;
            }
            self.hide_rest();
            if end > begin {
                self.add(Node::Code(begin, end));
            }
        } else {
            self.unfinished_at(begin);
            self.at = inside;
        }
    }

    /// Where the last run of so many backticks begins; found once per text.
    fn last_ticks(&mut self, length: usize) -> usize {
        if !std::mem::replace(&mut self.ticks_known, true) {
            super::work(self.text.len());
            let mut at = self.at;
            while at < self.text.len() {
                let length = text::run(self.text, at, b"`");
                if let Some(last) = self.ticks.get_mut(length) {
                    *last = at;
                }
                at = text::find(self.text, at + length, b"`");
            }
        }
        self.ticks.get(length).copied().unwrap_or(0)
    }

    /// `<`: an address, a line break, or a tag, which is shown as text.
    fn angle(&mut self) {
        let begin = self.at;
        let rest = text::from(self.text, begin);
        if self.angle_link() {
            return;
        }
        if let Some(length) = scan::tag(rest) {
            let end = begin + length;
            let inside = text::trim(text::part(self.text, begin + 1, end - 1 - usize::from(self.byte(end - 2) == b'/')));
            if inside.eq_ignore_ascii_case("br") {
                self.push(begin, Node::Break, end);
            } else {
                self.at = end;
            }
        } else if self.soft && ["<br />", "<br/", "<https:", "<mailto:"].iter().any(|known| text::part(known, 0, rest.len()) == rest) {
            self.hide_rest();
        } else {
            self.unfinished_at(begin);
            self.at += 1;
        }
    }

    /// Finds the partners that are still missing.
    pub(super) fn finish(&mut self) {
        if self.soft {
            self.close_last_bracket();
        }
        self.pair(0);
        if self.soft {
            self.close_delimiters(0);
        }
    }

    /// Where the first thing stands that later text might still change.
    pub(super) fn first_open(&self) -> usize {
        let mut first = self.unfinished;
        if let Some(run) = self.delimiters.first() {
            first = first.min(run.first);
        }
        if let Some(bracket) = self.brackets.first() {
            first = first.min(bracket.inside.saturating_sub(2));
        }
        first
    }
}
