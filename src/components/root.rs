//! The root element every component stands in: language, palette, stylesheet.

use super::dom::{El, div, document, effect, listen};
use crate::app::{App, ColorScheme, Mode, Signals, Surface};
use crate::i18n::{Locale, Texts};
use crate::theme::{Accent, STYLESHEET};
use js_sys::{Array, Reflect};
use leptos::prelude::*;
use std::ops::Deref;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CssStyleSheet, Element};

/// What every part of the view is drawn from: one address, since most closures hold it. Its few bytes stay with the page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cx(&'static Context);

#[derive(Debug)]
pub(crate) struct Context {
    /// What can be wanted.
    pub(crate) app: App,
    /// What is drawn.
    pub(crate) s: &'static Signals,
    /// The sentences of the visitor's language. It changes by drawing everything anew.
    pub(crate) t: &'static Texts,
    /// That language.
    pub(crate) locale: Locale,
}

impl Deref for Cx {
    type Target = Context;

    fn deref(&self) -> &Context {
        self.0
    }
}

impl Cx {
    pub(crate) fn mode(self) -> Mode {
        self.s.options.with(|options| options.mode)
    }

    /// The panel's heading: the page's, else the owner's, else the widget's own.
    pub(crate) fn title(self) -> String {
        self.chosen(|options| options.title.clone(), |settings| settings.title.clone(), self.t.chat)
    }

    /// What stands above an empty conversation, likewise.
    pub(crate) fn greeting(self) -> String {
        self.chosen(|options| options.greeting.clone(), |settings| settings.greeting.clone(), self.t.greeting)
    }

    fn chosen(
        self,
        page: fn(&crate::app::Options) -> String,
        owner: fn(&twinchat_protocol::widget::WidgetSettings) -> String,
        own: &str,
    ) -> String {
        let given = [self.s.options.with(page), self.s.settings.with(owner)];
        given.into_iter().find(|text| !text.trim().is_empty()).unwrap_or_else(|| own.to_owned())
    }
}

/// The visitor's language, as a signal's reader.
fn locale(s: &Signals) -> Locale {
    s.options.with(|options| s.settings.with(|settings| Locale::choose(&options.locale, &settings.locale)))
}

/// A root element around what `draw` makes.
pub(crate) fn root(class: &str, draw: impl Fn(Cx) -> El + 'static) -> El {
    let app = expect_context::<App>();
    let s = app.signals;
    let root = div(&["tc-root", class].join(" "))
        .attr_fn("lang", move || Some(locale(s).tag().to_owned()))
        // The page's own direction is that of the page's language.
        .attr_fn("dir", move || Some(locale(s).direction().to_owned()))
        .attr_fn("data-mode", move || Some(mode_name(s.options.with(|options| options.mode)).to_owned()))
        .attr_fn("data-scheme", move || scheme_name(s.options.with(|options| options.color_scheme)).map(str::to_owned))
        .flag("data-framed", move || s.options.with(|options| options.surface != Surface::Page))
        .flag("data-open", move || s.open.get())
        .slot(
            // Another language or another kind of frame is another view.
            move || [locale(s).tag(), mode_name(s.options.with(|options| options.mode))].join(" "),
            move |key| {
                let locale = Locale::first_of(key.split(' '));
                Some(draw(Cx(Box::leak(Box::new(Context { app, s, t: locale.texts(), locale })))))
            },
        );
    paint(root.html(), s);
    // What is shipped brings its style sheet with the shell (npm/twinchat-shell.js), which is there first.
    if !cfg!(twinchat_shipped) {
        dress(root.node().clone());
    }
    root
}

fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Bubble => "bubble",
        Mode::Inline => "inline",
        Mode::Page => "page",
    }
}

fn scheme_name(scheme: ColorScheme) -> Option<&'static str> {
    match scheme {
        ColorScheme::Auto => None,
        ColorScheme::Light => Some("light"),
        ColorScheme::Dark => Some("dark"),
    }
}

/// Keeps the palette on the brand colour: the page's, else the owner's, else the stylesheet's own.
fn paint(root: web_sys::HtmlElement, s: &'static Signals) {
    effect(move || {
        let chosen = s.options.with(|options| Accent::parse(&options.accent));
        let accent = chosen.or_else(|| s.settings.with(|settings| Accent::parse(&settings.accent)));
        if let Some(accent) = accent {
            for (name, value) in accent.properties() {
                set_style(&root, name, &value);
            }
        }
    });
}

/// Sets a style property of one element. Not the `style` attribute, which a page's policy can forbid.
pub(crate) fn set_style(element: &web_sys::HtmlElement, name: &str, value: &str) {
    let style = Reflect::get(element, &JsValue::from_str("style")).unwrap_or_default();
    if let Ok(set) = Reflect::get(&style, &JsValue::from_str("setProperty")) {
        let _ = set.unchecked_into::<js_sys::Function>().call2(&style, &JsValue::from_str(name), &JsValue::from_str(value));
    }
}

thread_local! {
    /// One sheet for all instances on the page.
    static SHEET: Option<CssStyleSheet> = {
        let sheet = CssStyleSheet::new().ok();
        sheet.inspect(|sheet| { let _ = sheet.replace_sync(STYLESHEET); })
    };
}

/// Gives the stylesheet to the document or shadow root the element has come to stand in.
fn dress(root: Element) {
    leptos::task::spawn_local(async move {
        let scope = root.get_root_node();
        let adopted = Reflect::get(&scope, &JsValue::from_str("adoptedStyleSheets")).unwrap_or_default();
        let done = SHEET.with(|sheet| match sheet {
            Some(sheet) if !adopted.is_undefined() => {
                let sheets: &Array = adopted.unchecked_ref();
                if !sheets.includes(sheet, 0) {
                    sheets.push(sheet);
                }
                true
            }
            _ => false,
        });
        if !done {
            // Browsers without constructable stylesheets.
            let style = super::dom::el("style", "").text(STYLESHEET);
            let _ = root.prepend_with_node_1(style.node());
        }
    });
}

/// Tells the stylesheet how much of the screen the on-screen keyboard leaves.
pub(crate) fn follow_viewport(root: web_sys::HtmlElement) {
    let Some(viewport) = window().visual_viewport() else { return };
    let measured = viewport.clone();
    let measure = move || {
        // Zoomed in by the visitor: then the panel stays as it is and the visitor moves over it.
        let zoomed = (measured.scale() - 1.0).abs() > 0.01;
        let height = if zoomed { String::new() } else { pixels(measured.height()) };
        let top = if zoomed { String::new() } else { pixels(measured.offset_top()) };
        set_style(&root, "--_vh", &height);
        set_style(&root, "--_vt", &top);
    };
    measure();
    for event in ["resize", "scroll"] {
        let measure = measure.clone();
        listen(&viewport, event, move |_| measure());
    }
}

pub(crate) fn pixels(length: f64) -> String {
    [&(length.round() as i32).to_string(), "px"].concat()
}

/// Whether a media query holds now.
pub(crate) fn media(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|list| list.matches())
}

/// The element with the keyboard focus in the document or shadow root this one stands in.
pub(crate) fn focused(near: &Element) -> Option<Element> {
    let scope = near.get_root_node();
    match scope.dyn_ref::<web_sys::ShadowRoot>() {
        Some(shadow) => shadow.active_element(),
        None => document().active_element(),
    }
}
