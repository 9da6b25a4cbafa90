use crate::helpers::{SITE, TestApp, body, header};
use reqwest::Method;
use twinchat_proxy::config::Origin;

const TWINS: &str = "/api/v1/twins";

#[tokio::test]
async fn origins_are_compared_exactly() {
    let app = TestApp::start().await;
    let own = app.url.clone();
    for (origin, allowed) in [
        (SITE, true),
        (own.as_str(), true),
        ("http://www.example.com", false),
        ("https://example.com", false),
        ("https://www.example.com:8443", false),
        ("https://www.example.com.evil.test", false),
        ("https://evil-www.example.com", false),
        ("https://WWW.EXAMPLE.COM", false),
        ("https://www.example.com/", false),
        ("https://www.example.com ,https://evil.test", false),
        ("https://www.example.com.", false),
        ("https://www.example.com:443", false),
        ("https://user@www.example.com", false),
        ("https://www.exämple.com", false),
        ("https://www.xn--exmple-cua.com", false),
        ("HTTPS://www.example.com", false),
        ("https://www.example.com https://www.example.com", false),
        ("file://", false),
        ("null", false),
        ("", false),
        ("*", false),
    ] {
        let answer = app.request(&Method::GET, TWINS).header("origin", origin).send().await.unwrap();
        assert_eq!(header(&answer, "vary"), "Origin", "{origin}");
        assert_eq!(header(&answer, "access-control-allow-origin"), if allowed { origin } else { "" }, "{origin}");
        assert!(answer.headers().get("access-control-allow-credentials").is_none());
        assert_eq!(answer.status(), if allowed { 401 } else { 403 }, "{origin}");
        if !allowed {
            let body = body(answer).await;
            assert_eq!(body["error"], "ORIGIN_NOT_ALLOWED");
            let what_to_do = if origin == "null" { "Open it over http or https" } else { "allowed_origins under [server]" };
            assert!(body["message"].as_str().unwrap().contains(what_to_do), "{origin}");
        }
    }
}

#[tokio::test]
async fn a_preflight_says_what_may_be_sent_and_is_kept_for_two_hours() {
    let app = TestApp::start().await;
    let preflight = |origin| {
        let request = app.request(&Method::OPTIONS, "/api/v1/conversations").header("origin", origin);
        request.header("access-control-request-method", "POST").header("access-control-request-headers", "authorization,dpop")
    };
    let answer = preflight(SITE).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(header(&answer, "access-control-allow-origin"), SITE);
    assert_eq!(header(&answer, "access-control-max-age"), "7200");
    let allowed = header(&answer, "access-control-allow-headers");
    for name in ["authorization", "dpop", "content-type", "idempotency-key", "last-event-id", "accept-language", "x-twinchat"] {
        assert!(allowed.split(", ").any(|known| known == name), "{name}");
    }
    for method in ["GET", "POST", "PATCH", "DELETE"] {
        assert!(header(&answer, "access-control-allow-methods").contains(method));
    }
    for unneeded in ["traceparent", "cookie", "x-forwarded-for", "*"] {
        assert!(!allowed.split(", ").any(|known| known == unneeded), "{unneeded}");
    }
    let private = preflight(SITE).header("access-control-request-private-network", "true").send().await.unwrap();
    assert!(private.headers().get("access-control-allow-private-network").is_none());
    let refused = preflight("https://evil.example").send().await.unwrap();
    assert_eq!(refused.status(), 403);
    assert!(refused.headers().keys().all(|name| !name.as_str().starts_with("access-control")));
}

#[tokio::test]
async fn a_script_may_read_the_headers_it_needs_also_of_errors() {
    let app = TestApp::start().await;
    let answer = app.request(&Method::GET, TWINS).header("origin", SITE).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    let exposed = header(&answer, "access-control-expose-headers");
    for name in ["DPoP-Nonce", "WWW-Authenticate", "Retry-After", "RateLimit", "X-RateLimit-Remaining", "X-Request-Id"] {
        assert!(exposed.split(", ").any(|known| known == name), "{name}");
    }
}

#[tokio::test]
async fn programs_without_an_origin_need_only_their_token() {
    let app = TestApp::start().await;
    let visitor = app.bearer_visitor().await;
    let answer = app.request(&Method::GET, TWINS).bearer_auth(&visitor.token).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers().get("access-control-allow-origin").is_none());
}

#[tokio::test]
async fn what_is_public_may_be_used_from_any_page() {
    let app = TestApp::start().await;
    for path in ["/healthz", "/openapi.json", "/twinchat.js"] {
        let answer = app.request(&Method::GET, path).header("origin", "https://anywhere.example").send().await.unwrap();
        assert_eq!(header(&answer, "access-control-allow-origin"), "*", "{path}");
        assert_eq!(header(&answer, "cross-origin-resource-policy"), "cross-origin", "{path}");
    }
}

#[tokio::test]
async fn a_preflight_is_answered_alike_whether_there_is_a_route_or_not() {
    let app = TestApp::start().await;
    for path in ["/api/v1/nothing", "/api/v1/conversations/conv_aaaaaaaa/messages/stream", "/oauth/token", "/oauth/nothing"] {
        for (origin, status) in [(SITE, 204), ("https://evil.example", 403), ("null", 403)] {
            let request = app.request(&Method::OPTIONS, path).header("origin", origin).header("access-control-request-method", "POST");
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), status, "{path} {origin}");
            assert_eq!(header(&answer, "access-control-allow-origin"), if status == 204 { origin } else { "" });
            let vary: Vec<_> = answer.headers().get_all("vary").iter().map(|value| value.to_str().unwrap()).collect();
            assert!(vary.contains(&"Origin"), "{path} {origin} {vary:?}");
        }
    }
}

#[test]
fn origins_in_other_scripts_are_known_by_the_name_that_browsers_send() {
    for (configured, sent) in [
        ("https://Trợlý.example", "https://xn--trl-noa2839a.example"),
        ("https://www.example.com:443", "https://www.example.com"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
    ] {
        assert_eq!(Origin::parse(configured).unwrap().as_str(), sent);
    }
    for (configured, says) in [
        ("https://www.example.com/", "no slash at its end: write \"https://www.example.com\""),
        ("https://www.example.com?", "write \"https://www.example.com\""),
        ("https://good.example@evil.example", "leave out the user name"),
        ("https://www.example.com#", "leave out what begins with #"),
        ("*.example.com", "wildcards are not accepted"),
        ("null", "cannot be allowed"),
    ] {
        let error = Origin::parse(configured).unwrap_err().to_string();
        assert!(error.contains(says), "{configured}: {error}");
    }
}
