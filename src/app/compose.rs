//! What the visitor is putting together: text, files, and the message it answers.

use super::chat::Run;
use super::{App, Inner, put};
use crate::client::Post;
use crate::platform::LocalFile;
use crate::state::EntryStatus;
use crate::state::conversations::preview;
use crate::state::entry::{Entry, Extras, Outgoing};
use leptos::prelude::*;
use std::rc::Rc;
use twinchat_protocol::id::MessageId;
use twinchat_protocol::message::{MessageFile, Quote};
use twinchat_protocol::widget::FileLimits;

/// The most characters of a message that a quote shows.
const EXCERPT_CHARS: usize = 120;

/// A file that goes with the draft.
#[derive(Debug, Clone)]
pub struct Attachment {
    /// Tells it from others of its name.
    pub id: u32,
    /// The file.
    pub file: LocalFile,
}

/// A file that cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its name.
    pub name: String,
    /// Why not.
    pub why: Refusal,
}

/// Why a file cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It has more than this many bytes.
    TooLarge(u64),
    /// There are this many already, and no more are taken.
    TooMany(u32),
    /// Files of its type are not taken.
    Type,
    /// There is nothing in it, or it is a folder.
    Empty,
}

/// What is being put together.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) text: String,
    pub(super) files: Vec<Attachment>,
    pub(super) quote: Option<Quote>,
}

impl Draft {
    pub(super) fn outgoing(&self, key: String, answered: bool) -> Outgoing {
        let files = self.files.iter().map(|attached| described(&attached.file)).collect();
        let extras = Extras { files, reply_to: self.quote.clone(), ..Extras::default() };
        Outgoing { key, text: self.text.trim().to_owned(), extras, answered }
    }

    pub(super) fn files(&self) -> Vec<LocalFile> {
        self.files.iter().map(|attached| attached.file.clone()).collect()
    }
}

fn described(file: &LocalFile) -> MessageFile {
    MessageFile { name: file.name.clone(), media_type: file.media_type.clone(), size: file.size }
}

/// Whether the proxy will take this file beside so many others, as far as can be told before sending it.
fn refusal(file: &LocalFile, limits: &FileLimits, others: usize) -> Option<Refusal> {
    let extension = file.name.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
    let typed = limits.types.iter().any(|known| known.eq_ignore_ascii_case(&file.media_type));
    let named = limits.extensions.iter().any(|known| known.eq_ignore_ascii_case(extension));
    if !typed && !named {
        Some(Refusal::Type)
    } else if file.size == 0 {
        Some(Refusal::Empty)
    } else if file.size > limits.max_bytes {
        Some(Refusal::TooLarge(limits.max_bytes))
    } else if others >= limits.max_count as usize {
        Some(Refusal::TooMany(limits.max_count))
    } else {
        None
    }
}

impl App {
    /// Whether files can be sent to the twin of the open conversation.
    pub fn takes_files(&self) -> bool {
        let able = self.signals.twin.with(|twin| twin.as_ref().is_some_and(|twin| twin.capabilities.files));
        able && self.signals.settings.with(|settings| settings.files.max_count > 0)
    }

    /// The visitor gives files to go with the draft. What cannot be sent is told at once, file by file.
    pub fn attach(&self, files: Vec<LocalFile>) {
        if files.is_empty() || !untrack(|| self.takes_files()) {
            return;
        }
        let limits = self.signals.settings.with_untracked(|settings| settings.files.clone());
        let mut attached = self.signals.attachments.get_untracked();
        let mut refused = Vec::new();
        for file in files {
            match refusal(&file, &limits, attached.len()) {
                Some(why) => refused.push(Refused { name: file.name, why }),
                None => {
                    let id = attached.iter().map(|other| other.id + 1).max().unwrap_or_default();
                    attached.push(Attachment { id, file });
                }
            }
        }
        self.signals.attachments.set(attached);
        put(self.signals.refused, refused);
    }

    /// Takes a file away from the draft.
    pub fn detach(&self, id: u32) {
        self.signals.attachments.update(|files| files.retain(|attached| attached.id != id));
        put(self.signals.refused, Vec::new());
    }

    /// The visitor has read what could not be sent.
    pub fn dismiss_refused(&self) {
        put(self.signals.refused, Vec::new());
    }

    /// The draft is to answer this message, where the twin knows such answers.
    pub fn reply_to(&self, key: &str) {
        self.with(|inner| {
            let run = inner.current();
            let quote = run.thread.borrow().get(key).and_then(quote_of);
            if let Some(quote) = quote {
                put(self.signals.quote, Some(quote));
                self.focus_composer();
            }
        });
    }

    /// The draft answers no message in particular.
    pub fn reply_to_none(&self) {
        put(self.signals.quote, None);
    }

    /// Ends the sending of a message whose files are on their way. It goes back into an empty draft.
    pub fn cancel_upload(&self, key: &str) {
        self.with(|inner| {
            let run = inner.current();
            let on_its_way =
                |entry: &Entry| entry.id.is_empty() && matches!(entry.status, EntryStatus::Sending | EntryStatus::Uploading(_));
            if run.thread.borrow().get(key).is_some_and(on_its_way) {
                run.end();
                run.idle.set(true);
                run.stop_wanted.set(false);
                run.thread.borrow_mut().unsent(key, crate::state::Problem::own("CANCELLED"));
                inner.give_back(&run, key);
                inner.draw(&run);
                inner.tend(&run);
            }
        });
    }
}

fn quote_of(entry: &Entry) -> Option<Quote> {
    let message_id = MessageId::parse(&entry.id).ok()?;
    let author = (!entry.extras.author.is_empty()).then(|| entry.extras.author.clone());
    let files = || entry.extras.files.iter().map(|file| &file.name[..]).collect::<Vec<_>>().join(", ");
    let text = if entry.text.trim().is_empty() { files() } else { entry.text.clone() };
    Some(Quote { message_id, excerpt: preview(&text, EXCERPT_CHARS), author })
}

impl Inner {
    /// Whether the twin of this conversation begins an answer as soon as it is asked. People do not.
    pub(super) fn answers_at_once(&self, run: &Run) -> bool {
        let twin_id = run.twin_id.borrow();
        self.signals.twins.with_untracked(|twins| {
            let twin = twins.iter().find(|twin| twin.id.as_str() == *twin_id);
            twin.is_none_or(|twin| twin.capabilities.stream || twin.capabilities.stop)
        })
    }

    pub(super) fn take_draft(&self) -> Draft {
        let signals = self.signals;
        let draft =
            Draft { text: signals.draft.get_untracked(), files: signals.attachments.get_untracked(), quote: signals.quote.get_untracked() };
        self.set_draft(Draft::default());
        draft
    }

    pub(super) fn set_draft(&self, draft: Draft) {
        let signals = self.signals;
        put(signals.draft, draft.text);
        put(signals.quote, draft.quote);
        put(signals.refused, Vec::new());
        if !(draft.files.is_empty() && signals.attachments.with_untracked(Vec::is_empty)) {
            signals.attachments.set(draft.files);
        }
    }

    pub(super) fn has_no_draft(&self) -> bool {
        self.signals.draft.with_untracked(|draft| draft.trim().is_empty()) && self.signals.attachments.with_untracked(Vec::is_empty)
    }

    /// A message that was not sent leaves the list and is the draft again, if there is no other.
    pub(super) fn give_back(&self, run: &Rc<Run>, key: &str) {
        let entry = run.thread.borrow().get(key).cloned();
        let files = run.take_files(key);
        let Some(text) = run.thread.borrow_mut().discard(key) else { return };
        if self.is_current(run) && self.has_no_draft() {
            let files = (0..).zip(files).map(|(id, file)| Attachment { id, file }).collect();
            self.set_draft(Draft { text, files, quote: entry.and_then(|entry| entry.extras.reply_to) });
        }
    }

    pub(super) fn outgoing_again(&self, run: &Run, entry: &Entry) -> Outgoing {
        let answered = self.answers_at_once(run);
        Outgoing { key: entry.key.clone(), text: entry.text.clone(), extras: entry.extras.clone(), answered }
    }

    /// Sends an unsent message under its old key, with its files.
    pub(super) fn deliver_again(self: &Rc<Self>, run: &Rc<Run>, entry: &Entry) {
        let files = run.files_of(&entry.key);
        self.deliver(run, self.outgoing_again(run, entry), files);
    }

    pub(super) fn post(self: &Rc<Self>, run: &Rc<Run>, message: &Outgoing, files: &[LocalFile]) -> Post {
        let (this, it, key) = (Rc::downgrade(self), Rc::downgrade(run), message.key.clone());
        let told = Rc::new(move |percent| {
            if let (Some(this), Some(run)) = (this.upgrade(), it.upgrade()) {
                run.thread.borrow_mut().uploaded(&key, percent);
                this.draw_soon(&run);
            }
        });
        let reply_to = message.extras.reply_to.as_ref().map(|quote| quote.message_id.to_string()).unwrap_or_default();
        Post { key: message.key.clone(), content: message.text.clone(), reply_to, files: files.to_vec(), told }
    }
}
