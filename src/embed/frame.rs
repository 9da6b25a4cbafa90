//! What only the loader hears: the launcher's colours, and when what stands in for the panel (`npm/twinchat-shell.js`) can go.

use crate::app::App;
use crate::theme::Accent;
use js_sys::{Function, Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::JsValue;

/// Tells once it is known what the panel shows first. Must be called under the view's owner.
pub(super) fn tell_settled(app: App, emit: Function) {
    Effect::new(move |_| {
        if app.signals.settled.get() {
            let _ = emit.call1(&JsValue::NULL, &"settled".into());
        }
    });
}

/// Keeps the launcher on the brand colour: the page's, else the owner's. Must be called under the view's owner.
pub(super) fn paint(app: App, emit: Function) {
    Effect::new(move |_| {
        let chosen = app.signals.options.with(|options| Accent::parse(&options.accent));
        let accent = chosen.or_else(|| app.signals.settings.with(|settings| Accent::parse(&settings.accent)));
        let palette = Object::new();
        for (name, value) in accent.map(Accent::properties).unwrap_or_default() {
            let launchers = match name {
                "--tc-light-fill" => "--_a",
                "--tc-light-on" => "--_on",
                _ => continue,
            };
            let _ = Reflect::set(&palette, &launchers.into(), &value.into());
        }
        let _ = emit.call2(&JsValue::NULL, &"palette".into(), &palette);
    });
}
