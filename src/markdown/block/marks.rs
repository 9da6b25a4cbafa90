//! What the beginning of a line says about its block. Each takes the line from its first character that
//! is not white space.

use crate::markdown::text::{byte, from, is_only, is_space, part, run, trim, trim_end};

/// A heading's level and its text.
pub(super) fn heading(line: &str) -> Option<(u8, &str)> {
    let level = run(line, 0, b"#");
    if !(1..=6).contains(&level) || !(level == line.len() || is_space(byte(line, level))) {
        return None;
    }
    let text = trim(from(line, level));
    let mut end = text.len();
    while end > 0 && byte(text, end - 1) == b'#' {
        end -= 1;
    }
    let closed = end == 0 || is_space(byte(text, end - 1));
    Some((level as u8, if closed { trim_end(part(text, 0, end)) } else { text }))
}

/// The level an underline makes of the paragraph above it.
pub(super) fn underline(line: &str) -> Option<u8> {
    let line = trim_end(line);
    match byte(line, 0) {
        b'=' if is_only(line, b"=") => Some(1),
        b'-' if is_only(line, b"-") => Some(2),
        _ => None,
    }
}

/// Whether the line is a thematic break.
pub(super) fn is_rule(line: &str) -> bool {
    let mark = byte(line, 0);
    let marks = line.bytes().filter(|&b| b == mark).count();
    matches!(mark, b'*' | b'-' | b'_') && marks >= 3 && is_only(line, &[mark, b' ', b'\t'])
}

/// A fence's character, its length and the text after it.
pub(super) fn fence(line: &str) -> Option<(u8, usize, &str)> {
    let mark = byte(line, 0);
    let length = run(line, 0, &[mark]);
    let info = trim(from(line, length));
    let fits = match mark {
        b'`' => length >= 3 && !info.as_bytes().contains(&b'`'),
        b'~' => length >= 3,
        _ => false,
    };
    fits.then_some((mark, length, info))
}

/// A list item's marker.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marker {
    /// The bullet, or what follows the number.
    pub(super) mark: u8,
    /// The number.
    pub(super) start: Option<u32>,
    /// Bytes (and columns) of it.
    pub(super) width: usize,
}

/// The marker of a list item.
pub(super) fn item(line: &str) -> Option<Marker> {
    let digits = run(line, 0, b"0123456789");
    let mark = byte(line, digits);
    let fits = if digits == 0 { matches!(mark, b'-' | b'+' | b'*') } else { digits <= 9 && matches!(mark, b'.' | b')') };
    let width = digits + 1;
    if !fits || !(width == line.len() || is_space(byte(line, width))) {
        return None;
    }
    let number = line.bytes().take(digits).fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
    Some(Marker { mark, start: (digits > 0).then_some(number), width })
}

/// Whether an unfinished line may still become something that is not text, so that nothing is drawn yet.
pub(super) fn is_undecided(line: &str, after_paragraph: bool) -> bool {
    let line = trim_end(line);
    let mark = byte(line, 0);
    match mark {
        b'#' => is_only(line, b"#") && line.len() <= 6,
        b'*' | b'_' | b'+' => is_only(line, &[mark, b' ', b'\t']),
        b'`' | b'~' => is_only(line, &[mark]) && line.len() < 3,
        b'=' => is_only(line, b"=") && after_paragraph,
        b'-' | b'|' | b':' => is_only(line, b"-|: \t"),
        b'0'..=b'9' => line.len() <= 10 && matches!(from(line, run(line, 0, b"0123456789")), "" | "." | ")"),
        _ => false,
    }
}
