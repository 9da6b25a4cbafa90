//! The files of `deploy/` and the document that shows them, with the programs they are for where those are installed.
#![cfg(unix)]

#[expect(dead_code, reason = "shared with tests/api, which uses all of it")]
#[path = "api/chat.rs"]
mod chat;
#[expect(dead_code, reason = "shared with tests/api, which uses all of it")]
#[path = "api/helpers.rs"]
mod helpers;

use helpers::{TestApp, body, header, text};
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tokio::net::{TcpListener, TcpStream};
use twinchat_emulator::Rule;
use twinchat_emulator::faults::Fault;
use twinchat_proxy::config::Config;

/// The settings that these tests need: heartbeats that are worth waiting for, few token requests.
const SETTINGS: &str = "heartbeat_seconds = 1\n[limits]\ntoken_requests_per_minute = 5\n";

fn deploy(name: &str) -> String {
    std::fs::read_to_string(root().join("deploy").join(name)).unwrap()
}

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// A text with its parts exchanged; all of them have to be there.
fn exchanged(mut text: String, parts: &[(&str, &str)]) -> String {
    for (from, to) in parts {
        assert!(text.contains(from), "{from:?} is in the file");
        text = text.replace(from, to);
    }
    text
}

fn is_installed(program: &str, how: &str) -> bool {
    let found = Command::new(program).arg(how).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        eprintln!("NOT TESTED: {program} is not installed; install it to test deploy/{program}/");
    }
    found
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A reverse proxy in front of a server.
struct Front {
    app: TestApp,
    child: Child,
}

impl Drop for Front {
    fn drop(&mut self) {
        // nginx ends its workers when it is asked to, and leaves them behind when it is killed.
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

/// Which program, which of its files, and under which path.
#[derive(Clone, Copy)]
struct Kind {
    file: &'static str,
    path: &'static str,
    start: fn(&Path, &str, [u16; 2]) -> Command,
}

const NGINX: Kind = Kind { file: "nginx/twinchat.conf", path: "", start: nginx };
const NGINX_PATH: Kind = Kind { file: "nginx/twinchat-path.conf", path: "/chat", start: nginx };
const CADDY: Kind = Kind { file: "caddy/Caddyfile", path: "", start: caddy };
const CADDY_PATH: Kind = Kind { file: "caddy/Caddyfile.path", path: "/chat", start: caddy };

fn nginx(folder: &Path, file: &str, [port, behind]: [u16; 2]) -> Command {
    let host = if file.contains("chat.example.com") { "chat.example.com" } else { "www.example.com" };
    let site = exchanged(
        file.to_owned(),
        &[
            ("listen 443 ssl;", &format!("listen 127.0.0.1:{port};")),
            (&format!("ssl_certificate /etc/letsencrypt/live/{host}/fullchain.pem;"), ""),
            (&format!("ssl_certificate_key /etc/letsencrypt/live/{host}/privkey.pem;"), ""),
            ("127.0.0.1:8787", &format!("127.0.0.1:{behind}")),
            // Twice the heartbeats' interval, so that a feed outlives it in a test.
            ("proxy_read_timeout 75s;", "proxy_read_timeout 2s;"),
        ],
    );
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|name| format!("{name}_temp_path {}/{name};\n", folder.display()))
        .collect();
    let main = format!(
        "daemon off;\npid {0}/pid;\nerror_log {0}/error.log info;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{site}\n}}\n",
        folder.display()
    );
    let path = folder.join("nginx.conf");
    std::fs::write(&path, main).unwrap();
    let mut command = Command::new("nginx");
    command.arg("-p").arg(folder).arg("-e").arg(folder.join("error.log")).arg("-c").arg(path);
    command
}

fn caddy(folder: &Path, file: &str, [port, behind]: [u16; 2]) -> Command {
    let host = if file.contains("chat.example.com {") { "chat.example.com {" } else { "www.example.com {" };
    let site =
        exchanged(file.to_owned(), &[(host, &format!("http://127.0.0.1:{port} {{")), ("127.0.0.1:8787", &format!("127.0.0.1:{behind}"))]);
    let path = folder.join("Caddyfile");
    std::fs::write(&path, format!("{{\n\tadmin off\n}}\n{site}")).unwrap();
    let mut command = Command::new("caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(path).env("HOME", folder);
    command
}

impl Front {
    async fn start(kind: Kind) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, behind) = (free_port(), listener.local_addr().unwrap().port());
        let app =
            TestApp::reached_as(Some(format!("http://127.0.0.1:{port}{}", kind.path)), SETTINGS, tempfile::tempdir().unwrap(), listener)
                .await;
        let folder = app.folder.path().join("front");
        std::fs::create_dir(&folder).unwrap();
        let mut command = (kind.start)(&folder, &deploy(kind.file), [port, behind]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
            assert!(child.try_wait().unwrap().is_none(), "{} ended: {command:?}", kind.file);
            tokio::task::yield_now().await;
        }
        Self { app, child }
    }

    /// Calls from now on come from this address of the machine.
    fn calls_from(&mut self, last: u8) {
        self.app.client = reqwest::Client::builder().no_proxy().local_address(std::net::IpAddr::from([127, 0, 0, last])).build().unwrap();
    }
}

/// All that matters of a reverse proxy.
async fn works(kind: Kind) {
    let mut front = Front::start(kind).await;
    front.calls_from(9);
    streams_event_by_event(&front.app).await;
    lets_a_silent_feed_live(&front.app).await;
    limits_bodies(&front.app, kind).await;
    assert_eq!(front.app.get("/readyz").await.status(), 404, "not for visitors");
    assert_eq!(front.app.get("/healthz").await.text().await.unwrap(), "ok");
    counts_callers_by_their_own_address(&mut front).await;
}

/// Each piece is seen here before the upstream says the next one; the visitor's key works on the way.
async fn streams_event_by_event(app: &TestApp) {
    let ann = app.visitor().await;
    let conversation = chat::conversation(app, &ann).await;
    for after_bytes in [500, 700, 900, 1100] {
        app.emulator.fault(Rule::once(Fault::Stall { after_bytes, millis: None }, "*/stream"));
    }
    let mut reply = chat::say(app, &ann, &conversation, "Xin chào").await;
    for _ in 0..4 {
        reply.until("delta").await;
        app.emulator.release();
    }
    assert_eq!(reply.rest().await.last().unwrap().kind, "complete");
}

/// Comments come through, and keep the connection alive for longer than the reverse proxy waits.
async fn lets_a_silent_feed_live(app: &TestApp) {
    let ann = app.visitor().await;
    let conversation = chat::conversation(app, &ann).await;
    let path = format!("/api/v1/conversations/{conversation}/events");
    let mut feed = ann.request(app, &Method::GET, &path).send().await.unwrap();
    let mut heard = String::new();
    while heard.matches(": alive").count() < 4 {
        heard.push_str(std::str::from_utf8(&feed.chunk().await.unwrap().expect("the feed is open")).unwrap());
    }
    assert!(heard.starts_with("retry:"), "{heard}");
}

/// What is too large for us is refused in our words, each time; what is far too large does not get here.
async fn limits_bodies(app: &TestApp, kind: Kind) {
    let ann = app.visitor().await;
    let conversation = chat::conversation(app, &ann).await;
    let path = format!("/api/v1/conversations/{conversation}/messages");
    for characters in [100_000, 900_000, 100_000, 900_000] {
        let large = ann.send(app, &Method::POST, &path, &json!({"content": "x".repeat(characters)})).await;
        assert_eq!((large.status(), header(&large, "content-type")), (StatusCode::PAYLOAD_TOO_LARGE, "application/problem+json"));
        assert_eq!(text(&body(large).await, "error"), "PAYLOAD_TOO_LARGE");
    }
    let far_too_large = ann.request(app, &Method::POST, &path).json(&json!({"content": "x".repeat(3_000_000)})).send().await;
    match far_too_large.map(|refused| refused.status().as_u16()) {
        Ok(413) => {}
        // Caddy 2.6 says 502 of a body that it would not read to its end, or closes while it is being sent.
        Ok(502) | Err(_) if kind.file.starts_with("caddy") => {}
        other => panic!("{}: {other:?}", kind.file),
    }
    assert_eq!(chat::history(app, &ann, &conversation).await.len(), 0);
}

/// Five token requests a minute for each address, whatever a caller says of itself.
async fn counts_callers_by_their_own_address(front: &mut Front) {
    for last in [20, 21] {
        front.calls_from(last);
        for number in 0..7 {
            let request = front.app.token_request(&[("grant_type", "x")]).header("x-forwarded-for", format!("203.0.113.{number}"));
            let status = request.header("forwarded", "for=203.0.113.9").send().await.unwrap().status();
            assert_eq!(status, if number < 5 { 400 } else { 429 }, "request {number} from 127.0.0.{last}");
        }
    }
}

#[tokio::test]
async fn nginx_on_a_host_of_its_own() {
    if is_installed("nginx", "-v") {
        works(NGINX).await;
    }
}

#[tokio::test]
async fn nginx_under_a_path() {
    if is_installed("nginx", "-v") {
        works(NGINX_PATH).await;
    }
}

#[tokio::test]
async fn caddy_on_a_host_of_its_own() {
    if is_installed("caddy", "version") {
        works(CADDY).await;
    }
}

#[tokio::test]
async fn caddy_under_a_path() {
    if is_installed("caddy", "version") {
        works(CADDY_PATH).await;
    }
}

#[test]
fn reverse_proxies_wait_longer_than_heartbeats_need() {
    for name in [NGINX.file, NGINX_PATH.file] {
        let file = deploy(name);
        let (_, rest) = file.split_once("proxy_read_timeout ").unwrap();
        assert!(rest.split_once("s;").unwrap().0.parse::<u32>().unwrap() >= 4 * 15, "{name}");
    }
}

#[test]
fn the_document_shows_the_files_as_they_are() {
    let document = std::fs::read_to_string(root().join("docs/deploying.md")).unwrap();
    let mut files = 0;
    for folder in std::fs::read_dir(root().join("deploy")).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            let shown = format!("```\n{}```", std::fs::read_to_string(&path).unwrap());
            let shown = shown.split_once('\n').unwrap().1;
            assert!(document.contains(&format!("`{name}`")) && document.contains(shown), "docs/deploying.md shows {name} as it is");
            files += 1;
        }
    }
    assert!(files >= 9);
}

#[test]
fn the_container_is_built_with_every_member_of_the_workspace() {
    let ignored = deploy("docker/Dockerfile.dockerignore");
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let members = manifest.split_once("\nmembers = [").unwrap().1.split_once(']').unwrap().0;
    // Cargo reads all of their manifests, whichever it builds.
    for member in members.split('"').skip(1).step_by(2).filter(|member| *member != ".") {
        let folder = member.split('/').next().unwrap();
        assert!(ignored.lines().any(|line| line == format!("!{folder}")), "{member} is kept from the build");
    }
    for file in ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "src"] {
        assert!(ignored.lines().any(|line| line == format!("!{file}")), "{file} is kept from the build");
    }
}

#[test]
fn the_settings_shown_can_be_used_and_the_unit_gives_replies_their_time() {
    for name in ["systemd/twinchat.toml", "docker/twinchat.toml"] {
        let file = deploy(name);
        let text =
            file.lines().map(|line| if line.starts_with("key_file") { "key_env = \"KEY\"\n".to_owned() } else { format!("{line}\n") });
        let config = Config::read(Path::new("/etc/twinchat/twinchat.toml"), &text.collect::<String>(), &|_| Some("tk".to_owned())).unwrap();
        let unit = deploy("systemd/twinchat-proxy.service");
        let (_, rest) = unit.split_once("TimeoutStopSec=").unwrap();
        let most: u32 = rest.lines().next().unwrap().parse().unwrap();
        assert!(most > config.server.shutdown_seconds + 5 && most > 30);
    }
}

#[test]
fn systemd_understands_the_units() {
    if !is_installed("systemd-analyze", "--version") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["twinchat-proxy.service", "twinchat-backup.service", "twinchat-backup.timer"] {
        // The program need not be installed here.
        let unit = deploy(&format!("systemd/{name}")).replace("/usr/local/bin/twinchat-proxy", "/bin/true");
        std::fs::write(folder.path().join(name), unit).unwrap();
    }
    for name in ["twinchat-proxy.service", "twinchat-backup.timer"] {
        let output = Command::new("systemd-analyze").arg("verify").arg(folder.path().join(name)).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        // What it says of other units of this machine is not ours.
        let ours: Vec<&str> = said.lines().filter(|line| line.contains("twinchat") && !line.contains("is not executable")).collect();
        assert!(ours.is_empty(), "{said}");
    }
}
