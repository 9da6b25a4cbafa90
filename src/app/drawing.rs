//! What happened to a thread, carried over to the signals: no more than that, and no more often
//! than pictures are drawn.

use super::chat::Run;
use super::{App, BoxSignal, Inner, MessageEntry, put};
use crate::state::thread::{Change, Entry, Thread};
use leptos::prelude::*;
use leptos::reactive::owner::{Owner, WeakOwner};
use std::rc::Rc;

/// More than so many bytes in one picture nobody reads as they come.
const MUCH: usize = 512;
/// After such a picture the next one waits for so long: fewer pictures cost less, and the page has time for itself.
const REST_MILLIS: u32 = 30;

impl App {
    /// The time in milliseconds, for a view that minds how long it takes.
    pub(crate) fn millis(&self) -> u64 {
        self.inner().map_or(0, |inner| inner.platform.clock.now())
    }
}

impl Inner {
    /// Draws what happened to a thread with the next picture. Thousands of deltas cost as many
    /// signal updates as there are pictures.
    pub(super) fn draw_soon(self: &Rc<Self>, run: &Rc<Run>) {
        if !run.draw_pending.replace(true) {
            let (this, run) = (self.clone(), run.clone());
            self.spawn(async move {
                if run.drew_much.get() {
                    this.platform.clock.sleep(REST_MILLIS).await;
                }
                this.platform.clock.frame().await;
                this.draw(&run);
            });
        }
    }

    /// Draws what happened to a thread. One that is not shown is not drawn.
    pub(super) fn draw(&self, run: &Rc<Run>) {
        run.draw_pending.set(false);
        let changes = run.thread.borrow_mut().take_changes();
        let added = |change: &Change| if let Change::Appended(_, text) = change { text.len() } else { 0 };
        run.drew_much.set(changes.iter().map(added).sum::<usize>() > MUCH);
        if changes.is_empty() || !self.is_current(run) {
            return;
        }
        let thread = run.thread.borrow();
        run.owner.with(|| self.draw_changes(changes, thread.entries()));
        self.draw_rest(&thread);
    }

    fn draw_rest(&self, thread: &Thread) {
        put(self.signals.replying, thread.running().is_some());
        put(self.signals.awaiting, thread.awaits_people());
        put(self.signals.messages_more, thread.before().is_some());
    }

    /// Draws all of a thread anew, in signals of its own.
    pub(super) fn draw_all(&self, run: &Rc<Run>) {
        let mut thread = run.thread.borrow_mut();
        thread.take_changes();
        let entries: Vec<MessageEntry> = run.owner.with(|| thread.entries().iter().map(signals_of).collect());
        self.signals.messages.set(entries);
        self.draw_rest(&thread);
    }

    fn draw_changes(&self, changes: Vec<Change>, entries: &[Entry]) {
        let list = self.signals.messages;
        if changes.iter().any(|change| matches!(change, Change::Inserted(_) | Change::Removed(_))) {
            list.update(|list| *list = replay(std::mem::take(list), &changes, entries));
            return;
        }
        let drawn = |index: usize| list.with_untracked(|list| list.get(index).cloned());
        let touched: Vec<usize> =
            changes.iter().filter_map(|change| if let Change::Changed(index) = change { Some(*index) } else { None }).collect();
        for index in &touched {
            if let (Some(drawn), Some(entry)) = (drawn(*index), entries.get(*index)) {
                update(&drawn, entry);
            }
        }
        for change in changes {
            // What was touched is up to date already, its new text included.
            if let Change::Appended(index, text) = change
                && !touched.contains(&index)
                && let Some(entry) = drawn(index)
            {
                entry.text.update(|old| old.push_str(&text));
            }
        }
    }
}

/// A place in the list while changes are replayed.
#[derive(Default)]
struct Slot {
    drawn: Option<MessageEntry>,
    changed: bool,
}

/// The list after these changes. An entry that moved keeps its signals, as its view is kept.
fn replay(drawn: Vec<MessageEntry>, changes: &[Change], entries: &[Entry]) -> Vec<MessageEntry> {
    let mut slots: Vec<Slot> = drawn.into_iter().map(|entry| Slot { drawn: Some(entry), changed: false }).collect();
    let mut removed = Vec::new();
    let mut rest = changes;
    while let Some(change) = rest.first() {
        let mut done = 1;
        match *change {
            Change::Inserted(index) => {
                // A page of the history is put in at once, however long the list is.
                let follows = |(at, change): &(usize, &Change)| **change == Change::Inserted(index + at);
                done = rest.iter().enumerate().take_while(follows).count();
                let after = slots.split_off(index);
                slots.resize_with(index + done, Slot::default);
                slots.extend(after);
            }
            Change::Removed(index) => removed.extend(slots.remove(index).drawn),
            Change::Appended(index, _) | Change::Changed(index) => slots[index].changed = true,
        }
        rest = &rest[done..];
    }
    let pairs = slots.into_iter().zip(entries);
    pairs
        .map(|(slot, entry)| match slot.drawn {
            Some(drawn) if !slot.changed => drawn,
            drawn => match drawn.or_else(|| take(&mut removed, &entry.key)) {
                Some(drawn) => {
                    update(&drawn, entry);
                    drawn
                }
                None => signals_of(entry),
            },
        })
        .collect()
}

fn take(removed: &mut Vec<MessageEntry>, key: &str) -> Option<MessageEntry> {
    let index = removed.iter().position(|entry| entry.key == key)?;
    Some(removed.swap_remove(index))
}

fn signals_of(entry: &Entry) -> MessageEntry {
    MessageEntry {
        key: entry.key.clone(),
        id: BoxSignal::new(entry.id.clone()),
        role: entry.role,
        created_at: entry.created_at,
        text: RwSignal::new(entry.text.clone()),
        status: BoxSignal::new(entry.status.clone()),
        feedback: BoxSignal::new(entry.feedback),
        extras: BoxSignal::new(entry.extras.clone()),
    }
}

/// Brings an entry's signals up to date. A text that only grew is appended to.
fn update(drawn: &MessageEntry, entry: &Entry) {
    let same = drawn.text.try_with_untracked(|text| *text == entry.text).unwrap_or(true);
    if !same {
        drawn.text.update(|text| {
            if entry.text.starts_with(text.as_str()) {
                text.push_str(&entry.text[text.len()..]);
            } else {
                entry.text.clone_into(text);
            }
        });
    }
    put(drawn.id, entry.id.clone());
    put(drawn.status, entry.status.clone());
    put(drawn.feedback, entry.feedback);
    put(drawn.extras, entry.extras.clone());
}

/// An owner for the signals of one conversation's messages, below the app's.
pub(super) fn owner_below(root: Option<&WeakOwner>) -> Owner {
    root.and_then(WeakOwner::upgrade).map_or_else(Owner::new, |root| root.child())
}
