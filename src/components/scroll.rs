//! Keeps the newest message in view until the visitor scrolls up, and their place when older ones
//! come in above.

use super::dom::{El, effect, listen};
use super::root::Cx;
use crate::state::Loading;
use leptos::prelude::*;
use send_wrapper::SendWrapper;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, ResizeObserver, ScrollBehavior, ScrollToOptions};

/// So near to the end (in pixels) counts as being there.
const AT_END: i32 = 6;
/// So far from the end the way back is offered.
const FAR: i32 = 160;
/// So near to the beginning older messages are fetched.
const NEAR_START: i32 = 400;

/// The scrolling of one message list.
#[derive(Clone)]
pub(crate) struct Scroll {
    element: Element,
    /// Whether new content moves the view along.
    follow: Rc<Cell<bool>>,
    /// Where the view was, from the top, at the last look.
    top: Rc<Cell<i32>>,
    /// Where it was from the end of the content.
    from_end: Rc<Cell<i32>>,
    /// Older messages have been put above: hold the place, counted from the end.
    hold: Rc<Cell<bool>>,
    /// Whether the end is out of sight.
    pub(crate) away: RwSignal<bool>,
}

impl Scroll {
    /// Watches `scroller` and, for growth, the content in it.
    pub(crate) fn watch(cx: Cx, scroller: &El, content: &El) -> Self {
        let scroll = Self {
            element: scroller.node().clone(),
            follow: Rc::new(Cell::new(true)),
            top: Rc::default(),
            from_end: Rc::default(),
            hold: Rc::default(),
            away: RwSignal::new(false),
        };
        let moved = scroll.clone();
        listen(scroller.node(), "scroll", move |_| moved.moved(cx));
        for sign in ["wheel", "touchmove"] {
            let pulled = scroll.clone();
            listen(scroller.node(), sign, move |event| pulled.pulled(event.dyn_ref::<web_sys::WheelEvent>()));
        }
        scroll.observe(cx, scroller.node(), content.node());
        scroll.mind_messages(cx);
        scroll
    }

    /// To the newest message, and along with it from now on.
    pub(crate) fn to_end(&self, smooth: bool) {
        self.follow.set(true);
        self.away.set(false);
        let to = ScrollToOptions::new();
        to.set_top(f64::from(self.element.scroll_height()));
        to.set_behavior(if smooth { ScrollBehavior::Smooth } else { ScrollBehavior::Instant });
        self.element.scroll_to_with_scroll_to_options(&to);
    }

    fn distance(&self) -> i32 {
        self.element.scroll_height() - self.element.scroll_top() - self.element.client_height()
    }

    fn look(&self) {
        self.top.set(self.element.scroll_top());
        self.from_end.set(self.element.scroll_height() - self.element.scroll_top());
    }

    fn moved(&self, cx: Cx) {
        let distance = self.distance();
        if distance <= AT_END {
            self.follow.set(true);
        } else if self.element.scroll_top() < self.top.get() {
            self.follow.set(false);
        }
        let away = distance > FAR && !self.follow.get();
        if self.away.get_untracked() != away {
            self.away.set(away);
        }
        self.look();
        if self.element.scroll_top() < NEAR_START && !self.follow.get() {
            load_older(cx);
        }
    }

    /// A wheel or finger on the list: yields at once, before the browser has scrolled.
    fn pulled(&self, wheel: Option<&web_sys::WheelEvent>) {
        let up = wheel.is_none_or(|wheel| wheel.delta_y() < 0.0);
        if up && self.element.scroll_top() > 0 && self.distance() > 0 || up && wheel.is_some() && self.element.scroll_top() > 0 {
            self.follow.set(false);
        }
    }

    fn observe(&self, cx: Cx, scroller: &Element, content: &Element) {
        let scroll = self.clone();
        let grown = Closure::<dyn FnMut()>::new(move || scroll.grown(cx));
        let Ok(observer) = ResizeObserver::new(grown.as_ref().unchecked_ref()) else { return };
        observer.observe(content);
        observer.observe(scroller);
        let kept = SendWrapper::new((observer, grown));
        on_cleanup(move || kept.0.disconnect());
    }

    /// After layout and before painting: the visitor never sees a jump.
    fn grown(&self, cx: Cx) {
        if cx.s.messages.with_untracked(Vec::is_empty) {
            // A greeting is read from its beginning.
            self.element.set_scroll_top(0);
        } else if self.hold.replace(false) && !self.follow.get() {
            self.element.set_scroll_top(self.element.scroll_height() - self.from_end.get());
        } else if self.follow.get() {
            self.element.set_scroll_top(self.element.scroll_height());
        }
        self.look();
    }

    /// Tells older messages put above from another conversation and from the visitor's own new one.
    fn mind_messages(&self, cx: Cx) {
        let scroll = self.clone();
        let mut before: (String, String, usize) = Default::default();
        effect(move || {
            let now = cx.s.messages.with(|list| {
                let key = |entry: Option<&crate::app::MessageEntry>| entry.map(|entry| entry.key.clone()).unwrap_or_default();
                let own = |entry: &&crate::app::MessageEntry| entry.role == twinchat_protocol::message::Role::User;
                (key(list.first()), key(list.iter().rev().find(own)), list.len())
            });
            if now.0 != before.0 && now.1 == before.1 && before.2 > 0 && now.2 > before.2 {
                scroll.hold.set(true);
            } else if now.1 != before.1 {
                scroll.follow.set(true);
                scroll.away.set(false);
            }
            before = now;
        });
    }
}

fn load_older(cx: Cx) {
    if cx.s.messages_more.get_untracked() && cx.s.messages_loading.get_untracked() == Loading::Ready {
        cx.app.load_older_messages();
    }
}
