//! The request's bytes, and what an answer's head says (RFC 9112).

use super::body::Decoder;
use crate::upstream::client;
use http::header::{ACCEPT, CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};
use reqwest::{Request, Url};

/// The most headers of an answer.
const MAX_HEADERS: usize = 128;

/// What has been read of an answer's head.
pub(super) enum Head {
    /// It goes on.
    NotYet,
    /// So many bytes only announce the answer (1xx).
    Announced(usize),
    /// All of it.
    Answer(Box<Answer>),
}

/// An answer's head.
pub(super) struct Answer {
    /// How many bytes it takes.
    pub(super) length: usize,
    /// Status and headers.
    pub(super) parts: http::Response<()>,
    /// Where its body ends.
    pub(super) body: Decoder,
    /// Whether the connection can be used again after it.
    pub(super) keeps: bool,
}

/// The bytes of a request with this body, and with what reqwest would say of itself.
pub(super) fn request(request: &Request, body: &[u8]) -> Vec<u8> {
    let url = request.url();
    let mut bytes = Vec::with_capacity(512 + body.len());
    let target = [url.path(), url.query().map_or("", |_| "?"), url.query().unwrap_or_default()].concat();
    bytes.extend_from_slice(format!("{} {target} HTTP/1.1\r\n", request.method()).as_bytes());
    let mut line = |name: &HeaderName, value: &[u8]| {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(b"\r\n");
    };
    let headers = request.headers();
    line(&HOST, host(url).as_bytes());
    for (name, value) in [(USER_AGENT, client::USER_AGENT), (ACCEPT, "*/*")] {
        if !headers.contains_key(&name) {
            line(&name, value.as_bytes());
        }
    }
    for (name, value) in headers.iter().filter(|(name, _)| *name != CONTENT_LENGTH && *name != HOST) {
        line(name, value.as_bytes());
    }
    line(&CONTENT_LENGTH, body.len().to_string().as_bytes());
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Reads the head of an answer to a request that is neither HEAD nor CONNECT.
///
/// # Errors
/// What is wrong with it.
pub(super) fn response(bytes: &[u8]) -> Result<Head, String> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut read = httparse::Response::new(&mut headers);
    let length = match read.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(Head::NotYet),
        Err(error) => return Err(format!("its answer is no HTTP/1.1: {error}")),
    };
    let garbled = |_| "its answer is no HTTP/1.1".to_owned();
    let status = StatusCode::from_u16(read.code.unwrap_or_default()).map_err(|_| "its answer has no status".to_owned())?;
    if status == StatusCode::SWITCHING_PROTOCOLS {
        return Err("it wants another protocol".to_owned());
    }
    if status.is_informational() {
        return Ok(Head::Announced(length));
    }
    let mut parts = http::Response::new(());
    *parts.status_mut() = status;
    let is_1_0 = read.version == Some(0);
    *parts.version_mut() = if is_1_0 { Version::HTTP_10 } else { Version::HTTP_11 };
    for header in read.headers.iter() {
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| "a header of its answer has no name".to_owned())?;
        parts.headers_mut().append(name, HeaderValue::from_bytes(header.value).map_err(garbled)?);
    }
    let (body, is_clear) = framing(status, is_1_0, parts.headers())?;
    let said = |word: &str| list(parts.headers(), &CONNECTION).any(|said| said.eq_ignore_ascii_case(word));
    let keeps = is_clear && !said("close") && (!is_1_0 || said("keep-alive"));
    Ok(Head::Answer(Box::new(Answer { length, parts, body, keeps })))
}

/// Where the body ends (RFC 9112 section 6.3), and whether the connection goes on after it.
fn framing(status: StatusCode, is_1_0: bool, headers: &HeaderMap) -> Result<(Decoder, bool), String> {
    if matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        return Ok((Decoder::of_length(0), true));
    }
    if headers.contains_key(TRANSFER_ENCODING) {
        if is_1_0 {
            return Err("its answer is HTTP/1.0 with a transfer coding".to_owned());
        }
        // Somebody between may have read the length, and what followed it as another answer.
        let is_clear = !headers.contains_key(CONTENT_LENGTH);
        let is_chunked = list(headers, &TRANSFER_ENCODING).last().is_some_and(|last| last.eq_ignore_ascii_case("chunked"));
        return Ok(if is_chunked { (Decoder::chunked(), is_clear) } else { (Decoder::until_close(), false) });
    }
    let mut length = None;
    for said in list(headers, &CONTENT_LENGTH) {
        let said = Some(said).filter(|said| said.bytes().all(|byte| byte.is_ascii_digit())).and_then(|said| said.parse::<u64>().ok());
        let (Some(said), true) = (said, length.is_none_or(|before| Some(before) == said)) else {
            return Err("its answer's length cannot be read".to_owned());
        };
        length = Some(said);
    }
    Ok(length.map_or((Decoder::until_close(), false), |length| (Decoder::of_length(length), true)))
}

/// The members of a list in one or several lines. One that is no text is empty.
fn list<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).into_iter().flat_map(|value| value.to_str().unwrap_or_default().split(',').map(str::trim))
}
