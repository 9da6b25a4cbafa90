//! The media types that files may have, and how a file's bytes show that it is what it is called. Pure.
//!
//! Deliberately absent: files themselves, and which of these types an owner lets through.

mod kinds;
#[cfg(test)]
mod tests;

pub use kinds::KINDS;

/// As much of a file's beginning is enough to tell what it is.
pub const HEAD: usize = 64;

/// A kind of file.
#[derive(Debug)]
pub struct Kind {
    /// Its media type (RFC 6838).
    pub media_type: &'static str,
    /// What browsers call it besides.
    also: &'static [&'static str],
    /// How names of such files end, without the dot, in lower case.
    pub extensions: &'static [&'static str],
    looks: Looks,
}

/// How the bytes of a kind look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looks {
    /// They begin like one of these.
    Begins(&'static [&'static [u8]]),
    /// A RIFF container of this form.
    Riff(&'static [u8; 4]),
    /// An ISO base media file with one of these brands (ISO 14496-12 section 4.3).
    Brand(&'static [&'static [u8; 4]]),
    /// A ZIP archive whose first entry has a name that begins like one of these; any, if there are none.
    Zip(&'static [&'static str]),
    /// Text in any encoding: nothing else's beginning, and no NUL unless it is UTF-16.
    Text,
}

impl Kind {
    /// The kind with this media type.
    pub fn of_type(media_type: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.media_type == media_type)
    }

    /// The kind that a file of this name, declared to be of this type, says it is. The name's ending counts more:
    /// browsers guess the type from it, not all of them well. None when it is no kind known here, or when the two
    /// contradict each other.
    pub fn claimed(name: &str, declared: &str) -> Option<&'static Self> {
        let declared = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let says_nothing = matches!(declared.as_str(), "" | "application/octet-stream" | "binary/octet-stream");
        let Some(extension) = extension(name) else {
            return KINDS.iter().find(|kind| kind.is_called(&declared));
        };
        let mut by_name = KINDS.iter().filter(|kind| kind.extensions.contains(&extension.as_str()));
        let first = by_name.clone().next()?;
        let alike = KINDS.iter().any(|kind| kind.is_called(&declared) && kind.looks.is_alike(first.looks));
        by_name.find(|kind| kind.is_called(&declared)).or((says_nothing || alike).then_some(first))
    }

    /// Whether a file that begins like this ([`HEAD`] bytes are enough) and holds a NUL somewhere, or not, is of
    /// this kind.
    pub fn is_shown_by(&self, head: &[u8], has_nul: bool) -> bool {
        match self.looks {
            Looks::Text => {
                let utf16 = head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff");
                (utf16 || !has_nul) && !KINDS.iter().any(|kind| kind.looks != Looks::Text && kind.looks.fit(head))
            }
            looks => looks.fit(head),
        }
    }

    fn is_called(&self, media_type: &str) -> bool {
        self.media_type == media_type || self.also.contains(&media_type)
    }
}

impl Looks {
    fn fit(self, head: &[u8]) -> bool {
        match self {
            Self::Begins(beginnings) => beginnings.iter().any(|beginning| head.starts_with(beginning)),
            Self::Riff(form) => head.starts_with(b"RIFF") && head.get(8..12) == Some(form),
            Self::Brand(brands) => {
                head.get(4..8) == Some(b"ftyp") && head.get(8..12).is_some_and(|brand| brands.iter().any(|known| brand == *known))
            }
            Self::Zip(entries) => {
                let name = head.get(30..).unwrap_or_default();
                head.starts_with(b"PK\x03\x04") && (entries.is_empty() || entries.iter().any(|entry| name.starts_with(entry.as_bytes())))
            }
            Self::Text => false,
        }
    }

    /// Whether one is often taken for the other: both text, both ZIP archives.
    fn is_alike(self, other: Self) -> bool {
        self == other || matches!((self, other), (Self::Zip(_), Self::Zip(_)))
    }
}

/// What a name ends in, if that is an extension: one to eight letters and digits, not only digits.
pub fn extension(name: &str) -> Option<String> {
    let (stem, end) = name.rsplit_once('.')?;
    let is_one = (1..=8).contains(&end.len()) && end.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (!stem.is_empty() && is_one && !end.bytes().all(|byte| byte.is_ascii_digit())).then(|| end.to_ascii_lowercase())
}
