//! How a secret may look where it should not be.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::collections::HashMap;

/// Something that must not be found, and the name by which a failing test calls it.
#[derive(Debug, Clone)]
pub(crate) struct Secret {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
}

impl Secret {
    pub(crate) fn of(name: &'static str, text: &str) -> Self {
        assert!(text.len() >= 8, "{name} is too short to be looked for");
        Self { name, bytes: text.as_bytes().to_vec() }
    }
}

fn swapped_case(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }).collect()
}

/// The secret as it is, in other letters, backwards, and as encodings show it.
pub(crate) fn forms(secret: &[u8]) -> Vec<String> {
    let each = |write: fn(&u8) -> String| secret.iter().map(write).collect::<String>();
    let mut forms = vec![
        each(|byte| format!("{byte:02x}")),
        each(|byte| format!("{byte:02X}")),
        format!("{secret:?}").trim_matches(['[', ']']).to_owned(),
    ];
    // In base64 of a longer text the whole groups of three stay, wherever they begin.
    for skipped in 0..3 {
        let groups = &secret[skipped..][..(secret.len() - skipped) / 3 * 3];
        forms.extend([STANDARD_NO_PAD.encode(groups), URL_SAFE_NO_PAD.encode(groups)]);
    }
    if let Ok(text) = std::str::from_utf8(secret) {
        forms.extend([text.to_owned(), text.to_uppercase(), text.to_lowercase(), swapped_case(text), text.chars().rev().collect()]);
        forms.push(each(|byte| format!("%{byte:02X}")));
        forms.push(each(|byte| format!("%{byte:02x}")));
        forms.push(each(|byte| format!("\\u{byte:04x}")));
        forms.push(serde_json::to_string(text).unwrap().trim_matches('"').to_owned());
    }
    forms
}

/// Bytes at the beginning of a form by which it is looked up.
const HEAD: usize = 8;

/// Panics when any form of any of the secrets is in there, without repeating it. One pass, however many
/// secrets there are: logs at TRACE are long.
pub(crate) fn assert_absent(place: &str, content: &[u8], secrets: &[Secret]) {
    let mut begins = vec![false; 1 << 16];
    let mut by_head: HashMap<[u8; HEAD], Vec<(&Secret, String)>> = HashMap::new();
    for secret in secrets {
        for form in forms(&secret.bytes) {
            let head: [u8; HEAD] = form.as_bytes()[..HEAD].try_into().unwrap();
            begins[usize::from(u16::from_le_bytes([head[0], head[1]]))] = true;
            by_head.entry(head).or_default().push((secret, form));
        }
    }
    for (at, pair) in content.windows(2).enumerate() {
        if !begins[usize::from(u16::from_le_bytes([pair[0], pair[1]]))] {
            continue;
        }
        let Some(candidates) = content.get(at..at + HEAD).and_then(|head| by_head.get(head)) else { continue };
        if let Some((secret, form)) = candidates.iter().find(|(_, form)| content[at..].starts_with(form.as_bytes())) {
            let around = String::from_utf8_lossy(&content[at.saturating_sub(300)..at]);
            panic!("{} ({} bytes, as {form:.4}…) is in {place}, after: {around}", secret.name, secret.bytes.len());
        }
    }
}

#[test]
fn a_secret_is_found_in_every_form_and_only_when_it_is_there() {
    let secret = Secret::of("key", "txp_live_CanaryKey42");
    for form in forms(&secret.bytes) {
        let content = format!("before {form} after");
        let found = std::panic::catch_unwind(|| assert_absent("a test", content.as_bytes(), std::slice::from_ref(&secret)));
        assert!(found.is_err(), "{form}");
    }
    let longer = STANDARD_NO_PAD.encode("Bearer txp_live_CanaryKey42, and more");
    assert!(std::panic::catch_unwind(|| assert_absent("a test", longer.as_bytes(), std::slice::from_ref(&secret))).is_err());
    assert_absent("a test", b"txp_live_Canar", &[secret]);
}
