//! Whom to talk to, and what was talked about.

use super::stage::{Stage, conversation, inline, press, problem, twin};
use leptos::prelude::*;
use twinchat::components::{ConversationList, TwinPicker};
use twinchat::state::Loading;
use twinchat_protocol::twin::Twin;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Event, HtmlInputElement};

async fn picker(count: u32) -> Stage {
    let stage = Stage::with(inline(), || view! { <TwinPicker /> }).await;
    stage.app.signals.twins.set((0..count).map(twin).collect());
    stage.app.signals.twins_loading.set(Loading::Ready);
    stage.settle().await;
    stage
}

fn names(stage: &Stage) -> Vec<String> {
    stage.all(".tc-option-name > span:first-child").iter().filter_map(|name| name.text_content()).collect()
}

fn write(stage: &Stage, text: &str) {
    let field: HtmlInputElement = stage.find("input").unchecked_into();
    field.set_value(text);
    field.dispatch_event(&Event::new("input").unwrap()).unwrap();
}

#[wasm_bindgen_test]
async fn one_twin_is_no_choice() {
    let stage = picker(1).await;
    assert!(stage.look("[role=listbox]").is_none());
}

#[wasm_bindgen_test]
async fn search_finds_without_diacritics() {
    let stage = picker(7).await;
    write(&stage, "dau bep hue");
    stage.settle().await;
    assert_eq!(names(&stage), ["Đầu bếp Huế"]);
    assert!(stage.text().contains("1 result"));
    write(&stage, "zzz");
    stage.settle().await;
    assert!(stage.text().contains("Nothing found"));
}

#[wasm_bindgen_test]
async fn arrow_keys_walk_the_twins_and_enter_chooses() {
    let stage = picker(7).await;
    let field = stage.find("[role=combobox]");
    assert_eq!(field.get_attribute("aria-activedescendant"), None);
    for key in ["ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp"] {
        assert!(!press(&field, key, |_| {}), "the page must not scroll");
    }
    stage.settle().await;
    let active = field.get_attribute("aria-activedescendant").unwrap();
    let option = stage.find(&format!("#{active}"));
    assert_eq!(option.get_attribute("aria-selected").as_deref(), Some("true"));
    assert!(option.text_content().unwrap().contains("Legal Helper"));
    press(&field, "Enter", |_| {});
    stage.settle().await;
    let chosen = stage.app.signals.twin.get_untracked().map(|twin| twin.name);
    assert_eq!(chosen.as_deref(), Some("Legal Helper"));
}

#[wasm_bindgen_test]
async fn a_few_twins_are_a_list_the_keyboard_can_reach() {
    let stage = picker(3).await;
    assert!(stage.look("input").is_none());
    let list = stage.find("[role=listbox]");
    assert_eq!(list.get_attribute("tabindex").as_deref(), Some("0"));
    press(&list, "End", |_| {});
    stage.settle().await;
    assert_eq!(list.get_attribute("aria-activedescendant").as_deref(), Some("tc-option-2"));
}

#[wasm_bindgen_test]
async fn a_twin_that_is_away_says_so_and_names_stay_text() {
    let stage = picker(3).await;
    let evil = Twin { name: "<b>x</b>".to_owned(), available: false, ..twin(1) };
    stage.app.signals.twins.set(vec![twin(0), evil]);
    stage.settle().await;
    assert!(stage.look(".tc-option b").is_none());
    assert!(names(&stage).contains(&"<b>x</b>".to_owned()));
    assert!(stage.text().contains("Away"));
}

#[wasm_bindgen_test]
async fn twins_that_cannot_be_loaded_are_an_error_with_a_way_on() {
    let stage = Stage::with(inline(), || view! { <TwinPicker /> }).await;
    stage.app.signals.twins_loading.set(Loading::Failed(problem("UPSTREAM_UNAVAILABLE")));
    stage.settle().await;
    stage.button("Try again");
    stage.app.signals.twins_loading.set(Loading::Ready);
    stage.settle().await;
    assert!(stage.text().contains("No assistants yet"));
}

async fn list() -> Stage {
    let stage = Stage::with(inline(), || view! { <ConversationList /> }).await;
    let s = stage.app.signals;
    s.now.set(super::stage::now());
    s.twins.set(vec![twin(0)]);
    s.conversations.set(vec![conversation(1, "Tea", 0), conversation(2, "Rent", 1), conversation(3, "", 3), conversation(4, "Old", 60)]);
    s.conversations_loading.set(Loading::Ready);
    stage.settle().await;
    stage
}

#[wasm_bindgen_test]
async fn conversations_are_grouped_by_day() {
    let stage = list().await;
    let groups: Vec<String> = stage.all(".tc-group-title").iter().filter_map(|group| group.text_content()).collect();
    assert_eq!(groups, ["Today", "Yesterday", "Previous 7 days", "January"]);
    assert!(stage.text().contains("Untitled"));
}

#[wasm_bindgen_test]
async fn a_row_whose_conversation_did_not_change_stays_the_same_element() {
    let stage = list().await;
    let rows = stage.all(".tc-row");
    stage.app.signals.conversations.update(|list| {
        list[3].title = "Older".to_owned();
        list.rotate_right(1);
        list[0].updated_at = list[1].updated_at.clone();
    });
    stage.settle().await;
    let after = stage.all(".tc-row");
    assert!(after[0].text_content().unwrap().contains("Older"));
    assert!(after[1].is_same_node(Some(&rows[0])));
    assert!(after[2].is_same_node(Some(&rows[1])));
}

#[wasm_bindgen_test]
async fn a_title_is_changed_in_place_and_escape_leaves_it() {
    let stage = list().await;
    stage.button("Options for “Tea”").click();
    stage.settle().await;
    stage.button("Rename").click();
    stage.settle().await;
    let field: HtmlInputElement = stage.find(".tc-row-edit input").unchecked_into();
    assert_eq!(field.value(), "Tea");
    assert_eq!(stage.root.active_element(), Some(field.clone().into()));
    press(&field, "Enter", |init| init.set_is_composing(true));
    stage.settle().await;
    assert!(stage.look(".tc-row-edit").is_some(), "an Enter of the input method is not for us");
    press(&field, "Escape", |_| {});
    stage.settle().await;
    assert!(stage.look(".tc-row-edit").is_none());
    let focused = || stage.root.active_element().and_then(|element| element.text_content()).unwrap_or_default();
    assert!(focused().contains("Tea"), "the focus stays with the conversation: {}", focused());
    stage.app.signals.conversations.update(|list| list[0].last_message = Some("Green, please.".to_owned()));
    stage.settle().await;
    assert!(focused().contains("Green"), "also when it is drawn anew: {}", focused());
}

#[wasm_bindgen_test]
async fn a_title_that_is_being_written_stays_when_something_comes_in_its_conversation() {
    let stage = list().await;
    stage.button("Options for “Tea”").click();
    stage.settle().await;
    stage.button("Rename").click();
    stage.settle().await;
    let field: HtmlInputElement = stage.find(".tc-row-edit input").unchecked_into();
    field.set_value("Green t");
    stage.app.signals.conversations.update(|list| list[0].last_message = Some("An answer.".to_owned()));
    stage.settle().await;
    assert_eq!(stage.find(".tc-row-edit input").unchecked_into::<HtmlInputElement>().value(), "Green t");
    assert_eq!(stage.root.active_element(), Some(field.into()));
}

#[wasm_bindgen_test]
async fn deleting_asks_first() {
    let stage = list().await;
    stage.button("Options for “Rent”").click();
    stage.settle().await;
    stage.button("Delete").click();
    stage.settle().await;
    assert!(stage.find("[role=alertdialog]").text_content().unwrap().contains("Delete “Rent” and all its messages?"));
    assert_eq!(stage.root.active_element(), Some(stage.button("Cancel").into()), "the harmless choice has the focus");
    stage.button("Cancel").click();
    stage.settle().await;
    assert!(stage.look("[role=alertdialog]").is_none());
    assert_eq!(stage.app.signals.conversations.with_untracked(Vec::len), 4);
    let focused = || stage.root.active_element().and_then(|element| element.text_content()).unwrap_or_default();
    assert!(focused().contains("Rent"), "{}", focused());
    for (title, next) in [("Rent", "Untitled"), ("Old", "New conversation")] {
        stage.button(&format!("Options for “{title}”")).click();
        stage.settle().await;
        stage.button("Delete").click();
        stage.settle().await;
        stage.find("[role=alertdialog] .tc-button--danger").unchecked_into::<web_sys::HtmlElement>().click();
        assert!(focused().contains(next), "after {title}: {}", focused());
        stage.app.signals.conversations.update(|list| list.retain(|conversation| conversation.title != title));
        stage.settle().await;
    }
}
