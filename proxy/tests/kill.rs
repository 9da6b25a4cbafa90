//! The binary is killed and told to end at any moment, under load; nothing that a visitor saw accepted
//! is lost, doubled, or sent to the upstream a second time by itself.
//!
//! `TWINCHAT_KILLS=200` kills it so often; `TWINCHAT_SEED` chooses the moments.
#![cfg(unix)]

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use twinchat_emulator::faults::Fault;
use twinchat_emulator::{Emulator, Options, Pace, Quota, Quotas, Rule};
use twinchat_protocol::sse::Decoder;

const SITE: &str = "https://www.example.com";
const VISITORS: usize = 4;

/// The binary, running on the store in this folder.
struct Proxy {
    child: Child,
    url: String,
    log: std::thread::JoinHandle<String>,
}

impl Proxy {
    fn start(folder: &Path, emulator: &Emulator, more: &str) -> Self {
        let settings = format!(
            "[[upstream]]\nname = \"main\"\nkind = \"twinexpert\"\norigin = \"{}\"\nkey_env = \"KEY\"\n\
             [limits]\nvisitor_requests_per_minute = 1000000\nvisitor_messages_per_minute = 1000000\ntoken_requests_per_minute = 1000000\n\
             [server]\nlisten = \"127.0.0.1:0\"\npublic_urls = [\"https://chat.example.com\"]\nallowed_origins = [\"{SITE}\"]\n{more}",
            emulator.origin()
        );
        std::fs::write(folder.join("twinchat.toml"), settings).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_twinchat-proxy"));
        command.arg("serve").current_dir(folder).env("KEY", emulator.key()).env_remove("RUST_LOG").env_remove("TWINCHAT_CONFIG");
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let mut read = String::new();
        let address = loop {
            let mut line = String::new();
            assert!(lines.read_line(&mut line).unwrap() > 0, "ended early: {read}");
            read.push_str(&line);
            if let Some((_, rest)) = line.split_once("listening on ") {
                break rest.split(',').next().unwrap().to_owned();
            }
        };
        let log = std::thread::spawn(move || {
            let _ = lines.read_to_string(&mut read);
            read
        });
        Self { child, url: format!("http://{address}"), log }
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Waits for its end, without holding up what goes on here.
    async fn ended(mut self) -> (ExitStatus, String) {
        let status = tokio::task::spawn_blocking(move || (self.child.wait().unwrap(), self.log.join().unwrap()));
        status.await.unwrap()
    }
}

/// Somebody who cannot keep a key, so that a request is easily made.
#[derive(Clone)]
struct Visitor {
    client: Client,
    url: String,
    token: String,
}

impl Visitor {
    async fn new(url: &str) -> Self {
        let client = client();
        let form = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=new\
                    &subject_token_type=urn:twinchat:params:oauth:token-type:visitor-secret";
        let request = client.post(format!("{url}/oauth/token")).header("x-twinchat", "1").header("origin", SITE);
        let answer = request.header("content-type", "application/x-www-form-urlencoded").body(form).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        Self { client, url: url.to_owned(), token: answer["access_token"].as_str().unwrap().to_owned() }
    }

    /// The same visitor at another process; connections to the last one are of no use.
    fn at(&self, url: &str) -> Self {
        Self { client: client(), url: url.to_owned(), token: self.token.clone() }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/api/v1{path}", self.url)).bearer_auth(&self.token).header("origin", SITE)
    }

    async fn get(&self, path: &str) -> Value {
        self.request(Method::GET, path).send().await.unwrap().json().await.unwrap()
    }

    async fn conversation(&self) -> String {
        let twin = self.get("/twins").await["data"][0]["id"].clone();
        let made: Value =
            self.request(Method::POST, "/conversations").json(&json!({"twinId": twin})).send().await.unwrap().json().await.unwrap();
        made["data"]["id"].as_str().unwrap().to_owned()
    }

    fn send(&self, chat: &str, content: &str) -> RequestBuilder {
        // What is said is its own key: a repeat is the same message.
        let key: String = content.chars().filter(char::is_ascii_graphic).collect();
        let request = self.request(Method::POST, &format!("/conversations/{chat}/messages/stream"));
        request.header("idempotency-key", key).json(&json!({ "content": content }))
    }

    async fn history(&self, chat: &str) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let after = all.len();
            let page = self.get(&format!("/conversations/{chat}/messages?limit=100&after={after}")).await;
            let page = page["data"].as_array().unwrap_or_else(|| panic!("{page}")).clone();
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    }
}

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap()
}

/// Hands every event on until the stream ends or breaks.
async fn hear(mut answer: Response, mut told: impl FnMut(&str, Value)) {
    let mut decoder = Decoder::default();
    while let Ok(Some(chunk)) = answer.chunk().await {
        decoder.feed(&chunk, &mut |event| told(&event.event, serde_json::from_str(&event.data).unwrap())).unwrap();
    }
}

async fn emulator() -> Emulator {
    let much = Quota { per_hour: 10_000_000, burst: 10_000_000 };
    let pace = Pace { chars: 40, interval: Duration::from_millis(1), thinking: Duration::from_millis(2) };
    Emulator::start(Options { quotas: Quotas { read_only: much, full_access: much }, pace, ..Options::default() }).await.unwrap()
}

/// What the visitors saw.
#[derive(Default)]
struct Seen {
    /// Texts that were accepted, with the id of their reply.
    accepted: Mutex<HashMap<String, String>>,
    counter: AtomicU64,
}

/// Says one thing after the other until the process is gone. A text that was not seen accepted is said
/// first again, with its key.
async fn chat_on(
    visitor: Visitor,
    chat: String,
    seen: Arc<Seen>,
    unsure: Option<String>,
    events: mpsc::UnboundedSender<()>,
) -> Option<String> {
    let mut next = unsure;
    loop {
        let text = next.take().unwrap_or_else(|| format!("Câu hỏi {}", seen.counter.fetch_add(1, Ordering::Relaxed)));
        let Ok(answer) = visitor.send(&chat, &text).send().await else { return Some(text) };
        match answer.status().as_u16() {
            200 => {}
            // Interrupted replies do not hinder what comes next; a running one does.
            409 => {
                next = Some(text);
                tokio::task::yield_now().await;
                continue;
            }
            status => panic!("{status}: {}", answer.text().await.unwrap_or_default()),
        }
        let mut was_accepted = false;
        hear(answer, |_, data| {
            let _ = events.send(());
            if data["state"] == "accepted" {
                was_accepted = true;
                let reply = data["messageId"].as_str().unwrap().to_owned();
                seen.accepted.lock().unwrap().insert(text.clone(), reply);
            }
        })
        .await;
        if !was_accepted {
            return Some(text);
        }
    }
}

/// The next number of a sequence that a seed decides (splitmix64).
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut word = *state;
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_moment_it_is_killed_at_no_accepted_message_is_lost_doubled_or_sent_twice() {
    let (emulator, folder, seen) = (emulator().await, TempDir::new().unwrap(), Arc::new(Seen::default()));
    let mut state = number("TWINCHAT_SEED", 1);
    let mut proxy = Proxy::start(folder.path(), &emulator, "");
    let mut talks = Vec::new();
    for _ in 0..VISITORS {
        let visitor = Visitor::new(&proxy.url).await;
        let chat = visitor.conversation().await;
        talks.push((visitor, chat, None));
    }
    for _ in 0..number("TWINCHAT_KILLS", 5) {
        let (events, mut happened) = mpsc::unbounded_channel();
        let mut talking = JoinSet::new();
        for (visitor, chat, unsure) in talks.drain(..) {
            let (events, seen) = (events.clone(), seen.clone());
            let visitor = visitor.at(&proxy.url);
            talking.spawn(async move {
                let unsure = chat_on(visitor.clone(), chat.clone(), seen, unsure, events).await;
                (visitor, chat, unsure)
            });
        }
        drop(events);
        for _ in 0..random(&mut state) % 200 {
            happened.recv().await.unwrap();
        }
        // And then anywhere between two events.
        for _ in 0..random(&mut state) % 50 {
            tokio::task::yield_now().await;
        }
        proxy.signal("-KILL");
        proxy.ended().await;
        talks = talking.join_all().await;
        proxy = Proxy::start(folder.path(), &emulator, "");
    }
    let accepted = seen.accepted.lock().unwrap().clone();
    assert!(!accepted.is_empty(), "some of it was accepted");
    let mut stored = HashMap::new();
    let mut interrupted = Vec::new();
    for (visitor, chat, _) in &talks {
        let visitor = visitor.at(&proxy.url);
        let said = visitor.history(chat).await;
        for pair in said.chunks(2) {
            let [question, reply] = pair else { panic!("a question without a reply") };
            let text = question["content"].as_str().unwrap().to_owned();
            assert!(["complete", "interrupted"].contains(&reply["status"].as_str().unwrap()), "{reply}");
            assert_eq!(stored.insert(text.clone(), reply["id"].as_str().unwrap().to_owned()), None, "{text} is there twice");
        }
        if let Some(last) = said.last().filter(|last| last["status"] == "interrupted") {
            interrupted.push((visitor, last["id"].as_str().unwrap().to_owned()));
        }
    }
    for (text, reply) in &accepted {
        assert_eq!(stored.get(text), Some(reply), "{text} was accepted");
    }
    // Each question is another one, so each body comes to the upstream once or, cut off before, never.
    let asked: Vec<_> =
        emulator.log().iter().filter(|entry| entry.path.ends_with("/stream")).map(|entry| entry.body_fingerprint.clone()).collect();
    assert_eq!(asked.iter().collect::<HashSet<_>>().len(), asked.len(), "nothing was sent twice");
    assert!(asked.len() <= stored.len());
    println!("{} accepted, {} stored, {} sent, {} last ones interrupted", accepted.len(), stored.len(), asked.len(), interrupted.len());
    for (visitor, reply) in interrupted {
        let answer = visitor.request(Method::POST, &format!("/messages/{reply}/retry")).send().await.unwrap();
        let mut end = String::new();
        hear(answer, |event, _| end = event.to_owned()).await;
        assert_eq!(end, "complete", "what was interrupted can be asked again");
    }
    proxy.signal("-KILL");
    proxy.ended().await;
}

/// A visitor with a reply that will not come to its end, and the stream in which it is told.
async fn endless_reply(proxy: &Proxy, emulator: &Emulator) -> (Visitor, String, Response) {
    let visitor = Visitor::new(&proxy.url).await;
    let chat = visitor.conversation().await;
    emulator.fault(Rule::once(Fault::Stall { after_bytes: 700, millis: None }, "*/messages/stream"));
    let mut answer = visitor.send(&chat, "Kể chuyện dài").send().await.unwrap();
    let mut told = String::new();
    while !told.contains("event: delta") {
        told.push_str(std::str::from_utf8(&answer.chunk().await.unwrap().expect("more")).unwrap());
    }
    (visitor, chat, answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_to_end_it_ends_readers_are_told_to_come_back_and_a_running_reply_is_interrupted() {
    let (emulator, folder) = (emulator().await, TempDir::new().unwrap());
    let proxy = Proxy::start(folder.path(), &emulator, "shutdown_seconds = 1\n");
    let (visitor, chat, reply) = endless_reply(&proxy, &emulator).await;
    let mut feeds = vec![reply];
    for _ in 0..6 {
        let mut feed = visitor.request(Method::GET, &format!("/conversations/{chat}/events")).send().await.unwrap();
        feed.chunk().await.unwrap().expect("a retry");
        feeds.push(feed);
    }
    // Connections that wait for a next request, or for the rest of one.
    let idle = std::net::TcpStream::connect(proxy.url.trim_start_matches("http://")).unwrap();
    let mut half = std::net::TcpStream::connect(proxy.url.trim_start_matches("http://")).unwrap();
    std::io::Write::write_all(&mut half, b"POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf").unwrap();
    proxy.signal("-TERM");
    let mut retries = Vec::new();
    for mut feed in feeds {
        let mut decoder = Decoder::default();
        while let Some(chunk) = feed.chunk().await.expect("an end, not a cut") {
            decoder.feed(&chunk, &mut |_| ()).unwrap();
        }
        retries.push(decoder.retry_millis().unwrap());
    }
    assert!(retries.iter().all(|millis| (500..=3000).contains(millis)), "{retries:?}");
    assert!(retries.iter().collect::<HashSet<_>>().len() > 1, "not all at once: {retries:?}");
    let (status, log) = proxy.ended().await;
    assert!(status.success(), "{log}");
    drop((idle, half));
    let proxy = Proxy::start(folder.path(), &emulator, "");
    let said = visitor.at(&proxy.url).history(&chat).await;
    assert_eq!(said[1]["status"], "interrupted");
    assert!(!said[1]["content"].as_str().unwrap().is_empty(), "what had come is kept");
    proxy.signal("-TERM");
    assert!(proxy.ended().await.0.success(), "with nothing to do it ends at once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_twice_it_does_not_wait_for_running_replies() {
    let (emulator, folder) = (emulator().await, TempDir::new().unwrap());
    let proxy = Proxy::start(folder.path(), &emulator, "shutdown_seconds = 300\n");
    let (_, _, mut reply) = endless_reply(&proxy, &emulator).await;
    proxy.signal("-TERM");
    // The first time has been heard once readers are told.
    while reply.chunk().await.unwrap().is_some() {}
    proxy.signal("-TERM");
    let (_, log) = proxy.ended().await;
    assert!(log.contains("told to stop again"), "{log}");
}
