//! One function per state.

use crate::data::{self, DAY, HOUR, MINUTE, answered, asked, entry};
use leptos::prelude::*;
use twinchat::app::App;
use twinchat::state::{Connection, EntryStatus, Loading, Problem, Progress, Screen};
use twinchat_protocol::message::Role;

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
    s.settings.update(|settings| settings.disclaimer = "Câu trả lời do AI tạo, có thể chưa chính xác.".to_owned());
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
    let question = || asked("u2", 3 * MINUTE, "Chỉ mình cách pha trà sen tại nhà với, mình có ấm 220 ml.");
    let reply = |text: &str, status: EntryStatus| entry("a2", Role::Assistant, 2 * MINUTE, text, status);
    let mut messages = vec![asked("u1", DAY, "Trà sen ở tiệm được ướp thế nào?"), answered("a1", DAY - MINUTE, data::SHORT), question()];
    let half: String = data::RICH.chars().take(330).collect();
    match scene {
        "welcome" | "loading" | "chat-failed" => messages.clear(),
        "rich" => messages.push(reply(data::RICH, EntryStatus::Complete)),
        "hostile" => messages.push(reply(data::HOSTILE, EntryStatus::Complete)),
        "stream" => messages.push(reply(&half, EntryStatus::Streaming)),
        "waiting" => {
            messages.push(reply("", EntryStatus::Waiting(Progress { text: "Đang tìm trong tài liệu…".to_owned(), ..Progress::default() })));
        }
        "queued" => messages.push(reply("", EntryStatus::Waiting(Progress { position: 3, eta_seconds: 25, ..Progress::default() }))),
        "unsent" => {
            messages[2].status.set(EntryStatus::Unsent(problem("OFFLINE", 0, true)));
            messages.push(entry("u3", Role::User, 0, "Và giá bao nhiêu một hộp?", EntryStatus::Sending));
        }
        "failed" => {
            messages.push(reply(&half, EntryStatus::Failed(problem("REPLY_INCOMPLETE", 0, true))));
        }
        "stopped" => messages.push(reply("Trước hết bạn **tráng ấm** bằng nước sôi, sau đó", EntryStatus::Stopped)),
        "long" => {
            messages = (0..30)
                .flat_map(|n| {
                    [
                        asked(&format!("u{n}"), (60 - n) * HOUR, "Còn loại nào khác không?"),
                        answered(&format!("b{n}"), (60 - n) * HOUR - MINUTE, data::SHORT),
                    ]
                })
                .collect();
            s.messages_more.set(true);
        }
        _ => messages.push(reply(data::SHORT, EntryStatus::Complete)),
    }
    s.replying.set(matches!(scene, "stream" | "waiting" | "queued"));
    s.messages.set(messages);
    frame(app, scene);
}

/// What is not about messages.
fn frame(app: App, scene: &str) {
    let s = app.signals;
    match scene {
        "notice" => s.notice.set(Some(problem("RATE_LIMITED", 42_000, true))),
        "offline" => s.connection.set(Connection::Offline),
        "reconnecting" => s.connection.set(Connection::Waiting { retry_at: data::now() + 7_000 }),
        "loading" => s.messages_loading.set(Loading::Busy),
        "chat-failed" => s.messages_loading.set(Loading::Failed(problem("UPSTREAM_UNAVAILABLE", 0, true))),
        "away" => s.twin.set(Some(data::twin(3))),
        "over" => {
            s.settings.update(|settings| settings.max_message_chars = 200);
            s.draft.set("Mình muốn hỏi thêm về cách bảo quản trà trong mùa nồm ở Hà Nội, ".repeat(4));
        }
        _ => {}
    }
}
