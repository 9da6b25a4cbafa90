//! The app on a pretend page, in front of a pretend proxy. Here: that page and what the proxy says; below: what happens.

mod answers;
mod conversations;
mod people;
mod visits;

use super::{Announce, App, ColorScheme, Mode, Options, WidgetEvent};
use crate::platform::fake::{Exchange, Fake, Line};
use crate::platform::{Shelf, Unanswered, Vouched};
use crate::state::{Connection, EntryStatus, Loading, Offer, Screen};
use leptos::prelude::*;
use leptos::reactive::effect::ImmediateEffect;
use leptos::reactive::owner::Owner;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const TWIN: &str = "twin_000000000000000a";
const OTHER_TWIN: &str = "twin_000000000000000b";
const CONVERSATION: &str = "conv_0000000000000001";
const REPLY: &str = "msg_0000000000000002";

const TOKEN: &str = r#"{"access_token":"t","issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"DPoP","expires_in":600,"scope":"full_access","expires_at":0,"visitor_id":"vis_0000000000000001"}"#;
const USERS_TOKEN: &str = r#"{"access_token":"u","issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"DPoP","expires_in":600,"scope":"full_access","expires_at":0,"visitor_id":"vis_0000000000000002"}"#;

/// A page with an app on it. The proxy's ordinary answers are given at once; streams wait.
struct Site {
    fake: Fake,
    app: App,
    events: Rc<RefCell<Vec<String>>>,
    _owner: Owner,
}

fn envelope(data: &str) -> String {
    format!(r#"{{"success":true,"data":{data},"meta":{{"page":1,"totalPages":1}}}}"#)
}

fn twin(id: &str) -> String {
    format!(r#"{{"id":"{id}","name":"Mai","description":"","available":true,"starters":[],"capabilities":{{"stream":true}}}}"#)
}

fn conversation(id: &str, twin: &str) -> String {
    format!(
        r#"{{"id":"{id}","twinId":"{twin}","title":"","createdAt":"2026-11-21T03:00:00.000Z","updatedAt":"2026-11-21T03:00:00.000Z","messageCount":2}}"#
    )
}

fn message(ordinal: u32, content: &str, status: &str, more: &str) -> String {
    let role = if ordinal % 2 == 1 { "user" } else { "assistant" };
    format!(
        r#"{{"id":"msg_{ordinal:016}","conversationId":"{CONVERSATION}","ordinal":{ordinal},"role":"{role}","content":"{content}","status":"{status}","createdAt":"2026-11-21T03:00:00.000Z"{more}}}"#
    )
}

fn proxy(fake: &Fake, twins: &'static [&'static str], messages: &str) {
    let messages = envelope(messages);
    fake.serve(move |request| {
        let path = request.url.strip_prefix("https://chat.example").unwrap_or_default();
        let body = match (request.method, path.split('?').next().unwrap_or_default()) {
            (_, "/oauth/token") if request.body.contains("Ajwt") => USERS_TOKEN.to_owned(),
            ("POST", "/api/v1/visitor/link") => envelope(r#"{"moved":2}"#),
            ("GET", "/api/v1/twins/upstreams-own") => envelope(&twin(OTHER_TWIN)),
            (_, "/oauth/token") => TOKEN.to_owned(),
            (_, "/api/v1/widget") => envelope(r#"{"title":"Hỏi Mai","maxMessageChars":20}"#),
            (_, "/api/v1/twins") => envelope(&format!("[{}]", twins.iter().map(|id| twin(id)).collect::<Vec<_>>().join(","))),
            ("GET", "/api/v1/conversations") => envelope(&format!("[{}]", conversation(CONVERSATION, TWIN))),
            ("POST", "/api/v1/conversations") | ("GET", "/api/v1/conversations/conv_0000000000000001") => {
                envelope(&conversation(CONVERSATION, TWIN))
            }
            ("GET", "/api/v1/conversations/conv_0000000000000001/messages") => messages.clone(),
            _ => return None,
        };
        Some((200, body))
    });
}

fn site_of(fake: &Fake, options: Options) -> Site {
    let owner = Owner::new();
    owner.set();
    let app = App::provide_on(Options { proxy: "https://chat.example/".to_owned(), ..options }, fake.platform());
    let events = Rc::new(RefCell::new(Vec::new()));
    let log = events.clone();
    app.subscribe(move |event| {
        log.borrow_mut().push(match event {
            WidgetEvent::UnreadChange { unread } => format!("unread.change {unread}"),
            WidgetEvent::IdentityChange { signed_in } => format!("identity.change {signed_in}"),
            WidgetEvent::ResponseEnd { status, .. } => format!("response.end {status:?}"),
            other => other.name().to_owned(),
        });
    });
    fake.run();
    Site { fake: fake.clone(), app, events, _owner: owner }
}

/// Nobody was ever here, the panel is open.
fn opened(twins: &'static [&'static str], options: Options) -> Site {
    let fake = Fake::new();
    proxy(&fake, twins, "[]");
    let site = site_of(&fake, options);
    site.app.open();
    fake.run();
    site
}

/// The same with one twin.
fn site() -> Site {
    opened(&[TWIN], Options::default())
}

impl Site {
    fn texts(&self) -> Vec<String> {
        self.app.signals.messages.get_untracked().iter().map(|entry| entry.text.get_untracked()).collect()
    }

    fn statuses(&self) -> Vec<EntryStatus> {
        self.app.signals.messages.get_untracked().iter().map(|entry| entry.status.get_untracked()).collect()
    }

    fn key(&self, index: usize) -> String {
        self.app.signals.messages.get_untracked()[index].key.clone()
    }

    fn type_and_send(&self, text: &str) -> Exchange {
        self.app.set_draft(text);
        self.app.send();
        self.fake.request()
    }

    /// Asks; the answer has come so far. Its line stays open.
    fn answering(&self, events: &[String]) -> Line {
        let post = self.type_and_send("Why?");
        let text = accepted(&post);
        let line = post.open(200, &[]);
        line.say(&[text, events.concat()].concat());
        self.fake.advance(20);
        line
    }

    /// Asks and is answered; the feed that follows is left waiting.
    fn ask(&self) {
        self.answering(&[complete(2, "So.")]);
    }

    /// The same visitor on the page once more.
    fn reloaded(&self, options: Options) -> Site {
        self.app.destroy();
        site_of(&self.fake, options)
    }

    fn sign_in(&self, token: Option<&str>) {
        self.fake.wait(self.app.identify(token.map(Into::into))).unwrap();
        self.fake.run();
    }

    fn screen(&self) -> Screen {
        self.app.signals.screen.get_untracked()
    }

    fn draft(&self) -> String {
        self.app.signals.draft.get_untracked()
    }

    fn twin(&self) -> String {
        self.app.signals.twin.with_untracked(|twin| twin.as_ref().map(|twin| twin.id.to_string()).unwrap_or_default())
    }

    fn unread(&self) -> u32 {
        self.app.signals.unread.get_untracked()
    }

    fn replying(&self) -> bool {
        self.app.signals.replying.get_untracked()
    }

    /// What is kept of the visitor's choices.
    fn choices(&self) -> Option<String> {
        self.fake.platform().storage.get(Shelf::Site, "twinchat.choices.https://chat.example")
    }

    /// What holds of them.
    fn chosen(&self) -> (String, ColorScheme) {
        self.app.signals.options.with_untracked(|options| (options.locale.clone(), options.color_scheme))
    }

    fn events(&self) -> Vec<String> {
        self.events.take()
    }
}

fn frame(seq: u32, kind: &str, members: &str) -> String {
    format!("event: {kind}\nid: 2.{seq}\ndata: {{\"type\":\"{kind}\",\"messageId\":\"{REPLY}\"{members}}}\n\n")
}

fn accepted(exchange: &Exchange) -> String {
    let key = exchange.request.headers.iter().find(|(name, _)| *name == "idempotency-key").map(|(_, value)| value.clone()).unwrap();
    let user = message(1, "Why?", "complete", &format!(r#","clientId":"{key}""#));
    let reply = message(2, "", "streaming", "");
    frame(1, "progress", &format!(r#","state":"accepted","userMessage":{user},"message":{reply}"#))
}

fn delta(seq: u32, text: &str) -> String {
    frame(seq, "delta", &format!(r#","content":"{text}""#))
}

fn complete(seq: u32, text: &str) -> String {
    frame(seq, "complete", &format!(r#","content":"{text}","status":"complete""#))
}
