use super::{Algorithm, Key, KeyError, Material, ed25519, p256, refuse, rsa};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Members that only a private or a symmetric key has (RFC 7518 section 6).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

#[derive(Deserialize)]
#[serde(untagged)]
enum Document {
    Set { keys: Vec<Map<String, Value>> },
    One(Map<String, Value>),
}

/// The keys of a JWK or a JWKS that are for this algorithm and for checking signatures. Others are
/// passed over, as RFC 7517 section 5 wants it; private ones are not.
pub(super) fn read(text: &str, algorithm: Algorithm) -> Result<Vec<Key>, KeyError> {
    let keys = match serde_json::from_str(text) {
        Ok(Document::Set { keys }) => keys,
        Ok(Document::One(key)) => vec![key],
        Err(_) => return refuse("begins like JSON but is neither a JWK nor a JWKS"),
    };
    let mut read = Vec::new();
    for jwk in &keys {
        if PRIVATE_MEMBERS.iter().any(|member| jwk.contains_key(*member)) {
            return refuse("holds a private or secret key: publish the public half only, and replace the key if others could read it");
        }
        if !is_for(jwk, algorithm) {
            continue;
        }
        let Some(material) = material(jwk)? else { return refuse("holds a JWK whose members are damaged") };
        read.push(Key { kid: text_of(jwk, "kid").map(str::to_owned), material });
    }
    if read.is_empty() {
        return refuse(format!("holds no key for {}: look at kty, crv, alg and use of the keys in it", algorithm.name()));
    }
    Ok(read)
}

fn text_of<'a>(jwk: &'a Map<String, Value>, member: &str) -> Option<&'a str> {
    jwk.get(member).and_then(Value::as_str)
}

fn is_for(jwk: &Map<String, Value>, algorithm: Algorithm) -> bool {
    let kind = match algorithm {
        Algorithm::Hs256 => return false,
        Algorithm::Rs256 | Algorithm::Ps256 => ("RSA", None),
        Algorithm::Es256 => ("EC", Some("P-256")),
        Algorithm::EdDsa => ("OKP", Some("Ed25519")),
    };
    let says = |member: &str, wanted: &str| jwk.get(member).is_none_or(|value| value == wanted);
    let operations =
        jwk.get("key_ops").is_none_or(|operations| operations.as_array().is_some_and(|all| all.iter().any(|one| one == "verify")));
    text_of(jwk, "kty") == Some(kind.0)
        && kind.1.is_none_or(|curve| text_of(jwk, "crv") == Some(curve))
        && says("alg", algorithm.name())
        && says("use", "sig")
        && operations
}

fn material(jwk: &Map<String, Value>) -> Result<Option<Material>, KeyError> {
    let bytes = |member| text_of(jwk, member).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    Ok(match text_of(jwk, "kty") {
        Some("RSA") => bytes("n").zip(bytes("e")).map(|(n, e)| rsa(&n, &e)).transpose()?,
        Some("EC") => bytes("x").zip(bytes("y")).and_then(|(x, y)| p256(&x, &y)),
        Some("OKP") => bytes("x").and_then(|x| ed25519(&x)),
        _ => None,
    })
}
