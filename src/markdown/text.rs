//! Reading text without a panic. Not inlined and not generic on purpose: the standard library's patterns
//! and checked slices are compiled anew at every use, and this code travels to every visitor.

/// The text from `begin` to `end`; empty if there is no such part.
#[inline(never)]
pub(super) fn part(text: &str, begin: usize, end: usize) -> &str {
    text.get(begin..end).unwrap_or("")
}

/// The text from `begin` on.
pub(super) fn from(text: &str, begin: usize) -> &str {
    part(text, begin, text.len())
}

/// The byte at a place, or 0.
#[inline(never)]
pub(super) fn byte(text: &str, at: usize) -> u8 {
    text.as_bytes().get(at).copied().unwrap_or(0)
}

/// Whether a byte is a space or a tab.
pub(super) fn is_space(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// How many bytes from `at` on are among `these`.
#[inline(never)]
pub(super) fn run(text: &str, at: usize, these: &[u8]) -> usize {
    let mut end = at;
    while end < text.len() && these.contains(&byte(text, end)) {
        end += 1;
    }
    end - at
}

/// Where the first of `these` bytes stands from `at` on, or the end.
#[inline(never)]
pub(super) fn find(text: &str, at: usize, these: &[u8]) -> usize {
    let mut end = at;
    while end < text.len() && !these.contains(&byte(text, end)) {
        end += 1;
    }
    end
}

/// Whether a text consists of such bytes; true for an empty one.
pub(super) fn is_only(text: &str, these: &[u8]) -> bool {
    run(text, 0, these) == text.len()
}

/// Where the text ends without the spaces and tabs at its end.
#[inline(never)]
pub(super) fn trimmed_end(text: &str) -> usize {
    let mut end = text.len();
    while end > 0 && is_space(byte(text, end - 1)) {
        end -= 1;
    }
    end
}

/// The text without spaces and tabs at its end.
pub(super) fn trim_end(text: &str) -> &str {
    part(text, 0, trimmed_end(text))
}

/// The text without spaces and tabs around it.
#[inline(never)]
pub(super) fn trim(text: &str) -> &str {
    trim_end(from(text, run(text, 0, b" \t")))
}

/// Whether the text begins with `start`, large and small letters of ASCII being the same.
#[inline(never)]
pub(super) fn starts_like(text: &str, start: &str) -> bool {
    part(text, 0, start.len()).eq_ignore_ascii_case(start)
}

/// Two texts in one.
#[inline(never)]
pub(super) fn join(one: &str, two: &str) -> String {
    let mut both = one.to_owned();
    both.push_str(two);
    both
}
