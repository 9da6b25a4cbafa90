use super::answer::Answer;
use crate::upstream::UpstreamError;
use crate::upstream::client::reading::{self, Item};
use std::collections::VecDeque;
use twinchat_protocol::sse::{Decoder, Event, Limits};

/// The most bytes of one piece: room for a whole reply, escaped.
const MAX_PIECE: usize = 4 << 20;
/// As many bytes of an answer that does not say what it is are enough to see it.
const ENOUGH: usize = 8;

/// Reads an answer in whichever format it comes.
#[derive(Debug)]
pub(super) struct Reader {
    format: Format,
    answer: Answer,
}

#[derive(Debug)]
enum Format {
    /// Not known yet: the bytes so far, and whether the answer calls itself text.
    Open { seen: Vec<u8>, is_text: bool },
    /// Server-sent events.
    Sse(Option<Decoder>),
    /// JSON values: one, one per line, the items of an array, or simply one after the other.
    Json(Values),
    /// Bare text; the first bytes of a character whose rest is still to come.
    Text(Vec<u8>),
}

impl Reader {
    /// For an answer that says it is of this media type.
    pub(super) fn new(content_type: &str, answer: Answer) -> Self {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        let format = match essence {
            "text/event-stream" => sse(),
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/x-jsonlines" | "application/json-seq" => {
                Format::Json(Values::default())
            }
            essence if essence == "application/json" || essence.ends_with("+json") => Format::Json(Values::default()),
            essence => Format::Open { seen: Vec::new(), is_text: essence.starts_with("text/") },
        };
        Self { format, answer }
    }

    /// Looks at the first bytes; says whether that was enough.
    fn decide(&mut self, is_end: bool, ready: &mut VecDeque<Item>) -> bool {
        let Format::Open { seen, is_text } = &mut self.format else { return true };
        let bytes = seen.strip_prefix(b"\xef\xbb\xbf").unwrap_or(seen).trim_ascii_start();
        if bytes.len() < ENOUGH && !is_end && seen.len() < 1024 {
            return false;
        }
        let begins = |with: &[&[u8]]| with.iter().any(|with| bytes.starts_with(with));
        let is_json = match bytes {
            [b'{', ..] => !*is_text || bytes[1..].trim_ascii_start().starts_with(b"\""),
            [b'[', rest @ ..] => matches!(rest.trim_ascii_start().first(), Some(b'{' | b'"')),
            _ => false,
        };
        let format = if begins(&[b"data:", b"event:", b"id:", b"retry:", b": "]) {
            sse()
        } else if is_json {
            Format::Json(Values::default())
        } else {
            Format::Text(Vec::new())
        };
        let seen = std::mem::take(seen);
        self.format = format;
        reading::Reader::feed(self, &seen, ready);
        true
    }

    fn text(&mut self, chunk: &[u8], ready: &mut VecDeque<Item>) {
        let Format::Text(rest) = &mut self.format else { return };
        rest.extend_from_slice(chunk);
        let whole = whole_characters(rest);
        let text = String::from_utf8_lossy(&rest[..whole]).into_owned();
        rest.drain(..whole);
        self.answer.text(&text, ready);
    }
}

/// How many bytes there are up to the last whole character. What is no UTF-8 at all counts: it is replaced.
fn whole_characters(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Err(error) = std::str::from_utf8(&bytes[at..]) {
        at += error.valid_up_to();
        let Some(damaged) = error.error_len() else { return at };
        at += damaged;
    }
    bytes.len()
}

fn sse() -> Format {
    Format::Sse(Some(Decoder::new(Limits { line: MAX_PIECE, event: MAX_PIECE })))
}

impl reading::Reader for Reader {
    fn feed(&mut self, chunk: &[u8], ready: &mut VecDeque<Item>) {
        let answer = &mut self.answer;
        match &mut self.format {
            _ if answer.is_over() => {}
            Format::Open { seen, .. } => {
                seen.extend_from_slice(chunk);
                self.decide(false, ready);
            }
            Format::Sse(Some(decoder)) => {
                if let Err(too_large) = decoder.feed(chunk, &mut |event| of_event(&event, answer, ready)) {
                    answer.fail(UpstreamError::Failed(too_large.to_string()), ready);
                }
            }
            Format::Sse(None) => {}
            Format::Json(values) => {
                if let Err(TooLarge) = values.feed(chunk, &mut |piece| of_piece(piece, answer, ready)) {
                    answer.fail(UpstreamError::Failed("a piece of its answer is too large".to_owned()), ready);
                }
            }
            Format::Text(_) => self.text(chunk, ready),
        }
    }

    fn finish(&mut self, ready: &mut VecDeque<Item>) {
        self.decide(true, ready);
        let answer = &mut self.answer;
        match &mut self.format {
            Format::Open { .. } => {}
            Format::Sse(decoder) => {
                if let Some(last) = decoder.take().and_then(Decoder::finish) {
                    of_event(&last, answer, ready);
                }
                answer.at_end(false, ready);
            }
            Format::Json(values) => {
                if values.is_inside() {
                    answer.damaged(values.piece.len());
                }
                answer.at_end(values.array_is_closed, ready);
            }
            Format::Text(rest) => {
                if !rest.is_empty() {
                    answer.text(&String::from_utf8_lossy(&std::mem::take(rest)), ready);
                }
                answer.at_end(true, ready);
            }
        }
    }
}

fn of_event(event: &Event, answer: &mut Answer, ready: &mut VecDeque<Item>) {
    if answer.is_over() {
        return;
    }
    match event.data.trim() {
        "[DONE]" => answer.end(ready),
        data if data.starts_with('{') || data.starts_with('"') => match answer.halves.read(data) {
            Ok(piece) => answer.value(&event.event, &piece, ready),
            Err(_) => answer.damaged(data.len()),
        },
        "" if event.data.is_empty() => {}
        // Bare text; a name then says what kind of thing it is.
        _ if matches!(event.event.as_str(), "" | "message" | "delta" | "token" | "data") => answer.text(&event.data, ready),
        _ => {}
    }
}

fn of_piece(piece: &[u8], answer: &mut Answer, ready: &mut VecDeque<Item>) {
    if answer.is_over() {
        return;
    }
    match str::from_utf8(piece).ok().and_then(|piece| answer.halves.read(piece).ok()) {
        Some(value) => answer.value("", &value, ready),
        None if piece == b"[DONE]" => answer.end(ready),
        None => answer.damaged(piece.len()),
    }
}

/// Finds where JSON values begin and end, without reading them. Those of one array count as if they stood alone.
#[derive(Debug, Default)]
struct Values {
    piece: Vec<u8>,
    /// How many braces and brackets are open inside of the piece.
    depth: u32,
    in_text: bool,
    escaped: bool,
    in_array: bool,
    array_is_closed: bool,
}

struct TooLarge;

impl Values {
    fn is_inside(&self) -> bool {
        !self.piece.is_empty()
    }

    fn feed(&mut self, chunk: &[u8], on_piece: &mut dyn FnMut(&[u8])) -> Result<(), TooLarge> {
        for &byte in chunk {
            if self.piece.len() >= MAX_PIECE {
                return Err(TooLarge);
            }
            self.take(byte, on_piece);
        }
        Ok(())
    }

    fn take(&mut self, byte: u8, on_piece: &mut dyn FnMut(&[u8])) {
        if self.in_text {
            self.piece.push(byte);
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => {
                    self.in_text = false;
                    self.end_at_top(on_piece);
                }
                // A text that is not closed ends with its line, so that one damaged line does not swallow the rest.
                b'\n' => self.end(on_piece),
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => {
                self.piece.push(byte);
                self.in_text = true;
            }
            b'[' if self.depth == 0 && self.piece.is_empty() && !self.in_array => self.in_array = true,
            b']' if self.depth == 0 && self.in_array => {
                self.end(on_piece);
                (self.in_array, self.array_is_closed) = (false, true);
            }
            b'{' | b'[' => {
                self.piece.push(byte);
                self.depth += 1;
            }
            b'}' | b']' => {
                self.piece.push(byte);
                self.depth = self.depth.saturating_sub(1);
                self.end_at_top(on_piece);
            }
            b'\n' | b'\r' | b',' | b' ' | b'\t' | 0x1e if self.depth == 0 => self.end(on_piece),
            _ => self.piece.push(byte),
        }
    }

    fn end_at_top(&mut self, on_piece: &mut dyn FnMut(&[u8])) {
        if self.depth == 0 {
            self.end(on_piece);
        }
    }

    fn end(&mut self, on_piece: &mut dyn FnMut(&[u8])) {
        (self.depth, self.in_text, self.escaped) = (0, false, false);
        if !self.piece.is_empty() {
            on_piece(&std::mem::take(&mut self.piece));
        }
    }
}
