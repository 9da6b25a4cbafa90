//! Links without brackets: `<https://…>`, `<a@b.c>` (CommonMark 0.31, 6.5), and bare ones (GFM 6.9).

use super::parser::{Node, Parser};
use super::punctuation::is_punctuation;
use crate::markdown::op::{Destination, Tag};

impl Parser<'_> {
    /// `<` and an address and `>`.
    pub(super) fn angle_link(&mut self) -> bool {
        let begin = self.at + 1;
        let rest = &self.text[begin..];
        let length = rest.find(|c: char| matches!(c, '<' | '>') || c <= ' ' || c == '\u{7f}').unwrap_or(rest.len());
        super::work(length);
        let (address, end) = (&rest[..length], begin + length);
        let to = if is_uri(address) {
            address.to_owned()
        } else if is_email(address) {
            ["mailto:", address].concat()
        } else {
            return false;
        };
        let closed = self.byte(end) == b'>';
        if closed || self.soft && end == self.text.len() {
            self.flush(self.at);
            self.from = begin;
            self.link(begin, end, to);
            self.skip_to(if closed { end + 1 } else { end });
            return true;
        }
        false
    }

    /// A bare `www.`, `http://` or `https://`.
    pub(super) fn bare_link(&mut self) {
        let begin = self.at;
        let rest = &self.text[begin..];
        self.at += 1;
        let before = begin.checked_sub(1).map_or(b' ', |at| self.byte(at));
        let www = starts_with(rest, "www.") && matches!(before, b' ' | b'\t' | b'\n' | b'*' | b'_' | b'~' | b'(' | b'[' | b'"');
        let scheme = ["https://", "http://"].into_iter().find(|scheme| starts_with(rest, scheme));
        if before.is_ascii_alphanumeric() || !www && scheme.is_none() {
            return;
        }
        let host = &rest[scheme.map_or(0, str::len)..];
        let host = &host[..host.find(|c: char| c.is_ascii() && !is_host(c as u8) || is_outside(c)).unwrap_or(host.len())];
        super::work(host.len());
        let host = host.trim_end_matches('.');
        let fits = !host.is_empty() && !host.rsplit('.').take(2).any(|part| part.contains('_')) && (!www || host.contains('.'));
        if !fits {
            return;
        }
        let inside = !self.brackets.is_empty();
        let length = rest.find(|c: char| is_outside(c) || c == ']' && inside).unwrap_or(rest.len());
        super::work(length);
        let end = if self.soft && length == rest.len() { length } else { trim(&rest[..length]) };
        let address = &rest[..end];
        let to = if www { ["http://", address].concat() } else { address.to_owned() };
        self.link(begin, begin + end, to);
    }

    /// A bare address of mail, found at its `@`.
    pub(super) fn bare_email(&mut self) {
        let at = self.at;
        self.at += 1;
        let before = &self.text.as_bytes()[self.from..at];
        let local = before.iter().rev().take_while(|&&b| is_host(b) || b == b'+').count();
        let domain = self.text[at + 1..].bytes().take_while(|&b| is_host(b)).count();
        super::work(local + domain);
        let domain = self.text[at + 1..at + 1 + domain].trim_end_matches('.');
        if local == 0 || !domain.contains('.') || domain.ends_with(['-', '_']) {
            return;
        }
        let (begin, end) = (at - local, at + 1 + domain.len());
        let to = ["mailto:", &self.text[begin..end]].concat();
        self.link(begin, end, to);
    }

    /// A link whose text is the text from `begin` to `end`. At the end of a stream it may still grow.
    fn link(&mut self, begin: usize, end: usize, to: String) {
        let pending = self.soft && end == self.text.len();
        let tag = if pending { Tag::PendingLink } else { Tag::Link { to: Destination(to), title: String::new() } };
        self.push(begin, Node::Open(tag), end);
        self.nodes.push(Node::Text(begin, end));
        self.nodes.push(Node::Close);
    }
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.as_bytes().get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

/// What is never in a bare link.
fn is_outside(c: char) -> bool {
    c <= ' ' || matches!(c, '<' | '`') || !c.is_ascii() && (c.is_whitespace() || is_punctuation(c))
}

fn is_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

/// The length of a bare link without the punctuation that belongs to the sentence.
fn trim(link: &str) -> usize {
    let bytes = link.as_bytes();
    let mut end = bytes.len();
    let mut surplus = 0i32;
    for &byte in bytes {
        surplus += i32::from(byte == b')') - i32::from(byte == b'(');
    }
    while let Some(&last) = bytes[..end].last() {
        match last {
            b'?' | b'!' | b'.' | b',' | b':' | b'*' | b'_' | b'~' | b'\'' | b'"' => end -= 1,
            b')' if surplus > 0 => {
                surplus -= 1;
                end -= 1;
            }
            b';' => {
                let name = bytes[..end - 1].iter().rev().take_while(|b| b.is_ascii_alphanumeric()).count();
                let begin = end - 1 - name;
                if name == 0 || begin == 0 || bytes[begin - 1] != b'&' {
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
    let Some((scheme, _)) = address.split_once(':') else {
        return false;
    };
    (2..=32).contains(&scheme.len())
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'-'))
}

fn is_email(address: &str) -> bool {
    let Some((local, domain)) = address.split_once('@') else {
        return false;
    };
    let part = |part: &str| {
        (1..=63).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    !local.is_empty()
        && local.bytes().all(|b| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&b))
        && domain.split('.').all(part)
}
