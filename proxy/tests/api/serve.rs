use crate::chat;
use crate::helpers::{SITE, TestApp, Visitor, body, text, with_form};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep};

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
    stream.write_all(format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "a".repeat(100_000)).as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));
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
    assert_eq!(feed.headers()["x-accel-buffering"], "no");
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

/// What is answered to this beginning of a request, once no more of it comes, and after how many seconds.
async fn answer_to_beginning(app: &TestApp, beginning: &str) -> (String, u64) {
    let mut stream = connect(app).await;
    stream.write_all(beginning.as_bytes()).await.unwrap();
    tokio::time::pause();
    let begun = Instant::now();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let waited = begun.elapsed().as_secs();
    tokio::time::resume();
    (String::from_utf8(answer).unwrap(), waited)
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let app = TestApp::with("header_seconds = 7").await;
    let (answer, waited) = answer_to_beginning(&app, "").await;
    assert!(answer.is_empty() && (6..=8).contains(&waited), "{waited} s: {answer}");
}

#[tokio::test]
async fn a_body_that_trickles_is_cut_in_the_house_format() {
    let app = TestApp::with("body_seconds = 7").await;
    let visitor = app.bearer_visitor().await;
    let chat = chat::conversation(&app, &visitor).await;
    let page = format!("host: x\r\norigin: {SITE}");
    let authorized = format!("{page}\r\nauthorization: Bearer {}", visitor.token);
    for (path, headers) in [
        (format!("/api/v1/conversations/{chat}/messages/stream"), format!("{authorized}\r\ncontent-type: application/json")),
        ("/oauth/token".to_owned(), format!("{page}\r\nx-twinchat: 1\r\ncontent-type: application/x-www-form-urlencoded")),
    ] {
        for length in ["content-length: 50", "transfer-encoding: chunked"] {
            let chunk = if length.starts_with("content") { "{" } else { "1\r\n{\r\n" };
            let (answer, waited) =
                answer_to_beginning(&app, &format!("POST {path} HTTP/1.1\r\n{headers}\r\n{length}\r\n\r\n{chunk}")).await;
            assert!(answer.starts_with("HTTP/1.1 408 ") && answer.to_lowercase().contains("\r\nconnection: close\r\n"), "{path}: {answer}");
            let (_, body) = answer.split_once("\r\n\r\n").unwrap();
            let body: Value = serde_json::from_str(body).unwrap();
            assert_eq!((&body["error"], &body["details"]["retryable"]), (&json!("REQUEST_TIMEOUT"), &json!(true)));
            assert!((6..=8).contains(&waited), "{waited} s");
        }
    }
    assert_eq!(chat::history(&app, &visitor, &chat).await, Vec::<Value>::new());
}

#[tokio::test]
async fn five_hundred_who_say_nothing_do_not_stop_others() {
    let app = TestApp::start().await;
    let visitor = app.bearer_visitor().await;
    let mut idle = Vec::new();
    for number in 0..500 {
        let mut stream = connect(&app).await;
        let beginning: &[&str] = &["", "GET /", "POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n"];
        stream.write_all(beginning[number % 3].as_bytes()).await.unwrap();
        idle.push(stream);
    }
    let chat = chat::conversation(&app, &visitor).await;
    assert_eq!(chat::hear(&app, &visitor, &chat, "Xin chào").await.last().unwrap().kind, "complete");
    drop(idle);
}

#[tokio::test]
async fn one_address_has_so_many_connections_and_the_owners_own_proxies_as_many_as_they_need() {
    let limits = "[limits]\nconnections_per_address = 3";
    for (settings, refused) in [(format!("trusted_proxies = []\n{limits}"), true), (limits.to_owned(), false)] {
        let app = TestApp::with(&settings).await;
        let mut open = Vec::new();
        for _ in 0..3 {
            open.push(healthy(&app).await.expect("one of the first three"));
        }
        let more = healthy(&app).await;
        assert_eq!(more.is_none(), refused);
        if refused {
            assert_eq!(app.app.connections().count(), 3);
            let mut turned_away = connect(&app).await;
            let mut answer = String::new();
            turned_away.write_all(&[b'a'; 4_000_000]).await.unwrap();
            turned_away.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 429 ") && answer.contains("\"error\":\"RATE_LIMITED\""), "{answer}");
        }
        drop((open, more));
        while app.app.connections().count() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(healthy(&app).await.is_some());
    }
}

/// A connection over which a request was answered, left open; none when it was not.
async fn healthy(app: &TestApp) -> Option<TcpStream> {
    let mut stream = connect(app).await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.ok()?;
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.ok()?;
    (&first == b"HTTP/1.1 200").then_some(stream)
}

#[tokio::test]
async fn one_stream_too_many_ends_the_visitors_oldest_which_is_told_to_take_its_time() {
    let app = TestApp::with("[limits]\nvisitor_streams = 2").await;
    let (ann, binh) = (app.visitor().await, app.visitor().await);
    let _of_binh = open_feed(&app, &binh).await;
    let oldest = open_feed(&app, &ann).await;
    let (mut second, mut third) = (open_feed(&app, &ann).await, open_feed(&app, &ann).await);
    let told = oldest.text().await.expect("an end, not a cut");
    assert!(told.contains("retry: 60000\n") && told.starts_with(": too many streams"), "{told}");
    assert_eq!(app.app.streams().count(), 3);
    tokio::time::pause();
    for open in [&mut second, &mut third] {
        assert!(open.chunk().await.unwrap().unwrap().starts_with(b": alive"));
    }
}

#[tokio::test]
async fn a_reader_who_never_reads_is_cut_and_holds_up_nobody() {
    // Buffers as small as they can be, so that little is enough to fill them.
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_send_buffer_size(1).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let app = TestApp::listening("write_seconds = 20", tempfile::tempdir().unwrap(), socket.listen(16).unwrap()).await;
    let visitor = app.bearer_visitor().await;
    let chat = chat::conversation(&app, &visitor).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(1).unwrap();
    let mut never_reads = socket.connect(app.url.trim_start_matches("http://").parse().unwrap()).await.unwrap();
    let request = format!(
        "GET /api/v1/conversations/{chat}/events HTTP/1.1\r\nhost: x\r\norigin: {SITE}\r\nauthorization: Bearer {}\r\n\r\n",
        visitor.token
    );
    never_reads.write_all(request.as_bytes()).await.unwrap();
    while app.app.streams().count() == 0 {
        tokio::task::yield_now().await;
    }
    for _ in 0..8 {
        let heard = chat::hear(&app, &visitor, &chat, "Kể chuyện dài").await;
        assert_eq!(heard.last().unwrap().kind, "complete");
    }
    while app.app.streams().count() > 1 {
        tokio::task::yield_now().await;
    }
    tokio::time::pause();
    let begun = Instant::now();
    while app.app.streams().count() > 0 {
        sleep(Duration::from_secs(1)).await;
        assert!(begun.elapsed() < Duration::from_secs(60), "still there");
    }
    assert!(begun.elapsed() >= Duration::from_secs(15), "{:?}", begun.elapsed());
}
