//! What attackers write, in every place of a text: DOMPurify's list, OWASP's, and disguises of schemes.

use crate::tree::steps;
use twinchat::markdown::{Op, Tag, href};

fn payloads() -> Vec<String> {
    let read = |name: &str| -> Vec<String> {
        let file = format!("{}/tests/fixtures/xss/{name}.json", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
    };
    let mut all = [read("dompurify"), read("owasp")].concat();
    assert!(all.len() > 200);
    for scheme in
        ["javascript", "vbscript", "data", "file", "blob", "filesystem", "intent", "view-source", "about", "jar", "feed", "ms-its", "mhtml"]
    {
        let capitals: String = scheme.chars().enumerate().map(|(at, c)| if at % 2 == 0 { c.to_ascii_uppercase() } else { c }).collect();
        let numbers: String = scheme.bytes().map(|b| format!("&#{b};")).collect();
        let hex: String = scheme.bytes().map(|b| format!("&#x{b:X};")).collect();
        for written in [
            format!("{scheme}:x"),
            format!("{capitals}:x"),
            format!("{numbers}:x"),
            format!("{hex}&colon;x"),
            format!("{scheme}&#58;x"),
            format!("{scheme}&#0000058;x"),
            format!("{scheme}\\:x"),
            format!("{scheme}&Tab;:x"),
            format!("{scheme}&NewLine;:x"),
            format!("{}&#9;{}:x", &scheme[..2], &scheme[2..]),
            format!("{}&#10;{}:x", &scheme[..2], &scheme[2..]),
            format!("&#1;{scheme}:x"),
            format!("&#32;{scheme}:x"),
            format!("\u{a0}{scheme}:x"),
            format!("\u{feff}{scheme}:x"),
            format!("\u{200b}{scheme}\u{ad}:x"),
            format!("{scheme}://https://a.vn/%0aalert(1)"),
            format!("//{scheme}:x"),
            format!("/\\{scheme}:x"),
        ] {
            all.push(written);
        }
    }
    all
}

/// The payload in each place where a text can have it.
fn places(payload: &str) -> Vec<String> {
    vec![
        payload.to_owned(),
        format!("[x]({payload})"),
        format!("[x](<{payload}> \"{payload}\")"),
        format!("<{payload}>"),
        format!("![{payload}]({payload})"),
        format!("[x]\n\n[x]: {payload}\n"),
        format!("[x]: <{payload}>\n\n![x] [x]\n"),
        format!("- > # {payload}\n"),
        format!("| {payload} |\n|-|\n| {payload} |\n"),
        format!("```{payload}\n{payload}\n```\n"),
        format!("**{payload}** `{payload}` https://a.vn/{payload}\n"),
    ]
}

fn addresses(ops: &[Op], found: &mut Vec<String>) {
    for op in ops {
        match op {
            Op::Open(Tag::Link { to, .. }) | Op::Image { source: to, .. } => {
                found.extend([false, true].into_iter().filter_map(|relative| to.href(relative)));
            }
            Op::Rewrite { steps, .. } => addresses(steps, found),
            _ => {}
        }
    }
}

/// As a browser reads the beginning of an address (WHATWG URL, basic URL parser): the scheme, if it has one.
fn scheme(address: &str) -> Option<String> {
    let read: String = address.trim_matches(|c: char| c <= ' ').chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
    let (scheme, _) = read.split_once(':')?;
    let fits =
        scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    fits.then(|| scheme.to_ascii_lowercase())
}

#[test]
fn no_payload_in_any_place_becomes_an_address_that_a_browser_runs() {
    for payload in payloads() {
        for text in places(&payload) {
            let mut found = Vec::new();
            addresses(&steps(&text), &mut found);
            for address in found {
                assert!(address.bytes().all(|b| (b'!'..=b'~').contains(&b) && !b"\"<>\\^`{|}".contains(&b)), "{text:?}: {address:?}");
                let scheme = scheme(&address);
                assert!(matches!(scheme.as_deref(), None | Some("http" | "https" | "mailto" | "tel")), "{text:?}: {address:?}");
                assert!(!address.starts_with("//"), "{text:?}: {address:?}");
            }
        }
    }
}

#[test]
fn a_payload_is_never_an_address_itself() {
    for payload in payloads() {
        if let Some(address) = href(&payload, true) {
            assert!(matches!(scheme(&address).as_deref(), None | Some("http" | "https" | "mailto" | "tel")), "{payload:?}");
        }
        if let Some(address) = href(&payload, false) {
            assert!(scheme(&address).is_some(), "{payload:?}");
        }
    }
}

#[test]
fn text_that_is_not_an_address_stays_to_be_read() {
    // The angle brackets of tags are text; those of an address in brackets and of a line break are not.
    for payload in payloads() {
        let html = crate::tree::html(&format!("x {payload}"));
        let shown = html.matches("&lt;").count();
        let written = payload.matches('<').count();
        let links = html.matches("<a ").count() + html.matches("<br").count();
        assert!(shown + links >= written, "{payload:?}: {html}");
    }
}
