//! Keeps the newest message in view until the visitor scrolls up, and else what is being read where it is: when older
//! messages come in above, and when of many messages others are drawn.

use super::dom::{El, div, effect, listen, next_frame};
use super::root::{Cx, pixels, set_style};
use super::window::Heights;
use crate::app::{BoxSignal, MessageEntry};
use crate::state::Loading;
use leptos::prelude::*;
use send_wrapper::SendWrapper;
use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;
use twinchat_protocol::message::Role;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, ResizeObserver, ScrollBehavior, ScrollToOptions};

/// So near to the end (in pixels) counts as being there.
const AT_END: i32 = 6;
/// So far from the end the way back is offered.
const FAR: i32 = 160;
/// So near to the beginning older messages are fetched.
const NEAR_START: i32 = 600;

/// An event of a scroller that something in it has grown by much.
const GROWN: &str = "tc-grown";

/// Has what this stands in follow its growth before anything is laid out. What the view would only have gone past on the
/// way then need not be drawn.
pub(crate) fn grown(element: &Element) {
    if let (Some(scroller), Ok(event)) = (element.closest(".tc-messages").ok().flatten(), web_sys::Event::new(GROWN)) {
        let _ = scroller.dispatch_event(&event);
    }
}

/// The scrolling of one message list.
#[derive(Clone)]
pub(crate) struct Scroll(Rc<Inner>);

struct Inner {
    cx: Cx,
    element: Element,
    log: Element,
    /// Stand for the messages above and below those that are drawn.
    above: El,
    below: El,
    heights: RefCell<Heights>,
    /// How high the two are.
    stretched: Cell<[f64; 2]>,
    /// Whether new content moves the view along.
    follow: Cell<bool>,
    /// Where the view was, from the top, at the last look.
    top: Cell<i32>,
    /// How high all of it and the view were then.
    size: Cell<(i32, i32)>,
    /// The first message in sight at the last look, or the first block of it that is, and how far from the view's top it was.
    reading: RefCell<Option<(Element, f64)>>,
    signals: Told,
}

/// What others draw of it.
#[derive(Clone, Copy)]
pub(crate) struct Told {
    /// Which messages are drawn, by their places.
    pub(crate) drawn: BoxSignal<Range<usize>>,
    /// Whether the end is out of sight.
    pub(crate) away: BoxSignal<bool>,
    /// How many answers have come below since it is.
    pub(crate) missed: BoxSignal<u32>,
}

impl Told {
    pub(crate) fn new() -> Self {
        Self { drawn: BoxSignal::new(0..usize::MAX), away: BoxSignal::new(false), missed: BoxSignal::new(0) }
    }
}

impl Scroll {
    /// Watches `scroller` and, for growth, the messages in it, which are put there.
    pub(crate) fn watch(cx: Cx, scroller: El, log: &El, told: Told) -> (Self, El) {
        let (above, below) = (div("tc-stretch"), div("tc-stretch"));
        let scroller = scroller.child(above.clone()).child(log.clone()).child(below.clone());
        let scroll = Self(Rc::new(Inner {
            cx,
            element: scroller.node().clone(),
            log: log.node().clone(),
            above,
            below,
            heights: RefCell::default(),
            stretched: Cell::default(),
            follow: Cell::new(true),
            top: Cell::default(),
            size: Cell::default(),
            reading: RefCell::default(),
            signals: told,
        }));
        let moved = scroll.clone();
        listen(scroller.node(), "scroll", move |_| moved.moved());
        for sign in ["wheel", "touchmove"] {
            let pulled = scroll.clone();
            listen(scroller.node(), sign, move |event| pulled.pulled(event.dyn_ref::<web_sys::WheelEvent>()));
        }
        let follower = scroll.clone();
        listen(scroller.node(), GROWN, move |_| follower.follow());
        scroll.observe();
        scroll.mind_messages();
        scroll.mind_target();
        (scroll, scroller)
    }

    /// To the newest message, and along with it from now on.
    pub(crate) fn to_end(&self, smooth: bool) {
        let this = &self.0;
        this.follow.set(true);
        self.arrived();
        let height = f64::from(this.element.client_height());
        let last = this.heights.borrow().last(height);
        // A long way is not worth being seen.
        let smooth = smooth && this.signals.drawn.with_untracked(|drawn| drawn.end >= last.end);
        self.draw(last);
        let to = ScrollToOptions::new();
        to.set_top(f64::from(this.element.scroll_height()));
        to.set_behavior(if smooth { ScrollBehavior::Smooth } else { ScrollBehavior::Instant });
        this.element.scroll_to_with_scroll_to_options(&to);
    }

    fn arrived(&self) {
        set(self.0.signals.away, false);
        set(self.0.signals.missed, 0);
    }

    fn distance(&self) -> i32 {
        let element = &self.0.element;
        element.scroll_height() - element.scroll_top() - element.client_height()
    }

    fn size(&self) -> (i32, i32) {
        (self.0.element.scroll_height(), self.0.element.client_height())
    }

    fn rows(&self) -> Vec<Element> {
        let children = self.0.log.children();
        (0..children.length()).filter_map(|at| children.item(at)).filter(|child| child.has_attribute("data-key")).collect()
    }

    /// Notes what is in sight, and how high what is drawn is.
    fn look(&self) {
        let this = &self.0;
        this.top.set(this.element.scroll_top());
        this.size.set(self.size());
        let top = this.element.get_bounding_client_rect().top();
        let rows = self.rows();
        let tops: Vec<f64> = rows.iter().map(|row| row.get_bounding_client_rect().top()).collect();
        let end = this.below.node().get_bounding_client_rect().top();
        let first = this.signals.drawn.with_untracked(|drawn| drawn.start);
        let mut heights = this.heights.borrow_mut();
        let mut reading = None;
        for (at, row) in rows.iter().enumerate() {
            let next = tops.get(at + 1).copied().unwrap_or(end);
            heights.measured(first + at, &row.get_attribute("data-key").unwrap_or_default(), next - tops[at]);
            if reading.is_none() && next > top {
                let block = if tops[at] < top { block_in_sight(row, top) } else { None };
                let at_top = block.unwrap_or_else(|| row.clone());
                let offset = at_top.get_bounding_client_rect().top() - top;
                reading = Some((at_top, offset));
            }
        }
        this.reading.replace(reading);
    }

    fn moved(&self) {
        let this = &self.0;
        let distance = self.distance();
        // What shrinks and grows again in one frame moves the view too, and nobody meant it.
        let by = this.top.get() - this.element.scroll_top();
        if distance <= AT_END && this.signals.drawn.with_untracked(|drawn| drawn.end >= this.cx.s.messages.with_untracked(Vec::len)) {
            this.follow.set(true);
            self.arrived();
        } else if (this.size.get() == self.size() && by > 0) || by > FAR {
            this.follow.set(false);
        }
        set(this.signals.away, distance > FAR && !this.follow.get());
        self.look();
        let above = this.above.node().get_bounding_client_rect().top();
        let top = this.element.get_bounding_client_rect().top() - above;
        let drawn = this.signals.drawn.get_untracked();
        let wanted = this.heights.borrow().wanted(&drawn, top, top + f64::from(this.element.client_height()));
        self.draw(wanted);
        if this.element.scroll_top() < NEAR_START && !this.follow.get() {
            load_older(this.cx);
        }
    }

    /// Draws these messages. What is being read stays where it is.
    fn draw(&self, wanted: Range<usize>) {
        let this = &self.0;
        if this.signals.drawn.with_untracked(|drawn| *drawn != wanted) {
            this.signals.drawn.set(wanted);
            // They are drawn by then, and nothing has been painted yet.
            let scroll = self.clone();
            next_frame(move || scroll.grown());
        }
        self.stretch();
    }

    /// Makes the empty stretches as high as what they stand for.
    fn stretch(&self) {
        let this = &self.0;
        let drawn = this.signals.drawn.get_untracked();
        let heights = this.heights.borrow();
        let count = this.cx.s.messages.with_untracked(Vec::len);
        let now = [0..drawn.start.min(count), drawn.end.min(count)..count].map(|range| heights.of(range));
        if this.stretched.replace(now) != now {
            set_style(&this.above.html(), "height", &pixels(now[0]));
            set_style(&this.below.html(), "height", &pixels(now[1]));
        }
    }

    /// A wheel or finger on the list: yields at once, before the browser has scrolled.
    fn pulled(&self, wheel: Option<&web_sys::WheelEvent>) {
        let up = wheel.is_none_or(|wheel| wheel.delta_y() < 0.0);
        let top = self.0.element.scroll_top();
        if up && top > 0 && (self.distance() > 0 || wheel.is_some()) {
            self.0.follow.set(false);
        }
    }

    /// Goes to the end, if it is to be in view.
    fn follow(&self) {
        if self.0.follow.get() && !self.0.cx.s.messages.with_untracked(Vec::is_empty) {
            self.0.element.set_scroll_top(i32::MAX);
        }
    }

    fn observe(&self) {
        let scroll = self.clone();
        let grown = Closure::<dyn FnMut()>::new(move || scroll.grown());
        let Ok(observer) = ResizeObserver::new(grown.as_ref().unchecked_ref()) else { return };
        observer.observe(&self.0.log);
        observer.observe(&self.0.element);
        let kept = SendWrapper::new((observer, grown));
        on_cleanup(move || kept.0.disconnect());
    }

    /// After layout and before painting: the visitor never sees a jump.
    fn grown(&self) {
        let this = &self.0;
        self.stretch();
        if this.cx.s.messages.with_untracked(Vec::is_empty) {
            // A greeting is read from its beginning.
            this.element.set_scroll_top(0);
        } else if this.follow.get() {
            // Where each message is will be looked at when it has scrolled.
            this.element.set_scroll_top(this.element.scroll_height());
            this.top.set(this.element.scroll_top());
            this.size.set(self.size());
            this.reading.take();
            return;
        } else if let Some((row, before)) = this.reading.take().filter(|(row, _)| row.is_connected()) {
            let moved = row.get_bounding_client_rect().top() - this.element.get_bounding_client_rect().top() - before;
            if moved.abs() >= 1.0 {
                this.element.set_scroll_top(this.element.scroll_top() + moved.round() as i32);
            }
        }
        self.look();
    }

    /// Tells older messages put above from another conversation and from the visitor's own new one, and counts what
    /// comes below while the visitor is away.
    fn mind_messages(&self) {
        let scroll = self.clone();
        let mut before = Ends::default();
        effect(move || {
            let this = &scroll.0;
            let now = this.cx.s.messages.with(|list| {
                this.heights.borrow_mut().set_rows(list.iter().map(|entry| &entry.key[..]));
                Ends::of(list)
            });
            if now.own != before.own || before.count == 0 {
                this.follow.set(true);
                scroll.arrived();
            } else if now.last != before.last && !this.follow.get() {
                this.signals.missed.update(|missed| *missed += 1);
            }
            let height = f64::from(this.element.client_height().max(400));
            let shift = now.count.saturating_sub(before.count);
            let prepended = now.first != before.first && now.last == before.last;
            let drawn = this.signals.drawn.get_untracked();
            let wanted = if this.follow.get() {
                this.heights.borrow().last(height)
            } else if prepended && drawn.start > 0 {
                drawn.start + shift..drawn.end + shift
            } else if prepended {
                // What was the first is still drawn, and some of what came above it.
                this.heights.borrow().around(shift, height)
            } else if drawn.end >= before.count {
                drawn.start..now.count
            } else {
                drawn
            };
            before = now;
            untrack(|| scroll.draw(wanted));
        });
    }

    /// Shows the message that is asked for, and points at it.
    fn mind_target(&self) {
        let scroll = self.clone();
        let mut asked = self.0.cx.s.target.with_untracked(|target| target.0);
        effect(move || {
            let (number, id) = scroll.0.cx.s.target.get();
            if std::mem::replace(&mut asked, number) == number {
                return;
            }
            let find = |list: &Vec<MessageEntry>| list.iter().position(|entry| entry.id.with_untracked(|other| *other == id));
            let Some(at) = scroll.0.cx.s.messages.with_untracked(find) else { return };
            let Some(key) = scroll.0.cx.s.messages.with_untracked(|list| list.get(at).map(|entry| entry.key.clone())) else { return };
            scroll.0.follow.set(false);
            scroll.0.reading.take();
            let height = f64::from(scroll.0.element.client_height());
            let around = scroll.0.heights.borrow().around(at, height);
            untrack(|| scroll.draw(around));
            let scroll = scroll.clone();
            next_frame(move || scroll.point_at(&key));
        });
    }

    fn point_at(&self, key: &str) {
        let this = &self.0;
        let Some(row) = self.rows().into_iter().find(|row| row.get_attribute("data-key").as_deref() == Some(key)) else { return };
        let offset = row.get_bounding_client_rect().top() - this.element.get_bounding_client_rect().top();
        this.element.set_scroll_top(this.element.scroll_top() + offset as i32 - this.element.client_height() / 4);
        for pointed in self.rows() {
            let _ = pointed.class_list().toggle_with_force("tc-pointed", pointed == row);
        }
        let _ = row.set_attribute("tabindex", "-1");
        super::dom::focus(row.unchecked_ref());
        self.look();
    }
}

/// What tells one state of the list from another.
#[derive(Default, PartialEq)]
struct Ends {
    first: String,
    last: String,
    /// The visitor's last.
    own: String,
    count: usize,
}

impl Ends {
    fn of(list: &[MessageEntry]) -> Self {
        let key = |entry: Option<&MessageEntry>| entry.map(|entry| entry.key.clone()).unwrap_or_default();
        let own = list.iter().rev().find(|entry| entry.role == Role::User);
        Self { first: key(list.first()), last: key(list.last()), own: key(own), count: list.len() }
    }
}

/// Of a message that begins out of sight the first block that does not end there. What stands above it can turn out to be
/// higher or lower than it was held to be.
fn block_in_sight(row: &Element, top: f64) -> Option<Element> {
    let blocks = row.query_selector(".tc-markdown").ok().flatten()?.children();
    let (mut from, mut to) = (0, blocks.length());
    while from < to {
        let middle = from.midpoint(to);
        if blocks.item(middle)?.get_bounding_client_rect().bottom() > top {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    blocks.item(from)
}

fn set<T: PartialEq + 'static>(signal: BoxSignal<T>, value: T) {
    if signal.with_untracked(|old| *old != value) {
        signal.set(value);
    }
}

fn load_older(cx: Cx) {
    if cx.s.messages_more.get_untracked() && cx.s.messages_loading.get_untracked() == Loading::Ready {
        cx.app.load_older_messages();
    }
}
