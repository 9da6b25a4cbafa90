//! What stands between reader and service: nothing, nginx, a bare pipe, the proxy. Each is started anew.

use crate::reader::{json, send};
use crate::{Outcome, process};
use bytes::Bytes;
use clap::ValueEnum;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN};
use hyper::{Method, Request};
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);
/// A page that the proxy answers.
const PAGE: &str = "http://127.0.0.1:1";
/// The file with what a relay complains of.
const LOG: &str = "log";
/// Where Linux keeps files in memory.
const MEMORY: &str = "/dev/shm";
/// Visitors that are prepared at once.
const AT_ONCE: usize = 32;

/// What may stand there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Kind {
    /// Nothing: what service and readers cost by themselves.
    Direct,
    /// nginx, which adds the key and buffers nothing.
    Nginx,
    /// A relay of bytes in Rust, without visitors, transcripts or resuming.
    Pipe,
    /// The proxy as it is shipped: visitors, budget, a log to resume from, transcripts in SQLite.
    Proxy,
    /// The same program with its database in memory (`/dev/shm`): what is left without a disk.
    Memory,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct => "direct",
            Self::Nginx => "nginx",
            Self::Pipe => "pipe",
            Self::Proxy => "twinchat-proxy",
            Self::Memory => "same in memory",
        })
    }
}

/// Where they are.
#[derive(Debug)]
pub(crate) struct Programs {
    nginx: Option<PathBuf>,
    proxy: PathBuf,
}

impl Programs {
    pub(crate) fn find(proxy: &Path) -> Outcome<Self> {
        process::can_tell()?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
        let nginx = folders.map(|folder| folder.join("nginx")).find(|file| file.is_file());
        if nginx.is_none() {
            eprintln!("nginx is not there and is left out: `apt-get install nginx-light`.");
        }
        Ok(Self { nginx, proxy: proxy.to_owned() })
    }

    /// Those that can be started.
    pub(crate) fn present(&self) -> Vec<Kind> {
        let there = |kind: &Kind| match kind {
            Kind::Nginx => self.nginx.is_some(),
            Kind::Memory => Path::new(MEMORY).is_dir(),
            _ => true,
        };
        [Kind::Direct, Kind::Nginx, Kind::Pipe, Kind::Memory, Kind::Proxy].into_iter().filter(there).collect()
    }
}

/// One reader's way in.
#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    /// Whom to ask.
    pub(crate) address: SocketAddr,
    path: String,
    token: String,
    body: &'static str,
}

impl Ticket {
    /// The request that opens a stream.
    pub(crate) fn request(&self) -> Request<Full<Bytes>> {
        let body = Full::new(Bytes::from_static(self.body.as_bytes()));
        self.with(Request::builder().method(Method::POST).uri(&self.path)).body(body).expect("its parts are good")
    }

    fn with(&self, request: hyper::http::request::Builder) -> hyper::http::request::Builder {
        let request = request.header(HOST, self.address.to_string()).header(CONTENT_TYPE, "application/json");
        if self.token.is_empty() { request } else { request.header(AUTHORIZATION, format!("Bearer {}", self.token)).header(ORIGIN, PAGE) }
    }
}

/// A relay that runs; it ends with this.
#[derive(Debug)]
pub(crate) struct Relay {
    kind: Kind,
    address: SocketAddr,
    child: Option<Child>,
    /// Settings, database, and what it complains of.
    folder: TempDir,
}

impl Drop for Relay {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let family = process::family(child.id());
            // First the one that would start others in place of those that end.
            let _ = child.kill();
            let _ = child.wait();
            for pid in family.into_iter().skip(1) {
                let _ = Command::new("kill").arg(pid.to_string()).status();
            }
        }
    }
}

impl Relay {
    pub(crate) async fn start(kind: Kind, programs: &Programs, service: SocketAddr) -> Outcome<Self> {
        let folder = if kind == Kind::Memory { tempfile::tempdir_in(MEMORY) } else { tempfile::tempdir() };
        let folder = folder.map_err(|error| format!("no folder for settings: {error}"))?;
        let free = free_port()?;
        let (address, child) = match kind {
            Kind::Direct => (service, None),
            Kind::Nginx => {
                let conf = write(&folder, "nginx.conf", &nginx_settings(&folder, free, service))?;
                let program = programs.nginx.as_deref().unwrap_or_else(|| "nginx".as_ref());
                (free, Some(spawn(&folder, Command::new(program).arg("-p").arg(folder.path()).arg("-c").arg(conf))?))
            }
            Kind::Pipe => {
                let ourselves = std::env::current_exe().map_err(|error| error.to_string())?;
                let mut child = spawn(&folder, Command::new(ourselves).args(["--pipe-to", &service.to_string()]).stdout(Stdio::piped()))?;
                let mut line = String::new();
                if let Some(out) = child.stdout.take() {
                    let _ = BufReader::new(out).read_line(&mut line);
                }
                (line.trim().parse().map_err(|_| "the pipe did not say where it listens".to_owned())?, Some(child))
            }
            Kind::Proxy | Kind::Memory => {
                let settings = write(&folder, "twinchat.toml", &proxy_settings(free, service))?;
                let mut command = Command::new(&programs.proxy);
                (free, Some(spawn(&folder, command.args(["serve", "--config"]).arg(settings).env("BENCH_KEY", "sk-bench"))?))
            }
        };
        let relay = Self { kind, address, child, folder };
        relay.is_there().await?;
        Ok(relay)
    }

    /// Its processes; none for nothing.
    pub(crate) fn family(&self) -> Vec<u32> {
        self.child.as_ref().map(|child| process::family(child.id())).unwrap_or_default()
    }

    /// Ways in for so many readers; for the proxy, visitors with a conversation each.
    pub(crate) async fn tickets(&self, count: usize) -> Outcome<Vec<Ticket>> {
        stream::iter(0..count).map(|_| self.ticket()).buffer_unordered(AT_ONCE).try_collect().await
    }

    async fn ticket(&self) -> Outcome<Ticket> {
        let question = r#"{"model":"bench","stream":true,"messages":[{"role":"user","content":"Go on."}]}"#;
        let plain = Ticket { address: self.address, path: "/v1/chat/completions".to_owned(), token: String::new(), body: question };
        if !matches!(self.kind, Kind::Proxy | Kind::Memory) {
            return Ok(plain);
        }
        let form = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token=new\
            &subject_token_type=urn%3Atwinchat%3Aparams%3Aoauth%3Atoken-type%3Avisitor-secret";
        let exchange = Request::post("/oauth/token")
            .header(HOST, self.address.to_string())
            .header(ORIGIN, PAGE)
            .header("x-twinchat", "1")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(form))
            .expect("its parts are good");
        let token = text(&json(send(self.address, exchange).await?).await?["access_token"])?;
        let visitor = Ticket { token, ..plain };
        let get = visitor.with(Request::get("/api/v1/twins")).body(Full::default()).expect("its parts are good");
        let twin = text(&json(send(self.address, get).await?).await?["data"][0]["id"])?;
        let wish = serde_json::json!({ "twinId": twin }).to_string();
        let post = visitor.with(Request::post("/api/v1/conversations")).body(Full::from(wish)).expect("its parts are good");
        let conversation = text(&json(send(self.address, post).await?).await?["data"]["id"])?;
        let path = format!("/api/v1/conversations/{conversation}/messages/stream");
        Ok(Ticket { path, body: r#"{"content":"Go on."}"#, ..visitor })
    }

    /// Waits until somebody listens.
    async fn is_there(&self) -> Outcome {
        let began = Instant::now();
        while tokio::net::TcpStream::connect(self.address).await.is_err() {
            if began.elapsed() > PATIENCE {
                let said = std::fs::read_to_string(self.folder.path().join(LOG)).unwrap_or_default();
                return Err(format!("{} does not listen after {} s. It says:\n{said}", self.kind, PATIENCE.as_secs()));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

fn text(value: &serde_json::Value) -> Outcome<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| "the proxy's answer lacks what it is documented to have".to_owned())
}

fn free_port() -> Outcome<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| format!("no free port: {error}"))?;
    listener.local_addr().map_err(|error| error.to_string())
}

fn write(folder: &TempDir, name: &str, text: &str) -> Outcome<PathBuf> {
    let path = folder.path().join(name);
    std::fs::write(&path, text).map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    Ok(path)
}

/// Starts it; what it complains of goes into a file.
fn spawn(folder: &TempDir, command: &mut Command) -> Outcome<Child> {
    let name = command.get_program().to_string_lossy().into_owned();
    let log = File::create(folder.path().join(LOG)).map_err(|error| format!("no file for what {name} says: {error}"))?;
    command.stdin(Stdio::null()).stderr(log).spawn().map_err(|error| format!("{name} does not start: {error}"))
}

/// As a careful owner would write them: nothing is buffered, connections to the service are kept.
fn nginx_settings(folder: &TempDir, listen: SocketAddr, service: SocketAddr) -> String {
    let folder = folder.path().display();
    format!(
        "daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/error.log;\n\
         events {{ worker_connections 10000; }}\n\
         http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;\n\
         uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; upstream service {{ server {service}; keepalive 64; }}\n\
         server {{ listen {listen} backlog=4096; location / {{ proxy_pass http://service; proxy_http_version 1.1;\n\
         proxy_set_header Connection \"\"; proxy_set_header Authorization \"Bearer sk-bench\"; proxy_buffering off; proxy_read_timeout 300s; }} }} }}\n"
    )
}

/// The defaults, but for limits that only a bench would reach.
fn proxy_settings(listen: SocketAddr, service: SocketAddr) -> String {
    format!(
        "[[upstream]]\nname = \"bench\"\nkind = \"openai\"\norigin = \"http://{service}\"\nkey_env = \"BENCH_KEY\"\n\
         requests_per_hour = 1000000\nburst = 1000000\n\
         [[upstream.twin]]\nid = \"bench\"\nname = \"Bench\"\nmodel = \"bench\"\n\
         [server]\nlisten = \"{listen}\"\nallowed_origins = [\"{PAGE}\"]\n\
         [limits]\nvisitor_requests_per_minute = 1000000\nvisitor_messages_per_minute = 1000000\n\
         token_requests_per_minute = 1000000\naddress_requests_per_minute = 1000000\nconnections_per_address = 100000\n"
    )
}
