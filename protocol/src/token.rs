//! Names and shapes of the token exchange: RFC 8693, RFC 6749 section 5, RFC 9449.

use crate::id::VisitorId;
use serde::{Deserialize, Serialize};

/// `grant_type` of the exchange (RFC 8693 section 2.1).
pub const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// `issued_token_type` of what the exchange gives (RFC 8693 section 3).
pub const ACCESS_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";
/// `subject_token_type` of the site's own word for who is signed in (RFC 8693 section 3).
pub const JWT_TYPE: &str = "urn:ietf:params:oauth:token-type:jwt";
/// `subject_token_type` of an anonymous visitor who holds a key: the subject token is the key's
/// RFC 7638 thumbprint, the DPoP proof on the same request is the evidence.
pub const DPOP_KEY_TYPE: &str = "urn:twinchat:params:oauth:token-type:dpop-jkt";
/// `subject_token_type` of an anonymous visitor without a key: the subject token is the visitor
/// secret of an earlier answer, or `new` for a new visitor.
pub const VISITOR_SECRET_TYPE: &str = "urn:twinchat:params:oauth:token-type:visitor-secret";
/// The subject token that asks for a new visitor secret.
pub const NEW_VISITOR: &str = "new";
/// The one client there is, a public one; naming it is optional (RFC 6749 section 2.2).
pub const CLIENT_ID: &str = "twinchat";
/// A header every token request carries: no form on another page can send it without a preflight.
pub const WIDGET_HEADER: &str = "x-twinchat";

/// What the exchange answers (RFC 8693 section 2.2.1, with our additions).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenResponse {
    /// The token for `Authorization`.
    pub access_token: String,
    /// Always [`ACCESS_TOKEN_TYPE`].
    pub issued_token_type: String,
    /// `DPoP` when bound to the visitor's key, else `Bearer`.
    pub token_type: String,
    /// Seconds until it expires.
    pub expires_in: u32,
    /// `read_only` or `full_access`.
    pub scope: String,
    /// When it expires, in seconds since 1970 (UTC).
    pub expires_at: u64,
    /// Who the proxy takes the visitor to be.
    pub visitor_id: VisitorId,
    /// Only for a new visitor without a key: the secret to come back with. Shown once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visitor_secret: Option<String>,
}

/// The body of a refused exchange (RFC 6749 section 5.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OAuthError {
    /// The RFC's code, such as `invalid_request` or `use_dpop_nonce`.
    pub error: String,
    /// What to change, in ASCII.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
}
