//! A site's server that signs its users in: what makes identity tokens, in these tests.

use super::helpers::{Key, Proof, TestApp, Visitor, body, encode, text, write};
use reqwest::{Method, Response};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair};
use ring::{hmac, signature};
use serde_json::{Value, json};
use tempfile::TempDir;
use twinchat_protocol::token::{GRANT_TYPE, JWT_TYPE};

/// The issuer that most tests need.
pub(crate) const ISSUER: &str = "https://www.example.com";
pub(crate) const SECRET: &str = "a secret of these tests with more than 32 bytes";

/// `[[identity]]` for each algorithm: `ISSUER` has HS256, the others are named like their algorithm.
pub(crate) const ALL_ALGORITHMS: &str = r#"
[[identity]]
issuer = "https://www.example.com"
algorithm = "HS256"
secret_file = "identity_secret"
[[identity]]
issuer = "RS256"
algorithm = "RS256"
public_key_file = "rsa.pem"
[[identity]]
issuer = "PS256"
algorithm = "PS256"
public_key_file = "rsa.pem"
[[identity]]
issuer = "ES256"
algorithm = "ES256"
public_key_file = "p256.pem"
[[identity]]
issuer = "EdDSA"
algorithm = "EdDSA"
public_key_file = "ed25519.pem"
"#;

/// A folder with the keys that the settings above name.
pub(crate) fn folder_with_keys() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "identity_secret", format!("{SECRET}\n"));
    write(folder.path(), "rsa.pem", include_str!("../fixtures/identity/rsa2048.pub.pem"));
    write(folder.path(), "p256.pem", include_str!("../fixtures/identity/p256.pub.pem"));
    write(folder.path(), "ed25519.pem", include_str!("../fixtures/identity/ed25519.pub.pem"));
    folder
}

/// A server that believes all these issuers, with more settings that begin in `[server]`.
pub(crate) async fn believer(settings: &str) -> TestApp {
    TestApp::in_folder(&format!("{settings}{ALL_ALGORITHMS}"), folder_with_keys()).await
}

/// Signs a text. The keys are in `tests/fixtures/identity` and nowhere else in use.
pub(crate) fn signature(algorithm: &str, message: &[u8]) -> Vec<u8> {
    let random = SystemRandom::new();
    let rsa = |padding: &'static dyn signature::RsaEncoding| {
        let pair = RsaKeyPair::from_pkcs8(include_bytes!("../fixtures/identity/rsa2048.pk8")).unwrap();
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(padding, &random, message, &mut signature).unwrap();
        signature
    };
    match algorithm {
        "HS256" => hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), message).as_ref().to_vec(),
        "RS256" => rsa(&RSA_PKCS1_SHA256),
        "PS256" => rsa(&RSA_PSS_SHA256),
        "ES256" => {
            let key = include_bytes!("../fixtures/identity/p256.pk8");
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key, &random).unwrap();
            pair.sign(&random, message).unwrap().as_ref().to_vec()
        }
        "EdDSA" => {
            let key = include_bytes!("../fixtures/identity/ed25519.pk8");
            Ed25519KeyPair::from_pkcs8_maybe_unchecked(key).unwrap().sign(message).as_ref().to_vec()
        }
        other => panic!("no key for {other}"),
    }
}

/// An identity token, to be spoilt by a test before it is signed.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    /// What it is really signed with.
    pub(crate) algorithm: &'static str,
}

impl Identity {
    /// A good one for this user of `ISSUER`.
    pub(crate) fn of(app: &TestApp, sub: &str) -> Self {
        Self {
            header: json!({"typ": "JWT", "alg": "HS256"}),
            claims: json!({"iss": ISSUER, "aud": app.url, "sub": sub, "iat": app.now(), "exp": app.now() + 300}),
            algorithm: "HS256",
        }
    }

    /// The same of the issuer with this algorithm.
    pub(crate) fn by(mut self, algorithm: &'static str) -> Self {
        self.header["alg"] = json!(algorithm);
        self.claims["iss"] = json!(if algorithm == "HS256" { ISSUER } else { algorithm });
        Self { algorithm, ..self }
    }

    /// With another header parameter.
    pub(crate) fn header(mut self, name: &str, value: Value) -> Self {
        self.header[name] = value;
        self
    }

    /// With another claim; without it when the value is null.
    pub(crate) fn claim(mut self, name: &str, value: Value) -> Self {
        if value.is_null() {
            self.claims.as_object_mut().unwrap().remove(name);
        } else {
            self.claims[name] = value;
        }
        self
    }

    /// The token.
    pub(crate) fn signed(&self) -> String {
        sign(self.algorithm, &self.header.to_string(), &self.claims.to_string())
    }
}

/// A token with these texts for header and claims.
pub(crate) fn sign(algorithm: &str, header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", encode(header), encode(claims));
    let signature = signature(algorithm, signed.as_bytes());
    format!("{signed}.{}", encode(signature))
}

/// Asks for an access token, with a proof by this key if there is one.
pub(crate) async fn exchange(app: &TestApp, token: &str, key: Option<&Key>) -> Response {
    exchange_for(app, token, key, "").await
}

/// The same for this scope.
pub(crate) async fn exchange_for(app: &TestApp, token: &str, key: Option<&Key>, scope: &str) -> Response {
    let form = [("grant_type", GRANT_TYPE), ("subject_token_type", JWT_TYPE), ("subject_token", token), ("scope", scope)];
    let request = app.token_request(&form);
    match key {
        Some(key) => request.header("dpop", Proof::new(app, key, &Method::POST, "/oauth/token").signed()),
        None => request,
    }
    .send()
    .await
    .unwrap()
}

/// Signs this user in, who holds this key or none.
pub(crate) async fn sign_in(app: &TestApp, sub: &str, key: Option<&Key>) -> Visitor {
    visitor(exchange(app, &Identity::of(app, sub).signed(), key).await, key).await
}

/// Who got this answer.
pub(crate) async fn visitor(answer: Response, key: Option<&Key>) -> Visitor {
    let status = answer.status();
    let answer = body(answer).await;
    assert_eq!(status, 200, "{answer}");
    Visitor { key: key.cloned(), token: text(&answer, "access_token"), id: text(&answer, "visitor_id"), answer }
}
