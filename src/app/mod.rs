//! The only writer of the widget's state. Knows no DOM.
//!
//! [`App`] is what components get from context: signals to draw from, and one method per thing a
//! visitor (or the host page) can want. Components never write a signal.

mod actions;
mod chat;
mod compose;
mod drawing;
mod events;
mod find;
mod identity;
mod lists;
mod memory;
mod options;
mod rare;
mod signal;
mod start;
mod talk;

#[cfg(test)]
mod tests;

pub use compose::{Attachment, Refusal, Refused};
pub use events::WidgetEvent;
pub use find::Search;
pub use options::{Announce, ColorScheme, Mode, Options, Surface};
pub use signal::BoxSignal;

use crate::client::Client;
use crate::platform::{Platform, Task};
use crate::state::entry::Extras;
use crate::state::{Connection, EntryStatus, Loading, Offer, Problem, Screen};
use chat::Run;
use futures_util::future::{AbortHandle, abortable};
use leptos::prelude::*;
use leptos::reactive::owner::WeakOwner;
use memory::Memory;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use twinchat_protocol::conversation::Conversation;
use twinchat_protocol::message::{Feedback, Quote, Role};
use twinchat_protocol::twin::Twin;
use twinchat_protocol::widget::WidgetSettings;

/// One message as drawn. Cheap to clone; the parts that change are signals of their own, so that
/// a delta touches one message and nothing else.
#[derive(Debug, Clone)]
pub struct MessageEntry {
    /// Stays the same for the message's whole life in the list, from unsent to stored.
    pub key: String,
    /// The stored id; empty until the proxy has accepted it.
    pub id: BoxSignal<String>,
    /// Who wrote it.
    pub role: Role,
    /// Milliseconds since 1970.
    pub created_at: u64,
    /// The text so far. Only ever grows while streaming, except when a `complete` replaces it.
    pub text: RwSignal<String>,
    /// Where it stands.
    pub status: BoxSignal<EntryStatus>,
    /// What the visitor thought of it.
    pub feedback: BoxSignal<Option<Feedback>>,
    /// Author, files, and what it answers.
    pub extras: BoxSignal<Extras>,
}

/// The state as signals.
#[derive(Debug, Clone, Copy)]
pub struct Signals {
    /// What site and visitor have chosen.
    pub options: BoxSignal<Options>,
    /// Whether the panel is open.
    pub open: BoxSignal<bool>,
    /// What it shows.
    pub screen: BoxSignal<Screen>,
    /// Whether it is known what is shown first: until then the screen is a guess.
    pub settled: BoxSignal<bool>,
    /// The owner's settings; defaults until they have been fetched.
    pub settings: BoxSignal<WidgetSettings>,
    /// All twins.
    pub twins: BoxSignal<Vec<Twin>>,
    /// Where that list stands.
    pub twins_loading: BoxSignal<Loading>,
    /// The visitor's conversations, latest first, as far as loaded.
    pub conversations: BoxSignal<Vec<Conversation>>,
    /// Where that list stands.
    pub conversations_loading: BoxSignal<Loading>,
    /// Whether there are older ones to load.
    pub conversations_more: BoxSignal<bool>,
    /// The twin of the open conversation.
    pub twin: BoxSignal<Option<Twin>>,
    /// The open conversation; `None` for a new one that has no message yet.
    pub conversation: BoxSignal<Option<Conversation>>,
    /// Its messages in order.
    pub messages: BoxSignal<Vec<MessageEntry>>,
    /// Where they stand.
    pub messages_loading: BoxSignal<Loading>,
    /// Whether there are older ones to load.
    pub messages_more: BoxSignal<bool>,
    /// Whether a reply is running (waiting or streaming) in the open conversation.
    pub replying: BoxSignal<bool>,
    /// The text in the composer.
    pub draft: BoxSignal<String>,
    /// The files that go with the draft.
    pub attachments: BoxSignal<Vec<Attachment>>,
    /// The files that the visitor gave last and that cannot be sent.
    pub refused: BoxSignal<Vec<Refused>>,
    /// The message that the draft answers.
    pub quote: BoxSignal<Option<Quote>>,
    /// Whether people have the visitor's last message, and have not answered.
    pub awaiting: BoxSignal<bool>,
    /// The search in the conversation, while it is open.
    pub search: BoxSignal<Option<Search>>,
    /// The message to be shown and pointed at, by id; empty: none. Each asking is told apart by its number.
    pub target: BoxSignal<(u32, String)>,
    /// How the line to the proxy is.
    pub connection: BoxSignal<Connection>,
    /// Something to tell the visitor above the composer; dismissible.
    pub notice: BoxSignal<Option<Problem>>,
    /// What is asked of a visitor who has just signed in.
    pub offer: BoxSignal<Offer>,
    /// Answers that came while the panel was closed or another conversation was open.
    pub unread: BoxSignal<u32>,
    /// Milliseconds since 1970. Moves once a second while something counts down (`retry_at`), else
    /// once a minute while the panel is open.
    pub now: BoxSignal<u64>,
    /// Whether the code that few visitors need is there (`platform::rare`).
    pub rare: BoxSignal<bool>,
    /// Why it could not be had, until it is asked for again.
    pub rare_missing: BoxSignal<Option<Problem>>,
    /// Each change asks the composer to take the keyboard focus.
    pub focus_request: BoxSignal<u32>,
}

/// The widget's state and everything that can be wanted of it.
///
/// Cheap to copy, and the same one everywhere below [`App::provide`]: `expect_context::<App>()`.
#[derive(Clone, Copy)]
pub struct App {
    /// What is drawn. Components read these and write none.
    pub signals: &'static Signals,
    inner: StoredValue<Rc<Inner>, LocalStorage>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App")
    }
}

/// What is behind the signals. Tasks hold it, so it outlives neither [`App::destroy`] nor them.
struct Inner {
    signals: &'static Signals,
    platform: Platform,
    client: RefCell<Client>,
    origin: RefCell<String>,
    /// Where signals of messages are made, below the app's own owner.
    root: Option<WeakOwner>,
    subscribers: RefCell<Vec<Subscriber>>,
    /// The conversation that is shown, kept or not.
    current: RefCell<Rc<Run>>,
    /// All conversations opened so far: their replies go on, their unsent messages stay.
    runs: RefCell<Vec<Rc<Run>>>,
    list: RefCell<ListState>,
    started: Cell<bool>,
    connected: Cell<bool>,
    /// What the page was told last.
    signed_in: Cell<bool>,
    alive: Cell<bool>,
    memory: Memory,
    /// Counts proxies and visitors: what was begun for another one is not wanted any more.
    epoch: Cell<u32>,
    ticker: RefCell<Option<Job>>,
    watch: RefCell<Option<Box<dyn Any>>>,
}

type Subscriber = Rc<dyn Fn(&WidgetEvent)>;

/// Which part of the list of conversations is loaded.
#[derive(Default)]
struct ListState {
    search: String,
    page: u32,
    /// Counts askings: an answer to an older one is not wanted any more.
    asked: u32,
}

/// Something under way that ends when this is dropped.
struct Job(AbortHandle);

impl Drop for Job {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Inner {
    /// Lets something run until the app is destroyed or starts anew.
    fn spawn(self: &Rc<Self>, future: impl Future<Output = ()> + 'static) {
        self.spawn_boxed(Box::pin(future));
    }

    // Generic only as far as the box, so that the code behind it exists once.
    fn spawn_boxed(self: &Rc<Self>, mut future: Task<()>) {
        let (this, epoch) = (self.clone(), self.epoch.get());
        self.platform.clock.spawn(Box::pin(poll_fn(move |context| {
            if this.alive.get() && this.epoch.get() == epoch { future.as_mut().poll(context) } else { Poll::Ready(()) }
        })));
    }

    /// Lets something run until its job is dropped.
    fn start_job(&self, future: impl Future<Output = ()> + 'static) -> Job {
        self.start_boxed(Box::pin(future))
    }

    fn start_boxed(&self, future: Task<()>) -> Job {
        let (future, handle) = abortable(future);
        self.platform.clock.spawn(Box::pin(async move {
            // Aborted or done: nobody asks.
            let _ = future.await;
        }));
        Job(handle)
    }

    fn client(&self) -> Client {
        self.client.borrow().clone()
    }

    fn tell(&self, event: &WidgetEvent) {
        let subscribers = self.subscribers.borrow().clone();
        for subscriber in &subscribers {
            subscriber(event);
        }
    }

    /// Tells the visitor and the page.
    fn report(&self, problem: Problem) {
        self.signals.notice.set(Some(problem.clone()));
        self.tell(&WidgetEvent::Error(problem));
    }

    /// Notes what an answer, or none, says of the line.
    fn note<T>(&self, result: &Result<T, Problem>) {
        match result {
            Ok(_) => {
                if !self.connected.replace(true) {
                    self.tell(&WidgetEvent::Connected);
                }
                if matches!(self.signals.connection.get_untracked(), Connection::New | Connection::Offline) {
                    self.signals.connection.set(Connection::Open);
                }
            }
            Err(problem) if problem.code == "OFFLINE" => self.signals.connection.set(Connection::Offline),
            Err(_) => {}
        }
    }

    /// Whether the visitor is looking at the panel.
    fn in_sight(&self) -> bool {
        self.signals.open.get_untracked() && self.platform.page.visible()
    }
}

/// Sets a signal if that changes anything: what has not changed is not drawn again.
fn put<T: PartialEq + 'static>(signal: BoxSignal<T>, value: T) {
    if signal.try_with_untracked(|old| *old != value) == Some(true) {
        signal.set(value);
    }
}
