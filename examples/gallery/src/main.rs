//! Every component in every state, with invented data and no server: for looking at.
//!
//! Without a scene the page shows all of them. `#scene=stream&locale=vi&scheme=dark&mode=page` shows one; another hash
//! shows another one without a reload. The app is the real one; the scenes write its signals, which no component does.
//! `data-shown` on the body holds the hash that is drawn.

mod data;
mod quiet;
mod scenes;
mod words;

use leptos::prelude::*;
use std::any::Any;
use std::cell::RefCell;
use twinchat::app::{App, ColorScheme, Mode, Options};
use twinchat::components::{
    ChatWidget, Composer, ConnectionBanner, ConversationList, Launcher, MarkdownView, MessageList, Notice, TwinPicker,
};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, ShadowRootInit, ShadowRootMode};

thread_local! {
    /// What is shown; it ends when it is dropped.
    static SHOWN: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

fn main() {
    show();
    window_event_listener_untyped("hashchange", |_| show());
}

fn show() {
    SHOWN.take();
    let body = document().body().expect("the page has a body");
    body.replace_children_with_node_0();
    let address = window().location().hash().unwrap_or_default();
    let wanted = |name: &str| {
        let pairs = address.trim_start_matches('#').split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value.replace("%23", "#")).unwrap_or_default()
    };
    let scene = wanted("scene");
    if scene.is_empty() {
        return index(&wanted("locale"));
    }
    words::speak(&wanted("locale"));
    let mode = match wanted("mode").as_str() {
        "page" => Mode::Page,
        "inline" => Mode::Inline,
        _ => Mode::Bubble,
    };
    let color_scheme = match wanted("scheme").as_str() {
        "dark" => ColorScheme::Dark,
        "light" => ColorScheme::Light,
        _ => ColorScheme::Auto,
    };
    let options = Options { mode, color_scheme, locale: wanted("locale"), accent: wanted("accent"), ..Options::default() };
    let stage = stage(&wanted("mode"), &wanted("scheme"));
    let handle = mount_to(stage, move || {
        let app = App::provide_on(options, quiet::platform());
        scenes::set(app, &scene);
        // Without a bubble the app begins by itself, to ask what nobody will answer.
        let again = scene.clone();
        request_animation_frame(move || {
            scenes::set(app, &again);
            request_animation_frame(move || drop(body.set_attribute("data-shown", &address)));
        });
        view(&scene)
    });
    SHOWN.set(Some(Box::new(handle)));
}

/// The whole widget, or for `alone-…` one component by itself.
fn view(scene: &str) -> AnyView {
    match scene {
        "alone-launcher" => view! { <Launcher /> }.into_any(),
        "alone-picker" => view! { <TwinPicker /> }.into_any(),
        "alone-list" => view! { <ConversationList /> }.into_any(),
        "alone-messages" => view! { <MessageList /> }.into_any(),
        "alone-composer" => view! { <Composer /> }.into_any(),
        "alone-notice" => view! { <Notice /> }.into_any(),
        "alone-banner" => view! { <ConnectionBanner /> }.into_any(),
        "alone-markdown" => view! { <MarkdownView text=Signal::stored(words::words().rich.to_owned()) /> }.into_any(),
        _ => view! { <ChatWidget /> }.into_any(),
    }
}

/// A page to stand in, and a shadow root in it, as the custom element has.
fn stage(mode: &str, scheme: &str) -> HtmlElement {
    let document = document();
    let body = document.body().expect("the page has a body");
    let _ = body.set_attribute("data-scheme", scheme);
    let make = |tag: &str, class: &str| {
        let element = document.create_element(tag).expect("a literal tag");
        element.set_class_name(class);
        element
    };
    if mode.is_empty() || mode == "bubble" {
        let page = make("main", "page");
        page.set_attribute("dir", "auto").expect("an attribute's name");
        let heading = make("h1", "");
        heading.set_text_content(Some(words::words().page.0));
        let words_of_page = make("p", "");
        words_of_page.set_text_content(Some(words::words().page.1));
        let _ = page.append_child(&heading);
        let _ = page.append_child(&words_of_page);
        let _ = body.append_child(&page);
    }
    let host = make("div", "stage");
    let _ = host.set_attribute("data-mode", mode);
    let _ = body.append_child(&host);
    let shadow = host.attach_shadow(&ShadowRootInit::new(ShadowRootMode::Open)).expect("a div can have a shadow root");
    let inside = make("div", "");
    let _ = inside.set_attribute("style", "height:100%;display:flex;flex-direction:column");
    let _ = shadow.append_child(&inside);
    inside.unchecked_into()
}

/// All scenes side by side.
fn index(locale: &str) {
    let document = document();
    let sheet = document.create_element("div").expect("a literal tag");
    sheet.set_class_name("sheet");
    for (number, scene) in scenes::ALL.iter().enumerate() {
        let frame = document.create_element("iframe").expect("a literal tag");
        let (other, scheme) = (["vi", "en", "ar"][number % 3], ["light", "dark"][number / 3 % 2]);
        let locale = if locale.is_empty() { other } else { locale };
        let mode = if scene.starts_with("alone") { "&mode=inline" } else { "" };
        let address = ["#scene=", scene, "&locale=", locale, "&scheme=", scheme, mode].concat();
        let _ = frame.set_attribute("src", &address);
        let _ = frame.set_attribute("loading", "lazy");
        let _ = frame.set_attribute("title", scene);
        let cell = document.create_element("div").expect("a literal tag");
        let link = document.create_element("a").expect("a literal tag");
        let _ = link.set_attribute("href", &address);
        link.set_text_content(Some(&address));
        let _ = cell.append_child(&link);
        let _ = cell.append_child(&frame);
        let _ = sheet.append_child(&cell);
    }
    let _ = document.body().expect("the page has a body").append_child(&sheet);
}
