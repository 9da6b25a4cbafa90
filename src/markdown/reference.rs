//! Link reference definitions: `[label]: destination "title"`.

use super::inline::scan;
use super::op::Destination;
use super::text::{byte, part, run};
use std::collections::HashMap;
use std::rc::Rc;

/// Labels longer than this (bytes) are no labels (CommonMark 0.31, 4.7: 999 characters).
const LONGEST_LABEL: usize = 999;
/// Definitions longer than this (bytes) are none, so that a short text cannot ask for endless copies of a long one.
const LONGEST: usize = 4096;

/// The labels: those defined so far, and those that blocks wait for.
#[derive(Debug, Clone, Default)]
pub(super) struct Definitions(HashMap<String, Label>);

#[derive(Debug, Clone, Default)]
struct Label {
    /// Where it leads, and the title.
    target: Option<(Destination, Rc<str>)>,
    /// Blocks that looked for it in vain.
    waiting: Vec<usize>,
}

/// A definition found at the beginning of a text.
pub(super) struct Definition {
    label: String,
    to: String,
    title: String,
    /// Bytes it takes, its line end included.
    pub(super) length: usize,
}

impl Definitions {
    /// Keeps a definition unless its label has one. Gives the blocks that waited for it.
    pub(super) fn add(&mut self, found: Definition) -> Vec<usize> {
        let label = self.0.entry(found.label).or_default();
        label.target.get_or_insert_with(|| (Destination(found.to.into()), found.title.into()));
        std::mem::take(&mut label.waiting)
    }

    /// Where a normalised label leads, and the title.
    pub(super) fn find(&self, label: &str) -> Option<&(Destination, Rc<str>)> {
        self.0.get(label)?.target.as_ref()
    }

    /// A block would be another if this label were defined.
    pub(super) fn wait(&mut self, label: String, block: usize) {
        let waiting = &mut self.0.entry(label).or_default().waiting;
        if waiting.last() != Some(&block) {
            waiting.push(block);
        }
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
    let length = length?;
    (length <= LONGEST).then_some(Definition { label, to, title, length })
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
        match c {
            '\u{df}' | '\u{1e9e}' => normal.push_str("ss"),
            _ => normal.push(small(c)),
        }
    }
    (!normal.is_empty() && label.len() <= LONGEST_LABEL).then_some(normal)
}

/// The small letter, for the scripts where that is a matter of arithmetic: the standard library's tables
/// weigh more than all of this parser's blocks.
fn small(c: char) -> char {
    let code = c as u32;
    let small = match code {
        0x41..=0x5A | 0xC0..=0xD6 | 0xD8..=0xDE | 0x391..=0x3A9 | 0x3AA | 0x3AB | 0x410..=0x42F | 0xFF21..=0xFF3A => code + 32,
        0x400..=0x40F => code + 80,
        0x531..=0x556 => code + 48,
        // Greek with an accent, and the sigma at a word's end.
        0x386 => 0x3AC,
        0x388..=0x38A => code + 37,
        0x38C => 0x3CC,
        0x38E | 0x38F => code + 63,
        0x3C2 => 0x3C3,
        0x178 => 0xFF,
        // Vietnamese and the rest of extended Latin and Cyrillic stand in pairs.
        0x130 | 0x131 => code,
        0x100..=0x137 | 0x14A..=0x177 | 0x1A0..=0x1A5 | 0x1E00..=0x1E95 | 0x1EA0..=0x1EFF => code | 1,
        0x460..=0x481 | 0x48A..=0x4BF | 0x4D0..=0x52F => code | 1,
        0x139..=0x148 | 0x179..=0x17E | 0x1AF | 0x1B0 | 0x4C1..=0x4CE => code + (code & 1),
        _ => code,
    };
    char::from_u32(small).unwrap_or(c)
}
