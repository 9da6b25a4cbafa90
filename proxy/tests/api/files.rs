//! Messages with files: what is taken, what is refused, and what becomes of it.

use super::chat::{Stream, conversation, history, last};
use super::helpers::{KAMIMIND, TestApp, Visitor, body, text};
use reqwest::multipart::{Form, Part};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use twinchat_emulator::faults::{ErrorStyle, Fault};
use twinchat_emulator::{Options, Rule};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

fn part(name: &str, kind: &str, bytes: impl Into<Vec<u8>>) -> Part {
    Part::bytes(bytes.into()).file_name(name.to_owned()).mime_str(kind).unwrap()
}

async fn send(app: &TestApp, visitor: &Visitor, chat: &str, form: Form) -> Response {
    visitor.request(app, &Method::POST, &format!("/api/v1/conversations/{chat}/messages")).multipart(form).send().await.unwrap()
}

/// Nothing is left of what was sent.
fn is_clean(app: &TestApp) -> bool {
    kept(app) == 0
}

/// How many files are kept.
fn kept(app: &TestApp) -> usize {
    std::fs::read_dir(app.folder.path().join("twinchat.db.files")).map_or(0, Iterator::count)
}

/// The end of a reply is told before its files are removed.
async fn until_clean(app: &TestApp) {
    while !is_clean(app) {
        tokio::task::yield_now().await;
    }
}

async fn bots(settings: &str) -> TestApp {
    TestApp::of_kind(KAMIMIND, Options::default(), settings).await
}

/// The next message fails at the upstream.
fn fails(app: &TestApp) {
    app.emulator.fault(Rule::once(Fault::ServerError { status: 500, body: ErrorStyle::Documented }, "/public/*"));
}

/// Somebody with a conversation in which a message with a file was not answered.
async fn unanswered(settings: &str) -> (TestApp, Visitor, String, String) {
    let app = bots(settings).await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    fails(&app);
    let form = Form::new().text("content", "Xem").part("files", part("a.png", "image/png", PNG));
    assert_eq!(send(&app, &ann, &chat, form).await.status(), 502);
    assert_eq!(kept(&app), 1);
    let reply = text(&last(&app, &ann, &chat).await, "id");
    (app, ann, chat, reply)
}

async fn retry(app: &TestApp, visitor: &Visitor, reply: &str) -> Response {
    visitor.send(app, &Method::POST, &format!("/api/v1/messages/{reply}/retry"), &Value::Null).await
}

#[tokio::test]
async fn a_twin_that_takes_no_files_says_so_and_takes_the_same_form_without_them() {
    let app = TestApp::start().await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    let answer = send(&app, &ann, &chat, Form::new().text("content", "Xem giúp tôi").part("files", part("a.png", "image/png", PNG))).await;
    assert_eq!(answer.status(), 415);
    let refused = body(answer).await;
    assert_eq!((&refused["error"], &refused["details"]["field"]), (&json!("UNSUPPORTED_MEDIA_TYPE"), &json!("files")));
    assert!(text(&refused, "message").contains("takes no files"), "{refused}");
    assert!(history(&app, &ann, &chat).await.is_empty() && is_clean(&app));
    let answer = send(&app, &ann, &chat, Form::new().text("content", "Xem giúp tôi").text("somethingNew", "x")).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(history(&app, &ann, &chat).await[0]["content"], "Xem giúp tôi");
}

#[tokio::test]
async fn a_form_that_is_none_is_refused_in_plain_words() {
    let app = TestApp::with("[limits]\nfile_count = 1\nfile_bytes = 1000\n").await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    let path = format!("/api/v1/conversations/{chat}/messages");
    let field = |name: &str, value: &str| format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let long = format!("--x\r\nContent-Disposition: form-data; name=\"content\"; a=\"{}\"\r\n\r\n", "a".repeat(90_000));
    for (what, sent, status) in [
        ("nothing", String::new(), 400),
        ("no end", field("content", "chào"), 400),
        ("no text", "--x--\r\n".to_owned(), 400),
        ("a blank text", field("content", "  ") + "--x--\r\n", 400),
        ("two texts", field("content", "a") + &field("content", "b") + "--x--\r\n", 400),
        ("a header without an end", long, 400),
        ("something else", "chào".repeat(1000), 400),
        ("too much", field("content", &"a".repeat(100_000)) + "--x--\r\n", 413),
        ("far too much", "a".repeat(300_000), 413),
    ] {
        let request = ann.request(&app, &Method::POST, &path).header("content-type", "multipart/form-data; boundary=x");
        let answer = request.body(sent).send().await.unwrap();
        assert_eq!(answer.status(), status, "{what}");
        assert!(text(&body(answer).await, "message").len() > 10, "{what}");
    }
    let request = ann.request(&app, &Method::POST, &path).header("content-type", "multipart/form-data").body("x");
    assert_eq!(request.send().await.unwrap().status(), 415, "a form without a boundary");
    assert!(history(&app, &ann, &chat).await.is_empty());
}

#[tokio::test]
async fn only_messages_may_be_as_large_as_files_are() {
    let app = TestApp::start().await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    for path in ["/api/v1/conversations".to_owned(), format!("/api/v1/conversations/{chat}/messages/x"), "/oauth/token".to_owned()] {
        let request = ann.request(&app, &Method::POST, &path).multipart(Form::new().text("content", "x".repeat(200_000)));
        assert_eq!(request.send().await.unwrap().status(), 413, "{path}");
    }
}

#[tokio::test]
async fn the_widget_is_told_what_files_are_taken() {
    let app = TestApp::with("[limits]\nfile_count = 2\nfile_bytes = 1000\nfile_types = [\"image/jpeg\"]\n").await;
    let told = body(app.get("/api/v1/widget").await).await["data"]["files"].clone();
    assert_eq!(told, json!({"maxCount": 2, "maxBytes": 1000, "types": ["image/jpeg"], "extensions": ["jpg", "jpeg", "jfif"]}));
    let document = body(app.get("/openapi.json").await).await;
    let form = &document["components"]["schemas"]["MessageForm"]["properties"];
    assert_eq!((&form["files"]["maxItems"], &form["files"]["items"]["format"]), (&json!(2), &json!("binary")));
}

#[tokio::test]
async fn somebody_elses_conversation_takes_no_files_either() {
    let app = TestApp::start().await;
    let (ann, binh) = (app.visitor().await, app.visitor().await);
    let chat = conversation(&app, &ann).await;
    let answer = send(&app, &binh, &chat, Form::new().part("files", part("a.png", "image/png", PNG))).await;
    assert_eq!(answer.status(), 404);
    assert!(is_clean(&app));
}

#[tokio::test]
async fn a_file_sent_to_a_bot_comes_back_named_whole_and_streamed() {
    let app = bots("").await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    let name = "Báo cáo quý 3 – Nguyễn Văn Đạt.pdf";
    let pdf = [b"%PDF-1.7\n".as_slice(), &vec![b'x'; 3_000_000]].concat();
    let form = Form::new().text("content", "Xem giúp tôi").part("files", part(name, "application/pdf", pdf));
    let answer = send(&app, &ann, &chat, form.part("files", part("ảnh.png", "image/png", PNG))).await;
    let reply = body(answer).await;
    let told = text(&reply["data"], "content");
    assert!(told.contains(&format!("- {name} (3000009 bytes)\n- ảnh.png ({} bytes)", PNG.len())), "{told}");
    assert!(reply["data"]["files"].is_null(), "the twin sent none");

    let form = Form::new().text("content", "Còn đây?").part("files", part("../../b.PNG", "image/png", PNG));
    let path = format!("/api/v1/conversations/{chat}/messages/stream");
    let streamed = ann.request(&app, &Method::POST, &path).multipart(form).send().await.unwrap();
    let events = Stream::of(streamed).rest().await;
    assert!(text(&events.last().unwrap().data, "content").contains(&format!("- b.PNG ({} bytes)", PNG.len())), "{events:?}");
    assert_eq!(events[0].data["userMessage"]["files"], json!([{"name": "b.PNG", "mediaType": "image/png", "size": PNG.len()}]));

    let said = history(&app, &ann, &chat).await;
    let files = json!([
        {"name": name, "mediaType": "application/pdf", "size": 3_000_009},
        {"name": "ảnh.png", "mediaType": "image/png", "size": PNG.len()},
    ]);
    assert_eq!((&said[0]["files"], &said[0]["content"]), (&files, &json!("Xem giúp tôi")));
    let export = ann.get(&app, "/api/v1/visitor/export").await;
    assert_eq!(export["data"]["conversations"][0]["messages"][0]["files"], files);
    until_clean(&app).await;
    assert!(app.emulator.log().iter().all(|entry| entry.key_in == ["authorization"]));
}

#[tokio::test]
async fn files_alone_are_a_message_and_name_the_conversation() {
    let app = bots("").await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    let menu = "món;giá\nphở;50000";
    let answer = send(&app, &ann, &chat, Form::new().part("files", part("thực đơn.csv", "application/vnd.ms-excel", menu))).await;
    let told = text(&body(answer).await["data"], "content");
    assert!(told.contains(&format!("- thực đơn.csv ({} bytes)", menu.len())), "{told}");
    let said = history(&app, &ann, &chat).await;
    assert_eq!((&said[0]["content"], &said[0]["files"][0]["mediaType"]), (&json!(""), &json!("text/csv")));
    assert_eq!(ann.get(&app, &format!("/api/v1/conversations/{chat}")).await["data"]["title"], "thực đơn.csv");
}

#[tokio::test]
async fn names_are_read_as_browsers_and_programs_write_them() {
    let app = bots("").await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    let part = |disposition: &str| {
        format!("--x\r\nContent-Disposition: form-data; name=\"files\"; {disposition}\r\nContent-Type: text/plain\r\n\r\nabc\r\n")
    };
    let sent = part("filename=\"ghi chú %22mới%22.txt\"")
        + &part("filename*=UTF-8''ghi%20ch%C3%BA.txt")
        + &part("filename=\"C:\\tmp\\c.txt\"")
        + "--x--\r\n";
    let request = ann.request(&app, &Method::POST, &format!("/api/v1/conversations/{chat}/messages"));
    let answer = request.header("content-type", "multipart/form-data; boundary=x").body(sent).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", body(answer).await);
    let said = history(&app, &ann, &chat).await;
    let names: Vec<&str> = said[0]["files"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["ghi chú 'mới'.txt", "ghi chú.txt", "c.txt"]);
}

#[tokio::test]
async fn what_is_not_taken_is_refused_by_name_and_nothing_of_the_message_is_kept() {
    let app = bots("[limits]\nfile_count = 2\nfile_bytes = 1000\n").await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    let png = || part("a.png", "image/png", PNG);
    for (what, form, status) in [
        ("too many", Form::new().part("files", png()).part("files", png()).part("files", png()), 400),
        ("too large", Form::new().part("files", png()).part("files", part("b.png", "image/png", [PNG, &[0; 1000]].concat())), 413),
        ("empty", Form::new().part("files", part("b.png", "image/png", "")), 400),
        ("a type that is not taken", Form::new().part("files", part("b.zip", "application/zip", b"PK\x03\x04".to_vec())), 415),
        ("a type nobody knows", Form::new().part("files", part("b.exe", "image/png", PNG)), 415),
        ("a type that contradicts the name", Form::new().part("files", part("b.png", "text/html", PNG)), 415),
        ("another content than the name says", Form::new().part("files", part("b.png", "image/png", "<html>")), 415),
        ("a program that is called a text", Form::new().part("files", part("b.txt", "text/plain", b"MZ\x90\0".to_vec())), 415),
        ("a text in place of a file", Form::new().text("files", "abc"), 400),
    ] {
        let answer = send(&app, &ann, &chat, form.text("content", "Xem")).await;
        assert_eq!(answer.status(), status, "{what}");
        let refused = body(answer).await;
        assert!(refused["details"]["field"] == "files" || what == "a text in place of a file", "{what}: {refused}");
    }
    assert!(history(&app, &ann, &chat).await.is_empty() && is_clean(&app));
    assert!(app.emulator.log().is_empty());
}

#[tokio::test]
async fn a_key_stands_for_the_text_the_names_and_the_contents() {
    let app = bots("").await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    let said = async |content: &str, name: &str, bytes: &str| {
        let form = Form::new().text("content", content.to_owned()).part("files", part(name, "text/plain", bytes));
        let request = ann.request(&app, &Method::POST, &format!("/api/v1/conversations/{chat}/messages")).header("idempotency-key", "k1");
        let answer = request.multipart(form).send().await.unwrap();
        (answer.status().as_u16(), body(answer).await["data"]["id"].clone())
    };
    let first = said("Xem", "a.txt", "một").await;
    assert_eq!(first.0, 200);
    assert_eq!(said("Xem", "a.txt", "một").await, first);
    for (content, name, bytes) in [("Xem", "a.txt", "hai"), ("Xem", "b.txt", "một"), ("Xem nhé", "a.txt", "một")] {
        assert_eq!(said(content, name, bytes).await.0, 422);
    }
    assert_eq!(history(&app, &ann, &chat).await.len(), 2);
    assert_eq!(app.emulator.log().len(), 1);
    until_clean(&app).await;
}

#[tokio::test]
async fn a_message_that_was_not_answered_is_tried_again_with_its_files_also_after_a_restart() {
    let (app, ann, chat, reply) = unanswered("").await;
    std::fs::write(app.folder.path().join("twinchat.db.files/file_leftbehind"), "x").unwrap();
    let app = app.restart().await;
    assert_eq!(kept(&app), 1, "what nobody needs is gone");
    let mut ann = ann;
    ann.renew(&app).await;
    let events = Stream::of(retry(&app, &ann, &reply).await).rest().await;
    assert!(text(&events.last().unwrap().data, "content").contains("- a.png"), "{events:?}");
    assert_eq!(history(&app, &ann, &chat).await[0]["files"][0]["name"], "a.png");
    until_clean(&app).await;
}

#[tokio::test]
async fn files_go_with_what_they_were_sent_in() {
    let (app, ann, chat, _) = unanswered("").await;
    let erased = ann.request(&app, &Method::DELETE, &format!("/api/v1/conversations/{chat}")).send().await.unwrap();
    assert_eq!((erased.status().as_u16(), kept(&app)), (204, 0));
    let (app, ann, _, _) = unanswered("").await;
    let erased = ann.request(&app, &Method::DELETE, "/api/v1/visitor").send().await.unwrap();
    assert_eq!((erased.status().as_u16(), kept(&app)), (204, 0));
}

#[tokio::test]
async fn files_are_kept_for_a_retry_as_long_as_the_owner_says() {
    let (app, mut ann, chat, reply) = unanswered("[retention]\nfile_hours = 2\n").await;
    app.app.retention().apply().await.unwrap();
    assert_eq!(kept(&app), 1);
    app.clock.advance_seconds(2 * 3600 + 1);
    app.app.retention().apply().await.unwrap();
    assert_eq!(kept(&app), 0);
    ann.renew(&app).await;
    let answer = retry(&app, &ann, &reply).await;
    assert_eq!(answer.status(), 409);
    let refused = body(answer).await;
    assert!(refused["error"] == "NOT_RETRYABLE" && text(&refused, "message").contains("send it again"), "{refused}");
    assert_eq!(history(&app, &ann, &chat).await[0]["files"][0]["name"], "a.png");
}

#[tokio::test]
async fn when_there_is_no_room_for_files_nothing_is_sent_and_messages_without_them_go_on() {
    let app = bots("[limits]\nfiles_total_bytes = 10\n").await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    let answer = send(&app, &ann, &chat, Form::new().text("content", "Xem").part("files", part("a.png", "image/png", PNG))).await;
    assert_eq!(answer.status(), 503);
    let refused = body(answer).await;
    assert!(refused["error"] == "STORE_UNAVAILABLE" && text(&refused, "message").contains("without files"), "{refused}");
    assert!(is_clean(&app) && app.emulator.log().is_empty());
    assert_eq!(send(&app, &ann, &chat, Form::new().text("content", "Xem")).await.status(), 200);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_to_is_said_so() {
    let app = bots("").await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    std::fs::write(app.folder.path().join("twinchat.db.files"), "in the way").unwrap();
    let answer = send(&app, &ann, &chat, Form::new().part("files", part("a.png", "image/png", PNG))).await;
    assert_eq!((answer.status().as_u16(), body(answer).await["error"].clone()), (503, json!("STORE_UNAVAILABLE")));
}

#[tokio::test]
async fn who_has_no_message_left_is_told_before_a_byte_is_received() {
    let app = bots("[limits]\nvisitor_messages_per_minute = 1\n").await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    let form = || Form::new().part("files", part("a.png", "image/png", PNG));
    let path = format!("/api/v1/conversations/{chat}/messages");
    let first = ann.request(&app, &Method::POST, &path).header("idempotency-key", "k1").multipart(form()).send().await.unwrap();
    assert_eq!(first.status(), 200);
    let answer = send(&app, &ann, &chat, form()).await;
    assert_eq!((answer.status().as_u16(), answer.headers().contains_key("retry-after")), (429, true));
    let again = ann.request(&app, &Method::POST, &path).header("idempotency-key", "k1").multipart(form()).send().await.unwrap();
    assert_eq!(again.status(), 200, "a repeat costs nothing");
}

#[tokio::test]
async fn an_upload_that_falls_silent_is_not_waited_for() {
    let app = bots("body_seconds = 1\n").await;
    let ann = app.bearer_visitor().await;
    let chat = conversation(&app, &ann).await;
    let mut line = TcpStream::connect(app.url.trim_start_matches("http://")).await.unwrap();
    let head = format!(
        "POST /api/v1/conversations/{chat}/messages HTTP/1.1\r\nHost: x\r\nOrigin: {}\r\nAuthorization: Bearer {}\r\nContent-Length: 5000000\r\n\
         Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\nContent-Disposition: form-data; name=\"files\"; filename=\"a.png\"\r\n\r\n",
        super::helpers::SITE,
        ann.token
    );
    line.write_all(head.as_bytes()).await.unwrap();
    line.write_all(PNG).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(Duration::from_secs(60), line.read_to_end(&mut answer)).await.unwrap().unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("REQUEST_TIMEOUT"), "{answer}");
    assert!(is_clean(&app));
}

#[tokio::test]
async fn nobody_is_ever_given_a_file() {
    let (app, ann, chat, reply) = unanswered("").await;
    let stored = std::fs::read_dir(app.folder.path().join("twinchat.db.files")).unwrap().next().unwrap().unwrap().file_name();
    let stored = stored.to_str().unwrap();
    for path in [
        format!("/files/{stored}"),
        format!("/{stored}"),
        format!("/twinchat.db.files/{stored}"),
        format!("/avatars/{stored}"),
        format!("/api/v1/files/{stored}"),
        format!("/api/v1/messages/{reply}/files/0"),
        format!("/api/v1/conversations/{chat}/files/a.png"),
    ] {
        let answer = ann.request(&app, &Method::GET, &path).send().await.unwrap();
        assert!(matches!(answer.status().as_u16(), 404 | 405), "{path}");
    }
    let export = ann.get(&app, "/api/v1/visitor/export").await.to_string();
    assert!(!export.contains(stored), "{export}");
    let binh = app.visitor().await;
    assert_eq!(retry(&app, &binh, &reply).await.status(), 404);
}
