//! Stable error codes and the body they travel in.
//!
//! The body is RFC 9457 problem details and TwinExpert's documented error body at once: the RFC
//! allows further members, so a client of either finds what it knows.

use serde::{Deserialize, Serialize};

macro_rules! error_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal, $status:literal, $title:literal;)*) => {
        /// Why a request or a reply failed. Codes are never renamed or reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ErrorCode { $($(#[doc = $doc])+ #[serde(rename = $text)] $name,)* }

        impl ErrorCode {
            /// All of them, for tables and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The code of this name on the wire.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.as_str() == name)
            }

            /// The code on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// The HTTP status it travels with. For failures inside a stream: the one it would have had.
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status),* }
            }

            /// What it means, for developers.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii()),* }
            }

            /// A short name for the kind of problem, the same in all languages (RFC 9457 `title`).
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title),* }
            }
        }
    };
}

error_codes! {
    /// The body, a field or a query parameter is not what is documented; `details.field` names it.
    InvalidRequest = "INVALID_REQUEST", 400, "Invalid request";
    /// No token, or one that this proxy did not issue.
    InvalidToken = "INVALID_TOKEN", 401, "Invalid token";
    /// The token was good and is no longer.
    TokenExpired = "TOKEN_EXPIRED", 401, "Token expired";
    /// The proof of possession is missing or wrong (RFC 9449).
    InvalidDpopProof = "INVALID_DPOP_PROOF", 401, "Invalid DPoP proof";
    /// The proof of possession needs the nonce that is in the header `DPoP-Nonce` (RFC 9449).
    UseDpopNonce = "USE_DPOP_NONCE", 401, "DPoP nonce required";
    /// The token may not do this.
    InsufficientScope = "INSUFFICIENT_SCOPE", 403, "Insufficient scope";
    /// An anonymous visitor cannot do this: get a token with an identity token of the site's.
    SignInRequired = "SIGN_IN_REQUIRED", 403, "Sign-in required";
    /// The page's origin is not in the proxy's `allowed_origins`.
    OriginNotAllowed = "ORIGIN_NOT_ALLOWED", 403, "Origin not allowed";
    /// There is no such thing, or it is somebody else's.
    NotFound = "NOT_FOUND", 404, "Not found";
    /// The path exists, the method does not.
    MethodNotAllowed = "METHOD_NOT_ALLOWED", 405, "Method not allowed";
    /// The request's body did not arrive in time.
    RequestTimeout = "REQUEST_TIMEOUT", 408, "Request timeout";
    /// The twin is still answering in this conversation.
    ReplyInProgress = "REPLY_IN_PROGRESS", 409, "Reply in progress";
    /// The anonymous visitor's conversations became another user's before.
    LinkedElsewhere = "LINKED_ELSEWHERE", 409, "Linked to another user";
    /// The message cannot be answered again: it is whole, or it is not the conversation's last.
    NotRetryable = "NOT_RETRYABLE", 409, "Not retryable";
    /// The body is larger than allowed.
    PayloadTooLarge = "PAYLOAD_TOO_LARGE", 413, "Payload too large";
    /// The request's address is longer than 8192 bytes.
    UriTooLong = "URI_TOO_LONG", 414, "Address too long";
    /// The body's `Content-Type` is not one that is read here.
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE", 415, "Unsupported media type";
    /// The `Idempotency-Key` was used before with another body.
    IdempotencyMismatch = "IDEMPOTENCY_MISMATCH", 422, "Idempotency key reused";
    /// The request's header has more than 16384 bytes.
    HeaderTooLarge = "HEADER_TOO_LARGE", 431, "Request header too large";
    /// Too many requests; `Retry-After` and `details.retryAfter` say when to come back.
    RateLimited = "RATE_LIMITED", 429, "Too many requests";
    /// Our fault.
    Internal = "INTERNAL_ERROR", 500, "Internal error";
    /// The upstream failed or said something that cannot be understood.
    UpstreamError = "UPSTREAM_ERROR", 502, "Upstream error";
    /// The upstream refused the owner's key: the owner has to act.
    UpstreamRefused = "UPSTREAM_REFUSED", 502, "Upstream refused";
    /// All people who could answer are talking to others; `Retry-After` says when somebody may be free.
    NobodyFree = "NOBODY_FREE", 503, "Nobody free";
    /// The upstream cannot be reached.
    UpstreamUnavailable = "UPSTREAM_UNAVAILABLE", 503, "Upstream unavailable";
    /// The proxy cannot write to its database.
    StoreUnavailable = "STORE_UNAVAILABLE", 503, "Store unavailable";
    /// The upstream fell silent.
    UpstreamTimeout = "UPSTREAM_TIMEOUT", 504, "Upstream timeout";
    /// The upstream's stream ended before its end was announced.
    ReplyIncomplete = "REPLY_INCOMPLETE", 502, "Reply incomplete";
    /// The proxy was ended while the reply was being written.
    ReplyInterrupted = "REPLY_INTERRUPTED", 503, "Reply interrupted";
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for ErrorCode {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        let names = Self::ALL.iter().map(|code| code.as_str());
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .enum_values(Some(names))
            .description(Some("Why a request or a reply failed. Codes are never renamed or reused."))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for ErrorCode {}

impl ErrorCode {
    /// Whether the same request may succeed later without a change.
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::RequestTimeout
                | Self::RateLimited
                | Self::Internal
                | Self::UpstreamError
                | Self::UpstreamUnavailable
                | Self::NobodyFree
                | Self::UpstreamTimeout
                | Self::StoreUnavailable
                | Self::ReplyIncomplete
                | Self::ReplyInterrupted
        )
    }
}

/// The body of every error under `/api/v1`, and the `error` of a stream event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    /// RFC 9457: a URI reference that names the kind of problem, such as `/problems/not-found`.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// RFC 9457: [`ErrorCode::title`].
    #[serde(default)]
    pub title: String,
    /// RFC 9457: the HTTP status.
    #[serde(default)]
    pub status: u16,
    /// RFC 9457: the same sentence as `message`.
    #[serde(default)]
    pub detail: String,
    /// Always `false`.
    #[serde(default)]
    pub success: bool,
    /// A sentence in the visitor's language that says what to change.
    #[serde(default)]
    pub message: String,
    /// The stable code.
    pub error: ErrorCode,
    /// The HTTP status again, as TwinExpert names it.
    #[serde(default)]
    pub status_code: u16,
    /// When, and under which request id.
    #[serde(default)]
    pub meta: crate::envelope::Meta,
    /// More, where there is more.
    #[serde(default)]
    pub details: ErrorDetails,
}

/// What else is known of an error.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ErrorDetails {
    /// The field or parameter that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Seconds until another try makes sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// Whether another try without a change can succeed.
    pub retryable: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back_from_its_name() {
        for code in ErrorCode::ALL {
            let text = format!("\"{}\"", code.as_str());
            assert_eq!(serde_json::to_string(code).unwrap(), text);
            assert_eq!(serde_json::from_str::<ErrorCode>(&text).unwrap(), *code);
            assert!((400..600).contains(&code.status()));
        }
    }
}
