//! The frame: dialog, language, palette, banner.

use super::stage::{Stage, bubble, chat, inline, press, problem};
use leptos::prelude::*;
use twinchat::app::{ColorScheme, Mode, Options};
use twinchat::components::{ChatPanel, ChatWidget, ConnectionBanner, Notice};
use twinchat::state::{Connection, Screen};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::HtmlElement;

fn style(element: &HtmlElement, property: &str) -> String {
    window().get_computed_style(element).unwrap().unwrap().get_property_value(property).unwrap()
}

#[wasm_bindgen_test]
async fn the_panel_of_a_bubble_is_a_dialog_and_of_a_page_is_not() {
    let stage = Stage::with(bubble(), || view! { <ChatPanel /> }).await;
    let panel = stage.find(".tc-panel");
    assert_eq!(panel.get_attribute("role").as_deref(), Some("dialog"));
    assert!(panel.has_attribute("hidden"));
    assert!(panel.get_attribute("aria-label").is_some_and(|name| !name.is_empty()));
    let page = Stage::with(Options { mode: Mode::Page, ..inline() }, || view! { <ChatPanel /> }).await;
    assert_eq!(page.find(".tc-panel").get_attribute("role"), None);
    assert!(page.look(".tc-sidebar").is_some());
}

#[wasm_bindgen_test]
async fn the_focus_goes_along_from_choosing_to_typing_and_never_comes_unasked() {
    let stage = Stage::with_proxy(inline()).await;
    stage.settle().await;
    assert_eq!(stage.root.active_element(), None, "a widget in the page takes nobody's focus");
    let list = stage.find("[role=listbox]");
    list.focus().unwrap();
    press(&list, "ArrowDown", |_| {});
    press(&list, "Enter", |_| {});
    stage.settle().await;
    stage.settle().await;
    assert_eq!(stage.root.active_element(), Some(stage.find("textarea").into()));
}

#[wasm_bindgen_test]
async fn every_button_and_field_has_a_name() {
    let stage = Stage::with(inline(), || view! { <ChatWidget /> }).await;
    chat(&stage, Vec::new()).await;
    for screen in [Screen::Chat, Screen::Twins, Screen::Conversations] {
        stage.app.signals.screen.set(screen);
        stage.settle().await;
        for element in stage.all("button,input,textarea,[role=listbox],[role=log]") {
            let named = element.get_attribute("aria-label").or_else(|| element.text_content()).unwrap_or_default();
            assert!(!named.trim().is_empty(), "{screen:?}: {}", element.outer_html());
        }
    }
}

#[wasm_bindgen_test]
async fn the_visitor_changes_the_language_and_every_sentence_follows() {
    let stage = Stage::with(inline(), || view! { <ChatWidget /> }).await;
    chat(&stage, Vec::new()).await;
    stage.app.signals.draft.set("half a question".to_owned());
    assert_eq!(stage.find(".tc-root").get_attribute("lang").as_deref(), Some("en"));
    stage.button("Options").click();
    stage.settle().await;
    stage.button("Tiếng Việt").click();
    stage.settle().await;
    assert_eq!(stage.find(".tc-root").get_attribute("lang").as_deref(), Some("vi"));
    assert!(stage.text().contains("Xin chào! Tôi có thể giúp gì cho bạn?"));
    assert_eq!(stage.find("textarea").get_attribute("placeholder").as_deref(), Some("Nhắn cho Trợ lý Học tập"));
    stage.button("Tuỳ chọn");
    let value = js_sys::Reflect::get(&stage.find("textarea"), &"value".into()).unwrap();
    assert_eq!(value.as_string().as_deref(), Some("half a question"), "what was typed stays");
}

#[wasm_bindgen_test]
async fn a_menu_is_walked_by_keys_and_escape_returns_to_its_button() {
    let stage = Stage::with(bubble(), || view! { <ChatWidget /> }).await;
    stage.app.signals.open.set(true);
    chat(&stage, Vec::new()).await;
    let button = stage.button("Options");
    button.click();
    stage.settle().await;
    let focus = || stage.root.active_element().and_then(|element| element.text_content()).unwrap_or_default();
    assert_eq!(focus(), "Tiếng Việt");
    press(&stage.root.active_element().unwrap(), "ArrowDown", |_| {});
    assert_eq!(focus(), "English");
    press(&stage.root.active_element().unwrap(), "End", |_| {});
    assert_eq!(focus(), "Nothing");
    press(&stage.root.active_element().unwrap(), "Escape", |_| {});
    stage.settle().await;
    assert!(stage.look("[role=menu]").is_none());
    assert!(stage.app.signals.open.get_untracked(), "Escape closed the menu and not the panel");
    assert_eq!(stage.root.active_element(), Some(button.into()));
}

#[wasm_bindgen_test]
async fn dark_and_light_are_chosen_or_follow_the_system() {
    let stage = Stage::with(Options { color_scheme: ColorScheme::Dark, ..inline() }, || view! { <ChatWidget /> }).await;
    chat(&stage, Vec::new()).await;
    let dark = style(&stage.find(".tc-panel"), "background-color");
    stage.app.signals.options.update(|options| options.color_scheme = ColorScheme::Light);
    stage.settle().await;
    let light = style(&stage.find(".tc-panel"), "background-color");
    assert_eq!((dark.as_str(), light.as_str()), ("rgb(21, 24, 27)", "rgb(255, 255, 255)"));
    stage.app.signals.options.update(|options| options.color_scheme = ColorScheme::Auto);
    stage.settle().await;
    assert_eq!(stage.find(".tc-root").get_attribute("data-scheme"), None);
}

#[wasm_bindgen_test]
async fn the_brand_colour_of_the_page_wins_over_the_owners() {
    let stage = Stage::with(Options { color_scheme: ColorScheme::Light, ..inline() }, || view! { <ChatWidget /> }).await;
    chat(&stage, Vec::new()).await;
    let fill = || style(&stage.find(".tc-root"), "--_a");
    stage.app.signals.settings.update(|settings| settings.accent = "#8a1c4a".to_owned());
    stage.settle().await;
    assert_eq!(fill(), "#8a1c4a");
    stage.app.signals.options.update(|options| options.accent = "#1d4ed8".to_owned());
    stage.settle().await;
    assert_eq!(fill(), "#1d4ed8");
}

#[wasm_bindgen_test]
async fn the_host_pages_text_style_does_not_leak_in() {
    let stage = Stage::with(inline(), || view! { <ChatWidget /> }).await;
    chat(&stage, Vec::new()).await;
    assert_eq!(style(&stage.find(".tc-root"), "font-size"), "15px");
}

#[wasm_bindgen_test]
async fn a_broken_line_is_told_with_a_way_to_hurry_and_an_ordinary_start_is_not() {
    let stage = Stage::with(inline(), || view! { <ConnectionBanner /> }).await;
    let s = stage.app.signals;
    s.now.set(super::stage::now());
    s.connection.set(Connection::Connecting);
    stage.settle().await;
    assert_eq!(stage.text(), "");
    s.connection.set(Connection::Waiting { retry_at: super::stage::now() + 7_000 });
    stage.settle().await;
    assert!(stage.text().contains("Trying again in 7 seconds"), "{}", stage.text());
    s.now.set(super::stage::now() + 6_000);
    stage.settle().await;
    assert!(stage.text().contains("Trying again in 1 second"), "{}", stage.text());
    stage.button("Try now");
    s.connection.set(Connection::Connecting);
    stage.settle().await;
    assert!(stage.text().contains("Reconnecting"));
    s.connection.set(Connection::Open);
    stage.settle().await;
    assert_eq!(stage.text(), "");
}

#[wasm_bindgen_test]
async fn a_notice_counts_down_and_goes_when_dismissed() {
    let stage = Stage::with(inline(), || view! { <Notice /> }).await;
    let s = stage.app.signals;
    s.now.set(super::stage::now());
    s.notice.set(Some(twinchat::state::Problem { retry_at: Some(super::stage::now() + 65_000), ..problem("RATE_LIMITED") }));
    stage.settle().await;
    assert!(stage.text().contains("There are too many requests right now."));
    assert!(stage.text().contains("You can try again in 1:05."), "{}", stage.text());
    stage.button("Dismiss").click();
    stage.settle().await;
    assert_eq!(stage.text(), "");
}

#[wasm_bindgen_test]
async fn mounting_and_unmounting_leaves_nothing_behind() {
    let before = document().query_selector_all("*").unwrap().length();
    for _ in 0..5 {
        let stage = Stage::with(bubble(), || view! { <ChatWidget /> }).await;
        stage.app.signals.open.set(true);
        chat(&stage, Vec::new()).await;
        drop(stage);
    }
    leptos::task::tick().await;
    assert_eq!(document().query_selector_all("*").unwrap().length(), before);
}
