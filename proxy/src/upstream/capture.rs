//! What an upstream really sends, byte for byte and with its pauses, as a file to test with.
//!
//! A capture is one JSON object: `format` ([`FORMAT`]), `upstream` (the kind), `exchanges`. Each
//! exchange has the request (`method`, `path` with ids replaced, `body`) and the response (`status`,
//! some `headers`, `chunks` as they came: milliseconds since the one before, and the bytes as `text`,
//! or as `base64` where they are not UTF-8; `ended`: `whole`, or why it broke off). The key is
//! replaced by `[key]`.

use super::redact::Redactor;
use crate::config::UpstreamKind;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;

/// The format's name and version.
pub const FORMAT: &str = "twinchat-capture/1";
/// Response headers that are kept; none of them can be a secret.
pub(super) const HEADERS: &[&str] = &[
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "retry-after",
    "server",
    "transfer-encoding",
    "x-accel-buffering",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-ratelimit-window",
];

/// A recorded conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// [`FORMAT`].
    pub format: String,
    /// The kind of the upstream, as in the settings.
    pub upstream: String,
    /// In the order in which they happened.
    pub exchanges: Vec<Exchange>,
}

/// A request and what came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// The method.
    pub method: String,
    /// The path, with names in braces, such as `{conversation}`, in the places of ids.
    pub path: String,
    /// The upstream's id of the conversation, which its answers name.
    pub conversation: String,
    /// The JSON body.
    pub body: Value,
    /// The status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The response's body as it came.
    pub chunks: Vec<Chunk>,
    /// `whole`, or why it broke off.
    pub ended: String,
}

/// A piece of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Milliseconds since the piece before, or the response's header.
    pub after_ms: i64,
    /// The bytes.
    #[serde(flatten)]
    pub bytes: Recorded,
}

/// Bytes that stay readable where they can.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Recorded {
    /// UTF-8.
    Text(String),
    /// Anything else, for example one half of a character.
    Base64(String),
}

/// Why a capture cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] std::io::Error),
    /// It is not what this module writes.
    #[error("this is no capture: {0}")]
    Format(#[from] serde_json::Error),
    /// It is of another version.
    #[error("the format is {0}, not {FORMAT}")]
    Version(String),
}

impl Capture {
    /// What an upstream of this kind sent.
    pub(super) fn of(kind: UpstreamKind, exchanges: Vec<Exchange>) -> Self {
        Self { format: FORMAT.to_owned(), upstream: kind.name().to_owned(), exchanges }
    }

    /// Reads a file that `doctor --capture` wrote.
    ///
    /// # Errors
    /// When it cannot be read or is no capture.
    pub fn read(path: &Path) -> Result<Self, CaptureError> {
        let capture: Self = serde_json::from_slice(&std::fs::read(path)?)?;
        if capture.format == FORMAT { Ok(capture) } else { Err(CaptureError::Version(capture.format)) }
    }

    /// As the file has it.
    pub fn to_json(&self) -> String {
        // There are no maps with keys that JSON cannot have.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

impl Exchange {
    /// The value of a response header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Removes the owner's secrets wherever they stand, also over the edges of pieces: then they become one.
    pub(super) fn redact(&mut self, redactor: &Redactor) {
        let whole: Vec<u8> = self.chunks.iter().flat_map(|chunk| chunk.bytes.bytes()).collect();
        if redactor.is_in(&whole) {
            let after_ms = self.chunks.first().map_or(0, |chunk| chunk.after_ms);
            let text = redactor.text(&String::from_utf8_lossy(&whole)).into_owned();
            self.chunks = vec![Chunk { after_ms, bytes: Recorded::Text(text) }];
        }
        for (_, value) in &mut self.headers {
            *value = redactor.text(value).into_owned();
        }
    }
}

impl Recorded {
    /// Keeps these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Base64(STANDARD.encode(bytes)),
        }
    }

    /// The bytes; none when the Base64 was damaged.
    pub fn bytes(&self) -> Bytes {
        match self {
            Self::Text(text) => Bytes::from(text.clone()),
            Self::Base64(text) => STANDARD.decode(text).unwrap_or_default().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_as_they_were_and_the_secret_does_not() {
        let pieces: [&[u8]; 4] = [b"data: tk_can", b"ary \xc4", b"\x90\n", b"\n"];
        let chunks = pieces.iter().map(|bytes| Chunk { after_ms: 3, bytes: Recorded::of(bytes) }).collect();
        let mut exchange = Exchange {
            method: "POST".to_owned(),
            path: "/".to_owned(),
            conversation: "c".to_owned(),
            body: Value::Null,
            status: 200,
            headers: vec![("server".to_owned(), "tk_canary".to_owned())],
            chunks,
            ended: "whole".to_owned(),
        };
        let text = serde_json::to_string(&exchange).unwrap();
        assert_eq!(serde_json::from_str::<Exchange>(&text).unwrap(), exchange);
        assert_eq!(exchange.chunks.iter().map(|chunk| chunk.bytes.bytes()).collect::<Vec<_>>(), pieces);
        exchange.redact(&Redactor::default().and("tk_canary"));
        assert_eq!(exchange.chunks[0].bytes.bytes(), "data: [key] \u{110}\n\n");
        assert!(!format!("{exchange:?}").contains("canary"));
    }
}
