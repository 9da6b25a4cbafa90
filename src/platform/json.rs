//! Reading JSON. In a browser by its own `JSON.parse`, so that no parser is downloaded; natively
//! (tests) by `serde_json`. Writing is [`quote`] and `push_str`.

#[cfg(target_arch = "wasm32")]
pub use browser::Json;
#[cfg(not(target_arch = "wasm32"))]
pub use native::Json;

/// A text that is not JSON, or JSON that is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

/// Appends a JSON string (RFC 8259 section 7).
pub fn quote(out: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c < ' ' => {
                out.push_str("\\u00");
                out.push(HEX[c as usize >> 4] as char);
                out.push(HEX[c as usize & 15] as char);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// `{"name":"value",…}` of texts.
pub fn object(members: &[(&str, &str)]) -> String {
    let mut out = String::from("{");
    for (index, (name, value)) in members.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        quote(&mut out, name);
        out.push(':');
        quote(&mut out, value);
    }
    out.push('}');
    out
}

/// Hands out the members of an object that holds nothing but texts, written as compactly as serde writes it. False for any
/// other, which [`Json`] can read; some members may have been handed out by then.
///
/// Without the browser: deltas come in thousands, and each call out of WebAssembly costs more than all of this.
pub fn each_member(json: &str, each: &mut dyn FnMut(&str, String)) -> bool {
    let mut rest = json;
    let mut before = '{';
    loop {
        let (mut name, mut value) = (String::new(), String::new());
        let after = rest.strip_prefix(before).and_then(|rest| text_of(rest, &mut name));
        let Some(after) = after.and_then(|rest| text_of(rest.strip_prefix(':')?, &mut value)) else { return false };
        each(&name, value);
        if after == "}" {
            return true;
        }
        (rest, before) = (after, ',');
    }
}

/// Reads a JSON string at the beginning, and gives what follows. Its rarer escapes are left to [`Json`].
fn text_of<'a>(json: &'a str, text: &mut String) -> Option<&'a str> {
    let mut rest = json.strip_prefix('"')?;
    loop {
        let end = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..b' '))?;
        text.push_str(rest.get(..end)?);
        let sign = rest.get(end..)?;
        match sign.as_bytes() {
            [b'"', ..] => return sign.get(1..),
            [b'\\', escaped, ..] => text.push(match escaped {
                b'n' => '\n',
                b't' => '\t',
                b'r' => '\r',
                b'"' | b'\\' => char::from(*escaped),
                _ => return None,
            }),
            _ => return None,
        }
        rest = sign.get(2..)?;
    }
}

#[cfg(target_arch = "wasm32")]
mod browser {
    use super::Unreadable;
    use wasm_bindgen::{JsCast, JsValue};

    /// A JSON value.
    #[derive(Debug, Clone)]
    pub struct Json(JsValue);

    impl Json {
        /// Reads a text.
        ///
        /// # Errors
        /// When it is not JSON.
        pub fn parse(text: &str) -> Result<Self, Unreadable> {
            js_sys::JSON::parse(text).map(Self).map_err(|_| Unreadable)
        }

        /// A member of an object; `None` when it is absent or null.
        pub fn get(&self, name: &str) -> Option<Self> {
            let value = js_sys::Reflect::get(&self.0, &JsValue::from_str(name)).ok()?;
            (!value.is_undefined() && !value.is_null()).then_some(Self(value))
        }

        /// A member that is a text; empty when it is not.
        pub fn text(&self, name: &str) -> String {
            self.some_text(name).unwrap_or_default()
        }

        /// A member that is a text; `None` when it is not.
        pub fn some_text(&self, name: &str) -> Option<String> {
            self.get(name)?.as_text()
        }

        /// The text that it is.
        pub fn as_text(&self) -> Option<String> {
            self.0.as_string()
        }

        /// A member that is a number.
        pub fn number(&self, name: &str) -> Option<f64> {
            self.get(name).and_then(|value| value.0.as_f64())
        }

        /// Whether a member is `true`.
        pub fn flag(&self, name: &str) -> bool {
            self.get(name).is_some_and(|value| value.0 == true)
        }

        /// The items of an array; none when it is not one.
        pub fn items(&self) -> Vec<Self> {
            match self.0.dyn_ref::<js_sys::Array>() {
                Some(items) => items.iter().map(Self).collect(),
                None => Vec::new(),
            }
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use super::Unreadable;
    use serde_json::Value;

    /// A JSON value.
    #[derive(Debug, Clone)]
    pub struct Json(Value);

    impl Json {
        /// Reads a text.
        ///
        /// # Errors
        /// When it is not JSON.
        pub fn parse(text: &str) -> Result<Self, Unreadable> {
            serde_json::from_str(text).map(Self).map_err(|_| Unreadable)
        }

        /// A member of an object; `None` when it is absent or null.
        pub fn get(&self, name: &str) -> Option<Self> {
            self.0.get(name).filter(|value| !value.is_null()).cloned().map(Self)
        }

        /// A member that is a text; empty when it is not.
        pub fn text(&self, name: &str) -> String {
            self.some_text(name).unwrap_or_default()
        }

        /// A member that is a text; `None` when it is not.
        pub fn some_text(&self, name: &str) -> Option<String> {
            self.get(name)?.as_text()
        }

        /// The text that it is.
        pub fn as_text(&self) -> Option<String> {
            self.0.as_str().map(str::to_owned)
        }

        /// A member that is a number.
        pub fn number(&self, name: &str) -> Option<f64> {
            self.0.get(name).and_then(Value::as_f64)
        }

        /// Whether a member is `true`.
        pub fn flag(&self, name: &str) -> bool {
            self.0.get(name).and_then(Value::as_bool).unwrap_or_default()
        }

        /// The items of an array; none when it is not one.
        pub fn items(&self) -> Vec<Self> {
            self.0.as_array().into_iter().flatten().cloned().map(Self).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn members(json: &str) -> Option<Vec<(String, String)>> {
        let mut members = Vec::new();
        each_member(json, &mut |name, value| members.push((name.to_owned(), value))).then_some(members)
    }

    proptest! {
        #[test]
        fn what_is_quoted_reads_back(text in ".*") {
            let mut out = String::new();
            quote(&mut out, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }

        #[test]
        fn an_object_of_texts_reads_as_serde_reads_it_or_not_at_all(json in r#"\{("[a-c]":"([a-z"\\\\ \nđ{:,}]|\\\\["nt/u\\\\]){0,6}",?){0,3}\}?"#) {
            if let Some(members) = members(&json) {
                let read: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&json).unwrap();
                for (name, value) in &read {
                    let last = members.iter().rev().find(|(other, _)| other == name);
                    prop_assert_eq!(last.map(|(_, text)| text.as_str()), value.as_str());
                }
            }
        }
    }

    #[test]
    fn texts_as_serde_writes_them_are_read_without_the_browser_and_what_is_no_text_is_not() {
        let written = serde_json::json!({ "content": "xin \"chào\" \\ \n\t👩🏽‍💻", "type": "delta" }).to_string();
        let read = members(&written).unwrap();
        assert!(read.contains(&("content".to_owned(), "xin \"chào\" \\ \n\t👩🏽‍💻".to_owned())) && read.len() == 2, "{read:?}");
        for other in [
            "",
            "{",
            "{}",
            "[]",
            r#"{"a":1}"#,
            r#"{"a":"b"} "#,
            r#"{"a":"b",}"#,
            r#"{"a":"\u00e0"}"#,
            "{\"a\":\"\n\"}",
            r#"{"a":"b\"#,
            "{\"a\":\"\\ạ\"}",
        ] {
            assert_eq!(members(other), None, "{other}");
        }
    }
}
