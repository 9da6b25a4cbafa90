//! Non-interference: whatever three visitors do, in whatever order, and however the upstream mixes them
//! up, no byte that one of them is sent holds what another said or what another's things are called.
//!
//! `TWINCHAT_ISOLATION_CASES` says how many random histories are tried (CI: a few).

use super::helpers::{SITE, TestApp, Visitor, body, text, with_form};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use tokio::task::JoinHandle;
use twinchat_emulator::Rule;
use twinchat_emulator::faults::{Fault, Leak};
use twinchat_protocol::token::{GRANT_TYPE, VISITOR_SECRET_TYPE};

const VISITORS: usize = 3;
const SETTINGS: &str = "[limits]\nvisitor_messages_per_minute = 100000\nvisitor_requests_per_minute = 100000\n\
     token_requests_per_minute = 100000\naddress_requests_per_minute = 100000\n";

/// What somebody does. `this` and `other` choose ids, of whoever.
#[derive(Debug, Clone)]
struct Step {
    who: usize,
    act: usize,
    this: usize,
    other: usize,
}

/// How often a leak strikes an answer, in tenths.
type Leaks = [u8; 7];

const ALL_LEAKS: [Leak; 7] =
    [Leak::ExtraFields, Leak::Interleaved, Leak::UnknownEvents, Leak::Listed, Leak::WrongConversation, Leak::TakenId, Leak::ChangedId];

/// Somebody, and every byte they were sent.
struct Person {
    visitor: Visitor,
    secret: String,
    heard: Arc<Mutex<Vec<u8>>>,
    listening: Vec<JoinHandle<()>>,
    canaries: Vec<String>,
    tokens: Vec<String>,
}

struct World {
    app: TestApp,
    people: Vec<Person>,
    database: SqlitePool,
    /// Whose each id is.
    owners: BTreeMap<String, String>,
    /// What sends were named.
    keys: Vec<String>,
}

impl World {
    async fn begin(leaks: &Leaks) -> Self {
        let app = TestApp::with(SETTINGS).await;
        let mut people = Vec::new();
        for number in 0..VISITORS {
            let visitor = if number == 1 { app.bearer_visitor().await } else { app.visitor().await };
            let secret = visitor.answer["visitor_secret"].as_str().unwrap_or_default().to_owned();
            let tokens = vec![visitor.token.clone()];
            people.push(Person { visitor, secret, heard: Arc::default(), listening: Vec::new(), canaries: Vec::new(), tokens });
        }
        for (what, tenths) in ALL_LEAKS.into_iter().zip(leaks) {
            let rule = Rule { times: None, probability: f64::from(*tenths) / 10.0, ..Rule::once(Fault::Everybody { what }, "*") };
            app.emulator.fault(rule);
        }
        let options = SqliteConnectOptions::new().filename(app.folder.path().join("twinchat.db")).read_only(true);
        let database = SqlitePool::connect_with(options).await.unwrap();
        Self { app, people, database, owners: BTreeMap::new(), keys: Vec::new() }
    }

    /// Learns whose every conversation and message is, from the database itself.
    async fn learn(&mut self) {
        let query = "SELECT id, visitor_id FROM conversation UNION ALL \
             SELECT m.id, c.visitor_id FROM message m JOIN conversation c ON c.id = m.conversation_id";
        let rows: Vec<(String, String)> = sqlx::query_as(query).fetch_all(&self.database).await.unwrap();
        self.owners.extend(rows);
    }

    fn id(&self, prefix: &str, at: usize) -> String {
        let ids: Vec<&String> = self.owners.keys().filter(|id| id.starts_with(prefix)).collect();
        if ids.is_empty() { format!("{prefix}zzzzzzzzzzzzzzzz") } else { ids[at % ids.len()].clone() }
    }

    /// Words that only this visitor says.
    fn canary(&mut self, who: usize) -> String {
        let canary = format!("canary{who}q{}q", self.people[who].canaries.len());
        self.people[who].canaries.push(canary.clone());
        canary
    }

    fn a_canary_of_anybody(&self, at: usize) -> String {
        let all: Vec<&String> = self.people.iter().flat_map(|person| &person.canaries).collect();
        if all.is_empty() { "canary".to_owned() } else { all[at % all.len()].clone() }
    }

    fn call(&self, who: usize, method: &Method, path: &str) -> RequestBuilder {
        self.people[who].visitor.request(&self.app, method, &format!("/api/v1{path}"))
    }

    /// Sends it and writes down everything that comes back, a stream to its end.
    async fn tell(&self, who: usize, request: RequestBuilder) {
        let heard = self.people[who].heard.clone();
        listen(request.send().await.unwrap(), heard).await;
    }

    /// The same for a stream that stays open: it is listened to until the server ends it.
    async fn follow(&mut self, who: usize, request: RequestBuilder) {
        let (answer, heard) = (request.send().await.unwrap(), self.people[who].heard.clone());
        self.people[who].listening.push(tokio::spawn(listen(answer, heard)));
    }

    async fn step(&mut self, step: &Step) {
        self.learn().await;
        let (who, this, other) = (step.who, step.this, step.other);
        let (chat, message) = (self.id("conv_", this), self.id("msg_", this));
        // Sometimes the one kind of id where the other belongs.
        let (chat, message) = if other.is_multiple_of(11) { (message, chat) } else { (chat, message) };
        let get = |path: String| self.call(who, &Method::GET, &path);
        let post = |path: String, body: Value| self.call(who, &Method::POST, &path).json(&body);
        match step.act {
            0 | 1 => {
                let twins = self.app.app.directory().twins().await.unwrap();
                let twin = &twins[other % twins.len()].twin.id;
                let title = if this.is_multiple_of(3) { self.canary(who) } else { String::new() };
                self.tell(who, self.call(who, &Method::POST, "/conversations").json(&json!({"twinId": twin, "title": title}))).await;
            }
            2 => self.tell(who, post("/conversations".to_owned(), json!({"twinId": chat, "title": ""}))).await,
            3..=6 => self.send(who, &chat, step).await,
            7 => self.tell(who, get("/conversations?limit=100".to_owned())).await,
            8 => self.tell(who, get(format!("/conversations?search={}", self.a_canary_of_anybody(other)))).await,
            9 => self.tell(who, get(format!("/messages?search={}", self.a_canary_of_anybody(other)))).await,
            10 => self.tell(who, get(format!("/conversations/{chat}"))).await,
            11 | 12 => self.tell(who, get(format!("/conversations/{chat}/messages?limit=100&after={}", other % 3))).await,
            13 => {
                let title = self.canary(who);
                self.tell(who, self.call(who, &Method::PATCH, &format!("/conversations/{chat}")).json(&json!({"title": title}))).await;
            }
            14 => self.tell(who, self.call(who, &Method::DELETE, &format!("/conversations/{chat}"))).await,
            15 => self.tell(who, post(format!("/messages/{message}/stop"), Value::Null)).await,
            16 => self.tell(who, post(format!("/messages/{message}/retry"), Value::Null)).await,
            17 => self.tell(who, post(format!("/messages/{message}/feedback"), json!({"feedback": "up"}))).await,
            18 => self.follow(who, get(format!("/conversations/{chat}/events?after={}.{}", other % 5, this % 9))).await,
            19 => self.follow(who, get(format!("/conversations/{chat}/events")).header("last-event-id", message)).await,
            20 => self.all_at_once(step).await,
            23 => self.tell(who, get("/visitor/export".to_owned())).await,
            24 if other.is_multiple_of(4) => self.tell(who, self.call(who, &Method::DELETE, "/visitor")).await,
            21 => self.renew(who, true).await,
            22 => self.renew(who, false).await,
            _ => self.tell(who, get(format!("/twins/{}", if other.is_multiple_of(2) { chat } else { "?limit=100".to_owned() }))).await,
        }
    }

    /// A send, whole or as a stream, with a key of whoever or none.
    async fn send(&mut self, who: usize, chat: &str, step: &Step) {
        let canary = self.canary(who);
        // The twin repeats what was asked in its conversation: it must be this one's.
        let content = if step.this.is_multiple_of(2) { format!("Tôi đã hỏi gì? {canary}") } else { format!("Xin {canary}") };
        let route = if step.act == 3 { "messages" } else { "messages/stream" };
        let mut request = self.call(who, &Method::POST, &format!("/conversations/{chat}/{route}")).json(&json!({ "content": content }));
        if step.other.is_multiple_of(3) {
            let key = match self.keys.get(step.other % (self.keys.len() + 1)) {
                Some(known) => known.clone(),
                None => format!("key-{}", self.keys.len()),
            };
            request = request.header("idempotency-key", &key);
            self.keys.push(key);
        }
        if step.act == 6 {
            // Leaves before the answer.
            drop(request.send().await.unwrap());
        } else {
            self.tell(who, request).await;
        }
    }

    /// Everybody says something at the same moment, so that their replies are written side by side.
    async fn all_at_once(&mut self, step: &Step) {
        let mut requests = Vec::new();
        for who in 0..VISITORS {
            let mine: Vec<String> = self.mine(who);
            let Some(chat) = mine.get(step.this % mine.len().max(1)) else { continue };
            let content = self.canary(who);
            let request =
                self.call(who, &Method::POST, &format!("/conversations/{chat}/messages/stream")).json(&json!({ "content": content }));
            requests.push((who, request));
        }
        futures_util::future::join_all(requests.into_iter().map(|(who, request)| self.tell(who, request))).await;
    }

    fn mine(&self, who: usize) -> Vec<String> {
        let me = &self.people[who].visitor.id;
        self.owners.iter().filter(|(id, owner)| id.starts_with("conv_") && *owner == me).map(|(id, _)| id.clone()).collect()
    }

    /// A new token, after the old one was taken back or beside it.
    async fn renew(&mut self, who: usize, revoke: bool) {
        let person = &mut self.people[who];
        if revoke {
            let request = self.app.request(&Method::POST, "/oauth/revoke").header("x-twinchat", "1").header("origin", SITE);
            listen(with_form(request, &[("token", person.visitor.token.as_str())]).send().await.unwrap(), person.heard.clone()).await;
        }
        if person.visitor.key.is_some() {
            person.visitor.renew(&self.app).await;
        } else {
            let form = [("grant_type", GRANT_TYPE), ("subject_token_type", VISITOR_SECRET_TYPE), ("subject_token", person.secret.as_str())];
            let answer = body(self.app.token_request(&form).send().await.unwrap()).await;
            assert_eq!(answer["visitor_id"], person.visitor.id, "the same visitor");
            person.visitor.token = text(&answer, "access_token");
        }
        person.tokens.push(person.visitor.token.clone());
    }

    /// Ends the server and looks at every byte. How often a visitor was told own words.
    async fn judge(mut self) -> usize {
        self.learn().await;
        let upstream_ids: BTreeSet<String> = self
            .app
            .emulator
            .log()
            .into_iter()
            .filter_map(|entry| Some(entry.path.split_once("/conversations/")?.1.split('/').next()?.to_owned()))
            .collect();
        for person in &self.people {
            self.check_rows(person).await;
        }
        self.database.close().await;
        self.app.stop().await;
        let mut told = 0;
        for person in &mut self.people {
            for listening in person.listening.drain(..) {
                listening.await.unwrap();
            }
        }
        for (number, person) in self.people.iter().enumerate() {
            let heard = String::from_utf8_lossy(&person.heard.lock().unwrap()).into_owned();
            let others = self.people.iter().filter(|other| other.visitor.id != person.visitor.id);
            let words = others.flat_map(|other| other.canaries.iter().chain(&other.tokens).chain([&other.visitor.id]));
            let ids = self.owners.iter().filter(|(_, owner)| **owner != person.visitor.id).map(|(id, _)| id);
            for foreign in words.chain(ids).chain(&upstream_ids) {
                if let Some(at) = heard.find(foreign.as_str()) {
                    let from = heard.floor_char_boundary(at.saturating_sub(200));
                    panic!("visitor {number} was sent {foreign}: …{}", &heard[from..heard.ceil_char_boundary(at + 60)]);
                }
            }
            told += person.canaries.iter().filter(|canary| heard.contains(canary.as_str())).count();
        }
        told
    }

    /// Nobody's words have come into anybody else's conversations.
    async fn check_rows(&self, person: &Person) {
        let query = "SELECT c.title || ' ' || coalesce((SELECT group_concat(m.content, ' ') FROM message m WHERE m.conversation_id = c.id), '') \
             FROM conversation c WHERE c.visitor_id = ?";
        let rows: Vec<String> = sqlx::query_scalar(query).bind(&person.visitor.id).fetch_all(&self.database).await.unwrap();
        let others = self.people.iter().filter(|other| other.visitor.id != person.visitor.id);
        for canary in others.flat_map(|other| &other.canaries) {
            assert!(rows.iter().all(|row| !row.contains(canary)), "{canary} is in somebody else's conversation");
        }
    }
}

async fn listen(mut answer: Response, heard: Arc<Mutex<Vec<u8>>>) {
    let head = format!("\n{} {:?}\n", answer.status(), answer.headers());
    heard.lock().unwrap().extend(head.into_bytes());
    while let Ok(Some(chunk)) = answer.chunk().await {
        heard.lock().unwrap().extend(chunk);
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..VISITORS, 0_usize..27, 0_usize..1000, 0_usize..1000).prop_map(|(who, act, this, other)| Step { who, act, this, other });
    prop::collection::vec(step, 25..60)
}

#[test]
fn whatever_visitors_do_and_however_the_upstream_mixes_them_up_nobody_is_told_anothers_words() {
    let cases = std::env::var("TWINCHAT_ISOLATION_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 40, ..Config::default() };
    // Hostile in what can be stripped most of the time, in what must be refused some of the time.
    let leaks = [5..=10_u8, 0..=10, 0..=10, 0..=3, 0..=2, 0..=3, 0..=2];
    let told = std::cell::Cell::new(0);
    let result = TestRunner::new(config).run(&(steps(), leaks), |(steps, leaks)| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let words = runtime.block_on(async {
            let mut world = World::begin(&leaks).await;
            for step in &steps {
                world.step(step).await;
            }
            world.judge().await
        });
        told.set(told.get() + words);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    assert!(told.get() > cases as usize, "visitors hear their own words: {} times", told.get());
}
