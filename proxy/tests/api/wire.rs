//! What is sent to the socket itself, by those who mean no good.

use crate::helpers::{SITE, TestApp};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Far more than anything here takes: only a test that hangs reaches it.
const PATIENCE: Duration = Duration::from_secs(60);
/// What must not be answered when it is hidden behind something else.
const SECOND: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

async fn connect(app: &TestApp) -> TcpStream {
    TcpStream::connect(app.url.trim_start_matches("http://")).await.unwrap()
}

/// Sends all of this and then reads until the server closes the connection, which it has to do without a reset.
async fn until_closed(app: &TestApp, bytes: &[u8]) -> String {
    let mut line = connect(app).await;
    line.write_all(bytes).await.expect("all of it can be sent");
    rest(&mut line).await
}

/// What there is to read until the server closes the connection.
async fn rest(line: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    timeout(PATIENCE, line.read_to_end(&mut answer)).await.expect("the server closes the connection").expect("without a reset");
    String::from_utf8_lossy(&answer).into_owned()
}

/// The statuses of all answers.
fn statuses(answer: &str) -> Vec<&str> {
    answer.split("HTTP/1.").skip(1).filter_map(|rest| rest.split(' ').nth(1)).collect()
}

fn post(headers: &str, body: &str) -> Vec<u8> {
    let head = format!("POST /oauth/token HTTP/1.1\r\nHost: x\r\nOrigin: {SITE}\r\nX-TwinChat: 1\r\n");
    format!("{head}Content-Type: application/x-www-form-urlencoded\r\n{headers}\r\n\r\n{body}{SECOND}").into_bytes()
}

fn get(headers: &str) -> Vec<u8> {
    format!("GET /healthz HTTP/1.1\r\n{headers}\r\n\r\n{SECOND}").into_bytes()
}

#[tokio::test]
async fn a_request_whose_end_can_be_argued_about_is_refused_and_nothing_behind_it_is_heard() {
    let app = TestApp::start().await;
    for (what, bytes) in [
        ("two lengths", post("Content-Length: 3\r\nContent-Length: 4", "a=b")),
        ("a list of lengths", post("Content-Length: 3, 3", "a=b")),
        ("a signed length", post("Content-Length: +3", "a=b")),
        ("a negative length", post("Content-Length: -3", "a=b")),
        ("a length in hexadecimal", post("Content-Length: 0x3", "a=b")),
        ("a length beyond all numbers", post("Content-Length: 99999999999999999999", "a=b")),
        ("an unknown coding", post("Transfer-Encoding: xchunked", "0\r\n\r\n")),
        ("a coding after chunked", post("Transfer-Encoding: chunked, identity", "0\r\n\r\n")),
        ("two codings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "0\r\n\r\n")),
        ("a hidden coding", post("Transfer-Encoding: \u{b}chunked", "0\r\n\r\n")),
        ("a space before the colon", post("Transfer-Encoding : chunked", "0\r\n\r\n")),
        ("a chunk without a size", post("Transfer-Encoding: chunked", "zz\r\na\r\n0\r\n\r\n")),
        ("a chunk beyond all numbers", post("Transfer-Encoding: chunked", "ffffffffffffffffff\r\na\r\n0\r\n\r\n")),
        ("chunks without CR", post("Transfer-Encoding: chunked", "3\na=b\n0\n\n")),
        ("a line end in a chunk's extension", post("Transfer-Encoding: chunked", "3;a\nb\r\na=b\r\n0\r\n\r\n")),
        ("a folded line", get("Host: x\r\nX-A: b\r\n c")),
        ("a space before the colon of Host", get("Host : x")),
        ("a CR alone", get("Host: x\rX-A: y")),
        ("a NUL", get("Host: x\r\nX-A: a\0b")),
        ("no host", get("X-A: b")),
        ("two hosts", get("Host: a\r\nHost: b")),
        ("a coding in HTTP/1.0", b"POST /oauth/token HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_vec()),
        ("HTTP/0.9", b"GET /healthz\r\n\r\n".to_vec()),
        ("HTTP/1.2", b"GET /healthz HTTP/1.2\r\nHost: x\r\n\r\n".to_vec()),
        ("a method of signs", b"G@T( /healthz HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
        ("bytes in the address", b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03aaaaaaaaaaaa\r\n\r\n".to_vec()),
    ] {
        let answer = until_closed(&app, &bytes).await;
        assert_eq!(statuses(&answer), ["400"], "{what}: {answer}");
    }
    // RFC 9112 section 6.1: of a length and chunks, the chunks count, and the connection ends.
    let both = until_closed(&app, &post("Content-Length: 6\r\nTransfer-Encoding: chunked", "0\r\n\r\n")).await;
    assert_eq!(statuses(&both), ["400"], "{both}");
    let both = until_closed(&app, &post("Transfer-Encoding: chunked\r\nContent-Length: 4", "3\r\na=b\r\n0\r\n\r\n")).await;
    assert_eq!(statuses(&both), ["400"], "{both}");
    // Only HTTP/1 is spoken: what begins as HTTP/2 gets nothing.
    let second = until_closed(&app, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    assert!(statuses(&second).iter().all(|status| *status == "400"), "{second}");
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_read() {
    let app = TestApp::start().await;
    let long = |bytes: usize| "a".repeat(bytes);
    let fields: String = (0..101).map(|number| format!("X-{number}: a\r\n")).collect();
    let bodies = "application/problem+json";
    for (what, bytes, status, kind) in [
        ("an address", format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", long(8192)), "414", bodies),
        ("a header", format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: {}\r\n\r\n", long(16_384)), "431", bodies),
        ("a much larger header", format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: {}\r\n\r\n", long(40_000)), "431", ""),
        ("many fields", format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{fields}\r\n"), "431", ""),
        ("a body as announced", String::from_utf8(post("Content-Length: 10000000", "a=b")).unwrap(), "413", bodies),
        ("a body that waits", String::from_utf8(post("Expect: 100-continue\r\nContent-Length: 98305", "")).unwrap(), "413", bodies),
    ] {
        let answer = until_closed(&app, bytes.as_bytes()).await;
        assert_eq!(statuses(&answer), [status], "{what}: {answer}");
        assert!(answer.contains(kind), "{what}: {answer}");
    }
    // In chunks, nobody says how much there will be; reading stops at the limit.
    let visitor = app.bearer_visitor().await;
    let head = format!(
        "POST /api/v1/conversations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
        visitor.token
    );
    let answer = until_closed(&app, format!("{head}20000\r\n{}", long(100_000)).as_bytes()).await;
    assert_eq!(statuses(&answer), ["413"], "answered before the chunk is there");
}

/// A head, a body of four megabytes, and the status.
fn refused_while_sending(token: &str) -> Vec<(&'static str, String, Vec<u8>, &'static str)> {
    const BYTES: usize = 4_000_000;
    let chats = format!("/api/v1/conversations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json");
    let (plain, length) = (vec![b'a'; BYTES], format!("Content-Length: {BYTES}\r\n\r\n"));
    let (chunk, chunks) = (vec![b'a'; 1000], "Transfer-Encoding: chunked\r\n\r\n");
    let chunked: Vec<u8> = (0..BYTES / 1000).flat_map(|_| [b"3e8\r\n", chunk.as_slice(), b"\r\n"].concat()).collect();
    vec![
        ("too large by its length", format!("POST {chats}\r\n{length}"), plain.clone(), "413"),
        ("too large after a while", format!("POST {chats}\r\n{chunks}"), chunked.clone(), "413"),
        ("nobody's", format!("POST /api/v1/conversations HTTP/1.1\r\nHost: x\r\n{chunks}"), chunked.clone(), "401"),
        ("of another page", format!("POST {chats}\r\nOrigin: https://evil.example\r\n{chunks}"), chunked.clone(), "403"),
        ("to nowhere", format!("POST /nowhere HTTP/1.1\r\nHost: x\r\n{chunks}"), chunked.clone(), "404"),
        ("by another method", format!("PUT {chats}\r\n{chunks}"), chunked.clone(), "405"),
        ("of another kind", format!("POST {chats}+x\r\n{chunks}").replace("json+x", "x"), chunked, "415"),
        ("to an address too long", format!("POST /{} HTTP/1.1\r\nHost: x\r\n{length}", "a".repeat(8192)), plain.clone(), "414"),
        ("with a header too long", format!("POST / HTTP/1.1\r\nHost: x\r\nX-A: {}\r\n{length}", "a".repeat(40_000)), plain.clone(), "431"),
        ("without a host", format!("POST / HTTP/1.1\r\n{length}"), plain.clone(), "400"),
        ("no HTTP", format!("POST / HTTP/9\r\n{length}"), plain, "400"),
    ]
}

#[tokio::test]
async fn who_sends_all_of_a_large_body_before_reading_can_read_why_it_was_refused() {
    let app = TestApp::start().await;
    let visitor = app.bearer_visitor().await;
    for (what, head, body, status) in refused_while_sending(&visitor.token) {
        let answer = until_closed(&app, &[head.as_bytes(), &body].concat()).await;
        assert_eq!(statuses(&answer), [status], "{what}: {answer}");
    }
}

#[tokio::test]
async fn who_sends_the_body_only_after_the_refusal_is_there_can_still_read_it() {
    let app = TestApp::start().await;
    let visitor = app.bearer_visitor().await;
    for (what, head, body, status) in refused_while_sending(&visitor.token) {
        let mut line = connect(&app).await;
        line.write_all(head.as_bytes()).await.unwrap();
        // A kind is looked at, and a size known, only when there is some of it.
        let (first, later) = body.split_at(200_000);
        line.write_all(first).await.expect(what);
        line.peek(&mut [0; 1]).await.unwrap();
        for piece in later.chunks(100_000) {
            line.write_all(piece).await.expect(what);
        }
        let answer = rest(&mut line).await;
        assert_eq!(statuses(&answer), [status], "{what}: {answer}");
    }
}

#[tokio::test]
async fn a_body_that_will_be_refused_is_not_asked_for() {
    let app = TestApp::start().await;
    let visitor = app.bearer_visitor().await;
    for (what, head, _, status) in refused_while_sending(&visitor.token) {
        if !["too large after a while", "of another kind"].contains(&what) {
            let answer = until_closed(&app, head.replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n").as_bytes()).await;
            assert_eq!(statuses(&answer), [status], "{what}: {answer}");
        }
    }
}

#[tokio::test]
async fn old_clients_are_served_and_strange_addresses_lead_nowhere() {
    let app = TestApp::start().await;
    for (bytes, status) in [
        ("GET /healthz HTTP/1.0\r\n\r\n", "200"),
        // RFC 9112 section 2.2: a line may end without CR.
        ("GET /healthz HTTP/1.1\nHost: x\nConnection: close\n\n", "200"),
        ("HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "200"),
        ("GET http://elsewhere.example/healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "200"),
        ("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n\r\n", "200"),
        ("OPTIONS /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "405"),
        ("TRACE /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "405"),
        ("get /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "405"),
        ("OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "404"),
        ("CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "404"),
        ("GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "404"),
        ("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "404"),
        ("GET //healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "404"),
        ("GET /healthz/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "404"),
        ("GET /%68ealthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "404"),
        ("GET /avatars/%2e%2e%2fhealthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "404"),
        ("GET /avatars/%ff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "404"),
        ("GET /problems/%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "404"),
    ] {
        let answer = until_closed(&app, bytes.as_bytes()).await;
        assert_eq!(statuses(&answer), [status], "{bytes}");
    }
}

#[tokio::test]
async fn a_body_that_ends_early_does_nothing() {
    let app = TestApp::start().await;
    let visitor = app.bearer_visitor().await;
    let head = format!("POST /api/v1/conversations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n", visitor.token);
    let mut line = TcpStream::connect(app.url.trim_start_matches("http://")).await.unwrap();
    line.write_all(format!("{head}Content-Type: application/json\r\nContent-Length: 200\r\n\r\n{{\"twinId\":").as_bytes()).await.unwrap();
    line.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, line.read_to_end(&mut answer)).await.expect("the server closes the connection");
    assert!(!String::from_utf8_lossy(&answer).contains(" 201 "));
    assert_eq!(visitor.get(&app, "/api/v1/conversations").await["meta"]["total"], 0);
}
