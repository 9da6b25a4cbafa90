//! Every component in every state, with invented data and no server: for looking at.
//!
//! Without a scene the page shows all of them, `#locale=vi&scheme=dark&size=phone` in one language, look and size.
//! `#scene=stream&locale=vi&scheme=dark&mode=page` shows one; another hash
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
use web_sys::{Element, HtmlElement, ShadowRootInit, ShadowRootMode};

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
        return index(&wanted("locale"), &wanted("scheme"), &wanted("size"));
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
    let body = document().body().expect("the page has a body");
    let _ = body.set_attribute("data-scheme", scheme);
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

/// What is chosen, out of what, and where another choice leads.
type Choice<'a> = (&'a str, &'a [&'a str], &'a dyn Fn(&str) -> String);

/// All scenes side by side; languages and looks take turns where none is chosen.
fn index(locale: &str, scheme: &str, size: &str) {
    let body = document().body().expect("the page has a body");
    let _ = body.set_attribute("data-scheme", scheme);
    let sheet = make("div", "sheet");
    let _ = sheet.set_attribute("data-size", size);
    let hash = |locale: &str, scheme: &str, size: &str| ["#locale=", locale, "&scheme=", scheme, "&size=", size].concat();
    let choices: [Choice<'_>; 3] = [
        (locale, &["", "vi", "en", "ar"], &|other| hash(other, scheme, size)),
        (scheme, &["", "light", "dark"], &|other| hash(locale, other, size)),
        (size, &["", "phone", "wide"], &|other| hash(locale, scheme, other)),
    ];
    let bar = make("nav", "bar");
    for (chosen, others, address) in choices {
        let group = make("span", "");
        for other in others {
            let link = link(&address(other), if other.is_empty() { "any" } else { other });
            if *other == chosen {
                let _ = link.set_attribute("aria-current", "true");
            }
            let _ = group.append_child(&link);
        }
        let _ = bar.append_child(&group);
    }
    let _ = body.append_child(&bar);
    for (number, scene) in scenes::ALL.iter().enumerate() {
        let locale = if locale.is_empty() { ["vi", "en", "ar"][number % 3] } else { locale };
        let scheme = if scheme.is_empty() { ["light", "dark"][number / 3 % 2] } else { scheme };
        let mode = if scene.starts_with("alone") { "&mode=inline" } else { "" };
        let address = ["#scene=", scene, "&locale=", locale, "&scheme=", scheme, mode].concat();
        let frame = make("iframe", "");
        for (name, value) in [("src", address.as_str()), ("loading", "lazy"), ("title", scene)] {
            let _ = frame.set_attribute(name, value);
        }
        let cell = make("div", "");
        let _ = cell.append_child(&link(&address, &[*scene, " · ", locale, " · ", scheme].concat()));
        let _ = cell.append_child(&frame);
        let _ = sheet.append_child(&cell);
    }
    let _ = body.append_child(&sheet);
}

fn link(address: &str, words: &str) -> Element {
    let link = make("a", "");
    let _ = link.set_attribute("href", address);
    link.set_text_content(Some(words));
    link
}

fn make(tag: &str, class: &str) -> Element {
    let element = document().create_element(tag).expect("a literal tag");
    element.set_class_name(class);
    element
}
