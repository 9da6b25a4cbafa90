//! What a twin can do decides what is shown.

use super::stage::{Stage, chat, entry, inline, twin};
use leptos::prelude::*;
use twinchat::app::{MessageEntry, Refusal};
use twinchat::components::{ChatPanel, ChatWidget};
use twinchat::state::EntryStatus;
use twinchat::state::find::Hit;
use twinchat_protocol::id::MessageId;
use twinchat_protocol::message::{MessageFile, Quote, Role};
use twinchat_protocol::twin::{Capabilities, Twin};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{ClipboardEvent, ClipboardEventInit, DataTransfer, File, HtmlTextAreaElement};

async fn able(capabilities: Capabilities, messages: Vec<MessageEntry>) -> Stage {
    let stage = Stage::with(inline(), || view! { <ChatPanel /> }).await;
    chat(&stage, messages).await;
    stage.app.signals.twin.set(Some(Twin { capabilities, ..twin(0) }));
    stage.settle().await;
    stage
}

fn has_button(stage: &Stage, name: &str) -> bool {
    let named = |element: &web_sys::Element| element.get_attribute("aria-label").as_deref() == Some(name);
    stage.all("button").iter().any(named)
}

fn takes_pictures(stage: &Stage) {
    stage.app.signals.settings.update(|settings| {
        settings.files.max_count = 2;
        settings.files.max_bytes = 100;
        settings.files.types = vec!["image/png".to_owned()];
        settings.files.extensions = vec!["png".to_owned()];
    });
}

fn png(name: &str, size: usize) -> File {
    let parts = js_sys::Array::of1(&"x".repeat(size).into());
    let bag = web_sys::FilePropertyBag::new();
    bag.set_type("image/png");
    File::new_with_str_sequence_and_options(&parts, name, &bag).unwrap()
}

fn paste(stage: &Stage, files: &[File], text: &str) -> bool {
    let data = DataTransfer::new().unwrap();
    for file in files {
        data.items().add_with_file(file).unwrap();
    }
    if !text.is_empty() {
        data.set_data("text/plain", text).unwrap();
    }
    let init = ClipboardEventInit::new();
    init.set_clipboard_data(Some(&data));
    init.set_bubbles(true);
    init.set_cancelable(true);
    stage.find("textarea").dispatch_event(&ClipboardEvent::new_with_event_init_dict("paste", &init).unwrap()).unwrap()
}

#[wasm_bindgen_test]
async fn a_twin_that_can_do_nothing_special_offers_nothing_special() {
    let messages = vec![entry("u", Role::User, "Hi", EntryStatus::Complete), entry("a", Role::Assistant, "Hello", EntryStatus::Complete)];
    let stage = able(Capabilities::default(), messages).await;
    takes_pictures(&stage);
    stage.app.signals.replying.set(true);
    stage.settle().await;
    for name in ["Attach files", "Reply", "Stop answering"] {
        assert!(!has_button(&stage, name), "{name}");
    }
    assert!(!stage.text().contains("other visitors"));
    let all = Capabilities { files: true, stop: true, reply: true, shared: true, ..Capabilities::default() };
    stage.app.signals.twin.set(Some(Twin { capabilities: all, ..twin(0) }));
    stage.settle().await;
    for name in ["Attach files", "Stop answering"] {
        stage.button(name);
    }
    assert!(stage.text().contains("other visitors can read"));
}

#[wasm_bindgen_test]
async fn a_shared_room_says_so_before_the_first_message_and_above_the_composer() {
    let stage = able(Capabilities { shared: true, ..Capabilities::default() }, Vec::new()).await;
    assert!(stage.look(".tc-composer .tc-shared").is_some());
    assert!(stage.look(".tc-welcome .tc-shared").is_some());
}

#[wasm_bindgen_test]
async fn pasted_files_go_with_the_message_and_what_cannot_be_sent_is_told_in_words() {
    let stage = able(Capabilities { files: true, stop: true, ..Capabilities::default() }, Vec::new()).await;
    takes_pictures(&stage);
    stage.settle().await;
    assert!(!paste(&stage, &[png("a.png", 5), png("huge.png", 101)], ""), "the browser is not to paste it as well");
    stage.settle().await;
    assert!(stage.find(".tc-composer .tc-files").text_content().unwrap().contains("a.png"));
    assert!(stage.text().contains("huge.png: larger than 100"), "{}", stage.text());
    let refused = stage.app.signals.refused.get_untracked();
    assert_eq!(refused[0].why, Refusal::TooLarge(100));
    assert!(stage.button("Send").get_attribute("disabled").is_none(), "a file is a message");
    assert!(paste(&stage, &[png("cells.png", 5)], "a\tb"), "cells of a table are text");
    assert_eq!(stage.app.signals.attachments.with_untracked(Vec::len), 1);
    stage.button("Remove a.png").click();
    stage.settle().await;
    assert!(stage.look(".tc-composer .tc-file").is_none());
    assert!(stage.button("Send").get_attribute("disabled").is_some());
}

#[wasm_bindgen_test]
async fn a_picture_is_previewed_without_an_address_that_a_policy_could_forbid() {
    let stage = able(Capabilities { files: true, stop: true, ..Capabilities::default() }, Vec::new()).await;
    takes_pictures(&stage);
    stage.app.attach(vec![twinchat::platform::web::local_file(&png("a.png", 5))]);
    stage.settle().await;
    assert!(stage.look(".tc-file canvas").is_some());
    assert!(stage.look(".tc-file img").is_none());
}

#[wasm_bindgen_test]
async fn sent_files_are_listed_by_name_type_and_size_and_an_upload_shows_how_far_it_is() {
    let own = entry("u", Role::User, "", EntryStatus::Uploading(40));
    own.extras.update(|extras| {
        extras.files = vec![MessageFile { name: "<b>giá</b>.pdf".into(), media_type: "application/pdf".into(), size: 2_410_000 }];
    });
    let stage = able(Capabilities { files: true, stop: true, ..Capabilities::default() }, vec![own]).await;
    let list = stage.find(".tc-message .tc-files").text_content().unwrap();
    assert!(list.contains("<b>giá</b>.pdf") && list.contains("PDF") && list.contains("2.4 MB"), "{list}");
    assert_eq!(stage.find("progress").get_attribute("value").as_deref(), Some("40"));
    stage.button("Cancel");
    assert!(stage.find(".tc-bubble").has_attribute("hidden"), "no empty bubble");
}

#[wasm_bindgen_test]
async fn a_quote_stands_above_composer_and_message_and_leads_to_what_is_quoted() {
    let quoted = entry("a", Role::Assistant, "Which size?", EntryStatus::Complete);
    let id = MessageId::from_random("quoted0001");
    quoted.id.set(id.to_string());
    quoted.extras.update(|extras| extras.author = "Lan Chi".to_owned());
    let own = entry("u", Role::User, "The large one.", EntryStatus::Complete);
    let quote = Quote { message_id: id, excerpt: "Which size?".into(), author: Some("Lan Chi".into()) };
    own.extras.update(|extras| extras.reply_to = Some(quote.clone()));
    let stage = able(Capabilities { reply: true, ..Capabilities::default() }, vec![quoted, own]).await;
    assert!(stage.text().contains("Lan Chi"), "a person has a name");
    stage.app.signals.quote.set(Some(quote));
    stage.settle().await;
    assert!(stage.find(".tc-quoting").text_content().unwrap().contains("Replying to Lan Chi"));
    stage.button("Don’t reply to this message").click();
    stage.settle().await;
    assert!(stage.look(".tc-quoting").is_none());
    stage.app.signals.target.set((7, stage.app.signals.messages.with_untracked(|list| list[0].id.get_untracked())));
    stage.settle().await;
    assert_eq!(stage.find(".tc-pointed").get_attribute("data-key").as_deref(), Some("a"));
}

#[wasm_bindgen_test]
async fn while_people_have_it_the_visitor_is_told_that_somebody_will_answer() {
    let stage = able(Capabilities::default(), vec![entry("u", Role::User, "Hello?", EntryStatus::Complete)]).await;
    stage.app.signals.awaiting.set(true);
    stage.settle().await;
    assert!(stage.text().contains("Someone will reply here"));
    stage.app.signals.awaiting.set(false);
    stage.settle().await;
    assert!(!stage.text().contains("Someone will reply here"));
}

#[wasm_bindgen_test]
async fn what_a_search_has_found_is_listed_with_the_words_around_it() {
    let stage = able(Capabilities { search: true, ..Capabilities::default() }, Vec::new()).await;
    stage.app.open_search();
    stage.settle().await;
    assert!(stage.text().contains("Type a word"));
    stage.app.signals.search.update(|search| {
        let search = search.as_mut().unwrap();
        search.loading = twinchat::state::Loading::Ready;
        let hit = Hit {
            message_id: "m".into(),
            own: true,
            created_at: 0,
            before: "a ".into(),
            found: "<i>lotus</i>".into(),
            after: " tea".into(),
        };
        search.hits = vec![hit];
    });
    stage.settle().await;
    assert_eq!(stage.find(".tc-hit mark").text_content().as_deref(), Some("<i>lotus</i>"));
    stage.button("Close search").click();
    stage.settle().await;
    assert!(stage.look(".tc-find").is_none());
}

fn history(count: usize) -> Vec<MessageEntry> {
    (0..count)
        .map(|n| {
            let role = if n % 2 == 0 { Role::User } else { Role::Assistant };
            entry(&format!("m{n}"), role, &format!("Message number {n}. {}", "Words. ".repeat(n % 40)), EntryStatus::Complete)
        })
        .collect()
}

fn nodes(stage: &Stage) -> usize {
    stage.all("*").len()
}

/// The first message in sight, and how far from the list's top it is.
fn in_sight(stage: &Stage) -> (String, f64) {
    let list = stage.find(".tc-messages");
    let top = list.get_bounding_client_rect().top();
    let row = stage.all(".tc-message").into_iter().find(|row| row.get_bounding_client_rect().bottom() > top + 1.0).expect("a message");
    (row.get_attribute("data-key").unwrap(), row.get_bounding_client_rect().top() - top)
}

#[wasm_bindgen_test]
async fn of_ten_thousand_messages_few_are_drawn_wherever_one_is_and_the_place_is_held() {
    let stage = able(Capabilities { stream: true, stop: true, ..Capabilities::default() }, history(10_000)).await;
    assert!(nodes(&stage) < 2000, "{}", nodes(&stage));
    assert!(stage.text().contains("Message number 9999."));
    let list = stage.find(".tc-messages");
    assert!(list.scroll_height() - list.scroll_top() - list.client_height() <= 6, "it begins at the end");
    for part in [0.9, 0.5, 0.1, 0.0] {
        list.set_scroll_top((f64::from(list.scroll_height()) * part) as i32);
        stage.settle().await;
        stage.settle().await;
        assert!(nodes(&stage) < 2000, "{}", nodes(&stage));
        let (key, _) = in_sight(&stage);
        assert!(!key.is_empty());
    }
    assert_eq!(in_sight(&stage).0, "m0");
    // Older ones come in above.
    list.set_scroll_top(150);
    stage.settle().await;
    let top = |key: &str| stage.find(&format!("[data-key={key}]")).get_bounding_client_rect().top();
    let read = in_sight(&stage).0;
    let before = top(&read);
    let mut more: Vec<MessageEntry> = (0..100).map(|n| entry(&format!("o{n}"), Role::User, "Older.", EntryStatus::Complete)).collect();
    more.extend(stage.app.signals.messages.get_untracked());
    stage.app.signals.messages.set(more);
    stage.settle().await;
    stage.settle().await;
    assert!((top(&read) - before).abs() <= 1.5, "{read}: {} {before}", top(&read));
    assert!(stage.look("[data-key=o99]").is_some(), "what came above is drawn");
    // And the way back.
    stage.button("Latest messages").click();
    stage.settle().await;
    stage.settle().await;
    assert!(stage.text().contains("Message number 9999."));
    assert!(list.scroll_height() - list.scroll_top() - list.client_height() <= 6);
}

#[wasm_bindgen_test]
async fn answers_that_come_while_reading_above_are_counted_on_the_way_back() {
    let stage = able(Capabilities { stream: true, stop: true, ..Capabilities::default() }, history(200)).await;
    let list = stage.find(".tc-messages");
    list.set_scroll_top(list.scroll_top() - 900);
    stage.settle().await;
    stage.button("Latest messages");
    for n in 0..2 {
        stage.app.signals.messages.update(|list| list.push(entry(&format!("new{n}"), Role::Assistant, "News.", EntryStatus::Complete)));
        stage.settle().await;
    }
    stage.button("2 new messages").click();
    stage.settle().await;
    stage.settle().await;
    assert!(stage.look(".tc-jump").is_none());
}

#[wasm_bindgen_test]
async fn a_message_far_away_is_shown_and_pointed_at() {
    let stage = able(Capabilities { stream: true, stop: true, ..Capabilities::default() }, history(5000)).await;
    stage.app.signals.target.set((1, "m1234".to_owned()));
    stage.settle().await;
    stage.settle().await;
    let row = stage.find(".tc-pointed");
    assert_eq!(row.get_attribute("data-key").as_deref(), Some("m1234"));
    let list = stage.find(".tc-messages").get_bounding_client_rect();
    let at = row.get_bounding_client_rect();
    assert!(at.top() >= list.top() && at.top() < list.bottom(), "{} {} {}", list.top(), at.top(), list.bottom());
}

#[wasm_bindgen_test]
async fn whole_widget_draws_a_conversation_with_people_without_a_stop_button() {
    let stage = Stage::with(inline(), || view! { <ChatWidget /> }).await;
    chat(&stage, vec![entry("u", Role::User, "Hello?", EntryStatus::Sending)]).await;
    stage.app.signals.twin.set(Some(Twin { capabilities: Capabilities::default(), ..twin(0) }));
    stage.app.signals.replying.set(true);
    stage.settle().await;
    assert!(!has_button(&stage, "Stop answering"));
    let field: HtmlTextAreaElement = stage.find("textarea").unchecked_into();
    assert!(!field.disabled(), "the next message can be written meanwhile");
}
