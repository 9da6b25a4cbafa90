use crate::helpers::{TestApp, body, header, write};
use reqwest::{Method, Response};

const HASHED: &str = "/twinchat-0123456789abcdef_bg.wasm";

async fn app() -> TestApp {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "dist/twinchat.js", "export {}");
    write(folder.path(), "dist/twinchat.js.br", "brotli");
    write(folder.path(), "dist/twinchat.js.gz", "gzip");
    write(folder.path(), &format!("dist{HASHED}"), [0, 97, 115, 109]);
    write(folder.path(), "dist/lang/vi.json", "{}");
    write(folder.path(), "dist/.env", "SECRET=1");
    write(folder.path(), "outside.txt", "outside");
    TestApp::in_folder("assets = \"dist\"\n", folder).await
}

async fn get(app: &TestApp, path: &str, accept: &str) -> Response {
    app.request(&Method::GET, path).header("accept-encoding", accept).send().await.unwrap()
}

#[tokio::test]
async fn a_file_is_sent_in_the_smallest_coding_that_the_browser_takes() {
    let app = app().await;
    let mut tags = Vec::new();
    for (accept, coding, content) in [("gzip, deflate, br", "br", "brotli"), ("gzip", "gzip", "gzip"), ("identity", "", "export {}")] {
        let answer = get(&app, "/twinchat.js", accept).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(header(&answer, "content-encoding"), coding);
        assert_eq!(header(&answer, "content-type"), "text/javascript; charset=utf-8");
        assert_eq!(header(&answer, "vary"), "Accept-Encoding");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
        assert_eq!(header(&answer, "content-length"), content.len().to_string());
        tags.push(header(&answer, "etag").to_owned());
        assert_eq!(answer.text().await.unwrap(), content);
    }
    tags.dedup();
    assert_eq!(tags.len(), 3, "each coding has its own tag");
}

#[tokio::test]
async fn a_name_with_a_hash_is_kept_for_ever_and_others_are_asked_for_again() {
    let app = app().await;
    let hashed = get(&app, HASHED, "br").await;
    assert_eq!(header(&hashed, "cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(header(&hashed, "content-type"), "application/wasm");
    let plain = get(&app, "/twinchat.js", "br").await;
    assert_eq!(header(&plain, "cache-control"), "no-cache");
    let tag = header(&plain, "etag").to_owned();
    for (known, status) in [(tag.clone(), 304), (format!("W/{tag}"), 304), (format!("\"x\", {tag}"), 304), ("\"x\"".into(), 200)] {
        let request = app.request(&Method::GET, "/twinchat.js").header("accept-encoding", "br").header("if-none-match", &known);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{known}");
        assert_eq!(header(&answer, "etag"), tag);
    }
    assert_eq!(get(&app, "/lang/vi.json", "br").await.status(), 200);
}

#[tokio::test]
async fn head_is_get_without_the_body_and_nothing_else_is_taken() {
    let app = app().await;
    let head = app.request(&Method::HEAD, "/twinchat.js").send().await.unwrap();
    assert_eq!((head.status().as_u16(), header(&head, "content-length")), (200, "9"));
    let post = app.request(&Method::POST, "/twinchat.js").send().await.unwrap();
    assert_eq!((post.status().as_u16(), header(&post, "allow")), (405, "GET, HEAD"));
    assert_eq!(body(post).await["error"], "METHOD_NOT_ALLOWED");
}

#[tokio::test]
async fn nothing_but_the_files_of_the_folder_is_served() {
    let app = app().await;
    for path in [
        "/outside.txt",
        "/../outside.txt",
        "/%2e%2e/outside.txt",
        "/..%2foutside.txt",
        "/lang/..%5c..%5coutside.txt",
        "/.env",
        "/lang",
        "//etc/passwd",
        "/",
    ] {
        // reqwest would tidy the path up.
        let answer = raw(&app, path).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
        assert!(!answer.contains("outside\n") && !answer.contains("SECRET"));
    }
}

async fn raw(app: &TestApp, path: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(app.url.trim_start_matches("http://")).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
