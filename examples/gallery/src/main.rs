//! Every component in every state, with invented data and no server: for looking at.
//!
//! Without a query the page shows all scenes. `?scene=stream&locale=vi&scheme=dark&mode=page` shows
//! one. The app is the real one; the scenes write its signals, which no component does.

mod data;
mod quiet;
mod scenes;

use leptos::prelude::*;
use twinchat::app::{App, ColorScheme, Mode, Options};
use twinchat::components::ChatWidget;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, ShadowRootInit, ShadowRootMode};

fn main() {
    let query = window().location().search().unwrap_or_default();
    let wanted = |name: &str| {
        let pairs = query.trim_start_matches('?').split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value.replace("%23", "#")).unwrap_or_default()
    };
    let scene = wanted("scene");
    if scene.is_empty() {
        return index();
    }
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
        request_animation_frame(move || scenes::set(app, &scene));
        view! { <ChatWidget /> }
    });
    handle.forget();
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
        let heading = make("h1", "");
        heading.set_text_content(Some("Tiệm trà Mộc"));
        let words = make("p", "");
        words.set_text_content(Some(data::PAGE));
        let _ = page.append_child(&heading);
        let _ = page.append_child(&words);
        let _ = body.append_child(&page);
    }
    let host = make("div", "stage");
    let _ = host.set_attribute("data-mode", mode);
    let _ = body.append_child(&host);
    let shadow = host.attach_shadow(&ShadowRootInit::new(ShadowRootMode::Open)).expect("a div can have a shadow root");
    let inside = make("div", "");
    let _ = inside.set_attribute("style", "height:100%");
    let _ = shadow.append_child(&inside);
    inside.unchecked_into()
}

/// All scenes side by side.
fn index() {
    let document = document();
    let sheet = document.create_element("div").expect("a literal tag");
    sheet.set_class_name("sheet");
    for (number, scene) in scenes::ALL.iter().enumerate() {
        let frame = document.create_element("iframe").expect("a literal tag");
        let (locale, scheme) = (["vi", "en"][number % 2], ["light", "dark"][number / 2 % 2]);
        let address = ["?scene=", scene, "&locale=", locale, "&scheme=", scheme].concat();
        let _ = frame.set_attribute("src", &address);
        let _ = frame.set_attribute("title", scene);
        let cell = document.create_element("div").expect("a literal tag");
        cell.set_text_content(Some(&address));
        let _ = cell.append_child(&frame);
        let _ = sheet.append_child(&cell);
    }
    let _ = document.body().expect("the page has a body").append_child(&sheet);
}
