//! What every upstream has to pass, through the server's real HTTP surface: against an emulator that does as
//! documented, and against one that does all it can to do harm.
//!
//! A new upstream adds a row to [`ROWS`].

#[path = "../api/chat.rs"]
#[expect(dead_code, reason = "shared with the tests of the API")]
mod chat;
#[path = "../api/helpers.rs"]
#[expect(dead_code, reason = "shared with the tests of the API")]
mod helpers;

mod faithful;
mod hostile;

use chat::{Stream, Told, conversation, feed, say};
use futures_util::future::{self, BoxFuture};
use helpers::{KAMIMIND, Kind, START_MILLIS, TWINEXPERT, TestApp, Visitor};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use twinchat_emulator::clock::Clock;
use twinchat_emulator::faults::{Fault, Leak, Malformation};
use twinchat_emulator::{Options, Rule, StreamFormat};

/// An upstream that is to be tested.
#[derive(Clone, Copy)]
struct Row {
    /// What it is called when a test fails.
    name: &'static str,
    /// Its settings.
    kind: Kind,
    /// Where messages are sent to, for faults and for counting; `*` stands for anything.
    messages: &'static str,
    /// How the emulator is to run.
    options: fn() -> Options,
    /// Its answers may be bare text, of which nobody can tell whether all of it came.
    is_bare: bool,
    /// People answer, on the conversation's feed: nothing is streamed, and nothing can be stopped.
    is_people: bool,
    /// Its secrets besides the key.
    secrets: fn(&TestApp) -> Vec<String>,
}

/// Two models as twins.
const OPENAI: Kind = Kind {
    sections: |emulator, more| {
        let upstream = format!(
            "[[upstream]]\nname = \"models\"\nkind = \"openai\"\norigin = \"{}/v1\"\nkey_env = \"OPENAI_KEY\"\n{more}",
            emulator.origin()
        );
        let twin = |(at, model): (usize, &String)| format!("[[upstream.twin]]\nid = \"m{at}\"\nname = \"{model}\"\nmodel = \"{model}\"\n");
        upstream + &emulator.openai_models().iter().take(2).enumerate().map(twin).collect::<String>()
    },
    environment: |emulator, _| Some(emulator.openai_key().to_owned()),
};

/// People in the bridge's threads: three to lend for the first twin, one for the second. The document names no key;
/// this owner's bridge is shown one all the same.
const TEAMS: Kind = Kind {
    sections: |emulator, more| {
        let twin = |id: &str, rooms: &[(String, String)]| {
            let ids: Vec<&String> = rooms.iter().map(|(id, _)| id).collect();
            let aliases: Vec<String> = rooms.iter().map(|(id, other)| format!("{other:?} = {id:?}")).collect();
            let aliases = aliases.join(", ");
            format!("[[upstream.twin]]\nid = {id:?}\nname = {id:?}\nrooms = {ids:?}\nroom_aliases = {{ {aliases} }}\n")
        };
        let (spellings, origin) = (emulator.teams_spellings(), emulator.origin());
        format!(
            "[[upstream]]\nname = \"people\"\nkind = \"teams\"\norigin = \"{origin}/teams\"\nkey_env = \"BRIDGE\"\n\
             requests_per_hour = 1000000\nburst = 1000000\n{more}{}{}",
            twin("support", &spellings[..3]),
            twin("sales", &spellings[3..]),
        )
    },
    environment: |_, _| Some(BRIDGE_KEY.to_owned()),
};
const BRIDGE_KEY: &str = "bridge_canary_4b9e1c";

/// A clock that goes on whenever somebody looks at it, as people's answers are later than what they answer.
#[derive(Debug)]
struct Restless(AtomicU64);

impl Clock for Restless {
    fn now_millis(&self) -> u64 {
        self.0.fetch_add(10, Ordering::Relaxed)
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(future::ready(()))
    }
}

const KAMIMIND_ROW: Row = Row {
    name: "kamimind",
    kind: KAMIMIND,
    messages: "/public/v1/response",
    options: Options::default,
    is_bare: false,
    is_people: false,
    secrets: |app| {
        let configured = app.emulator.kamimind_bots().iter().take(2).map(|bot| bot.token.clone());
        configured.chain([app.emulator.kamimind_token().to_owned()]).collect()
    },
};

fn streaming(format: StreamFormat) -> Options {
    Options { kamimind_stream: format, ..Options::default() }
}

/// All of them; KamiMind in each format that its streams may have.
const ROWS: &[Row] = &[
    Row {
        name: "twinexpert",
        kind: TWINEXPERT,
        messages: "*/messages/stream",
        options: Options::default,
        is_bare: false,
        is_people: false,
        secrets: |app| vec![app.emulator.key().to_owned()],
    },
    Row {
        name: "openai",
        kind: OPENAI,
        messages: "*/chat/completions",
        options: Options::default,
        is_bare: false,
        is_people: false,
        secrets: |app| vec![app.emulator.openai_key().to_owned()],
    },
    Row {
        name: "teams",
        kind: TEAMS,
        messages: "/teams/messages/*",
        options: || Options { clock: Arc::new(Restless(AtomicU64::new(START_MILLIS.unsigned_abs()))), ..Options::default() },
        is_bare: false,
        is_people: true,
        secrets: |_| vec![BRIDGE_KEY.to_owned()],
    },
    KAMIMIND_ROW,
    Row { name: "kamimind, ndjson", options: || streaming(StreamFormat::Ndjson), ..KAMIMIND_ROW },
    Row { name: "kamimind, json array", options: || streaming(StreamFormat::JsonArray), ..KAMIMIND_ROW },
    Row { name: "kamimind, text", options: || streaming(StreamFormat::Text), is_bare: true, ..KAMIMIND_ROW },
    Row { name: "kamimind, json", options: || streaming(StreamFormat::Json), ..KAMIMIND_ROW },
    Row { name: "kamimind, any", options: || Options { seed: 7, ..streaming(StreamFormat::Any) }, is_bare: true, ..KAMIMIND_ROW },
];

/// A server with this upstream, and somebody who has begun to talk.
struct Talk {
    row: Row,
    app: TestApp,
    ann: Visitor,
    chat: String,
}

impl Row {
    async fn server(self) -> TestApp {
        TestApp::of_kind(self.kind, (self.options)(), "[limits]\nvisitor_messages_per_minute = 1000\nreply_bytes = 100000\n").await
    }

    /// Ann has said this, and was answered.
    async fn talk(self, first: &str) -> Talk {
        let app = self.server().await;
        let ann = app.bearer_visitor().await;
        let chat = conversation(&app, &ann).await;
        let talk = Talk { row: self, app, ann, chat };
        let events = talk.hear(first).await;
        assert_eq!(events.last().unwrap().kind, "complete", "{}: {events:?}", self.name);
        talk
    }

    /// How it can give away what others of the account said.
    fn leaks(self) -> Vec<Fault> {
        use Leak::{ChangedId, ExtraFields, Interleaved, Listed, TakenId, UnknownEvents, WrongConversation};
        if self.is_people {
            return vec![Fault::IgnoredFilters, Fault::WrongRooms, Fault::NoRooms, Fault::ChangedIds];
        }
        let leaks = [TakenId, ChangedId, ExtraFields, Listed, WrongConversation, Interleaved, UnknownEvents];
        leaks.into_iter().map(|what| Fault::Everybody { what }).collect()
    }

    /// What can be malformed, a lie, or endless in its answers.
    fn lies(self) -> Vec<Fault> {
        let lengths = vec![Fault::LyingLength { by: 7 }, Fault::LyingLength { by: -7 }];
        if self.is_people {
            return lengths;
        }
        let malformed = |what| Fault::Malformed { what, at_event: Some(2) };
        let streamed = [
            malformed(Malformation::BadJson),
            malformed(Malformation::MissingData),
            malformed(Malformation::UnknownEvent),
            malformed(Malformation::BadUtf8),
            Fault::ErrorEvent { after_deltas: 2 },
            Fault::NoComplete,
            Fault::Refused,
            Fault::ChangedIds,
            Fault::Endless,
            Fault::EndlessFrame,
        ];
        lengths.into_iter().chain(streamed).collect()
    }
}

impl Talk {
    /// The next message meets this.
    fn meet(&self, fault: Fault) {
        self.app.emulator.fault(Rule::once(fault, self.row.messages));
    }

    /// From now on everything meets this.
    fn always(&self, fault: Fault) {
        self.app.emulator.fault(Rule { times: None, ..Rule::once(fault, "*") });
    }

    /// Ann says something, and hears what is answered to its end.
    async fn hear(&self, content: &str) -> Vec<Told> {
        self.hear_as((&self.ann, &self.chat), content).await
    }

    /// The same for somebody else.
    async fn hear_as(&self, (visitor, chat): (&Visitor, &str), content: &str) -> Vec<Told> {
        let stream = say(&self.app, visitor, chat, content).await;
        self.rest((visitor, chat), stream).await
    }

    /// Reads a reply to its end. What people answer comes on the feed, and stands for the reply's end here.
    async fn rest(&self, (visitor, chat): (&Visitor, &str), mut stream: Stream) -> Vec<Told> {
        let mut events = stream.rest().await;
        let end = events.last().expect("an end");
        if !self.row.is_people || end.kind != "complete" {
            return events;
        }
        let mut feed = feed(&self.app, visitor, chat, &end.id.to_string()).await;
        let answer = loop {
            let told = feed.until("message").await;
            if told.data["message"]["role"] == "assistant" {
                break told;
            }
        };
        let message = &answer.data["message"];
        let data = json!({"status": message["status"], "content": message["content"], "message": message});
        events.push(Told { kind: "complete".to_owned(), data, id: answer.id });
        events
    }

    /// Waits until people were listened to for a while, if they are people: what they say comes by itself.
    async fn settle(&self, (visitor, chat): (&Visitor, &str)) {
        if !self.row.is_people {
            return;
        }
        let looks = || self.app.emulator.log().iter().filter(|entry| entry.method == "GET").count();
        let (_feed, before) = (feed(&self.app, visitor, chat, "").await, looks());
        while looks() < before + 4 {
            tokio::task::yield_now().await;
        }
    }

    /// How often the upstream was sent a message.
    fn sent(&self) -> usize {
        let (start, end) = self.row.messages.split_once('*').unwrap_or((self.row.messages, ""));
        let all = self.app.emulator.log();
        all.iter().filter(|entry| entry.method == "POST" && entry.path.starts_with(start) && entry.path.ends_with(end)).count()
    }
}

/// How a reply ended: `complete` or `error`, its status, and the error's code if there is one.
fn ended(events: &[Told]) -> (&str, &str, &str) {
    let last = events.last().expect("an event");
    let text = |value: &'static str, inside: &str| -> &str {
        let value = if inside.is_empty() { &last.data[value] } else { &last.data[value][inside] };
        value.as_str().unwrap_or_default()
    };
    (&last.kind, text("status", ""), text("error", "error"))
}

/// What was answered last.
fn content(events: &[Told]) -> &str {
    let message = events.last().map(|last| &last.data["message"]).filter(|message| message["role"] == "assistant");
    message.and_then(|message| message["content"].as_str()).unwrap_or_default()
}

/// All that was said in events, as text.
fn everything(events: &[Told]) -> String {
    events.iter().map(|told| told.data.to_string()).collect()
}

/// Nothing of the owner's secrets is in it.
fn assert_keeps_secrets(talk: &Talk, said: &Value) {
    let said = said.to_string();
    for secret in (talk.row.secrets)(&talk.app) {
        assert!(!said.contains(&secret), "{}: {said}", talk.row.name);
    }
}
