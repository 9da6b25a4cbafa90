use crate::helpers::{TestApp, body, body as body_of, header, text, write};
use reqwest::Method;
use serde_json::json;
use std::collections::HashSet;
use twinchat_emulator::Rule;
use twinchat_emulator::faults::{ErrorStyle, Fault};

#[tokio::test]
async fn every_answer_has_an_id_and_tells_browsers_to_be_careful() {
    let app = TestApp::start().await;
    let mut ids = HashSet::new();
    for path in ["/healthz", "/readyz", "/openapi.json", "/api/v1/twins", "/nothing", "/oauth/token"] {
        let answer = app.get(path).await;
        assert!(ids.insert(header(&answer, "x-request-id").to_owned()), "{path}");
        assert!(header(&answer, "x-request-id").starts_with("req_"));
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
        assert_eq!(header(&answer, "referrer-policy"), "no-referrer");
        assert_eq!(header(&answer, "x-frame-options"), "DENY");
        assert!(header(&answer, "content-security-policy").starts_with("default-src 'none'"));
        assert!(!header(&answer, "cache-control").is_empty(), "{path}");
    }
}

#[tokio::test]
async fn an_error_is_problem_details_and_the_documented_error_at_once() {
    let app = TestApp::start().await;
    let answer = app.get("/api/v1/nothing").await;
    assert_eq!(answer.status(), 404);
    assert_eq!(header(&answer, "content-type"), "application/problem+json");
    let id = header(&answer, "x-request-id").to_owned();
    let body = body(answer).await;
    assert_eq!(body["type"], "/problems/not-found");
    assert_eq!(body["title"], "Not found");
    assert_eq!((&body["status"], &body["statusCode"]), (&404.into(), &404.into()));
    assert_eq!((&body["success"], &body["error"]), (&false.into(), &"NOT_FOUND".into()));
    assert_eq!(body["message"], body["detail"]);
    assert_eq!(body["meta"]["requestId"], id);
    assert_eq!(body["meta"]["timestamp"], "2025-10-09T08:53:20.000Z");
    assert_eq!(body["details"]["retryable"], false);
}

#[tokio::test]
async fn errors_speak_the_visitors_language() {
    let app = TestApp::start().await;
    for (accept, language, beginning) in
        [("vi-VN,vi;q=0.9", "vi", "Không tìm thấy"), ("de,en;q=0.1", "en", "There is nothing"), ("de", "en", "There is")]
    {
        let answer = app.request(&Method::GET, "/api/v1/nothing").header("accept-language", accept).send().await.unwrap();
        assert_eq!(header(&answer, "content-language"), language);
        let message = text(&body(answer).await, "message");
        assert!(message.starts_with(beginning), "{message}");
    }
}

#[tokio::test]
async fn what_the_router_itself_refuses_has_the_same_body() {
    let app = TestApp::start().await;
    let visitor = app.bearer_visitor().await;
    let post = |body: &'static str, kind: &'static str| {
        let request = app.request(&Method::POST, "/api/v1/conversations").bearer_auth(&visitor.token);
        request.header("content-type", kind).body(body)
    };
    let long: &'static str = Box::leak(format!("{{\"twinId\":\"{}\"}}", "a".repeat(100_000)).into_boxed_str());
    for (request, status, code) in [
        (app.request(&Method::PUT, "/api/v1/conversations").bearer_auth(&visitor.token), 405, "METHOD_NOT_ALLOWED"),
        (app.request(&Method::DELETE, "/healthz"), 405, "METHOD_NOT_ALLOWED"),
        (app.request(&Method::GET, "/api/v1/twins?page=nonsense").bearer_auth(&visitor.token), 400, "INVALID_REQUEST"),
        (post("{", "application/json"), 400, "INVALID_REQUEST"),
        (post("{\"twinId\": 7}", "application/json"), 400, "INVALID_REQUEST"),
        (post("{}", "text/plain"), 415, "UNSUPPORTED_MEDIA_TYPE"),
        (post(long, "application/json"), 413, "PAYLOAD_TOO_LARGE"),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{code}");
        assert_eq!(header(&answer, "content-type"), "application/problem+json", "{code}");
        if status == 405 {
            assert!(header(&answer, "allow").contains("GET"));
        }
        let body = body(answer).await;
        assert_eq!(body["error"], code);
        assert!(text(&body, "message").len() > 10);
    }
}

#[tokio::test]
async fn health_tells_whether_the_process_runs_and_whether_the_store_answers() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/healthz").await.text().await.unwrap(), "ok");
    let ready = async || {
        let answer = app.get("/readyz").await;
        (answer.status().as_u16(), body(answer).await)
    };
    let said = |status, store, closing, main| json!({"status": status, "store": store, "closing": closing, "upstreams": {"main": main}});
    assert_eq!(ready().await, (200, said("ready", "ok", false, "ok")));
    // What an upstream does is said, and is no reason to send visitors elsewhere.
    let broken = Rule::once(Fault::ServerError { status: 500, body: ErrorStyle::Html }, "*/twins*");
    app.emulator.fault(Rule { times: None, ..broken });
    assert_eq!(app.visitor().await.request(&app, &Method::GET, "/api/v1/twins").send().await.unwrap().status(), 502);
    assert_eq!(ready().await, (200, said("degraded", "ok", false, "failed")));
    app.app.close();
    assert_eq!(ready().await, (503, said("unready", "ok", true, "failed")));
    app.app.store().close().await;
    assert_eq!(ready().await, (503, said("unready", "failed", true, "failed")));
    assert_eq!(app.get("/healthz").await.status(), 200);
}

#[tokio::test]
async fn a_visitor_who_asks_too_often_is_told_when_to_come_back_and_others_are_served() {
    let app = TestApp::with("[limits]\nvisitor_requests_per_minute = 2\n").await;
    let (ann, binh) = (app.visitor().await, app.visitor().await);
    for _ in 0..2 {
        ann.get(&app, "/api/v1/conversations").await;
    }
    let refused = ann.request(&app, &Method::GET, "/api/v1/conversations").send().await.unwrap();
    assert_eq!((refused.status().as_u16(), header(&refused, "retry-after")), (429, "30"));
    let refused = body(refused).await;
    assert_eq!((&refused["error"], &refused["details"]["retryAfter"]), (&"RATE_LIMITED".into(), &30.into()));
    binh.get(&app, "/api/v1/conversations").await;
    app.clock.advance_seconds(30);
    ann.get(&app, "/api/v1/conversations").await;
}

#[tokio::test]
async fn token_requests_are_limited_by_address_and_the_address_cannot_be_made_up() {
    let app = TestApp::with("trusted_proxies = []\n[limits]\ntoken_requests_per_minute = 2\n").await;
    let ask = |from: &'static str| app.token_request(&[("grant_type", "x")]).header("x-forwarded-for", from).send();
    assert_eq!(ask("192.0.2.1").await.unwrap().status(), 400);
    assert_eq!(ask("192.0.2.2").await.unwrap().status(), 400);
    let refused = ask("192.0.2.3").await.unwrap();
    assert_eq!((refused.status().as_u16(), header(&refused, "retry-after")), (429, "30"));
    let behind = TestApp::with("[limits]\ntoken_requests_per_minute = 1\n").await;
    for from in ["192.0.2.1", "192.0.2.2"] {
        let answer = behind.token_request(&[("grant_type", "x")]).header("x-forwarded-for", from).send().await.unwrap();
        assert_eq!(answer.status(), 400, "what a trusted proxy says is believed");
    }
}

#[tokio::test]
async fn pages_files_and_answers_each_have_their_policy() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "dist/index.html", "<!doctype html>");
    write(folder.path(), "dist/twinchat.js", "export {}");
    let app = TestApp::in_folder("assets = \"dist\"\n", folder).await;
    let page = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";
    for (path, accept, policy, sharing) in [
        ("/", "*/*", page, "cross-origin"),
        ("/index.html", "*/*", page, "cross-origin"),
        ("/problems/not-found", "text/html", "default-src 'none'; base-uri 'none'", "cross-origin"),
        ("/problems/not-found", "application/json", "default-src 'none'; frame-ancestors 'none'; sandbox", "cross-origin"),
        ("/twinchat.js", "*/*", "default-src 'none'; frame-ancestors 'none'; sandbox", "cross-origin"),
        ("/api/v1/widget", "*/*", "default-src 'none'; frame-ancestors 'none'; sandbox", "same-origin"),
        ("/oauth/token", "*/*", "default-src 'none'; frame-ancestors 'none'; sandbox", "same-origin"),
    ] {
        let answer = app.request(&Method::GET, path).header("accept", accept).send().await.unwrap();
        let csp = header(&answer, "content-security-policy");
        assert!(csp.starts_with(policy) && csp.contains("frame-ancestors 'none'") && !csp.contains("unsafe-eval' "), "{path}: {csp}");
        assert_eq!(header(&answer, "cross-origin-resource-policy"), sharing, "{path}");
        assert_eq!(header(&answer, "cross-origin-opener-policy"), "same-origin", "{path}");
        assert!(header(&answer, "permissions-policy").contains("microphone=()"), "{path}");
        assert!(answer.headers().get("server").is_none(), "{path}");
        assert!(answer.headers().get("strict-transport-security").is_none(), "{path}: not reached by https");
    }
    let visitor = app.bearer_visitor().await;
    for path in ["/api/v1/conversations", "/api/v1/twins"] {
        let answer = visitor.request(&app, &Method::GET, path).send().await.unwrap();
        assert_eq!(header(&answer, "cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_what_is_documented_is_refused_with_its_field() {
    let app = TestApp::start().await;
    let visitor = app.bearer_visitor().await;
    let post = |body: Vec<u8>| {
        let request = app.request(&Method::POST, "/api/v1/conversations").bearer_auth(&visitor.token);
        request.header("content-type", "application/json; charset=utf-8").body(body).send()
    };
    let deep = format!("{{\"twinId\":\"x\",\"more\":{}{}}}", "[".repeat(1000), "]".repeat(1000));
    for (what, body, field) in [
        ("nothing", b"".to_vec(), "body"),
        ("a list", b"[]".to_vec(), "body"),
        ("bytes that are no UTF-8", b"{\"twinId\":\"\xff\xfe\"}".to_vec(), "body"),
        ("half a character", br#"{"twinId":"\ud800"}"#.to_vec(), "body"),
        ("a member twice", br#"{"twinId":"a","twinId":"b"}"#.to_vec(), "body"),
        ("a comment", br#"{"twinId":"a"} // hello"#.to_vec(), "body"),
        ("a thousand levels", "[".repeat(1000).into_bytes(), "body"),
        ("a title with NUL", br#"{"twinId":"a","title":"\u0000"}"#.to_vec(), "title"),
        ("a long title", format!("{{\"twinId\":\"a\",\"title\":\"{}\"}}", "ạ".repeat(201)).into_bytes(), "title"),
    ] {
        let answer = post(body).await.unwrap();
        assert_eq!(answer.status(), 400, "{what}");
        let body = body_of(answer).await;
        assert_eq!((&body["error"], &body["details"]["field"]), (&"INVALID_REQUEST".into(), &field.into()), "{what}");
    }
    // A newer widget may say more than this server knows.
    for more in [br#"{"twinId":"nobody","colour":"red"}"#.to_vec(), deep.into_bytes()] {
        assert_eq!(post(more).await.unwrap().status(), 404, "unknown members are left out of account");
    }
    for (query, field) in [
        ("page=0", "page"),
        ("page=1000001", "page"),
        ("page=-1", "page"),
        ("page=4294967296", "page"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=1&limit=2", "query"),
        ("search=%00", "search"),
        (&format!("search={}", "a".repeat(201)), "search"),
    ] {
        let answer = visitor.request(&app, &Method::GET, &format!("/api/v1/conversations?{query}")).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{query}");
        assert_eq!(body_of(answer).await["details"]["field"], field, "{query}");
    }
}

#[tokio::test]
async fn the_widgets_own_document_may_be_framed_by_the_owners_sites_and_by_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "dist/twinchat-document.js", "export {}");
    let app =
        TestApp::in_folder("assets = \"dist\"\nallowed_origins = [\"https://www.example.com\", \"https://shop.example.com\"]\n", folder)
            .await;
    let answer = app.get("/frame?images=https%3A%2F%2Fimg.example.com%7Chttps%3A%2F%2Fx%3B%20script-src%20*&twin=x").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "content-type"), "text/html; charset=utf-8");
    assert!(answer.headers().get("x-frame-options").is_none(), "it would contradict the policy");
    assert_eq!(
        header(&answer, "content-security-policy"),
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; img-src 'self' https://img.example.com; base-uri 'none'; \
         form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'; \
         frame-ancestors 'self' https://www.example.com https://shop.example.com"
    );
    let page = answer.text().await.unwrap();
    assert!(page.contains("content=\"https://www.example.com https://shop.example.com\""), "{page}");
    assert!(page.contains("src=\"./twinchat-document.js\"") && !page.contains("<style") && !page.contains("script-src *"), "{page}");

    let without_files = TestApp::start().await;
    assert_eq!(without_files.get("/frame").await.status(), 404);
}
