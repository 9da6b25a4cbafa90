//! Character references: numbers, and the names people write.

use crate::markdown::text::{byte, find, from, part};

/// Names and their characters. CommonMark knows 2,125; these are what answers use. The rest would weigh
/// more than the whole parser: see [`Op::Entity`](crate::markdown::Op::Entity).
const NAMES: &str = "amp& lt< gt> quot\" apos' nbsp\u{a0} copy© reg® trade™ hellip… mdash— ndash– lsquo‘ rsquo’ ldquo“ rdquo” \
    laquo« raquo» bull• middot· times× divide÷ deg° plusmn± euro€ pound£ yen¥ cent¢ sect§ para¶ larr← rarr→ uarr↑ darr↓ harr↔ \
    ne≠ le≤ ge≥ asymp≈ infin∞ frac12½ frac14¼ frac34¾ sup2² sup3³ micro\u{b5} check✓ star☆ hearts♥ auml\u{e4} ouml\u{f6} \
    uuml\u{fc} colon: Tab\t NewLine\n sol/ lpar( rpar) num# period. comma, Auml\u{c4} Ouml\u{d6} Uuml\u{dc} szlig\u{df} eacute\u{e9} egrave\u{e8} agrave\u{e0}";

/// `CounterClockwiseContourIntegral`
const LONGEST_NAME: usize = 31;

/// The character an entity at the beginning of the text stands for, and the entity's length.
#[inline(never)]
pub(super) fn entity(text: &str) -> Option<(char, usize)> {
    let end = find(text, 1, b";& \n");
    if byte(text, 0) != b'&' || byte(text, end) != b';' || end > 32 {
        return None;
    }
    let found = if byte(text, 1) == b'#' { numeric(part(text, 2, end))? } else { named(part(text, 1, end))? };
    Some((found, end + 1))
}

/// The length of what may be one of the others at the beginning of the text.
pub(super) fn other(text: &str) -> Option<usize> {
    let mut end = 1;
    while byte(text, end).is_ascii_alphanumeric() && end <= LONGEST_NAME {
        end += 1;
    }
    (byte(text, 0) == b'&' && byte(text, 1).is_ascii_alphabetic() && end > 2 && byte(text, end) == b';').then_some(end + 1)
}

fn numeric(number: &str) -> Option<char> {
    let hex = matches!(byte(number, 0), b'x' | b'X');
    let (radix, most) = if hex { (16, 7) } else { (10, 7) };
    let mut code = 0;
    for digit in from(number, usize::from(hex)).chars() {
        code = code * radix + digit.to_digit(radix)?;
        if code > 0xFFF_FFFF {
            return None;
        }
    }
    if number.len() > most || number.len() == usize::from(hex) {
        return None;
    }
    Some(char::from_u32(code).filter(|&c| c != '\0').unwrap_or('\u{fffd}'))
}

/// Each entry of the list is a name, its character and a space.
fn named(name: &str) -> Option<char> {
    let mut begin = 0;
    while begin < NAMES.len() {
        let end = find(NAMES, begin, b" ");
        let entry = part(NAMES, begin, end);
        let mut rest = from(entry, name.len()).chars();
        if part(entry, 0, name.len()) == name
            && let (Some(found), None) = (rest.next(), rest.next())
        {
            return Some(found);
        }
        begin = end + 1;
    }
    None
}
