//! What is said in a conversation: sent, listened to, resumed.

use super::chat::Run;
use super::{Inner, WidgetEvent, put};
use crate::client::{Start, Step};
use crate::platform::LocalFile;
use crate::state::entry::Outgoing;
use crate::state::event::ReplyEvent;
use crate::state::{Connection, EntryStatus, Problem, conversations};
use std::rc::Rc;
use twinchat_protocol::event::{EventKind, ProgressState};
use twinchat_protocol::message::{MessageStatus, Role};

/// The longest beginning of a first message that stands in for a title.
const TITLE_CHARS: usize = 60;

impl Inner {
    /// Listens where something is to be heard: a reply that runs, or the conversation in sight.
    pub(super) fn tend(self: &Rc<Self>, run: &Rc<Run>) {
        let wanted = run.loaded.get() && !run.id.borrow().is_empty() && self.is_of_interest(run);
        if !run.idle.get() {
            return;
        }
        let listening = run.job.borrow().is_some();
        if !wanted {
            run.end();
        } else if !listening {
            let (this, it) = (self.clone(), run.clone());
            let job = self.start_job(async move {
                if let Err(problem) = this.listen(&it, Start::Follow).await {
                    this.refused(&it, None, problem);
                }
                it.job.take();
            });
            run.job.replace(Some(job));
        }
    }

    /// Whether something may be said in it that the visitor wants to hear of: what is in sight, a reply that runs, and
    /// a conversation with people, who answer when they can.
    pub(super) fn is_of_interest(&self, run: &Rc<Run>) -> bool {
        let here = self.is_current(run) && (self.in_sight() || !self.answers_at_once(run));
        here || run.is_replying() || run.thread.borrow().awaits_people()
    }

    /// Sends a message, the first one in a conversation that is made for it.
    pub(super) fn deliver(self: &Rc<Self>, run: &Rc<Run>, message: Outgoing, files: Vec<LocalFile>) {
        let post = self.post(run, &message, &files);
        run.keep_files(&message.key, files);
        run.thread.borrow_mut().send(message, self.platform.clock.now());
        self.draw(run);
        self.signals.notice.set(None);
        let (this, it, key) = (self.clone(), run.clone(), post.key.clone());
        self.work(run, async move {
            let mut result = this.make_sure_of_conversation(&it).await;
            if result.is_ok() {
                result = this.listen(&it, Start::Send(post)).await;
            }
            if let Err(problem) = result {
                this.refused(&it, Some(&key), problem);
            }
        });
    }

    /// Asks the twin once more in place of a reply.
    pub(super) fn ask_again(self: &Rc<Self>, run: &Rc<Run>, key: &str) {
        let Some(before) = run.thread.borrow().get(key).cloned() else { return };
        run.thread.borrow_mut().retry(key);
        self.draw(run);
        self.signals.notice.set(None);
        let (this, it) = (self.clone(), run.clone());
        self.work(run, async move {
            let start = it.thread.borrow().cursor();
            let Err(problem) = this.listen(&it, Start::Retry { message_id: before.id.clone() }).await else { return };
            if it.thread.borrow().cursor() == start {
                // It never began: all stands as before.
                it.thread.borrow_mut().restore(&before);
            }
            this.refused(&it, None, problem);
        });
    }

    /// Runs something that is not ended by looking elsewhere; afterwards it is listened again.
    fn work(self: &Rc<Self>, run: &Rc<Run>, work: impl Future<Output = ()> + 'static) {
        let (this, it) = (self.clone(), run.clone());
        run.idle.set(false);
        let job = self.start_job(async move {
            work.await;
            it.idle.set(true);
            it.stop_wanted.set(false);
            it.job.take();
            this.send_waiting(&it);
            this.tend(&it);
        });
        run.job.replace(Some(job));
    }

    async fn make_sure_of_conversation(self: &Rc<Self>, run: &Rc<Run>) -> Result<(), Problem> {
        let client = self.client();
        if !self.platform.page.online() {
            return Err(Problem::own("OFFLINE"));
        }
        client.keep_identity().await;
        if !run.id.borrow().is_empty() {
            return Ok(());
        }
        let twin_id = run.twin_id.borrow().clone();
        let result = client.create_conversation(&twin_id).await;
        self.note(&result);
        let conversation = result?;
        // A visitor without a key is known only now.
        client.keep_identity().await;
        if !client.is_signed_in() {
            self.note_before("1");
        }
        run.id.replace(conversation.id.as_str().to_owned());
        self.remember(conversation.id.as_str());
        self.signals.conversations.update(|list| conversations::upsert(list, conversation.clone()));
        if self.is_current(run) {
            let conversation_id = conversation.id.as_str().to_owned();
            self.signals.conversation.set(Some(conversation));
            self.tell(&WidgetEvent::ThreadChange { conversation_id });
        }
        Ok(())
    }

    /// Takes in what a stream says until it is over or refused.
    async fn listen(self: &Rc<Self>, run: &Rc<Run>, start: Start) -> Result<(), Problem> {
        let (id, cursor) = (run.id.borrow().clone(), run.thread.borrow().cursor());
        let mut stream = self.client().stream(&id, start).after(cursor);
        loop {
            match stream.next().await {
                Step::Line(connection) => self.line(run, connection),
                Step::Events(events) => {
                    for event in events {
                        self.take_in(run, event);
                    }
                    self.draw_soon(run);
                }
                Step::Refused(problem) => {
                    self.draw(run);
                    return Err(problem);
                }
                Step::Ended => break,
            }
            if run.idle.get() && !self.is_of_interest(run) {
                break;
            }
        }
        self.draw(run);
        Ok(())
    }

    fn line(&self, run: &Rc<Run>, connection: Connection) {
        if connection == Connection::Open {
            self.note(&Ok(()));
        }
        // A line that is only opened once more is not news.
        let news = connection != Connection::Connecting || self.signals.connection.get_untracked() != Connection::Open;
        if self.is_current(run) && news {
            put(self.signals.connection, connection);
        }
    }

    fn take_in(self: &Rc<Self>, run: &Rc<Run>, event: ReplyEvent) {
        if event.id <= run.thread.borrow().cursor() {
            return;
        }
        let (conversation_id, message_id) = (run.id.borrow().clone(), event.message_id.clone());
        let accepted = event.state == Some(ProgressState::Accepted);
        let sent = event.user_message.clone();
        let answered = event.message.is_some();
        let said = event.kind == EventKind::Message && event.message.as_ref().is_some_and(|message| message.role == Role::Assistant);
        let ended = event.is_last().then(|| event.status.unwrap_or(MessageStatus::Complete));
        run.thread.borrow_mut().apply(event);
        // Also where people answer: that they have it ends the sending, and is no answer.
        let own = ended.is_some() && run.thread.borrow().is_own(&message_id);
        if let Some(sent) = sent.filter(|_| accepted) {
            run.take_files(sent.client_id.as_deref().unwrap_or_default());
            self.name_conversation(&conversation_id, &sent.content);
            self.tell(&WidgetEvent::MessageSent { conversation_id: conversation_id.clone(), message_id: sent.id.to_string() });
        }
        if accepted {
            self.keep_from_now_on();
            if run.stop_wanted.replace(false) {
                self.stop_reply(message_id.clone());
            }
            if answered {
                self.tell(&WidgetEvent::ResponseStart { conversation_id, message_id });
            }
        } else if own {
            self.refresh_conversation(&conversation_id);
        } else if said || ended.is_some() {
            if !(self.is_current(run) && self.in_sight()) {
                run.unread.set(run.unread.get() + 1);
                self.count_unread();
            }
            self.refresh_conversation(&conversation_id);
            let status = ended.unwrap_or(MessageStatus::Complete);
            self.tell(&WidgetEvent::ResponseEnd { conversation_id, message_id, status });
        }
    }

    /// A stream will not be. What was not accepted is kept, or given back when sending it again as
    /// it is cannot help.
    fn refused(self: &Rc<Self>, run: &Rc<Run>, key: Option<&str>, problem: Problem) {
        self.note::<()>(&Err(problem.clone()));
        let unaccepted = key.filter(|key| run.thread.borrow().get(key).is_some_and(|entry| entry.id.is_empty()));
        match unaccepted {
            Some(key) => {
                run.thread.borrow_mut().unsent(key, problem.clone());
                let hopeless = !problem.retryable && problem.code != "REPLY_IN_PROGRESS";
                if hopeless && self.is_current(run) && self.has_no_draft() {
                    self.give_back(run, key);
                    self.report(problem);
                } else {
                    self.tell(&WidgetEvent::Error(problem));
                }
            }
            None => {
                run.thread.borrow_mut().give_up(&problem);
                self.report(problem);
            }
        }
        self.draw(run);
    }

    /// Back online: what could not be sent for want of a network is sent now, one after the other,
    /// each under its old `Idempotency-Key`, so never twice.
    pub(super) fn send_waiting(self: &Rc<Self>, run: &Rc<Run>) {
        if !self.platform.page.online() || !run.idle.get() || run.is_replying() {
            return;
        }
        let waiting = run.thread.borrow().entries().iter().find_map(|entry| match &entry.status {
            EntryStatus::Unsent(problem) if problem.code == "OFFLINE" => Some(entry.clone()),
            _ => None,
        });
        if let Some(entry) = waiting {
            self.deliver_again(run, &entry);
        }
    }

    /// Stops the reply of the conversation shown, now or as soon as it is known.
    pub(super) fn stop(self: &Rc<Self>) {
        let run = self.current();
        let id = run.thread.borrow().running().map(|entry| entry.id.clone());
        match id {
            Some(id) if id.is_empty() => run.stop_wanted.set(true),
            Some(id) => self.stop_reply(id),
            None => {}
        }
    }

    fn stop_reply(self: &Rc<Self>, message_id: String) {
        let this = self.clone();
        self.spawn(async move {
            if let Err(problem) = this.client().stop(&message_id).await {
                this.report(problem);
            }
        });
    }

    /// Until the proxy has named a conversation it goes by its first message.
    fn name_conversation(&self, id: &str, text: &str) {
        let mut named = None;
        self.signals.conversations.update(|list| {
            if let Some(conversation) = list.iter_mut().find(|other| other.id.as_str() == id && other.title.is_empty()) {
                conversation.title = conversations::preview(text, TITLE_CHARS);
                named = Some(conversation.clone());
            }
        });
        if let Some(conversation) = named {
            self.show_conversation(conversation);
        }
    }
}
