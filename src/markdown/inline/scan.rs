//! The parts of links: labels, destinations, titles, entities, tags. Each takes the text and where to
//! begin, and gives where it ends.

use super::entity;

/// Labels longer than this (bytes) are no labels.
const LONGEST_LABEL: usize = 1001;
/// How deep parentheses nest in a destination (CommonMark 0.31, 6.3 asks for at least three).
const DEEPEST_PARENTHESES: u32 = 32;
/// Tags longer than this (bytes) are taken apart like any text.
const LONGEST_TAG: usize = 1000;

/// Where white space ends.
pub(in crate::markdown) fn space(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start_matches([' ', '\t', '\n']).len()
}

/// Where a label in brackets ends (after its `]`). Brackets in it must be escaped.
pub(in crate::markdown) fn label(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.get(at) != Some(&b'[') {
        return None;
    }
    let mut end = at + 1;
    while end < bytes.len() && end - at <= LONGEST_LABEL {
        match bytes[end] {
            b']' => return Some(end + 1),
            b'[' => return None,
            b'\\' => end += 2,
            _ => end += 1,
        }
    }
    None
}

/// A link's destination and where it ends, or where it went wrong (the end of the text: it may go on).
pub(in crate::markdown) fn destination(text: &str, at: usize) -> Result<(String, usize), usize> {
    let bytes = text.as_bytes();
    if bytes.get(at) == Some(&b'<') {
        let end = closing(text, at + 1, b'>', b'<')?;
        return if text[at..end].contains('\n') { Err(at) } else { Ok((unescape(&text[at + 1..end]), end + 1)) };
    }
    let mut end = at;
    let mut depth = 0;
    while let Some(&byte) = bytes.get(end) {
        match byte {
            0..=b' ' | 0x7f => break,
            b'\\' if bytes.get(end + 1).is_some_and(u8::is_ascii_punctuation) => end += 1,
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
    if depth > 0 { Err(end) } else { Ok((unescape(&text[at..end]), end)) }
}

/// A link's title and where it ends, or where it went wrong.
pub(in crate::markdown) fn title(text: &str, at: usize) -> Result<(String, usize), usize> {
    let (open, close) = match text.as_bytes().get(at) {
        Some(b'(') => (b'(', b')'),
        Some(&quote @ (b'"' | b'\'')) => (0, quote),
        _ => return Err(at),
    };
    let end = closing(text, at + 1, close, open)?;
    Ok((unescape(&text[at + 1..end]), end + 1))
}

/// Where `close` stands, unless an unescaped `wrong` comes before.
fn closing(text: &str, at: usize, close: u8, wrong: u8) -> Result<usize, usize> {
    let bytes = text.as_bytes();
    let mut end = at;
    while let Some(&byte) = bytes.get(end) {
        if byte == close || byte == wrong {
            break;
        }
        end += if byte == b'\\' { 2 } else { 1 };
    }
    super::work(end - at);
    if bytes.get(end) == Some(&close) { Ok(end) } else { Err(end.min(text.len())) }
}

/// The text with backslash escapes and entities replaced.
pub(in crate::markdown) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '&']) {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let escaped = rest.as_bytes().get(1).is_some_and(u8::is_ascii_punctuation);
        let (what, length) = match entity::entity(rest) {
            Some(found) => found,
            None if escaped && rest.starts_with('\\') => (char::from(rest.as_bytes()[1]), 2),
            None => (char::from(rest.as_bytes()[0]), 1),
        };
        plain.push(what);
        rest = &rest[length..];
    }
    plain.push_str(rest);
    plain
}

/// The length of a tag of HTML at the beginning of the text, so that what is in it is not taken for markdown.
pub(super) fn tag(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let name = if bytes.get(1) == Some(&b'/') { 2 } else { 1 };
    let named = text[name..].trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '-');
    if !bytes.get(name)?.is_ascii_alphabetic() || !named.starts_with([' ', '\t', '\n', '/', '>']) {
        return None;
    }
    let mut quote = 0;
    for (at, &byte) in bytes.iter().enumerate().take(LONGEST_TAG).skip(name) {
        match byte {
            b'>' if quote == 0 => return Some(at + 1),
            b'<' if quote == 0 => break,
            b'"' | b'\'' if quote == 0 => quote = byte,
            _ if byte == quote => quote = 0,
            _ => {}
        }
        super::work(1);
    }
    None
}
