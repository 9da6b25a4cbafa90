//! Search in the open conversation, and the way to a message wherever it is.

use super::chat::{Run, STRIDE};
use super::{App, Inner, put};
use crate::state::find::Hit;
use crate::state::{Loading, Problem};
use std::rc::Rc;

/// A search begins when the visitor has stopped typing for this long.
const SEARCH_MILLIS: u32 = 250;

/// A search in the open conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Search {
    /// What is looked for.
    pub text: String,
    /// What was found, latest first.
    pub hits: Vec<Hit>,
    /// Where that stands.
    pub loading: Loading,
    /// Whether there is more than that.
    pub more: bool,
    /// How many pages of it are there.
    pub pages: u32,
}

impl App {
    /// Whether the messages of the open conversation can be searched.
    pub fn can_search(&self) -> bool {
        let able = self.signals.twin.with(|twin| twin.as_ref().is_some_and(|twin| twin.capabilities.search));
        able && self.signals.conversation.with(Option::is_some)
    }

    /// Opens the search in the open conversation.
    pub fn open_search(&self) {
        put(self.signals.search, Some(Search::default()));
    }

    /// Ends it.
    pub fn close_search(&self) {
        put(self.signals.search, None);
    }

    /// Looks for this text; empty shows nothing.
    pub fn search_messages(&self, text: &str) {
        let text = text.trim().to_owned();
        let loading = if text.is_empty() { Loading::Idle } else { Loading::Busy };
        put(self.signals.search, Some(Search { text: text.clone(), loading, ..Search::default() }));
        if !text.is_empty() {
            self.with(|inner| {
                let this = inner.clone();
                inner.spawn_rare(move || async move {
                    this.platform.clock.sleep(SEARCH_MILLIS).await;
                    this.look(&text).await;
                });
            });
        }
    }

    /// Fetches what else was found.
    pub fn search_on(&self) {
        let wanted = self.signals.search.with_untracked(|search| {
            search.as_ref().filter(|search| search.more && search.loading == Loading::Ready).map(|search| search.text.clone())
        });
        if let Some(text) = wanted {
            self.with(|inner| {
                let this = inner.clone();
                inner.spawn_rare(move || async move { this.look(&text).await });
            });
        }
    }

    /// Shows a message of the open conversation, by id, and points at it. What lies between is fetched.
    pub fn go_to(&self, message_id: &str) {
        self.with(|inner| {
            let (this, run, id) = (inner.clone(), inner.current(), message_id.to_owned());
            inner.spawn_rare(move || async move { this.seek(&run, &id).await });
        });
    }
}

impl Inner {
    /// The next page of what is found, unless something else is looked for by now.
    pub(super) async fn look(self: &Rc<Self>, text: &str) {
        let search = self.signals.search;
        let Some(now) = search.get_untracked().filter(|now| now.text == text) else { return };
        search.set(Some(Search { loading: Loading::Busy, ..now.clone() }));
        let conversation = self.current().id.borrow().clone();
        let result = self.client().search_messages(&conversation, text, now.pages + 1).await;
        self.note(&result);
        if !search.with_untracked(|search| search.as_ref().is_some_and(|search| search.text == text && search.pages == now.pages)) {
            return;
        }
        search.set(Some(match result {
            Ok((found, more)) => {
                let hits = now.hits.into_iter().chain(found).collect();
                Search { hits, more, pages: now.pages + 1, loading: Loading::Ready, ..now }
            }
            Err(problem) => Search { loading: Loading::Failed(problem), ..now },
        }));
    }

    async fn seek(self: &Rc<Self>, run: &Rc<Run>, id: &str) {
        let known = || run.thread.borrow().entries().iter().any(|entry| entry.id == id);
        while !known() {
            if run.thread.borrow().before().is_none() {
                return self.report(Problem { retryable: false, ..Problem::own("NOT_FOUND") });
            }
            if !self.load_before(run, STRIDE).await || !self.is_current(run) {
                return;
            }
        }
        self.signals.target.update(|(number, target)| {
            *number += 1;
            id.clone_into(target);
        });
    }
}
