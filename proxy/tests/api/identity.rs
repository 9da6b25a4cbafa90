//! The site's identity tokens become access tokens, or are refused with what to change.

use super::chat::conversation;
use super::helpers::{Key, Proof, TestApp, body, encode, header, text};
use super::issuer::{
    ALL_ALGORITHMS, ISSUER, Identity, believer, exchange, exchange_for, folder_with_keys, sign, sign_in, signature, visitor,
};
use axum::Router;
use axum::http::HeaderMap;
use axum::response::Redirect;
use axum::routing::get;
use reqwest::{Method, StatusCode};
use ring::hmac;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use twinchat_protocol::token::{DPOP_KEY_TYPE, GRANT_TYPE, JWT_TYPE};

/// Why a token is refused; checks that nothing of it is repeated.
async fn refusal(app: &TestApp, token: &str) -> String {
    let answer = exchange(app, token, None).await;
    assert_eq!(header(&answer, "cache-control"), "no-store");
    let status = answer.status();
    let answer = body(answer).await;
    assert_eq!((status, text(&answer, "error").as_str()), (StatusCode::BAD_REQUEST, "invalid_request"), "{answer} {token:.500}");
    let description = text(&answer, "error_description");
    assert!(description.is_ascii() && !description.contains(['"', '\\']), "RFC 6749 section 5.2: {description}");
    assert!(!description.contains("mallory"), "{description}");
    description
}

#[tokio::test]
async fn a_token_of_each_algorithm_signs_its_user_in() {
    let app = believer("").await;
    let mut ids = Vec::new();
    for algorithm in ["HS256", "RS256", "PS256", "ES256", "EdDSA"] {
        let token = Identity::of(&app, "alice").by(algorithm).signed();
        let alice = visitor(exchange(&app, &token, None).await, None).await;
        assert_eq!(alice.answer["token_type"], "Bearer");
        assert_eq!(alice.answer["expires_in"], 600, "the server's own lifetime, whatever the token's");
        assert!(alice.answer.get("visitor_secret").is_none());
        conversation(&app, &alice).await;
        ids.push(alice.id);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5, "the same sub of another issuer is another user");
}

#[tokio::test]
async fn a_user_is_the_same_with_any_key_and_after_a_restart_and_nobody_else() {
    let app = believer("").await;
    let alice = sign_in(&app, "alice", None).await;
    let chat = conversation(&app, &alice).await;
    let key = Key::new();
    let app = app.restart().await;
    let again = sign_in(&app, "alice", Some(&key)).await;
    assert_eq!(again.answer["token_type"], "DPoP");
    assert_eq!(again.get(&app, "/api/v1/conversations").await["data"][0]["id"], chat.as_str());
    let others = ["Alice", "alice ", "alic", "alice\0", "al\u{131}ce"];
    for other in others {
        let other = sign_in(&app, other, Some(&key)).await;
        assert_ne!(other.id, alice.id);
        assert_eq!(other.get(&app, "/api/v1/conversations").await["data"], json!([]));
    }
    let stolen = app.request(&Method::GET, "/api/v1/twins").bearer_auth(&again.token).send().await.unwrap();
    assert_eq!(stolen.status(), 401, "bound to the key");
    let e_mail = sign_in(&app, "someone-new", None).await;
    let with_e_mail =
        visitor(exchange(&app, &Identity::of(&app, "alice").claim("email", json!("a@b.example")).signed(), None).await, None).await;
    assert_eq!(with_e_mail.id, alice.id);
    assert_ne!(e_mail.id, alice.id);
}

#[tokio::test]
async fn a_token_that_is_not_as_it_must_be_is_refused_with_what_to_change() {
    let app = believer("").await;
    let good = || Identity::of(&app, "mallory");
    let at = |name: &str, seconds: i64| good().claim(name, json!(app.now() + seconds));
    for (token, says) in [
        // The header.
        (good().header("alg", json!("none")), "alg"),
        (good().header("alg", json!("None")), "alg"),
        (good().header("alg", json!("hs256")), "alg"),
        (good().header("alg", json!("HS512")), "alg"),
        (good().header("alg", json!(["HS256"])), "alg"),
        (good().header("alg", Value::Null), "alg"),
        (good().header("typ", json!("at+jwt")), "typ must be JWT"),
        (good().header("typ", json!("dpop+jwt")), "typ must be JWT"),
        (good().header("typ", json!(1)), "typ must be JWT"),
        (good().header("kid", json!(7)), "kid must be a string"),
        (good().header("crit", json!(["exp"])), "leave it out"),
        (good().header("jku", json!("https://evil.example/jwks.json")), "leave it out"),
        (good().header("x5u", json!("https://evil.example/cert.pem")), "leave it out"),
        (good().header("x5c", json!(["AAAA"])), "leave it out"),
        (good().header("jwk", Key::new().jwk()), "leave it out"),
        (good().header("b64", json!(false)), "leave it out"),
        // Who, for whom.
        (good().claim("iss", json!("https://evil.example")), "iss is not an issuer"),
        (good().claim("iss", json!(format!("{ISSUER}/"))), "iss is not an issuer"),
        (good().claim("iss", json!([ISSUER])), "iss is not an issuer"),
        (good().claim("iss", Value::Null), "iss is not an issuer"),
        (good().claim("aud", json!("https://elsewhere.example")), "aud is not this server"),
        (good().claim("aud", json!(format!("{}/", app.url))), "without a slash"),
        (good().claim("aud", json!(["https://elsewhere.example"])), "aud is not this server"),
        (good().claim("aud", json!([])), "aud is not this server"),
        (good().claim("aud", json!([app.url, 1])), "aud is not this server"),
        (good().claim("aud", json!({"url": app.url})), "aud is not this server"),
        (good().claim("aud", Value::Null), "needs the claim aud"),
        (good().claim("sub", Value::Null), "needs the claim sub"),
        (good().claim("sub", json!(42)), "needs the claim sub, a string"),
        (good().claim("sub", json!("")), "1 to 255 bytes"),
        (good().claim("sub", json!("m".repeat(256))), "1 to 255 bytes"),
        // When.
        (good().claim("iat", Value::Null), "needs the claims iat and exp"),
        (good().claim("exp", Value::Null), "needs the claims iat and exp"),
        (good().claim("exp", json!((app.now() + 300).to_string())), "must be numbers"),
        (good().claim("iat", json!(-1)), "must be numbers"),
        (good().claim("exp", json!(1e300)), "must be numbers"),
        (good().claim("exp", json!(9_223_372_036_854_775_807_i64)), "must be numbers"),
        (at("exp", 601), "longer than max_lifetime_seconds"),
        (at("exp", 86_400 * 365), "longer than max_lifetime_seconds"),
        (at("exp", 0), "later than its iat"),
        (good().claim("iat", json!(app.now() - 200)).claim("exp", json!(app.now() - 30)), "has expired"),
        (good().claim("iat", json!(app.now() + 31)), "iat is in the future"),
        (at("nbf", 31), "nbf is in the future"),
        (good().claim("nbf", json!("soon")), "must be numbers"),
        (good().claim("scope", json!("readonly")), "scope must be read_only or full_access"),
        (good().claim("scope", json!(["read_only"])), "scope must be read_only or full_access"),
    ] {
        let description = refusal(&app, &token.signed()).await;
        assert!(description.contains(says), "{description}\n{token:?}");
    }
}

#[tokio::test]
async fn a_token_with_another_signature_form_or_length_is_refused() {
    let app = believer("").await;
    let good = Identity::of(&app, "mallory");
    let token = good.signed();
    let [head, claims, tag] = token.split('.').collect::<Vec<_>>()[..] else { unreachable!() };
    let with_tag = |tag: &[u8]| format!("{head}.{claims}.{}", encode(tag));
    let es256 = good.clone().by("ES256");
    let es256_with = |tag: &[u8]| {
        let token = es256.signed();
        format!("{}.{}", token.rsplit_once('.').unwrap().0, encode(tag))
    };
    // An RSA or EC public key, public as it is, must not pass for an HMAC secret.
    let confused = |algorithm: &'static str, key: &str| {
        let signed = format!("{}.{}", encode(r#"{"alg":"HS256"}"#), encode(good.clone().by(algorithm).claims.to_string()));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), signed.as_bytes());
        format!("{signed}.{}", encode(tag))
    };
    let last_bits = |text: &str| {
        // The last character of a 32 byte value has two bits to spare.
        let (start, last) = text.split_at(text.len() - 1);
        let at = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".iter().position(|c| *c == last.as_bytes()[0]).unwrap();
        format!("{start}{}", char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[at ^ 1]))
    };
    let twice = |claims: &str| sign("HS256", r#"{"alg":"HS256"}"#, claims);
    let url = &app.url;
    let (iat, exp) = (app.now(), app.now() + 60);
    for (token, says) in [
        (format!("{head}.{claims}."), "signature"),
        (with_tag(&[0; 32]), "signature"),
        (with_tag(&signature("HS256", b"something else")), "signature"),
        (with_tag(&signature("RS256", format!("{head}.{claims}").as_bytes())), "signature"),
        (es256_with(&[0; 64]), "signature"),
        (es256_with(&[0; 0]), "signature"),
        (good.clone().by("PS256").header("alg", json!("RS256")).signed(), "alg"),
        (Identity { algorithm: "PS256", ..good.clone().by("RS256") }.signed(), "signature"),
        (confused("RS256", include_str!("../fixtures/identity/rsa2048.pub.pem")), "alg"),
        (confused("ES256", include_str!("../fixtures/identity/p256.pub.pem")), "alg"),
        (good.clone().header("kid", json!("../../../../dev/null")).by("RS256").header("alg", json!("none")).signed(), "alg"),
        (format!("{head}.{claims}.{}", last_bits(tag)), "not a JWT"),
        (format!("{head}=.{claims}.{tag}"), "not a JWT"),
        (format!("{head}.{claims}.{tag}="), "not a JWT"),
        (format!("{head}.{claims}.{tag}\n"), "not a JWT"),
        (format!(" {token}"), "not a JWT"),
        (format!("{head}.{claims}"), "not a JWT"),
        (format!("{token}.{tag}"), "not a JWT"),
        (format!("{head}..{claims}.{tag}"), "not a JWT"),
        ("...".to_owned(), "not a JWT"),
        ("mallory".to_owned(), "not a JWT"),
        (json!({"payload": claims, "signature": tag}).to_string(), "not a JWT"),
        (good.clone().claim("padding", json!("m".repeat(7000))).signed(), "8192 characters at most"),
        (sign("HS256", r#"{"alg":"HS256","alg":"HS256"}"#, &good.claims.to_string()), "no name stands twice"),
        (
            twice(&format!(r#"{{"iss":"{ISSUER}","aud":"{url}","sub":"mallory","sub":"alice","iat":{iat},"exp":{exp}}}"#)),
            "no name stands twice",
        ),
        (
            twice(&format!(r#"{{"iss":"{ISSUER}","aud":"{url}","sub":"mallory","iat":{iat},"exp":{exp},"x":{{"a":1,"a":2}}}}"#)),
            "no name stands twice",
        ),
        (twice("[]"), "JSON objects"),
        (twice("{"), "JSON objects"),
        (sign("HS256", "\"HS256\"", &good.claims.to_string()), "JSON objects"),
    ] {
        let description = refusal(&app, &token).await;
        assert!(description.contains(says), "{description}\n{token}");
    }
    // Far beyond any limit: refused before it is read.
    let form = format!("grant_type={GRANT_TYPE}&subject_token_type={JWT_TYPE}&subject_token={head}.{}.{tag}", "A".repeat(1 << 20));
    let request = app.request(&Method::POST, "/oauth/token").header("x-twinchat", "1").header("origin", super::helpers::SITE);
    let answer = request.header("content-type", "application/x-www-form-urlencoded").body(form).send().await.unwrap();
    assert!(answer.status().is_client_error(), "{answer:?}");
    assert!(exchange(&app, &token, None).await.status().is_success(), "the same one unspoilt");
}

#[tokio::test]
async fn what_the_rfcs_leave_to_the_issuer_is_accepted() {
    let app = believer("").await;
    let good = || Identity::of(&app, "alice");
    for token in [
        good().header("typ", json!("jwt")),
        good().header("kid", json!("../../etc/passwd")),
        good().claim("aud", json!(["https://elsewhere.example", app.url])),
        good().claim("nbf", json!(app.now() + 30)),
        good().claim("iat", json!(app.now() + 30)),
        good().claim("iat", json!(app.now() as f64 - 0.25)),
        good().claim("iat", json!(app.now() - 500)).claim("exp", json!(app.now() - 29)),
        good().claim("exp", json!(app.now() + 600)),
        good().claim("sub", json!("ngọc".repeat(42))),
        good().claim("role", json!({"admin": [true, null, 1.5]})),
        good().claim("jti", json!(7)),
    ] {
        let answer = exchange(&app, &token.signed(), None).await;
        assert_eq!(answer.status(), 200, "{token:?} {}", body(answer).await);
    }
    let mut without_typ = good();
    without_typ.header.as_object_mut().unwrap().remove("typ");
    assert_eq!(exchange(&app, &without_typ.signed(), None).await.status(), 200);
}

#[tokio::test]
async fn an_audience_of_the_owners_takes_the_place_of_the_public_url() {
    let identity = ALL_ALGORITHMS.replacen("algorithm", "audience = \"chat\"\nmax_lifetime_seconds = 60\nalgorithm", 1);
    let app = TestApp::in_folder(&identity, folder_with_keys()).await;
    assert!(refusal(&app, &Identity::of(&app, "a").claim("exp", json!(app.now() + 60)).signed()).await.contains("aud"));
    let named = Identity::of(&app, "a").claim("aud", json!("chat"));
    assert!(refusal(&app, &named.signed()).await.contains("longer than max_lifetime_seconds"));
    let short = named.claim("exp", json!(app.now() + 60));
    assert_eq!(exchange(&app, &short.signed(), None).await.status(), 200);
}

#[tokio::test]
async fn a_server_without_issuers_says_so() {
    let app = TestApp::start().await;
    assert!(refusal(&app, &Identity::of(&app, "mallory").signed()).await.contains("[[identity]]"));
}

#[tokio::test]
async fn where_only_keys_are_accepted_a_proof_comes_along() {
    let app = believer("[tokens]\nbearer = false\n").await;
    let token = Identity::of(&app, "mallory").signed();
    assert!(refusal(&app, &token).await.contains("DPoP proof"));
    let key = Key::new();
    let spoilt = Proof::new(&app, &key, &Method::GET, "/oauth/token").signed();
    let form = [("grant_type", GRANT_TYPE), ("subject_token_type", JWT_TYPE), ("subject_token", token.as_str())];
    let answer = body(app.token_request(&form).header("dpop", spoilt).send().await.unwrap()).await;
    assert_eq!(answer["error"], "invalid_dpop_proof");
    assert_eq!(exchange(&app, &token, Some(&key)).await.status(), 200);
}

#[tokio::test]
async fn the_narrower_of_what_is_asked_for_and_what_the_site_allows_is_given() {
    let app = believer("").await;
    for (asked, allowed, given) in [
        ("", json!("read_only"), "read_only"),
        ("full_access", json!("read_only"), "read_only"),
        ("read_only", json!("full_access"), "read_only"),
        ("", json!("full_access"), "full_access"),
        ("read_only", Value::Null, "read_only"),
    ] {
        let token = Identity::of(&app, "alice").claim("scope", allowed.clone()).signed();
        let alice = visitor(exchange_for(&app, &token, None, asked).await, None).await;
        assert_eq!(alice.answer["scope"], given, "{asked} {allowed}");
        let wanted = if given == "read_only" { 403 } else { 404 };
        let answer = alice.send(&app, &Method::POST, "/api/v1/conversations", &json!({"twinId": "twin_00000000"})).await;
        assert_eq!(answer.status(), wanted);
    }
}

#[tokio::test]
async fn a_one_time_token_is_good_once_also_after_a_restart_and_for_one_of_many_at_once() {
    let identity = ALL_ALGORITHMS.replacen("algorithm", "one_time = true\nalgorithm", 1);
    let app = TestApp::in_folder(&identity, folder_with_keys()).await;
    let token = |jti: &str| Identity::of(&app, "mallory").claim("jti", json!(jti)).signed();
    for jti in [Value::Null, json!(1), json!(""), json!("m".repeat(256))] {
        let description = refusal(&app, &Identity::of(&app, "mallory").claim("jti", jti).signed()).await;
        assert!(description.contains("needs a jti"), "{description}");
    }
    let first = token("first");
    let form = [("grant_type", GRANT_TYPE), ("subject_token_type", JWT_TYPE), ("subject_token", first.as_str())];
    let spoilt = app.token_request(&form).header("dpop", "nonsense").send().await.unwrap();
    assert_eq!(spoilt.status(), 400);
    assert_eq!(exchange(&app, &first, None).await.status(), 200, "a bad proof does not use it up");
    assert!(refusal(&app, &first).await.contains("used before"));
    let other_issuer = Identity::of(&app, "alice").by("RS256").claim("jti", json!("first"));
    assert_eq!(exchange(&app, &other_issuer.signed(), None).await.status(), 200);
    let many = token("many");
    let at_once = futures_util::future::join_all((0..8).map(|_| exchange(&app, &many, None))).await;
    assert_eq!(at_once.iter().filter(|answer| answer.status() == 200).count(), 1);
    let app = app.restart().await;
    app.clock.advance_seconds(329);
    assert!(refusal(&app, &first).await.contains("used before"), "remembered for as long as it would be good");
    app.clock.advance_seconds(1);
    assert!(refusal(&app, &first).await.contains("has expired"));
}

#[tokio::test]
async fn an_access_token_is_no_identity_token_and_an_identity_token_opens_nothing() {
    let app = believer("").await;
    let alice = sign_in(&app, "alice", None).await;
    assert!(refusal(&app, &alice.token).await.contains("iss is not an issuer"));
    let identity = Identity::of(&app, "alice").signed();
    let answer = app.request(&Method::GET, "/api/v1/twins").bearer_auth(&identity).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    let form = [("grant_type", GRANT_TYPE), ("subject_token_type", DPOP_KEY_TYPE), ("subject_token", identity.as_str())];
    assert_eq!(app.token_request(&form).send().await.unwrap().status(), 400);
}

/// A site that publishes its keys.
struct Site {
    origin: String,
    keys: Arc<Mutex<Value>>,
    asked: Arc<AtomicUsize>,
}

impl Site {
    async fn start() -> Self {
        let (keys, asked) = (Arc::new(Mutex::new(Value::Null)), Arc::new(AtomicUsize::new(0)));
        let published = {
            let (keys, asked) = (keys.clone(), asked.clone());
            move |headers: HeaderMap| async move {
                assert!(!headers.contains_key("cookie") && !headers.contains_key("authorization"));
                asked.fetch_add(1, Ordering::SeqCst);
                keys.lock().unwrap().to_string()
            }
        };
        let huge = || async { "x".repeat(1 << 20) };
        let routes = Router::new()
            .route("/jwks.json", get(published))
            .route("/moved.json", get(|| async { Redirect::temporary("/jwks.json") }))
            .route("/huge.json", get(huge));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { origin, keys, asked }
    }

    fn publish(&self, keys: &[(&str, &Ed25519KeyPair)]) {
        let jwk =
            |(kid, pair): &(&str, &Ed25519KeyPair)| json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": encode(pair.public_key())});
        *self.keys.lock().unwrap() = json!({"keys": keys.iter().map(jwk).collect::<Vec<_>>()});
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn settings(&self, path: &str) -> String {
        format!("[[identity]]\nissuer = \"site\"\nalgorithm = \"EdDSA\"\njwks_url = \"{}{path}\"\n", self.origin)
    }
}

fn pair(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

fn token_by(app: &TestApp, kid: &str, pair: &Ed25519KeyPair) -> String {
    let signed = format!(
        "{}.{}",
        encode(json!({"alg": "EdDSA", "kid": kid}).to_string()),
        encode(Identity::of(app, "mallory").claim("iss", json!("site")).claims.to_string())
    );
    let tag = pair.sign(signed.as_bytes());
    format!("{signed}.{}", encode(tag))
}

#[tokio::test]
async fn published_keys_may_change_at_any_time_and_are_asked_for_seldom() {
    let site = Site::start().await;
    let (old, new) = (pair(1), pair(2));
    site.publish(&[("old", &old)]);
    let app = TestApp::with(&site.settings("/jwks.json")).await;
    assert_eq!(site.asked(), 0, "not before they are needed");
    let at_once =
        futures_util::future::join_all((0..8).map(|_| async { exchange(&app, &token_by(&app, "old", &old), None).await.status() })).await;
    assert!(at_once.iter().all(|status| *status == 200), "{at_once:?}");
    assert_eq!(site.asked(), 1);
    // A kid that nobody knows: asked once per cool-down, whoever tries.
    for _ in 0..5 {
        assert!(refusal(&app, &token_by(&app, "new", &new)).await.contains("signature"));
    }
    assert_eq!(site.asked(), 1);
    site.publish(&[("old", &old), ("new", &new)]);
    app.clock.advance_seconds(30);
    assert_eq!(exchange(&app, &token_by(&app, "new", &new), None).await.status(), 200);
    assert_eq!(site.asked(), 2);
    assert!(refusal(&app, &token_by(&app, "old", &new)).await.contains("signature"), "a known kid with another key");
    assert_eq!(site.asked(), 2);
    // A key that is published no longer is good for ten minutes at most.
    site.publish(&[("new", &new)]);
    app.clock.advance_seconds(600);
    assert!(refusal(&app, &token_by(&app, "old", &old)).await.contains("signature"));
    assert_eq!(site.asked(), 3);
}

#[tokio::test]
async fn keys_are_taken_from_the_configured_address_alone_and_only_when_they_are_keys() {
    let site = Site::start().await;
    let pair = pair(1);
    site.publish(&[("a", &pair)]);
    for path in ["/moved.json", "/huge.json", "/absent.json"] {
        let app = TestApp::with(&site.settings(path)).await;
        let answer = exchange(&app, &token_by(&app, "a", &pair), None).await;
        assert_eq!((answer.status(), header(&answer, "retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "30"), "{path}");
        assert_eq!(header(&answer, "cache-control"), "no-store");
        assert_eq!(body(answer).await["error"], "temporarily_unavailable");
    }
    assert_eq!(site.asked(), 0, "the redirect was not followed");
}
