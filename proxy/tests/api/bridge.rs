//! A server with a bridge to people behind it.

use super::chat::{Stream, Told, say};
use super::helpers::{START_MILLIS, TestApp, Visitor, body, text};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use twinchat_emulator::clock::ManualClock;
use twinchat_emulator::faults::{Fault, Manner};
use twinchat_emulator::{Emulator, Options, Rule, TeamsWord};

/// A server whose second upstream is a bridge to people. Its clock and the bridge's stand still until both are moved.
pub(crate) struct People {
    pub(crate) app: TestApp,
    pub(crate) bridge: Emulator,
    clock: ManualClock,
}

const SUPPORT: &str = "support";

impl People {
    /// With so many threads to lend.
    pub(crate) async fn with(rooms: usize, more: &str) -> Self {
        Self::named("auth = \"none\"\n", rooms, more).await
    }

    async fn named(upstream: &str, rooms: usize, more: &str) -> Self {
        let clock = ManualClock::at(START_MILLIS.unsigned_abs());
        let bridge = Emulator::start(Options { clock: Arc::new(clock.clone()), ..Options::default() }).await.unwrap();
        let spellings = &bridge.teams_spellings()[..rooms];
        let ids: Vec<String> = spellings.iter().map(|(id, _)| format!("\"{id}\"")).collect();
        let aliases: Vec<String> = spellings.iter().map(|(id, other)| format!("\"{other}\" = \"{id}\"")).collect();
        let settings = format!(
            "[[upstream]]\nname = \"people\"\nkind = \"teams\"\norigin = \"{}/teams\"\nrequests_per_hour = 1000000\nburst = 1000000\n{upstream}\
             [[upstream.twin]]\nid = \"{SUPPORT}\"\nname = \"Hỗ trợ\"\nrooms = [{}]\nroom_aliases = {{ {} }}\n{more}",
            bridge.origin(),
            ids.join(", "),
            aliases.join(", "),
        );
        Self { app: TestApp::with(&settings).await, bridge, clock }
    }

    /// Lets time go on, for both.
    pub(crate) fn advance(&self, seconds: i64) {
        self.app.clock.advance_seconds(seconds);
        self.clock.advance(Duration::from_secs(seconds.unsigned_abs()));
    }

    pub(crate) async fn conversation(&self, visitor: &Visitor) -> String {
        let answer = visitor.send(&self.app, &Method::POST, "/api/v1/conversations", &json!({"twinId": SUPPORT})).await;
        text(&body(answer).await["data"], "id")
    }

    /// Says something that nobody answers by themselves.
    pub(crate) async fn say(&self, visitor: &Visitor, chat: &str, content: &str) -> Vec<Told> {
        self.silence();
        say(&self.app, visitor, chat, content).await.rest().await
    }

    /// The next message is answered by nobody.
    pub(crate) fn silence(&self) {
        self.bridge.fault(Rule::once(Fault::Person { does: Manner::Silent, millis: 0 }, "*/messages/*"));
    }

    /// A person says something in the thread at this place, now.
    pub(crate) fn answer(&self, room: usize, content: &str) -> String {
        self.bridge.teams_say(&self.word(room, content))
    }

    pub(crate) fn word(&self, room: usize, content: &str) -> TeamsWord {
        TeamsWord { conversation: self.bridge.teams_conversations()[room].clone(), text: content.to_owned(), ..TeamsWord::default() }
    }

    pub(crate) fn always(&self, fault: Fault) {
        self.bridge.fault(Rule { times: None, ..Rule::once(fault, "/teams/*") });
    }

    pub(crate) async fn try_to_say(&self, visitor: &Visitor, chat: &str, message: &Value) -> Response {
        let path = format!("/api/v1/conversations/{chat}/messages/stream");
        visitor.send(&self.app, &Method::POST, &path, message).await
    }
}

/// The next message of somebody else's on a feed.
pub(crate) async fn told(feed: &mut Stream) -> Value {
    loop {
        let message = feed.until("message").await.data["message"].clone();
        if message["role"] == "assistant" {
            return message;
        }
    }
}
