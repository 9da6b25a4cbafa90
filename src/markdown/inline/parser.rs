//! The pass over the text.

use super::brackets::Bracket;
use super::emphasis::Delimiters;
use super::{entity, scan};
use crate::markdown::op::{Destination, Tag};
use crate::markdown::reference::Definitions;

/// Runs of more backticks than this are text.
const LONGEST_TICKS: usize = 32;

/// A piece of the result. Ranges are bytes of the text.
#[derive(Debug)]
pub(super) enum Node {
    /// Was a delimiter or bracket and is gone.
    Nothing,
    Text(usize, usize),
    Char(char),
    Code(String),
    Break,
    Open(Tag),
    /// Opens an image; what follows up to its `Close` is its text.
    Image(Destination, String),
    Close,
    /// Opens a reference with this label.
    Reference(String),
    /// Closes it; the range is its closing bracket with the written label.
    EndReference(usize, usize),
}

/// A possible reference: two nodes with text between, to be linked when the label is defined.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) open: usize,
    pub(super) close: usize,
    pub(super) label: String,
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
    pub(super) delimiters: Vec<Delimiters>,
    pub(super) brackets: Vec<Bracket>,
    /// The `[` of this many first brackets may not open a link, since they hold one.
    pub(super) inactive: usize,
    pub(super) candidates: Vec<Candidate>,
    /// Where the first thing stands that later text might still finish.
    pub(super) unfinished: usize,
    /// Where the last run of each number of backticks begins.
    ticks: Option<[usize; LONGEST_TICKS + 1]>,
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
            delimiters: Vec::new(),
            brackets: Vec::new(),
            inactive: 0,
            candidates: Vec::new(),
            unfinished: text.len(),
            ticks: None,
        }
    }

    pub(super) fn byte(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or(0)
    }

    /// Makes a node of the text before `end`.
    pub(super) fn flush(&mut self, end: usize) {
        if self.from < end {
            self.nodes.push(Node::Text(self.from, end));
        }
        self.from = end;
    }

    /// Makes nodes of the text before `begin` and of `node`; goes on at `end`.
    pub(super) fn push(&mut self, begin: usize, node: Node, end: usize) {
        self.flush(begin);
        self.nodes.push(node);
        self.skip_to(end);
    }

    pub(super) fn skip_to(&mut self, end: usize) {
        self.at = end;
        self.from = end;
    }

    /// Leaves out the rest of the text: it is unfinished.
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
                b'h' | b'H' | b'w' | b'W' => self.bare_link(),
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
        let rest = &self.text[self.at..];
        if let Some((found, length)) = entity::entity(rest) {
            self.push(self.at, Node::Char(found), self.at + length);
        } else if self.soft && rest.len() <= 8 && rest[1..].bytes().all(|b| b.is_ascii_alphanumeric() || b == b'#') {
            self.hide_rest();
        } else {
            self.at += 1;
        }
    }

    fn line_end(&mut self) {
        let at = self.at;
        let text = &self.text[self.from..at];
        let end = self.from + text.trim_end_matches([' ', '\t']).len();
        let hard = self.text[end..at].ends_with("  ");
        let node = if hard { Node::Break } else { Node::Text(at, at + 1) };
        self.push(end, node, at + 1);
    }

    fn run_length(&self, at: usize) -> usize {
        let byte = self.byte(at);
        self.text.as_bytes()[at..].iter().take_while(|&&b| b == byte).count()
    }

    fn code(&mut self) {
        let begin = self.at;
        let length = self.run_length(begin);
        let inside = begin + length;
        let last = if length > LONGEST_TICKS { 0 } else { self.last_ticks()[length] };
        if last > begin {
            let mut end = inside;
            loop {
                end += self.text[end..].find('`').unwrap_or(0);
                let run = self.run_length(end);
                if run == length || run == 0 {
                    break;
                }
                end += run;
            }
            super::work(end - inside);
            let code = self.text[inside..end].replace('\n', " ");
            let padded = code.starts_with(' ') && code.ends_with(' ') && code.bytes().any(|b| b != b' ');
            let code = if padded { code[1..code.len() - 1].to_owned() } else { code };
            self.push(begin, Node::Code(code), end + length);
        } else if self.soft && length <= LONGEST_TICKS {
            let code = self.text[inside..].trim_end_matches('`').replace('\n', " ");
            let code = code.strip_prefix(' ').unwrap_or(&code).to_owned();
            self.hide_rest();
            if !code.is_empty() {
                self.nodes.push(Node::Code(code));
            }
        } else {
            self.unfinished = self.unfinished.min(begin);
            self.at = inside;
        }
    }

    /// Where the last run of each length begins; found once per text.
    fn last_ticks(&mut self) -> [usize; LONGEST_TICKS + 1] {
        if let Some(ticks) = self.ticks {
            return ticks;
        }
        super::work(self.text.len());
        let mut ticks = [0; LONGEST_TICKS + 1];
        let mut at = self.at;
        while let Some(next) = self.text[at..].find('`') {
            at += next;
            let length = self.run_length(at);
            if let Some(last) = ticks.get_mut(length) {
                *last = at;
            }
            at += length;
        }
        self.ticks = Some(ticks);
        ticks
    }

    /// `<`: an address, a line break, or a tag, which is shown as text.
    fn angle(&mut self) {
        let rest = &self.text[self.at..];
        let begin = self.at;
        if self.angle_link() {
            return;
        }
        if let Some(length) = scan::tag(rest) {
            let tag = &rest.as_bytes()[..length];
            if [&b"<br>"[..], b"<br/>", b"<br />"].iter().any(|br| tag.eq_ignore_ascii_case(br)) {
                self.push(begin, Node::Break, begin + length);
            } else {
                self.at += length;
            }
        } else if self.soft && ["<br />", "<br/", "<https:", "<mailto:"].iter().any(|known| known.starts_with(rest)) {
            self.hide_rest();
        } else {
            self.unfinished = self.unfinished.min(begin);
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
        for candidate in std::mem::take(&mut self.candidates) {
            if self.holds_only_text(&candidate) {
                if let Node::Text(begin, end) = self.nodes[candidate.close] {
                    self.nodes[candidate.close] = Node::EndReference(begin, end);
                }
                self.nodes[candidate.open] = Node::Reference(candidate.label);
            }
        }
    }

    /// Whether between the brackets every element is closed that is opened, and none is a link.
    fn holds_only_text(&self, candidate: &Candidate) -> bool {
        let inside = &self.nodes[candidate.open + 1..candidate.close];
        super::work(inside.len());
        let mut depth = 0i32;
        for node in inside {
            match node {
                Node::Open(Tag::Link { .. } | Tag::PendingLink) | Node::Reference(_) => return false,
                Node::Open(_) | Node::Image(..) => depth += 1,
                Node::Close => depth -= 1,
                _ => {}
            }
            if depth < 0 {
                return false;
            }
        }
        depth == 0
    }

    /// Where the first thing stands that later text might still change.
    pub(super) fn first_open(&self) -> usize {
        let delimiter = self.delimiters.first().map(|run| run.first);
        let bracket = self.brackets.first().map(|bracket| bracket.inside);
        let starts = [delimiter, bracket.map(|inside| inside.saturating_sub(2)), Some(self.unfinished)];
        starts.into_iter().flatten().min().unwrap_or(0)
    }
}
