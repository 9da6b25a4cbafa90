//! A panic ends the WebAssembly instance. The page must hear of it and go on.

use js_sys::{Error, Function};
use std::cell::{Cell, RefCell};
use std::sync::Once;
use wasm_bindgen::prelude::*;

thread_local! {
    static LISTENERS: RefCell<Vec<Function>> = const { RefCell::new(Vec::new()) };
    static FALLING: Cell<bool> = const { Cell::new(false) };
}

/// From now on a panic is written to the console and told to every mounted widget's page as `trap`.
pub fn watch_for_panics() {
    // What is shipped has no messages: there, panics call `fallen` themselves.
    if cfg!(twinchat_shipped) {
        return;
    }
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // A Leptos app around the widget may have one of its own.
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            before(panic);
            tell(&panic.to_string().into());
        }));
    });
}

/// Tells this page too.
pub(super) fn add(emit: &Function) {
    LISTENERS.with_borrow_mut(|listeners| listeners.push(emit.clone()));
}

/// Tells it no longer.
pub(super) fn remove(emit: &Function) {
    LISTENERS.with_borrow_mut(|listeners| listeners.retain(|listener| listener != emit));
}

/// What a panic calls in the WebAssembly that is shipped (`xtask/panics.mjs`): there it has no message, and the stack shows where
/// it happened.
#[wasm_bindgen]
pub fn fallen() {
    // Telling can panic too, when there is no memory left.
    if !FALLING.replace(true) {
        tell(&Error::new("").into());
        FALLING.set(false);
    }
}

fn tell(panic: &JsValue) {
    web_sys::console::error_2(&"twinchat has crashed:".into(), panic);
    // Anything may be borrowed while it falls; what cannot be had is left out.
    let listeners = LISTENERS.try_with(|listeners| listeners.try_borrow().map(|listeners| listeners.clone()).unwrap_or_default());
    for emit in listeners.unwrap_or_default() {
        let _ = emit.call2(&JsValue::NULL, &"trap".into(), &JsValue::UNDEFINED);
    }
}
