//! Proofs of possession: each of the twelve checks of RFC 9449 section 4.3 has its test, numbered as there.
//! Each says everything that a stranger's vectors might try, on a call and on the exchange.

use crate::helpers::{Key, Proof, SITE, TestApp, Visitor, body, encode, header, text};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use p256::ecdsa::Signature;
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

async fn exchange(app: &TestApp, thumbprint: &str, proofs: &[String]) -> Response {
    let form = [("grant_type", GRANT_TYPE), ("subject_token_type", DPOP_KEY_TYPE), ("subject_token", thumbprint)];
    let mut request = app.token_request(&form);
    for proof in proofs {
        request = request.header("dpop", proof);
    }
    request.send().await.unwrap()
}

fn good(app: &TestApp, visitor: &Visitor) -> Proof {
    Proof::new(app, visitor.key.as_ref().unwrap(), &Method::GET, TWINS).with_token(&visitor.token)
}

/// What is in the `DPoP` headers, made from a good proof.
type Spoil = fn(Proof) -> Vec<String>;

/// One proof, changed before it is signed.
fn changed(mut proof: Proof, change: impl FnOnce(&mut Proof)) -> Vec<String> {
    change(&mut proof);
    vec![proof.signed()]
}

fn without(mut value: Value, name: &str) -> Value {
    value.as_object_mut().unwrap().remove(name);
    value
}

/// A text in place of the good proof's header, the good claims after it.
fn with_header(proof: &Proof, header: &str) -> Vec<String> {
    vec![proof.key.sign_texts(header, &proof.claims.to_string())]
}

fn with_claims(proof: &Proof, claims: &str) -> Vec<String> {
    vec![proof.key.sign_texts(&proof.header.to_string(), claims)]
}

/// The members of an object in front of these.
fn and(value: &Value, members: &str) -> String {
    format!("{},{members}}}", value.to_string().trim_end_matches('}'))
}

/// The claims with a member written by hand.
fn raw_claim(proof: &Proof, name: &str, json: &str) -> Vec<String> {
    with_claims(proof, &and(&without(proof.claims.clone(), name), &format!("\"{name}\":{json}")))
}

/// All of these are refused as bad proofs, with a call and with the exchange, and none of them uses up a good one.
async fn refuse(vectors: &[(&str, Spoil)]) {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    let key = visitor.key.clone().unwrap();
    for (what, spoil) in vectors {
        let answer = call(&app, &visitor, &spoil(good(&app, &visitor))).await;
        assert_eq!(answer.status(), 401, "{what}");
        let challenge = header(&answer, "www-authenticate");
        assert!(challenge.starts_with("DPoP ") && challenge.contains("algs=\"ES256\""), "{what}: {challenge}");
        assert!(challenge.contains("error=\"invalid_dpop_proof\""), "{what}: {challenge}");
        assert_eq!(body(answer).await["error"], "INVALID_DPOP_PROOF", "{what}");

        let answer = exchange(&app, &key.thumbprint(), &spoil(Proof::new(&app, &key, &Method::POST, "/oauth/token"))).await;
        assert_eq!(answer.status(), 400, "{what}");
        assert_eq!(header(&answer, "cache-control"), "no-store");
        let body = body(answer).await;
        assert_eq!(body["error"], "invalid_dpop_proof", "{what}");
        assert!(text(&body, "error_description").is_ascii());
    }
    let proof = good(&app, &visitor);
    let mut spoilt = proof.clone();
    spoilt.claims["htm"] = json!("PUT");
    assert_eq!(call(&app, &visitor, &[spoilt.signed()]).await.status(), 401);
    assert_eq!(call(&app, &visitor, &[proof.signed()]).await.status(), 200, "a refused proof does not use up its jti");
}

#[tokio::test]
async fn check_01_there_is_exactly_one_dpop_header() {
    refuse(&[
        ("none", |_| vec![]),
        ("two", |proof| vec![proof.signed(), proof.signed()]),
        ("a good one and an empty one", |proof| vec![proof.signed(), String::new()]),
        ("two joined by a comma", |proof| vec![format!("{}, {}", proof.signed(), proof.signed())]),
        ("two joined without a space", |proof| vec![format!("{},{}", proof.signed(), proof.signed())]),
        ("empty", |_| vec![String::new()]),
    ])
    .await;
}

#[tokio::test]
async fn check_02_the_header_is_a_single_well_formed_jwt() {
    refuse(&[
        ("nonsense", |_| vec!["nonsense".to_owned()]),
        ("two dots", |_| vec!["..".to_owned()]),
        ("two parts", |proof| vec![proof.signed().rsplit_once('.').unwrap().0.to_owned()]),
        ("four parts", |proof| vec![format!("{}.again", proof.signed())]),
        ("five parts, as if encrypted", |proof| vec![format!("{}.a.b", proof.signed())]),
        ("a dot before", |proof| vec![format!(".{}", proof.signed())]),
        ("padding after the signature", |proof| vec![format!("{}=", proof.signed())]),
        ("padding in the header", |proof| {
            let header = format!("{} ", proof.header);
            let header = if header.len() % 3 == 0 { format!("{header} ") } else { header };
            let signed = format!("{}.{}", URL_SAFE.encode(header), encode(proof.claims.to_string()));
            assert!(signed.contains('='));
            vec![format!("{signed}.{}", encode(proof.key.signature(&signed).to_bytes()))]
        }),
        ("the alphabet of plain base64", |proof| {
            let header = base64::engine::general_purpose::STANDARD_NO_PAD.encode(and(&proof.header, "\"x\":\"???>>>~~~\""));
            let signed = format!("{header}.{}", encode(proof.claims.to_string()));
            assert!(signed.contains(['+', '/']), "{signed}");
            vec![format!("{signed}.{}", encode(proof.key.signature(&signed).to_bytes()))]
        }),
        ("white space inside", |proof| vec![proof.signed().replacen('.', " .", 1)]),
        ("stray bits at the end", |proof| {
            // 64 bytes leave four bits of the last character without a meaning.
            let signed = proof.signed();
            let (head, last) = signed.split_at(signed.len() - 1);
            let next = char::from(last.as_bytes()[0] + 1);
            vec![format!("{head}{next}")]
        }),
        ("the scheme before it", |proof| vec![format!("DPoP {}", proof.signed())]),
        ("JSON serialisation", |proof| {
            let signed = proof.signed();
            let parts: Vec<_> = signed.split('.').collect();
            vec![json!({"protected": parts[0], "payload": parts[1], "signature": parts[2]}).to_string()]
        }),
        ("longer than 4096 characters", |proof| changed(proof, |proof| proof.claims["filler"] = json!("a".repeat(4000)))),
        ("a member twice in the header", |proof| with_header(&proof, &and(&proof.header, "\"alg\":\"ES256\""))),
        ("a member twice in the jwk", |proof| {
            let jwk = and(&proof.header["jwk"], &format!("\"x\":{}", proof.header["jwk"]["x"]));
            with_header(&proof, &format!("{{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":{jwk}}}"))
        }),
        ("a member twice in the claims", |proof| with_claims(&proof, &and(&proof.claims, "\"htm\":\"GET\""))),
        ("a member twice, written otherwise", |proof| with_claims(&proof, &and(&proof.claims, "\"\\u006ati\":\"x\""))),
        ("an unknown member twice", |proof| with_claims(&proof, &and(&proof.claims, "\"a\":1,\"a\":1"))),
        ("claims that are a list", |proof| with_claims(&proof, "[]")),
        ("claims that are a text", |proof| with_claims(&proof, "\"x\"")),
        ("claims that are no JSON", |proof| with_claims(&proof, "{'jti':'x'}")),
        ("something after the claims", |proof| with_claims(&proof, &format!("{} {{}}", proof.claims))),
        ("a byte order mark", |proof| with_claims(&proof, &format!("\u{feff}{}", proof.claims))),
        ("a comment", |proof| with_claims(&proof, &format!("{}/* */", proof.claims))),
        ("deeply nested", |proof| raw_claim(&proof, "x", &format!("{}{}", "[".repeat(500), "]".repeat(500)))),
    ])
    .await;
}

#[tokio::test]
async fn check_03_all_required_claims_are_there() {
    refuse(&[
        ("no jti", |proof| changed(proof, |proof| proof.claims = without(proof.claims.clone(), "jti"))),
        ("an empty jti", |proof| raw_claim(&proof, "jti", "\"\"")),
        ("an endless jti", |proof| changed(proof, |proof| proof.claims["jti"] = json!("a".repeat(257)))),
        ("jti as a number", |proof| raw_claim(&proof, "jti", "7")),
        ("jti as null", |proof| raw_claim(&proof, "jti", "null")),
        ("no htm", |proof| changed(proof, |proof| proof.claims = without(proof.claims.clone(), "htm"))),
        ("htm in a list", |proof| raw_claim(&proof, "htm", "[\"GET\",\"POST\"]")),
        ("no htu", |proof| changed(proof, |proof| proof.claims = without(proof.claims.clone(), "htu"))),
        ("no iat", |proof| changed(proof, |proof| proof.claims = without(proof.claims.clone(), "iat"))),
        ("iat as a text", |proof| changed(proof, |proof| proof.claims["iat"] = json!(proof.claims["iat"].to_string()))),
        ("iat as true", |proof| raw_claim(&proof, "iat", "true")),
        ("iat as null", |proof| raw_claim(&proof, "iat", "null")),
        ("iat in a list", |proof| changed(proof, |proof| proof.claims["iat"] = json!([proof.claims["iat"]]))),
        ("no jwk", |proof| changed(proof, |proof| proof.header = without(proof.header.clone(), "jwk"))),
        ("jwk as a text", |proof| changed(proof, |proof| proof.header["jwk"] = json!(proof.header["jwk"].to_string()))),
        ("no claims", |proof| with_claims(&proof, "{}")),
    ])
    .await;
}

#[tokio::test]
async fn check_04_the_typ_is_dpop_jwt() {
    refuse(&[
        ("none", |proof| changed(proof, |proof| proof.header = without(proof.header.clone(), "typ"))),
        ("JWT", |proof| changed(proof, |proof| proof.header["typ"] = json!("JWT"))),
        ("that of access tokens", |proof| changed(proof, |proof| proof.header["typ"] = json!("at+jwt"))),
        ("with a suffix", |proof| changed(proof, |proof| proof.header["typ"] = json!("dpop+jwt;v=2"))),
        ("in a list", |proof| changed(proof, |proof| proof.header["typ"] = json!(["dpop+jwt"]))),
    ])
    .await;
}

#[tokio::test]
async fn check_05_the_alg_is_asymmetric_and_supported() {
    refuse(&[
        ("no alg", |proof| changed(proof, |proof| proof.header = without(proof.header.clone(), "alg"))),
        ("none", |proof| {
            let unsigned = changed(proof, |proof| proof.header["alg"] = json!("none")).remove(0);
            vec![format!("{}.", unsigned.rsplit_once('.').unwrap().0)]
        }),
        ("none and a signature", |proof| changed(proof, |proof| proof.header["alg"] = json!("none"))),
        ("NoNe", |proof| changed(proof, |proof| proof.header["alg"] = json!("NoNe"))),
        ("HS256", |proof| changed(proof, |proof| proof.header["alg"] = json!("HS256"))),
        ("RS256", |proof| changed(proof, |proof| proof.header["alg"] = json!("RS256"))),
        ("PS256", |proof| changed(proof, |proof| proof.header["alg"] = json!("PS256"))),
        ("ES384", |proof| changed(proof, |proof| proof.header["alg"] = json!("ES384"))),
        ("ES256K", |proof| changed(proof, |proof| proof.header["alg"] = json!("ES256K"))),
        ("EdDSA", |proof| changed(proof, |proof| proof.header["alg"] = json!("EdDSA"))),
        ("in lower case", |proof| changed(proof, |proof| proof.header["alg"] = json!("es256"))),
        ("critical parameters", |proof| changed(proof, |proof| proof.header["crit"] = json!(["exp"]))),
        ("critical parameters that are none", |proof| changed(proof, |proof| proof.header["crit"] = Value::Null)),
        ("a payload that is not encoded", |proof| {
            changed(proof, |proof| {
                proof.header["b64"] = json!(false);
                proof.header["crit"] = json!(["b64"]);
            })
        }),
    ])
    .await;
}

/// The same signature in the other half of the curve's order: n - s.
fn high_s(signature: &Signature) -> Vec<u8> {
    const N: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
        0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let mut bytes = signature.to_bytes().to_vec();
    let mut borrow = 0;
    for at in (0..32).rev() {
        let difference = i16::from(N[at]) - i16::from(bytes[32 + at]) - borrow;
        borrow = i16::from(difference < 0);
        bytes[32 + at] = u8::try_from(difference & 255).unwrap();
    }
    bytes
}

fn with_signature(proof: &Proof, signature: impl FnOnce(Signature) -> Vec<u8>) -> Vec<String> {
    let signed = format!("{}.{}", encode(proof.header.to_string()), encode(proof.claims.to_string()));
    vec![format!("{signed}.{}", encode(signature(proof.key.signature(&signed))))]
}

#[tokio::test]
async fn check_06_the_signature_fits_the_jwk() {
    refuse(&[
        ("signed by another key", |proof| changed(proof, |proof| proof.key = Key::new())),
        ("a changed header", |proof| {
            let signed = proof.signed();
            vec![format!("{}.{}", encode(and(&proof.header, "\"x\":1")), signed.split_once('.').unwrap().1)]
        }),
        ("changed claims", |proof| {
            let signed = proof.signed();
            let parts: Vec<_> = signed.split('.').collect();
            vec![format!("{}.{}.{}", parts[0], encode(and(&proof.claims, "\"x\":1")), parts[2])]
        }),
        ("no signature", |proof| with_signature(&proof, |_| Vec::new())),
        ("all zero", |proof| with_signature(&proof, |_| vec![0; 64])),
        ("r and s of the order and beyond", |proof| with_signature(&proof, |_| vec![0xff; 64])),
        ("in DER", |proof| with_signature(&proof, |signature| signature.to_der().as_bytes().to_vec())),
        ("one byte short", |proof| with_signature(&proof, |signature| signature.to_bytes()[..63].to_vec())),
        ("one byte long", |proof| with_signature(&proof, |signature| [&signature.to_bytes()[..], &[0]].concat())),
        ("not a point of the curve", |proof| changed(proof, |proof| proof.header["jwk"]["x"] = json!(encode([1; 32])))),
        ("the point at infinity", |proof| {
            changed(proof, |proof| {
                proof.header["jwk"]["x"] = json!(encode([0; 32]));
                proof.header["jwk"]["y"] = json!(encode([0; 32]));
            })
        }),
        ("a coordinate beyond the field", |proof| changed(proof, |proof| proof.header["jwk"]["x"] = json!(encode([255; 32])))),
        ("a short coordinate", |proof| changed(proof, |proof| proof.header["jwk"]["x"] = json!(encode([1; 31])))),
        ("a long coordinate", |proof| changed(proof, |proof| proof.header["jwk"]["x"] = json!(encode([0; 33])))),
        ("a coordinate with padding", |proof| {
            changed(proof, |proof| proof.header["jwk"]["y"] = json!(format!("{}=", text(&proof.header["jwk"], "y"))))
        }),
        ("a coordinate with a line break", |proof| {
            changed(proof, |proof| proof.header["jwk"]["y"] = json!(format!("{}\n", text(&proof.header["jwk"], "y"))))
        }),
        ("a coordinate as a number", |proof| changed(proof, |proof| proof.header["jwk"]["x"] = json!(7))),
        ("no y", |proof| changed(proof, |proof| proof.header["jwk"] = without(proof.header["jwk"].clone(), "y"))),
        ("another curve", |proof| changed(proof, |proof| proof.header["jwk"]["crv"] = json!("P-384"))),
        ("no curve", |proof| changed(proof, |proof| proof.header["jwk"] = without(proof.header["jwk"].clone(), "crv"))),
        ("another kind of key", |proof| changed(proof, |proof| proof.header["jwk"]["kty"] = json!("OKP"))),
        ("an RSA key", |proof| changed(proof, |proof| proof.header["jwk"] = json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"}))),
        ("a symmetric key", |proof| changed(proof, |proof| proof.header["jwk"] = json!({"kty": "oct", "k": "AA"}))),
    ])
    .await;
    // RFC 7515 and RFC 9449 know no lower half: both values of s are good signatures, as from WebCrypto.
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    let proofs = [with_signature(&good(&app, &visitor), |signature| high_s(&signature)), vec![good(&app, &visitor).signed()]];
    for proof in proofs {
        assert_eq!(call(&app, &visitor, &proof).await.status(), 200);
    }
}

#[tokio::test]
async fn check_07_the_jwk_holds_no_private_key() {
    refuse(&[
        ("d", |proof| changed(proof, |proof| proof.header["jwk"]["d"] = json!(encode([1; 32])))),
        ("an empty d", |proof| changed(proof, |proof| proof.header["jwk"]["d"] = json!(""))),
        ("d as null", |proof| changed(proof, |proof| proof.header["jwk"]["d"] = Value::Null)),
        ("k", |proof| changed(proof, |proof| proof.header["jwk"]["k"] = json!("AA"))),
        ("p", |proof| changed(proof, |proof| proof.header["jwk"]["p"] = json!("AA"))),
    ])
    .await;
}

#[tokio::test]
async fn check_08_the_htm_is_the_method() {
    refuse(&[
        ("another method", |proof| raw_claim(&proof, "htm", "\"PATCH\"")),
        ("in lower case", |proof| changed(proof, |proof| proof.claims["htm"] = json!(text(&proof.claims, "htm").to_lowercase()))),
        ("with a space", |proof| changed(proof, |proof| proof.claims["htm"] = json!(format!("{} ", text(&proof.claims, "htm"))))),
        ("any", |proof| raw_claim(&proof, "htm", "\"*\"")),
        ("empty", |proof| raw_claim(&proof, "htm", "\"\"")),
    ])
    .await;
}

#[tokio::test]
async fn check_09_the_htu_is_the_address_without_query_and_fragment() {
    fn htu(mut proof: Proof, change: impl FnOnce(String) -> String) -> Vec<String> {
        proof.claims["htu"] = json!(change(text(&proof.claims, "htu")));
        vec![proof.signed()]
    }
    refuse(&[
        ("another path", |proof| htu(proof, |url| format!("{url}/x"))),
        ("a slash at the end", |proof| htu(proof, |url| format!("{url}/"))),
        ("a path in capitals", |proof| htu(proof, |url| url.replace("/api", "/API").replace("/oauth", "/OAUTH"))),
        ("another scheme", |proof| htu(proof, |url| url.replace("http://", "https://"))),
        ("another host", |proof| htu(proof, |url| url.replace("127.0.0.1", "elsewhere.example"))),
        ("another name of the same host", |proof| htu(proof, |url| url.replace("127.0.0.1", "localhost"))),
        ("no port", |proof| htu(proof, |url| format!("http://127.0.0.1/{}", url.splitn(4, '/').nth(3).unwrap()))),
        ("a user in front", |proof| htu(proof, |url| url.replace("http://", "http://user@"))),
        ("another host behind the user", |proof| {
            htu(proof, |url| url.replace("/api", "@evil.example/api").replace("/oauth", "@evil.example/oauth"))
        }),
        ("only the path", |proof| htu(proof, |url| format!("/{}", url.splitn(4, '/').nth(3).unwrap()))),
        ("without a scheme", |proof| htu(proof, |url| url.replace("http:", ""))),
        ("backslashes", |proof| htu(proof, |url| url.replace('/', "\\"))),
        ("a space in front", |proof| htu(proof, |url| format!(" {url}"))),
        ("a line break at the end", |proof| htu(proof, |url| format!("{url}\n"))),
        ("two addresses", |proof| htu(proof, |url| format!("{url} {url}"))),
        ("nothing", |proof| htu(proof, |_| String::new())),
    ])
    .await;
    // RFC 3986 sections 6.2.2 and 6.2.3 normalise these; clients that leave a query in are forgiven.
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    for change in ["HTTP://127.0.0.1", "http://127.0.0.1"] {
        let mut proof = good(&app, &visitor);
        proof.claims["htu"] = json!(text(&proof.claims, "htu").replace("http://127.0.0.1", change).replace("twins", "%74wins?page=1#top"));
        assert_eq!(call(&app, &visitor, &[proof.signed()]).await.status(), 200, "{}", proof.claims["htu"]);
    }
}

/// A call with a proof that has this nonce, or none.
async fn call_with_nonce(app: &TestApp, visitor: &Visitor, nonce: Option<&str>) -> Response {
    let mut proof = good(app, visitor);
    proof.claims = without(proof.claims, "nonce");
    if let Some(nonce) = nonce {
        proof.claims["nonce"] = json!(nonce);
    }
    call(app, visitor, &[proof.signed()]).await
}

#[tokio::test]
async fn check_10_the_nonce_is_one_of_ours_and_new() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    let nonce = app.app.tokens().nonce().unwrap();
    for wrong in [None, Some(""), Some("nonsense"), Some(&nonce[1..]), Some(&nonce.to_lowercase())] {
        let answer = call_with_nonce(&app, &visitor, wrong).await;
        assert_eq!(answer.status(), 401);
        let challenge = header(&answer, "www-authenticate");
        assert!(challenge.starts_with("DPoP ") && challenge.contains("error=\"use_dpop_nonce\""), "{challenge}");
        assert!(challenge.contains("error_description=\"") && challenge.contains("algs=\"ES256\""), "{challenge}");
        assert_eq!(header(&answer, "dpop-nonce"), nonce);
        assert_eq!(body(answer).await["error"], "USE_DPOP_NONCE");
    }
    for (after, status) in [(0, 200), (300, 200), (299, 401)] {
        app.clock.advance_seconds(after);
        let mut again = visitor.clone();
        again.renew(&app).await;
        let answer = call_with_nonce(&app, &again, Some(&nonce)).await;
        assert_eq!(answer.status(), status, "{after} seconds later");
    }
    assert_ne!(app.app.tokens().nonce().unwrap(), nonce);
}

#[tokio::test]
async fn a_proof_that_lacks_nothing_but_the_nonce_is_not_used_up() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    let mut proof = good(&app, &visitor);
    let nonce = proof.claims["nonce"].take();
    let answer = call(&app, &visitor, &[proof.signed()]).await;
    assert_eq!(header(&answer, "dpop-nonce"), nonce.as_str().unwrap());
    proof.claims["nonce"] = nonce;
    assert_eq!(call(&app, &visitor, &[proof.signed()]).await.status(), 200, "the same jti");
    assert_eq!(call(&app, &visitor, &[proof.signed()]).await.status(), 401);
}

#[tokio::test]
async fn the_exchange_asks_for_a_nonce_and_the_next_try_has_it() {
    let app = TestApp::start().await;
    let key = Key::new();
    let mut proof = Proof::new(&app, &key, &Method::POST, "/oauth/token");
    proof.claims = without(proof.claims, "nonce");
    let answer = exchange(&app, &key.thumbprint(), &[proof.signed()]).await;
    assert_eq!(answer.status(), 400);
    proof.claims["nonce"] = json!(header(&answer, "dpop-nonce"));
    let answer = body(answer).await;
    assert_eq!(answer["error"], "use_dpop_nonce");
    assert!(text(&answer, "error_description").is_ascii());
    assert_eq!(exchange(&app, &key.thumbprint(), &[proof.signed()]).await.status(), 200);
}

#[tokio::test]
async fn whoever_may_hold_a_key_is_given_a_nonce_with_every_answer() {
    let app = TestApp::start().await;
    let (visitor, bearer) = (app.visitor().await, app.bearer_visitor().await);
    let nonce = app.app.tokens().nonce().unwrap();
    let get = |path: &str| visitor.request(&app, &Method::GET, path);
    let expired = Visitor { token: format!("{}x", visitor.token), ..visitor.clone() };
    for (what, request) in [
        ("the settings", app.request(&Method::GET, "/api/v1/widget").header("origin", SITE)),
        ("a call", get(TWINS)),
        ("not found", get("/api/v1/conversations/conv_zzzzzzzzzzzzzzzzzzzzzzzzzz")),
        ("a bad token", expired.request(&app, &Method::GET, TWINS)),
        ("a bad form", app.token_request(&[])),
        ("no token", app.request(&Method::GET, TWINS).header("origin", SITE)),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(header(&answer, "dpop-nonce"), nonce, "{what}");
        assert!(header(&answer, "access-control-expose-headers").contains("DPoP-Nonce"), "{what}");
        assert_eq!(header(&answer, "cache-control"), "no-store", "{what}");
    }
    let answer = bearer.request(&app, &Method::GET, TWINS).send().await.unwrap();
    assert_eq!(header(&answer, "dpop-nonce"), "", "who makes no proofs needs none");
    let foreign = app.request(&Method::GET, "/api/v1/widget").header("origin", "https://evil.example").send().await.unwrap();
    assert_eq!(header(&foreign, "dpop-nonce"), "");
}

#[tokio::test]
async fn no_proof_from_before_a_restart_is_good_after_it() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    let (used, unused) = (good(&app, &visitor).signed(), good(&app, &visitor).signed());
    assert_eq!(call(&app, &visitor, std::slice::from_ref(&used)).await.status(), 200);
    let app = app.restart().await;
    for proof in [used, unused] {
        let answer = call(&app, &visitor, &[proof]).await;
        assert_eq!(body(answer).await["error"], "USE_DPOP_NONCE");
    }
    assert_eq!(call(&app, &visitor, &[good(&app, &visitor).signed()]).await.status(), 200, "the token itself is good");
}

#[tokio::test]
async fn the_owner_can_do_without_nonces() {
    let app = TestApp::with("[tokens]\nnonces = false\n").await;
    let visitor = app.visitor().await;
    let answer = call_with_nonce(&app, &visitor, None).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "dpop-nonce"), "");
    assert_eq!(call_with_nonce(&app, &visitor, Some("of somebody else")).await.status(), 200);
}

#[tokio::test]
async fn check_11_the_iat_is_within_a_minute() {
    fn at(mut proof: Proof, seconds: i64) -> Vec<String> {
        proof.claims["iat"] = json!(proof.claims["iat"].as_i64().unwrap() + seconds);
        vec![proof.signed()]
    }
    refuse(&[
        ("from the past", |proof| at(proof, -61)),
        ("from the future", |proof| at(proof, 61)),
        ("in milliseconds", |proof| changed(proof, |proof| proof.claims["iat"] = json!(proof.claims["iat"].as_i64().unwrap() * 1000))),
        ("0", |proof| raw_claim(&proof, "iat", "0")),
        ("before 1970", |proof| raw_claim(&proof, "iat", "-1760000000")),
        ("huge", |proof| raw_claim(&proof, "iat", "1e300")),
        ("beyond huge", |proof| raw_claim(&proof, "iat", "1e999")),
        ("more digits than a number has", |proof| raw_claim(&proof, "iat", &"9".repeat(400))),
        ("2^63", |proof| raw_claim(&proof, "iat", "9223372036854775808")),
        ("NaN", |proof| raw_claim(&proof, "iat", "NaN")),
        ("infinite", |proof| raw_claim(&proof, "iat", "-Infinity")),
        ("in hexadecimal", |proof| raw_claim(&proof, "iat", "0x68e77800")),
    ])
    .await;
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    for seconds in [-60, 60] {
        assert_eq!(call(&app, &visitor, &at(good(&app, &visitor), seconds)).await.status(), 200, "{seconds}");
    }
    let mut fraction = good(&app, &visitor);
    fraction.claims["iat"] = json!(app.now() as f64 + 0.5);
    assert_eq!(call(&app, &visitor, &[fraction.signed()]).await.status(), 200, "RFC 7519 section 2 allows fractions");
    let early = good(&app, &visitor).signed();
    app.clock.advance_seconds(60);
    assert_eq!(call(&app, &visitor, &[early]).await.status(), 200);
}

#[tokio::test]
async fn check_12_the_ath_is_the_hash_of_the_token_and_the_key_is_the_tokens() {
    let app = TestApp::start().await;
    let (visitor, other) = (app.visitor().await, app.visitor().await);
    let spoilt = |change: fn(&mut Value)| {
        let mut proof = good(&app, &visitor);
        change(&mut proof.claims);
        proof.signed()
    };
    for (what, proof) in [
        ("no ath", spoilt(|claims| *claims = without(claims.clone(), "ath"))),
        ("an empty ath", spoilt(|claims| claims["ath"] = json!(""))),
        ("ath as null", spoilt(|claims| claims["ath"] = Value::Null)),
        ("a hash of something else", spoilt(|claims| claims["ath"] = json!(encode([0; 32])))),
        ("with padding", spoilt(|claims| claims["ath"] = json!(format!("{}=", text(claims, "ath"))))),
        ("the hash of another token", good(&app, &visitor).with_token(&other.token).signed()),
        ("a proof for the exchange", Proof::new(&app, visitor.key.as_ref().unwrap(), &Method::GET, TWINS).signed()),
        ("another key", Proof::new(&app, other.key.as_ref().unwrap(), &Method::GET, TWINS).with_token(&visitor.token).signed()),
    ] {
        let answer = call(&app, &visitor, &[proof]).await;
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
async fn a_proof_is_good_once() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    let proof = good(&app, &visitor).signed();
    assert_eq!(call(&app, &visitor, std::slice::from_ref(&proof)).await.status(), 200);
    for _ in 0..2 {
        let answer = call(&app, &visitor, std::slice::from_ref(&proof)).await;
        assert_eq!(answer.status(), 401);
        assert!(header(&answer, "www-authenticate").contains("the proof was used before"));
        app.clock.advance_seconds(60);
    }
    let key = Key::new();
    let proof = [Proof::new(&app, &key, &Method::POST, "/oauth/token").signed()];
    assert_eq!(exchange(&app, &key.thumbprint(), &proof).await.status(), 200);
    assert_eq!(body(exchange(&app, &key.thumbprint(), &proof).await).await["error"], "invalid_dpop_proof");
}

#[tokio::test]
async fn who_floods_the_memory_of_proofs_is_refused_and_nobody_elses_proofs_are_forgotten() {
    let app = TestApp::with("[limits]\nvisitor_requests_per_minute = 1\n").await;
    let (visitor, flooder) = (app.visitor().await, app.visitor().await);
    let proof = good(&app, &visitor).signed();
    assert_eq!(call(&app, &visitor, std::slice::from_ref(&proof)).await.status(), 200);
    for _ in 0..70 {
        assert_ne!(call(&app, &flooder, &[good(&app, &flooder).signed()]).await.status(), 401);
    }
    let answer = call(&app, &flooder, &[good(&app, &flooder).signed()]).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "retry-after")), (429, "120"));
    let answer = exchange(
        &app,
        &flooder.key.as_ref().unwrap().thumbprint(),
        &[Proof::new(&app, flooder.key.as_ref().unwrap(), &Method::POST, "/oauth/token").signed()],
    )
    .await;
    assert_eq!((answer.status().as_u16(), header(&answer, "retry-after")), (429, "120"));
    assert_eq!(call(&app, &visitor, &[proof]).await.status(), 401, "still known");
    app.clock.advance_seconds(60);
    assert_eq!(call(&app, &visitor, &[good(&app, &visitor).signed()]).await.status(), 200);
    app.clock.advance_seconds(61);
    assert_eq!(call(&app, &flooder, &[good(&app, &flooder).signed()]).await.status(), 200, "two minutes later there is room again");
}

#[tokio::test]
async fn queries_do_not_count_and_the_scheme_is_read_in_any_case() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    let proof = good(&app, &visitor).signed();
    let request = app.request(&Method::GET, "/api/v1/twins?page=1&limit=5").header("dpop", proof);
    let answer = request.header("authorization", format!("dpop {}", visitor.token)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}
