use crate::helpers::{Key, Proof, SITE, START_MILLIS, TestApp, Visitor, body, encode, header, text, with_form};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use twinchat_protocol::token::{ACCESS_TOKEN_TYPE, DPOP_KEY_TYPE, GRANT_TYPE, JWT_TYPE, NEW_VISITOR, VISITOR_SECRET_TYPE};

const TWINS: &str = "/api/v1/twins";

fn secret_form(subject_token: &str) -> [(&str, &str); 3] {
    [("grant_type", GRANT_TYPE), ("subject_token_type", VISITOR_SECRET_TYPE), ("subject_token", subject_token)]
}

async fn refusal(app: &TestApp, form: &[(&str, &str)]) -> (StatusCode, String) {
    let answer = app.token_request(form).send().await.unwrap();
    assert_eq!(header(&answer, "cache-control"), "no-store");
    let status = answer.status();
    let body = body(answer).await;
    assert!(body["error_description"].as_str().unwrap().is_ascii());
    (status, text(&body, "error"))
}

fn claims(token: &str) -> Value {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn a_key_is_exchanged_for_a_token_bound_to_it() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    let thumbprint = visitor.key.as_ref().unwrap().thumbprint();
    let answer = &visitor.answer;
    assert_eq!(answer["token_type"], "DPoP");
    assert_eq!(answer["issued_token_type"], ACCESS_TOKEN_TYPE);
    assert_eq!(answer["expires_in"], 600);
    assert_eq!(answer["expires_at"], START_MILLIS / 1000 + 600);
    assert_eq!(answer["scope"], "full_access");
    assert!(answer.get("visitor_secret").is_none());
    let claims = claims(&visitor.token);
    assert_eq!(claims["cnf"]["jkt"], thumbprint.as_str());
    assert_eq!(claims["iss"], app.url.as_str());
    assert_eq!(claims["aud"], json!([app.url, SITE]));
    assert_eq!(claims["sub"], visitor.id.as_str());
    assert!(visitor.id.starts_with("vis_"));
    let answer = visitor.request(&app, &Method::GET, TWINS).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn the_same_key_is_the_same_visitor_and_another_key_another() {
    let app = TestApp::start().await;
    let mut visitor = app.visitor().await;
    let (id, token) = (visitor.id.clone(), visitor.token.clone());
    visitor.renew(&app).await;
    assert_eq!(visitor.id, id);
    assert_ne!(visitor.token, token);
    assert_ne!(app.visitor().await.id, id);
}

#[tokio::test]
async fn the_subject_token_has_to_be_the_thumbprint_of_the_key_that_signed() {
    let app = TestApp::start().await;
    let (mine, other) = (Key::new(), Key::new());
    let thumbprint = other.thumbprint();
    let form = [("grant_type", GRANT_TYPE), ("subject_token_type", DPOP_KEY_TYPE), ("subject_token", thumbprint.as_str())];
    let proof = Proof::new(&app, &mine, &Method::POST, "/oauth/token").signed();
    let answer = app.token_request(&form).header("dpop", proof).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(body(answer).await["error"], "invalid_request");
}

#[tokio::test]
async fn a_visitor_without_a_key_gets_a_secret_and_comes_back_with_it() {
    let app = TestApp::start().await;
    let visitor = app.bearer_visitor().await;
    assert_eq!(visitor.answer["token_type"], "Bearer");
    let secret = text(&visitor.answer, "visitor_secret");
    assert!(secret.len() >= 43 + 4, "256 bits");
    assert!(claims(&visitor.token).get("cnf").is_none());
    assert_eq!(visitor.request(&app, &Method::GET, TWINS).send().await.unwrap().status(), 200);

    let again = body(app.token_request(&secret_form(&secret)).send().await.unwrap()).await;
    assert_eq!(again["visitor_id"], visitor.id.as_str());
    assert!(again.get("visitor_secret").is_none(), "shown once");
    assert_ne!(app.bearer_visitor().await.id, visitor.id);
}

#[tokio::test]
async fn a_secret_that_we_did_not_issue_is_nobody() {
    let app = TestApp::start().await;
    let secret = text(&app.bearer_visitor().await.answer, "visitor_secret");
    let made_up = format!("tvs_{}", encode([7; 64]));
    let cut = &secret[..secret.len() - 4];
    let other = if secret[4..].starts_with('A') { 'B' } else { 'A' };
    let changed = format!("tvs_{other}{}", &secret[5..]);
    for wrong in ["tvs_", "nonsense", &made_up, cut, &changed, &secret[4..]] {
        assert_eq!(refusal(&app, &secret_form(wrong)).await, (StatusCode::BAD_REQUEST, "invalid_request".to_owned()), "{wrong}");
    }
}

#[tokio::test]
async fn the_owner_can_forbid_visitors_without_a_key() {
    let app = TestApp::with("[tokens]\nbearer = false\n").await;
    assert_eq!(refusal(&app, &secret_form(NEW_VISITOR)).await.1, "invalid_request");
    assert_eq!(app.visitor().await.request(&app, &Method::GET, TWINS).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn what_is_wrong_with_a_token_request_is_said_in_the_terms_of_the_rfcs() {
    let app = TestApp::start().await;
    let good = secret_form(NEW_VISITOR);
    let with = |name: &'static str, value: &'static str| {
        let mut form: Vec<(&str, &str)> = good.iter().copied().filter(|(known, _)| *known != name).collect();
        form.push((name, value));
        form
    };
    let twice = [&good[..], &[("scope", "read_only"), ("scope", "read_only")]].concat();
    for (form, error) in [
        (with("grant_type", ""), "invalid_request"),
        (with("grant_type", "client_credentials"), "unsupported_grant_type"),
        (with("subject_token_type", ""), "invalid_request"),
        (with("subject_token_type", "urn:ietf:params:oauth:token-type:saml2"), "invalid_request"),
        (with("subject_token_type", JWT_TYPE), "invalid_request"),
        (with("subject_token", ""), "invalid_request"),
        (with("scope", "admin"), "invalid_scope"),
        (with("scope", "read_only admin"), "invalid_scope"),
        (with("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"), "invalid_request"),
        (with("actor_token", "x"), "invalid_request"),
        (with("audience", "https://elsewhere.example"), "invalid_target"),
        (with("subject_token_type", DPOP_KEY_TYPE), "invalid_dpop_proof"),
        (twice, "invalid_request"),
        (vec![], "invalid_request"),
    ] {
        assert_eq!(refusal(&app, &form).await, (StatusCode::BAD_REQUEST, error.to_owned()), "{form:?}");
    }
    let own_url = app.url.clone();
    let form = [&good[..], &[("audience", own_url.as_str()), ("requested_token_type", ACCESS_TOKEN_TYPE), ("unknown", "ignored")]].concat();
    assert_eq!(app.token_request(&form).send().await.unwrap().status(), 200);
}

/// Nothing of a request may come back in an answer; this stands for it.
const MARK: &str = "m4rk";

#[tokio::test]
async fn every_error_of_the_exchange_can_be_met_and_none_repeats_what_was_sent() {
    let app = TestApp::start().await;
    let good = secret_form(NEW_VISITOR);
    let with = |more: &[(&'static str, &'static str)]| {
        let kept = good.iter().copied().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
        kept.chain(more.iter().copied()).collect::<Vec<_>>()
    };
    for (form, error) in [
        (with(&[("grant_type", MARK)]), "unsupported_grant_type"),
        (with(&[("grant_type", "urn:ietf:params:oauth:grant-type:Token-Exchange")]), "unsupported_grant_type"),
        (with(&[("subject_token", MARK)]), "invalid_request"),
        (with(&[("subject_token_type", MARK)]), "invalid_request"),
        (with(&[("subject_token_type", JWT_TYPE), ("subject_token", MARK)]), "invalid_request"),
        (with(&[("requested_token_type", MARK)]), "invalid_request"),
        (with(&[("requested_token_type", JWT_TYPE)]), "invalid_request"),
        (with(&[("actor_token", MARK), ("actor_token_type", ACCESS_TOKEN_TYPE)]), "invalid_request"),
        (with(&[("actor_token_type", ACCESS_TOKEN_TYPE)]), "invalid_request"),
        (with(&[("scope", MARK)]), "invalid_scope"),
        (with(&[("scope", "full_access,read_only")]), "invalid_scope"),
        (with(&[("scope", "FULL_ACCESS")]), "invalid_scope"),
        (with(&[("scope", "read_only\tfull_access")]), "invalid_scope"),
        (with(&[("scope", "read_only \u{1e00}")]), "invalid_scope"),
        (with(&[("audience", MARK)]), "invalid_target"),
        (with(&[("resource", MARK)]), "invalid_target"),
        (with(&[("client_id", MARK)]), "invalid_client"),
        (with(&[("client_id", "twinchat"), ("client_secret", MARK)]), "invalid_client"),
        (with(&[("client_assertion_type", MARK), ("client_assertion", MARK)]), "invalid_client"),
        (with(&[(MARK, "a"), (MARK, "b")]), "invalid_request"),
    ] {
        let answer = app.token_request(&form).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{form:?}");
        assert_eq!((header(&answer, "cache-control"), header(&answer, "pragma")), ("no-store", "no-cache"));
        assert_eq!(header(&answer, "content-type"), "application/json");
        let told = answer.text().await.unwrap();
        let body: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(body["error"], error, "{form:?}");
        assert!(told.is_ascii() && !told.contains(MARK), "{told}");
        assert!(!text(&body, "error_description").contains(['"', '\\']), "RFC 6749 section 5.2: {told}");
    }
    let in_address = app.request(&Method::POST, "/oauth/token?subject_token=new").header("x-twinchat", "1").header("origin", SITE);
    assert_eq!(body(with_form(in_address, &good).send().await.unwrap()).await["error"], "invalid_request");
}

#[tokio::test]
async fn who_tries_to_authenticate_as_a_client_is_told_that_there_is_nothing_to_authenticate() {
    let app = TestApp::start().await;
    let form = secret_form(NEW_VISITOR);
    for (authorization, challenge) in [
        ("Basic dHdpbmNoYXQ6eA==", "Basic realm=\"twinchat\""),
        ("bAsIc x", "Basic realm=\"twinchat\""),
        ("Bearer x", "DPoP algs=\"ES256\""),
        ("", "DPoP algs=\"ES256\""),
    ] {
        let answer = app.token_request(&form).header("authorization", authorization).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), header(&answer, "www-authenticate")), (401, challenge), "{authorization}");
        assert_eq!(header(&answer, "cache-control"), "no-store");
        assert_eq!(body(answer).await["error"], "invalid_client");
    }
    let public = [&form[..], &[("client_id", "twinchat")]].concat();
    assert_eq!(app.token_request(&public).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_scope_is_what_was_asked_for_and_is_always_said() {
    let app = TestApp::start().await;
    for (asked, given) in [
        (None, "full_access"),
        (Some(""), "full_access"),
        (Some("full_access"), "full_access"),
        (Some("read_only"), "read_only"),
        (Some("read_only read_only"), "read_only"),
        (Some("read_only full_access"), "full_access"),
        (Some("full_access read_only"), "full_access"),
    ] {
        let mut form = secret_form(NEW_VISITOR).to_vec();
        form.extend(asked.map(|scope| ("scope", scope)));
        let answer = body(app.token_request(&form).send().await.unwrap()).await;
        assert_eq!(answer["scope"], given, "{asked:?}");
        assert_eq!(claims(&text(&answer, "access_token"))["scope"], given);
        let mut names: Vec<&String> = answer.as_object().unwrap().keys().collect();
        names.sort_unstable();
        let expected =
            ["access_token", "expires_at", "expires_in", "issued_token_type", "scope", "token_type", "visitor_id", "visitor_secret"];
        assert_eq!(names, expected);
    }
}

#[tokio::test]
async fn a_form_that_a_foreign_page_could_send_without_a_preflight_is_refused() {
    let app = TestApp::start().await;
    let form = secret_form(NEW_VISITOR);
    let post = || with_form(app.request(&Method::POST, "/oauth/token"), &form);
    for (request, status, error) in [
        (post().header("origin", SITE), 400, "invalid_request"),
        (post().header("origin", SITE).header("x-twinchat", "0"), 400, "invalid_request"),
        (post().header("x-twinchat", "1"), 400, "invalid_request"),
        (post().header("x-twinchat", "1").header("origin", "https://evil.example"), 403, "ORIGIN_NOT_ALLOWED"),
        (post().header("x-twinchat", "1").header("origin", "null"), 403, "ORIGIN_NOT_ALLOWED"),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(body(answer).await["error"], error);
    }
    let json = app.request(&Method::POST, "/oauth/token").header("x-twinchat", "1").header("origin", SITE).json(&json!({}));
    assert_eq!(body(json.send().await.unwrap()).await["error"], "invalid_request");
}

#[tokio::test]
async fn a_token_is_good_until_its_last_second_and_then_expired() {
    let app = TestApp::with("[tokens]\nlifetime_seconds = 120\n").await;
    let visitor = app.visitor().await;
    assert_eq!(visitor.answer["expires_in"], 120);
    app.clock.advance_seconds(119);
    assert_eq!(visitor.request(&app, &Method::GET, TWINS).send().await.unwrap().status(), 200);
    app.clock.advance_seconds(1);
    let answer = visitor.request(&app, &Method::GET, TWINS).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert!(header(&answer, "www-authenticate").contains("error=\"invalid_token\""));
    assert_eq!(body(answer).await["error"], "TOKEN_EXPIRED");
}

#[tokio::test]
async fn tokens_secrets_and_revocations_outlive_a_restart() {
    let app = TestApp::start().await;
    let (kept, revoked) = (app.visitor().await, app.bearer_visitor().await);
    let secret = text(&app.bearer_visitor().await.answer, "visitor_secret");
    assert_eq!(revoke(&app, &revoked.token).await.status(), 200);
    let app = app.restart().await;
    assert_eq!(kept.request(&app, &Method::GET, TWINS).send().await.unwrap().status(), 200);
    assert_eq!(revoked.request(&app, &Method::GET, TWINS).send().await.unwrap().status(), 401);
    assert_eq!(app.token_request(&secret_form(&secret)).send().await.unwrap().status(), 200);
}

async fn revoke(app: &TestApp, token: &str) -> Response {
    let request = app.request(&Method::POST, "/oauth/revoke").header("x-twinchat", "1").header("origin", SITE);
    with_form(request, &[("token", token), ("token_type_hint", "access_token")]).send().await.unwrap()
}

#[tokio::test]
async fn a_revoked_token_is_refused_at_once_and_others_of_the_visitor_are_not() {
    let app = TestApp::start().await;
    let old = app.visitor().await;
    let mut renewed = Visitor::new(old.key.clone().unwrap());
    renewed.renew(&app).await;
    for token in [old.token.as_str(), old.token.as_str(), "nonsense"] {
        let answer = revoke(&app, token).await;
        assert_eq!(answer.status(), 200, "RFC 7009: also when there is nothing to do");
    }
    let answer = old.request(&app, &Method::GET, TWINS).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert_eq!(body(answer).await["error"], "INVALID_TOKEN");
    assert_eq!(renewed.request(&app, &Method::GET, TWINS).send().await.unwrap().status(), 200);
    assert_eq!(body(revoke(&app, "").await).await["error"], "invalid_request");
}

#[tokio::test]
async fn a_token_that_is_not_ours_or_used_in_the_wrong_way_is_refused() {
    let app = TestApp::start().await;
    let other_app = TestApp::start().await;
    let (keyed, bearer, foreign) = (app.visitor().await, app.bearer_visitor().await, other_app.bearer_visitor().await);
    let (header_part, rest) = bearer.token.split_once('.').unwrap();
    let none = format!("{}.{}.", encode(r#"{"alg":"none","typ":"at+jwt"}"#), rest.split('.').next().unwrap());
    let plain_jwt = format!("{}.{rest}", encode(r#"{"alg":"HS256","typ":"JWT"}"#));
    let elevated = {
        let mut claims = claims(&bearer.token);
        claims["sub"] = json!(keyed.id);
        format!("{header_part}.{}.{}", encode(claims.to_string()), rest.split('.').nth(1).unwrap())
    };
    for authorization in [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer nonsense".to_owned(),
        format!("Basic {}", bearer.token),
        format!("Bearer {}", keyed.token),
        format!("DPoP {}", bearer.token),
        format!("Bearer {}", foreign.token),
        format!("Bearer {none}"),
        format!("Bearer {plain_jwt}"),
        format!("Bearer {elevated}"),
        format!("Bearer {}=", bearer.token),
        format!("Bearer {}", "a".repeat(6000)),
        bearer.token.clone(),
    ] {
        let answer = app.request(&Method::GET, TWINS).header("authorization", &authorization).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{authorization}");
        let (dpop, bearer) = header(&answer, "www-authenticate").split_once(", Bearer ").expect("a challenge for each kind");
        assert_eq!(dpop, format!("DPoP algs=\"ES256\", {bearer}"));
        assert!(bearer.starts_with("error=\"invalid_token\", error_description=\""), "{bearer}");
        assert_eq!(body(answer).await["error"], "INVALID_TOKEN", "{authorization}");
    }
    let twice = app.request(&Method::GET, TWINS).bearer_auth(&bearer.token).bearer_auth(&bearer.token).send().await.unwrap();
    assert_eq!(twice.status(), 401);
    let none = app.get(TWINS).await;
    assert_eq!(header(&none, "www-authenticate"), "DPoP algs=\"ES256\", Bearer");
    assert_eq!(none.status(), 401);
}

#[tokio::test]
async fn a_token_for_reading_reads_and_writes_nothing() {
    let app = TestApp::start().await;
    let mut form = secret_form(NEW_VISITOR).to_vec();
    form.push(("scope", "read_only"));
    let answer = body(app.token_request(&form).send().await.unwrap()).await;
    assert_eq!(answer["scope"], "read_only");
    let token = text(&answer, "access_token");
    assert_eq!(app.request(&Method::GET, TWINS).bearer_auth(&token).send().await.unwrap().status(), 200);
    let post = app.request(&Method::POST, "/api/v1/conversations").bearer_auth(&token).json(&json!({"twinId": "twin_00000000"}));
    let answer = post.send().await.unwrap();
    assert_eq!(answer.status(), 403);
    assert_eq!(body(answer).await["error"], "INSUFFICIENT_SCOPE");
}

#[tokio::test]
async fn the_exchange_alone_leaves_nothing_about_a_visitor_in_the_database() {
    let app = TestApp::start().await;
    let visitors = [app.visitor().await, app.bearer_visitor().await];
    let (folder, _emulator) = app.stop().await;
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    assert!(!bytes.is_empty());
    for visitor in visitors {
        let random = visitor.id.trim_start_matches("vis_").to_owned();
        assert!(!bytes.windows(random.len()).any(|window| window == random.as_bytes()));
    }
}
