//! What stands around the panel in the element's shadow root and belongs to the loader: the launcher.

use crate::app::App;
use crate::theme::{Accent, FRAME};
use js_sys::{Function, Object, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CssStyleSheet, HtmlElement, ShadowRoot};

thread_local! {
    // One sheet for all elements of the page.
    static SHEET: Option<CssStyleSheet> = {
        let sheet = CssStyleSheet::new().ok();
        sheet.inspect(|sheet| { let _ = sheet.replace_sync(FRAME); })
    };
}

/// Gives the shadow root the rules that the loader left to the widget.
pub(super) fn dress(frame: &HtmlElement) {
    let Ok(root) = frame.get_root_node().dyn_into::<ShadowRoot>() else { return };
    SHEET.with(|sheet| {
        let sheets = root.adopted_style_sheets();
        if let Some(sheet) = sheet.as_ref().filter(|sheet| !sheets.includes(sheet, 0)) {
            sheets.push(sheet);
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
