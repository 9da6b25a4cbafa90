//! JSON Web Signatures in compact form (RFC 7515), strictly read.
//!
//! Two algorithms and no choice left to whoever wrote the token: the caller names the one it expects.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{hmac, signature};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest text that is looked at.
const MAX_CHARS: usize = 4096;

/// A text that has the form of a signed token. Nothing in it is to be believed before a `verify`.
pub(super) struct UnverifiedJws<'a> {
    signed: &'a str,
    header: Vec<u8>,
    claims: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> UnverifiedJws<'a> {
    /// Three parts of base64url without padding.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        Self::parse_up_to(text, MAX_CHARS)
    }

    /// The same for a kind of token that may be longer or must be shorter.
    pub(super) fn parse_up_to(text: &'a str, max_chars: usize) -> Option<Self> {
        if text.len() > max_chars {
            return None;
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        Some(Self { signed, header: decode(header)?, claims: decode(claims)?, signature: decode(signature)? })
    }

    /// The header, as far as it has this shape.
    pub(super) fn header<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.header).ok()
    }

    /// The header as it was written.
    pub(super) fn header_bytes(&self) -> &[u8] {
        &self.header
    }

    /// The claims as they were written. For tokens whose claims say how to verify them.
    pub(super) fn unverified_claim_bytes(&self) -> &[u8] {
        &self.claims
    }

    /// What was signed, and the signature.
    pub(super) fn signed_and_signature(&self) -> (&[u8], &[u8]) {
        (self.signed.as_bytes(), &self.signature)
    }

    /// The claims, as far as they have this shape. For tokens whose claims say how to verify them.
    pub(super) fn unverified_claims<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.claims).ok()
    }

    /// The claims, if this key made the signature (HS256).
    pub(super) fn verify_hs256<T: DeserializeOwned>(&self, key: &hmac::Key) -> Option<T> {
        hmac::verify(key, self.signed.as_bytes(), &self.signature).ok()?;
        self.unverified_claims()
    }

    /// Whether the key with this point (32 bytes each) made the signature (ES256).
    pub(super) fn is_signed_es256(&self, x: &[u8], y: &[u8]) -> bool {
        let point = [&[4], x, y].concat();
        let key = signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point);
        key.verify(self.signed.as_bytes(), &self.signature).is_ok()
    }
}

/// A token signed with HS256.
pub(super) fn sign_hs256(typ: &str, claims: &impl Serialize, key: &hmac::Key) -> String {
    let header = encode(serde_json::json!({"alg": "HS256", "typ": typ}).to_string());
    let claims = encode(serde_json::to_vec(claims).unwrap_or_default());
    let signed = format!("{header}.{claims}");
    let tag = hmac::sign(key, signed.as_bytes());
    format!("{signed}.{}", encode(tag))
}

/// base64url without padding; padding, foreign characters and stray bits are refused.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// base64url without padding.
pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
