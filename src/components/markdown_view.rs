//! A markdown text that may still be growing.
//!
//! What the parser froze becomes nodes once and is never touched again, so a selection in it
//! stays; the open tail is drawn anew at most once per animation frame, whatever the number of
//! deltas in between.

use super::clipboard::copy_from_buttons;
use super::dom::{El, div, effect, next_frame};
use super::leaf::Leaf;
use super::markdown_nodes::Builder;
use super::root::{Cx, root};
use crate::markdown::{Op, Stream, same_steps};
use leptos::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;

/// Rich text from markdown that may still be growing; never HTML.
#[component]
pub fn MarkdownView(
    /// The text so far.
    #[prop(into)]
    text: Signal<String>,
    /// Whether more will come.
    #[prop(into, default = false.into())]
    streaming: Signal<bool>,
) -> impl IntoView {
    provide_context(Shown { text, streaming });
    Leaf(|| {
        let Shown { text, streaming } = expect_context::<Shown>();
        root("", move |cx| markdown_view(cx, text, streaming))
    })
}

/// What a [`MarkdownView`] shows.
#[derive(Debug, Clone, Copy)]
struct Shown {
    text: Signal<String>,
    streaming: Signal<bool>,
}

pub(crate) fn markdown_view(cx: Cx, text: Signal<String>, streaming: Signal<bool>) -> El {
    let view = copy_from_buttons(cx, div("tc-markdown").attr("part", "markdown"), |pressed| {
        let code = pressed.closest(".tc-code").ok().flatten()?.query_selector("code").ok().flatten()?;
        code.text_content()
    });
    // Weak: the owner holds the effect, and would hold itself.
    let owner = Owner::current().expect("drawn under an owner").downgrade();
    let document = Rc::new(RefCell::new(Document::new(cx, &view)));
    let scheduled = Rc::new(RefCell::new(false));
    let node = view.clone();
    let draw = Rc::new(move || {
        let (Some(text), Some(streaming)) = (text.try_get_untracked(), streaming.try_get_untracked()) else { return };
        let Some(owner) = owner.upgrade() else { return };
        owner.with(|| untrack(|| document.borrow_mut().show(cx, &node, &text, streaming)));
    });
    let mut first = true;
    effect(move || {
        text.track();
        streaming.track();
        if std::mem::take(&mut first) {
            draw();
        } else if !scheduled.replace(true) {
            let (draw, scheduled) = (draw.clone(), scheduled.clone());
            next_frame(move || {
                scheduled.replace(false);
                draw();
            });
        }
    });
    view
}

/// The text that was drawn, and how to draw more of it.
struct Document {
    source: String,
    finished: bool,
    stream: Stream,
    tail: Vec<Op>,
    builder: Builder,
}

impl Document {
    fn new(cx: Cx, view: &El) -> Self {
        Self {
            source: String::new(),
            finished: false,
            stream: Stream::new(),
            tail: Vec::new(),
            builder: Builder::new(cx, view.node().clone()),
        }
    }

    fn show(&mut self, cx: Cx, view: &El, text: &str, streaming: bool) {
        if self.finished && streaming || !text.starts_with(&self.source) || self.finished && text != self.source {
            // Not a continuation of what is there: a reply that was asked for again, or corrected.
            view.node().set_text_content(None);
            *self = Self::new(cx, view);
        }
        if text.len() > self.source.len() {
            let added = &text[self.source.len()..];
            self.stream.push(added);
            self.source.push_str(added);
        } else if self.finished || streaming {
            return;
        }
        if !streaming {
            self.stream.finish();
            self.finished = true;
        }
        self.draw();
    }

    /// Goes from the old tail to the new one over what was frozen since.
    fn draw(&mut self) {
        let frozen = self.stream.take_frozen();
        let tail = if self.finished { Vec::new() } else { self.stream.tail() };
        let same = same_steps(&self.tail, &frozen, &tail);
        self.builder.take_back_to(same);
        for op in frozen.iter().chain(&tail).skip(same) {
            self.builder.apply(op);
        }
        self.builder.keep(frozen.len());
        self.tail = tail;
    }
}
