//! What the metadata says is how the server behaves.

use super::helpers::{Key, Proof, SITE, TestApp, body, header, text, with_form};
use reqwest::Method;
use serde_json::{Value, json};
use twinchat_protocol::token::{DPOP_KEY_TYPE, NEW_VISITOR, VISITOR_SECRET_TYPE};

const SERVER: &str = "/.well-known/oauth-authorization-server";
const RESOURCE: &str = "/.well-known/oauth-protected-resource";

fn texts(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_servers_metadata_can_be_read_by_any_page_and_claims_nothing_else() {
    let app = TestApp::start().await;
    for path in [SERVER, RESOURCE] {
        let answer = app.request(&Method::GET, path).header("origin", "https://anybody.example").send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(header(&answer, "access-control-allow-origin"), "*");
        assert_eq!(header(&answer, "content-type"), "application/json");
        assert_eq!(header(&answer, "cache-control"), "public, max-age=300");
        let plain = body(answer).await;
        assert_eq!(plain, body(app.get(&format!("{path}/chat")).await).await, "where the issuer has a path");
    }
    let metadata = body(app.get(SERVER).await).await;
    let mut names: Vec<&str> = metadata.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "dpop_signing_alg_values_supported",
            "grant_types_supported",
            "issuer",
            "response_types_supported",
            "revocation_endpoint",
            "revocation_endpoint_auth_methods_supported",
            "scopes_supported",
            "token_endpoint",
            "token_endpoint_auth_methods_supported",
        ]
    );
    assert_eq!(metadata["response_types_supported"], json!([]));
    for methods in ["token_endpoint_auth_methods_supported", "revocation_endpoint_auth_methods_supported"] {
        assert_eq!(metadata[methods], json!(["none"]));
    }
}

#[tokio::test]
async fn every_grant_scope_algorithm_and_endpoint_of_the_metadata_works() {
    let app = TestApp::start().await;
    let metadata = body(app.get(SERVER).await).await;
    let post = |endpoint: &str| app.client.post(text(&metadata, endpoint)).header("x-twinchat", "1").header("origin", SITE);
    let mut token = String::new();
    for grant in texts(&metadata["grant_types_supported"]) {
        for scope in texts(&metadata["scopes_supported"]) {
            let form = [
                ("grant_type", grant.as_str()),
                ("scope", scope.as_str()),
                ("subject_token_type", VISITOR_SECRET_TYPE),
                ("subject_token", NEW_VISITOR),
            ];
            let answer = with_form(post("token_endpoint"), &form).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{grant} {scope}");
            let answer = body(answer).await;
            assert_eq!(answer["scope"], scope.as_str());
            token = text(&answer, "access_token");
        }
        for algorithm in texts(&metadata["dpop_signing_alg_values_supported"]) {
            let key = Key::new();
            let thumbprint = key.thumbprint();
            let mut proof = Proof::new(&app, &key, &Method::POST, "/oauth/token");
            proof.header["alg"] = json!(algorithm);
            let form = [("grant_type", grant.as_str()), ("subject_token_type", DPOP_KEY_TYPE), ("subject_token", thumbprint.as_str())];
            let answer = with_form(post("token_endpoint").header("dpop", proof.signed()), &form).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{algorithm}");
        }
    }
    let authenticated = with_form(post("token_endpoint").basic_auth("twinchat", Some("x")), &[]);
    assert_eq!(authenticated.send().await.unwrap().status(), 401, "no other way to authenticate than none");
    assert_eq!(with_form(post("revocation_endpoint"), &[("token", token.as_str())]).send().await.unwrap().status(), 200);
    assert_eq!(app.request(&Method::GET, "/api/v1/twins").bearer_auth(token).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn the_issuer_is_that_of_the_tokens_and_the_resource_says_how_they_are_shown() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    use base64::Engine;
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(visitor.token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(body(app.get(SERVER).await).await["issuer"], claims["iss"]);
    let expected = |bound: bool| {
        json!({
            "resource": claims["iss"], "authorization_servers": [claims["iss"]], "scopes_supported": ["read_only", "full_access"],
            "bearer_methods_supported": ["header"], "dpop_signing_alg_values_supported": ["ES256"], "dpop_bound_access_tokens_required": bound,
        })
    };
    assert_eq!(body(app.get(RESOURCE).await).await, expected(false));
    assert_eq!(claims["aud"][0], claims["iss"]);
    let app = TestApp::with("[tokens]\nbearer = false\n").await;
    assert_eq!(body(app.get(RESOURCE).await).await["dpop_bound_access_tokens_required"], true);
}
