//! Beginning, coming back, and ending.

use super::chat::Run;
use super::memory::Memory;
use super::{App, BoxSignal, Inner, ListState, Options, Search, Signals, WidgetEvent, put};
use crate::client::Client;
use crate::platform::{Platform, Shelf, rare};
use crate::state::{Connection, EntryStatus, Loading, Offer, Screen};
use leptos::prelude::*;
use leptos::reactive::owner::Owner;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use twinchat_protocol::widget::WidgetSettings;

impl Signals {
    /// They are handed to every closure that draws something, so they are handed on as one address. Their few hundred bytes, which are
    /// only ids of what is in them, stay with the page.
    fn new(options: Options) -> &'static Self {
        Box::leak(Box::new(Self {
            open: BoxSignal::new(options.open || !options.closable()),
            options: BoxSignal::new(options),
            screen: BoxSignal::new(Screen::default()),
            settled: BoxSignal::new(false),
            settings: BoxSignal::new(WidgetSettings::default()),
            twins: BoxSignal::new(Vec::new()),
            twins_loading: BoxSignal::new(Loading::Idle),
            conversations: BoxSignal::new(Vec::new()),
            conversations_loading: BoxSignal::new(Loading::Idle),
            conversations_more: BoxSignal::new(false),
            twin: BoxSignal::new(None),
            conversation: BoxSignal::new(None),
            messages: BoxSignal::new(Vec::new()),
            messages_loading: BoxSignal::new(Loading::Idle),
            messages_more: BoxSignal::new(false),
            replying: BoxSignal::new(false),
            draft: BoxSignal::new(String::new()),
            attachments: BoxSignal::new(Vec::new()),
            refused: BoxSignal::new(Vec::new()),
            quote: BoxSignal::new(None),
            awaiting: BoxSignal::new(false),
            search: BoxSignal::new(None),
            target: BoxSignal::default(),
            connection: BoxSignal::new(Connection::New),
            notice: BoxSignal::new(None),
            offer: BoxSignal::new(Offer::default()),
            unread: BoxSignal::new(0),
            now: BoxSignal::new(0),
            rare: BoxSignal::new(rare::fetched()),
            rare_missing: BoxSignal::new(None),
            focus_request: BoxSignal::new(0),
        }))
    }
}

impl App {
    /// An app on this platform; [`App::provide`] is one in the browser.
    pub fn provide_on(options: Options, platform: Platform) -> Self {
        let origin = origin_of(&options, &platform);
        let memory = Memory::new(options, &origin, &platform);
        let options = memory.options();
        let client = Client::new(platform.clone(), &origin, &locale_of(&options, &platform));
        let root = Owner::current().map(|owner| owner.downgrade());
        let signals = Signals::new(options);
        signals.now.set(platform.clock.now());
        let inner = Rc::new(Inner {
            signals,
            platform,
            client: RefCell::new(client),
            origin: RefCell::new(origin),
            current: RefCell::new(Run::new(root.as_ref(), "", "")),
            root,
            subscribers: RefCell::default(),
            runs: RefCell::default(),
            list: RefCell::new(ListState::default()),
            started: Cell::new(false),
            connected: Cell::new(false),
            signed_in: Cell::new(false),
            alive: Cell::new(true),
            memory,
            epoch: Cell::new(0),
            ticker: RefCell::default(),
            watch: RefCell::default(),
        });
        let app = Self { signals, inner: StoredValue::new_local(inner.clone()) };
        provide_context(app);
        on_cleanup(move || app.destroy());
        // Whoever made the app subscribes first.
        inner.spawn({
            let inner = inner.clone();
            async move {
                inner.tell(&WidgetEvent::Ready);
                if inner.signals.open.get_untracked() {
                    inner.opened();
                }
            }
        });
        app
    }
}

/// The proxy's origin: the chosen one, or the page's own.
pub(super) fn origin_of(options: &Options, platform: &Platform) -> String {
    let chosen = options.proxy.trim().trim_end_matches('/');
    if chosen.is_empty() { platform.page.origin() } else { chosen.to_owned() }
}

pub(super) fn locale_of(options: &Options, platform: &Platform) -> String {
    if options.locale.is_empty() { platform.page.language() } else { options.locale.clone() }
}

impl Inner {
    /// The panel has come in sight.
    pub(super) fn opened(self: &Rc<Self>) {
        if !self.started.replace(true) {
            let this = Rc::downgrade(self);
            let watch = self.platform.page.watch(Box::new(move || {
                if let Some(this) = this.upgrade() {
                    this.page_changed();
                }
            }));
            self.watch.replace(Some(watch));
            self.spawn(self.clone().start());
        } else {
            self.tend(&self.current());
        }
        self.seen();
        self.tick();
    }

    /// Fetches what there is and shows what the visitor most likely wants: the conversation of
    /// before, the twin the page asks for, the only twin, or else the choice.
    async fn start(self: Rc<Self>) {
        let this = self.clone();
        let settings = self.client().widget();
        self.spawn(async move {
            // Without them the widget has words and colours of its own.
            if let Ok(fetched) = settings.await {
                put(this.signals.settings, fetched);
            }
        });
        let is_known = self.client().is_known().await;
        if is_known {
            self.keep_from_now_on();
        } else {
            self.begin_with(&self.signals.options.get_untracked());
        }
        let listed = self.fetch_conversations(false);
        // What was said lately does not wait for the lists.
        let before = self.wanted_thread();
        let latest = async { if is_known && !before.is_empty() { Some(self.latest(&before).await) } else { None } };
        let ((), (), latest) = futures_util::future::join3(self.fetch_twins(), listed, latest).await;
        self.tell_identity();
        self.offer().await;
        let (options, thread) = (self.signals.options.get_untracked(), self.wanted_thread());
        let latest = latest.filter(|_| thread == before);
        let is_thread = !thread.is_empty() && self.client().is_known().await;
        let begun = self.current().twin_id.borrow().clone();
        let named = if begun.is_empty() && !is_thread { options.twin } else { begun };
        let twin_id = self.known_twin(&named).await;
        let current = self.current();
        let chosen = current.twin_id.borrow().clone();
        if !chosen.is_empty() || !current.id.borrow().is_empty() {
            // The visitor or the page was quicker.
            let known = if chosen == named { twin_id } else { self.known_twin(&chosen).await };
            let nobody = known.is_none() && current.id.borrow().is_empty() && current.thread.borrow().entries().is_empty();
            if let Some(twin_id) = known {
                current.twin_id.replace(twin_id);
            }
            match self.is_current(&current) {
                true if nobody => self.show_choice(),
                true => self.show(&current),
                false => {}
            }
        } else if is_thread {
            self.open_fetched(&thread, latest);
        } else if let Some(twin_id) = twin_id {
            self.choose_twin(&twin_id);
        } else {
            self.show_choice();
        }
        put(self.signals.settled, true);
    }

    /// The conversation that the page asks for, else the one that this tab has shown last. Empty: none.
    fn wanted_thread(&self) -> String {
        let asked = self.signals.options.with_untracked(|options| options.thread.clone());
        if asked.is_empty() { self.platform.storage.get(Shelf::Tab, &self.thread_name()).unwrap_or_default() } else { asked }
    }

    /// Who was never here has no conversation to be looked for: where the page asks for one twin, writing can begin before
    /// the proxy has said anything.
    fn begin_with(self: &Rc<Self>, options: &Options) {
        let current = self.current();
        let chosen = !current.twin_id.borrow().is_empty() || !current.id.borrow().is_empty();
        if !chosen && options.thread.is_empty() && !options.twin.is_empty() {
            self.choose_twin(&options.twin);
        }
    }

    fn show_choice(self: &Rc<Self>) {
        let only = self.signals.twins.with_untracked(|twins| match &twins[..] {
            [only] => Some(only.id.clone()),
            _ => None,
        });
        match only {
            Some(twin) => self.choose_twin(twin.as_str()),
            None if self.signals.conversations.with_untracked(|list| !list.is_empty()) => put(self.signals.screen, Screen::Conversations),
            None => put(self.signals.screen, Screen::Twins),
        }
    }

    /// Fetches again what failed.
    pub(super) fn reload(self: &Rc<Self>) {
        let this = self.clone();
        let failed = |loading: BoxSignal<Loading>| matches!(loading.get_untracked(), Loading::Failed(_));
        let (twins, conversations) = (failed(self.signals.twins_loading), failed(self.signals.conversations_loading));
        let messages = failed(self.signals.messages_loading);
        let failed_search = |search: &Search| matches!(search.loading, Loading::Failed(_)).then(|| search.text.clone());
        let search = self.signals.search.with_untracked(|search| search.as_ref().and_then(failed_search));
        if twins {
            // Without twins there was no start worth the name.
            self.spawn(self.clone().start());
        }
        if self.signals.rare_missing.with_untracked(Option::is_some) {
            self.spawn_rare(|| async {});
        }
        if let Some(text) = search {
            let this = self.clone();
            self.spawn_rare(move || async move { this.look(&text).await });
        }
        self.spawn(async move {
            if conversations && !twins {
                this.fetch_conversations(false).await;
            }
            if messages {
                put(this.signals.messages_loading, Loading::Busy);
                let current = this.current();
                this.load(&current, None).await;
            }
        });
    }

    /// The network or the page came or went.
    fn page_changed(self: &Rc<Self>) {
        if !self.platform.page.online() {
            put(self.signals.connection, Connection::Offline);
            return;
        }
        self.client().wake();
        if self.signals.connection.get_untracked() == Connection::Offline {
            put(self.signals.connection, Connection::New);
            self.reload();
        }
        let runs = self.runs.borrow().clone();
        for run in &runs {
            self.send_waiting(run);
            self.tend(run);
        }
        if self.in_sight() {
            self.seen();
            self.tick();
        } else {
            self.ticker.take();
        }
    }

    /// What is in sight is read.
    pub(super) fn seen(&self) {
        if self.in_sight() {
            self.current().unread.set(0);
            self.count_unread();
        }
    }

    pub(super) fn count_unread(&self) {
        let unread = self.runs.borrow().iter().map(|run| run.unread.get()).sum();
        if self.signals.unread.get_untracked() != unread {
            self.signals.unread.set(unread);
            self.tell(&WidgetEvent::UnreadChange { unread });
        }
    }

    /// Moves `now` while somebody looks: by the second while something counts down, else by the minute.
    pub(super) fn tick(self: &Rc<Self>) {
        let (signals, clock, this) = (self.signals, self.platform.clock.clone(), Rc::downgrade(self));
        signals.now.set(clock.now());
        let job = self.start_job(async move {
            loop {
                clock.sleep(1000).await;
                let Some(this) = this.upgrade() else { return };
                let now = clock.now();
                if this.counts_down(now) || signals.now.get_untracked() / 60_000 != now / 60_000 {
                    signals.now.set(now);
                }
            }
        });
        self.ticker.replace(Some(job));
    }

    fn counts_down(&self, now: u64) -> bool {
        // Once more after the end, so that the end is seen.
        let soon = |at: Option<u64>| at.is_some_and(|at| at + 2000 > now);
        let waiting = match self.signals.connection.get_untracked() {
            Connection::Waiting { retry_at } => Some(retry_at),
            _ => None,
        };
        let failed = |loading: BoxSignal<Loading>| {
            loading.with_untracked(|loading| if let Loading::Failed(problem) = loading { problem.retry_at } else { None })
        };
        soon(waiting)
            || soon(self.signals.notice.with_untracked(|notice| notice.as_ref().and_then(|problem| problem.retry_at)))
            || [self.signals.twins_loading, self.signals.conversations_loading, self.signals.messages_loading]
                .into_iter()
                .any(|it| soon(failed(it)))
            || self.current().thread.borrow().entries().iter().rev().take(20).any(|entry| match &entry.status {
                EntryStatus::Unsent(problem) | EntryStatus::Failed(problem) => soon(problem.retry_at),
                EntryStatus::Waiting(progress) => progress.eta_seconds > 0,
                _ => false,
            })
    }

    /// Takes other options.
    pub(super) fn take_options(self: &Rc<Self>, options: &Options) {
        let before = self.signals.options.get_untracked();
        let origin = origin_of(options, &self.platform);
        let locale = locale_of(options, &self.platform);
        self.client().set_locale(&locale);
        if origin != *self.origin.borrow() {
            self.start_anew(origin, &locale);
        } else if !options.thread.is_empty() && options.thread != before.thread {
            self.open_conversation(&options.thread);
        } else if !options.twin.is_empty() && options.twin != before.twin {
            self.find_twin(&options.twin);
        }
        if !options.closable() && !self.signals.open.get_untracked() {
            self.signals.open.set(true);
            self.opened();
        }
    }

    /// Another proxy or visitor: nothing of the old one stays.
    pub(super) fn start_anew(self: &Rc<Self>, origin: String, locale: &str) {
        self.end_all();
        self.epoch.set(self.epoch.get() + 1);
        self.client.replace(Client::new(self.platform.clone(), &origin, locale));
        self.origin.replace(origin);
        self.list.replace(ListState::default());
        self.signals.conversations.set(Vec::new());
        self.signals.twins.set(Vec::new());
        self.signals.settings.set(WidgetSettings::default());
        put(self.signals.offer, Offer::None);
        put(self.signals.connection, Connection::New);
        self.show(&Run::new(self.root.as_ref(), "", ""));
        put(self.signals.screen, Screen::default());
        self.connected.set(false);
        if self.started.replace(false) && self.signals.open.get_untracked() {
            self.opened();
        }
    }

    /// Ends all that is under way.
    pub(super) fn end_all(&self) {
        for run in self.runs.take() {
            run.end();
        }
        self.current().end();
        self.ticker.take();
        self.watch.take();
        self.client().close();
        self.count_unread();
    }
}
