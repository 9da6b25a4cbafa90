//! What is read of an answer, and no more.

use crate::upstream::UpstreamError;
use bytes::{Bytes, BytesMut};
use futures_util::stream::{BoxStream, StreamExt};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

/// The bytes of an answer as they come; an error is the connection's, without the address.
pub(crate) type Body = BoxStream<'static, Result<Bytes, String>>;
/// An answer, whoever has asked for it.
pub(crate) type Response = http::Response<Body>;

/// The most bytes of a JSON answer.
pub(crate) const MAX_ANSWER: usize = 2 << 20;
/// The most bytes read of an error's body.
pub(super) const MAX_ERROR: usize = 16 << 10;
/// The most characters kept of an error's sentence.
const MAX_TEXT: usize = 1000;

/// How a note begins when nobody was reached.
pub(super) const NO_CONNECTION: &str = "no connection";
/// How it begins when somebody was.
pub(super) const BROKEN: &str = "the connection failed";

/// What reqwest has asked for.
pub(super) fn of_reqwest(mut answer: reqwest::Response) -> Response {
    let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
    let mut response = http::Response::new(answer.bytes_stream().map(|chunk| chunk.map_err(|error| plain(&error))).boxed());
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    response
}

/// Reads a body of at most `most` bytes.
pub(super) async fn read_all(response: Response, most: usize, patience: Duration) -> Result<Bytes, UpstreamError> {
    let (mut coming, mut body) = (response.into_body(), BytesMut::new());
    loop {
        let chunk = timeout(patience, coming.next()).await.map_err(|_| UpstreamError::Silent("the body stopped"))?;
        let Some(chunk) = chunk.transpose().map_err(UpstreamError::BrokeOff)? else {
            return Ok(body.freeze());
        };
        if body.len() + chunk.len() > most {
            return Err(UpstreamError::Failed(format!("its answer is larger than {most} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
}

/// The media type that an answer says it is, in lower case, with its parameters; may be empty.
pub(crate) fn content_type(headers: &HeaderMap) -> String {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase()
}

/// For an answer that is a web page.
pub(crate) fn page_in_place_of_answer() -> UpstreamError {
    UpstreamError::Failed("it answered with a web page; check the origin in the settings".to_owned())
}

/// The error with its causes, without the address: that would put upstream ids into logs.
pub(super) fn plain(error: &reqwest::Error) -> String {
    let kind = if error.is_connect() { NO_CONNECTION } else { BROKEN };
    let mut text = kind.to_owned();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// The sentence of an error, wherever it stands. Some services' validation sends several.
pub(crate) fn error_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => {
            let text: String = text.trim().chars().take(MAX_TEXT).collect();
            (!text.is_empty()).then_some(text)
        }
        Value::Array(items) => Some(items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; ")).filter(|text| !text.is_empty()),
        Value::Object(fields) => ["message", "error", "detail", "data"].iter().find_map(|name| error_text(fields.get(*name)?)),
        _ => None,
    }
}

/// Says what is missing and shows the shape of what came instead, without any of its values.
pub(crate) fn not_understood(wanted: &str, answer: &Value) -> UpstreamError {
    UpstreamError::Failed(format!("its answer holds no {wanted}; its shape is {}", shape(answer, 3)))
}

fn shape(value: &Value, depth: u8) -> String {
    match value {
        Value::Object(_) | Value::Array(_) if depth == 0 => "…".to_owned(),
        Value::Object(fields) => {
            let members: Vec<_> =
                fields.iter().take(12).map(|(name, value)| format!("{:.40}: {}", name, shape(value, depth - 1))).collect();
            format!("{{{}}}", members.join(", "))
        }
        Value::Array(items) => items.first().map_or("[]".to_owned(), |first| format!("[{}]", shape(first, depth - 1))),
        Value::String(_) => "text".to_owned(),
        Value::Number(_) => "number".to_owned(),
        Value::Bool(_) => "bool".to_owned(),
        Value::Null => "null".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn errors_are_read_in_both_documented_forms() {
        assert_eq!(
            error_text(&json!({"statusCode": 401, "message": "Invalid API key format", "error": "Unauthorized"})).as_deref(),
            Some("Invalid API key format")
        );
        assert_eq!(error_text(&json!({"message": ["a must be b", "c"]})).as_deref(), Some("a must be b; c"));
        assert_eq!(error_text(&json!({"error": {"message": "no such model", "type": "x"}})).as_deref(), Some("no such model"));
    }
}
