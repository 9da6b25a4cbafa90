//! What the beginning of a line says about its block. Each takes the line from its first character that
//! is not white space.

/// A heading's level and its text.
pub(super) fn heading(line: &str) -> Option<(u8, &str)> {
    let level = line.bytes().take_while(|&b| b == b'#').count();
    let rest = &line[level..];
    if !(1..=6).contains(&level) || !(rest.is_empty() || rest.starts_with([' ', '\t'])) {
        return None;
    }
    let text = rest.trim_matches([' ', '\t']);
    let open = text.trim_end_matches('#');
    let text = if open.is_empty() || open.ends_with([' ', '\t']) { open.trim_end_matches([' ', '\t']) } else { text };
    Some((level as u8, text))
}

/// The level an underline makes of the paragraph above it.
pub(super) fn underline(line: &str) -> Option<u8> {
    let line = line.trim_end_matches([' ', '\t']);
    let mark = *line.as_bytes().first()?;
    let level = match mark {
        b'=' => 1,
        b'-' => 2,
        _ => return None,
    };
    line.bytes().all(|b| b == mark).then_some(level)
}

/// Whether the line is a thematic break.
pub(super) fn is_rule(line: &str) -> bool {
    let mark = line.bytes().next().unwrap_or(0);
    let marks = line.bytes().filter(|&b| b == mark).count();
    matches!(mark, b'*' | b'-' | b'_') && marks >= 3 && line.bytes().all(|b| b == mark || matches!(b, b' ' | b'\t'))
}

/// A fence's character, its length and the text after it.
pub(super) fn fence(line: &str) -> Option<(u8, usize, &str)> {
    let mark = line.bytes().next().filter(|mark| matches!(mark, b'`' | b'~'))?;
    let length = line.bytes().take_while(|&b| b == mark).count();
    let info = line[length..].trim_matches([' ', '\t']);
    (length >= 3 && !(mark == b'`' && info.contains('`'))).then_some((mark, length, info))
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
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let mark = *line.as_bytes().get(digits)?;
    let fits = if digits == 0 { matches!(mark, b'-' | b'+' | b'*') } else { digits <= 9 && matches!(mark, b'.' | b')') };
    let width = digits + 1;
    if !fits || !matches!(line.as_bytes().get(width), None | Some(b' ' | b'\t')) {
        return None;
    }
    Some(Marker { mark, start: line[..digits].parse().ok(), width })
}

/// Whether an unfinished line may still become something that is not text, so that nothing is drawn yet.
pub(super) fn is_undecided(line: &str, after_paragraph: bool) -> bool {
    let line = line.trim_end_matches([' ', '\t']);
    let mark = line.bytes().next().unwrap_or(0);
    let only = |marks: &[u8]| line.bytes().all(|b| b == mark || marks.contains(&b));
    match mark {
        b'#' => only(b"") && line.len() <= 6,
        b'*' | b'_' | b'+' => only(b" \t"),
        b'`' | b'~' => only(b"") && line.len() < 3,
        b'=' => only(b"") && after_paragraph,
        b'-' | b'|' | b':' => only(b"-|: \t"),
        b'0'..=b'9' => {
            let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
            matches!(rest, "" | "." | ")") && line.len() <= 10
        }
        _ => false,
    }
}
