//! One method per thing a visitor or the host page can want.
//!
//! None of them waits: what they set going shows up in the signals. All of them are safe to call
//! at any time; what makes no sense at the moment does nothing.

use super::{App, Inner, Options, Signals, WidgetEvent};
use crate::state::{Connection, Loading, Screen};
use leptos::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;
use twinchat_protocol::message::Feedback;
use twinchat_protocol::widget::WidgetSettings;

impl App {
    /// Makes an app in the browser and hands it down as context. Asks nothing of the proxy and
    /// stores nothing until it is opened.
    pub fn provide(options: Options) -> Self {
        let signals = Signals {
            open: RwSignal::new(options.open || !options.closable()),
            options: RwSignal::new(options),
            screen: RwSignal::new(Screen::default()),
            settings: RwSignal::new(WidgetSettings::default()),
            twins: RwSignal::new(Vec::new()),
            twins_loading: RwSignal::new(Loading::Idle),
            conversations: RwSignal::new(Vec::new()),
            conversations_loading: RwSignal::new(Loading::Idle),
            conversations_more: RwSignal::new(false),
            twin: RwSignal::new(None),
            conversation: RwSignal::new(None),
            messages: RwSignal::new(Vec::new()),
            messages_loading: RwSignal::new(Loading::Idle),
            messages_more: RwSignal::new(false),
            replying: RwSignal::new(false),
            draft: RwSignal::new(String::new()),
            connection: RwSignal::new(Connection::New),
            notice: RwSignal::new(None),
            unread: RwSignal::new(0),
            now: RwSignal::new(0),
            focus_request: RwSignal::new(0),
        };
        let inner = Rc::new(Inner { subscribers: RefCell::new(Vec::new()) });
        let app = Self { signals, inner: StoredValue::new_local(inner) };
        provide_context(app);
        app
    }

    /// Hears of everything from now on, for as long as the app lives.
    pub fn subscribe(&self, callback: impl Fn(&WidgetEvent) + 'static) {
        self.inner.with_value(|inner| inner.subscribers.borrow_mut().push(Rc::new(callback)));
    }

    /// Opens the panel; the first time, twins and conversations are fetched.
    pub fn open(&self) {
        if !self.signals.open.get_untracked() {
            self.signals.open.set(true);
            self.tell(&WidgetEvent::Opened);
        }
    }

    /// Closes the panel. A running reply goes on; what comes counts as unread.
    pub fn close(&self) {
        if self.signals.options.with_untracked(Options::closable) && self.signals.open.get_untracked() {
            self.signals.open.set(false);
            self.tell(&WidgetEvent::Closed);
        }
    }

    /// Opens or closes the panel.
    pub fn toggle(&self) {
        if self.signals.open.get_untracked() { self.close() } else { self.open() }
    }

    /// Shows the twin picker.
    pub fn show_twins(&self) {
        self.signals.screen.set(Screen::Twins);
    }

    /// Shows the list of conversations, fetched anew.
    pub fn show_conversations(&self) {
        self.signals.screen.set(Screen::Conversations);
    }

    /// Goes to where "back" leads: from a list to the open conversation, from there to the
    /// conversations, and from the twin picker to the conversations when there are any.
    pub fn back(&self) {}

    /// Chooses a twin and shows the latest conversation with it, or a new one.
    pub fn choose_twin(&self, _twin_id: &str) {}

    /// Opens one of the visitor's conversations.
    pub fn open_conversation(&self, _conversation_id: &str) {}

    /// Shows a new, empty conversation with the twin of the open one (or the picker, when there is
    /// none and more than one to choose from). Nothing is made at the proxy before its first message.
    pub fn new_conversation(&self) {}

    /// The visitor has typed.
    pub fn set_draft(&self, text: &str) {
        self.signals.draft.set(text.to_owned());
    }

    /// Sends the draft and empties it. Does nothing while it is blank, longer than allowed, or a
    /// reply is running.
    pub fn send(&self) {}

    /// Sends this text and leaves the draft alone (a starter question, the host page).
    pub fn send_text(&self, _text: &str) {}

    /// Stops the running reply of the open conversation, also before its first words. What has
    /// come is kept.
    pub fn stop(&self) {}

    /// Sends an unsent message again, or asks the twin once more in place of a reply that failed
    /// or was stopped.
    pub fn retry(&self, _key: &str) {}

    /// Removes an unsent message from the list. Its text goes back into an empty draft.
    pub fn discard(&self, _key: &str) {}

    /// What the visitor thinks of a reply; `None` takes it back.
    pub fn feedback(&self, _key: &str, _feedback: Option<Feedback>) {}

    /// Fetches the next page of conversations.
    pub fn load_more_conversations(&self) {}

    /// Lists only conversations that hold this text; empty lists all again.
    pub fn search_conversations(&self, _text: &str) {}

    /// Gives a conversation another title.
    pub fn rename_conversation(&self, _conversation_id: &str, _title: &str) {}

    /// Erases a conversation and its messages.
    pub fn delete_conversation(&self, _conversation_id: &str) {}

    /// Fetches the messages before the first one shown.
    pub fn load_older_messages(&self) {}

    /// Fetches again what failed to load on the screen shown.
    pub fn reload(&self) {}

    /// Takes the notice away.
    pub fn dismiss_notice(&self) {
        self.signals.notice.set(None);
    }

    /// Tries to connect now instead of waiting.
    pub fn try_now(&self) {}

    /// Asks the composer to take the focus.
    pub fn focus_composer(&self) {
        self.signals.focus_request.update(|count| *count += 1);
    }

    /// Changes the language, BCP 47.
    pub fn set_locale(&self, locale: &str) {
        self.signals.options.update(|options| locale.clone_into(&mut options.locale));
    }

    /// Replaces all options. Another proxy starts the app anew.
    pub fn set_options(&self, options: Options) {
        self.signals.options.set(options);
    }

    /// An address at the proxy, such as a twin's avatar, in full.
    pub fn url(&self, path: &str) -> String {
        self.signals.options.with_untracked(|options| [options.proxy.trim_end_matches('/'), path].concat())
    }

    /// Ends everything: streams, requests, timers, subscriptions. The visitor's identity stays.
    pub fn destroy(&self) {}
}
