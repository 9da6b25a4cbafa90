//! One conversation: opened, shown, left.

use super::compose::Draft;
use super::drawing::owner_below;
use super::{Inner, Job, WidgetEvent, put};
use crate::platform::LocalFile;
use crate::state::thread::Thread;
use crate::state::{Loading, Problem, Screen};
use leptos::reactive::owner::{Owner, WeakOwner};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use twinchat_protocol::conversation::Conversation;
use twinchat_protocol::message::Message;

/// How many messages are asked for at once.
const PAGE: &str = "30";
/// How many by a visitor who goes far up.
pub(super) const STRIDE: &str = "100";
/// With more messages than these, that is so.
const FAR: usize = 50;

/// A page of messages, and where the page before it begins.
pub(super) type Fetched = Result<(Vec<Message>, Option<String>), Problem>;

/// One conversation that was opened, shown or not.
pub(super) struct Run {
    pub(super) twin_id: RefCell<String>,
    /// Empty before the first message.
    pub(super) id: RefCell<String>,
    pub(super) thread: RefCell<Thread>,
    pub(super) draft: RefCell<Draft>,
    /// The files of messages that are not accepted yet, by key.
    files: RefCell<Vec<(String, Vec<LocalFile>)>>,
    pub(super) unread: Cell<u32>,
    pub(super) draw_pending: Cell<bool>,
    /// Whether more was drawn last than can be read as it comes.
    pub(super) drew_much: Cell<bool>,
    /// Holds the signals of its messages for as long as it is shown.
    pub(super) owner: Owner,
    pub(super) loaded: Cell<bool>,
    /// What is being sent or listened to.
    pub(super) job: RefCell<Option<Job>>,
    /// Whether that job may be ended: it only listens.
    pub(super) idle: Cell<bool>,
    pub(super) stop_wanted: Cell<bool>,
}

impl Run {
    pub(super) fn new(root: Option<&WeakOwner>, twin_id: &str, id: &str) -> Rc<Self> {
        Rc::new(Self {
            twin_id: RefCell::new(twin_id.to_owned()),
            id: RefCell::new(id.to_owned()),
            thread: RefCell::default(),
            draft: RefCell::default(),
            files: RefCell::default(),
            unread: Cell::new(0),
            draw_pending: Cell::new(false),
            drew_much: Cell::new(false),
            owner: owner_below(root),
            loaded: Cell::new(id.is_empty()),
            job: RefCell::default(),
            idle: Cell::new(true),
            stop_wanted: Cell::new(false),
        })
    }

    /// The files of the message of this key.
    pub(super) fn files_of(&self, key: &str) -> Vec<LocalFile> {
        self.files.borrow().iter().find(|(of, _)| of == key).map(|(_, files)| files.clone()).unwrap_or_default()
    }

    pub(super) fn keep_files(&self, key: &str, files: Vec<LocalFile>) {
        self.take_files(key);
        if !files.is_empty() {
            self.files.borrow_mut().push((key.to_owned(), files));
        }
    }

    /// The files of the message of this key, which are not kept any longer.
    pub(super) fn take_files(&self, key: &str) -> Vec<LocalFile> {
        let mut all = self.files.borrow_mut();
        all.iter().position(|(of, _)| of == key).map(|at| all.remove(at).1).unwrap_or_default()
    }

    /// Ends what is under way here.
    pub(super) fn end(&self) {
        self.job.take();
    }

    pub(super) fn is_replying(&self) -> bool {
        self.thread.borrow().running().is_some()
    }
}

impl Inner {
    pub(super) fn current(&self) -> Rc<Run> {
        self.current.borrow().clone()
    }

    pub(super) fn is_current(&self, run: &Rc<Run>) -> bool {
        Rc::ptr_eq(&self.current.borrow(), run)
    }

    pub(super) fn run_of(&self, conversation_id: &str) -> Option<Rc<Run>> {
        self.runs.borrow().iter().find(|run| *run.id.borrow() == conversation_id).cloned()
    }

    /// Shows this conversation in place of the one that was.
    pub(super) fn show(self: &Rc<Self>, run: &Rc<Run>) {
        let signals = self.signals;
        let before = self.current.replace(run.clone());
        if !Rc::ptr_eq(&before, run) {
            before.draft.replace(self.take_draft());
            self.leave(&before);
            self.set_draft(run.draft.take());
            signals.notice.set(None);
            put(signals.search, None);
            let id = run.id.borrow().clone();
            let conversation = signals.conversations.with_untracked(|list| list.iter().find(|other| other.id.as_str() == id).cloned());
            put(signals.conversation, conversation);
            self.draw_all(run);
            self.tell(&WidgetEvent::ThreadChange { conversation_id: id });
        }
        if !self.runs.borrow().iter().any(|other| Rc::ptr_eq(other, run)) {
            self.runs.borrow_mut().push(run.clone());
        }
        self.show_twin(run);
        put(signals.messages_loading, if run.loaded.get() { Loading::Ready } else { Loading::Busy });
        put(signals.screen, Screen::Chat);
        put(signals.settled, true);
        self.remember(&run.id.borrow());
        self.seen();
        self.tend(run);
    }

    /// The conversation that was shown until now: its reply goes on, what has no content goes away.
    fn leave(self: &Rc<Self>, run: &Rc<Run>) {
        if run.idle.get() && !self.is_of_interest(run) {
            run.end();
        }
        if run.id.borrow().is_empty() && run.thread.borrow().entries().is_empty() {
            self.runs.borrow_mut().retain(|other| !Rc::ptr_eq(other, run));
        }
        // Its views are still there until the new list is drawn.
        let (this, it) = (self.clone(), run.clone());
        self.spawn(async move {
            this.platform.clock.frame().await;
            this.platform.clock.frame().await;
            if !this.is_current(&it) {
                it.owner.cleanup();
            }
        });
    }

    pub(super) fn show_twin(&self, run: &Rc<Run>) {
        let twin_id = run.twin_id.borrow();
        let twin = self.signals.twins.with_untracked(|twins| twins.iter().find(|twin| twin.id.as_str() == *twin_id).cloned());
        let before = self.signals.twin.with_untracked(|twin| twin.as_ref().map(|twin| twin.id.clone()));
        if before != twin.as_ref().map(|twin| twin.id.clone()) {
            self.signals.twin.set(twin);
            self.tell(&WidgetEvent::TwinChange { twin_id: twin_id.clone() });
        }
    }

    /// What was said lately in this conversation.
    pub(super) async fn latest(&self, id: &str) -> Fetched {
        self.client().messages(id, None, PAGE).await
    }

    /// Fetches what was said lately, unless that was done, and goes on listening.
    pub(super) async fn load(self: &Rc<Self>, run: &Rc<Run>, fetched: Option<Fetched>) {
        let id = run.id.borrow().clone();
        let result = match fetched {
            Some(fetched) => fetched,
            None => self.latest(&id).await,
        };
        self.note(&result);
        match result {
            Ok((messages, before)) => {
                run.thread.borrow_mut().add_page(messages, before);
                run.loaded.set(true);
                self.set_messages_loading(run, Loading::Ready);
                self.draw(run);
                self.tend(run);
            }
            Err(problem) if problem.code == "NOT_FOUND" => {
                self.forget(&id);
                if self.is_current(run) {
                    self.new_conversation();
                    self.report(problem);
                }
            }
            Err(problem) if run.loaded.get() => self.report(problem),
            Err(problem) => self.set_messages_loading(run, Loading::Failed(problem)),
        }
    }

    fn set_messages_loading(&self, run: &Rc<Run>, loading: Loading) {
        if self.is_current(run) {
            put(self.signals.messages_loading, loading);
        }
    }

    /// Fetches the messages before the first one, unless that is being done.
    pub(super) async fn load_older(self: &Rc<Self>, run: &Rc<Run>) {
        if self.signals.messages_loading.get_untracked() != Loading::Busy {
            let far = run.thread.borrow().entries().len() > FAR;
            self.load_before(run, if far { STRIDE } else { PAGE }).await;
        }
    }

    /// Fetches so many of the messages before the first one. Answers whether that went well.
    pub(super) async fn load_before(self: &Rc<Self>, run: &Rc<Run>, count: &str) -> bool {
        let (id, before) = (run.id.borrow().clone(), run.thread.borrow().before().map(str::to_owned));
        let Some(before) = before else { return false };
        self.set_messages_loading(run, Loading::Busy);
        let result = self.client().messages(&id, Some(&before), count).await;
        self.note(&result);
        let (well, loading) = match result {
            Ok((messages, before)) => {
                run.thread.borrow_mut().add_page(messages, before);
                self.draw(run);
                (true, Loading::Ready)
            }
            Err(problem) => (false, Loading::Failed(problem)),
        };
        self.set_messages_loading(run, loading);
        well
    }

    /// Keeps what is shown of the open conversation up to date.
    pub(super) fn show_conversation(&self, conversation: Conversation) {
        if *self.current().id.borrow() == conversation.id.as_str() {
            put(self.signals.conversation, Some(conversation));
        }
    }
}
