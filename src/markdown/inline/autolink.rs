//! Links without brackets: `<https://…>`, `<a@b.c>` (CommonMark 0.31, 6.5), and bare ones (GFM 6.9).

use super::parser::{Node, Parser};
use super::punctuation::is_punctuation;
use crate::markdown::text::{byte, from, join, part, starts_like};

impl Parser<'_> {
    /// `<` and an address and `>`.
    pub(super) fn angle_link(&mut self) -> bool {
        let begin = self.at + 1;
        let mut end = begin;
        while !matches!(self.byte(end), 0..=b' ' | b'<' | b'>' | 0x7f) {
            end += 1;
        }
        super::work(end - begin);
        let closed = self.byte(end) == b'>';
        let address = part(self.text, begin, end);
        let (uri, email) = (is_uri(address), is_email(address));
        let ends = closed || self.soft && end == self.text.len();
        if !(uri || email) || !ends {
            return false;
        }
        self.flush(self.at);
        self.from = begin;
        self.link(begin, end, if uri { "" } else { "mailto:" });
        self.skip_to(end + usize::from(closed));
        true
    }

    /// A bare `www.`, `http://`, `https://` or `ftp://`.
    pub(super) fn bare_link(&mut self) {
        let begin = self.at;
        self.at += 1;
        let rest = from(self.text, begin);
        let before = if begin == 0 { b' ' } else { self.byte(begin - 1) };
        let www = starts_like(rest, "www.") && matches!(before, b' ' | b'\t' | b'\n' | b'*' | b'_' | b'~' | b'(' | b'[' | b'"');
        let scheme = if starts_like(rest, "https://") {
            8
        } else if starts_like(rest, "http://") {
            7
        } else if starts_like(rest, "ftp://") {
            6
        } else if www {
            0
        } else {
            return;
        };
        let mut end = scheme;
        let mut labels_with_underscore = 0;
        while is_host(byte(rest, end)) || byte(rest, end) >= 0x80 {
            match byte(rest, end) {
                b'_' => labels_with_underscore |= 1,
                b'.' if is_host(byte(rest, end + 1)) => labels_with_underscore <<= 1,
                _ => {}
            }
            end += 1;
        }
        super::work(end);
        if before.is_ascii_alphanumeric() || labels_with_underscore & 3 != 0 || end <= scheme || byte(rest, scheme) == b'.' {
            return;
        }
        let length = self.bare_length(rest);
        let end = if self.soft && length == rest.len() { length } else { trim(part(rest, 0, length)) };
        if end > scheme.max(4) {
            self.link(begin, begin + end, if www { "http://" } else { "" });
        }
    }

    /// How far a bare link goes at most.
    fn bare_length(&self, rest: &str) -> usize {
        let inside = !self.brackets.is_empty();
        for (at, c) in rest.char_indices() {
            super::work(1);
            if c <= ' '
                || matches!(c, '<' | '`')
                || c == ']' && inside
                || !c.is_ascii() && (c.is_whitespace() || c as u32 <= 0xFFFF && is_punctuation(c))
            {
                return at;
            }
        }
        rest.len()
    }

    /// A bare address of mail, found at its `@`.
    pub(super) fn bare_email(&mut self) {
        let at = self.at;
        self.at += 1;
        let mut begin = at;
        let first = self.from.max(at.saturating_sub(super::LONGEST_WORD));
        while begin > first && (is_host(self.byte(begin - 1)) || self.byte(begin - 1) == b'+') {
            begin -= 1;
        }
        let mut end = at + 1;
        let mut dot = false;
        while is_host(self.byte(end)) {
            dot |= self.byte(end) == b'.' && is_host(self.byte(end + 1));
            end += 1;
        }
        super::work(end - begin);
        while self.byte(end - 1) == b'.' {
            end -= 1;
        }
        if begin < at && (begin > first || first == self.from) && dot && !matches!(self.byte(end - 1), b'-' | b'_') {
            self.link(begin, end, "mailto:");
        }
    }

    /// A link whose text is the text from `begin` to `end`. At the end of a stream it may still grow.
    fn link(&mut self, begin: usize, end: usize, scheme: &str) {
        let node = if self.soft && end == self.text.len() {
            Node::PendingLink
        } else {
            Node::Link(self.keep(join(scheme, part(self.text, begin, end)).into(), "".into()))
        };
        self.push(begin, node, end);
        self.add(Node::Text(begin, end));
        self.add(Node::Close);
    }
}

fn is_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

/// The length of a bare link without the punctuation that belongs to the sentence.
fn trim(link: &str) -> usize {
    let mut surplus = 0i32;
    for byte in link.bytes() {
        surplus += i32::from(byte == b')') - i32::from(byte == b'(');
    }
    let mut end = link.len();
    while end > 0 {
        match byte(link, end - 1) {
            b'?' | b'!' | b'.' | b',' | b':' | b'*' | b'_' | b'~' | b'\'' | b'"' => end -= 1,
            b')' if surplus > 0 => {
                surplus -= 1;
                end -= 1;
            }
            b';' => {
                let mut begin = end - 1;
                while begin > 0 && byte(link, begin - 1).is_ascii_alphanumeric() {
                    begin -= 1;
                }
                if begin == 0 || byte(link, begin - 1) != b'&' {
                    break;
                }
                end = begin - 1;
            }
            _ => break,
        }
    }
    end
}

/// A scheme of 2 to 32 characters and a colon.
fn is_uri(address: &str) -> bool {
    let mut scheme = 0;
    while byte(address, scheme).is_ascii_alphanumeric() || matches!(byte(address, scheme), b'+' | b'.' | b'-') {
        scheme += 1;
    }
    (2..=32).contains(&scheme) && byte(address, 0).is_ascii_alphabetic() && byte(address, scheme) == b':'
}

fn is_email(address: &str) -> bool {
    let mut at = 0;
    while byte(address, at).is_ascii_alphanumeric() || b".!#$%&'*+/=?^_{|}~-`".contains(&byte(address, at)) {
        at += 1;
    }
    let mut begin = at;
    loop {
        // A label: up to 63 letters, digits and inner hyphens.
        begin += 1;
        let mut end = begin;
        while byte(address, end).is_ascii_alphanumeric() || byte(address, end) == b'-' {
            end += 1;
        }
        let fits = (1..=63).contains(&(end - begin)) && byte(address, begin) != b'-' && byte(address, end - 1) != b'-';
        if at == 0 || byte(address, at) != b'@' || !fits {
            return false;
        }
        if byte(address, end) != b'.' {
            return end == address.len();
        }
        begin = end;
    }
}
