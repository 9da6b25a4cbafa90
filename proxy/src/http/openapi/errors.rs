//! Which errors an operation can answer with: what its shape implies, and what it does besides.

use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use twinchat_protocol::error::ErrorCode::{self, *};

/// What goes wrong when the twins' service is asked while the caller waits.
const UPSTREAM: &[ErrorCode] = &[UpstreamError, UpstreamRefused, UpstreamUnavailable, UpstreamTimeout, ReplyIncomplete];
/// What can be said against a request before anybody looks at what it wants.
const ANY: &[ErrorCode] = &[InvalidRequest, PayloadTooLarge, UriTooLong, HeaderTooLarge, Internal];

/// What an operation does besides what its shape implies.
fn own(operation: &str) -> Vec<&'static [ErrorCode]> {
    match operation {
        "createConversation" | "createConversationWithTwin" | "listTwins" | "getTwin" | "getAvatar" => vec![UPSTREAM],
        "sendMessage" => vec![UPSTREAM, &[ReplyInProgress, IdempotencyMismatch, NobodyFree, ReplyInterrupted]],
        "streamMessage" => vec![&[ReplyInProgress, IdempotencyMismatch, NobodyFree, UpstreamUnavailable]],
        "retryReply" => vec![&[ReplyInProgress, NotRetryable, NobodyFree, UpstreamUnavailable]],
        "linkVisitor" => vec![&[SignInRequired, LinkedElsewhere]],
        "searchMessages" | "getFrame" => vec![&[NotFound]],
        "isReady" | "revokeToken" => vec![&[StoreUnavailable]],
        _ => vec![],
    }
}

/// What the shape of an operation says of who may call it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape<'a> {
    /// `get`, `post`, …
    pub(super) method: &'a str,
    /// The path in the document.
    pub(super) path: &'a str,
}

impl Shape<'_> {
    /// Whether it is a visitor's.
    pub(super) fn needs_token(self) -> bool {
        self.path.starts_with("/api/v1/") && self.path != "/api/v1/widget"
    }

    /// Whether a page's origin is looked at.
    pub(super) fn is_guarded(self) -> bool {
        self.path.starts_with("/api/") || self.path.starts_with("/oauth/")
    }

    /// Whether it counts for an allowance.
    pub(super) fn is_charged(self) -> bool {
        !matches!(self.path, "/healthz" | "/readyz")
    }
}

/// All codes of an operation, by status.
pub(super) fn codes(shape: Shape<'_>, operation: &Value) -> BTreeMap<u16, Vec<ErrorCode>> {
    let has_json = operation["requestBody"]["content"]["application/json"].is_object();
    let implied: [(bool, &[ErrorCode]); 7] = [
        (true, ANY),
        (shape.is_charged(), &[RateLimited]),
        (shape.is_guarded(), &[OriginNotAllowed]),
        (shape.needs_token(), &[InvalidToken, TokenExpired, InvalidDpopProof, UseDpopNonce, StoreUnavailable]),
        (shape.needs_token() && shape.method != "get", &[InsufficientScope]),
        (has_json, &[UnsupportedMediaType]),
        (operation["requestBody"].is_object(), &[RequestTimeout]),
    ];
    let mut found: BTreeSet<&str> = BTreeSet::new();
    let mut add = |codes: &[ErrorCode]| found.extend(codes.iter().map(|code| code.as_str()));
    implied.iter().filter(|(holds, _)| *holds).for_each(|(_, codes)| add(codes));
    own(operation["operationId"].as_str().unwrap_or_default()).into_iter().for_each(&mut add);
    if shape.path.contains('{') || has_json && operation["operationId"] == "createConversation" {
        add(&[NotFound]);
    }
    let mut by_status: BTreeMap<u16, Vec<ErrorCode>> = BTreeMap::new();
    for code in ErrorCode::ALL.iter().filter(|code| found.contains(code.as_str())) {
        by_status.entry(code.status()).or_default().push(*code);
    }
    by_status
}

/// The name under which a response with these codes is kept in the document.
pub(super) fn component(codes: &[ErrorCode], shape: Shape<'_>) -> String {
    let names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    format!("{}{}", names.join("."), if shape.is_charged() { "" } else { ".uncharged" })
}

/// A response with one of these codes, all of the same status.
pub(super) fn response(codes: &[ErrorCode], headers: &Map<String, Value>) -> Value {
    let status = codes[0].status();
    let meanings: Vec<String> = codes.iter().map(|code| format!("`{}`: {}", code.as_str(), code.meaning())).collect();
    let names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let examples: Map<String, Value> = codes.iter().map(|code| (code.as_str().to_owned(), json!({"value": example(*code)}))).collect();
    let narrowed = json!({"properties": {"error": {"enum": names}, "status": {"const": status}, "statusCode": {"const": status}}});
    json!({
        "description": meanings.join(" "),
        "headers": headers,
        "content": {"application/problem+json": {
            "schema": {"allOf": [{"$ref": "#/components/schemas/ErrorBody"}, narrowed]},
            "examples": examples,
        }},
    })
}

fn example(code: ErrorCode) -> Value {
    let context = crate::http::context::Context { request_id: "req_3k5xq7mzv2n4b6c8d1f3g5h7j9".to_owned(), ..Default::default() };
    let mut error = crate::http::error::ApiError::new(code);
    if code == RateLimited {
        error = error.retry_after(3);
    }
    serde_json::to_value(error.body(&context)).unwrap_or_default()
}
