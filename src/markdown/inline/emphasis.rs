//! `*`, `_` and `~` (CommonMark 0.31, 6.2; GFM 6.5).

use super::parser::{Node, Parser};
use super::punctuation::{is_punctuation, is_unspaced};
use crate::markdown::text;

/// A run of delimiters. Each of its characters is a node; those that have a partner are elements.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delimiters {
    mark: u8,
    /// The nodes that have no partner yet: partners are found from both ends.
    begin: usize,
    end: usize,
    /// The length it had.
    length: usize,
    /// Where in the text it begins.
    pub(super) first: usize,
    can_open: bool,
    can_close: bool,
}

impl Parser<'_> {
    pub(super) fn delimiters(&mut self) {
        let first = self.at;
        let mark = self.byte(first);
        let length = text::run(self.text, first, &[mark]);
        let after = first + length;
        if self.soft && after == self.text.len() {
            // Whether it opens or closes is not known, and what it closes is closed at the end anyway.
            self.hide_rest();
            return;
        }
        self.at = after;
        let (can_open, can_close) = self.flanks(mark, first, after);
        if !(can_open || can_close) || mark == b'~' && length > 2 {
            return;
        }
        self.flush(first);
        let begin = self.nodes.len();
        for at in first..after {
            self.add(Node::Text(at, at + 1));
        }
        self.from = after;
        self.delimiters.push(Delimiters { mark, begin, end: begin + length, length, first, can_open, can_close });
    }

    /// Whether the run can open, and whether it can close. Beside the characters of Chinese, Japanese and
    /// Korean, which set no spaces, punctuation does not count: else `**「a」**b` would stay text.
    fn flanks(&self, mark: u8, first: usize, after: usize) -> (bool, bool) {
        let before = text::part(self.text, 0, first).chars().next_back().unwrap_or(' ');
        let next = text::from(self.text, after).chars().next().unwrap_or(' ');
        let (space_before, space_after) = (before.is_whitespace(), next.is_whitespace());
        let (mark_before, mark_after) = (is_punctuation(before), is_punctuation(next));
        let free = is_unspaced(before) || is_unspaced(next);
        let left = !space_after && (!mark_after || space_before || mark_before || free);
        let right = !space_before && (!mark_before || space_after || mark_after || free);
        if mark == b'_' { (left && (!right || mark_before), right && (!left || mark_after)) } else { (left, right) }
    }

    /// Finds partners among the delimiters from index `bottom` on. What can still open stays in the list.
    pub(super) fn pair(&mut self, bottom: usize) {
        let runs = self.delimiters[bottom..].to_vec();
        self.delimiters.truncate(bottom);
        // Per kind of closer: below this node there is no opener for it.
        let mut bottoms = [0; 18];
        for mut run in runs {
            let kind = match run.mark {
                b'*' => 0,
                b'_' => 1,
                _ => 2,
            };
            let kind = kind * 6 + usize::from(run.can_open) * 3 + run.length % 3;
            let first_node = run.begin;
            while run.can_close && run.begin < run.end {
                let Some(index) = self.opener(&run, bottom, bottoms[kind]) else {
                    bottoms[kind] = first_node;
                    break;
                };
                self.join(index, &mut run);
            }
            if run.can_open && run.begin < run.end {
                self.delimiters.push(run);
            }
        }
    }

    fn opener(&self, closer: &Delimiters, bottom: usize, below: usize) -> Option<usize> {
        for index in (bottom..self.delimiters.len()).rev() {
            super::work(1);
            let opener = &self.delimiters[index];
            if opener.begin < below {
                return None;
            }
            let odd = (opener.can_close || closer.can_open)
                && (opener.length + closer.length).is_multiple_of(3)
                && !closer.length.is_multiple_of(3);
            let fits = if closer.mark == b'~' { opener.length == closer.length } else { !odd };
            if opener.mark == closer.mark && fits {
                return Some(index);
            }
        }
        None
    }

    /// Makes an element from an opener to a closer; openers between them stay text.
    fn join(&mut self, index: usize, closer: &mut Delimiters) {
        let mut opener = self.delimiters[index];
        self.delimiters.truncate(index);
        let used = (opener.end - opener.begin).min(closer.end - closer.begin).min(2);
        self.open_run(&mut opener, used);
        self.nodes[closer.begin] = Node::Close;
        if used == 2 {
            self.nodes[closer.begin + 1] = Node::Nothing;
        }
        closer.begin += used;
        if opener.begin < opener.end {
            self.delimiters.push(opener);
        }
    }

    /// Makes the last `used` nodes of a run open an element.
    fn open_run(&mut self, run: &mut Delimiters, used: usize) {
        run.end -= used;
        self.nodes[run.end] = match (run.mark, used) {
            (b'~', _) => Node::Strikethrough,
            (_, 1) => Node::Emphasis,
            _ => Node::Strong,
        };
        if used == 2 {
            self.nodes[run.end + 1] = Node::Nothing;
        }
    }

    /// Closes at the end of the text what was opened from index `bottom` on and surely waits for its partner.
    pub(super) fn close_delimiters(&mut self, bottom: usize) {
        while self.delimiters.len() > bottom {
            let Some(mut run) = self.delimiters.pop() else { break };
            let length = run.end - run.begin;
            // `~5` is "about five", `2*3` is a product.
            let sure = length == 2 || length <= 3 && run.mark != b'~' && !run.can_close;
            while sure && run.begin < run.end {
                let used = (run.end - run.begin).min(2);
                self.open_run(&mut run, used);
                self.add(Node::Close);
            }
        }
    }
}
