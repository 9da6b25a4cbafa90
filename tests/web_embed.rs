//! What the loader sees of the widget, in headless Chromium: a panel in a shadow root, calls in, events out.
#![cfg(target_arch = "wasm32")]

use js_sys::{Array, Function, Object, Promise, Reflect};
use leptos::mount::mount_to;
use leptos::prelude::*;
use send_wrapper::SendWrapper;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use twinchat::app::{App, Options};
use twinchat::components::ChatPanel;
use twinchat::embed::{Handle, mount};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Element, HtmlElement, ShadowRoot, ShadowRootInit, ShadowRootMode};

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

/// An element as the loader makes it, and what it was told.
struct Page {
    host: HtmlElement,
    root: ShadowRoot,
    frame: HtmlElement,
    heard: Rc<RefCell<Vec<(String, JsValue)>>>,
    emit: Closure<dyn FnMut(String, JsValue)>,
}

impl Page {
    fn new() -> Self {
        let document = web_sys::window().unwrap().document().unwrap();
        let host: HtmlElement = document.create_element("twin-chat-test").unwrap().unchecked_into();
        document.body().unwrap().append_child(&host).unwrap();
        let root = host.attach_shadow(&ShadowRootInit::new(ShadowRootMode::Open)).unwrap();
        let frame: HtmlElement = document.create_element("div").unwrap().unchecked_into();
        root.append_child(&frame).unwrap();
        let heard = Rc::new(RefCell::new(Vec::new()));
        let emit = Closure::new({
            let heard = Rc::clone(&heard);
            move |name, detail| heard.borrow_mut().push((name, detail))
        });
        Self { host, root, frame, heard, emit }
    }

    fn mount(&self, options: &[(&str, &str)]) -> Handle {
        let emit: &Function = self.emit.as_ref().unchecked_ref();
        mount(&self.frame, &object(options), emit.clone())
    }

    fn find(&self, selector: &str) -> Option<Element> {
        self.root.query_selector(selector).unwrap()
    }

    fn names(&self) -> Vec<String> {
        // The proxy of these tests does not answer, and that is told too, sooner or later.
        self.heard
            .borrow()
            .iter()
            .map(|(name, _)| name.clone())
            .filter(|name| !["palette", "settled", "error"].contains(&&name[..]))
            .collect()
    }

    fn last(&self, name: &str) -> JsValue {
        self.heard.borrow().iter().rev().find(|(heard, _)| heard == name).map(|(_, detail)| detail.clone()).unwrap_or_default()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.host.remove();
    }
}

fn object(entries: &[(&str, &str)]) -> JsValue {
    let object = Object::new();
    for (name, value) in entries {
        Reflect::set(&object, &(*name).into(), &(*value).into()).unwrap();
    }
    object.into()
}

/// Until everything set going has been drawn.
async fn frame() {
    for _ in 0..2 {
        let drawn = Promise::new(&mut |done, _| {
            web_sys::window().unwrap().request_animation_frame(&done).unwrap();
        });
        JsFuture::from(drawn).await.unwrap();
    }
}

fn call(handle: &Handle, method: &str, value: impl Into<JsValue>) -> Result<(), String> {
    let outcome = handle.call(method, &Array::of1(&value.into()));
    outcome.map(drop).map_err(|error| error.unchecked_into::<js_sys::Error>().message().into())
}

#[wasm_bindgen_test]
async fn the_panel_is_drawn_into_the_shadow_root_and_destroying_it_leaves_nothing() {
    let page = Page::new();
    let handle = page.mount(&[]);
    frame().await;
    assert!(page.find(".tc-root .tc-panel").is_some());
    assert!(page.root.adopted_style_sheets().length() >= 1, "the panel's sheet");
    handle.destroy();
    assert_eq!(page.frame.child_nodes().length(), 0);
}

#[wasm_bindgen_test]
async fn whatever_the_panel_began_ends_with_it() {
    let page = Page::new();
    let ended = Rc::new(Cell::new(false));
    let view = mount_to(page.frame.clone(), {
        let ended = SendWrapper::new(Rc::clone(&ended));
        move || {
            App::provide(Options { open: true, ..Options::default() });
            on_cleanup(move || ended.set(true));
            view! { <ChatPanel/> }
        }
    });
    frame().await;
    drop(view);
    assert!(ended.get(), "something in the panel holds the owner of it all");
}

#[wasm_bindgen_test]
async fn opening_and_closing_is_told_to_the_page_and_seen() {
    let page = Page::new();
    let handle = page.mount(&[]);
    frame().await;
    assert!(page.find(".tc-panel").unwrap().has_attribute("hidden"));
    call(&handle, "open", JsValue::UNDEFINED).unwrap();
    frame().await;
    assert!(!page.find(".tc-panel").unwrap().has_attribute("hidden"));
    call(&handle, "toggle", JsValue::UNDEFINED).unwrap();
    assert_eq!(page.names(), ["opened", "closed"]);
    handle.destroy();
}

#[wasm_bindgen_test]
async fn the_launcher_hears_the_palette_of_the_brand_colour() {
    let page = Page::new();
    let handle = page.mount(&[("accent", "#3b1d8f")]);
    frame().await;
    let colour = |name: &str| Reflect::get(&page.last("palette"), &name.into()).unwrap().as_string();
    assert_eq!((colour("--_a").as_deref(), colour("--_on").as_deref()), (Some("#3b1d8f"), Some("#ffffff")));
    handle.set_options(&object(&[("accent", "#ffe14d")]));
    frame().await;
    assert_eq!(colour("--_a").as_deref(), Some("#ffe14d"));
    assert_ne!(colour("--_on").as_deref(), Some("#ffffff"));
    handle.destroy();
}

#[wasm_bindgen_test]
async fn other_options_redraw_the_panel() {
    let page = Page::new();
    let handle = page.mount(&[("locale", "vi"), ("mode", "inline"), ("heading", "Hỏi Sen")]);
    frame().await;
    let root = page.find(".tc-root").unwrap();
    assert_eq!((root.get_attribute("lang").as_deref(), root.get_attribute("data-mode").as_deref()), (Some("vi"), Some("inline")));
    assert!(page.find(".tc-header").unwrap().text_content().unwrap().contains("Hỏi Sen"));
    handle.set_options(&object(&[("locale", "en"), ("mode", "inline"), ("colorScheme", "dark")]));
    frame().await;
    let root = page.find(".tc-root").unwrap();
    assert_eq!((root.get_attribute("lang").as_deref(), root.get_attribute("data-scheme").as_deref()), (Some("en"), Some("dark")));
    handle.destroy();
}

#[wasm_bindgen_test]
async fn the_page_can_write_into_the_composer_and_only_there() {
    let page = Page::new();
    let handle = page.mount(&[]);
    call(&handle, "setComposerValue", object(&[("text", "Xin chào")])).unwrap();
    assert_eq!(page.names(), Vec::<String>::new());
    handle.destroy();
}

#[wasm_bindgen_test]
fn a_call_with_the_wrong_value_says_what_is_taken() {
    let page = Page::new();
    let handle = page.mount(&[]);
    assert!(call(&handle, "setTwin", 7).unwrap_err().contains("an id as a string"));
    assert!(call(&handle, "sendUserMessage", "Hi").unwrap_err().contains("{text:"));
    assert!(call(&handle, "sendUserMessage", object(&[("text", "  ")])).unwrap_err().contains("not empty"));
    assert!(call(&handle, "dance", JsValue::UNDEFINED).unwrap_err().contains("no method dance"));
    handle.destroy();
}

#[wasm_bindgen_test]
async fn two_widgets_on_one_page_do_not_hear_each_other() {
    let (one, other) = (Page::new(), Page::new());
    let (first, second) = (one.mount(&[("locale", "vi")]), other.mount(&[("locale", "en")]));
    call(&first, "open", JsValue::UNDEFINED).unwrap();
    frame().await;
    assert_eq!((one.names(), other.names()), (vec!["opened".to_owned()], vec![]));
    first.destroy();
    assert!(other.find(".tc-panel").is_some());
    second.destroy();
}

#[wasm_bindgen_test]
async fn a_panel_that_comes_back_with_the_page_leaves_the_focus_where_it_is() {
    let page = Page::new();
    let handle = page.mount(&[]);
    frame().await;
    call(&handle, "restore", JsValue::UNDEFINED).unwrap();
    frame().await;
    frame().await;
    // Where this runs decides which of the two is to be seen.
    let small = web_sys::window().unwrap().match_media("(max-width:480px),(max-height:480px)").unwrap().unwrap().matches();
    assert_eq!(page.names(), if small { vec![] } else { vec!["opened".to_owned()] });
    assert_eq!(page.find(".tc-panel").unwrap().has_attribute("hidden"), small);
    assert!(page.root.active_element().is_none());
    handle.destroy();
    let kept = Page::new();
    let handle = kept.mount(&[("restore", "false")]);
    call(&handle, "restore", JsValue::UNDEFINED).unwrap();
    frame().await;
    assert_eq!(kept.names(), Vec::<String>::new());
    handle.destroy();
}

#[wasm_bindgen_test]
async fn without_a_language_of_its_own_the_widget_speaks_the_pages_also_after_a_reset() {
    let root = web_sys::window().unwrap().document().unwrap().document_element().unwrap();
    root.set_attribute("lang", "vi").unwrap();
    let page = Page::new();
    let handle = page.mount(&[]);
    frame().await;
    assert_eq!(page.find(".tc-root").unwrap().get_attribute("lang").as_deref(), Some("vi"));
    call(&handle, "reset", JsValue::UNDEFINED).unwrap();
    frame().await;
    frame().await;
    assert_eq!(page.find(".tc-root").unwrap().get_attribute("lang").as_deref(), Some("vi"));
    handle.destroy();
    root.remove_attribute("lang").unwrap();
}
