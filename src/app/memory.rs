//! What a visit leaves for the next one, and how it is forgotten.
//!
//! Nothing is written before the visitor's first message: until then all of it is in memory only.

use super::{Announce, ColorScheme, Inner, Options, put};
use crate::platform::{Platform, Shelf};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// What the visitor has chosen in the menu; it wins over what the page says at first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Choices {
    /// BCP 47; empty: not chosen.
    pub(super) locale: String,
    pub(super) color_scheme: Option<ColorScheme>,
    pub(super) announce: Announce,
}

/// What is remembered of visitor and page.
#[derive(Default)]
pub(super) struct Memory {
    chosen: RefCell<Choices>,
    /// The options as the page gave them last.
    page: RefCell<Options>,
    /// Whether the visitor has written, so that things may be kept.
    may_keep: Cell<bool>,
    /// Whether the panel is open only because it was when the page was left.
    came_back: Cell<bool>,
}

impl Memory {
    /// What is known of the visitor of a page with these options.
    pub(super) fn new(options: Options, origin: &str, platform: &Platform) -> Self {
        let memory = Self { page: RefCell::new(options), ..Self::default() };
        memory.read(origin, platform);
        memory
    }

    /// Another proxy, or another visitor.
    pub(super) fn read(&self, origin: &str, platform: &Platform) {
        let kept = platform.storage.get(Shelf::Site, &choices_name(origin)).map(|text| Choices::parse(&text)).unwrap_or_default();
        self.may_keep.set(kept != Choices::default());
        self.chosen.replace(kept);
        self.came_back.set(false);
    }

    /// The options that hold: the page's, but for what the visitor has chosen.
    pub(super) fn options(&self) -> Options {
        let (chosen, page) = (self.chosen.borrow(), self.page.borrow());
        let locale = if chosen.locale.is_empty() { &page.locale } else { &chosen.locale };
        let color_scheme = chosen.color_scheme.unwrap_or(page.color_scheme);
        Options { locale: locale.clone(), color_scheme, announce: chosen.announce, ..page.clone() }
    }

    /// The page says something after the visitor did. What it changes wins; saying the same again means all that it gives.
    fn page_says(&self, options: &Options) {
        let before = self.page.replace(options.clone());
        let again = before == *options;
        let mut chosen = self.chosen.borrow_mut();
        if before.locale != options.locale || again && !options.locale.is_empty() {
            chosen.locale.clear();
        }
        if before.color_scheme != options.color_scheme || again && options.color_scheme != ColorScheme::Auto {
            chosen.color_scheme = None;
        }
    }
}

impl Choices {
    fn parse(text: &str) -> Self {
        let mut parts = text.split('|');
        let locale = parts.next().unwrap_or_default();
        let color_scheme = match parts.next().unwrap_or_default() {
            "auto" => Some(ColorScheme::Auto),
            "light" => Some(ColorScheme::Light),
            "dark" => Some(ColorScheme::Dark),
            _ => None,
        };
        let announce = match parts.next().unwrap_or_default() {
            "sentences" => Announce::Sentences,
            "nothing" => Announce::Nothing,
            _ => Announce::Whole,
        };
        Self { locale: locale.to_owned(), color_scheme, announce }
    }

    /// Empty when nothing was chosen.
    fn text(&self) -> String {
        if *self == Self::default() {
            return String::new();
        }
        let scheme = match self.color_scheme {
            None => "",
            Some(ColorScheme::Auto) => "auto",
            Some(ColorScheme::Light) => "light",
            Some(ColorScheme::Dark) => "dark",
        };
        let announce = match self.announce {
            Announce::Whole => "",
            Announce::Sentences => "|sentences",
            Announce::Nothing => "|nothing",
        };
        [&self.locale, "|", scheme, announce].concat()
    }
}

fn choices_name(origin: &str) -> String {
    ["twinchat.choices.", origin].concat()
}

impl Inner {
    /// The visitor chooses.
    pub(super) fn choose(self: &Rc<Self>, change: impl FnOnce(&mut Choices)) {
        change(&mut self.memory.chosen.borrow_mut());
        self.keep();
        let options = self.memory.options();
        self.take_options(&options);
        put(self.signals.options, options);
    }

    /// The page has other options.
    pub(super) fn page_options(self: &Rc<Self>, options: &Options) {
        let origin = super::start::origin_of(options, &self.platform);
        let moves = origin != *self.origin.borrow();
        if moves {
            self.set_open_flag(false);
        }
        self.memory.page_says(options);
        if moves {
            self.memory.read(&origin, &self.platform);
        }
        let options = self.memory.options();
        self.take_options(&options);
        put(self.signals.options, options);
        self.keep();
    }

    /// The visitor has written, now or on an earlier visit.
    pub(super) fn keep_from_now_on(&self) {
        if !self.memory.may_keep.replace(true) {
            self.keep();
        }
    }

    /// Keeps what there is to keep, once it may be kept.
    pub(super) fn keep(&self) {
        if !self.memory.may_keep.get() {
            return;
        }
        self.platform.storage.set(Shelf::Site, &choices_name(&self.origin.borrow()), &self.memory.chosen.borrow().text());
        let page = self.memory.page.borrow();
        let comes_back =
            page.restore && page.closable() && self.signals.open.get_untracked() && !page.covers(self.platform.page.is_small());
        drop(page);
        self.set_open_flag(comes_back);
    }

    /// What the loader looks at: whether this tab's panel is to be open again. It knows the proxy as the page wrote it.
    fn set_open_flag(&self, open: bool) {
        let name = ["twinchat.open.", &self.memory.page.borrow().proxy].concat();
        self.platform.storage.set(Shelf::Tab, &name, if open { "1" } else { "" });
    }

    /// Whether the panel is to be open as it was when the page was left.
    pub(super) fn may_come_back(&self) -> bool {
        let page = self.memory.page.borrow();
        let comes = page.restore && !page.covers(self.platform.page.is_small());
        drop(page);
        if !comes {
            self.set_open_flag(false);
        }
        comes
    }

    pub(super) fn set_came_back(&self, came_back: bool) {
        self.memory.came_back.set(came_back);
    }

    pub(super) fn came_back(&self) -> bool {
        self.memory.came_back.get()
    }

    /// Forgets the visitor, and is as new.
    pub(super) fn reset(self: &Rc<Self>) {
        self.end_all();
        let (this, client) = (self.clone(), self.client());
        let origin = self.origin.borrow().clone();
        self.memory.chosen.take();
        self.memory.may_keep.set(true);
        self.keep();
        self.set_open_flag(false);
        self.note_before("");
        self.memory.may_keep.set(false);
        self.platform.storage.set(Shelf::Tab, &self.thread_name(), "");
        // Not bound to the app's life: a page that resets may well take the widget away next.
        self.platform.clock.spawn(Box::pin(async move {
            client.forget_identity().await;
            if this.alive.get() && *this.origin.borrow() == origin {
                let options = this.memory.options();
                this.start_anew(origin, &super::start::locale_of(&options, &this.platform));
                put(this.signals.options, options);
            }
            client.revoke().await;
        }));
    }
}
