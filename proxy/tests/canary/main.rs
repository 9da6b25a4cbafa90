//! Secrets are looked for in everything the server produces: answers, logs at TRACE of every crate,
//! metrics, errors, `Debug`, files. First in this process, then in the program as an owner runs it.

mod forms;
#[cfg(unix)]
mod program;
mod upstream;
mod visit;

use forms::{Secret, assert_absent};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use twinchat_proxy::app::App;
use twinchat_proxy::clock::{LoadedDice, ManualClock};
use twinchat_proxy::config::Config;
use twinchat_proxy::metrics::Exposition;
use upstream::{ALL, ID, Upstream};
use visit::{Visit, WORDS};

/// The owner's key in these tests. Looks like nothing else.
pub(crate) const KEY: &str = "txp_live_CanaryKey+f00dBabe/0123456789Zq";
pub(crate) const SITE: &str = "https://www.example.com";

/// Everything that was logged.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What crates log through the older facade, reqwest among them.
impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {} {}\n", record.level(), record.target(), record.args());
        self.0.lock().unwrap().extend(line.into_bytes());
    }

    fn flush(&self) {}
}

impl Log {
    fn begin() -> Self {
        let log = Self::default();
        let writer = log.clone();
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false).with_writer(move || writer.clone()).init();
        log::set_boxed_logger(Box::new(log.clone())).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
        log
    }

    fn text(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

/// Settings for an upstream at this origin.
pub(crate) fn settings(origin: &str, server: &str) -> String {
    format!(
        "[[upstream]]\nname = \"main\"\nkind = \"twinexpert\"\norigin = \"{origin}\"\nkey_env = \"KEY\"\n\
         [server]\nallowed_origins = [\"{SITE}\"]\n{server}\n\
         [limits]\nqueue_seconds = 0\nvisitor_messages_per_minute = 10000\nvisitor_requests_per_minute = 10000\ntoken_requests_per_minute = 10000\naddress_requests_per_minute = 10000\n"
    )
}

/// What may be in no log: what tells who said what, and whatever opens something.
fn never_logged(visit: &Visit) -> Vec<Secret> {
    let mut all = vec![Secret::of("the upstream's key", KEY), Secret::of("a message", WORDS), Secret::of("an upstream's id", ID)];
    for visitor in &visit.visitors {
        all.push(Secret::of("an access token", &visitor.token));
        all.push(Secret::of("an access token's signature", visitor.token.rsplit('.').next().unwrap()));
        all.push(Secret::of("a visitor secret", &visitor.secret));
        all.push(Secret::of("a visitor's id", &visitor.id));
    }
    all
}

fn files(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name != "twinchat.toml") {
            all.extend(std::fs::read(path).unwrap());
        }
    }
    all
}

/// The secret that tokens are signed with, from the database.
async fn signing_key(folder: &Path) -> Secret {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.join("twinchat.db")).read_only(true);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let bytes: Vec<u8> = sqlx::query_scalar("SELECT secret FROM signing_key").fetch_one(&pool).await.unwrap();
    pool.close().await;
    assert_eq!(bytes.len(), 32);
    Secret { name: "the signing key", bytes }
}

#[tokio::test]
async fn no_secret_is_in_an_answer_a_log_a_metric_debug_or_a_file() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let log = Log::begin();
    let metrics = Exposition::install().unwrap();
    let upstream = Upstream::start().await;
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let text = settings(&upstream.origin, &format!("public_urls = [\"{url}\"]"));
    let config = Config::read(&folder.path().join("twinchat.toml"), &text, &|_| Some(KEY.to_owned())).unwrap();
    let clock = Arc::new(ManualClock::at_millis(1_760_000_000_000));
    let debug_of_config = format!("{config:?} {config:#?} {:?}", config.warnings());
    let app = App::build(config, clock.clone(), Arc::new(LoadedDice::seeded(7))).await.unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(twinchat_proxy::serve(listener, app.clone(), twinchat_proxy::Workers::here(), async {
        let _ = stopped.await;
    }));

    let mut visit = Visit::begin(&url).await;
    for way in ALL {
        upstream.behave(*way);
        // The list of twins is believed for ten minutes.
        clock.advance_seconds(601);
        visit.renew().await;
        visit.everything(*way).await;
    }
    let signing_key = signing_key(folder.path()).await;
    let app_parts = (app.config(), app.store(), app.directory(), app.relay(), app.tokens(), app.assets());
    let debug = format!("{app:?} {app:#?} {app_parts:?} {:?} {debug_of_config}", app.clock());
    let counted = metrics.render();
    let _ = stop.send(());
    running.await.unwrap();

    let key = [Secret::of("the upstream's key", KEY), signing_key.clone()];
    for (place, content) in &visit.heard {
        assert_absent(place, content, &key);
        assert_absent(place, content, &[Secret::of("an upstream's id", ID)]);
    }
    assert!(visit.heard.iter().any(|(_, content)| String::from_utf8_lossy(content).contains("[key]")), "the key was said, and taken out");
    let told = String::from_utf8_lossy(&log.text()).into_owned();
    for crate_name in ["twinchat_proxy", "hyper_util", "sqlx", "reqwest"] {
        assert!(told.contains(crate_name), "{crate_name} logs nothing: this test hears badly");
    }
    for (place, content) in [("the log", log.text()), ("the metrics", counted.clone().into_bytes()), ("Debug", debug.into_bytes())] {
        assert_absent(place, &content, &never_logged(&visit));
        assert_absent(place, &content, &key);
    }
    assert!(counted.contains("twinchat_http_requests_total"));
    let kept = files(folder.path());
    assert!(kept.len() > 4096);
    assert_absent("the database", &kept, &key[..1]);
    for visitor in &visit.visitors {
        assert_absent(
            "the database",
            &kept,
            &[Secret::of("a visitor secret", &visitor.secret), Secret::of("an access token", &visitor.token)],
        );
    }
    assert_eq!(upstream.elsewhere(), "", "nothing follows a redirect");
}
