use crate::helpers::{SITE, TestApp, Visitor, body, text, with_form};
use reqwest::{Method, Response};
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

async fn connect(app: &TestApp) -> TcpStream {
    TcpStream::connect(app.url.trim_start_matches("http://")).await.unwrap()
}

#[tokio::test]
async fn a_header_that_does_not_end_is_not_waited_for() {
    let app = TestApp::start().await;
    let mut stream = connect(&app).await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ").await.unwrap();
    // From here on nothing waits really: time jumps to the next timer.
    tokio::time::pause();
    let begun = Instant::now();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 408"));
    assert!(begun.elapsed() >= Duration::from_secs(9) && begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_header_that_is_too_long_is_refused() {
    let app = TestApp::start().await;
    let mut stream = connect(&app).await;
    let _ = stream.write_all(format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "a".repeat(100_000)).as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn a_server_told_to_stop_takes_no_more_connections_and_ends_idle_ones() {
    let app = TestApp::start().await;
    let mut idle = connect(&app).await;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    let address = app.url.trim_start_matches("http://").to_owned();
    let (_folder, _emulator) = app.stop().await;
    idle.read_to_end(&mut Vec::new()).await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

/// A feed that waits for something to happen.
async fn open_feed(app: &TestApp, visitor: &Visitor) -> Response {
    let twin = text(&visitor.get(app, "/api/v1/twins").await["data"][0], "id");
    let conversation = visitor.send(app, &Method::POST, "/api/v1/conversations", &json!({"twinId": twin})).await;
    let id = text(&body(conversation).await["data"], "id");
    let mut feed = visitor.request(app, &Method::GET, &format!("/api/v1/conversations/{id}/events")).send().await.unwrap();
    assert_eq!(feed.status(), 200);
    assert!(feed.chunk().await.unwrap().unwrap().starts_with(b"retry:"));
    feed
}

#[tokio::test]
async fn a_server_told_to_stop_ends_open_streams_and_they_end_well() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    let feed = open_feed(&app, &visitor).await;
    let (_folder, _emulator) = app.stop().await;
    feed.bytes().await.expect("an end, not a cut");
}

#[tokio::test]
async fn a_revoked_token_ends_the_visitors_streams_and_nobody_elses() {
    let app = TestApp::start().await;
    let (ann, binh) = (app.visitor().await, app.visitor().await);
    let (of_ann, mut of_binh) = (open_feed(&app, &ann).await, open_feed(&app, &binh).await);
    let revoke = app.request(&Method::POST, "/oauth/revoke").header("x-twinchat", "1").header("origin", SITE);
    assert_eq!(with_form(revoke, &[("token", &ann.token)]).send().await.unwrap().status(), 200);
    of_ann.bytes().await.expect("an end, not a cut");
    tokio::time::pause();
    // The next heartbeat is the next thing to happen: the stream is open.
    assert!(of_binh.chunk().await.unwrap().unwrap().starts_with(b":"));
}
