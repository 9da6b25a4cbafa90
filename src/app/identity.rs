//! Signing in and out, and what was said before that.
//!
//! Signing in moves nothing by itself: on a shared computer it may be somebody else's. The visitor is asked.

use super::chat::Run;
use super::compose::Draft;
use super::{App, Inner, ListState, WidgetEvent, put};
use crate::platform::Shelf;
use crate::state::{Offer, Problem, Screen};
use std::rc::Rc;

impl App {
    /// The visitor is whom this identity token names (`docs/identity.md`); without one, again the visitor that this
    /// browser was before. Takes effect whether the panel is open or not.
    ///
    /// # Errors
    /// What the proxy says of the token. Then all is as before.
    pub async fn identify(self, identity_token: Option<String>) -> Result<(), Problem> {
        match self.inner() {
            Some(inner) => inner.identify(identity_token).await,
            None => Ok(()),
        }
    }

    /// The page can say who the visitor is, which it could not before: whoever has come as nobody is asked about again.
    pub fn ask_site(self) {
        self.with(|inner| {
            let this = inner.clone();
            // Not by `spawn`: another visitor ends what that has begun.
            inner.platform.clock.spawn(Box::pin(async move { this.ask_site().await }));
        });
    }

    /// The visitor wants what was said before signing in.
    pub fn take_over(&self) {
        self.with(|inner| {
            let this = inner.clone();
            inner.spawn_rare(move || async move { this.take_over().await });
        });
    }

    /// The visitor does not want it, or has read what became of it. It is not offered again.
    pub fn decline_offer(&self) {
        self.with(|inner| {
            inner.note_before("");
            put(inner.signals.offer, Offer::None);
        });
    }
}

impl Inner {
    async fn identify(self: &Rc<Self>, identity_token: Option<String>) -> Result<(), Problem> {
        let client = self.client();
        let before = client.visitor();
        match &identity_token {
            Some(token) => client.sign_in(token).await?,
            None => client.sign_out(),
        }
        if self.alive.get() && (before.is_empty() || before != client.visitor()) {
            self.another_visitor();
        }
        self.tell_identity();
        Ok(())
    }

    async fn ask_site(self: &Rc<Self>) {
        if !self.started.get() {
            return; // asked when somebody chats
        }
        let epoch = self.epoch.get();
        let asked = self.client().ask_site().await;
        if !self.alive.get() || self.epoch.get() != epoch {
            return;
        }
        match asked {
            Ok(true) => self.another_visitor(),
            Ok(false) => {}
            Err(problem) => self.report(problem),
        }
        self.tell_identity();
    }

    /// Somebody else, at the same proxy: nothing of the one before stays but what was being typed, and to whom.
    fn another_visitor(self: &Rc<Self>) {
        // What it was to answer is not this visitor's to see.
        let draft = Draft { quote: None, ..self.take_draft() };
        let twin_id = self.current().twin_id.borrow().clone();
        self.platform.storage.set(Shelf::Tab, &self.thread_name(), "");
        self.end_all();
        self.epoch.set(self.epoch.get() + 1);
        self.list.replace(ListState::default());
        self.signals.conversations.set(Vec::new());
        put(self.signals.offer, Offer::None);
        let run = Run::new(self.root.as_ref(), &twin_id, "");
        run.draft.replace(draft);
        self.show(&run);
        if twin_id.is_empty() {
            put(self.signals.screen, Screen::default());
        }
        if self.started.replace(false) && self.signals.open.get_untracked() {
            self.opened();
        }
    }

    /// Tells the page when somebody has signed in or out.
    pub(super) fn tell_identity(&self) {
        let signed_in = self.client().is_signed_in();
        if self.signed_in.replace(signed_in) != signed_in {
            self.tell(&WidgetEvent::IdentityChange { signed_in });
        }
    }

    /// Asks a visitor who has signed in about what was said in this browser before, if anything was.
    pub(super) async fn offer(self: &Rc<Self>) {
        let said = self.platform.storage.get(Shelf::Site, &self.before_name()).is_some();
        if said && self.client().can_link().await {
            put(self.signals.offer, Offer::Open);
        }
    }

    async fn take_over(self: &Rc<Self>) {
        put(self.signals.offer, Offer::Busy);
        let result = self.client().link().await;
        self.note(&result);
        match result {
            Ok(moved) => {
                self.note_before("");
                put(self.signals.offer, Offer::Done(moved));
                self.fetch_conversations(false).await;
            }
            Err(problem) => {
                // Another user's already: that will not change.
                let again = problem.code != "LINKED_ELSEWHERE";
                if !again {
                    self.note_before("");
                }
                put(self.signals.offer, if again { Offer::Open } else { Offer::None });
                self.report(problem);
            }
        }
    }

    /// Remembers that an anonymous visitor has said something in this browser; empty: forgets it.
    pub(super) fn note_before(&self, value: &str) {
        self.platform.storage.set(Shelf::Site, &self.before_name(), value);
    }

    fn before_name(&self) -> String {
        ["twinchat.before.", &self.origin.borrow()].concat()
    }
}
