//! Proofs that the visitor's key is held here (RFC 9449) and the key's name (RFC 7638).

use crate::platform::json::{object, quote};
use crate::platform::{Key, Platform};
use std::rc::Rc;

/// What one proof speaks of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claims<'a> {
    /// The request's method.
    pub(super) method: &'a str,
    /// The request's address; query and fragment are left out of the proof.
    pub(super) url: &'a str,
    /// Seconds since 1970, by the server's clock.
    pub(super) issued_at: u64,
    /// The hash of the access token sent along; empty for a token request.
    pub(super) token_hash: &'a str,
    /// The server's last `DPoP-Nonce`; empty when it gave none.
    pub(super) nonce: &'a str,
}

/// A fresh proof, or `None` when the browser refuses to sign.
pub(super) async fn proof(platform: &Platform, key: &Rc<dyn Key>, claims: Claims<'_>) -> Option<String> {
    let mut text = base64url(header(key.as_ref()).as_bytes());
    text.push('.');
    text.push_str(&base64url(payload(platform, claims).as_bytes()));
    let signature = key.sign(text.as_bytes()).await?;
    text.push('.');
    text.push_str(&base64url(&signature));
    Some(text)
}

fn header(key: &dyn Key) -> String {
    let mut text = String::from(r#"{"typ":"dpop+jwt","alg":"ES256","jwk":"#);
    text.push_str(&object(&[("kty", "EC"), ("crv", "P-256"), ("x", key.x()), ("y", key.y())]));
    text.push('}');
    text
}

fn payload(platform: &Platform, claims: Claims<'_>) -> String {
    let htu = claims.url.split(['?', '#']).next().unwrap_or_default();
    let jti = random_id(platform);
    let mut members = vec![("jti", jti.as_str()), ("htm", claims.method), ("htu", htu)];
    if !claims.token_hash.is_empty() {
        members.push(("ath", claims.token_hash));
    }
    if !claims.nonce.is_empty() {
        members.push(("nonce", claims.nonce));
    }
    let mut text = object(&members);
    text.pop();
    text.push_str(",\"iat\":");
    text.push_str(&claims.issued_at.to_string());
    text.push('}');
    text
}

/// 128 random bits as text.
pub(super) fn random_id(platform: &Platform) -> String {
    let mut bytes = [0; 16];
    platform.keys.random(&mut bytes);
    base64url(&bytes)
}

/// The key's RFC 7638 thumbprint: the hash of exactly these members in exactly this order.
pub(super) async fn thumbprint(platform: &Platform, key: &dyn Key) -> Option<String> {
    let mut text = String::from(r#"{"crv":"P-256","kty":"EC","x":"#);
    quote(&mut text, key.x());
    text.push_str(",\"y\":");
    quote(&mut text, key.y());
    text.push('}');
    hash(platform, &text).await
}

/// SHA-256 of a text, base64url.
pub(super) async fn hash(platform: &Platform, text: &str) -> Option<String> {
    Some(base64url(&platform.keys.sha256(text.as_bytes()).await?))
}

/// base64url without padding (RFC 4648 section 5).
pub(super) fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::with_capacity(bytes.len() * 4 / 3 + 3);
    for group in bytes.chunks(3) {
        let bits = u32::from(group[0]) << 16 | u32::from(*group.get(1).unwrap_or(&0)) << 8 | u32::from(*group.get(2).unwrap_or(&0));
        for place in 0..=group.len() {
            out.push(ALPHABET[(bits >> (18 - 6 * place) & 63) as usize] as char);
        }
    }
    out
}
