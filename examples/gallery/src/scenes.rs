//! One function per state.

use crate::data::{self, DAY, HOUR, MINUTE, answered, asked, entry};
use crate::words::words;
use twinchat::app::{App, Attachment, MessageEntry, Refusal, Refused, Search};
use twinchat::platform::web::local_file;
use twinchat::state::find::Hit;
use twinchat::state::{Connection, EntryStatus, Loading, Problem, Progress, Screen};
use twinchat_protocol::id::MessageId;
use twinchat_protocol::message::{MessageFile, Quote, Role};
use twinchat_protocol::twin::{Capabilities, Twin};

/// Their names, for the address.
pub(crate) const ALL: &[&str] = &[
    "closed",
    "twins",
    "twins-few",
    "twins-loading",
    "twins-failed",
    "twins-none",
    "list",
    "list-empty",
    "list-loading",
    "welcome",
    "chat",
    "rich",
    "stream",
    "waiting",
    "queued",
    "unsent",
    "limited",
    "failed",
    "stopped",
    "notice",
    "offline",
    "reconnecting",
    "loading",
    "chat-failed",
    "long",
    "away",
    "over",
    "hostile",
    "files",
    "uploading",
    "people",
    "awaiting",
    "shared",
    "reply",
    "search",
    "searching",
    "search-nothing",
    "history",
    "alone-launcher",
    "alone-picker",
    "alone-list",
    "alone-messages",
    "alone-composer",
    "alone-notice",
    "alone-banner",
    "alone-markdown",
];

fn problem(code: &str, retry_in: u64, retryable: bool) -> Problem {
    let retry_at = (retry_in > 0).then(|| data::now() + retry_in);
    Problem { code: code.to_owned(), message: String::new(), request_id: "req_7f3k29".to_owned(), retry_at, retryable }
}

/// Puts the app into the state of this name.
pub(crate) fn set(app: App, scene: &str) {
    let s = app.signals;
    s.now.set(data::now());
    s.open.set(scene != "closed");
    s.unread.set(if scene == "closed" { 3 } else { 0 });
    s.connection.set(Connection::Open);
    s.twins.set((0..8).map(data::twin).collect());
    s.twins_loading.set(Loading::Ready);
    let ages = [4 * MINUTE, 2 * HOUR, DAY + HOUR, 3 * DAY, 3 * DAY + HOUR, 12 * DAY, 40 * DAY, 420 * DAY];
    s.conversations.set((0..).zip(ages).map(|(number, age)| data::conversation(number, age)).collect());
    s.conversations_loading.set(Loading::Ready);
    s.conversations_more.set(true);
    s.messages_loading.set(Loading::Ready);
    s.twin.set(Some(data::twin(1)));
    s.screen.set(Screen::Chat);
    s.settings.update(|settings| settings.disclaimer = words().disclaimer.to_owned());
    match scene {
        name if name.starts_with("twins") => twins(app, name),
        name if name.starts_with("list") => list(app, name),
        name => chat(app, name),
    }
}

fn twins(app: App, scene: &str) {
    let s = app.signals;
    s.screen.set(Screen::Twins);
    s.twin.set(None);
    match scene {
        "twins-few" => s.twins.update(|twins| twins.truncate(3)),
        "twins-loading" => s.twins_loading.set(Loading::Busy),
        "twins-failed" => s.twins_loading.set(Loading::Failed(problem("NETWORK", 0, true))),
        _ => {}
    }
    if matches!(scene, "twins-loading" | "twins-failed" | "twins-none") {
        s.twins.set(Vec::new());
        s.conversations.set(Vec::new());
    }
}

fn list(app: App, scene: &str) {
    let s = app.signals;
    s.screen.set(Screen::Conversations);
    s.conversation.set(Some(data::conversation(2, DAY + HOUR)));
    if scene != "list" {
        s.conversations.set(Vec::new());
        s.conversations_more.set(false);
        s.conversations_loading.set(if scene == "list-loading" { Loading::Busy } else { Loading::Ready });
    }
}

fn chat(app: App, scene: &str) {
    let s = app.signals;
    let question = || asked("u2", 3 * MINUTE, words().questions[1]);
    let reply = |text: &str, status: EntryStatus| entry("a2", Role::Assistant, 2 * MINUTE, text, status);
    let mut messages = vec![asked("u1", DAY, words().questions[0]), answered("a1", DAY - MINUTE, words().short), question()];
    let half: String = words().rich.chars().take(330).collect();
    match scene {
        "welcome" | "loading" | "chat-failed" | "shared" => messages.clear(),
        "uploading" | "people" | "awaiting" | "reply" => messages = talk_of_people(scene),
        "history" => messages = long_history(),
        "rich" => messages.push(reply(words().rich, EntryStatus::Complete)),
        "hostile" => messages.push(reply(data::HOSTILE, EntryStatus::Complete)),
        "stream" => messages.push(reply(&half, EntryStatus::Streaming)),
        "waiting" => {
            messages.push(reply("", EntryStatus::Waiting(Progress { text: words().progress.to_owned(), ..Progress::default() })));
        }
        "queued" => messages.push(reply("", EntryStatus::Waiting(Progress { position: 3, eta_seconds: 25, ..Progress::default() }))),
        "unsent" => {
            messages[2].status.set(EntryStatus::Unsent(problem("OFFLINE", 0, true)));
            messages.push(entry("u3", Role::User, 0, words().next[0], EntryStatus::Sending));
        }
        "limited" => messages[2].status.set(EntryStatus::Unsent(problem("RATE_LIMITED", 95_000, true))),
        "failed" => {
            messages.push(reply(&half, EntryStatus::Failed(problem("REPLY_INCOMPLETE", 0, true))));
        }
        "stopped" => messages.push(reply(words().stopped, EntryStatus::Stopped)),
        "long" => {
            messages = (0..30)
                .flat_map(|n| {
                    [
                        asked(&format!("u{n}"), (60 - n) * HOUR, words().next[1]),
                        answered(&format!("b{n}"), (60 - n) * HOUR - MINUTE, words().short),
                    ]
                })
                .collect();
            s.messages_more.set(true);
        }
        _ => messages.push(reply(words().short, EntryStatus::Complete)),
    }
    if matches!(scene, "reply") {
        s.quote.set(Some(quote()));
        s.draft.set(words().people[4].to_owned());
    }
    s.replying.set(matches!(scene, "stream" | "waiting" | "queued"));
    s.messages.set(messages);
    frame(app, scene);
}

/// What is not about messages.
fn frame(app: App, scene: &str) {
    let s = app.signals;
    match scene {
        "notice" | "alone-notice" => s.notice.set(Some(problem("RATE_LIMITED", 42_000, true))),
        "offline" => s.connection.set(Connection::Offline),
        "reconnecting" | "alone-banner" => s.connection.set(Connection::Waiting { retry_at: data::now() + 7_000 }),
        "loading" => s.messages_loading.set(Loading::Busy),
        "chat-failed" => s.messages_loading.set(Loading::Failed(problem("UPSTREAM_UNAVAILABLE", 0, true))),
        "files" => attach(app),
        "shared" => s.twin.set(Some(able(Capabilities { reply: true, shared: true, ..Capabilities::default() }))),
        "people" | "reply" => s.twin.set(Some(able(Capabilities { reply: true, search: true, ..Capabilities::default() }))),
        "awaiting" => {
            s.twin.set(Some(able(Capabilities { reply: true, ..Capabilities::default() })));
            s.awaiting.set(true);
        }
        "search" | "searching" | "search-nothing" => search(app, scene),
        "away" => s.twin.set(Some(data::twin(3))),
        "over" => {
            s.settings.update(|settings| settings.max_message_chars = 200);
            s.draft.set(words().too_long.repeat(4));
        }
        _ => {}
    }
}

fn able(capabilities: Capabilities) -> Twin {
    Twin { capabilities, ..data::twin(1) }
}

fn quote() -> Quote {
    Quote {
        message_id: MessageId::from_random("gallery0a2"),
        excerpt: words().quote.to_owned(),
        author: Some(words().authors[0].to_owned()),
    }
}

/// With people behind the twin, who have names.
fn talk_of_people(scene: &str) -> Vec<MessageEntry> {
    let question = asked("u1", 40 * MINUTE, words().people[0]);
    let person = answered("gallery0a2", 32 * MINUTE, words().people[1]);
    person.id.set(quote().message_id.to_string());
    person.extras.update(|extras| extras.author = words().authors[0].to_owned());
    let file = |name: &str, size| MessageFile { name: name.to_owned(), media_type: "image/png".to_owned(), size };
    let own = asked("u2", 20 * MINUTE, words().people[2]);
    own.extras.update(|extras| {
        extras.reply_to = Some(quote());
        extras.files = vec![file(words().files[0], 482_113), file("dia-chi.pdf", 2_410_000)];
    });
    if scene == "uploading" {
        own.status.set(EntryStatus::Uploading(62));
    }
    let other = answered("a3", 2 * MINUTE, words().people[3]);
    other.extras.update(|extras| extras.author = words().authors[1].to_owned());
    let mut messages = vec![question, person, own];
    if matches!(scene, "people" | "reply") {
        messages.push(other);
    }
    messages
}

/// As much as nobody reads.
fn long_history() -> Vec<MessageEntry> {
    (0..10_000_u64)
        .map(|n| {
            let (key, age) = (format!("h{n}"), (10_000 - n) * 11 * MINUTE);
            if n % 2 == 0 { asked(&key, age, &[words().next[1], " ", &n.to_string()].concat()) } else { answered(&key, age, words().short) }
        })
        .collect()
}

fn attach(app: App) {
    let s = app.signals;
    s.twin.set(Some(able(Capabilities { stream: true, stop: true, files: true, ..Capabilities::default() })));
    s.settings.update(|settings| {
        settings.files.max_count = 4;
        settings.files.max_bytes = 10 << 20;
    });
    let file = |name: &str, kind: &str, bytes: &[u8]| {
        let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(bytes));
        let bag = web_sys::FilePropertyBag::new();
        bag.set_type(kind);
        local_file(&web_sys::File::new_with_u8_array_sequence_and_options(&parts, name, &bag).expect("a file"))
    };
    let picture = include_bytes!("../../../emulator/avatars/lan-chi.png");
    let pdf = vec![0; 2_400_000];
    let files = [file(words().files[0], "image/png", picture), file(words().files[1], "application/pdf", &pdf)];
    s.attachments.set((0..).zip(files).map(|(id, file)| Attachment { id, file }).collect());
    s.refused.set(vec![
        Refused { name: "video.mov".to_owned(), why: Refusal::Type },
        Refused { name: "catalogue.pdf".to_owned(), why: Refusal::TooLarge(10_000_000) },
    ]);
    s.draft.set(words().people[2].to_owned());
}

fn search(app: App, scene: &str) {
    let hit = |(number, [before, found, after]): (usize, &[&str; 3])| Hit {
        message_id: format!("hit{number}"),
        own: number != 1,
        created_at: data::now() - [0, 1, 9][number] * DAY,
        before: before.to_string(),
        found: found.to_string(),
        after: after.to_string(),
    };
    let hits = words().hits.iter().enumerate().map(hit).collect();
    let (hits, loading) = match scene {
        "search" => (hits, Loading::Ready),
        "searching" => (Vec::new(), Loading::Busy),
        _ => (Vec::new(), Loading::Ready),
    };
    app.open_search();
    app.signals.search.update(|search| {
        if let Some(search) = search {
            *search = Search { text: words().hits[0][1].to_owned(), hits, loading, ..search.clone() };
        }
    });
}
