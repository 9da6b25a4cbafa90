//! Twins and conversations: fetched, searched, renamed, erased.

use super::chat::{Fetched, Run};
use super::{Inner, WidgetEvent, put};
use crate::platform::Shelf;
use crate::state::{Loading, Screen, conversations};
use std::rc::Rc;

/// A search begins when the visitor has stopped typing for this long.
const SEARCH_MILLIS: u32 = 250;

impl Inner {
    /// Fetches all twins.
    pub(super) async fn fetch_twins(self: &Rc<Self>) {
        put(self.signals.twins_loading, Loading::Busy);
        let result = self.client().twins().await;
        self.note(&result);
        match result {
            Ok(twins) => {
                put(self.signals.twins, twins);
                put(self.signals.twins_loading, Loading::Ready);
            }
            Err(problem) => {
                put(self.signals.twins_loading, Loading::Failed(problem.clone()));
                self.tell(&WidgetEvent::Error(problem));
            }
        }
    }

    /// Fetches conversations: the first page anew, or the next one.
    pub(super) async fn fetch_conversations(self: &Rc<Self>, next: bool) {
        // Who was never here has none, and nobody needs to be asked.
        if !self.client().is_known().await && self.runs.borrow().iter().all(|run| run.id.borrow().is_empty()) {
            put(self.signals.conversations_loading, Loading::Ready);
            return;
        }
        let (asked, page, search) = {
            let mut list = self.list.borrow_mut();
            list.asked += 1;
            (list.asked, if next { list.page + 1 } else { 1 }, list.search.clone())
        };
        put(self.signals.conversations_loading, Loading::Busy);
        let result = self.client().conversations(page, &search).await;
        self.note(&result);
        if self.list.borrow().asked != asked {
            return;
        }
        match result {
            Ok((mut found, more)) => {
                self.list.borrow_mut().page = page;
                // One that was made and never written to is nothing to come back to.
                found.retain(|conversation| conversation.message_count > 0);
                let mut list = if next { self.signals.conversations.get_untracked() } else { Vec::new() };
                conversations::add_page(&mut list, found);
                put(self.signals.conversations, list);
                put(self.signals.conversations_more, more);
                put(self.signals.conversations_loading, Loading::Ready);
            }
            Err(problem) => put(self.signals.conversations_loading, Loading::Failed(problem)),
        }
    }

    /// Searches once the visitor has stopped typing.
    pub(super) fn search(self: &Rc<Self>, text: &str) {
        let asked = {
            let mut list = self.list.borrow_mut();
            text.trim().clone_into(&mut list.search);
            list.asked += 1;
            list.asked
        };
        let this = self.clone();
        self.spawn(async move {
            this.platform.clock.sleep(SEARCH_MILLIS).await;
            if this.list.borrow().asked == asked {
                this.fetch_conversations(false).await;
            }
        });
    }

    /// The twin's id at the proxy: its upstream's is understood as well. What is none is told to the page.
    pub(super) async fn known_twin(self: &Rc<Self>, id: &str) -> Option<String> {
        if id.is_empty() || self.is_listed(id) {
            return (!id.is_empty()).then(|| id.to_owned());
        }
        match self.client().twin(id).await {
            Ok(twin) => {
                let id = twin.id.as_str().to_owned();
                if !self.is_listed(&id) {
                    self.signals.twins.update(|twins| twins.push(twin));
                }
                Some(id)
            }
            Err(problem) => {
                self.tell(&WidgetEvent::Error(problem));
                None
            }
        }
    }

    fn is_listed(&self, twin_id: &str) -> bool {
        self.signals.twins.with_untracked(|twins| twins.iter().any(|twin| twin.id.as_str() == twin_id))
    }

    /// Chooses a twin that the page names. Before there are twins, the start looks it up.
    pub(super) fn find_twin(self: &Rc<Self>, id: &str) {
        if self.is_listed(id) || self.signals.twins.with_untracked(Vec::is_empty) {
            return self.choose_twin(id);
        }
        let (this, id) = (self.clone(), id.to_owned());
        self.spawn(async move {
            if let Some(id) = this.known_twin(&id).await {
                this.choose_twin(&id);
            }
        });
    }

    /// Shows the latest conversation with a twin, or a new one.
    pub(super) fn choose_twin(self: &Rc<Self>, twin_id: &str) {
        let latest = self.signals.conversations.with_untracked(|list| {
            list.iter().find(|conversation| conversation.twin_id.as_str() == twin_id).map(|conversation| conversation.id.clone())
        });
        match latest {
            Some(id) => self.open_conversation(id.as_str()),
            None => self.show_new(twin_id),
        }
    }

    /// Shows one of the visitor's conversations.
    pub(super) fn open_conversation(self: &Rc<Self>, id: &str) {
        self.open_fetched(id, None);
    }

    /// The same, where what was said lately may have been fetched already.
    pub(super) fn open_fetched(self: &Rc<Self>, id: &str, fetched: Option<Fetched>) {
        let run = self.run_of(id).unwrap_or_else(|| {
            let twin_id = self.signals.conversations.with_untracked(|list| {
                list.iter().find(|other| other.id.as_str() == id).map(|conversation| conversation.twin_id.as_str().to_owned())
            });
            Run::new(self.root.as_ref(), &twin_id.unwrap_or_default(), id)
        });
        self.show(&run);
        let this = self.clone();
        self.spawn(async move {
            if run.twin_id.borrow().is_empty() || this.signals.conversation.with_untracked(Option::is_none) {
                this.fetch_conversation(&run).await;
            }
            this.load(&run, fetched).await;
        });
    }

    /// Learns of a conversation that is not in the list.
    async fn fetch_conversation(self: &Rc<Self>, run: &Rc<Run>) {
        let id = run.id.borrow().clone();
        // What is wrong with it, `load` will tell.
        if let Ok(conversation) = self.client().conversation(&id).await {
            run.twin_id.replace(conversation.twin_id.as_str().to_owned());
            if self.is_current(run) {
                put(self.signals.conversation, Some(conversation));
                self.show_twin(run);
            }
        }
    }

    /// A new conversation with the twin of the open one; without one, the visitor picks.
    pub(super) fn new_conversation(self: &Rc<Self>) {
        let mut twin_id = self.current().twin_id.borrow().clone();
        if twin_id.is_empty() {
            twin_id = self.signals.twins.with_untracked(|twins| match &twins[..] {
                [only] => only.id.as_str().to_owned(),
                _ => String::new(),
            });
        }
        if twin_id.is_empty() {
            put(self.signals.screen, Screen::Twins);
        } else {
            self.show_new(&twin_id);
        }
    }

    fn show_new(self: &Rc<Self>, twin_id: &str) {
        let current = self.current();
        let blank = current.id.borrow().is_empty() && current.thread.borrow().entries().is_empty() && *current.twin_id.borrow() == twin_id;
        // One that is empty already is as new as can be.
        self.show(&if blank { current } else { Run::new(self.root.as_ref(), twin_id, "") });
    }

    /// Brings one conversation's entry in the list up to date.
    pub(super) fn refresh_conversation(self: &Rc<Self>, id: &str) {
        let (this, id) = (self.clone(), id.to_owned());
        self.spawn(async move {
            // Not worth a word when it fails: the next listing tells as much.
            if let Ok(conversation) = this.client().conversation(&id).await {
                this.signals.conversations.update(|list| conversations::upsert(list, conversation.clone()));
                this.show_conversation(conversation);
            }
        });
    }

    /// Gives a conversation another title.
    pub(super) async fn rename(self: &Rc<Self>, id: &str, title: &str) {
        let result = self.client().rename_conversation(id, title).await;
        self.note(&result);
        match result {
            Ok(conversation) => {
                self.signals.conversations.update(|list| conversations::upsert(list, conversation.clone()));
                self.show_conversation(conversation);
            }
            Err(problem) => self.report(problem),
        }
    }

    /// Erases a conversation.
    pub(super) async fn delete(self: &Rc<Self>, id: &str) {
        let result = self.client().delete_conversation(id).await;
        self.note(&result);
        match result {
            Err(problem) if problem.code != "NOT_FOUND" => self.report(problem),
            _ => {
                let open = *self.current().id.borrow() == id;
                let screen = self.signals.screen.get_untracked();
                if open {
                    self.new_conversation();
                    // Who erases from the list stays there.
                    put(self.signals.screen, screen);
                }
                self.forget(id);
            }
        }
    }

    /// Drops all that is known of a conversation that is no more.
    pub(super) fn forget(&self, id: &str) {
        if let Some(run) = self.run_of(id) {
            run.end();
        }
        self.runs.borrow_mut().retain(|run| *run.id.borrow() != id);
        self.signals.conversations.update(|list| list.retain(|conversation| conversation.id.as_str() != id));
        self.count_unread();
        if self.platform.storage.get(Shelf::Tab, &self.thread_name()).as_deref() == Some(id) {
            self.platform.storage.set(Shelf::Tab, &self.thread_name(), "");
        }
    }

    /// This tab comes back to this conversation after a reload.
    pub(super) fn remember(&self, id: &str) {
        if !id.is_empty() {
            self.platform.storage.set(Shelf::Tab, &self.thread_name(), id);
        }
    }

    pub(super) fn thread_name(&self) -> String {
        ["twinchat.thread.", &self.origin.borrow()].concat()
    }
}
