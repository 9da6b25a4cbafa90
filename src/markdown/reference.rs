//! Link reference definitions: `[label]: destination "title"`.

use super::inline::scan;
use super::op::Destination;
use super::text::{byte, part, run};

/// Labels longer than this (bytes) are no labels (CommonMark 0.31, 4.7: 999 characters).
const LONGEST_LABEL: usize = 999;

/// The definitions so far, sorted by label.
#[derive(Debug, Clone, Default)]
pub(super) struct Definitions(Vec<(String, Destination, String)>);

/// A definition found at the beginning of a text.
pub(super) struct Definition {
    label: String,
    to: Destination,
    title: String,
    /// Bytes it takes, its line end included.
    pub(super) length: usize,
}

impl Definitions {
    /// Keeps a definition unless its label is taken; gives it back if it was kept.
    pub(super) fn add(&mut self, found: Definition) -> Option<(String, Destination, String)> {
        let at = self.0.binary_search_by(|(label, ..)| label.cmp(&found.label)).err()?;
        let entry = (found.label, found.to, found.title);
        self.0.insert(at, entry.clone());
        Some(entry)
    }

    /// Where a normalised label leads, and the title.
    pub(super) fn find(&self, label: &str) -> Option<(&Destination, &str)> {
        let at = self.0.binary_search_by(|(known, ..)| known.as_str().cmp(label)).ok()?;
        Some((&self.0[at].1, &self.0[at].2))
    }
}

/// The definition a text begins with.
pub(super) fn definition(text: &str) -> Option<Definition> {
    let end = scan::label(text, 0)?;
    if byte(text, end) != b':' {
        return None;
    }
    let label = normal(part(text, 1, end - 1))?;
    let begin = scan::space(text, end + 1);
    let (to, after) = scan::destination(text, begin).ok()?;
    // Only `<>` may be an empty destination.
    if after == begin {
        return None;
    }
    let mut title = String::new();
    let mut length = line_end(text, after);
    let begin = scan::space(text, after);
    if begin > after
        && let Ok((found, after)) = scan::title(text, begin)
        && let Some(end) = line_end(text, after)
    {
        title = found;
        length = Some(end);
    }
    Some(Definition { label, to: Destination(to), title, length: length? })
}

/// Where the next line begins, if nothing more is in this one.
fn line_end(text: &str, at: usize) -> Option<usize> {
    let end = at + run(text, at, b" \t");
    if byte(text, end) == b'\n' { Some(end + 1) } else { (end == text.len()).then_some(end) }
}

/// A label as it is compared: without outer white space, inner white space as one space, small letters.
/// None if it is empty or too long.
pub(super) fn normal(label: &str) -> Option<String> {
    let mut normal = String::new();
    let mut space = false;
    for c in label.chars() {
        if matches!(c, ' ' | '\t' | '\n') {
            space = true;
            continue;
        }
        if std::mem::take(&mut space) && !normal.is_empty() {
            normal.push(' ');
        }
        normal.push(small(c));
    }
    (!normal.is_empty() && label.len() <= LONGEST_LABEL).then_some(normal)
}

/// The small letter, for the scripts where that is a matter of arithmetic: the standard library's tables
/// weigh more than all of this parser's blocks.
fn small(c: char) -> char {
    let code = c as u32;
    let small = match code {
        0x41..=0x5A | 0xC0..=0xD6 | 0xD8..=0xDE | 0x391..=0x3A9 | 0x410..=0x42F => code + 32,
        0x400..=0x40F => code + 80,
        // Vietnamese and the rest of extended Latin stand in pairs.
        0x100..=0x137 | 0x14A..=0x177 | 0x1A0..=0x1A5 | 0x1E00..=0x1E95 | 0x1EA0..=0x1EFF => code | 1,
        0x139..=0x148 | 0x179..=0x17E | 0x1AF | 0x1B0 => code + (code & 1),
        _ => code,
    };
    char::from_u32(small).unwrap_or(c)
}
