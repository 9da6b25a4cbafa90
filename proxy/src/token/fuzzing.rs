//! Proofs and tokens for the fuzz targets. What a fuzzer writes is signed here, or no input would get
//! past the signature; what is accepted then is checked against the RFCs by other code than the room's.

pub use super::identity::fuzzing::{identity_keys, identity_token};

use super::Scope;
use super::access::Signer;
use super::jws::{encode, sign_hs256};
use super::proof::{Expected, check};
use super::replay::ReplayMemory;
use crate::config::PublicUrl;
use ring::digest::{SHA256, digest};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};
use std::sync::LazyLock;
use twinchat_protocol::id::VisitorId;

const NOW: i64 = 1_760_000_000;
const ISSUER: &str = "https://chat.example.com";
const PATH: &str = "/api/v1/twins";
const TOKEN: &str = "the.access.token";

/// The example key of RFC 7515 appendix A.3.
const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const D: &str = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";

static KEY: LazyLock<EcdsaKeyPair> = LazyLock::new(|| {
    let bytes = |text| super::jws::decode(text).expect("base64url");
    let point = [vec![4], bytes(X), bytes(Y)].concat();
    let key = EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &bytes(D), &point, &SystemRandom::new());
    key.expect("the RFC's key")
});

/// A proof: one line with the header and one with the claims, which are signed (`"@key"` stands for the
/// key, `"@ath"` for the token's hash), or one line with a whole proof. Accepted only if all that
/// RFC 9449 section 4.3 asks for holds, and only once.
pub fn dpop_proof(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let public_urls = [PublicUrl::parse(ISSUER).expect("a URL")];
    let jkt = encode(digest(&SHA256, format!(r#"{{"crv":"P-256","kty":"EC","x":"{X}","y":"{Y}"}}"#).as_bytes()));
    let expected = Expected { method: "GET", path: PATH, public_urls: &public_urls, now: NOW, token: Some((TOKEN, &jkt)), nonces: None };
    let seen = ReplayMemory::with_room(2, 2);
    let Some((header, claims)) = text.split_once('\n') else {
        assert!(check(&[text], &expected, &seen).is_err(), "nobody signed this");
        return;
    };
    let header = header.replace("\"@key\"", &json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y}).to_string());
    let claims = claims.replace("@ath", &encode(digest(&SHA256, TOKEN.as_bytes())));
    let signed = format!("{}.{}", encode(&header), encode(&claims));
    let signature = KEY.sign(&SystemRandom::new(), signed.as_bytes()).expect("signs");
    let proof = format!("{signed}.{}", encode(signature));
    if let Ok(thumbprint) = check(&[&proof], &expected, &seen) {
        assert_eq!(thumbprint, jkt);
        assert_all_of_rfc_9449(&header, &claims);
        assert!(check(&[&proof], &expected, &seen).is_err(), "a second time");
        let later = Expected { now: NOW + 200, ..expected };
        assert!(check(&[&proof], &later, &ReplayMemory::with_room(2, 2)).is_err(), "an old proof");
    }
}

fn assert_all_of_rfc_9449(header: &str, claims: &str) {
    let header: Value = serde_json::from_str(header).expect("JSON");
    let claims: Value = serde_json::from_str(claims).expect("JSON");
    assert_eq!((&header["typ"], &header["alg"]), (&json!("dpop+jwt"), &json!("ES256")));
    assert!(header["crit"].is_null());
    let jwk = header["jwk"].as_object().expect("a key");
    assert!(["d", "k", "p", "q", "oth"].iter().all(|private| !jwk.contains_key(*private)));
    assert_eq!((&jwk["x"], &jwk["y"]), (&json!(X), &json!(Y)));
    assert!((1..=256).contains(&claims["jti"].as_str().expect("a jti").len()));
    assert_eq!(claims["htm"], "GET");
    assert_eq!(claims["ath"], encode(digest(&SHA256, TOKEN.as_bytes())));
    let issued = claims["iat"].as_f64().expect("a time");
    assert!((NOW as f64 - issued).abs() <= 60.0, "{issued}");
    let url = reqwest::Url::parse(claims["htu"].as_str().expect("an address")).expect("a URL");
    assert_eq!((url.scheme(), url.host_str(), url.port_or_known_default()), ("https", Some("chat.example.com"), Some(443)));
    assert!(url.username().is_empty() && url.password().is_none());
}

/// An access token: one line with the header and one with the claims, which are signed, or one line with
/// a whole token. Believed only as far as RFC 9068 allows, and not with any letter changed.
pub fn access_token(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"the key of this test");
    let signer = Signer::new(key.clone(), ISSUER.to_owned());
    let Some((header, claims)) = text.split_once('\n') else {
        assert!(signer.verify(text).is_err(), "nobody signed this");
        return;
    };
    let signed = format!("{}.{}", encode(header), encode(claims));
    let token = format!("{signed}.{}", encode(hmac::sign(&key, signed.as_bytes())));
    let Ok(verified) = signer.verify(&token) else { return };
    let header: Value = serde_json::from_str(header).expect("JSON");
    let claims: Value = serde_json::from_str(claims).expect("JSON");
    assert_eq!((&header["alg"], &header["typ"]), (&json!("HS256"), &json!("at+jwt")));
    assert_eq!(claims["iss"], ISSUER);
    assert!(claims["aud"].as_array().expect("a list").contains(&json!(ISSUER)));
    assert_eq!(claims["exp"].as_i64(), Some(verified.exp));
    if let Ok((subject, scope)) = verified.holder() {
        assert_eq!(claims["sub"], subject.as_str());
        assert!(VisitorId::parse(subject.as_str()).is_ok());
        assert_eq!(Scope::named(claims["scope"].as_str().expect("a scope")), Some(scope));
    }
    let at = data.len() * 7 % token.len();
    let other = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
    let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
    assert!(signer.verify(&changed).is_err(), "changed at {at}: {changed}");
    assert!(Signer::new(hmac::Key::new(hmac::HMAC_SHA256, b"another key"), ISSUER.to_owned()).verify(&token).is_err());
    // What this server signs for one purpose is never good for another.
    assert!(signer.verify(&sign_hs256("secret+jwt", &claims, &key)).is_err());
}
