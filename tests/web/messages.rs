//! The open conversation.

use super::stage::{Stage, chat, entry, inline, problem, twin};
use leptos::prelude::*;
use twinchat::components::MessageList;
use twinchat::state::{EntryStatus, Loading, Progress};
use twinchat_protocol::message::{Feedback, Role};
use wasm_bindgen_test::wasm_bindgen_test;

async fn stage() -> Stage {
    Stage::with(inline(), || view! { <MessageList /> }).await
}

fn talk(count: usize) -> Vec<twinchat::app::MessageEntry> {
    (0..count)
        .map(|n| {
            let role = if n % 2 == 0 { Role::User } else { Role::Assistant };
            entry(&format!("m{n}"), role, &format!("Message number {n}. {}", "Words. ".repeat(20)), EntryStatus::Complete)
        })
        .collect()
}

fn from_end(stage: &Stage) -> i32 {
    let list = stage.find(".tc-messages");
    list.scroll_height() - list.scroll_top() - list.client_height()
}

#[wasm_bindgen_test]
async fn an_empty_conversation_greets_and_offers_questions() {
    let stage = stage().await;
    chat(&stage, Vec::new()).await;
    assert!(stage.text().contains("Hello! How can I help you?"));
    stage.button("What can you do?");
    stage.app.signals.settings.update(|settings| settings.greeting = "Chào bạn!".to_owned());
    stage.settle().await;
    assert!(stage.text().contains("Chào bạn!"), "the owner's greeting wins");
}

#[wasm_bindgen_test]
async fn a_greeting_longer_than_the_panel_is_read_from_its_beginning() {
    let stage = stage().await;
    stage.app.signals.options.update(|options| options.starters = (0..20).map(|n| format!("Question {n}")).collect());
    chat(&stage, Vec::new()).await;
    stage.settle().await;
    assert!(from_end(&stage) > 100, "it should not fit: {} {}", from_end(&stage), stage.text());
    assert_eq!(stage.find(".tc-messages").scroll_top(), 0);
}

#[wasm_bindgen_test]
async fn each_state_of_a_message_says_what_it_is_and_what_to_do() {
    let stage = stage().await;
    let message = entry("a", Role::Assistant, "", EntryStatus::Waiting(Progress { position: 2, eta_seconds: 30, ..Progress::default() }));
    chat(&stage, vec![entry("u", Role::User, "Question", EntryStatus::Sending), message.clone()]).await;
    assert!(stage.text().contains("Sending…"));
    assert!(stage.text().contains("Waiting in line, number 2, about 30 seconds"));
    stage.app.signals.messages.with_untracked(|list| list[0].status.set(EntryStatus::Unsent(problem("OFFLINE"))));
    message.status.set(EntryStatus::Stopped);
    message.text.set("Half of".to_owned());
    stage.settle().await;
    stage.button("Send again");
    stage.button("Discard");
    assert!(stage.text().contains("You stopped this answer."));
    stage.button("Answer again");
    message.status.set(EntryStatus::Failed(problem("REPLY_INCOMPLETE")));
    stage.settle().await;
    assert!(stage.text().contains("The answer ended too early."));
    assert!(stage.text().contains("req_1"), "the request id can be quoted");
    assert!(stage.text().contains("Half of"), "what had come is kept");
    message.status.set(EntryStatus::Failed(twinchat::state::Problem { retryable: false, ..problem("UPSTREAM_REFUSED") }));
    stage.settle().await;
    assert!(!stage.text().contains("Answer again"), "no retry where none makes sense");
}

#[wasm_bindgen_test]
async fn words_of_visitor_and_proxy_stay_text() {
    let stage = stage().await;
    let evil = "<img src=x onerror=alert(1)>";
    let failed = twinchat::state::Problem { code: "INVALID_REQUEST".to_owned(), message: evil.to_owned(), ..problem("") };
    chat(&stage, vec![entry("u", Role::User, evil, EntryStatus::Complete), entry("a", Role::Assistant, "x", EntryStatus::Failed(failed))])
        .await;
    stage.app.signals.twin.set(Some(twinchat_protocol::twin::Twin { name: evil.to_owned(), ..twin(0) }));
    stage.settle().await;
    assert!(stage.look("img").is_none());
    assert_eq!(stage.find(".tc-bubble").text_content().as_deref(), Some(evil));
}

#[wasm_bindgen_test]
async fn the_view_follows_new_text_until_the_visitor_scrolls_up() {
    let stage = stage().await;
    let last = entry("last", Role::Assistant, "Start.\n\n", EntryStatus::Streaming);
    let mut messages = talk(20);
    messages.push(last.clone());
    chat(&stage, messages).await;
    assert!(from_end(&stage) <= 6, "{}", from_end(&stage));
    last.text.update(|text| text.push_str(&"A line more.\n\n".repeat(30)));
    stage.settle().await;
    stage.settle().await;
    assert!(from_end(&stage) <= 6, "{}", from_end(&stage));
    let list = stage.find(".tc-messages");
    list.set_scroll_top(list.scroll_top() - 400);
    stage.settle().await;
    let place = list.scroll_top();
    last.text.update(|text| text.push_str(&"And another.\n\n".repeat(30)));
    stage.settle().await;
    stage.settle().await;
    assert_eq!(list.scroll_top(), place, "the visitor's place is the visitor's");
    stage.button("Latest messages");
}

#[wasm_bindgen_test]
async fn older_messages_come_in_above_without_moving_what_is_read() {
    let stage = stage().await;
    chat(&stage, talk(40)).await;
    stage.app.signals.messages_more.set(true);
    let list = stage.find(".tc-messages");
    list.set_scroll_top(200);
    stage.settle().await;
    let rows = stage.all(".tc-message");
    let seen = &rows[3];
    let before = seen.get_bounding_client_rect().top();
    stage.app.signals.messages.update(|messages| {
        let older = (0..10).map(|n| entry(&format!("old{n}"), Role::Assistant, "Older words.", EntryStatus::Complete));
        messages.splice(0..0, older);
    });
    stage.settle().await;
    stage.settle().await;
    let after = seen.get_bounding_client_rect().top();
    assert!((before - after).abs() < 2.0, "moved from {before} to {after}");
    assert_eq!(stage.all(".tc-message").len(), 50);
}

#[wasm_bindgen_test]
async fn an_answer_is_announced_once_when_it_is_whole() {
    let stage = stage().await;
    let answer = entry("a", Role::Assistant, "", EntryStatus::Streaming);
    chat(&stage, vec![answer.clone()]).await;
    let spoken = || stage.find("[aria-live=polite]").text_content().unwrap_or_default();
    for _ in 0..5 {
        answer.text.update(|text| text.push_str("**Some** words. "));
        stage.settle().await;
        assert_eq!(spoken(), "", "not word by word");
    }
    answer.status.set(EntryStatus::Complete);
    stage.settle().await;
    assert!(spoken().contains("answered: Some words."), "{}", spoken());
    assert_eq!(stage.find("[role=log]").get_attribute("aria-live").as_deref(), Some("off"));
}

#[wasm_bindgen_test]
async fn history_is_not_announced() {
    let stage = stage().await;
    chat(&stage, talk(4)).await;
    assert_eq!(stage.find("[aria-live=polite]").text_content().as_deref(), Some(""));
}

#[wasm_bindgen_test]
async fn thumbs_show_what_was_given() {
    let stage = stage().await;
    let answer = entry("a", Role::Assistant, "Words", EntryStatus::Complete);
    chat(&stage, vec![answer.clone()]).await;
    assert_eq!(stage.button("Helpful").get_attribute("aria-pressed").as_deref(), Some("false"));
    answer.feedback.set(Some(Feedback::Up));
    stage.settle().await;
    assert_eq!(stage.button("Helpful").get_attribute("aria-pressed").as_deref(), Some("true"));
    assert_eq!(stage.button("Not helpful").get_attribute("aria-pressed").as_deref(), Some("false"));
}

#[wasm_bindgen_test]
async fn loading_shows_grey_lines_and_failing_says_why() {
    let stage = stage().await;
    chat(&stage, Vec::new()).await;
    stage.app.signals.messages_loading.set(Loading::Busy);
    stage.settle().await;
    assert!(stage.look(".tc-skeleton-chat").is_some());
    stage.app.signals.messages_loading.set(Loading::Failed(problem("NETWORK")));
    stage.settle().await;
    assert!(stage.text().contains("The server can’t be reached."));
    stage.button("Try again");
}

#[wasm_bindgen_test]
async fn who_is_refused_for_now_sees_when_to_try_again_and_keeps_the_words() {
    let stage = stage().await;
    let limited = twinchat::state::Problem { retry_at: Some(super::stage::now() + 95_000), ..problem("RATE_LIMITED") };
    chat(&stage, vec![entry("u", Role::User, "My question", EntryStatus::Unsent(limited))]).await;
    stage.app.signals.now.set(super::stage::now());
    stage.settle().await;
    assert!(stage.text().contains("My question") && stage.text().contains("You can try again in 1:35."), "{}", stage.text());
    stage.button("Send again");
    stage.app.signals.now.set(super::stage::now() + 94_001);
    stage.settle().await;
    assert!(stage.text().contains("in 0:01."));
    stage.app.signals.now.set(super::stage::now() + 95_000);
    stage.settle().await;
    assert!(!stage.text().contains("You can try again"));
}
