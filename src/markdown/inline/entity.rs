//! Character references: numbers, and the names people write.

/// Names and their characters. CommonMark knows 2,125; these are what answers use, and the rest would
/// weigh more than the whole parser. Unknown ones are shown as written.
const NAMES: &str = "amp& lt< gt> quot\" apos' nbsp\u{a0} copy© reg® trade™ hellip… mdash— ndash– lsquo‘ rsquo’ ldquo“ rdquo” \
    laquo« raquo» bull• middot· times× divide÷ deg° plusmn± euro€ pound£ yen¥ cent¢ sect§ para¶ larr← rarr→ uarr↑ darr↓ harr↔ \
    ne≠ le≤ ge≥ asymp≈ infin∞ frac12½ frac14¼ frac34¾ sup2² sup3³ micro\u{b5} check✓ star☆ hearts♥ auml\u{e4} ouml\u{f6} \
    uuml\u{fc} Auml\u{c4} Ouml\u{d6} Uuml\u{dc} szlig\u{df} eacute\u{e9} egrave\u{e8} agrave\u{e0}";

/// The character an entity at the beginning of the text stands for, and the entity's length.
pub(super) fn entity(text: &str) -> Option<(char, usize)> {
    let body = text.strip_prefix('&')?;
    let end = body.bytes().take(32).position(|b| b == b';')?;
    let name = &body[..end];
    let found = if let Some(number) = name.strip_prefix('#') { numeric(number)? } else { named(name)? };
    Some((found, end + 2))
}

fn numeric(number: &str) -> Option<char> {
    let (digits, radix, most) = match number.strip_prefix(['x', 'X']) {
        Some(hex) => (hex, 16, 6),
        None => (number, 10, 7),
    };
    if digits.len() > most || !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let code = u32::from_str_radix(digits, radix).ok()?;
    Some(char::from_u32(code).filter(|&c| c != '\0').unwrap_or('\u{fffd}'))
}

fn named(name: &str) -> Option<char> {
    NAMES.split(' ').find_map(|entry| {
        let mut rest = entry.strip_prefix(name)?.chars();
        let found = rest.next()?;
        (rest.next().is_none() && !name.is_empty()).then_some(found)
    })
}
