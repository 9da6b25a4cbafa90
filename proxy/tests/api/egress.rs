//! What the server asks of others: of whom, at which paths, with which headers, and nothing else.

use crate::helpers::{SITE, text};
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tower::ServiceExt;
use twinchat_proxy::app::App;
use twinchat_proxy::clock::{LoadedDice, ManualClock};
use twinchat_proxy::config::Config;

const KEY: &str = "tk_canary_7d1f";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

/// What was asked: host, method, path with query, names of headers, and all of it as text.
#[derive(Debug, Clone)]
struct Asked {
    host: String,
    line: String,
    headers: BTreeSet<String>,
    all: String,
}

/// A server that writes down what it is asked, and answers as it is told.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Asked>>>);

impl Recorder {
    async fn start(answer: impl Fn(&str, &str) -> Response + Clone + Send + Sync + 'static) -> (Self, String) {
        let recorder = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let log = recorder.clone();
        let router = Router::new().fallback(move |request: Request<Body>| async move {
            let (method, target) = (request.method().to_string(), request.uri().to_string());
            let headers = request.headers();
            let asked = Asked {
                host: headers["host"].to_str().unwrap().to_owned(),
                line: format!("{method} {target}"),
                headers: headers.keys().map(ToString::to_string).collect(),
                all: format!("{target} {:?}", headers.iter().map(|(name, value)| (name.clone(), value.as_bytes())).collect::<Vec<_>>())
                    + &headers.values().filter_map(|value| value.to_str().ok()).collect::<String>(),
            };
            log.0.lock().unwrap().push(asked);
            answer(&method, &target)
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        (recorder, origin)
    }

    fn asked(&self) -> Vec<Asked> {
        self.0.lock().unwrap().clone()
    }
}

/// A server in front of that upstream, asked without a network.
struct Proxy {
    router: Router,
    token: String,
    _folder: TempDir,
}

impl Proxy {
    async fn before(origin: &str, more: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let settings = format!(
            "[[upstream]]\nname = \"main\"\nkind = \"twinexpert\"\norigin = \"{origin}\"\nkey_env = \"KEY\"\n{more}\n\
             [server]\npublic_urls = [\"http://proxy.example\"]\nallowed_origins = [\"{SITE}\"]\n"
        );
        let config = Config::read(&folder.path().join("twinchat.toml"), &settings, &|_| Some(KEY.to_owned())).unwrap();
        let clock = Arc::new(ManualClock::at_millis(crate::helpers::START_MILLIS));
        let app = App::build(config, clock, Arc::new(LoadedDice::seeded(7))).await.unwrap();
        let mut proxy = Self { router: twinchat_proxy::http::router(app), token: String::new(), _folder: folder };
        let form = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=new\
                    &subject_token_type=urn:twinchat:params:oauth:token-type:visitor-secret";
        let request = Request::post("/oauth/token").header("x-twinchat", "1").header("origin", SITE);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(Body::from(form)).unwrap();
        let answer = proxy.router.clone().oneshot(request).await.unwrap();
        let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        proxy.token = text(&serde_json::from_slice(&bytes).unwrap(), "access_token");
        proxy
    }

    async fn call(&self, method: &Method, path: &str, json: Option<Value>) -> (u16, Vec<u8>) {
        let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {}", self.token));
        // What a visitor may write into a request, and the upstream is not to see.
        let request =
            request.header("cookie", "visitor=1").header("x-forwarded-for", "192.0.2.1").header("x-forwarded-host", "evil.example");
        let request = request.header("x-api-key", "visitors").header("x-evil", "1").header("referer", "https://visitor.example/secret");
        let request = request.header("user-agent", "the visitor's browser").header("host", "evil.example").header("te", "trailers");
        let request = request.header("content-type", "application/json").header("origin", SITE);
        let body = json.map_or(Body::empty(), |json| Body::from(json.to_string()));
        let answer = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        (status, axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap().to_vec())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, bytes) = self.call(&Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&bytes));
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Begins a conversation with the first twin and says something in it; the status of the last answer.
    async fn talk(&self) -> (u16, String) {
        let twins = self.get("/api/v1/twins").await;
        let new = json!({"twinId": twins["data"][0]["id"]});
        let (status, bytes) = self.call(&Method::POST, "/api/v1/conversations", Some(new)).await;
        assert_eq!(status, 201);
        let chat: Value = serde_json::from_slice(&bytes).unwrap();
        let path = format!("/api/v1/conversations/{}/messages", text(&chat["data"], "id"));
        let (status, bytes) = self.call(&Method::POST, &path, Some(json!({"content": "Xin chào"}))).await;
        (status, String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn twins(id: &str, picture: &str) -> Response {
    Json(json!({"success": true, "data": [{"id": id, "name": "Lan", "avatar": picture}]})).into_response()
}

fn reply() -> Response {
    Json(json!({"success": true, "data": {"id": "m1", "role": "assistant", "content": "Chào bạn"}})).into_response()
}

/// Ids that mean something else to a careless maker of addresses.
const HOSTILE: &[&str] = &[
    "..",
    ".",
    "%2e%2e",
    "../../admin",
    "..%2f..%2fadmin",
    "//evil.example/",
    "@evil.example",
    "a/b",
    "a\\b",
    "a?b=c",
    "a#b",
    "a b",
    "a\r\nHost: evil.example",
    "a\u{0}b",
    "\u{2025}",
    "\u{ff0e}\u{ff0e}",
    "http://evil.example/",
    ":80@evil.example",
    "%00",
    "%",
    "ü",
    "a;b=c",
    "*",
];

#[tokio::test]
async fn whatever_an_id_is_it_stays_one_segment_of_the_documented_paths_on_the_configured_host() {
    for id in HOSTILE {
        let (upstream, origin) = Recorder::start(move |method, path| match (method, path) {
            ("GET", _) => twins(id, "/a.png"),
            ("POST", "/api/v1/conversations") => Json(json!({"success": true, "data": {"id": id}})).into_response(),
            ("POST", _) if path.ends_with("/messages") => reply(),
            _ => axum::http::StatusCode::NOT_FOUND.into_response(),
        })
        .await;
        let proxy = Proxy::before(&origin, "").await;
        proxy.talk().await;
        for asked in upstream.asked() {
            assert_eq!(format!("http://{}", asked.host), origin, "{id:?}");
            let segments: Vec<&str> = asked.line.split(['?', '#']).next().unwrap().split('/').skip(1).collect();
            let fits = match segments.as_slice() {
                ["api", "v1", "twins" | "conversations"] => true,
                ["api", "v1", "twins", one]
                | ["api", "v1", "conversations", one, "messages"]
                | ["api", "v1", "conversations", one, "messages", "stream"] => !one.is_empty() && !matches!(*one, "." | ".."),
                _ => false,
            };
            assert!(fits, "{id:?}: {}", asked.line);
        }
    }
}

#[tokio::test]
async fn nothing_a_visitor_sends_along_reaches_the_upstream_but_the_words() {
    let (upstream, origin) = Recorder::start(|method, path| match (method, path) {
        ("GET", _) => twins("t1", "/a.png"),
        ("POST", "/api/v1/conversations") => Json(json!({"success": true, "data": {"id": "c1"}})).into_response(),
        _ => reply(),
    })
    .await;
    let proxy = Proxy::before(&origin, "").await;
    let (status, said) = proxy.talk().await;
    assert_eq!(status, 200, "{said}");
    let allowed = ["accept", "accept-encoding", "authorization", "content-length", "content-type", "host", "user-agent"];
    let asked = upstream.asked();
    assert!(asked.len() >= 3);
    for asked in asked {
        let others: Vec<_> = asked.headers.iter().filter(|name| !allowed.contains(&name.as_str())).collect();
        assert!(others.is_empty(), "{}: {others:?}", asked.line);
        for own in ["visitor", "evil", "192.0.2.1", proxy.token.as_str()] {
            assert!(!asked.all.contains(own), "{}: {own}", asked.line);
        }
    }
}

#[tokio::test]
async fn no_redirect_is_followed_so_that_the_key_goes_nowhere_else() {
    let (stranger, elsewhere) = Recorder::start(|_, _| Response::new(Body::from(PNG))).await;
    for (at, status) in [("/api/v1/twins", 302), ("/api/v1/conversations", 307), ("/messages", 308), ("/a.png", 301)] {
        let to = elsewhere.clone();
        let (upstream, origin) = Recorder::start(move |method, path| {
            if path.split('?').next().unwrap().ends_with(at) || (at == "/messages" && path.contains("/messages")) {
                let location = [("location", format!("{to}/stolen"))];
                return (axum::http::StatusCode::from_u16(status).unwrap(), location).into_response();
            }
            match (method, path) {
                ("GET", _) => twins("t1", "/a.png"),
                ("POST", "/api/v1/conversations") => Json(json!({"success": true, "data": {"id": "c1"}})).into_response(),
                _ => reply(),
            }
        })
        .await;
        let proxy = Proxy::before(&origin, "").await;
        let failed = match at {
            "/api/v1/twins" => proxy.call(&Method::GET, "/api/v1/twins", None).await.0,
            "/a.png" => {
                let avatar = text(&proxy.get("/api/v1/twins").await["data"][0], "avatarUrl");
                proxy.call(&Method::GET, &avatar, None).await.0
            }
            _ => proxy.talk().await.0,
        };
        assert_eq!(failed, 502, "{at}");
        assert!(!upstream.asked().is_empty());
        assert_eq!(stranger.asked().len(), 0, "{at}");
    }
}

#[tokio::test]
async fn pictures_are_fetched_without_the_key_and_only_from_where_the_owner_says() {
    let (cdn, elsewhere) = Recorder::start(|_, _| Response::new(Body::from(PNG))).await;
    let picture = format!("{elsewhere}/lan.png");
    let (upstream, origin) = Recorder::start(move |_, _| twins("t1", &picture)).await;
    let closed = Proxy::before(&origin, "").await;
    let listed = closed.get("/api/v1/twins").await["data"][0].clone();
    assert_eq!(listed["avatarUrl"], Value::Null, "what would not be fetched is not promised");
    assert_eq!(closed.call(&Method::GET, &format!("/avatars/{}", text(&listed, "id")), None).await.0, 404);
    assert_eq!(cdn.asked().len(), 0);
    let open = Proxy::before(&origin, &format!("picture_origins = [\"{elsewhere}\"]")).await;
    let avatar = text(&open.get("/api/v1/twins").await["data"][0], "avatarUrl");
    let (status, bytes) = open.call(&Method::GET, &avatar, None).await;
    assert_eq!((status, bytes.as_slice()), (200, PNG));
    let asked = cdn.asked();
    assert_eq!((asked.len(), asked[0].line.as_str()), (1, "GET /lan.png"));
    assert!(!asked[0].all.contains(KEY) && !asked[0].headers.contains("authorization") && !asked[0].headers.contains("cookie"));
    assert!(upstream.asked().iter().all(|asked| asked.all.contains(KEY)));
    for hostile in
        ["http://user@127.0.0.1:1/a.png", "file:///etc/passwd", "data:image/png;base64,AA", "//169.254.169.254/latest", "ftp://x/a.png"]
    {
        let (_, origin) = Recorder::start(move |_, _| twins("t1", hostile)).await;
        let listed = Proxy::before(&origin, "").await.get("/api/v1/twins").await;
        assert_eq!(listed["data"][0]["avatarUrl"], Value::Null, "{hostile}");
    }
}
