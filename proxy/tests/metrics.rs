//! What is counted, as a scraper sees it. One test, since the whole process counts together.

#[expect(dead_code, reason = "shared with tests/api, which uses all of it")]
#[path = "api/chat.rs"]
mod chat;
#[expect(dead_code, reason = "shared with tests/api, which uses all of it")]
#[path = "api/helpers.rs"]
mod helpers;

use helpers::{TestApp, text};
use std::collections::HashMap;
use tokio::net::TcpListener;
use twinchat_emulator::Rule;
use twinchat_emulator::faults::Fault;
use twinchat_proxy::metrics::{Exposition, SERIES};
use twinchat_proxy::serve_admin;

/// Samples by name and labels.
async fn scrape(app: &TestApp, admin: &str) -> (String, HashMap<String, f64>) {
    let answer = app.client.get(format!("{admin}/metrics")).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text().await.unwrap();
    let samples = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
    let samples = samples.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect();
    (text, samples)
}

#[tokio::test]
async fn what_happens_is_counted_and_no_label_tells_visitors_apart() {
    let exposition = Exposition::install().unwrap();
    Exposition::install().unwrap_err();
    let app = TestApp::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let admin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(serve_admin(listener, app.app.clone(), exposition));
    assert_eq!(app.get("/metrics").await.status(), 404, "not in public");
    assert_eq!(app.client.get(format!("{admin}/healthz")).send().await.unwrap().status(), 200);

    let ann = app.visitor().await;
    let conversation = chat::conversation(&app, &ann).await;
    chat::hear(&app, &ann, &conversation, "Xin chào").await;
    app.emulator.fault(Rule::once(Fault::RateLimit { retry_after: 30 }, "*/messages*"));
    chat::hear(&app, &ann, &conversation, "Xin chào").await;
    let feed = chat::feed(&app, &ann, &conversation, "").await;
    app.token_request(&[("grant_type", "password")]).send().await.unwrap();
    app.get("/no/such/file").await;
    app.client.request("BREW".parse().unwrap(), format!("{}/healthz", app.url)).send().await.unwrap();

    let (said, samples) = loop {
        let (said, samples) = scrape(&app, &admin).await;
        // What has ended is told before it is counted.
        if samples[r#"twinchat_replies_active{upstream="main"}"#] == 0.0 && samples["twinchat_streams_open"] == 1.0 {
            break (said, samples);
        }
        tokio::task::yield_now().await;
    };
    for (series, value) in [
        (r#"twinchat_http_requests_total{method="POST",route="/api/v1/conversations",status="201"}"#, 1.0),
        (r#"twinchat_http_requests_total{method="POST",route="/api/v1/conversations/{id}/messages/stream",status="200"}"#, 2.0),
        (r#"twinchat_http_requests_total{method="GET",route="file",status="404"}"#, 2.0),
        (r#"twinchat_http_requests_total{method="other",route="/healthz",status="405"}"#, 1.0),
        (r#"twinchat_http_request_seconds_count{route="/oauth/token"}"#, 2.0),
        (r#"twinchat_replies_total{upstream="main",status="complete",code=""}"#, 1.0),
        (r#"twinchat_replies_total{upstream="main",status="failed",code="RATE_LIMITED"}"#, 1.0),
        (r#"twinchat_reply_first_text_seconds_count{upstream="main"}"#, 1.0),
        (r#"twinchat_upstream_requests_total{upstream="main",result="limited"}"#, 1.0),
        (r#"twinchat_upstream_budget_limit{upstream="main"}"#, 500.0),
        (r#"twinchat_token_exchanges_total{result="ok"}"#, 1.0),
        (r#"twinchat_token_exchanges_total{result="unsupported_grant_type"}"#, 1.0),
        ("twinchat_panics_total", 0.0),
        ("twinchat_store_errors_total", 0.0),
        (concat!(r#"twinchat_build_info{version=""#, env!("CARGO_PKG_VERSION"), r#""}"#), 1.0),
    ] {
        assert_eq!(samples.get(series), Some(&value), "{series}\n{said}");
    }
    assert!(samples[r#"twinchat_upstream_requests_total{upstream="main",result="ok"}"#] >= 3.0, "twins, create, send");
    assert_documented(&said);
    for secret in [&ann.id, &ann.token, &conversation, app.emulator.key(), &text(&ann.answer, "access_token")] {
        assert!(!said.contains(secret), "{secret}\n{said}");
    }
    drop(feed);
}

/// Every sample belongs to a series of the documents, with its type and its words.
fn assert_documented(said: &str) {
    for line in said.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let name = line.split(['{', ' ']).next().unwrap();
        let series = SERIES.iter().find(|series| {
            name == series.name || ["_bucket", "_sum", "_count"].iter().any(|end| name.strip_suffix(end) == Some(series.name))
        });
        let series = series.unwrap_or_else(|| panic!("not documented: {line}"));
        assert!(said.contains(&format!("# TYPE {} {}\n", series.name, series.kind.as_str())), "{name}\n{said}");
        assert!(said.contains(&format!("# HELP {} {}", series.name, series.help.trim())), "{name}\n{said}");
    }
}
