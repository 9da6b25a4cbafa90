//! The parts of links: labels, destinations, titles, entities, tags. Each takes the text and where to
//! begin, and gives where it ends.

use super::entity;
use crate::markdown::text::{byte, find, from, part, run};

/// Labels longer than this (bytes) are no labels.
const LONGEST_LABEL: usize = 1001;
/// How deep parentheses nest in a destination (CommonMark 0.31, 6.3 asks for at least three).
const DEEPEST_PARENTHESES: u32 = 32;
/// Tags longer than this (bytes) are taken apart like any text.
const LONGEST_TAG: usize = 1000;

/// Where white space ends.
pub(in crate::markdown) fn space(text: &str, at: usize) -> usize {
    at + run(text, at, b" \t\n")
}

/// Where a label in brackets ends (after its `]`). Brackets in it must be escaped.
pub(in crate::markdown) fn label(text: &str, at: usize) -> Option<usize> {
    if byte(text, at) != b'[' {
        return None;
    }
    let end = closing(text, at + 1, b']', b'[').ok()?;
    (end - at <= LONGEST_LABEL).then_some(end + 1)
}

/// A link's destination and where it ends, or where it went wrong (the end of the text: it may go on).
pub(in crate::markdown) fn destination(text: &str, at: usize) -> Result<(String, usize), usize> {
    if byte(text, at) == b'<' {
        let end = closing(text, at + 1, b'>', b'<')?;
        let inside = part(text, at + 1, end);
        return if find(inside, 0, b"\n") < inside.len() { Err(at) } else { Ok((unescape(inside), end + 1)) };
    }
    let mut end = at;
    let mut depth = 0;
    loop {
        match byte(text, end) {
            0..=b' ' | 0x7f => break,
            b'\\' if byte(text, end + 1).is_ascii_punctuation() => end += 1,
            b'(' => depth += 1,
            b')' if depth == 0 => break,
            b')' => depth -= 1,
            _ => {}
        }
        if depth > DEEPEST_PARENTHESES {
            return Err(at);
        }
        end += 1;
    }
    super::work(end - at);
    if depth > 0 { Err(end) } else { Ok((unescape(part(text, at, end)), end)) }
}

/// A link's title and where it ends, or where it went wrong.
pub(in crate::markdown) fn title(text: &str, at: usize) -> Result<(String, usize), usize> {
    let end = match byte(text, at) {
        b'(' => closing(text, at + 1, b')', b'(')?,
        quote @ (b'"' | b'\'') => closing(text, at + 1, quote, quote)?,
        _ => return Err(at),
    };
    Ok((unescape(part(text, at + 1, end)), end + 1))
}

/// Where `close` stands, unless an unescaped `wrong` comes before.
#[inline(never)]
fn closing(text: &str, at: usize, close: u8, wrong: u8) -> Result<usize, usize> {
    let mut end = at;
    while end < text.len() && byte(text, end) != close && byte(text, end) != wrong {
        end += if byte(text, end) == b'\\' { 2 } else { 1 };
    }
    super::work(end - at);
    if end < text.len() && byte(text, end) == close { Ok(end) } else { Err(end.min(text.len())) }
}

/// The text with backslash escapes and entities replaced.
#[inline(never)]
pub(in crate::markdown) fn unescape(text: &str) -> String {
    let mut plain = String::new();
    let mut begin = 0;
    while begin < text.len() {
        let at = find(text, begin, b"\\&");
        plain.push_str(part(text, begin, at));
        begin = at;
        if let Some((found, length)) = entity::entity(from(text, at)) {
            plain.push(found);
            begin += length;
        } else if at < text.len() {
            let escapes = byte(text, at) == b'\\' && byte(text, at + 1).is_ascii_punctuation();
            begin += usize::from(escapes);
            plain.push(char::from(byte(text, begin)));
            begin += 1;
        }
    }
    plain
}

/// The length of a tag of HTML at the beginning of the text, so that what is in it is not taken for markdown.
pub(super) fn tag(text: &str) -> Option<usize> {
    let name = if byte(text, 1) == b'/' { 2 } else { 1 };
    let mut end = name;
    while byte(text, end).is_ascii_alphanumeric() || byte(text, end) == b'-' {
        end += 1;
    }
    if !byte(text, name).is_ascii_alphabetic() || !matches!(byte(text, end), b' ' | b'\t' | b'\n' | b'/' | b'>') {
        return None;
    }
    let mut quote = 0;
    while end < text.len().min(LONGEST_TAG) {
        super::work(1);
        match byte(text, end) {
            b'>' if quote == 0 => return Some(end + 1),
            b'<' if quote == 0 => break,
            mark @ (b'"' | b'\'') if quote == 0 => quote = mark,
            mark if mark == quote => quote = 0,
            _ => {}
        }
        end += 1;
    }
    None
}
