//! A codec for `text/event-stream` (WHATWG HTML, section 9.2 "Server-sent events").
//!
//! Bytes in, events out, no I/O. Any chunking gives the same events: bytes wait until their line
//! is whole, so a character split over two chunks is never damaged. A line that ends in a lone
//! CR is done at once, without waiting to see whether an LF follows. Both a line and an event
//! have a size limit, since the other side may be hostile.

use std::fmt;

/// What may be kept in memory for one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest line, in bytes. Default 1 MiB.
    pub line: usize,
    /// The most data one event may have, in bytes. Default 4 MiB.
    pub event: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { line: 1 << 20, event: 4 << 20 }
    }
}

/// One event of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// The `event:` field; empty when there was none, which means `message`.
    pub event: String,
    /// The `data:` lines, joined by LF.
    pub data: String,
    /// The last `id:` seen on the stream so far, this event's or an earlier one's.
    pub id: String,
}

/// The stream went over its [`Limits`]. The decoder stays unusable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooLarge {
    /// A line is longer than [`Limits::line`].
    Line,
    /// An event holds more than [`Limits::event`].
    Event,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Line => "a line of the event stream is too long",
            Self::Event => "an event of the stream is too large",
        })
    }
}

impl std::error::Error for TooLarge {}

/// Turns the bytes of a stream into [`Event`]s.
///
/// ```
/// use twinchat_protocol::sse::Decoder;
/// let mut decoder = Decoder::default();
/// let mut events = Vec::new();
/// decoder.feed(b"event: delta\ndata: Xin ch\xc3", &mut |event| events.push(event)).unwrap();
/// decoder.feed(b"\xa0o\n\n", &mut |event| events.push(event)).unwrap();
/// assert_eq!(events[0].data, "Xin chào");
/// ```
#[derive(Debug, Default)]
pub struct Decoder {
    limits: Limits,
    line: Vec<u8>,
    event: String,
    data: String,
    has_data: bool,
    id: String,
    retry: Option<u32>,
    after_cr: bool,
    started: bool,
    failed: Option<TooLarge>,
}

impl Decoder {
    /// A decoder with these limits; [`Decoder::default`] has the default ones.
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Reads a chunk and hands every event it completes to `on_event`.
    ///
    /// # Errors
    /// When the stream goes over a limit; every later call answers the same.
    pub fn feed(&mut self, chunk: &[u8], on_event: &mut dyn FnMut(Event)) -> Result<(), TooLarge> {
        let mut rest = chunk;
        while !rest.is_empty() {
            if let Some(error) = self.failed {
                return Err(error);
            }
            if std::mem::take(&mut self.after_cr) && rest[0] == b'\n' {
                rest = &rest[1..];
                continue;
            }
            match rest.iter().position(|&byte| byte == b'\n' || byte == b'\r') {
                None => {
                    self.extend_line(rest)?;
                    break;
                }
                Some(end) => {
                    self.extend_line(&rest[..end])?;
                    self.after_cr = rest[end] == b'\r';
                    rest = &rest[end + 1..];
                    self.end_line(on_event)?;
                }
            }
        }
        Ok(())
    }

    /// The event the stream ended in the middle of, if it had data.
    ///
    /// The standard drops it; an upstream that forgets its last blank line still meant it.
    pub fn finish(mut self) -> Option<Event> {
        let mut last = None;
        if self.failed.is_none() {
            if !self.line.is_empty() {
                self.end_line(&mut |event| last = Some(event)).ok()?;
            }
            self.dispatch(&mut |event| last = Some(event));
        }
        last
    }

    /// The last `id:` seen; empty before the first.
    pub fn last_event_id(&self) -> &str {
        &self.id
    }

    /// The last `retry:` seen, in milliseconds.
    pub fn retry_millis(&self) -> Option<u32> {
        self.retry
    }

    fn extend_line(&mut self, bytes: &[u8]) -> Result<(), TooLarge> {
        if self.line.len() + bytes.len() > self.limits.line {
            return self.fail(TooLarge::Line);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn fail(&mut self, error: TooLarge) -> Result<(), TooLarge> {
        self.line = Vec::new();
        self.data = String::new();
        self.failed = Some(error);
        Err(error)
    }

    fn end_line(&mut self, on_event: &mut dyn FnMut(Event)) -> Result<(), TooLarge> {
        let mut bytes = std::mem::take(&mut self.line);
        let bom = if std::mem::replace(&mut self.started, true) || !bytes.starts_with(b"\xef\xbb\xbf") { 0 } else { 3 };
        let result = {
            let line = &bytes[bom..];
            if line.is_empty() {
                self.dispatch(on_event);
                Ok(())
            } else {
                let (name, value) = match line.iter().position(|&byte| byte == b':') {
                    Some(colon) => (&line[..colon], &line[colon + 1..]),
                    None => (line, &[][..]),
                };
                self.field(name, value.strip_prefix(b" ").unwrap_or(value))
            }
        };
        bytes.clear();
        self.line = bytes;
        result
    }

    fn field(&mut self, name: &[u8], value: &[u8]) -> Result<(), TooLarge> {
        match name {
            b"data" => {
                if self.data.len() + value.len() + 1 > self.limits.event {
                    return self.fail(TooLarge::Event);
                }
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.push('\n');
                }
                self.data.push_str(&String::from_utf8_lossy(value));
            }
            b"event" => self.event = String::from_utf8_lossy(value).into_owned(),
            b"id" if !value.contains(&0) => self.id = String::from_utf8_lossy(value).into_owned(),
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                self.retry = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
            }
            _ => {}
        }
        Ok(())
    }

    fn dispatch(&mut self, on_event: &mut dyn FnMut(Event)) {
        let event = std::mem::take(&mut self.event);
        if std::mem::take(&mut self.has_data) {
            on_event(Event { event, data: std::mem::take(&mut self.data), id: self.id.clone() });
        }
    }
}

/// Writes one event. Line ends inside `data` become further `data:` lines; in `event` and `id`
/// they would break the stream, so those are written up to the first one.
///
/// ```
/// use twinchat_protocol::sse::encode;
/// assert_eq!(encode("delta", "1.2", "a\nb"), "event: delta\nid: 1.2\ndata: a\ndata: b\n\n");
/// ```
pub fn encode(event: &str, id: &str, data: &str) -> String {
    let mut out = String::with_capacity(data.len() + event.len() + id.len() + 32);
    if !event.is_empty() {
        push_field(&mut out, "event", first_line(event));
    }
    if !id.is_empty() {
        push_field(&mut out, "id", first_line(id));
    }
    for line in lines(data) {
        push_field(&mut out, "data", line);
    }
    out.push('\n');
    out
}

/// A comment: keeps the connection busy and says nothing.
///
/// One line: it is read as it comes. A blank line behind it would end an event, which is nothing for
/// the standard and yet an event without data for some readers.
pub fn encode_comment(text: &str) -> String {
    format!(": {}\n", first_line(text))
}

/// Tells the reader how long to wait before it connects again. One line, as a comment is.
pub fn encode_retry(millis: u32) -> String {
    format!("retry: {millis}\n")
}

fn push_field(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    out.push_str(": ");
    out.push_str(value);
    out.push('\n');
}

fn first_line(text: &str) -> &str {
    text.split(['\n', '\r', '\0']).next().unwrap_or_default()
}

/// Splits at LF, CR and CRLF, as a reader of the stream would.
fn lines(data: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(data);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.find(['\n', '\r']) else {
            rest = None;
            return Some(text);
        };
        let width = if text[end..].starts_with("\r\n") { 2 } else { 1 };
        rest = Some(&text[end + width..]);
        Some(&text[..end])
    })
}
