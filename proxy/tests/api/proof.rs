//! Proofs of possession: each of the twelve checks of RFC 9449 section 4.3 refuses something.

use crate::helpers::{Key, Proof, SITE, TestApp, Visitor, body, encode, header, text};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use twinchat_protocol::token::{DPOP_KEY_TYPE, GRANT_TYPE};

const TWINS: &str = "/api/v1/twins";

async fn call(app: &TestApp, visitor: &Visitor, proofs: &[String]) -> Response {
    let mut request = app.request(&Method::GET, TWINS).header("authorization", format!("DPoP {}", visitor.token));
    for proof in proofs {
        request = request.header("dpop", proof);
    }
    request.send().await.unwrap()
}

fn good(app: &TestApp, visitor: &Visitor) -> Proof {
    Proof::new(app, visitor.key.as_ref().unwrap(), &Method::GET, TWINS).with_token(&visitor.token)
}

/// A way to spoil a good proof.
type Spoil = fn(&mut Proof);

fn spoilt() -> Vec<(&'static str, Spoil)> {
    vec![
        ("3: no jti", |proof| drop(proof.claims.as_object_mut().unwrap().remove("jti"))),
        ("3: empty jti", |proof| proof.claims["jti"] = json!("")),
        ("3: endless jti", |proof| proof.claims["jti"] = json!("a".repeat(257))),
        ("3: no htm", |proof| drop(proof.claims.as_object_mut().unwrap().remove("htm"))),
        ("3: no htu", |proof| drop(proof.claims.as_object_mut().unwrap().remove("htu"))),
        ("3: no iat", |proof| drop(proof.claims.as_object_mut().unwrap().remove("iat"))),
        ("3: no jwk", |proof| drop(proof.header.as_object_mut().unwrap().remove("jwk"))),
        ("3: iat as text", |proof| proof.claims["iat"] = json!(proof.claims["iat"].to_string())),
        ("4: no typ", |proof| drop(proof.header.as_object_mut().unwrap().remove("typ"))),
        ("4: another typ", |proof| proof.header["typ"] = json!("JWT")),
        ("5: no algorithm", |proof| proof.header["alg"] = json!("none")),
        ("5: a symmetric algorithm", |proof| proof.header["alg"] = json!("HS256")),
        ("5: another algorithm", |proof| proof.header["alg"] = json!("ES384")),
        ("5: critical parameters", |proof| proof.header["crit"] = json!(["exp"])),
        ("6: signed by another key", |proof| proof.key = Key::new()),
        ("6: not a point of the curve", |proof| proof.header["jwk"]["x"] = json!(encode([1; 32]))),
        ("6: a short coordinate", |proof| proof.header["jwk"]["x"] = json!(encode([1; 31]))),
        ("6: another curve", |proof| proof.header["jwk"]["crv"] = json!("P-384")),
        ("6: another kind of key", |proof| proof.header["jwk"] = json!({"kty": "oct", "x": "AA"})),
        ("7: a private key", |proof| proof.header["jwk"]["d"] = json!(encode([1; 32]))),
        ("8: another method", |proof| proof.claims["htm"] = json!("POST")),
        ("8: the method in lower case", |proof| proof.claims["htm"] = json!("get")),
        ("9: another path", |proof| proof.claims["htu"] = json!(proof.claims["htu"].as_str().unwrap().replace("twins", "conversations"))),
        ("9: another server", |proof| proof.claims["htu"] = json!("https://elsewhere.example/api/v1/twins")),
        ("9: only the path", |proof| proof.claims["htu"] = json!(TWINS)),
        ("11: from the past", |proof| proof.claims["iat"] = json!(proof.claims["iat"].as_i64().unwrap() - 61)),
        ("11: from the future", |proof| proof.claims["iat"] = json!(proof.claims["iat"].as_i64().unwrap() + 61)),
        ("11: from the end of time", |proof| proof.claims["iat"] = json!(1e300)),
        ("12: no ath", |proof| drop(proof.claims.as_object_mut().unwrap().remove("ath"))),
        ("12: the hash of another token", |proof| proof.claims["ath"] = json!(encode([0; 32]))),
    ]
}

#[tokio::test]
async fn a_proof_that_fails_a_check_is_refused() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    for (what, spoil) in spoilt() {
        let mut proof = good(&app, &visitor);
        spoil(&mut proof);
        let answer = call(&app, &visitor, &[proof.signed()]).await;
        assert_eq!(answer.status(), 401, "{what}");
        assert!(header(&answer, "www-authenticate").contains("error=\"invalid_dpop_proof\""), "{what}");
        assert_eq!(body(answer).await["error"], "INVALID_DPOP_PROOF", "{what}");
    }
    assert_eq!(call(&app, &visitor, &[good(&app, &visitor).signed()]).await.status(), 200);
}

#[tokio::test]
async fn the_header_has_to_be_there_once_and_be_a_token() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    let proof = || good(&app, &visitor).signed();
    let (changed, mut parts) = (proof(), proof());
    parts.push_str(".again");
    for (what, proofs) in [
        ("1: none", vec![]),
        ("1: two", vec![proof(), proof()]),
        ("1: two in one", vec![format!("{}, {}", proof(), proof())]),
        ("2: not a JWT", vec!["nonsense".to_owned()]),
        ("2: too many parts", vec![parts]),
        ("2: padding", vec![format!("{}=", proof())]),
        ("2: too long", vec![format!("{}.{}", "a".repeat(5000), proof())]),
        ("6: a changed signature", vec![format!("{}AAAA", &changed[..changed.len() - 4])]),
    ] {
        let answer = call(&app, &visitor, &proofs).await;
        assert_eq!(answer.status(), 401, "{what}");
        assert_eq!(body(answer).await["error"], "INVALID_DPOP_PROOF", "{what}");
    }
}

#[tokio::test]
async fn a_stolen_token_is_of_no_use_with_another_key() {
    let app = TestApp::start().await;
    let (owner, thief) = (app.visitor().await, app.visitor().await);
    let stolen = Visitor { token: owner.token.clone(), ..thief };
    let answer = stolen.request(&app, &Method::GET, TWINS).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert_eq!(body(answer).await["error"], "INVALID_DPOP_PROOF");
}

#[tokio::test]
async fn a_proof_is_good_once_and_for_a_minute_either_way() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    let proof = good(&app, &visitor).signed();
    assert_eq!(call(&app, &visitor, std::slice::from_ref(&proof)).await.status(), 200);
    assert_eq!(call(&app, &visitor, &[proof]).await.status(), 401);
    let early = good(&app, &visitor).signed();
    app.clock.advance_seconds(60);
    assert_eq!(call(&app, &visitor, &[early]).await.status(), 200);
    let mut late = good(&app, &visitor);
    late.claims["iat"] = json!(app.now() + 60);
    assert_eq!(call(&app, &visitor, &[late.signed()]).await.status(), 200);
}

#[tokio::test]
async fn queries_do_not_count_and_any_public_address_will_do() {
    let app = TestApp::with("").await;
    let visitor = app.visitor().await;
    let proof = good(&app, &visitor).signed();
    let request = app.request(&Method::GET, "/api/v1/twins?page=1&limit=5").header("dpop", proof);
    let answer = request.header("authorization", format!("dpop {}", visitor.token)).send().await.unwrap();
    assert_eq!(answer.status(), 200, "the scheme's case does not count either");
    let mut with_query = good(&app, &visitor);
    with_query.claims["htu"] = json!(format!("{}?page=1#top", text(&with_query.claims, "htu")));
    assert_eq!(call(&app, &visitor, &[with_query.signed()]).await.status(), 200);
}

#[tokio::test]
async fn the_exchange_makes_the_same_checks() {
    let app = TestApp::start().await;
    let key = Key::new();
    let thumbprint = key.thumbprint();
    let form = [("grant_type", GRANT_TYPE), ("subject_token_type", DPOP_KEY_TYPE), ("subject_token", thumbprint.as_str())];
    for (what, spoil) in spoilt().into_iter().filter(|(what, _)| !what.starts_with("12") && !what.starts_with("8")) {
        let mut proof = Proof::new(&app, &key, &Method::POST, "/oauth/token");
        spoil(&mut proof);
        if what.starts_with("9: another path") {
            proof.claims["htu"] = json!(format!("{}/oauth/revoke", app.url));
        }
        let answer = app.token_request(&form).header("dpop", proof.signed()).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{what}");
        assert_eq!(body(answer).await["error"], "invalid_dpop_proof", "{what}");
    }
    let proof = Proof::new(&app, &key, &Method::POST, "/oauth/token").signed();
    let first: Value = body(app.token_request(&form).header("dpop", &proof).send().await.unwrap()).await;
    assert_eq!(first["token_type"], "DPoP");
    let again = app.token_request(&form).header("dpop", &proof).header("origin", SITE).send().await.unwrap();
    assert_ne!(again.status(), 200);
}
