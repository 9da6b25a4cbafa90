//! Which addresses may become an `href`, and where they lead: the only place that decides.

use super::text::{byte, find, from, part, starts_like};

/// The `href` for an address, if it may become one: absolute `http:`, `https:`, `mailto:` or `tel:`; with
/// `relative` also one without a scheme, which leads somewhere on the page's own site. Percent-encoded as
/// in CommonMark's examples.
///
/// Everything else is refused: other schemes in any case or disguise; control characters and invisible ones
/// that turn text around, anywhere (browsers drop tabs and line ends even inside a scheme).
/// `http` and `https` need `//` and a host, since browsers read `https:x` as relative, and may not name a
/// user before the host, since `https://bank.example@evil.example` is only ever a trick. A relative one
/// may not begin with two slashes, which lead to another site.
pub fn href(address: &str, relative: bool) -> Option<String> {
    let scheme = find(address, 0, b":/?#");
    let rest = from(address, scheme + 1);
    let has_scheme =
        byte(address, scheme) == b':' && part(address, 0, scheme).bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let fits = if !has_scheme {
        let slash = |at| matches!(byte(address, at), b'/' | b'\\');
        relative && !(slash(0) && slash(1)) && !is_disguised(part(address, 0, scheme))
    } else if starts_like(address, "http://") || starts_like(address, "https://") {
        // 0xC2 begins the space that does not break.
        let host = part(rest, 2, find(rest, 2, b"/\\?#"));
        !host.is_empty() && find(host, 0, b"@ \xc2") == host.len()
    } else {
        (starts_like(address, "mailto:") || starts_like(address, "tel:")) && !rest.is_empty()
    };
    (fits && !address.chars().any(is_hidden)).then(|| encoded(address))
}

/// Whether the beginning of a relative address, as far as its colon, is a scheme that runs something but for
/// characters that have no place in one. Browsers take it for a path; nobody writes that in good faith.
fn is_disguised(beginning: &str) -> bool {
    let letters: String = beginning.chars().filter(char::is_ascii_alphabetic).collect();
    ["javascript", "vbscript", "data"].iter().any(|scheme| letters.eq_ignore_ascii_case(scheme)) && beginning.len() > letters.len()
}

/// White space, control characters, zero-width ones, and those that change the direction of text. Not the
/// plain spaces, which percent-encoding makes visible.
fn is_hidden(c: char) -> bool {
    c < ' '
        || c.is_whitespace() && c != ' ' && c != '\u{a0}'
        || matches!(c, '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn encoded(address: &str) -> String {
    // A host of IPv6 stands in brackets.
    let host = find(address, 0, b":") + 3;
    let plain = if byte(address, host) == b'[' { find(address, host, b"]") + 1 } else { 0 };
    let mut href = part(address, 0, plain).to_owned();
    for byte in from(address, plain).bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.+!*'(),%#@?=;:/&$~".contains(&byte) {
            href.push(char::from(byte));
        } else {
            let digit = |value: u8| char::from(if value < 10 { b'0' + value } else { b'A' - 10 + value });
            href.push('%');
            href.push(digit(byte >> 4));
            href.push(digit(byte & 15));
        }
    }
    href
}

/// Where an `href` leads, in short: the host, or whom a `mailto:` or `tel:` reaches. Empty on the page's own site.
pub fn leads_to(href: &str) -> &str {
    let scheme = find(href, 0, b":/?#");
    if byte(href, scheme) != b':' {
        return "";
    }
    let begin = if byte(href, scheme + 1) == b'/' { scheme + 3 } else { scheme + 1 };
    part(href, begin, find(href, begin, b"/\\?#"))
}

/// What stands between words.
const BETWEEN_WORDS: &[u8] = b" \t\n()<>[]\"',;";

/// Whether a link's text names a place other than where it leads (see [`leads_to`]).
pub fn says_otherwise(text: &str, leads_to: &str) -> bool {
    let leads_to = plain(leads_to);
    let mut begin = 0;
    while begin < text.len() {
        let end = find(text, begin, BETWEEN_WORDS);
        if names_another(part(text, begin, end), &leads_to) {
            return true;
        }
        begin = end + 1;
    }
    false
}

fn names_another(word: &str, leads_to: &str) -> bool {
    let begin = if starts_like(word, "https://") {
        8
    } else if starts_like(word, "http://") || starts_like(word, "mailto:") {
        7
    } else {
        0
    };
    let mut end = find(word, begin, b"/?#:");
    while end > begin && matches!(byte(word, end - 1), b'.' | b'!') {
        end -= 1;
    }
    let mut last = end;
    while last > begin && byte(word, last - 1) != b'.' {
        last -= 1;
    }
    // A dot with something before it, and behind it more than one letter or a number.
    let letters = part(word, last, end).bytes().filter(|b| b.is_ascii_alphabetic() || *b >= 0x80).count();
    let is_place = begin > 0 || last > begin + 1 && letters > 1;
    is_place && !same_place(&plain(part(word, begin, end)), leads_to)
}

/// Small letters, without `www.` and the port.
fn plain(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    let begin = if starts_like(&host, "www.") { 4 } else { 0 };
    let end = if byte(&host, begin) == b'[' { host.len() } else { find(&host, begin, b":") };
    part(&host, begin, end).to_owned()
}

/// Whether a host is the other or belongs to it.
fn same_place(named: &str, leads_to: &str) -> bool {
    let rest = part(leads_to, leads_to.len().saturating_sub(named.len()), leads_to.len());
    let before = leads_to.len().checked_sub(named.len() + 1);
    rest == named && before.is_none_or(|at| byte(leads_to, at) == b'.')
}
