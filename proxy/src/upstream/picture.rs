use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::fmt;

/// The largest picture passed on, in bytes.
pub(super) const MAX_BYTES: usize = 512 * 1024;

/// A twin's picture, of a type that was checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Its media type, one of five.
    pub media_type: &'static str,
    /// The file.
    pub bytes: Bytes,
    /// A fingerprint, for `ETag`.
    pub fingerprint: String,
}

impl Picture {
    /// A picture, if the bytes are one of PNG, JPEG, GIF, WebP or SVG. The bytes decide; what they
    /// were said to be is only asked for SVG, which has no signature.
    pub fn checked(bytes: Bytes, said: &str) -> Option<Self> {
        let media_type = media_type(&bytes, said)?;
        let digest = Sha256::digest(&bytes);
        Some(Self { media_type, fingerprint: crate::clock::base32_lower(&digest[..16]), bytes })
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({}, {} bytes)", self.media_type, self.bytes.len())
    }
}

fn media_type(bytes: &[u8], said: &str) -> Option<&'static str> {
    if bytes.len() > MAX_BYTES {
        return None;
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some("image/png");
    }
    if bytes.starts_with(b"\xff\xd8\xff") {
        return Some("image/jpeg");
    }
    if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        return Some("image/gif");
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Some("image/webp");
    }
    let said_svg = said.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("image/svg+xml"));
    let text = std::str::from_utf8(bytes).ok()?.trim_start_matches('\u{feff}').trim_start();
    let is_svg = said_svg && (text.starts_with("<svg") || text.starts_with("<?xml") || text.starts_with("<!--")) && text.contains("<svg");
    is_svg.then_some("image/svg+xml")
}
