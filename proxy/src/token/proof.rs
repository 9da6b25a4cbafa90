//! Proofs of possession: the twelve checks of RFC 9449 section 4.3.

use super::json;
use super::jws::{UnverifiedJws, decode, encode};
use super::nonce::Nonces;
use super::replay::{ReplayMemory, Use};
use crate::config::PublicUrl;
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value};

/// How far a proof's `iat` may be from our clock, either way, in seconds.
pub(super) const WINDOW_SECONDS: i64 = 60;
/// The longest `jti` that is looked at.
const MAX_JTI_CHARS: usize = 256;
/// Members that only a private or a symmetric key has (RFC 7518 section 6).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Why a proof is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProofError {
    /// A check has failed; what to change.
    Invalid(&'static str),
    /// Everything is right but the nonce.
    Nonce,
    /// There is no room to remember it. The same visitor may try again in two minutes.
    NoRoom,
}

impl From<&'static str> for ProofError {
    fn from(why: &'static str) -> Self {
        Self::Invalid(why)
    }
}

/// The request that a proof has to be for.
#[derive(Clone, Copy)]
pub(super) struct Expected<'a> {
    /// Its method.
    pub(super) method: &'a str,
    /// Its path, without the query.
    pub(super) path: &'a str,
    /// Where browsers reach this server.
    pub(super) public_urls: &'a [PublicUrl],
    /// Seconds since 1970.
    pub(super) now: i64,
    /// The access token that comes along, and the thumbprint it is bound to.
    pub(super) token: Option<(&'a str, &'a str)>,
    /// Where nonces come from, if one is required.
    pub(super) nonces: Option<&'a Nonces>,
}

struct Claims<'a> {
    jti: &'a str,
    htm: &'a str,
    htu: &'a str,
    iat: f64,
}

/// Checks the `DPoP` headers of a request. Answers with the thumbprint (RFC 7638) of the key that signed.
///
/// A proof counts as used only when everything else about it is right.
pub(super) fn check(proofs: &[&str], expected: &Expected<'_>, seen: &ReplayMemory) -> Result<String, ProofError> {
    let [proof] = proofs else {
        let none = "the DPoP header is missing";
        return Err(if proofs.is_empty() { none } else { "there is more than one DPoP header" }.into());
    };
    let jws = UnverifiedJws::parse(proof).ok_or("the proof is not a JWT of at most 4096 characters")?;
    let (x, y) = checked_header(&json::object(jws.header_bytes()).ok_or("the proof's header is not a JSON object with different names")?)?;
    let claims = json::object(jws.unverified_claim_bytes()).ok_or("the proof's claims are not a JSON object with different names")?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let required = || {
        let iat = claims.get("iat").and_then(Value::as_f64)?;
        Some(Claims { jti: text("jti")?, htm: text("htm")?, htu: text("htu")?, iat })
    };
    let required = required().ok_or("the proof needs the claims jti, htm and htu as texts and iat as a number")?;
    if !jws.is_signed_es256(&x, &y) {
        return Err("the proof's signature does not fit its jwk".into());
    }
    check_claims(&required, expected)?;
    let jkt = thumbprint(&x, &y);
    if let Some((token, bound_to)) = expected.token {
        if text("ath") != Some(encode(digest(&SHA256, token.as_bytes())).as_str()) {
            return Err("the proof's ath is not the hash of the access token".into());
        }
        if jkt != bound_to {
            return Err("the access token is bound to another key".into());
        }
    }
    if expected.nonces.is_some_and(|nonces| !nonces.accepts(text("nonce").unwrap_or(""), expected.now)) {
        return Err(ProofError::Nonce);
    }
    match seen.remember(&jkt, required.jti, expected.now) {
        Use::First => Ok(jkt),
        Use::Again => Err("the proof was used before".into()),
        Use::NoRoom => Err(ProofError::NoRoom),
    }
}

/// The key in the header, if the header is that of a proof.
fn checked_header(header: &Map<String, Value>) -> Result<(Vec<u8>, Vec<u8>), &'static str> {
    if header.get("typ").and_then(Value::as_str) != Some("dpop+jwt") {
        return Err("the proof's typ must be dpop+jwt");
    }
    if header.get("alg").and_then(Value::as_str) != Some("ES256") {
        return Err("the proof's alg must be ES256");
    }
    if header.contains_key("crit") {
        return Err("the proof has critical header parameters that are not known here");
    }
    public_key(header.get("jwk").and_then(Value::as_object).ok_or("the proof's header needs a jwk")?)
}

fn check_claims(claims: &Claims<'_>, expected: &Expected<'_>) -> Result<(), &'static str> {
    if claims.jti.is_empty() || claims.jti.len() > MAX_JTI_CHARS {
        return Err("the proof's jti must have 1 to 256 characters");
    }
    if claims.htm != expected.method {
        return Err("the proof's htm is not this request's method");
    }
    if !is_for(claims.htu, expected) {
        return Err("the proof's htu is not this request's address; behind a reverse proxy, set server.public_urls");
    }
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^53")]
    let age = expected.now as f64 - claims.iat;
    if age.abs() > WINDOW_SECONDS as f64 {
        return Err("the proof's iat is more than 60 seconds from this server's clock");
    }
    Ok(())
}

/// The two coordinates of a public P-256 key.
fn public_key(jwk: &Map<String, Value>) -> Result<(Vec<u8>, Vec<u8>), &'static str> {
    if PRIVATE_MEMBERS.iter().any(|member| jwk.contains_key(*member)) {
        return Err("the proof's jwk holds a private key: throw that key away");
    }
    let text = |member: &str| jwk.get(member).and_then(Value::as_str);
    if text("kty") != Some("EC") || text("crv") != Some("P-256") {
        return Err("the proof's jwk must be a P-256 key");
    }
    let coordinate = |member| text(member).and_then(decode).filter(|bytes| bytes.len() == 32);
    coordinate("x").zip(coordinate("y")).ok_or("the proof's jwk needs x and y of 32 bytes each")
}

/// RFC 7638 section 3: the hash of the required members in lexicographic order.
fn thumbprint(x: &[u8], y: &[u8]) -> String {
    let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, encode(x), encode(y));
    encode(digest(&SHA256, members.as_bytes()))
}

/// Whether `htu` is the request's address under one of our public URLs. Both sides are normalised
/// (RFC 3986 section 6.2.2 and 6.2.3), query and fragment are ignored.
fn is_for(htu: &str, expected: &Expected<'_>) -> bool {
    let Some(claimed) = normalised(htu) else { return false };
    expected.public_urls.iter().any(|base| normalised(&format!("{base}{}", expected.path)).as_deref() == Some(&claimed))
}

fn normalised(url: &str) -> Option<String> {
    // What a browser would forgive in an address line is not an address in a proof.
    let (_, rest) = url.split_once("://")?;
    if rest.starts_with('/') || !url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return None;
    }
    let url = reqwest::Url::parse(url).ok()?;
    if !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    Some(format!("{}{}", url.origin().ascii_serialization(), unescape_unreserved(url.path())))
}

/// `%41` is `A`; `%2f` is written `%2F`.
fn unescape_unreserved(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        text.push_str(&rest[..at]);
        let escape = rest.get(at..at + 3).unwrap_or(&rest[at..]);
        match u8::from_str_radix(escape.get(1..).unwrap_or(""), 16) {
            Ok(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => text.push(char::from(byte)),
            _ => text.push_str(&escape.to_ascii_uppercase()),
        }
        rest = &rest[at + escape.len()..];
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_as_addresses_not_as_texts() {
        let public_urls = [PublicUrl::parse("https://chat.example.com").unwrap(), PublicUrl::parse("https://example.com/chat").unwrap()];
        let expected = Expected { method: "GET", path: "/api/v1/twins", public_urls: &public_urls, now: 0, token: None, nonces: None };
        for (htu, fits) in [
            ("https://chat.example.com/api/v1/twins", true),
            ("https://chat.example.com:443/api/v1/twins", true),
            ("HTTPS://Chat.Example.COM/api/v1/twins", true),
            ("https://chat.example.com/api/v1/twins?page=2#top", true),
            ("https://chat.example.com/api/v1/%74wins", true),
            ("https://chat.example.com/api/x/../v1/twins", true),
            ("https://example.com/chat/api/v1/twins", true),
            ("https://example.com/api/v1/twins", false),
            ("http://chat.example.com/api/v1/twins", false),
            ("https://chat.example.com:8443/api/v1/twins", false),
            ("https://chat.example.com.evil.test/api/v1/twins", false),
            ("https://chat.example.com@evil.test/api/v1/twins", false),
            ("https://user@chat.example.com/api/v1/twins", false),
            ("https://chat.example.com/api/v1/twins/", false),
            ("https://chat.example.com/API/v1/twins", false),
            ("/api/v1/twins", false),
            ("https:chat.example.com/api/v1/twins", false),
            ("https:///chat.example.com/api/v1/twins", false),
            ("https:\\\\chat.example.com\\api\\v1\\twins", false),
            ("https://chat.example.com/api\\v1\\twins", false),
            (" https://chat.example.com/api/v1/twins", false),
            ("https://chat.example.com/api/v1/twins\n", false),
            ("https://chat.example.com/api/v1/tw\tins", false),
            ("https://chat.example.com/api/v1/twins\u{200b}", false),
            ("https://chat.example.com/api/v1%2ftwins", false),
            ("https://chat.example.com//api/v1/twins", false),
            ("https://chat.example.com./api/v1/twins", false),
            ("*", false),
            ("", false),
        ] {
            assert_eq!(is_for(htu, &expected), fits, "{htu:?}");
        }
    }

    #[test]
    fn a_thumbprint_is_the_one_that_rfc_9449_section_6_1_gives_for_its_example_key() {
        let x = decode("l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs").unwrap();
        let y = decode("9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA").unwrap();
        assert_eq!(thumbprint(&x, &y), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    }

    #[test]
    fn a_path_with_broken_escapes_is_left_as_it_is() {
        assert_eq!(unescape_unreserved("/%7Ea%2fb%zz%4"), "/~a%2Fb%ZZ%4");
        assert_eq!(unescape_unreserved("/%é"), "/%é");
    }
}
