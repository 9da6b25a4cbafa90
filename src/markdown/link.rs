//! Which addresses may become an `href`: the only place that decides.

use super::text::{find, from, part, starts_like};

/// The address, if it may become an `href`: absolute `http:`, `https:`, `mailto:` or `tel:`.
///
/// Everything else is refused: other schemes in any case or disguise; relative addresses, which would lead
/// somewhere on the host's page that the twin knows nothing of; white space, control characters and
/// invisible ones that turn text around, anywhere (browsers drop tabs and line ends even inside a scheme).
/// `http` and `https` need `//` and a host, since browsers read `https:x` as relative, and may not name a
/// user before the host, since `https://bank.example@evil.example` is only ever a trick.
pub fn href(address: &str) -> Option<&str> {
    let rest = from(address, find(address, 0, b":") + 1);
    let fits = if starts_like(address, "http://") || starts_like(address, "https://") {
        let host = part(rest, 2, find(rest, 2, b"/\\?#"));
        !host.is_empty() && find(host, 0, b"@") == host.len()
    } else {
        (starts_like(address, "mailto:") || starts_like(address, "tel:")) && !rest.is_empty()
    };
    (fits && !address.chars().any(is_hidden)).then_some(address)
}

/// White space, control characters, zero-width ones, and those that change the direction of text.
fn is_hidden(c: char) -> bool {
    c <= ' '
        || c.is_whitespace()
        || matches!(c, '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
