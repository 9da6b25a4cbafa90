//! Elements, bound to signals.
//!
//! A few dozen lines in place of `view!`: every `view!` is a type of its own, and the code made for
//! those types was most of a first widget's download. Here an element is an [`El`], whatever is in
//! it, and what changes is one boxed closure. It also never takes the way over `innerHTML` that
//! `view!` takes for static markup, which `require-trusted-types-for 'script'` forbids.
//!
//! Everything made here lives as long as the Leptos [`Owner`] it was made under.

use leptos::prelude::*;
use leptos::reactive::effect::RenderEffect;
use send_wrapper::SendWrapper;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Document, Element, Event, FocusOptions, HtmlElement, Node};

/// An element under construction, or done.
#[derive(Debug, Clone)]
pub(crate) struct El(Element);

/// A child of a [`El::list`], and what ends with it.
struct Kept {
    node: Element,
    owner: Owner,
}

// What is handed in is boxed as one of these and not as a `dyn Fn`: that would carry three ways to be called for each closure,
// of which one is ever used.

/// Gives what is to be shown, and reads signals for it.
pub(super) trait Read<T> {
    fn read(&self) -> T;
}

impl<T, F: Fn() -> T> Read<T> for F {
    fn read(&self) -> T {
        self()
    }
}

/// Draws the child for a key.
pub(super) trait Draw {
    fn draw(&self, key: &str) -> Option<El>;
}

impl<F: Fn(&str) -> Option<El>> Draw for F {
    fn draw(&self, key: &str) -> Option<El> {
        self(key)
    }
}

/// Does something whenever a signal has changed.
trait Run {
    fn run(&mut self);
}

impl<F: FnMut()> Run for F {
    fn run(&mut self) {
        self();
    }
}

/// Hears of an event.
trait Hear {
    fn hear(&mut self, event: Event);
}

impl<F: FnMut(Event)> Hear for F {
    fn hear(&mut self, event: Event) {
        self(event);
    }
}

/// What children there are to be.
pub(super) enum Keys {
    /// One at any time, another one for another key.
    One(Box<dyn Read<String>>),
    /// One at times.
    While(Box<dyn Read<bool>>),
    Many(Box<dyn Read<Vec<String>>>),
}

impl Keys {
    fn wanted(&self) -> Vec<String> {
        match self {
            Self::One(key) => vec![key.read()],
            Self::While(on) if on.read() => vec![String::new()],
            Self::While(_) => Vec::new(),
            Self::Many(keys) => keys.read(),
        }
    }
}

/// A key and what was drawn for it.
type Row = (String, Option<Kept>);

pub(crate) fn document() -> Document {
    leptos::prelude::document()
}

/// An element of HTML with this class (or classes).
pub(crate) fn el(tag: &str, class: &str) -> El {
    let element = document().create_element(tag).expect("tag names are literals");
    if !class.is_empty() {
        element.set_class_name(class);
    }
    El(element)
}

/// A `<div>` with this class (or classes).
pub(crate) fn div(class: &str) -> El {
    el("div", class)
}

/// A `<button type="button">` with this class (or classes).
pub(crate) fn button(class: &str) -> El {
    el("button", class).attr("type", "button")
}

/// Runs `run` now, and again whenever a signal it has read changes, until the owner ends.
pub(crate) fn effect(run: impl FnMut() + 'static) {
    effect_boxed(Box::new(run));
}

// Here and below: generic only as far as the box, so that the code behind it exists once.
fn effect_boxed(mut run: Box<dyn Run>) {
    let effect = SendWrapper::new(RenderEffect::new(move |_| run.run()));
    on_cleanup(move || drop(effect));
}

/// Calls `run` at the next animation frame.
pub(crate) fn next_frame(run: impl FnOnce() + 'static) {
    request_animation_frame(run);
}

/// Calls `run` after so long.
pub(crate) fn later(millis: u32, run: impl FnOnce() + 'static) {
    set_timeout(run, Duration::from_millis(millis.into()));
}

/// Gives an element the keyboard focus without moving the page under it.
pub(crate) fn focus(element: &HtmlElement) {
    let options = FocusOptions::new();
    options.set_prevent_scroll(true);
    let _ = element.focus_with_options(&options);
}

/// Listens until the owner ends.
pub(crate) fn listen(target: &web_sys::EventTarget, event: &'static str, handler: impl FnMut(Event) + 'static) {
    listen_boxed(target, event, Box::new(handler));
}

fn listen_boxed(target: &web_sys::EventTarget, event: &'static str, mut handler: Box<dyn Hear>) {
    let closure = Closure::<dyn FnMut(Event)>::new(move |event| handler.hear(event));
    let _ = target.add_event_listener_with_callback(event, closure.as_ref().unchecked_ref());
    let kept = SendWrapper::new((target.clone(), closure));
    on_cleanup(move || {
        let (target, closure) = &*kept;
        let _ = target.remove_event_listener_with_callback(event, closure.as_ref().unchecked_ref());
        // The browser may still be in the middle of a call to it: dropped once that has returned.
        let later = SendWrapper::take(kept);
        leptos::task::spawn_local(async move { drop(later) });
    });
}

impl El {
    /// The element itself.
    pub(crate) fn node(&self) -> &Element {
        &self.0
    }

    /// The element as an HTML element, for focus and style.
    pub(crate) fn html(&self) -> HtmlElement {
        self.0.clone().unchecked_into()
    }

    pub(crate) fn wrap(element: Element) -> Self {
        Self(element)
    }

    pub(crate) fn attr(self, name: &str, value: &str) -> Self {
        let _ = self.0.set_attribute(name, value);
        self
    }

    /// Adds a class.
    pub(crate) fn class(self, class: &str) -> Self {
        let _ = self.0.class_list().add_1(class);
        self
    }

    /// Appends text.
    pub(crate) fn text(self, text: &str) -> Self {
        let _ = self.0.append_child(&document().create_text_node(text));
        self
    }

    #[expect(clippy::needless_pass_by_value, reason = "an element is made, then handed over")]
    pub(crate) fn child(self, child: El) -> Self {
        let _ = self.0.append_child(&child.0);
        self
    }

    pub(crate) fn maybe(self, child: Option<El>) -> Self {
        match child {
            Some(child) => self.child(child),
            None => self,
        }
    }

    pub(crate) fn children(self, children: impl IntoIterator<Item = El>) -> Self {
        children.into_iter().fold(self, El::child)
    }

    pub(crate) fn on(self, event: &'static str, handler: impl FnMut(Event) + 'static) -> Self {
        listen(&self.0, event, handler);
        self
    }

    pub(crate) fn click(self, handler: impl Fn() + 'static) -> Self {
        self.bind_click(Box::new(handler));
        self
    }

    /// Appends text that follows signals.
    pub(crate) fn text_fn(self, text: impl Fn() -> String + 'static) -> Self {
        self.bind_text(Box::new(text));
        self
    }

    /// An attribute that follows signals; absent on `None`.
    pub(crate) fn attr_fn(self, name: &'static str, value: impl Fn() -> Option<String> + 'static) -> Self {
        self.bind_attribute(name, Box::new(value));
        self
    }

    /// An attribute without a value that is there while `on` holds.
    pub(crate) fn flag(self, name: &'static str, on: impl Fn() -> bool + 'static) -> Self {
        self.bind_flag(name, Box::new(on));
        self
    }

    /// A class that is there while `on` holds.
    pub(crate) fn class_fn(self, class: &'static str, on: impl Fn() -> bool + 'static) -> Self {
        self.bind_class(class, Box::new(on));
        self
    }

    /// A place for what `draw` makes; made anew whenever `key` gives another text.
    pub(crate) fn slot(self, key: impl Fn() -> String + 'static, draw: impl Fn(&str) -> Option<El> + 'static) -> Self {
        keep_in_order(&self.0, Keys::One(Box::new(key)), Box::new(draw));
        self
    }

    /// What `draw` makes while `on` holds.
    pub(crate) fn when(self, on: impl Fn() -> bool + 'static, draw: impl Fn() -> El + 'static) -> Self {
        keep_in_order(&self.0, Keys::While(Box::new(on)), Box::new(move |_: &str| Some(draw())));
        self
    }

    /// One child per key, in their order. A child stays the same element for as long as its key is there.
    pub(crate) fn list(self, keys: impl Fn() -> Vec<String> + 'static, draw: impl Fn(&str) -> Option<El> + 'static) -> Self {
        keep_in_order(&self.0, Keys::Many(Box::new(keys)), Box::new(draw));
        self
    }

    fn bind_click(&self, handler: Box<dyn Read<()>>) {
        listen(&self.0, "click", move |_| handler.read());
    }

    fn bind_text(&self, text: Box<dyn Read<String>>) {
        let node = document().create_text_node("");
        let _ = self.0.append_child(&node);
        effect(move || {
            let text = text.read();
            if node.data() != text {
                node.set_data(&text);
            }
        });
    }

    fn bind_flag(&self, name: &'static str, on: Box<dyn Read<bool>>) {
        self.bind_attribute(name, Box::new(move || on.read().then(String::new)));
    }

    fn bind_attribute(&self, name: &'static str, value: Box<dyn Read<Option<String>>>) {
        let element = self.0.clone();
        effect(move || {
            let _ = match value.read() {
                Some(value) => element.set_attribute(name, &value),
                None => element.remove_attribute(name),
            };
        });
    }

    fn bind_class(&self, class: &'static str, on: Box<dyn Read<bool>>) {
        let classes = self.0.class_list();
        effect(move || {
            let _ = classes.toggle_with_force(class, on.read());
        });
    }
}

pub(super) fn keep_in_order(parent: &Element, keys: Keys, draw: Box<dyn Draw>) {
    let end: Node = document().create_comment("").into();
    let _ = parent.append_child(&end);
    let parent: Node = parent.clone().into();
    // Weak: the owner holds the effect, and would hold itself.
    let owner = Owner::current().expect("drawn under an owner").downgrade();
    let kept: Rc<RefCell<Vec<Row>>> = Rc::default();
    effect(move || {
        let wanted = keys.wanted();
        let Some(owner) = owner.upgrade() else { return };
        if kept.borrow().iter().map(|(key, _)| key).eq(wanted.iter()) {
            return;
        }
        let mut old = kept.take();
        let mut next: Vec<Row> = Vec::with_capacity(wanted.len());
        for key in wanted {
            let found = old.iter().position(|(old_key, _)| *old_key == key);
            next.push(match found {
                // Mostly the same order: taking from the front keeps this linear.
                Some(at) => old.remove(at),
                None => (key, None),
            });
        }
        for (_, gone) in old {
            if let Some(gone) = gone {
                gone.owner.cleanup();
                gone.node.remove();
            }
        }
        place(&parent, &end, &owner, &mut next, &*draw);
        *kept.borrow_mut() = next;
    });
}

fn place(parent: &Node, end: &Node, owner: &Owner, rows: &mut [Row], draw: &dyn Draw) {
    let mut after = end.clone();
    for (key, row) in rows.iter_mut().rev() {
        if row.is_none() {
            let child = owner.child();
            *row = child.with(|| untrack(|| draw.draw(key))).map(|drawn| Kept { node: drawn.0, owner: child });
        }
        let Some(kept) = row else { continue };
        if kept.node.next_sibling().as_ref() != Some(&after) || kept.node.parent_node().as_ref() != Some(parent) {
            let _ = parent.insert_before(&kept.node, Some(&after));
        }
        after = kept.node.clone().into();
    }
}
