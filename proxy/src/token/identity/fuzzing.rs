//! Identity tokens for the fuzz target, signed here as a site would.

use super::claims::Rules;
use super::{Issuer, Issuers, Keys};
use crate::keys::{Algorithm, KeySet};
use crate::token::jws::encode;
use futures_util::FutureExt;
use ring::hmac;
use serde_json::{Value, json};

const NOW: i64 = 1_760_000_000;
const ISSUER: &str = "https://www.example.com";
const AUDIENCE: &str = "https://chat.example.com";
const SECRET: &str = "a secret that is shared with this test only";

/// An identity token: one line with the header and one with the claims, which are signed, or one line
/// with a whole token. Believed only as far as RFC 7519 and RFC 8725 allow.
pub fn identity_token(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let issuers = Issuers(vec![Issuer {
        name: ISSUER.to_owned(),
        algorithm: Algorithm::Hs256,
        keys: Keys::Fixed(KeySet::secret(SECRET).expect("long enough")),
        rules: Rules { audiences: vec![AUDIENCE.to_owned()], max_lifetime: 600, one_time: true },
    }]);
    let verify = |token: &str| issuers.verify(token, NOW).now_or_never().expect("the keys are at hand").map(|(_, claims)| claims);
    let Some((header, claims)) = text.split_once('\n') else {
        assert!(verify(text).is_err(), "nobody signed this");
        return;
    };
    let signed = format!("{}.{}", encode(header), encode(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let token = format!("{signed}.{}", encode(hmac::sign(&key, signed.as_bytes())));
    let Ok(verified) = verify(&token) else { return };
    let header: Value = serde_json::from_str(header).expect("JSON");
    let claims: Value = serde_json::from_str(claims).expect("JSON");
    assert_eq!(header["alg"], "HS256");
    assert!(["crit", "jku", "x5u", "jwk", "x5c", "b64"].iter().all(|name| header.get(*name).is_none()));
    assert_eq!(claims["iss"], ISSUER);
    assert!(claims["aud"] == AUDIENCE || claims["aud"].as_array().is_some_and(|all| all.contains(&json!(AUDIENCE))));
    let time = |name: &str| claims[name].as_f64().expect("a time");
    assert!(time("exp") > NOW as f64 - 31.0 && time("iat") < NOW as f64 + 31.0 && time("exp") - time("iat") < 601.0);
    assert_eq!(claims["sub"], verified.sub.as_str());
    assert!((1..=255).contains(&verified.sub.len()));
    assert_eq!(claims["jti"].as_str(), verified.jti.as_deref());
    assert!(verified.jti.is_some(), "it is good once");
    let at = data.len() * 7 % token.len();
    let other = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
    assert!(verify(&format!("{}{other}{}", &token[..at], &token[at + 1..])).is_err(), "changed at {at}");
}

/// Keys as owners paste them, PEM, JWK or JWKS: read or refused with a sentence, never a panic, and no
/// kid that was not there.
pub fn identity_keys(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for algorithm in [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa] {
        match KeySet::public(text, algorithm) {
            Ok(keys) => {
                assert_eq!(keys.algorithm(), algorithm);
                assert!(keys.shared_secret().is_none() && !keys.verify(None, b"message", b"no signature"));
            }
            Err(error) => assert!(error.to_string().split(' ').count() >= 3, "no help: {error}"),
        }
    }
}
