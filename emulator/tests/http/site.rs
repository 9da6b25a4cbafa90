//! The pretend site, and the program.

use reqwest::{Method, StatusCode};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use twinchat_emulator::{Site, SiteOptions};

const PAGE: &str = "<!doctype html><script type=\"module\" src=\"./twinchat.js\"></script><p>Tiệm trà</p>";

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("site-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("public/more")).unwrap();
    for (file, text) in [("index.html", PAGE), ("more/index.html", PAGE), (".env", "secret"), ("a b.txt", "plain")] {
        fs::write(folder.join("public").join(file), text).unwrap();
    }
    for file in ["x.js", "x.css", "x.wasm", "x.svg", "x.png", "x.woff2", "x.bin"] {
        fs::write(folder.join("public").join(file), "x").unwrap();
    }
    fs::write(folder.join("outside.txt"), "secret").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.join("outside.txt"), folder.join("public/link.txt")).unwrap();
    folder.join("public")
}

async fn site(name: &str) -> Site {
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    Site::start(SiteOptions { address, folder: folder(name), widget_origin: "http://127.0.0.1:9/".into() }).await.unwrap()
}

#[tokio::test]
async fn pages_load_the_widget_from_the_proxy() {
    let site = site("pages").await;
    for path in ["/", "/index.html", "/more/", "/more", "/?x=1"] {
        let page = crate::support::http().get(format!("{}{path}", site.origin())).send().await.unwrap();
        assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
        let page = page.text().await.unwrap();
        assert!(page.contains("src=\"http://127.0.0.1:9/twinchat.js\"") && page.contains("Tiệm trà"), "{page}");
    }
}

#[tokio::test]
async fn files_have_their_content_types() {
    let site = site("types").await;
    for (file, kind) in [
        ("x.js", "text/javascript; charset=utf-8"),
        ("x.css", "text/css; charset=utf-8"),
        ("x.wasm", "application/wasm"),
        ("x.svg", "image/svg+xml"),
        ("x.png", "image/png"),
        ("x.woff2", "font/woff2"),
        ("x.bin", "application/octet-stream"),
        ("a%20b.txt", "text/plain; charset=utf-8"),
    ] {
        let file = crate::support::http().get(format!("{}/{file}", site.origin())).send().await.unwrap();
        assert_eq!((file.status(), file.headers()["content-type"].to_str().unwrap()), (StatusCode::OK, kind));
    }
    let head = crate::support::http().head(format!("{}/x.js", site.origin())).send().await.unwrap();
    assert_eq!((head.status(), head.content_length().unwrap_or_default()), (StatusCode::OK, 0));
    let post = crate::support::http().request(Method::POST, site.origin()).send().await.unwrap();
    assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_outside_of_the_folder_is_served() {
    let site = site("outside").await;
    let address = site.origin().replace("http://", "");
    for path in [
        "/../outside.txt",
        "/%2e%2e/outside.txt",
        "/..%2foutside.txt",
        "/more/..%5c..%5coutside.txt",
        "/.env",
        "/link.txt",
        "//etc/passwd",
        "/%",
    ] {
        let address = address.clone();
        let answer = tokio::task::spawn_blocking(move || {
            let mut line = TcpStream::connect(address).unwrap();
            write!(line, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
            let mut answer = String::new();
            line.read_to_string(&mut answer).unwrap();
            answer
        });
        let answer = answer.await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 404") && !answer.contains("secret"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_site_that_cannot_be_served_is_refused_with_what_to_change() {
    let start = |address: &str, folder: PathBuf, origin: &str| {
        Site::start(SiteOptions { address: address.parse().unwrap(), folder, widget_origin: origin.into() })
    };
    let error = start("0.0.0.0:0", folder("refused"), "http://x").await.unwrap_err().to_string();
    assert!(error.contains("not a loopback address"), "{error}");
    let error = start("127.0.0.1:0", "/no/such/folder".into(), "http://x").await.unwrap_err().to_string();
    assert!(error.contains("/no/such/folder does not exist"), "{error}");
    let error = start("127.0.0.1:0", folder("refused"), "http://x\"><script>").await.unwrap_err().to_string();
    assert!(error.contains("is no origin"), "{error}");
}

struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_prints_one_line_of_json_with_all_that_is_needed_to_use_it() {
    let folder = folder("program");
    let mut program = Command::new(env!("CARGO_BIN_EXE_twinchat-emulator"));
    program.args(["--json", "--pace", "instant", "--widget-origin", "http://127.0.0.1:9", "--site-dir"]).arg(&folder);
    let mut program = Program(program.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(program.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let told: Value = serde_json::from_str(&line).unwrap();
    let text = |name: &str| told[name].as_str().unwrap_or_else(|| panic!("no {name} in {line}")).to_owned();
    let twins =
        crate::support::http().get(format!("{}/twins", text("twinexpert"))).bearer_auth(text("twinexpert_key")).send().await.unwrap();
    assert_eq!(twins.json::<Value>().await.unwrap()["data"][0]["id"], text("twin"));
    assert_eq!(text("twinexpert_jwt").split('.').count(), 3);
    assert!(text("twinexpert_key").starts_with("txp_live_"));
    assert!(
        crate::support::http().get(text("site")).send().await.unwrap().text().await.unwrap().contains("http://127.0.0.1:9/twinchat.js")
    );
}

#[test]
fn the_program_refuses_what_makes_no_sense() {
    for (arguments, says) in [
        (vec!["--host", "0.0.0.0"], "not a loopback address"),
        (vec!["--site-port", "1"], "--site-dir"),
        (vec!["--key", "short"], "16 or more"),
        (vec!["--full-access-limit", "many"], "500,100"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_twinchat-emulator")).args(&arguments).output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && complaint.contains(says), "{arguments:?}: {complaint}");
    }
}
