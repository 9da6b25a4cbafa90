use super::{Announce, App, ColorScheme, Mode, Options, WidgetEvent};
use crate::platform::Shelf;
use crate::platform::fake::{Exchange, Fake};
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

/// One twin, nobody was ever here, the panel is open.
fn site() -> Site {
    let fake = Fake::new();
    proxy(&fake, &[TWIN], "[]");
    let site = site_of(&fake, Options::default());
    site.app.open();
    fake.run();
    site
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

#[test]
fn nothing_is_asked_or_kept_before_the_panel_is_opened_and_nothing_kept_before_the_first_message() {
    let fake = Fake::new();
    proxy(&fake, &[TWIN, OTHER_TWIN], "[]");
    let site = site_of(&fake, Options::default());
    assert!(fake.log().is_empty());
    assert_eq!(site.events(), ["ready"]);
    site.app.open();
    fake.run();
    assert_eq!(site.events(), ["opened", "connected"]);
    assert!(!fake.log().iter().any(|request| request.url.contains("conversations")), "who was never here has none");
    assert_eq!(site.app.signals.twins.with_untracked(Vec::len), 2);
    assert_eq!(site.app.signals.settings.get_untracked().title, "Hỏi Mai");
    assert_eq!(site.app.signals.screen.get_untracked(), Screen::Twins);
    site.app.choose_twin(OTHER_TWIN);
    assert_eq!(site.app.signals.screen.get_untracked(), Screen::Chat);
    fake.advance(60_000);
    assert!(fake.keeps_nothing());
    let _post = site.type_and_send("Why?");
    assert!(!fake.keeps_nothing());
}

#[test]
fn a_question_is_asked_and_the_answer_streams_in() {
    let site = site();
    assert_eq!(site.app.signals.screen.get_untracked(), Screen::Chat, "the only twin needs no choice");
    site.events();
    let post = site.type_and_send(" Why? ");
    assert_eq!(site.app.signals.draft.get_untracked(), "");
    assert_eq!(site.statuses()[0], EntryStatus::Sending);
    assert!(site.app.signals.replying.get_untracked());
    let text = accepted(&post);
    let line = post.open(200, &[]);
    line.say(&[text, delta(2, "Be"), delta(3, "cau")].concat());
    site.fake.advance(20);
    assert_eq!(site.texts(), ["Why?", "Becau"]);
    assert_eq!(site.statuses(), [EntryStatus::Complete, EntryStatus::Streaming]);
    line.say(&complete(4, "Because."));
    site.fake.advance(20);
    assert_eq!(site.texts(), ["Why?", "Because."]);
    assert!(!site.app.signals.replying.get_untracked());
    assert_eq!(site.app.signals.connection.get_untracked(), Connection::Open);
    assert_eq!(site.events(), ["thread.change", "message.sent", "response.start", "response.end Complete"]);
    assert_eq!(site.app.signals.conversations.with_untracked(Vec::len), 1);
    let feed = site.fake.request();
    assert!(feed.request.url.ends_with("/events?after=2.4"), "what other tabs say is heard while the panel is in sight");
    let feed = feed.open(200, &[]);
    site.app.close();
    site.fake.run();
    assert!(feed.is_dropped());
}

#[test]
fn two_thousand_deltas_are_drawn_once_per_picture() {
    let site = site();
    let post = site.type_and_send("Why?");
    let text = accepted(&post);
    let line = post.open(200, &[]);
    line.say(&text);
    site.fake.advance(20);
    let entry = site.app.signals.messages.get_untracked()[1].clone();
    let updates = Arc::new(AtomicUsize::new(0));
    let count = updates.clone();
    let _effect = ImmediateEffect::new(move || {
        entry.text.track();
        count.fetch_add(1, Ordering::Relaxed);
    });
    for seq in 2..2002 {
        line.say(&delta(seq, "x"));
        if seq % 200 == 0 {
            site.fake.advance(20);
        }
    }
    site.fake.advance(20);
    assert_eq!(site.texts()[1].len(), 2000);
    assert!(updates.load(Ordering::Relaxed) <= 13, "{updates:?}");
}

#[test]
fn after_more_text_than_can_be_read_the_next_picture_waits_and_after_little_it_does_not() {
    let site = site();
    let post = site.type_and_send("Why?");
    let text = accepted(&post);
    let line = post.open(200, &[]);
    line.say(&text);
    site.fake.advance(20);
    line.say(&delta(2, "little "));
    site.fake.advance(20);
    line.say(&delta(3, &"much ".repeat(200)));
    site.fake.advance(20);
    assert_eq!(site.texts()[1].len(), 1007);
    line.say(&delta(4, "more"));
    site.fake.advance(20);
    assert_eq!(site.texts()[1].len(), 1007);
    site.fake.advance(30);
    assert_eq!(site.texts()[1].len(), 1011);
    line.say(&delta(5, "!"));
    site.fake.advance(20);
    assert_eq!(site.texts()[1].len(), 1012);
}

#[test]
fn a_blank_or_too_long_text_is_not_sent_and_stays() {
    let site = site();
    for text in ["  \n ", &"x".repeat(21)] {
        site.app.set_draft(text);
        site.app.send();
        assert!(site.fake.is_quiet());
        assert_eq!(site.app.signals.draft.get_untracked(), text);
    }
}

#[test]
fn what_the_proxy_refuses_for_good_goes_back_into_the_draft() {
    let site = site();
    let post = site.type_and_send("Why?");
    post.answer(400, &[], r#"{"error":"INVALID_REQUEST","message":"Không được","details":{"retryable":false}}"#);
    site.fake.run();
    assert!(site.texts().is_empty());
    assert_eq!(site.app.signals.draft.get_untracked(), "Why?");
    assert_eq!(site.app.signals.notice.get_untracked().unwrap().message, "Không được");
    assert!(!site.app.signals.replying.get_untracked());
}

#[test]
fn what_could_not_be_sent_is_marked_and_sent_again_at_a_tap_under_the_same_key() {
    let site = site();
    let post = site.type_and_send("Why?");
    let key = site.key(0);
    post.answer(429, &[("retry-after", "30")], r#"{"error":"RATE_LIMITED","details":{"retryable":true,"retryAfter":30}}"#);
    site.fake.run();
    assert!(matches!(&site.statuses()[..], [EntryStatus::Unsent(problem)] if problem.code == "RATE_LIMITED" && problem.retry_at.is_some()));
    let before = site.app.signals.now.get_untracked();
    site.fake.advance(3000);
    assert!(site.app.signals.now.get_untracked() >= before + 2000, "a countdown moves");
    site.app.retry(&key);
    let post = site.fake.request();
    assert!(post.request.headers.iter().any(|(_, value)| *value == key));
    assert_eq!(site.key(0), key);
    let text = accepted(&post);
    post.open(200, &[]).say(&[text, complete(2, "So.")].concat());
    site.fake.advance(20);
    assert_eq!(site.texts(), ["Why?", "So."]);
}

#[test]
fn without_a_network_a_message_waits_and_goes_out_by_itself_when_it_is_back() {
    let site = site();
    site.fake.set_online(false);
    assert_eq!(site.app.signals.connection.get_untracked(), Connection::Offline);
    site.app.send_text("Why?");
    site.fake.run();
    assert!(matches!(&site.statuses()[..], [EntryStatus::Unsent(problem)] if problem.code == "OFFLINE"));
    let key = site.key(0);
    site.fake.set_online(true);
    let post = site.fake.request();
    assert!(post.request.headers.iter().any(|(_, value)| *value == key));
    assert!(site.fake.is_quiet(), "once");
}

#[test]
fn a_given_up_message_comes_back_as_a_draft() {
    let site = site();
    site.fake.set_online(false);
    site.app.send_text("Why?");
    site.fake.run();
    site.app.discard(&site.key(0));
    assert!(site.texts().is_empty());
    assert_eq!(site.app.signals.draft.get_untracked(), "Why?");
}

#[test]
fn stop_is_remembered_until_the_reply_has_a_name() {
    let site = site();
    let post = site.type_and_send("Why?");
    site.app.stop();
    assert!(site.fake.is_quiet());
    let text = accepted(&post);
    let line = post.open(200, &[]);
    line.say(&text);
    let stop = site.fake.request();
    assert!(stop.request.url.ends_with("/messages/msg_0000000000000002/stop"));
    stop.answer(200, &[], &envelope("{}"));
    line.say(&frame(2, "complete", r#","content":"","status":"stopped""#));
    site.fake.advance(20);
    assert_eq!(site.statuses()[1], EntryStatus::Stopped);
    assert_eq!(site.events().last().unwrap(), "response.end Stopped");
}

#[test]
fn a_failed_reply_is_asked_for_once_more_and_stands_as_it_was_when_that_is_refused() {
    let site = site();
    let post = site.type_and_send("Why?");
    let text = accepted(&post);
    let line = post.open(200, &[]);
    line.say(
        &[
            text,
            delta(2, "Be"),
            frame(3, "error", r#","status":"incomplete","error":{"error":"REPLY_INCOMPLETE","details":{"retryable":true}}"#),
        ]
        .concat(),
    );
    site.fake.advance(20);
    assert_eq!(site.texts(), ["Why?", "Be"]);
    let _feed = site.fake.request();
    site.app.retry(&site.key(1));
    site.fake.run();
    assert_eq!(site.texts(), ["Why?", ""]);
    let post = site.fake.request();
    assert!(post.request.url.ends_with("/retry"));
    post.answer(429, &[], r#"{"error":"RATE_LIMITED","details":{"retryable":true}}"#);
    site.fake.run();
    assert_eq!(site.texts(), ["Why?", "Be"]);
    assert_eq!(site.app.signals.notice.get_untracked().unwrap().code, "RATE_LIMITED");
    site.app.retry(&site.key(1));
    site.fake.request().open(200, &[]).say(&[delta(5, "Yes"), complete(6, "Yes.")].concat());
    site.fake.advance(20);
    assert_eq!(site.texts(), ["Why?", "Yes."]);
    assert_eq!(site.statuses()[1], EntryStatus::Complete);
}

#[test]
fn a_reply_goes_on_while_another_conversation_is_open_and_counts_as_unread() {
    let site = site();
    let post = site.type_and_send("Why?");
    let text = accepted(&post);
    let line = post.open(200, &[]);
    line.say(&[text, delta(2, "Be")].concat());
    site.fake.advance(20);
    site.app.new_conversation();
    site.fake.advance(100);
    assert!(site.texts().is_empty());
    assert!(!site.app.signals.replying.get_untracked());
    assert!(!line.is_dropped());
    line.say(&complete(3, "Because."));
    site.fake.advance(20);
    assert_eq!(site.app.signals.unread.get_untracked(), 1);
    assert_eq!((site.app.unread_in(CONVERSATION), site.app.unread_in("conv_other")), (1, 0));
    site.app.open_conversation(CONVERSATION);
    assert_eq!(site.texts(), ["Why?", "Because."]);
    assert_eq!((site.app.signals.unread.get_untracked(), site.app.unread_in(CONVERSATION)), (0, 0));
    assert!(site.events().contains(&"unread.change 1".to_owned()));
}

#[test]
fn a_reply_that_ends_behind_a_closed_panel_is_unread_until_it_is_opened() {
    let site = site();
    let post = site.type_and_send("Why?");
    let text = accepted(&post);
    let line = post.open(200, &[]);
    line.say(&text);
    site.fake.run();
    site.app.close();
    line.say(&complete(2, "So."));
    site.fake.advance(20);
    assert_eq!(site.app.signals.unread.get_untracked(), 1);
    site.app.open();
    assert_eq!(site.app.signals.unread.get_untracked(), 0);
}

#[test]
fn after_a_reload_the_conversation_is_open_again_and_its_reply_goes_on() {
    let site = site();
    let post = site.type_and_send("Why?");
    let text = accepted(&post);
    post.open(200, &[]).say(&[text, delta(2, "Be")].concat());
    site.fake.advance(20);
    site.app.destroy();
    let user = message(1, "Why?", "complete", "");
    proxy(&site.fake, &[TWIN, OTHER_TWIN], &format!("[{user},{}]", message(2, "Be", "streaming", r#","eventId":"2.2""#)));
    let again = site_of(&site.fake, Options { mode: Mode::Inline, ..Options::default() });
    assert_eq!(again.app.signals.screen.get_untracked(), Screen::Chat);
    assert_eq!(again.texts(), ["Why?", "Be"]);
    assert!(again.app.signals.replying.get_untracked());
    let feed = again.fake.request();
    assert!(feed.request.url.ends_with("/events?after=2.2"));
    let line = feed.open(200, &[]);
    line.say(&[delta(2, "Be"), delta(3, "cause")].concat());
    again.fake.advance(20);
    assert_eq!(again.texts(), ["Why?", "Because"]);
    line.say(&complete(4, "Because."));
    again.fake.advance(20);
    assert!(!line.is_dropped(), "the panel is in sight: the feed stays open");
    again.fake.set_visible(false);
    assert!(line.is_dropped());
}

#[test]
fn after_a_reload_what_was_said_lately_is_asked_for_beside_the_lists_and_once() {
    let site = site();
    let post = site.type_and_send("Why?");
    let text = accepted(&post);
    post.open(200, &[]).say(&[text, complete(2, "So.")].concat());
    site.fake.advance(20);
    site.app.destroy();
    let before = site.fake.log().len();
    let said = envelope(&format!("[{},{}]", message(1, "Why?", "complete", ""), message(2, "So.", "complete", "")));
    site.fake.serve(move |request| match &request.url {
        url if url.contains("/messages") => Some((200, said.clone())),
        url if url.ends_with("/oauth/token") => Some((200, TOKEN.to_owned())),
        url if url.ends_with("/widget") => Some((200, envelope("{}"))),
        _ => None,
    });
    let again = site_of(&site.fake, Options { open: true, ..Options::default() });
    let asked = |path: &str| again.fake.log()[before..].iter().filter(|request| request.url.contains(path)).count();
    assert_eq!((asked("/api/v1/twins"), asked("/messages")), (1, 1), "the twins are not here yet");
    proxy(&again.fake, &[TWIN], "[]");
    while !again.fake.is_quiet() {
        let waiting = again.fake.request();
        let body = match waiting.request.url.rsplit('/').next().unwrap_or_default() {
            path if path.starts_with("twins?") => envelope(&format!("[{}]", twin(TWIN))),
            path if path.starts_with("conversations") => envelope(&format!("[{}]", conversation(CONVERSATION, TWIN))),
            _ => break, // the feed
        };
        waiting.answer(200, &[], &body);
        again.fake.run();
    }
    assert_eq!(again.texts(), ["Why?", "So."]);
    assert_eq!(asked("/messages"), 1);
    assert_eq!(again.app.signals.twin.with_untracked(|twin| twin.as_ref().map(|twin| twin.id.to_string())), Some(TWIN.to_owned()));
}

#[test]
fn a_returning_visitor_finds_the_conversations() {
    let site = site();
    let _post = site.type_and_send("Why?");
    site.app.destroy();
    proxy(&site.fake, &[TWIN, OTHER_TWIN], "[]");
    site.fake.platform().storage.set(crate::platform::Shelf::Tab, "twinchat.thread.https://chat.example", "");
    let again = site_of(&site.fake, Options { open: true, ..Options::default() });
    assert_eq!(again.app.signals.screen.get_untracked(), Screen::Conversations);
    assert_eq!(again.app.signals.conversations.with_untracked(Vec::len), 1);
    again.app.choose_twin(TWIN);
    assert_eq!(again.app.signals.conversation.get_untracked().unwrap().id.as_str(), CONVERSATION, "the latest one with this twin");
    again.app.new_conversation();
    assert!(again.app.signals.conversation.get_untracked().is_none());
    again.app.back();
    assert_eq!(again.app.signals.screen.get_untracked(), Screen::Conversations);
    again.app.back();
    assert_eq!(again.app.signals.screen.get_untracked(), Screen::Chat);
}

#[test]
fn an_erased_conversation_is_gone_from_list_and_screen() {
    let site = site();
    let post = site.type_and_send("Why?");
    let text = accepted(&post);
    post.open(200, &[]).say(&[text, complete(2, "So.")].concat());
    site.fake.advance(20);
    let _feed = site.fake.request();
    site.app.delete_conversation(CONVERSATION);
    let delete = site.fake.request();
    assert_eq!(delete.request.method, "DELETE");
    delete.answer(200, &[], &envelope("{}"));
    site.fake.run();
    assert!(site.app.signals.conversations.get_untracked().is_empty());
    assert!(site.texts().is_empty());
    assert!(site.app.signals.conversation.get_untracked().is_none());
}

#[test]
fn what_failed_to_load_is_told_and_fetched_again() {
    let fake = Fake::new();
    fake.serve(|_| Some((503, "down".to_owned())));
    let site = site_of(&fake, Options { open: true, ..Options::default() });
    assert!(matches!(site.app.signals.twins_loading.get_untracked(), Loading::Failed(problem) if problem.retryable));
    proxy(&fake, &[TWIN], "[]");
    site.app.try_now();
    fake.run();
    assert_eq!(site.app.signals.twins_loading.get_untracked(), Loading::Ready);
    assert_eq!(site.app.signals.screen.get_untracked(), Screen::Chat);
}

#[test]
fn a_draft_belongs_to_its_conversation() {
    let fake = Fake::new();
    proxy(&fake, &[TWIN, OTHER_TWIN], "[]");
    let site = site_of(&fake, Options { open: true, ..Options::default() });
    site.app.choose_twin(TWIN);
    let post = site.type_and_send("Why?");
    let text = accepted(&post);
    post.open(200, &[]).say(&[text, complete(2, "So.")].concat());
    fake.advance(20);
    site.app.set_draft("half a word");
    site.app.new_conversation();
    assert_eq!(site.app.signals.draft.get_untracked(), "");
    site.app.open_conversation(CONVERSATION);
    assert_eq!(site.app.signals.draft.get_untracked(), "half a word");
}

#[test]
fn destroyed_it_holds_no_line_and_does_nothing_more() {
    let site = site();
    let post = site.type_and_send("Why?");
    let text = accepted(&post);
    let line = post.open(200, &[]);
    line.say(&text);
    site.fake.run();
    site.events();
    let asked = site.fake.log().len();
    site.app.destroy();
    site.fake.run();
    assert!(line.is_dropped());
    site.app.send_text("And?");
    site.app.open();
    site.fake.set_online(false);
    site.fake.set_online(true);
    site.fake.advance(100_000);
    assert_eq!(site.fake.log().len(), asked);
    assert!(site.events().is_empty());
}

#[test]
fn another_proxy_is_another_beginning() {
    let site = site();
    let _post = site.type_and_send("Why?");
    site.app.set_options(Options { proxy: "https://other.example".to_owned(), ..Options::default() });
    assert!(site.texts().is_empty());
    let asked = Cell::new(0);
    while !site.fake.is_quiet() {
        let exchange = site.fake.request();
        asked.set(asked.get() + u32::from(exchange.request.url.starts_with("https://other.example/")));
    }
    assert!(asked.get() > 0);
    assert_eq!(site.app.url("/avatars/a"), "https://other.example/avatars/a");
}

#[test]
fn what_is_thought_of_a_reply_is_taken_back_when_the_proxy_refuses_it() {
    let site = site();
    let post = site.type_and_send("Why?");
    let text = accepted(&post);
    post.open(200, &[]).say(&[text, complete(2, "So.")].concat());
    site.fake.advance(20);
    let _feed = site.fake.request();
    site.app.feedback(&site.key(1), Some(twinchat_protocol::message::Feedback::Up));
    let entry = site.app.signals.messages.get_untracked()[1].clone();
    assert!(entry.feedback.get_untracked().is_some());
    let post = site.fake.request();
    assert_eq!(post.request.body, r#"{"feedback":"up"}"#);
    post.answer(500, &[], "");
    site.fake.run();
    assert!(entry.feedback.get_untracked().is_none());
}

fn kept(fake: &Fake, shelf: Shelf, name: &str) -> Option<String> {
    fake.platform().storage.get(shelf, &format!("twinchat.{name}.https://chat.example"))
}

const CHOICES: &str = "choices";

/// Asks and is answered; the feed that follows is left waiting.
fn ask(site: &Site) {
    let post = site.type_and_send("Why?");
    let text = accepted(&post);
    post.open(200, &[]).say(&[text, complete(2, "So.")].concat());
    site.fake.advance(20);
}

fn chosen(site: &Site) -> (String, ColorScheme) {
    site.app.signals.options.with_untracked(|options| (options.locale.clone(), options.color_scheme))
}

#[test]
fn what_the_visitor_chooses_is_kept_from_the_first_message_on_and_wins_after_a_reload() {
    let site = site();
    site.app.set_locale("en");
    site.app.set_color_scheme(ColorScheme::Dark);
    site.fake.run();
    assert_eq!(chosen(&site), ("en".to_owned(), ColorScheme::Dark));
    assert!(site.fake.keeps_nothing());
    ask(&site);
    assert_eq!(kept(&site.fake, Shelf::Site, CHOICES).as_deref(), Some("en|dark"));
    site.app.set_color_scheme(ColorScheme::Auto);
    assert_eq!(kept(&site.fake, Shelf::Site, CHOICES).as_deref(), Some("en|auto"));
    site.app.set_announce(Announce::Sentences);
    site.app.destroy();
    let page = Options { locale: "vi".to_owned(), color_scheme: ColorScheme::Light, ..Options::default() };
    let again = site_of(&site.fake, page);
    assert_eq!(chosen(&again), ("en".to_owned(), ColorScheme::Auto));
    assert_eq!(again.app.signals.options.with_untracked(|options| options.announce), Announce::Sentences);
    again.app.open();
    again.fake.run();
    let asked = again.fake.log();
    assert!(asked.last().unwrap().headers.iter().any(|header| *header == ("accept-language", "en".to_owned())), "the proxy too is told");
}

#[test]
fn a_later_word_of_the_page_wins_over_the_visitors_choice_and_clears_it() {
    let site = site();
    let page = |locale: &str, accent: &str| Options {
        proxy: "https://chat.example/".to_owned(),
        locale: locale.to_owned(),
        accent: accent.to_owned(),
        ..Options::default()
    };
    ask(&site);
    site.app.set_options(page("vi", ""));
    site.app.set_locale("en");
    site.app.set_color_scheme(ColorScheme::Dark);
    site.app.set_options(page("vi", "#0f766e"));
    assert_eq!(chosen(&site), ("en".to_owned(), ColorScheme::Dark), "a word about something else is none about these");
    site.app.set_options(page("vi", "#0f766e"));
    assert_eq!(chosen(&site), ("vi".to_owned(), ColorScheme::Dark), "the same once more is meant");
    assert_eq!(kept(&site.fake, Shelf::Site, CHOICES).as_deref(), Some("|dark"));
    site.app.set_options(Options { color_scheme: ColorScheme::Light, ..page("vi", "") });
    assert_eq!(chosen(&site).1, ColorScheme::Light);
    assert_eq!(kept(&site.fake, Shelf::Site, CHOICES), None);
}

#[test]
fn a_panel_that_was_open_comes_back_only_for_who_has_written() {
    let site = site();
    let flag = |site: &Site| site.fake.platform().storage.get(Shelf::Tab, "twinchat.open.https://chat.example/");
    assert_eq!(flag(&site), None);
    ask(&site);
    assert_eq!(flag(&site).as_deref(), Some("1"), "under the proxy's name as the page writes it");
    site.app.close();
    assert_eq!(flag(&site), None);
    site.app.open();
    assert_eq!(flag(&site).as_deref(), Some("1"));
    site.app.destroy();
    let again = site_of(&site.fake, Options::default());
    again.app.come_back();
    again.fake.run();
    assert!(again.app.signals.open.get_untracked());
    assert!(again.app.came_back(), "nobody has asked for the focus");
    assert_eq!(again.app.signals.screen.get_untracked(), Screen::Chat);
    again.app.close();
    again.app.open();
    assert!(!again.app.came_back());
}

#[test]
fn a_panel_does_not_come_back_over_a_small_screen_or_where_the_site_wants_that_not() {
    for (small, restore) in [(true, true), (false, false)] {
        let site = site();
        ask(&site);
        site.app.destroy();
        site.fake.set_small(small);
        let again = site_of(&site.fake, Options { restore, ..Options::default() });
        again.app.come_back();
        again.fake.run();
        assert!(!again.app.signals.open.get_untracked());
        again.app.open();
        again.fake.run();
        assert_eq!(again.fake.platform().storage.get(Shelf::Tab, "twinchat.open.https://chat.example/"), None);
    }
}

#[test]
fn reset_forgets_the_visitor_and_the_next_message_is_a_new_ones() {
    let fake = Fake::new();
    proxy(&fake, &[TWIN], "[]");
    let site = site_of(&fake, Options { locale: "vi".to_owned(), ..Options::default() });
    site.app.open();
    fake.run();
    site.app.set_locale("en");
    ask(&site);
    let feed = fake.request().open(200, &[]);
    let key_of = |request: &crate::platform::Request| request.body.split("subject_token=").nth(1).map(str::to_owned);
    let first = fake.log().iter().find(|request| request.url.ends_with("/oauth/token")).and_then(key_of);
    site.app.set_draft("half a word");
    site.app.reset();
    fake.run();
    assert!(fake.keeps_nothing());
    assert!(feed.is_dropped());
    let revoke = fake.request();
    assert_eq!((&revoke.request.url[..], &revoke.request.body[..]), ("https://chat.example/oauth/revoke", "token=t"));
    revoke.answer(200, &[], "");
    fake.run();
    assert!(site.texts().is_empty() && site.app.signals.draft.with_untracked(String::is_empty));
    assert!(site.app.signals.conversations.with_untracked(Vec::is_empty));
    assert_eq!(chosen(&site).0, "vi");
    assert!(fake.keeps_nothing(), "until the next message");
    ask(&site);
    assert!(!fake.keeps_nothing());
    let last = fake.log().iter().rfind(|request| request.url.ends_with("/oauth/token")).and_then(key_of);
    assert!(first.is_some() && first != last, "{first:?} {last:?}");
}

#[test]
fn signing_in_shows_the_users_conversations_keeps_the_draft_and_offers_what_was_said_before() {
    let site = site();
    let post = site.type_and_send("Why?");
    let text = accepted(&post);
    let line = post.open(200, &[]);
    line.say(&[text, complete(2, "Because.")].concat());
    site.fake.advance(20);
    site.app.set_draft("And then?");
    site.events();
    site.fake.wait(site.app.identify(Some("jwt".into()))).unwrap();
    site.fake.run();
    let signals = site.app.signals;
    assert_eq!(signals.offer.get_untracked(), Offer::Open);
    assert_eq!(signals.draft.get_untracked(), "And then?");
    assert!(site.texts().is_empty() && line.is_dropped(), "nothing of the visitor before is shown");
    assert_eq!(signals.twin.get_untracked().unwrap().id.as_str(), TWIN);
    assert!(site.events().contains(&"identity.change true".to_owned()));

    site.app.take_over();
    site.fake.run();
    assert_eq!(signals.offer.get_untracked(), Offer::Done(2));
    site.app.decline_offer();
    assert_eq!(signals.offer.get_untracked(), Offer::None);

    site.fake.wait(site.app.identify(None)).unwrap();
    site.fake.run();
    assert!(site.events().contains(&"identity.change false".to_owned()));
    site.fake.wait(site.app.identify(Some("jwt".into()))).unwrap();
    site.fake.run();
    assert_eq!(signals.offer.get_untracked(), Offer::None, "it is asked once");
}

#[test]
fn who_has_said_nothing_before_signing_in_is_asked_nothing_and_a_new_token_of_the_same_user_changes_nothing() {
    let site = site();
    site.fake.wait(site.app.identify(Some("jwt".into()))).unwrap();
    site.fake.run();
    assert_eq!(site.app.signals.offer.get_untracked(), Offer::None);
    let _post = site.type_and_send("Why?");
    site.events();
    site.fake.wait(site.app.identify(Some("another jwt of the same user".into()))).unwrap();
    assert_eq!(site.texts()[0], "Why?");
    assert_eq!(site.events(), Vec::<String>::new());
    assert!(!site.fake.log().iter().any(|request| request.url.ends_with("/revoke")));
}

#[test]
fn a_twin_may_be_named_by_its_upstreams_id_and_one_that_does_not_exist_is_told() {
    let fake = Fake::new();
    proxy(&fake, &[TWIN, OTHER_TWIN], "[]");
    let site = site_of(&fake, Options { twin: "upstreams-own".into(), ..Options::default() });
    site.app.open();
    fake.run();
    assert_eq!(site.app.signals.twin.get_untracked().unwrap().id.as_str(), OTHER_TWIN);
    site.app.choose_twin(TWIN);
    site.app.choose_twin("upstreams-own");
    fake.run();
    assert_eq!(site.app.signals.twin.get_untracked().unwrap().id.as_str(), OTHER_TWIN);
    site.events();
    site.app.choose_twin("nobody");
    fake.request().answer(404, &[], r#"{"error":"NOT_FOUND","message":"","details":{"retryable":false}}"#);
    fake.run();
    assert_eq!(site.events(), ["error"]);
    assert_eq!(site.app.signals.twin.get_untracked().unwrap().id.as_str(), OTHER_TWIN, "and all stays as it was");
}

#[test]
fn where_the_page_asks_for_a_twin_writing_begins_before_the_proxy_has_said_anything() {
    let fake = Fake::new();
    let site = site_of(&fake, Options { twin: OTHER_TWIN.into(), ..Options::default() });
    site.app.open();
    fake.run();
    assert_eq!(site.app.signals.screen.get_untracked(), Screen::Chat);
    assert_eq!(site.app.signals.messages_loading.get_untracked(), Loading::Ready);
    assert_eq!(site.app.signals.twin.get_untracked(), None);
    site.app.set_draft("Why?");
    proxy(&fake, &[TWIN, OTHER_TWIN], "[]");
    // Those of the widget were asked for; the proxy answers what follows.
    fake.request().answer(200, &[], &envelope("{}"));
    fake.run();
    assert_eq!(site.app.signals.twin.get_untracked().unwrap().id.as_str(), OTHER_TWIN);
    assert_eq!(site.app.signals.draft.get_untracked(), "Why?");
}

#[test]
fn a_twin_that_the_page_asks_for_and_that_does_not_exist_leaves_the_choice() {
    let fake = Fake::new();
    proxy(&fake, &[TWIN, OTHER_TWIN], "[]");
    let site = site_of(&fake, Options { twin: "nobody".into(), ..Options::default() });
    site.app.open();
    fake.run();
    fake.request().answer(404, &[], r#"{"error":"NOT_FOUND","message":"","details":{"retryable":false}}"#);
    fake.run();
    assert_eq!(site.app.signals.screen.get_untracked(), Screen::Twins);
    assert!(site.events().contains(&"error".to_owned()));
}

const PEOPLE: &str = "twin_000000000000000c";

/// A twin behind which people are, and one that takes files.
fn site_of_people(fake: &Fake) -> Site {
    proxy(fake, &[], "[]");
    let inner = fake.clone();
    fake.serve({
        let twin = format!(
            r#"[{{"id":"{PEOPLE}","name":"Mai","description":"","available":true,"starters":[],"capabilities":{{"files":true,"reply":true}}}}]"#
        );
        let rest = proxy_answers(&inner);
        move |request| match request.url.split('?').next() {
            Some("https://chat.example/api/v1/twins") => Some((200, envelope(&twin))),
            Some("https://chat.example/api/v1/widget") => Some((
                200,
                envelope(r#"{"maxMessageChars":20,"files":{"maxCount":2,"maxBytes":1000,"types":["image/png"],"extensions":["png"]}}"#),
            )),
            _ => rest(request),
        }
    });
    let site = site_of(fake, Options { twin: PEOPLE.into(), ..Options::default() });
    site.app.open();
    site.app.new_conversation();
    fake.run();
    site
}

fn proxy_answers(_: &Fake) -> impl Fn(&crate::platform::Request) -> Option<(u16, String)> + 'static {
    |request| {
        let path = request.url.strip_prefix("https://chat.example").unwrap_or_default();
        let body = match (request.method, path.split('?').next().unwrap_or_default()) {
            (_, "/oauth/token") => TOKEN.to_owned(),
            ("GET", "/api/v1/conversations") => envelope("[]"),
            ("POST", "/api/v1/conversations") | ("GET", "/api/v1/conversations/conv_0000000000000001") => {
                envelope(&conversation(CONVERSATION, PEOPLE))
            }
            _ => return None,
        };
        Some((200, body))
    }
}

fn file(name: &str, media_type: &str, size: u64) -> crate::platform::LocalFile {
    let content: Rc<dyn std::any::Any> = Rc::new(());
    crate::platform::LocalFile { name: name.into(), media_type: media_type.into(), size, content: send_wrapper::SendWrapper::new(content) }
}

fn told_to_people(exchange: &Exchange) -> String {
    let key = exchange.request.headers.iter().find(|(name, _)| *name == "idempotency-key").map(|(_, value)| value.clone()).unwrap();
    let own = |status: &str| message(1, "Hello?", status, &format!(r#","clientId":"{key}""#));
    [
        format!("id: 1.1\nevent: progress\ndata: {{\"type\":\"progress\",\"messageId\":\"msg_{:016}\",\"state\":\"accepted\",\"userMessage\":{}}}\n\n", 1, own("streaming")),
        format!("id: 1.2\nevent: complete\ndata: {{\"type\":\"complete\",\"messageId\":\"msg_{:016}\",\"status\":\"complete\",\"message\":{}}}\n\n", 1, own("complete")),
    ]
    .concat()
}

#[test]
fn what_people_are_told_waits_for_no_reply_and_a_late_answer_counts_behind_a_closed_panel() {
    let fake = Fake::new();
    let site = site_of_people(&fake);
    let post = site.type_and_send("Hello?");
    assert_eq!(site.texts(), ["Hello?"], "nobody is shown as writing");
    assert!(!site.app.signals.replying.get_untracked());
    let words = told_to_people(&post);
    let line = post.open(200, &[]);
    line.say(&words);
    fake.advance(20);
    assert_eq!(site.statuses(), [EntryStatus::Complete]);
    assert!(site.app.signals.awaiting.get_untracked());
    assert_eq!(site.app.signals.unread.get_untracked(), 0, "one's own message is no answer");
    let feed = fake.request();
    assert!(feed.request.url.contains("/events?after=1.2"), "{}", feed.request.url);
    site.app.close();
    fake.run();
    let line = feed.open(200, &[]);
    let answer = message(2, "Here I am.", "complete", r#","author":"Lan Chi""#);
    line.say(&format!("id: 2.1\nevent: message\ndata: {{\"type\":\"message\",\"messageId\":\"msg_{:016}\",\"message\":{answer}}}\n\n", 2));
    fake.advance(20);
    assert_eq!(site.texts(), ["Hello?", "Here I am."]);
    assert!(!site.app.signals.awaiting.get_untracked());
    assert_eq!(site.app.signals.unread.get_untracked(), 1);
    let author = site.app.signals.messages.with_untracked(|list| list[1].extras.with_untracked(|extras| extras.author.clone()));
    assert_eq!(author, "Lan Chi");
    site.app.open();
    fake.run();
    assert_eq!(site.app.signals.unread.get_untracked(), 0);
}

#[test]
fn files_are_checked_before_they_are_sent_and_kept_when_sending_fails() {
    let fake = Fake::new();
    let site = site_of_people(&fake);
    let files = vec![
        file("a.png", "image/png", 10),
        file("b.exe", "application/x-msdownload", 10),
        file("c.png", "image/png", 0),
        file("d.PNG", "", 1001),
        file("e.PNG", "", 20),
        file("f.png", "image/png", 30),
    ];
    site.app.attach(files);
    let attached = |site: &Site| -> Vec<String> {
        site.app.signals.attachments.with_untracked(|files| files.iter().map(|attached| attached.file.name.clone()).collect())
    };
    assert_eq!(attached(&site), ["a.png", "e.PNG"]);
    use super::Refusal::{Empty, TooLarge, TooMany, Type};
    let why: Vec<_> = site.app.signals.refused.with_untracked(|refused| refused.iter().map(|file| file.why).collect());
    assert_eq!(why, [Type, Empty, TooLarge(1000), TooMany(2)]);

    site.app.send();
    let post = fake.request();
    let form = post.request.upload.clone().expect("a form");
    assert_eq!((form.files.len(), form.fields), (2, vec![("content", String::new())]));
    assert!(post.request.body.is_empty() && attached(&site).is_empty());
    (form.told)(40);
    fake.advance(20);
    assert_eq!(site.statuses(), [EntryStatus::Uploading(40)]);
    let key = site.key(0);
    post.answer(403, &[], r#"{"error":"RATE_LIMITED","message":"","details":{"retryable":true,"retryAfter":5}}"#);
    fake.run();
    assert!(matches!(&site.statuses()[..], [EntryStatus::Unsent(_)]), "{:?}", site.statuses());
    site.app.retry(&key);
    let again = fake.request();
    assert_eq!(again.request.upload.as_ref().map(|form| form.files.len()), Some(2), "the files go along once more");
    site.app.cancel_upload(&key);
    fake.run();
    assert!(again.is_dropped() && site.texts().is_empty());
    assert_eq!(attached(&site), ["a.png", "e.PNG"], "they are the draft's again");
}

#[test]
fn a_message_is_quoted_sent_with_its_answer_and_can_be_taken_back() {
    let fake = Fake::new();
    let site = site_of_people(&fake);
    let post = site.type_and_send("Hello?");
    let words = told_to_people(&post);
    post.open(200, &[]).say(&words);
    fake.advance(20);
    let _feed = fake.request();
    let key = site.key(0);
    site.app.reply_to(&key);
    assert_eq!(site.app.signals.quote.get_untracked().unwrap().excerpt, "Hello?");
    site.app.reply_to_none();
    assert_eq!(site.app.signals.quote.get_untracked(), None);
    site.app.reply_to(&key);
    let post = site.type_and_send("Still there?");
    assert!(post.request.body.contains(&format!(r#""replyTo":"msg_{:016}""#, 1)), "{}", post.request.body);
    assert_eq!(site.app.signals.quote.get_untracked(), None);
    post.answer(400, &[], r#"{"error":"INVALID_REQUEST","message":"No.","details":{"retryable":false}}"#);
    fake.run();
    assert_eq!(site.app.signals.draft.get_untracked(), "Still there?");
    assert!(site.app.signals.quote.get_untracked().is_some(), "what was refused comes back whole");
}

#[test]
fn a_message_far_up_is_fetched_and_pointed_at_and_one_that_is_gone_is_told() {
    let site = site();
    let fake = &site.fake;
    fake.serve(move |request| {
        let path = request.url.strip_prefix("https://chat.example").unwrap_or_default();
        let page = |first: u32, last: u32, before: &str| {
            let messages: Vec<String> = (first..=last).map(|ordinal| message(ordinal, "Word.", "complete", "")).collect();
            format!(r#"{{"success":true,"data":[{}],"meta":{{"before":"{before}"}}}}"#, messages.join(","))
        };
        let body = match path {
            "/api/v1/conversations/conv_0000000000000001/messages?limit=30" => page(71, 100, "71"),
            "/api/v1/conversations/conv_0000000000000001/messages?limit=100&before=71" => page(21, 70, "21"),
            "/api/v1/conversations/conv_0000000000000001/messages?limit=100&before=21" => page(1, 20, ""),
            _ if path.starts_with("/api/v1/messages?conversationId=conv_0000000000000001&page=1&search=w%C3%B4rd") => envelope(
                r#"[{"messageId":"msg_0000000000000025","conversationId":"conv_0000000000000001","ordinal":25,"role":"assistant","createdAt":"2026-11-21T03:00:00.000Z","before":"a ","found":"wôrd","after":"!"}]"#,
            ),
            "/api/v1/conversations/conv_0000000000000001" => envelope(&conversation(CONVERSATION, TWIN)),
            _ => return None,
        };
        Some((200, body))
    });
    site.app.open_conversation(CONVERSATION);
    fake.run();
    assert_eq!(site.texts().len(), 30);
    site.app.open_search();
    site.app.search_messages(" wôrd ");
    fake.advance(300);
    let found = site.app.signals.search.get_untracked().unwrap();
    assert_eq!((found.loading, found.hits.len(), &found.hits[0].found[..]), (Loading::Ready, 1, "wôrd"));
    site.app.go_to(&found.hits[0].message_id);
    fake.run();
    assert_eq!(site.texts().len(), 80);
    assert_eq!(site.app.signals.target.get_untracked(), (1, "msg_0000000000000025".to_owned()));
    site.app.go_to("msg_9999999999999999");
    fake.run();
    assert_eq!(site.texts().len(), 100, "it was looked for to the beginning");
    assert_eq!(site.app.signals.notice.get_untracked().map(|problem| problem.code), Some("NOT_FOUND".to_owned()));
}

#[test]
fn who_goes_far_up_gets_larger_pages_and_what_is_drawn_stays() {
    let site = site();
    let fake = &site.fake;
    fake.serve(move |request| {
        let path = request.url.strip_prefix("https://chat.example/api/v1/conversations/conv_0000000000000001")?;
        let page = |first: u32, last: u32, before: &str| {
            let messages: Vec<String> = (first..=last).map(|ordinal| message(ordinal, &ordinal.to_string(), "complete", "")).collect();
            format!(r#"{{"success":true,"data":[{}],"meta":{{"before":"{before}"}}}}"#, messages.join(","))
        };
        let body = match path {
            "/messages?limit=30" => page(201, 230, "201"),
            "/messages?limit=30&before=201" => page(171, 200, "171"),
            "/messages?limit=100&before=171" => page(71, 170, "71"),
            "/messages?limit=100&before=71" => page(1, 70, ""),
            "" => envelope(&conversation(CONVERSATION, TWIN)),
            _ => return None,
        };
        Some((200, body))
    });
    site.app.open_conversation(CONVERSATION);
    fake.run();
    let newest = site.app.signals.messages.get_untracked()[29].clone();
    for length in [60, 160, 230] {
        site.app.load_older_messages();
        fake.run();
        assert_eq!(site.texts().len(), length);
    }
    assert!(!site.app.signals.messages_more.get_untracked());
    assert_eq!(site.texts(), (1..=230).map(|ordinal: u32| ordinal.to_string()).collect::<Vec<_>>());
    newest.text.set("still drawn from".to_owned());
    assert_eq!(site.texts()[229], "still drawn from");
}
