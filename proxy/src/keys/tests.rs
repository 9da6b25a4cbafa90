use super::*;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

const RSA: &str = include_str!("../../tests/fixtures/identity/rsa2048.pub.pem");
const WEAK_RSA: &str = include_str!("../../tests/fixtures/identity/rsa1024.pub.pem");
const P256: &str = include_str!("../../tests/fixtures/identity/p256.pub.pem");
const ED25519: &str = include_str!("../../tests/fixtures/identity/ed25519.pub.pem");

fn refusal(text: &str, algorithm: Algorithm) -> String {
    KeySet::public(text, algorithm).unwrap_err().to_string()
}

#[test]
fn a_public_key_is_read_for_its_own_algorithm_only() {
    use Algorithm::{EdDsa, Es256, Hs256, Ps256, Rs256};
    for (text, fits) in [(RSA, &[Rs256, Ps256][..]), (P256, &[Es256]), (ED25519, &[EdDsa])] {
        for algorithm in [Hs256, Rs256, Ps256, Es256, EdDsa] {
            assert_eq!(KeySet::public(text, algorithm).is_ok(), fits.contains(&algorithm), "{algorithm:?} {text}");
        }
    }
    assert!(refusal(RSA, Hs256).contains("is a public key, and HS256 has a secret"));
    assert!(refusal(WEAK_RSA, Rs256).contains("1024 bits"));
}

#[test]
fn what_is_not_a_public_key_is_told_from_one_with_what_to_do() {
    for (text, says) in [
        ("", "holds no public key"),
        ("nonsense", "holds no public key"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "holds a private key"),
        ("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n", "holds a private key"),
        ("-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----\n", "PKCS #1"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "is a certificate"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "damaged"),
        ("-----BEGIN PUBLIC KEY-----\n%%%%\n-----END PUBLIC KEY-----\n", "damaged"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n", "damaged"),
        ("{", "neither a JWK nor a JWKS"),
        ("{\"keys\": 1}", "holds no key for ES256"),
        ("{\"keys\": []}", "holds no key for ES256"),
    ] {
        let message = refusal(text, Algorithm::Es256);
        assert!(message.contains(says), "{message}\n{text}");
    }
}

#[test]
fn a_set_is_read_for_the_keys_that_fit_and_refused_for_what_must_not_be_in_it() {
    let key = |kid: &str| json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let with = |member: &str, value: Value| {
        let mut key = key("a");
        key[member] = value;
        json!({"keys": [key]}).to_string()
    };
    let both = json!({"keys": [key("a"), key("b"), {"kty": "RSA", "n": "AQ", "e": "AQAB"}, {"kty": "new"}]}).to_string();
    assert_eq!(KeySet::public(&both, Algorithm::EdDsa).unwrap().keys.len(), 2);
    assert_eq!(KeySet::public(&key("a").to_string(), Algorithm::EdDsa).unwrap().keys.len(), 1);
    for good in [with("use", json!("sig")), with("alg", json!("EdDSA")), with("key_ops", json!(["verify"]))] {
        assert!(KeySet::public(&good, Algorithm::EdDsa).is_ok(), "{good}");
    }
    let many: Vec<Value> = (0..33).map(|number| key(&number.to_string())).collect();
    for (text, says) in [
        (with("d", json!("AAAA")), "private or secret"),
        (json!({"keys": [key("a"), {"kty": "oct", "k": "AAAA"}]}).to_string(), "private or secret"),
        (json!({"keys": [key("a"), key("a")]}).to_string(), "two keys with the same kid"),
        (json!({ "keys": many }).to_string(), "more than 32"),
        (with("use", json!("enc")), "no key for EdDSA"),
        (with("alg", json!("ES256")), "no key for EdDSA"),
        (with("key_ops", json!(["sign"])), "no key for EdDSA"),
        (with("crv", json!("Ed448")), "no key for EdDSA"),
        (with("x", json!("AAAA")), "damaged"),
        (with("x", json!(1)), "damaged"),
    ] {
        let message = refusal(&text, Algorithm::EdDsa);
        assert!(message.contains(says), "{message}\n{text}");
    }
}

#[test]
fn a_kid_chooses_among_keys_that_have_one() {
    // RFC 8037 appendix A: the key, and its signature over the RFC's example.
    let key = |kid: &str, x: &str| json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x});
    let (right, other) = ("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw");
    let set = KeySet::public(&json!({"keys": [key("a", right), key("b", other)]}).to_string(), Algorithm::EdDsa).unwrap();
    let signed = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature =
        URL_SAFE_NO_PAD.decode("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg").unwrap();
    for (kid, good) in [(Some("a"), true), (None, true), (Some("b"), false), (Some("../../etc/passwd"), false), (Some(""), false)] {
        assert_eq!(set.verify(kid, signed, &signature), good, "{kid:?}");
    }
    assert!(!set.verify(None, b"something else", &signature));
}

#[test]
fn a_secret_has_at_least_as_many_bytes_as_its_hash_and_is_in_no_debug_output() {
    let secret = "canary-canary-canary-canary-cana";
    assert!(KeySet::secret(&format!("{secret}\n")).is_ok());
    assert_eq!(format!("{:?}", KeySet::secret(secret).unwrap()), "KeySet { algorithm: Hs256, keys: 1 }");
    for short in ["", "   ", &secret[1..], &format!(" {} ", &secret[1..])] {
        assert!(KeySet::secret(short).unwrap_err().to_string().contains("at least 32"));
    }
}

/// A vector's key, as its owner would configure it.
fn configured(key: &Value) -> Result<KeySet, KeyError> {
    let algorithm = match key["alg"].as_str().or(key["keys"][0]["alg"].as_str()) {
        Some("HS256") if key.get("keys").is_none() => {
            let secret = hmac::Key::new(hmac::HMAC_SHA256, &URL_SAFE_NO_PAD.decode(key["k"].as_str().unwrap()).unwrap());
            return Ok(KeySet { algorithm: Algorithm::Hs256, keys: vec![Key { kid: None, material: Material::Secret(secret) }] });
        }
        Some("PS256") => Algorithm::Ps256,
        Some("RS256") => Algorithm::Rs256,
        None if key["kty"] == "RSA" => Algorithm::Rs256,
        _ => Algorithm::Es256,
    };
    KeySet::public(&key.to_string(), algorithm)
}

/// As the token room does it: three parts, strict base64url, `alg` as configured.
fn accepted(keys: &KeySet, jws: &str) -> bool {
    let parts: Vec<&str> = jws.split('.').collect();
    let [header, payload, signature] = parts[..] else { return false };
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    let Some((header_bytes, signature)) = decode(header).zip(decode(signature)) else { return false };
    let Ok(said) = serde_json::from_slice::<Value>(&header_bytes) else { return false };
    let signed = format!("{header}.{payload}");
    decode(payload).is_some() && said["alg"] == keys.algorithm().name() && keys.verify(said["kid"].as_str(), signed.as_bytes(), &signature)
}

#[test]
fn wycheproofs_vectors_have_the_results_they_should() {
    let vectors: Value = serde_json::from_str(include_str!("../../tests/fixtures/identity/wycheproof.json")).unwrap();
    let mut results = [0, 0];
    for group in vectors["groups"].as_array().unwrap() {
        let keys = configured(&group["key"]);
        for vector in group["tests"].as_array().unwrap() {
            let [name, jws, result] = [0, 1, 2].map(|at| vector[at].as_str().unwrap());
            let accepted = keys.as_ref().is_ok_and(|keys| accepted(keys, jws));
            assert_eq!(accepted, result == "valid", "{}: {name}, {keys:?}", group["group"]);
            results[usize::from(accepted)] += 1;
        }
    }
    assert!(results[0] > 100 && results[1] > 10, "{results:?}");
}
