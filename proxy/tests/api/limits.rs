//! What is left to a caller, and that nobody can borrow from others or make up an address.

use crate::chat::{conversation, first_twin};
use crate::helpers::{SITE, TestApp, body, header, text};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::json;

/// The six headers: limit, remaining, reset, window, policies, states.
fn told(answer: &Response) -> [String; 6] {
    ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-ratelimit-window", "ratelimit-policy", "ratelimit"]
        .map(|name| header(answer, name).to_owned())
}

#[tokio::test]
async fn every_answer_says_what_is_left_whatever_it_is() {
    let app = TestApp::start().await;
    let visitor = app.bearer_visitor().await;
    let with = |method, path: &str| app.request(&method, path).bearer_auth(&visitor.token);
    let form = || app.token_request(&[("grant_type", "x")]);
    for (what, request, policies) in [
        ("200", with(Method::GET, "/api/v1/twins"), "\"requests\";q=240;w=60"),
        ("400", with(Method::GET, "/api/v1/twins?page=0"), "\"requests\";q=240;w=60"),
        ("404 of ours", with(Method::GET, "/api/v1/conversations/conv_aaaaaaaa"), "\"requests\";q=240;w=60"),
        ("404 of nobody's", with(Method::GET, "/api/v1/nothing"), "\"address\";q=1200;w=60"),
        ("405", with(Method::PUT, "/api/v1/twins"), "\"address\";q=1200;w=60"),
        ("401 without", app.request(&Method::GET, "/api/v1/twins"), "\"address\";q=1200;w=60"),
        ("401 with", app.request(&Method::GET, "/api/v1/twins").bearer_auth("guess"), "\"address\";q=1200;w=60"),
        ("403", app.request(&Method::GET, "/api/v1/twins").header("origin", "https://evil.example"), "\"address\";q=1200;w=60"),
        ("the settings", app.request(&Method::GET, "/api/v1/widget"), "\"address\";q=1200;w=60"),
        ("a picture", app.request(&Method::GET, "/avatars/x"), "\"address\";q=1200;w=60"),
        ("a file", app.request(&Method::GET, "/twinchat.js"), "\"address\";q=1200;w=60"),
        ("a token", form(), "\"address\";q=1200;w=60, \"tokens\";q=60;w=60"),
    ] {
        let answer = request.send().await.unwrap();
        let [limit, remaining, reset, window, policy, state] = told(&answer);
        assert_eq!(policy, policies, "{what}");
        let narrowest = policies.rsplit_once("q=").unwrap().1.split(';').next().unwrap();
        assert_eq!((limit.as_str(), window.as_str()), (narrowest, "60"), "{what}");
        assert!(state.ends_with(&format!("r={remaining};t=1")), "{what}: {state}");
        assert!(reset.parse::<i64>().unwrap() > app.now(), "{what}");
    }
    let preflight = app.request(&Method::OPTIONS, "/api/v1/twins").header("origin", SITE).header("access-control-request-method", "GET");
    for free in [preflight, app.request(&Method::GET, "/healthz"), app.request(&Method::GET, "/readyz")] {
        assert_eq!(told(&free.send().await.unwrap()).concat(), "");
    }
}

#[tokio::test]
async fn a_send_shows_the_allowance_of_messages_and_other_calls_that_of_requests() {
    let app = TestApp::with("[limits]\nvisitor_messages_per_minute = 4\nvisitor_requests_per_minute = 120\n").await;
    let visitor = app.visitor().await;
    let chat = conversation(&app, &visitor).await;
    let path = format!("/api/v1/conversations/{chat}/messages");
    let said = visitor.send(&app, &Method::POST, &path, &json!({"content": "one"})).await;
    let [limit, remaining, _, window, policies, states] = told(&said);
    assert_eq!((limit.as_str(), remaining.as_str(), window.as_str()), ("2", "1", "30"));
    assert_eq!(policies, "\"requests\";q=120;w=60, \"messages\";q=2;w=30");
    assert_eq!(states, "\"requests\";r=117;t=1, \"messages\";r=1;t=15");
    let listed = visitor.request(&app, &Method::GET, "/api/v1/conversations").send().await.unwrap();
    assert_eq!(told(&listed)[..2], ["120".to_owned(), "116".to_owned()]);
    visitor.send(&app, &Method::POST, &path, &json!({"content": "two"})).await;
    let refused = visitor.send(&app, &Method::POST, &path, &json!({"content": "three"})).await;
    assert_eq!((refused.status().as_u16(), header(&refused, "retry-after"), header(&refused, "x-ratelimit-remaining")), (429, "15", "0"));
}

#[tokio::test]
async fn who_guesses_is_stopped_and_the_visitor_behind_the_same_address_is_not() {
    let app = TestApp::with("[limits]\naddress_requests_per_minute = 5\n").await;
    let visitor = app.bearer_visitor().await;
    let mut answers = Vec::new();
    for guess in 0..6 {
        let answer = app.request(&Method::GET, "/api/v1/twins").bearer_auth(format!("guess{guess}")).send().await.unwrap();
        answers.push((answer.status().as_u16(), header(&answer, "retry-after").to_owned()));
    }
    assert_eq!(answers[..4], [const { (401, String::new()) }; 4]);
    assert_eq!(answers[4..], [(429, "12".to_owned()), (429, "12".to_owned())]);
    for path in ["/api/v1/widget", "/twinchat.js", "/avatars/x", "/oauth/token"] {
        let answer = app.request(&Method::GET, path).header("origin", SITE).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), header(&answer, "retry-after")), (429, "12"), "{path}");
        assert_eq!(body(answer).await["error"], "RATE_LIMITED");
    }
    let refused = app.request(&Method::GET, "/api/v1/twins").header("origin", "https://evil.example").send().await.unwrap();
    assert_eq!(refused.status(), 429);
    assert_eq!(header(&refused, "access-control-allow-origin"), "");
    assert_eq!(app.request(&Method::GET, "/api/v1/twins").bearer_auth(&visitor.token).send().await.unwrap().status(), 200);
    assert_eq!(app.get("/healthz").await.status(), 200, "whoever keeps the server running is not limited");
    app.clock.advance_seconds(12);
    assert_eq!(app.get("/api/v1/widget").await.status(), 200);
}

/// Asks from these pretended addresses and counts who was served.
async fn served(app: &TestApp, pretend: impl Fn(RequestBuilder, usize) -> RequestBuilder) -> usize {
    let mut served = 0;
    for number in 0..6 {
        let answer = pretend(app.request(&Method::GET, "/api/v1/widget"), number).send().await.unwrap();
        served += usize::from(answer.status() == 200);
    }
    served
}

#[tokio::test]
async fn no_header_makes_a_caller_somebody_else() {
    let exposed = "trusted_proxies = []\n[limits]\naddress_requests_per_minute = 2\n";
    for name in ["x-forwarded-for", "forwarded", "x-real-ip", "true-client-ip", "cf-connecting-ip", "x-client-ip", "client-ip", "via"] {
        let app = TestApp::with(exposed).await;
        let count = served(&app, |request, number| {
            let value = if name == "forwarded" { format!("for=192.0.2.{number}") } else { format!("192.0.2.{number}") };
            request.header(name, value)
        });
        assert_eq!(count.await, 2, "{name}");
    }
    // Behind a proxy that adds what it saw, what the caller wrote before it does not count.
    let behind = "[limits]\naddress_requests_per_minute = 2\n";
    let app = TestApp::with(behind).await;
    assert_eq!(served(&app, |request, number| request.header("x-forwarded-for", format!("192.0.2.{number}, 198.51.100.7"))).await, 2);
    let app = TestApp::with(behind).await;
    assert_eq!(served(&app, |request, number| request.header("x-forwarded-for", format!("198.51.100.{number}"))).await, 6);
    let app = TestApp::with(behind).await;
    let one_customer = served(&app, |request, number| request.header("x-forwarded-for", format!("2001:db8:0:{number}::{number}"))).await;
    assert_eq!(one_customer, 2, "a customer's IPv6 network counts as one");
    let app = TestApp::with(behind).await;
    let both_ways = |number: usize| if number.is_multiple_of(2) { "198.51.100.7" } else { "::ffff:198.51.100.7" };
    assert_eq!(served(&app, |request, number| request.header("x-forwarded-for", both_ways(number))).await, 2);
}

#[tokio::test]
async fn a_visitor_cannot_get_another_allowance_with_a_header_or_another_token() {
    let app = TestApp::with("[limits]\nvisitor_requests_per_minute = 3\n").await;
    let mut visitor = app.visitor().await;
    first_twin(&app, &visitor).await;
    let id = visitor.id.clone();
    visitor.renew(&app).await;
    assert_eq!(text(&visitor.answer, "visitor_id"), id);
    for (number, status) in [(1, 200), (2, 200), (3, 429)] {
        let request = visitor.request(&app, &Method::GET, "/api/v1/twins").header("x-forwarded-for", format!("192.0.2.{number}"));
        assert_eq!(request.send().await.unwrap().status(), status);
    }
}
