//! The messages of one conversation and all that can happen to them.
//!
//! A [`Thread`] takes events in any delivery (cut, resumed, told twice) and always ends up with the
//! same text. What it does to its list it also writes down as [`Change`]s, so that whoever draws
//! it touches nothing else.

use super::entry::entry_status;
pub use super::entry::{Entry, Extras, Outgoing};
use super::event::ReplyEvent;
use super::{EntryStatus, Problem, Progress, time};
use twinchat_protocol::event::{EventKind, ProgressState};
use twinchat_protocol::id::EventId;
use twinchat_protocol::message::{Feedback, Message, MessageStatus, Role};

/// One step of what happened to the list; indices hold at that step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// An entry came to stand here.
    Inserted(usize),
    /// The entry here went away.
    Removed(usize),
    /// Text was added to the end of this one.
    Appended(usize, String),
    /// Id, text, status or feedback of this one may be different.
    Changed(usize),
}

/// The messages of one conversation.
#[derive(Debug, Clone, Default)]
pub struct Thread {
    entries: Vec<Entry>,
    changes: Vec<Change>,
    cursor: EventId,
    before: Option<String>,
}

impl Thread {
    /// The messages in order; unsent ones at the end.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What happened since this was last asked, in order.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// The last event that was taken in: a feed goes on after it.
    pub fn cursor(&self) -> EventId {
        self.cursor
    }

    /// What to ask for to get the messages before the first one; `None` at the beginning.
    pub fn before(&self) -> Option<&str> {
        self.before.as_deref()
    }

    /// The reply that is being written.
    pub fn running(&self) -> Option<&Entry> {
        self.entries.iter().rev().find(|entry| entry.is_running())
    }

    /// The entry with this key.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// Whether the visitor wrote the message with this id.
    pub fn is_own(&self, id: &str) -> bool {
        self.entries.iter().rev().find(|entry| entry.id == id).is_some_and(|entry| entry.role == Role::User)
    }

    /// The visitor sends something: it stands there at once, and the twin is waited for if it answers at once.
    /// An unsent message of that key is sent again; one that is on its way or stored is left alone.
    pub fn send(&mut self, message: Outgoing, now: u64) {
        let Outgoing { key, text, extras, answered } = message;
        if self.get(&key).is_some_and(|entry| !matches!(entry.status, EntryStatus::Unsent(_))) {
            return;
        }
        self.remove(|entry| entry.key == key);
        let reply = reply_key(&key);
        self.push(Entry { text, extras, ..Entry::blank(key, Role::User, now, EntryStatus::Sending) });
        if answered {
            self.push(Entry::blank(reply, Role::Assistant, now, EntryStatus::Waiting(Progress::default())));
        }
    }

    /// So much of a message's files has been sent, in percent.
    pub fn uploaded(&mut self, key: &str, percent: u8) {
        let on_its_way = |entry: &Entry| matches!(entry.status, EntryStatus::Sending | EntryStatus::Uploading(_));
        // All of it: now the proxy looks at it.
        let status = if percent < 100 { EntryStatus::Uploading(percent) } else { EntryStatus::Sending };
        self.change(|entry| entry.key == key && entry.id.is_empty() && on_its_way(entry), |entry| entry.status = status);
    }

    /// Whether people have what the visitor said last, and have not answered.
    pub fn awaits_people(&self) -> bool {
        self.entries.last().is_some_and(|entry| entry.role == Role::User && entry.status == EntryStatus::Complete)
    }

    /// It could not be sent: it is kept and marked, the twin is not waited for.
    pub fn unsent(&mut self, key: &str, problem: Problem) {
        let reply = reply_key(key);
        self.remove(|entry| entry.key == reply && entry.id.is_empty());
        self.change(|entry| entry.key == key && entry.id.is_empty(), |entry| entry.status = EntryStatus::Unsent(problem));
    }

    /// The visitor gives an unsent message up. Answers its text.
    pub fn discard(&mut self, key: &str) -> Option<String> {
        let text = self.get(key).filter(|entry| matches!(entry.status, EntryStatus::Unsent(_)))?.text.clone();
        self.remove(|entry| entry.key == key);
        Some(text)
    }

    /// The twin is asked once more in place of this reply, whose events start anew.
    pub fn retry(&mut self, key: &str) {
        let mut ordinal = 0;
        self.change(
            |entry| entry.key == key,
            |entry| {
                ordinal = entry.ordinal;
                entry.text.clear();
                entry.feedback = None;
                entry.status = EntryStatus::Waiting(Progress::default());
            },
        );
        self.cursor = self.cursor.min(EventId { ordinal, seq: 0 });
    }

    /// That was refused: the reply stands as it was.
    pub fn restore(&mut self, before: &Entry) {
        self.change(|entry| entry.key == before.key, |entry| before.clone_into(entry));
    }

    /// Nothing more will be heard of the reply that runs: what has come is kept.
    pub fn give_up(&mut self, problem: &Problem) {
        self.change(Entry::is_running, |entry| entry.status = EntryStatus::Failed(problem.clone()));
    }

    /// What the visitor thinks of a reply.
    pub fn set_feedback(&mut self, key: &str, feedback: Option<Feedback>) {
        self.change(|entry| entry.key == key, |entry| entry.feedback = feedback);
    }

    /// A page of messages as stored, and the cursor for the page before it. Newer and older pages
    /// and ones that overlap are all taken in; what streams on is not set back.
    pub fn add_page(&mut self, messages: Vec<Message>, before: Option<String>) {
        let first = self.entries.iter().find(|entry| entry.ordinal > 0).map(|entry| entry.ordinal);
        if first.is_none_or(|first| messages.first().is_some_and(|message| message.ordinal < first)) {
            self.before = before;
        }
        if first.zip(messages.last()).is_some_and(|(first, last)| last.ordinal < first) && self.is_all_stored(&messages) {
            return self.put_before(messages);
        }
        let mut cursor = self.cursor;
        for message in messages {
            let event = message.event_id.as_deref().and_then(|id| EventId::parse(id).ok());
            let seq = if message.status.is_final() { u32::MAX } else { 0 };
            let known = event.unwrap_or(EventId { ordinal: message.ordinal, seq });
            cursor = cursor.max(known);
            if message.status.is_final() || known >= self.cursor || !self.holds(message.id.as_str()) {
                self.store(message, None);
            }
        }
        self.cursor = cursor;
    }

    /// Whether a page is in order and whole, and no entry waits for one of its messages.
    fn is_all_stored(&self, messages: &[Message]) -> bool {
        messages.windows(2).all(|pair| pair[0].ordinal < pair[1].ordinal)
            && messages.iter().all(|message| message.status.is_final())
            && self.entries.iter().all(|entry| entry.ordinal > 0)
    }

    /// A page of older messages, at once: of a long history there are many.
    fn put_before(&mut self, messages: Vec<Message>) {
        self.changes.extend((0..messages.len()).map(Change::Inserted));
        let key = |message: &Message| message.client_id.clone().unwrap_or_else(|| message.id.as_str().to_owned());
        let mut entries: Vec<Entry> = messages.into_iter().map(|message| Entry::stored(key(&message), message)).collect();
        entries.append(&mut self.entries);
        self.entries = entries;
    }

    /// Takes in one event. One that was taken in before changes nothing.
    pub fn apply(&mut self, event: ReplyEvent) {
        if event.id <= self.cursor {
            return;
        }
        self.cursor = event.id;
        match event.kind {
            EventKind::Progress => self.progress(event),
            EventKind::Delta => self.delta(&event),
            EventKind::Message => {
                if let Some(message) = event.message {
                    self.store(message, None);
                }
            }
            EventKind::Complete | EventKind::Error => self.end(event),
        }
    }

    fn progress(&mut self, event: ReplyEvent) {
        if event.state == Some(ProgressState::Accepted) {
            let key = event.user_message.as_ref().and_then(|message| message.client_id.as_deref()).map(reply_key);
            if let Some(message) = event.user_message {
                self.store(message, None);
            }
            match (event.message, key) {
                (Some(message), key) => self.store(message, key),
                // Nobody answers at once after all.
                (None, Some(key)) => self.remove(|entry| entry.key == key && entry.id.is_empty()),
                (None, None) => {}
            }
            return;
        }
        let index = self.reply(&event);
        if self.entries[index].text.is_empty() {
            self.entries[index].status = EntryStatus::Waiting(event.progress);
            self.changes.push(Change::Changed(index));
        }
    }

    fn delta(&mut self, event: &ReplyEvent) {
        let index = self.reply(event);
        let entry = &mut self.entries[index];
        if entry.status != EntryStatus::Streaming {
            entry.status = EntryStatus::Streaming;
            self.changes.push(Change::Changed(index));
        }
        self.entries[index].text.push_str(&event.content);
        match self.changes.last_mut() {
            Some(Change::Appended(at, text)) if *at == index => text.push_str(&event.content),
            _ => self.changes.push(Change::Appended(index, event.content.clone())),
        }
    }

    fn end(&mut self, event: ReplyEvent) {
        let index = self.reply(&event);
        let status = event.status.unwrap_or(if event.kind == EventKind::Error { MessageStatus::Failed } else { MessageStatus::Complete });
        let entry = &mut self.entries[index];
        let mut text = event.content;
        if let Some(message) = event.message {
            // As stored is as it is; an error may leave the text out.
            if !message.content.is_empty() {
                text = message.content;
            }
            entry.created_at = time::parse_rfc3339(&message.created_at).unwrap_or(entry.created_at);
            entry.extras = Extras { author: message.author.unwrap_or_default(), files: message.files, reply_to: message.reply_to };
        }
        // The visitor's own words are not for the other side to change.
        if entry.role == Role::Assistant && (event.kind == EventKind::Complete || !text.is_empty()) {
            entry.text = text;
        }
        entry.status = entry_status(status, event.problem, None, entry.text.is_empty());
        self.changes.push(Change::Changed(index));
    }

    /// The reply an event is about; one nobody announced is made.
    fn reply(&mut self, event: &ReplyEvent) -> usize {
        if let Some(index) = self.entries.iter().rposition(|entry| entry.id == event.message_id) {
            return index;
        }
        let mut entry = Entry::blank(event.message_id.clone(), Role::Assistant, 0, EntryStatus::Waiting(Progress::default()));
        entry.id.clone_from(&event.message_id);
        entry.ordinal = event.id.ordinal;
        self.place(entry)
    }

    /// Takes in a message as stored: over the entry with its id, over the one that was waiting for
    /// it (by its `Idempotency-Key`, or `key`), or as a new one in its place.
    fn store(&mut self, message: Message, key: Option<String>) {
        let key = key.or_else(|| message.client_id.clone()).unwrap_or_else(|| message.id.as_str().to_owned());
        // An answer given once more may have another id in the same place.
        let known = self.entries.iter().rposition(|entry| entry.id == message.id.as_str() || entry.ordinal == message.ordinal);
        let index = known.or_else(|| self.entries.iter().rposition(|entry| entry.id.is_empty() && entry.key == key));
        let entry = Entry::stored(index.map_or(key, |index| self.entries[index].key.clone()), message);
        match index {
            Some(index) if self.in_order(index, entry.ordinal) => {
                self.entries[index] = entry;
                self.changes.push(Change::Changed(index));
            }
            Some(index) => {
                // Something came between: it moves to where the proxy has it.
                self.remove_at(index);
                self.place(entry);
            }
            None => {
                self.place(entry);
            }
        }
    }

    fn holds(&self, id: &str) -> bool {
        self.entries.iter().any(|entry| entry.id == id)
    }

    /// Whether an entry with this ordinal may stand at this index.
    fn in_order(&self, index: usize, ordinal: u32) -> bool {
        let stored = |entry: &&Entry| entry.ordinal > 0;
        self.entries[..index].iter().rev().find(stored).is_none_or(|entry| entry.ordinal < ordinal)
            && self.entries[index + 1..].iter().find(stored).is_none_or(|entry| entry.ordinal > ordinal)
            && (index == 0 || self.entries[index - 1].ordinal > 0)
    }

    /// Inserts by ordinal; those not stored yet stand at the end.
    fn place(&mut self, entry: Entry) -> usize {
        let after = self.entries.iter().rposition(|other| other.ordinal > 0 && other.ordinal < entry.ordinal);
        let index = after.map_or(0, |index| index + 1);
        self.insert(index, entry);
        index
    }

    fn push(&mut self, entry: Entry) {
        self.insert(self.entries.len(), entry);
    }

    fn insert(&mut self, index: usize, entry: Entry) {
        self.entries.insert(index, entry);
        self.changes.push(Change::Inserted(index));
    }

    fn remove(&mut self, which: impl Fn(&Entry) -> bool) {
        if let Some(index) = self.entries.iter().position(which) {
            self.remove_at(index);
        }
    }

    fn remove_at(&mut self, index: usize) {
        self.entries.remove(index);
        self.changes.push(Change::Removed(index));
    }

    fn change(&mut self, which: impl Fn(&Entry) -> bool, how: impl FnOnce(&mut Entry)) {
        if let Some(index) = self.entries.iter().position(which) {
            how(&mut self.entries[index]);
            self.changes.push(Change::Changed(index));
        }
    }
}

/// The key of the reply to the message with this key.
pub fn reply_key(key: &str) -> String {
    [key, ".reply"].concat()
}
