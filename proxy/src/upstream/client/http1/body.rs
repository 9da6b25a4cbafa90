//! What of the bytes is the answer's body (RFC 9112 sections 6 and 7), however they are cut into pieces.

/// The most bytes of a chunk's extensions or of the trailers in all; nobody reads them.
const MAX_ASIDE: usize = 16 << 10;

/// How far a body has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decoder {
    /// So many bytes are still to come.
    Length(u64),
    /// It comes in chunks.
    Chunked {
        /// What comes next.
        next: Next,
        /// What was read beside the text.
        aside: usize,
    },
    /// All until the connection is closed.
    UntilClose,
}

/// What comes next of a body in chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// A digit of a chunk's size, or its end; what the digits before say, if there were any.
    Size(Option<u64>),
    /// The rest of the size's line, after the size.
    Extension(u64),
    /// The line feed after the size.
    SizeEnd(u64),
    /// So many bytes of text.
    Data(u64),
    /// The carriage return after the text.
    DataEnd,
    /// The line feed after that.
    DataEndLine,
    /// A trailer's first byte, or the end.
    TrailerOrEnd,
    /// The rest of a trailer.
    Trailer,
    /// The line feed after it.
    TrailerEnd,
    /// The last line feed.
    End,
    /// Nothing.
    Nothing,
}

/// The bytes do not follow the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Garbled {
    /// In a chunk.
    #[error("its answer's chunks cannot be read")]
    Chunk,
    /// Beside the text.
    #[error("its answer says more than {MAX_ASIDE} bytes beside its text")]
    Aside,
    /// The connection was closed too early.
    #[error("it was closed before the end of the answer")]
    Short,
}

impl Decoder {
    /// A body of so many bytes.
    pub(super) fn of_length(length: u64) -> Self {
        Self::Length(length)
    }

    /// A body in chunks.
    pub(super) fn chunked() -> Self {
        Self::Chunked { next: Next::Size(None), aside: 0 }
    }

    /// A body that ends with its connection.
    pub(super) fn until_close() -> Self {
        Self::UntilClose
    }

    /// Whether all of it was there.
    pub(super) fn is_ended(&self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked { next: Next::Nothing, .. })
    }

    /// The connection was closed.
    ///
    /// # Errors
    /// When more was to come.
    pub(super) fn close(&self) -> Result<(), Garbled> {
        if self.is_ended() || *self == Self::UntilClose { Ok(()) } else { Err(Garbled::Short) }
    }

    /// Adds to `text` what of these bytes is; says how many were the body's.
    ///
    /// # Errors
    /// When they cannot be.
    pub(super) fn feed(&mut self, bytes: &[u8], text: &mut Vec<u8>) -> Result<usize, Garbled> {
        match self {
            Self::Length(left) => Ok(take(left, bytes, text)),
            Self::UntilClose => {
                text.extend_from_slice(bytes);
                Ok(bytes.len())
            }
            Self::Chunked { next, aside } => {
                let mut used = 0;
                while used < bytes.len() && *next != Next::Nothing {
                    if let Next::Data(left) = next {
                        used += take(left, &bytes[used..], text);
                        if *left == 0 {
                            *next = Next::DataEnd;
                        }
                        continue;
                    }
                    *next = next.after(bytes[used])?;
                    used += 1;
                    *aside += usize::from(matches!(next, Next::Extension(_) | Next::Trailer));
                    if *aside > MAX_ASIDE {
                        return Err(Garbled::Aside);
                    }
                }
                Ok(used)
            }
        }
    }
}

impl Next {
    /// What comes after this byte, which is not text.
    fn after(self, byte: u8) -> Result<Self, Garbled> {
        Ok(match (self, byte) {
            (Self::Size(size), b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                let size = size.unwrap_or_default().checked_mul(16).and_then(|size| size.checked_add(digit.into()));
                Self::Size(Some(size.ok_or(Garbled::Chunk)?))
            }
            (Self::Size(Some(size)) | Self::Extension(size), b'\r') => Self::SizeEnd(size),
            (Self::Size(Some(size)), b';' | b' ' | b'\t') => Self::Extension(size),
            (Self::Extension(size), byte) if byte != b'\n' => Self::Extension(size),
            (Self::SizeEnd(0), b'\n') | (Self::TrailerEnd, b'\n') => Self::TrailerOrEnd,
            (Self::SizeEnd(size), b'\n') => Self::Data(size),
            (Self::DataEnd, b'\r') => Self::DataEndLine,
            (Self::DataEndLine, b'\n') => Self::Size(None),
            (Self::TrailerOrEnd, b'\r') => Self::End,
            (Self::Trailer, b'\r') => Self::TrailerEnd,
            (Self::TrailerOrEnd | Self::Trailer, byte) if byte != b'\n' => Self::Trailer,
            (Self::End, b'\n') => Self::Nothing,
            _ => return Err(Garbled::Chunk),
        })
    }
}

/// Moves as much as may be; says how much that was.
fn take(left: &mut u64, bytes: &[u8], text: &mut Vec<u8>) -> usize {
    let taken = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
    text.extend_from_slice(&bytes[..taken]);
    *left -= taken as u64;
    taken
}
