//! A markdown text that may still be growing.
//!
//! What the parser froze becomes nodes once and is not touched again, so a selection in it stays; the
//! open tail is drawn at most once per animation frame, whatever the number of deltas in between, and less
//! often while more comes than can be read.

use super::clipboard::copy_from_buttons;
use super::dom::{El, div, effect, later, next_frame};
use super::leaf::Leaf;
use super::markdown_elements::{Look, show_picture};
use super::markdown_nodes::Builder;
use super::root::{Cx, root};
use super::scroll::grown;
use crate::markdown::{Op, Stream, same_steps};
use crate::platform::lazy;
use js_sys::{Array, Function, Reflect};
use leptos::prelude::*;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Element;

/// Bytes of text drawn at once at most: a text that comes all at once, such as a long stored answer, does not hold up the page.
const MOST_AT_ONCE: usize = 12_288;
/// Where a step took longer than this, less is drawn at once, but no less than that; more again when steps are quick.
const SLOW_MILLIS: u64 = 40;
const LEAST_AT_ONCE: usize = 2_048;
const QUICK_MILLIS: u64 = 16;
/// More than so many bytes in one step nobody reads as they come: drawn less often, they cost less.
const MUCH: usize = 512;
/// For so long the page is left alone after a step that drew much. Not counted in frames: to be asked for one costs it too.
const REST_MILLIS: u32 = 35;
/// How much of the end of the drawn text is compared to see whether a text goes on from it. All of it is
/// compared when the text is whole.
const COMPARED: usize = 256;

/// Rich text from markdown that may still be growing: CommonMark with tables, strikethrough, task lists
/// and bare links. HTML in it is text.
///
/// The elements are those of CommonMark's HTML, made one by one: no markup is ever handed to the browser,
/// so it works under `require-trusted-types-for 'script'`. Drawing a delta costs what the delta and the open
/// paragraph cost, not what the text so far does. What is drawn and finished stays the same nodes; a selection in
/// it stays.
///
/// Links lead to `http:`, `https:`, `mailto:` and `tel:` only and open in a new tab; a link whose text names another
/// place than it leads to says so. Pictures are fetched from the origins of
/// [`Options::image_origins`](crate::app::Options::image_origins) only, others when the visitor asks for them.
#[component]
pub fn MarkdownView(
    /// The text so far. It should only grow; any other text is drawn from the beginning.
    #[prop(into)]
    text: Signal<String>,
    /// Whether more will come. While it does, unfinished syntax is drawn as it will be.
    #[prop(into, default = false.into())]
    streaming: Signal<bool>,
    /// The level (1 to 6) of the largest headings. With 1 they are as written; below headings of a page's own,
    /// give the next level: headings of the first and the second level are then of this one.
    #[prop(default = 1)]
    top_heading: u8,
    /// Whether addresses without a scheme, which lead somewhere on the page's own site, are links, and pictures
    /// of that site are shown.
    #[prop(default = false)]
    relative: bool,
) -> impl IntoView {
    provide_context(Shown { text, streaming, look: Look { top_heading, relative } });
    Leaf(|| {
        let Shown { text, streaming, look } = expect_context::<Shown>();
        root("", move |cx| view(cx, look, text, streaming))
    })
}

/// What a [`MarkdownView`] shows.
#[derive(Debug, Clone, Copy)]
struct Shown {
    text: Signal<String>,
    streaming: Signal<bool>,
    look: Look,
}

/// The view of an answer.
pub(crate) fn markdown_view(cx: Cx, text: Signal<String>, streaming: Signal<bool>) -> El {
    view(cx, Look::ANSWER, text, streaming)
}

fn view(cx: Cx, look: Look, text: Signal<String>, streaming: Signal<bool>) -> El {
    let view = copy_from_buttons(cx, div("tc-markdown").attr("part", "markdown"), |pressed| {
        let code = pressed.closest(".tc-code").ok().flatten()?.query_selector("code").ok().flatten()?;
        code.text_content()
    });
    let view = view.on("click", |event| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if let Some(offer) = target.and_then(|target| target.closest(".tc-image-off").ok().flatten()) {
            show_picture(&offer);
        }
    });
    // Weak: the owner holds the effect, and would hold itself.
    let owner = Owner::current().expect("drawn under an owner").downgrade();
    let document = RefCell::new(Document::new(cx, look, view.node().clone()));
    let drawing = Rc::new(Drawing {
        waiting: Cell::new(false),
        wanted: Cell::new(false),
        drew_much: Cell::new(false),
        draw: Box::new(move || {
            let (Some(owner), Some(streaming)) = (owner.upgrade(), streaming.try_get_untracked()) else { return Step::default() };
            let show = |text: &String| owner.with(|| untrack(|| document.borrow_mut().show(text, streaming)));
            text.try_with_untracked(show).unwrap_or_default()
        }),
    });
    let mut first = true;
    effect(move || {
        text.track();
        streaming.track();
        if std::mem::take(&mut first) {
            drawing.draw();
            if drawing.wanted.get() {
                drawing.wait();
            }
        } else {
            drawing.changed();
        }
    });
    view
}

/// What was drawn at once.
#[derive(Debug, Clone, Copy, Default)]
struct Step {
    bytes: usize,
    /// Whether more is to be drawn.
    more: bool,
}

/// Draws at once, and then at the next frame at the earliest.
struct Drawing {
    /// Whether a frame is waited for.
    waiting: Cell<bool>,
    /// Whether there is something to draw then.
    wanted: Cell<bool>,
    /// Whether the page is to be left alone before.
    drew_much: Cell<bool>,
    draw: Box<dyn Fn() -> Step>,
}

impl Drawing {
    fn changed(self: &Rc<Self>) {
        if self.waiting.get() {
            self.wanted.set(true);
        } else {
            self.draw();
            self.wait();
        }
    }

    fn draw(self: &Rc<Self>) {
        let step = (self.draw)();
        self.wanted.set(step.more);
        self.drew_much.set(step.bytes > MUCH);
    }

    fn wait(self: &Rc<Self>) {
        self.waiting.set(true);
        let drawing = self.clone();
        if self.drew_much.take() {
            return later(REST_MILLIS, move || drawing.wait());
        }
        next_frame(move || {
            drawing.waiting.set(false);
            if drawing.wanted.get() {
                drawing.draw();
                drawing.wait();
            }
        });
    }
}

/// Has a part of the widget that is fetched when it is first needed do its work on these nodes. Without it
/// they stay as they are.
fn fetched(module: &'static str, function: &'static str, nodes: Vec<impl Into<JsValue>>) {
    let nodes: Array = nodes.into_iter().map(Into::into).collect();
    if nodes.length() == 0 {
        return;
    }
    leptos::task::spawn_local(async move {
        let Some(module) = lazy::module(module).await else { return };
        if let Ok(function) = Reflect::get(&module, &JsValue::from_str(function)).unwrap_or_default().dyn_into::<Function>() {
            let _ = function.call1(&JsValue::UNDEFINED, &nodes);
        }
    });
}

/// The text that was drawn, and how to draw more of it.
struct Document {
    cx: Cx,
    look: Look,
    root: Element,
    source: String,
    finished: bool,
    /// Bytes drawn at once at most.
    at_once: usize,
    stream: Stream,
    tail: Vec<Op>,
    builder: Builder,
}

impl Document {
    fn new(cx: Cx, look: Look, root: Element) -> Self {
        let builder = Builder::new(cx, look, root.clone());
        Self {
            cx,
            look,
            root,
            source: String::new(),
            finished: false,
            at_once: MOST_AT_ONCE,
            stream: Stream::new(),
            tail: Vec::new(),
            builder,
        }
    }

    /// Draws as much of a text as is drawn at once.
    fn show(&mut self, text: &str, streaming: bool) -> Step {
        if !self.goes_on(text, streaming) {
            // A reply that was asked for again, or corrected.
            self.root.set_text_content(None);
            *self = Self::new(self.cx, self.look, self.root.clone());
        }
        let end = text.floor_char_boundary(self.source.len() + self.at_once);
        let begun = self.cx.app.millis();
        let (whole, bytes) = (end == text.len(), end - self.source.len());
        if bytes > 0 {
            let added = &text[self.source.len()..end];
            self.stream.push(added);
            self.source.push_str(added);
        } else if self.finished || streaming {
            return Step::default();
        }
        if !streaming && whole {
            self.stream.finish();
            self.finished = true;
        }
        self.draw();
        // Assistive technology waits with a text that is still being put together.
        let _ = if whole { self.root.remove_attribute("aria-busy") } else { self.root.set_attribute("aria-busy", "true") };
        if bytes > MUCH {
            grown(&self.root);
            // Has laid out now what would be before the next picture.
            let _ = self.root.client_height();
            match self.cx.app.millis().saturating_sub(begun) {
                SLOW_MILLIS.. => self.at_once = (self.at_once / 2).max(LEAST_AT_ONCE),
                0..=QUICK_MILLIS => self.at_once = (self.at_once * 2).min(MOST_AT_ONCE),
                _ => {}
            }
        }
        Step { bytes, more: !whole }
    }

    /// Whether a text is a continuation of the one that was drawn.
    fn goes_on(&self, text: &str, streaming: bool) -> bool {
        if self.finished {
            return !streaming && text == self.source;
        }
        let drawn = self.source.len();
        let from = if streaming { drawn.saturating_sub(COMPARED) } else { 0 };
        text.as_bytes().get(from..drawn) == Some(&self.source.as_bytes()[from..]) && text.is_char_boundary(drawn)
    }

    /// Goes from the old tail to the new one over what was frozen since.
    fn draw(&mut self) {
        let frozen = self.stream.take_frozen();
        let tail = if self.finished { Vec::new() } else { self.stream.tail() };
        let same = same_steps(&self.tail, &frozen, &tail);
        if self.tail.iter().skip(same).chain(frozen.iter().chain(&tail).skip(same)).any(|op| *op == Op::Loose) {
            self.builder.look_at_selection();
        }
        let grown = self.grow(same, &frozen, &tail);
        self.builder.take_back_to(same + grown);
        for op in frozen.iter().chain(&tail).skip(same + grown) {
            self.builder.apply(op);
        }
        self.builder.keep(frozen.len());
        self.tail = tail;
        fetched("twinchat-entities.js", "decode", self.builder.new_entities());
        fetched("twinchat-highlight.js", "highlight", self.builder.new_code());
    }

    /// The first step that is not the same: if it was text and now is that text and more, the nodes stay.
    /// Gives the number of steps that are drawn by that.
    fn grow(&mut self, same: usize, frozen: &[Op], tail: &[Op]) -> usize {
        let Some(Op::Text(was)) = self.tail.get(same) else { return 0 };
        let mut now = Vec::new();
        let mut all = String::new();
        for op in frozen.iter().chain(tail).skip(same) {
            match op {
                Op::Text(text) if all.len() < was.len() => {
                    all.push_str(text);
                    now.push(text.as_str());
                }
                _ => break,
            }
        }
        if !all.starts_with(was.as_str()) {
            return 0;
        }
        self.builder.take_back_to(same + 1);
        if self.builder.grow(was, &now) { now.len() } else { 0 }
    }
}
