//! A token is good for the site whose page asked for it, and for no other.

use super::helpers::{Key, Proof, SITE, TestApp, Visitor, body, header, text, with_form};
use reqwest::{Method, Response};
use serde_json::json;
use twinchat_protocol::token::{DPOP_KEY_TYPE, GRANT_TYPE, NEW_VISITOR, VISITOR_SECRET_TYPE};

const TWINS: &str = "/api/v1/twins";
const SHOP: &str = "https://shop.example.com";

/// A server for two sites.
async fn two_sites() -> TestApp {
    TestApp::with(&format!("allowed_origins = [\"{SITE}\", \"{SHOP}\"]\n")).await
}

/// A token for somebody without a key, asked for by a page of this origin.
async fn token_for(app: &TestApp, origin: &str, more: &[(&str, &str)]) -> Response {
    let form = [("grant_type", GRANT_TYPE), ("subject_token_type", VISITOR_SECRET_TYPE), ("subject_token", NEW_VISITOR)];
    let request = app.request(&Method::POST, "/oauth/token").header("x-twinchat", "1").header("origin", origin);
    with_form(request, &[&form[..], more].concat()).send().await.unwrap()
}

#[tokio::test]
async fn a_token_is_refused_to_pages_of_another_site_and_good_for_programs_and_this_servers_own_pages() {
    let app = two_sites().await;
    let own = app.url.clone();
    for site in [SITE, SHOP, own.as_str()] {
        let token = text(&body(token_for(&app, site, &[]).await).await, "access_token");
        for origin in [SITE, SHOP, own.as_str()] {
            let answer = app.request(&Method::GET, TWINS).header("origin", origin).bearer_auth(&token).send().await.unwrap();
            let good = origin == site || origin == own;
            assert_eq!(answer.status(), if good { 200 } else { 401 }, "issued to {site}, used by {origin}");
            assert_eq!(header(&answer, "access-control-allow-origin"), origin);
            if !good {
                assert!(header(&answer, "www-authenticate").contains("error=\"invalid_token\""));
                assert_eq!(body(answer).await["error"], "INVALID_TOKEN");
            }
        }
        assert_eq!(app.request(&Method::GET, TWINS).bearer_auth(&token).send().await.unwrap().status(), 200, "a program");
    }
}

#[tokio::test]
async fn a_key_bound_token_is_for_one_site_too() {
    let app = two_sites().await;
    let visitor = app.visitor().await;
    let from = |origin| {
        let proof = Proof::new(&app, visitor.key.as_ref().unwrap(), &Method::GET, TWINS).with_token(&visitor.token).signed();
        let request = app.request(&Method::GET, TWINS).header("origin", origin).header("dpop", proof);
        request.header("authorization", format!("DPoP {}", visitor.token))
    };
    assert_eq!(from(SITE).send().await.unwrap().status(), 200);
    assert_eq!(from(SHOP).send().await.unwrap().status(), 401);
    assert_eq!(from("https://evil.example").send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn audience_and_resource_name_this_server_or_the_site_that_asks() {
    let app = two_sites().await;
    let own = app.url.clone();
    let slash = format!("{own}/");
    for (more, good) in [
        (vec![("audience", own.as_str())], true),
        (vec![("audience", slash.as_str())], true),
        (vec![("resource", own.as_str())], true),
        (vec![("audience", SITE)], true),
        (vec![("resource", SITE), ("audience", own.as_str()), ("audience", SITE)], true),
        (vec![("audience", "")], true),
        (vec![("audience", SHOP)], false),
        (vec![("resource", SHOP)], false),
        (vec![("audience", SITE), ("audience", SHOP)], false),
        (vec![("audience", own.as_str()), ("resource", "https://elsewhere.example")], false),
        (vec![("audience", "twinchat")], false),
        (vec![("resource", "not an address")], false),
        (vec![("resource", &format!("{own}#x"))], false),
        (vec![("resource", &format!("{own}/api/v1"))], false),
    ] {
        let answer = token_for(&app, SITE, &more).await;
        assert_eq!(answer.status(), if good { 200 } else { 400 }, "{more:?}");
        if !good {
            assert_eq!(body(answer).await["error"], "invalid_target", "{more:?}");
        }
    }
}

#[tokio::test]
async fn one_key_on_two_sites_is_one_visitor_with_a_token_for_each() {
    let app = two_sites().await;
    let key = Key::new();
    let thumbprint = key.thumbprint();
    let form = [("grant_type", GRANT_TYPE), ("subject_token_type", DPOP_KEY_TYPE), ("subject_token", thumbprint.as_str())];
    let mut visitors = Vec::new();
    for origin in [SITE, SHOP] {
        let proof = Proof::new(&app, &key, &Method::POST, "/oauth/token").signed();
        let request = app.request(&Method::POST, "/oauth/token").header("x-twinchat", "1").header("origin", origin);
        let answer = body(with_form(request, &form).header("dpop", proof).send().await.unwrap()).await;
        let (token, id) = (text(&answer, "access_token"), text(&answer, "visitor_id"));
        visitors.push(Visitor { key: Some(key.clone()), token, id, answer });
    }
    assert_eq!(visitors[0].id, visitors[1].id);
    let from_site = |visitor: &Visitor| visitor.request(&app, &Method::GET, TWINS);
    assert_eq!(from_site(&visitors[0]).send().await.unwrap().status(), 200);
    assert_eq!(body(from_site(&visitors[1]).send().await.unwrap()).await["error"], json!("INVALID_TOKEN"));
}
