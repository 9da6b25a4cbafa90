//! A server to test, and visitors to test it with.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use twinchat_emulator::{Emulator, Options, Quota, Quotas};
use twinchat_protocol::token::{DPOP_KEY_TYPE, GRANT_TYPE, NEW_VISITOR, VISITOR_SECRET_TYPE};
use twinchat_proxy::app::App;
use twinchat_proxy::clock::{Clock, LoadedDice, ManualClock};
use twinchat_proxy::config::Config;

/// The page that the widget is on, in these tests.
pub(crate) const SITE: &str = "https://www.example.com";
/// When these tests begin: 2025-10-09.
pub(crate) const START_MILLIS: i64 = 1_760_000_000_000;

/// A running server with an emulator behind it. Its clock stands still until it is moved.
pub(crate) struct TestApp {
    /// Where it is, without a slash at the end.
    pub(crate) url: String,
    /// The server's inside.
    pub(crate) app: App,
    /// Its clock.
    pub(crate) clock: Arc<ManualClock>,
    /// Its upstream.
    pub(crate) emulator: Emulator,
    /// Where its database is, and its assets if it has any.
    pub(crate) folder: TempDir,
    /// A client that follows no redirects.
    pub(crate) client: reqwest::Client,
    settings: String,
    kind: Kind,
    /// What the settings say of the upstream, besides what must be said.
    upstream: &'static str,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

/// How the settings name an emulator's upstream, its key and its twins; the secrets are in the environment.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// All sections, the first `[[upstream]]` without what comes at its end, which is handed in.
    pub(crate) sections: fn(&Emulator, &str) -> String,
    /// The environment's variables.
    pub(crate) environment: fn(&Emulator, &str) -> Option<String>,
}

/// The upstream of most tests.
pub(crate) const TWINEXPERT: Kind = Kind {
    sections: |emulator, more| {
        format!("[[upstream]]\nname = \"main\"\nkind = \"twinexpert\"\norigin = \"{}\"\nkey_env = \"KEY\"\n{more}", emulator.origin())
    },
    environment: secret,
};

/// KamiMind with the first two of its bots.
pub(crate) const KAMIMIND: Kind = Kind {
    sections: |emulator, more| {
        let upstream =
            format!("[[upstream]]\nname = \"bots\"\nkind = \"kamimind\"\norigin = \"{}\"\nkey_env = \"KEY\"\n{more}", emulator.origin());
        let bot = |(at, bot): (usize, &twinchat_emulator::Bot)| {
            format!("[[upstream.twin]]\nid = \"bot{at}\"\nname = \"{}\"\nbot_token_env = \"BOT_{at}\"\n", bot.name)
        };
        upstream + &emulator.kamimind_bots().iter().take(2).enumerate().map(bot).collect::<String>()
    },
    environment: |emulator, name| match name.strip_prefix("BOT_") {
        Some(at) => Some(emulator.kamimind_bots()[at.parse::<usize>().ok()?].token.clone()),
        None => Some(emulator.kamimind_token().to_owned()),
    },
};

/// Where and when a server starts.
struct Start {
    listener: TcpListener,
    clock: Arc<ManualClock>,
    /// How it is reached, if not by the listener's address.
    url: Option<String>,
    kind: Kind,
    upstream: &'static str,
}

impl TestApp {
    /// With the settings that most tests need.
    pub(crate) async fn start() -> Self {
        Self::with("").await
    }

    /// With more settings: TOML after the sections `[[upstream]]` and `[server]`, beginning in `[server]`.
    pub(crate) async fn with(settings: &str) -> Self {
        Self::in_folder(settings, tempfile::tempdir().unwrap()).await
    }

    /// With another kind of upstream, at an emulator with these options.
    pub(crate) async fn of_kind(kind: Kind, options: Options, settings: &str) -> Self {
        let emulator = Emulator::start(options).await.unwrap();
        let from = Start {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            clock: Arc::new(ManualClock::at_millis(START_MILLIS)),
            url: None,
            kind,
            upstream: "",
        };
        Self::assemble(settings, tempfile::tempdir().unwrap(), emulator, from).await
    }

    /// With an upstream that grants more than any test asks for.
    pub(crate) async fn with_a_large_budget(settings: &str) -> Self {
        let quotas = Quotas { full_access: Quota { per_hour: 1_000_000, burst: 1_000_000 }, ..Quotas::default() };
        let emulator = Emulator::start(Options { quotas, ..Options::default() }).await.unwrap();
        let from = Start {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            clock: Arc::new(ManualClock::at_millis(START_MILLIS)),
            url: None,
            kind: TWINEXPERT,
            upstream: "requests_per_hour = 1000000\nburst = 1000000\n",
        };
        Self::assemble(settings, tempfile::tempdir().unwrap(), emulator, from).await
    }

    /// With more upstreams beside the first, as TOML: `{origin}` is the emulator's, and its secrets are in the
    /// variables that [`secret`] knows.
    pub(crate) async fn with_upstreams(upstreams: &'static str, settings: &str) -> Self {
        let emulator = Emulator::start(Options::default()).await.unwrap();
        let from = Start {
            kind: TWINEXPERT,
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            clock: Arc::new(ManualClock::at_millis(START_MILLIS)),
            url: None,
            upstream: upstreams,
        };
        Self::assemble(settings, tempfile::tempdir().unwrap(), emulator, from).await
    }

    /// With what is in this folder already.
    pub(crate) async fn in_folder(settings: &str, folder: TempDir) -> Self {
        Self::listening(settings, folder, TcpListener::bind("127.0.0.1:0").await.unwrap()).await
    }

    /// At this listener.
    pub(crate) async fn listening(settings: &str, folder: TempDir, listener: TcpListener) -> Self {
        Self::reached_as(None, settings, folder, listener).await
    }

    /// At this listener, and reached by another address when there is a reverse proxy in front of it.
    pub(crate) async fn reached_as(url: Option<String>, settings: &str, folder: TempDir, listener: TcpListener) -> Self {
        let emulator = Emulator::start(Options::default()).await.unwrap();
        let from = Start { listener, clock: Arc::new(ManualClock::at_millis(START_MILLIS)), url, kind: TWINEXPERT, upstream: "" };
        Self::assemble(settings, folder, emulator, from).await
    }

    async fn assemble(settings: &str, folder: TempDir, emulator: Emulator, from: Start) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let Start { listener, clock, url, kind, upstream } = from;
        let address = listener.local_addr().unwrap();
        let url = url.unwrap_or_else(|| format!("http://{address}"));
        let origins = if settings.contains("allowed_origins") { String::new() } else { format!("allowed_origins = [\"{SITE}\"]\n") };
        let text = format!("{}[server]\npublic_urls = [\"{url}\"]\n{origins}{settings}", (kind.sections)(&emulator, upstream))
            .replace("{origin}", &emulator.origin());
        let environment = |name: &str| (kind.environment)(&emulator, name);
        let config = Config::read(&folder.path().join("twinchat.toml"), &text, &environment).unwrap();
        let app = App::build(config, clock.clone(), Arc::new(LoadedDice::seeded(COUNTER.fetch_add(1, Ordering::Relaxed)))).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(twinchat_proxy::serve(listener, app.clone(), twinchat_proxy::Workers::here(), async {
            let _ = stopped.await;
        }));
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Self { url, app, clock, emulator, folder, client, settings: settings.to_owned(), kind, upstream, stop, running }
    }

    /// Ends the server as SIGTERM would, and waits for its end.
    pub(crate) async fn stop(self) -> (TempDir, Emulator) {
        let _ = self.stop.send(());
        self.running.await.unwrap();
        (self.folder, self.emulator)
    }

    /// Ends the server and starts another with the same address, database, clock and upstream.
    pub(crate) async fn restart(self) -> Self {
        self.restart_after(|| ()).await
    }

    /// The same; something is done while no server runs.
    pub(crate) async fn restart_after(self, between: impl FnOnce()) -> Self {
        let (settings, clock, address) = (self.settings.clone(), self.clock.clone(), self.url.replace("http://", ""));
        let (kind, upstream) = (self.kind, self.upstream);
        let (folder, emulator) = self.stop().await;
        between();
        let listener = TcpListener::bind(address).await.unwrap();
        Self::assemble(&settings, folder, emulator, Start { listener, clock, url: None, kind, upstream }).await
    }

    /// Seconds since 1970, by the server's clock.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now_seconds()
    }

    /// A request, as a program would send it.
    pub(crate) fn request(&self, method: &Method, path: &str) -> RequestBuilder {
        self.client.request(method.clone(), format!("{}{path}", self.url))
    }

    /// A plain `GET`.
    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(&Method::GET, path).send().await.unwrap()
    }

    /// A token request as the widget sends it, without a proof.
    pub(crate) fn token_request(&self, form: &[(&str, &str)]) -> RequestBuilder {
        with_form(self.request(&Method::POST, "/oauth/token").header("x-twinchat", "1").header("origin", SITE), form)
    }

    /// A new visitor who holds a key.
    pub(crate) async fn visitor(&self) -> Visitor {
        let mut visitor = Visitor::new(Key::new());
        visitor.renew(self).await;
        visitor
    }

    /// A new visitor who cannot keep a key.
    pub(crate) async fn bearer_visitor(&self) -> Visitor {
        let form = [("grant_type", GRANT_TYPE), ("subject_token_type", VISITOR_SECRET_TYPE), ("subject_token", NEW_VISITOR)];
        let answer = body(self.token_request(&form).send().await.unwrap()).await;
        Visitor { key: None, token: text(&answer, "access_token"), id: text(&answer, "visitor_id"), answer }
    }
}

/// The emulator's secrets, by the variables that settings name.
fn secret(emulator: &Emulator, variable: &str) -> Option<String> {
    let secret = match variable {
        "OPENAI_KEY" => emulator.openai_key(),
        "KAMIMIND_TOKEN" => emulator.kamimind_token(),
        _ => emulator.key(),
    };
    Some(secret.to_owned())
}

/// A P-256 key, as a browser would keep one.
#[derive(Debug, Clone)]
pub(crate) struct Key(SigningKey);

static COUNTER: AtomicU64 = AtomicU64::new(1);

impl Key {
    /// Another one each time.
    pub(crate) fn new() -> Self {
        let seed = Sha256::digest(COUNTER.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        Self(SigningKey::from_slice(&seed).unwrap())
    }

    /// Its public half (RFC 7517).
    pub(crate) fn jwk(&self) -> Value {
        let point = self.0.verifying_key().to_sec1_point(false);
        json!({"kty": "EC", "crv": "P-256", "x": encode(point.x().unwrap()), "y": encode(point.y().unwrap())})
    }

    /// Its thumbprint (RFC 7638).
    pub(crate) fn thumbprint(&self) -> String {
        let jwk = self.jwk();
        let members = format!(r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#, jwk["x"], jwk["y"]);
        encode(Sha256::digest(members))
    }

    /// A signed JWT with this header and these claims.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_texts(&header.to_string(), &claims.to_string())
    }

    /// The same for texts that need not be JSON.
    pub(crate) fn sign_texts(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", encode(header), encode(claims));
        format!("{signed}.{}", encode(self.signature(&signed).to_bytes()))
    }

    /// The signature over a text.
    pub(crate) fn signature(&self, text: &str) -> Signature {
        self.0.sign(text.as_bytes())
    }
}

/// A proof of possession (RFC 9449), to be spoilt by a test before it is signed.
#[derive(Debug, Clone)]
pub(crate) struct Proof {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    pub(crate) key: Key,
}

impl Proof {
    /// A good one for this request.
    pub(crate) fn new(app: &TestApp, key: &Key, method: &Method, path: &str) -> Self {
        let path = path.split(['?', '#']).next().unwrap();
        Self {
            header: json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": key.jwk()}),
            claims: json!({
                "jti": format!("proof-{}", COUNTER.fetch_add(1, Ordering::Relaxed)),
                "htm": method.as_str(),
                "htu": format!("{}{path}", app.url),
                "iat": app.now(),
                "nonce": app.app.tokens().nonce(),
            }),
            key: key.clone(),
        }
    }

    /// For a call with this access token.
    pub(crate) fn with_token(mut self, token: &str) -> Self {
        self.claims["ath"] = json!(encode(Sha256::digest(token)));
        self
    }

    /// The text for the header.
    pub(crate) fn signed(&self) -> String {
        self.key.sign(&self.header, &self.claims)
    }
}

/// Somebody with a token.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    /// The key, unless it is a visitor without one.
    pub(crate) key: Option<Key>,
    /// The access token.
    pub(crate) token: String,
    /// `visitor_id`.
    pub(crate) id: String,
    /// The whole answer to the token request.
    pub(crate) answer: Value,
}

impl Visitor {
    /// Somebody with a key and no token yet.
    pub(crate) fn new(key: Key) -> Self {
        Self { key: Some(key), token: String::new(), id: String::new(), answer: Value::Null }
    }

    /// Gets a new token for the key.
    pub(crate) async fn renew(&mut self, app: &TestApp) {
        let key = self.key.as_ref().unwrap();
        let thumbprint = key.thumbprint();
        let form = [("grant_type", GRANT_TYPE), ("subject_token_type", DPOP_KEY_TYPE), ("subject_token", thumbprint.as_str())];
        let proof = Proof::new(app, key, &Method::POST, "/oauth/token").signed();
        let answer = app.token_request(&form).header("dpop", proof).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{answer:?}");
        self.answer = body(answer).await;
        (self.token, self.id) = (text(&self.answer, "access_token"), text(&self.answer, "visitor_id"));
    }

    /// A request in this visitor's name, as the widget sends it.
    pub(crate) fn request(&self, app: &TestApp, method: &Method, path: &str) -> RequestBuilder {
        let request = app.request(method, path).header("origin", SITE);
        match &self.key {
            Some(key) => {
                let proof = Proof::new(app, key, method, path).with_token(&self.token);
                request.header("authorization", format!("DPoP {}", self.token)).header("dpop", proof.signed())
            }
            None => request.bearer_auth(&self.token),
        }
    }

    /// `GET`, which has to succeed, and the whole body.
    pub(crate) async fn get(&self, app: &TestApp, path: &str) -> Value {
        let answer = self.request(app, &Method::GET, path).send().await.unwrap();
        let (status, body) = (answer.status(), body(answer).await);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// A request with a JSON body.
    pub(crate) async fn send(&self, app: &TestApp, method: &Method, path: &str, body: &Value) -> Response {
        self.request(app, method, path).json(body).send().await.unwrap()
    }
}

/// The JSON of an answer.
pub(crate) async fn body(answer: Response) -> Value {
    let bytes = answer.bytes().await.unwrap();
    serde_json::from_slice(&bytes).unwrap_or_else(|_| panic!("not JSON: {:?}", String::from_utf8_lossy(&bytes)))
}

/// A member that has to be a text.
pub(crate) fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("no {member} in {value}")).to_owned()
}

/// A header of an answer; empty when it is absent.
pub(crate) fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// Writes a file, with the folders it is in.
pub(crate) fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Puts a form into a request.
pub(crate) fn with_form(request: RequestBuilder, form: &[(&str, &str)]) -> RequestBuilder {
    let encoded = reqwest::Url::parse_with_params("http://form", form).unwrap().query().unwrap_or("").to_owned();
    request.header("content-type", "application/x-www-form-urlencoded").body(encoded)
}
