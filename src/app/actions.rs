//! One method per thing a visitor or the host page can want.
//!
//! None of them waits: what they set going shows up in the signals. All of them are safe to call
//! at any time; what makes no sense at the moment does nothing.

use super::compose::Draft;
use super::{Announce, App, ColorScheme, Inner, Options, WidgetEvent, put};
use crate::platform::web;
use crate::state::entry::Outgoing;
use crate::state::{EntryStatus, Loading, Screen};
use leptos::prelude::*;
use std::rc::Rc;
use twinchat_protocol::message::{Feedback, Role};

impl App {
    /// Makes an app in the browser and hands it down as context. Asks nothing of the proxy and
    /// stores nothing until it is opened.
    pub fn provide(options: Options) -> Self {
        Self::provide_on(options, web::platform())
    }

    /// What is behind it, unless that has ended.
    pub(super) fn inner(&self) -> Option<Rc<Inner>> {
        self.inner.try_get_value().filter(|inner| inner.alive.get())
    }

    pub(super) fn with(&self, action: impl FnOnce(&Rc<Inner>)) {
        if let Some(inner) = self.inner() {
            action(&inner);
        }
    }

    /// Hears of everything from now on, for as long as the app lives.
    pub fn subscribe(&self, callback: impl Fn(&WidgetEvent) + 'static) {
        self.with(|inner| inner.subscribers.borrow_mut().push(Rc::new(callback)));
    }

    /// Opens the panel; the first time, twins and conversations are fetched.
    pub fn open(&self) {
        if !self.signals.open.get_untracked() {
            self.signals.open.set(true);
            self.with(|inner| {
                inner.opened();
                inner.keep();
                inner.tell(&WidgetEvent::Opened);
            });
        }
    }

    /// Opens the panel because it was open when the page was left, unless the site wants that not or it would cover the
    /// screen. The keyboard focus stays where it is.
    pub fn come_back(&self) {
        if self.inner().is_some_and(|inner| inner.may_come_back()) && !self.signals.open.get_untracked() {
            self.with(|inner| inner.set_came_back(true));
            self.open();
        }
    }

    /// Whether the panel is open only because it was when the page was left: nobody has asked for it on this page.
    pub fn came_back(&self) -> bool {
        self.inner().is_some_and(|inner| inner.came_back())
    }

    /// Closes the panel. A running reply goes on; what comes counts as unread.
    pub fn close(&self) {
        if self.signals.options.with_untracked(Options::closable) && self.signals.open.get_untracked() {
            self.signals.open.set(false);
            self.with(|inner| {
                inner.ticker.take();
                inner.set_came_back(false);
                inner.keep();
                inner.tend(&inner.current());
                inner.tell(&WidgetEvent::Closed);
            });
        }
    }

    /// Opens or closes the panel.
    pub fn toggle(&self) {
        if self.signals.open.get_untracked() { self.close() } else { self.open() }
    }

    /// Shows the twin picker.
    pub fn show_twins(&self) {
        put(self.signals.screen, Screen::Twins);
    }

    /// Shows the list of conversations, fetched anew.
    pub fn show_conversations(&self) {
        put(self.signals.screen, Screen::Conversations);
        self.with(|inner| {
            let this = inner.clone();
            inner.spawn(async move { this.fetch_conversations(false).await });
        });
    }

    /// Goes to where "back" leads: from a list to the open conversation, from there to the
    /// conversations, and from the twin picker to the conversations when there are any.
    pub fn back(&self) {
        let chat_is_open = self.signals.twin.with_untracked(Option::is_some) || self.signals.conversation.with_untracked(Option::is_some);
        match self.signals.screen.get_untracked() {
            Screen::Chat => self.show_conversations(),
            _ if chat_is_open => put(self.signals.screen, Screen::Chat),
            Screen::Twins if self.signals.conversations.with_untracked(|list| !list.is_empty()) => self.show_conversations(),
            _ => put(self.signals.screen, Screen::Twins),
        }
    }

    /// Chooses a twin, by its id or its upstream's, and shows the latest conversation with it, or a new one.
    pub fn choose_twin(&self, twin_id: &str) {
        self.with(|inner| inner.find_twin(twin_id));
    }

    /// Opens one of the visitor's conversations.
    pub fn open_conversation(&self, conversation_id: &str) {
        self.with(|inner| inner.open_conversation(conversation_id));
    }

    /// Shows a new, empty conversation with the twin of the open one (or the picker, when there is
    /// none and more than one to choose from). Nothing is made at the proxy before its first message.
    pub fn new_conversation(&self) {
        self.with(Inner::new_conversation);
    }

    /// The visitor has typed.
    pub fn set_draft(&self, text: &str) {
        put(self.signals.draft, text.to_owned());
    }

    /// Sends the draft and empties it. Does nothing while it is blank, longer than allowed, or a
    /// reply is running.
    ///
    /// What cannot be sent stays in the list, marked. Without a network it goes out by itself when
    /// that is back, under the same `Idempotency-Key` and so at most once; for any other reason it
    /// waits for the visitor's tap. What the proxy refuses for good goes back into the draft.
    pub fn send(&self) {
        self.with(|inner| {
            let draft = inner.take_draft();
            if !self.deliver(&draft) {
                inner.set_draft(draft);
            }
        });
    }

    /// Sends this text and leaves the draft alone (a starter question, the host page).
    pub fn send_text(&self, text: &str) {
        self.deliver(&Draft { text: text.to_owned(), ..Draft::default() });
    }

    fn deliver(&self, draft: &Draft) -> bool {
        let text = draft.text.trim();
        let max = self.signals.settings.with_untracked(|settings| settings.max_message_chars as usize);
        let Some(inner) = self.inner() else { return false };
        let run = inner.current();
        let blank = text.is_empty() && draft.files.is_empty();
        let sendable = !blank && (max == 0 || text.chars().count() <= max) && !run.twin_id.borrow().is_empty();
        if !sendable || self.signals.replying.get_untracked() {
            return false;
        }
        inner.deliver(&run, draft.outgoing(inner.client().new_id(), inner.answers_at_once(&run)), draft.files());
        true
    }

    /// Stops the running reply of the open conversation, also before its first words. What has
    /// come is kept.
    pub fn stop(&self) {
        self.with(Inner::stop);
    }

    /// Sends an unsent message again, or asks the twin once more in place of a reply that failed
    /// or was stopped.
    pub fn retry(&self, key: &str) {
        let Some(inner) = self.inner() else { return };
        let run = inner.current();
        if self.signals.replying.get_untracked() {
            return;
        }
        let entry = run.thread.borrow().get(key).cloned();
        match entry {
            Some(entry) if matches!(entry.status, EntryStatus::Unsent(_)) => inner.deliver_again(&run, &entry),
            // Those who were to answer did not get it: it is said once more.
            Some(entry) if entry.role == Role::User && matches!(entry.status, EntryStatus::Failed(_)) => {
                inner.deliver(&run, Outgoing { key: inner.client().new_id(), ..inner.outgoing_again(&run, &entry) }, Vec::new());
            }
            Some(entry) if entry.role == Role::Assistant && !entry.id.is_empty() => inner.ask_again(&run, key),
            _ => {}
        }
    }

    /// Removes an unsent message from the list. It goes back into an empty draft.
    pub fn discard(&self, key: &str) {
        self.with(|inner| {
            let run = inner.current();
            inner.give_back(&run, key);
            inner.draw(&run);
        });
    }

    /// What the visitor thinks of a reply; `None` takes it back.
    pub fn feedback(&self, key: &str, feedback: Option<Feedback>) {
        let Some(inner) = self.inner() else { return };
        let (run, key) = (inner.current(), key.to_owned());
        let Some(entry) = run.thread.borrow().get(&key).cloned().filter(|entry| !entry.id.is_empty()) else { return };
        run.thread.borrow_mut().set_feedback(&key, feedback);
        inner.draw(&run);
        let this = inner.clone();
        inner.spawn(async move {
            if let Err(problem) = this.client().feedback(&entry.id, feedback).await {
                run.thread.borrow_mut().set_feedback(&key, entry.feedback);
                this.draw(&run);
                this.report(problem);
            }
        });
    }

    /// Fetches the next page of conversations.
    pub fn load_more_conversations(&self) {
        let idle = self.signals.conversations_loading.get_untracked() != Loading::Busy;
        if idle && self.signals.conversations_more.get_untracked() {
            self.with(|inner| {
                let this = inner.clone();
                inner.spawn(async move { this.fetch_conversations(true).await });
            });
        }
    }

    /// Lists only conversations that hold this text; empty lists all again.
    pub fn search_conversations(&self, text: &str) {
        self.with(|inner| inner.search(text));
    }

    /// Gives a conversation another title.
    pub fn rename_conversation(&self, conversation_id: &str, title: &str) {
        let (id, title) = (conversation_id.to_owned(), title.trim().to_owned());
        if !title.is_empty() {
            self.with(|inner| {
                let this = inner.clone();
                inner.spawn_rare(move || async move { this.rename(&id, &title).await });
            });
        }
    }

    /// Erases a conversation and its messages.
    pub fn delete_conversation(&self, conversation_id: &str) {
        let id = conversation_id.to_owned();
        self.with(|inner| {
            let this = inner.clone();
            inner.spawn_rare(move || async move { this.delete(&id).await });
        });
    }

    /// Fetches the messages before the first one shown.
    pub fn load_older_messages(&self) {
        self.with(|inner| {
            let (this, run) = (inner.clone(), inner.current());
            inner.spawn_rare(move || async move { this.load_older(&run).await });
        });
    }

    /// How many answers have come in a conversation since it was last in sight. Changes with [`super::Signals::unread`].
    pub fn unread_in(&self, conversation_id: &str) -> u32 {
        self.signals.unread.track();
        let Some(inner) = self.inner() else { return 0 };
        let runs = inner.runs.borrow();
        runs.iter().filter(|run| *run.id.borrow() == conversation_id).map(|run| run.unread.get()).sum()
    }

    /// Fetches again what failed to load on the screen shown.
    pub fn reload(&self) {
        self.with(Inner::reload);
    }

    /// Takes the notice away.
    pub fn dismiss_notice(&self) {
        self.signals.notice.set(None);
    }

    /// Tries to connect now instead of waiting.
    pub fn try_now(&self) {
        self.with(|inner| {
            inner.client().wake();
            inner.reload();
        });
    }

    /// Asks the composer to take the focus.
    pub fn focus_composer(&self) {
        self.signals.focus_request.update(|count| *count += 1);
    }

    /// The visitor chooses a language, BCP 47. It is kept from the first message on and wins over the page's, until the
    /// page says something else.
    pub fn set_locale(&self, locale: &str) {
        self.with(|inner| inner.choose(|choices| locale.clone_into(&mut choices.locale)));
    }

    /// The visitor chooses a palette; kept as the language is.
    pub fn set_color_scheme(&self, scheme: ColorScheme) {
        self.with(|inner| inner.choose(|choices| choices.color_scheme = Some(scheme)));
    }

    /// The visitor chooses what a screen reader is told; kept as the language is.
    pub fn set_announce(&self, announce: Announce) {
        self.with(|inner| inner.choose(|choices| choices.announce = announce));
    }

    /// The page replaces all options. Another proxy starts the app anew.
    #[expect(clippy::needless_pass_by_value, reason = "whoever replaces all options is done with them")]
    pub fn set_options(&self, options: Options) {
        self.with(|inner| inner.page_options(&options));
    }

    /// Forgets the visitor: identity, token, choices, what is open. The next message is a new visitor's.
    pub fn reset(&self) {
        self.with(Inner::reset);
    }

    /// An address at the proxy, such as a twin's avatar, in full.
    pub fn url(&self, path: &str) -> String {
        self.inner().map(|inner| [&inner.origin.borrow()[..], path].concat()).unwrap_or_default()
    }

    /// Ends everything: streams, requests, timers, subscriptions. The visitor's identity stays.
    pub fn destroy(&self) {
        self.with(|inner| {
            inner.alive.set(false);
            inner.subscribers.take();
            inner.end_all();
        });
    }
}
