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

use chat::{Told, conversation, hear};
use helpers::{KAMIMIND, Kind, TWINEXPERT, TestApp, Visitor};
use serde_json::Value;
use twinchat_emulator::faults::Fault;
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

const KAMIMIND_ROW: Row = Row {
    name: "kamimind",
    kind: KAMIMIND,
    messages: "/public/v1/response",
    options: Options::default,
    is_bare: false,
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
        secrets: |app| vec![app.emulator.key().to_owned()],
    },
    Row {
        name: "openai",
        kind: OPENAI,
        messages: "*/chat/completions",
        options: Options::default,
        is_bare: false,
        secrets: |app| vec![app.emulator.openai_key().to_owned()],
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
        let events = hear(&app, &ann, &chat, first).await;
        assert_eq!(events.last().unwrap().kind, "complete", "{}: {events:?}", self.name);
        Talk { row: self, app, ann, chat }
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

    async fn hear(&self, content: &str) -> Vec<Told> {
        hear(&self.app, &self.ann, &self.chat, content).await
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

fn content(events: &[Told]) -> &str {
    events.last().and_then(|last| last.data["message"]["content"].as_str()).unwrap_or_default()
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
