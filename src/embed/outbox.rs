//! What the page says in the visitor's name before there is a twin to say it to.

use crate::app::{App, WidgetEvent};
use std::cell::RefCell;
use std::rc::Rc;

/// What waits for a twin. Cheap to clone; all clones are the same one.
#[derive(Debug, Clone, Default)]
pub(super) struct Outbox {
    waiting: Rc<RefCell<Vec<String>>>,
    draft: Rc<RefCell<String>>,
}

impl Outbox {
    /// Sends the text now, or as soon as a twin is chosen.
    ///
    /// # Errors
    ///
    /// A sentence that says why it cannot be sent at all.
    pub(super) fn send(&self, app: App, text: String) -> Result<(), String> {
        let longest = app.signals.settings.with_untracked(|settings| settings.max_message_chars as usize);
        if text.trim().is_empty() {
            return Err("sendUserMessage() takes a text that is not empty".to_owned());
        }
        if longest > 0 && text.trim().chars().count() > longest {
            return Err(["sendUserMessage() takes at most ", &longest.to_string(), " characters"].concat());
        }
        if app.signals.replying.get_untracked() {
            return Err("the twin is still answering: wait for twinchat.response.end".to_owned());
        }
        app.open();
        if app.signals.twin.with_untracked(Option::is_some) {
            app.send_text(&text);
        } else {
            self.waiting.borrow_mut().push(text);
        }
        Ok(())
    }

    /// Puts the text in the composer, and again in that of the twin that is chosen next.
    pub(super) fn write(&self, app: App, text: &str) {
        app.set_draft(text);
        let chosen = app.signals.twin.with_untracked(Option::is_some);
        self.draft.replace(if chosen { String::new() } else { text.to_owned() });
    }

    /// Drops what waits.
    pub(super) fn forget(&self) {
        self.waiting.take();
        self.draft.take();
    }

    /// To be told of every event: a twin was chosen, so what waits can go.
    pub(super) fn hear(&self, app: App, event: &WidgetEvent) {
        let WidgetEvent::TwinChange { twin_id } = event else { return };
        if twin_id.is_empty() {
            return;
        }
        let (texts, draft) = (self.waiting.take(), self.draft.take());
        if texts.is_empty() && draft.is_empty() {
            return;
        }
        // After the app has finished what it is telling.
        leptos::task::spawn_local(async move {
            if !texts.is_empty() {
                app.send_text(&texts.join("\n\n"));
            }
            if app.signals.draft.try_with_untracked(String::is_empty) == Some(true) {
                app.set_draft(&draft);
            }
        });
    }
}
