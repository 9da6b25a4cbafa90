//! Network, visibility and language as the browser reports them.

use crate::platform::Page;
use std::any::Any;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{EventTarget, VisibilityState};

/// When a bubble's panel covers the screen; the same as in `style/panel.css`.
const SMALL: &str = "(max-width:480px),(max-height:480px)";

#[derive(Debug)]
pub(super) struct BrowserPage;

impl Page for BrowserPage {
    fn online(&self) -> bool {
        web_sys::window().is_none_or(|window| window.navigator().on_line())
    }

    fn visible(&self) -> bool {
        document().is_none_or(|document| document.visibility_state() == VisibilityState::Visible)
    }

    fn is_small(&self) -> bool {
        let list = web_sys::window().and_then(|window| window.match_media(SMALL).ok().flatten());
        list.is_some_and(|list| list.matches())
    }

    fn origin(&self) -> String {
        web_sys::window().and_then(|window| window.location().origin().ok()).unwrap_or_default()
    }

    fn language(&self) -> String {
        web_sys::window().and_then(|window| window.navigator().language()).unwrap_or_default()
    }

    fn watch(&self, callback: Box<dyn Fn()>) -> Box<dyn Any> {
        let closure = Closure::wrap(callback);
        let targets =
            [("online", window()), ("offline", window()), ("pageshow", window()), ("visibilitychange", document().map(Into::into))];
        let targets: Vec<(&str, EventTarget)> = targets.into_iter().filter_map(|(name, target)| Some((name, target?))).collect();
        for (name, target) in &targets {
            // Fails only for a callback that is no function.
            let _ = target.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
        }
        Box::new(Watch { closure, targets })
    }
}

fn document() -> Option<web_sys::Document> {
    web_sys::window()?.document()
}

fn window() -> Option<EventTarget> {
    web_sys::window().map(Into::into)
}

struct Watch {
    closure: Closure<dyn Fn()>,
    targets: Vec<(&'static str, EventTarget)>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        for (name, target) in &self.targets {
            let _ = target.remove_event_listener_with_callback(name, self.closure.as_ref().unchecked_ref());
        }
    }
}
