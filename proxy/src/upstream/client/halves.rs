//! Characters that an upstream has cut in two.
//!
//! JSON writes a character beyond the first 65,536, an emoji for instance, as two escapes (RFC 8259 section 7). A server
//! that cuts its text by UTF-16 units, as JavaScript does, sends the first half at the end of one piece and the second at
//! the beginning of the next. Neither piece is text by itself, and no reader of JSON takes it.

use serde_json::Value;

/// Reads pieces of JSON, and puts together what was cut between two of them.
#[derive(Debug, Default)]
pub(crate) struct Halves {
    /// The first half that the last piece ended with.
    first: Option<u16>,
}

impl Halves {
    /// The value in this piece. A half that is no character's becomes U+FFFD.
    ///
    /// # Errors
    /// When it is no JSON, apart from halves.
    pub(crate) fn read(&mut self, json: &str) -> serde_json::Result<Value> {
        serde_json::from_str(json).or_else(|error| if json.contains("\\u") { serde_json::from_str(&self.mended(json)) } else { Err(error) })
    }

    /// The same JSON without halves.
    fn mended(&mut self, json: &str) -> String {
        let mut before = self.first.take();
        let mut out = String::with_capacity(json.len() + 6);
        let mut rest = json;
        // Only in texts are there escapes.
        while let Some(at) = rest.find('\\') {
            let begins = rest[..at].ends_with('"');
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let Some(unit) = unit(rest) else {
                let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                out.push_str(&rest[..length]);
                rest = &rest[length..];
                continue;
            };
            let (escape, after) = rest.split_at(6);
            rest = after;
            match (unit, self::unit(after)) {
                (0xd800..=0xdbff, Some(0xdc00..=0xdfff)) => {
                    out.push_str(escape);
                    out.push_str(&after[..6]);
                    rest = &after[6..];
                }
                (0xd800..=0xdbff, _) if after.starts_with('"') => self.first = Some(unit),
                (0xdc00..=0xdfff, _) if begins && before.is_some() => {
                    out.extend(before.take().map(|first| format!("\\u{first:04x}")));
                    out.push_str(escape);
                }
                (0xd800..=0xdfff, _) => out.push_str("\\ufffd"),
                _ => out.push_str(escape),
            }
        }
        out + rest
    }
}

/// The UTF-16 unit that an escape at the beginning of this text stands for.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(pieces: &[&str]) -> Vec<Value> {
        let mut halves = Halves::default();
        pieces.iter().map(|piece| halves.read(piece).unwrap()).collect()
    }

    /// As JavaScript writes these units.
    fn written(units: &[u16]) -> String {
        let escaped: String = units.iter().map(|unit| format!("\\u{unit:04X}")).collect();
        format!("{{\"content\":\"{escaped}\"}}")
    }

    #[test]
    fn a_character_that_was_cut_is_whole_in_the_second_piece() {
        let pieces = [r#"{"content":"So \ud83d","n":1}"#, r#"{"content":"\ude00!"}"#];
        assert_eq!(read(&pieces), [json!({"content": "So ", "n": 1}), json!({"content": "😀!"})]);
    }

    #[test]
    fn pieces_between_the_halves_do_not_part_them() {
        let pieces = [r#""\ud83d""#, r#"{"type":"ping"}"#, r#""\ude00""#];
        assert_eq!(read(&pieces), [json!(""), json!({"type": "ping"}), json!("😀")]);
    }

    #[test]
    fn a_half_that_is_no_characters_is_replaced_and_harms_nothing_else() {
        for (piece, text) in [
            (r#""\ude00 so""#, "\u{fffd} so"),
            (r#""so \ud83d so""#, "so \u{fffd} so"),
            (r#""so \ude00""#, "so \u{fffd}"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
            (r#""\\ud83d \ud83d\n""#, "\\ud83d \u{fffd}\n"),
        ] {
            assert_eq!(read(&[piece]), [json!(text)], "{piece}");
        }
    }

    #[test]
    fn what_is_no_json_stays_none() {
        for piece in ["", "{", r#""\ud83"#, r#""\ud83d"#, r#"{"a":"\ud83d}"#, "\\", "\\é"] {
            assert!(Halves::default().read(piece).is_err(), "{piece}");
        }
    }

    proptest! {
        #[test]
        fn any_text_cut_anywhere_is_the_same_text(text in any::<String>(), cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8)) {
            let units: Vec<u16> = text.encode_utf16().collect();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(units.len() + 1)).collect();
            cuts.extend([0, units.len()]);
            cuts.sort_unstable();
            let mut halves = Halves::default();
            let pieces = cuts.windows(2).map(|cut| halves.read(&written(&units[cut[0]..cut[1]])).unwrap());
            let whole: String = pieces.map(|piece| piece["content"].as_str().unwrap().to_owned()).collect();
            prop_assert_eq!(whole, text);
        }

        #[test]
        fn it_reads_whatever_serde_json_reads_as_that_does(json in any::<String>()) {
            if let Ok(value) = serde_json::from_str::<Value>(&json) {
                prop_assert_eq!(Halves::default().read(&json).unwrap(), value);
            }
            let _ = Halves::default().read(&json);
        }
    }
}
