//! The keys that a site's identity tokens are checked with, and the one algorithm each set is for.
//!
//! Read from a secret, a PEM file, a JWK or a JWKS; checked when they are read, so that what is wrong with
//! them is said at the start. Deliberately absent: the network, and any choice left to whoever wrote a token.
//!
//! | file | holds |
//! |---|---|
//! | `jwk` | RFC 7517: keys as JSON |
//! | `pem` | RFC 7468, RFC 5280: keys as PEM |

mod jwk;
mod pem;
#[cfg(test)]
mod tests;

use ring::{hmac, signature};
use serde::Deserialize;
use std::fmt;

/// The fewest bytes of an HS256 secret (RFC 7518 section 3.2).
const MIN_SECRET: usize = 32;
/// The most keys of a set: a token without a `kid` is tried with each of them.
const MAX_KEYS: usize = 32;

/// How identity tokens of one issuer are signed (RFC 7518 section 3.1, RFC 8037).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Algorithm {
    /// HMAC with SHA-256 and a shared secret.
    #[serde(rename = "HS256")]
    Hs256,
    /// RSA, PKCS #1 v1.5, with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSA-PSS with SHA-256.
    #[serde(rename = "PS256")]
    Ps256,
    /// ECDSA with P-256 and SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl Algorithm {
    /// Its name in a token's header.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// What is wrong with a key, and what to do about it. Shows nothing of the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyError(String);

fn refuse<T>(sentence: impl Into<String>) -> Result<T, KeyError> {
    Err(KeyError(sentence.into()))
}

/// The keys of one issuer, all for the same algorithm. `Debug` shows none of them.
#[derive(Clone)]
pub struct KeySet {
    algorithm: Algorithm,
    keys: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    kid: Option<String>,
    material: Material,
}

#[derive(Clone)]
enum Material {
    Secret(hmac::Key),
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// 4, x, y.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl KeySet {
    /// A shared secret, for HS256. The text itself is the secret, without the white space around it.
    ///
    /// # Errors
    /// When it is too short to be one.
    pub fn secret(text: &str) -> Result<Self, KeyError> {
        let bytes = text.trim().as_bytes();
        if bytes.len() < MIN_SECRET {
            return refuse(format!(
                "has {} bytes where HS256 needs at least {MIN_SECRET}; make one with: openssl rand -base64 48",
                bytes.len()
            ));
        }
        let material = Material::Secret(hmac::Key::new(hmac::HMAC_SHA256, bytes));
        Ok(Self { algorithm: Algorithm::Hs256, keys: vec![Key { kid: None, material }] })
    }

    /// Public keys for this algorithm: PEM, one JWK, or a JWKS.
    ///
    /// # Errors
    /// When there is none, when one is private or too weak, or when two have the same `kid`.
    pub fn public(text: &str, algorithm: Algorithm) -> Result<Self, KeyError> {
        if algorithm == Algorithm::Hs256 {
            return refuse("is a public key, and HS256 has a secret: give secret_env or secret_file, or another algorithm");
        }
        let keys = if text.trim_start().starts_with('{') { jwk::read(text, algorithm)? } else { pem::read(text, algorithm)? };
        if keys.len() > MAX_KEYS {
            return refuse(format!("holds more than {MAX_KEYS} keys: leave in it those that are in use"));
        }
        let twice = |at: usize, key: &Key| key.kid.is_some() && keys[..at].iter().any(|earlier| earlier.kid == key.kid);
        if keys.iter().enumerate().any(|(at, key)| twice(at, key)) {
            return refuse("holds two keys with the same kid: give each its own");
        }
        Ok(Self { algorithm, keys })
    }

    /// The one algorithm of these keys.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The shared secret, if it is one.
    pub fn shared_secret(&self) -> Option<&hmac::Key> {
        self.keys.iter().find_map(|key| match &key.material {
            Material::Secret(secret) => Some(secret),
            _ => None,
        })
    }

    /// Whether there is a key with this `kid`.
    pub fn knows(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid.as_deref() == Some(kid))
    }

    /// Whether one of these keys made the signature. A `kid` chooses among keys that have one.
    pub fn verify(&self, kid: Option<&str>, message: &[u8], signature: &[u8]) -> bool {
        let mut chosen = self.keys.iter().filter(|key| kid.is_none() || key.kid.is_none() || key.kid.as_deref() == kid);
        chosen.any(|key| key.material.verify(self.algorithm, message, signature))
    }
}

impl Material {
    fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let checked = match (self, algorithm) {
            (Self::Secret(secret), Algorithm::Hs256) => hmac::verify(secret, message, signature),
            (Self::Rsa { n, e }, Algorithm::Rs256) => {
                signature::RsaPublicKeyComponents { n, e }.verify(&signature::RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            (Self::Rsa { n, e }, Algorithm::Ps256) => {
                signature::RsaPublicKeyComponents { n, e }.verify(&signature::RSA_PSS_2048_8192_SHA256, message, signature)
            }
            (Self::P256(point), Algorithm::Es256) => {
                signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            (Self::Ed25519(bytes), Algorithm::EdDsa) => {
                signature::UnparsedPublicKey::new(&signature::ED25519, bytes).verify(message, signature)
            }
            _ => return false,
        };
        checked.is_ok()
    }
}

/// An RSA key that is neither too weak nor absurd.
fn rsa(n: &[u8], e: &[u8]) -> Result<Material, KeyError> {
    let stripped = |bytes: &[u8]| bytes.iter().copied().skip_while(|byte| *byte == 0).collect::<Vec<u8>>();
    let (n, e) = (stripped(n), stripped(e));
    let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
    if !(2048..=8192).contains(&bits) {
        return refuse(format!("holds an RSA key of {bits} bits where 2048 to 8192 are accepted"));
    }
    if e.len() > 4 || e.last().is_none_or(|last| last % 2 == 0) || e == [1] {
        return refuse("holds an RSA key with an exponent that no good key has; make another key");
    }
    Ok(Material::Rsa { n, e })
}

fn p256(x: &[u8], y: &[u8]) -> Option<Material> {
    (x.len() == 32 && y.len() == 32).then(|| Material::P256([&[4], x, y].concat()))
}

fn ed25519(bytes: &[u8]) -> Option<Material> {
    (bytes.len() == 32).then(|| Material::Ed25519(bytes.to_vec()))
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet").field("algorithm", &self.algorithm).field("keys", &self.keys.len()).finish()
    }
}
