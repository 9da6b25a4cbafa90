//! One task per reply: asks the upstream, reads its answer to the end, keeps it.

use super::Inner;
use super::log::ReplyLog;
use super::run::{Active, Wish};
use super::turn::{self, NotServed};
use crate::budget::{Fare, Turn};
use crate::metrics;
use crate::quiet::Quiet;
use crate::store::{Ended, Ending, Part, Route, StoreError};
use crate::subject::Subject;
use crate::upstream::{Answered, EventStream, Memory, Question, Said, UpstreamError, UpstreamEvent};
use futures_util::future::try_join;
use futures_util::{FutureExt, StreamExt};
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use twinchat_protocol::error::ErrorCode;
use twinchat_protocol::event::ProgressState;
use twinchat_protocol::message::{Message, MessageStatus, Role};

/// How long the end of a reply waits to be kept before it is told all the same.
const KEPT_WITHIN: Duration = Duration::from_secs(2);
/// The longest pause before the store is tried again.
const STORE_PAUSE: Duration = Duration::from_secs(60);

pub(super) struct Drive {
    pub(super) relay: Arc<Inner>,
    pub(super) subject: Subject,
    /// Its place in the upstream's line.
    pub(super) turn: Mutex<Option<Turn>>,
    pub(super) log: Arc<ReplyLog>,
    pub(super) route: Route,
    pub(super) wish: watch::Receiver<Wish>,
}

/// How a reply ended.
struct Outcome {
    status: MessageStatus,
    error: Option<ErrorCode>,
    retry_after: Option<u32>,
    /// The whole text, when it is not what the deltas built.
    text: Option<String>,
}

impl Outcome {
    fn of(status: MessageStatus, error: Option<ErrorCode>) -> Self {
        Self { status, error, retry_after: None, text: None }
    }
}

impl Drive {
    /// Drives the reply to its end, whatever that is, and leaves its log for those who come back.
    pub(super) async fn run(self, active: Active) {
        let counted = metrics::REPLIES_ACTIVE.hold([&self.route.upstream]);
        // A mistake of ours must not leave readers waiting and the conversation busy.
        let outcome = AssertUnwindSafe(self.outcome()).catch_unwind().await;
        let outcome = outcome.unwrap_or_else(|_| Outcome::of(MessageStatus::Failed, Some(ErrorCode::Internal)));
        // Boxed, here and below, is what needs much room for a short time: a reply waits for its next word in as little as may be.
        Box::pin(self.finish(&outcome)).await;
        drop((active, counted));
        self.relay.keep_log(&self.log);
    }

    async fn outcome(&self) -> Outcome {
        let mut cut_off = Quiet::new(self.cut_off());
        let mut converse = pin!(self.converse());
        poll_fn(|context| match cut_off.poll(context) {
            Poll::Pending => converse.as_mut().poll(context),
            ended => ended,
        })
        .await
    }

    /// Resolves when the reply has to end though the upstream has not ended it.
    async fn cut_off(&self) -> Outcome {
        let mut wish = self.wish.clone();
        tokio::select! {
            wish = wish.wait_for(|wish| *wish != Wish::GoOn) => match wish.map(|wish| *wish) {
                Ok(Wish::Stop) => Outcome::of(MessageStatus::Stopped, None),
                _ => Outcome::of(MessageStatus::Interrupted, Some(ErrorCode::ReplyInterrupted)),
            },
            () = self.too_long() => Outcome::of(MessageStatus::Incomplete, Some(ErrorCode::UpstreamTimeout)),
        }
    }

    /// Whether this is a visitor's message on its way to people, with an end of its own and no reply yet.
    fn is_handing_over(&self) -> bool {
        self.log.exchange.reply.role == Role::User
    }

    async fn converse(&self) -> Outcome {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (Some(upstream), Some(turn)) = (self.relay.directory.upstream(&self.route.upstream), turn) else {
            tracing::error!(upstream = self.route.upstream, "a conversation's upstream is no longer in the settings");
            return Outcome::of(MessageStatus::Failed, Some(ErrorCode::UpstreamRefused));
        };
        let fare = match Box::pin(self.served(turn)).await {
            Ok(fare) => fare,
            Err(outcome) => return outcome,
        };
        let asked = &self.log.exchange.question;
        let before = self.history(upstream.memory(&self.route.twin));
        let files =
            async { if asked.files.is_empty() { Ok(Vec::new()) } else { self.relay.files.of_message(&self.subject, &asked.id).await } };
        let (history, files) = match Box::pin(try_join(before, files)).await {
            Ok(both) => both,
            Err(error) => {
                tracing::error!(%error, "what belongs to a question cannot be read, so nothing was sent");
                return Outcome::of(MessageStatus::Failed, Some(ErrorCode::StoreUnavailable));
            }
        };
        self.log.progress(ProgressState::Connecting, None);
        let answered = Box::pin(self.answered()).await;
        let question = Question {
            twin: &self.route.twin,
            conversation: self.route.conversation.as_deref(),
            title: &self.route.title,
            content: &asked.content,
            history: &history,
            files: &files,
            reply_to: self.log.exchange.question.reply_to.as_ref().map(|quote| Answered { time: answered, excerpt: &quote.excerpt }),
        };
        let asked_at = self.relay.clock.now_millis();
        self.read(upstream.ask(question, &fare), asked_at).await
    }

    /// When the message that is answered was written in the room where this is said, if it was.
    async fn answered(&self) -> Option<i64> {
        let quote = self.log.exchange.question.reply_to.as_ref()?;
        let place = self.relay.store.room_place(&self.subject, &quote.message_id).await.ok()??;
        (Some(&place.room) == self.route.conversation.as_ref()).then_some(place.time)
    }

    /// Waits for the turn in the upstream's line.
    async fn served(&self, turn: Turn) -> Result<Fare, Outcome> {
        turn::served(turn, &self.log, self.relay.settings.unheard).await.map_err(|error| match error {
            NotServed::Refused(refusal) => self.failed(&refusal.into()),
            NotServed::Unheard => Outcome::of(MessageStatus::Interrupted, Some(ErrorCode::ReplyInterrupted)),
        })
    }

    /// What was said before this question, as much as is wanted.
    async fn history(&self, memory: Memory) -> Result<Vec<Said>, StoreError> {
        if memory == Memory::NONE {
            return Ok(Vec::new());
        }
        let question = &self.log.exchange.question;
        let most = Part { before: question.ordinal, exchanges: memory.messages / 2, chars: memory.chars };
        let said = self.relay.store.said_before(&self.subject, &question.conversation_id, most).await?;
        Ok(said.into_iter().map(|(question, answer)| Said { question, answer }).collect())
    }

    /// Nothing is said in an upstream's conversation before it is known to be this one's alone.
    async fn claim(&self, new: &str) -> Result<(), Outcome> {
        let conversation = &self.log.exchange.reply.conversation_id;
        match self.relay.store.claim_upstream_conversation(&self.subject, conversation, new).await {
            Ok(()) => Ok(()),
            Err(error @ StoreError::UpstreamConversationTaken) => {
                let upstream = self.route.upstream.as_str();
                tracing::error!(
                    upstream,
                    "ALARM: AN UPSTREAM GAVE ANOTHER CONVERSATION'S ID FOR A NEW ONE: {error}; nothing was sent there"
                );
                metrics::FOREIGN_ROWS.count([upstream]);
                Err(Outcome::of(MessageStatus::Failed, Some(ErrorCode::UpstreamError)))
            }
            Err(error) => {
                tracing::error!(%error, "the upstream's conversation could not be kept, so nothing was sent there");
                Err(Outcome::of(MessageStatus::Failed, Some(ErrorCode::StoreUnavailable)))
            }
        }
    }

    /// Reads the answer to what was asked at this time.
    async fn read(&self, mut stream: EventStream<'_>, asked_at: i64) -> Outcome {
        let most = self.relay.settings.reply_bytes;
        let mut waiting = true;
        while let Some(item) = stream.next().await {
            if waiting && matches!(item, Ok(UpstreamEvent::Delta(_) | UpstreamEvent::Complete(_))) {
                waiting = false;
                metrics::REPLY_FIRST_TEXT.took_millis([&self.route.upstream], self.relay.clock.now_millis() - asked_at);
            }
            match item {
                Ok(UpstreamEvent::Began(id)) => {
                    if let Err(outcome) = Box::pin(self.claim(&id)).await {
                        return outcome;
                    }
                }
                Ok(UpstreamEvent::Progress(text)) => self.log.progress(ProgressState::Working, Some(text)),
                Ok(UpstreamEvent::Delta(text)) => {
                    if !self.log.delta(&text, most) {
                        return Outcome::of(MessageStatus::Incomplete, Some(ErrorCode::ReplyIncomplete));
                    }
                }
                Ok(UpstreamEvent::Complete(text)) => return self.complete(text, most),
                Ok(UpstreamEvent::Delivered) => return self.delivered(),
                Err(error) => return self.failed(&error),
            }
        }
        Outcome::of(MessageStatus::Incomplete, Some(ErrorCode::ReplyIncomplete))
    }

    /// People have it. What they answer is looked for from now on.
    fn delivered(&self) -> Outcome {
        self.relay.expect_answer(&self.subject, &self.log.exchange.reply.conversation_id, &self.route.upstream);
        Outcome::of(MessageStatus::Complete, None)
    }

    fn complete(&self, text: Option<String>, most: usize) -> Outcome {
        if text.as_ref().map_or(self.log.len(), String::len) == 0 {
            tracing::warn!("an upstream completed a reply without any text");
            return Outcome::of(MessageStatus::Failed, Some(ErrorCode::UpstreamError));
        }
        match text {
            Some(mut text) if text.len() > most => {
                text.truncate(text.floor_char_boundary(most));
                Outcome { text: Some(text), ..Outcome::of(MessageStatus::Incomplete, Some(ErrorCode::ReplyIncomplete)) }
            }
            text => Outcome { text, ..Outcome::of(MessageStatus::Complete, None) },
        }
    }

    /// Text that came before the upstream broke off is an incomplete reply; what an upstream calls
    /// an error is a failed one. Either way the text is kept.
    fn failed(&self, error: &UpstreamError) -> Outcome {
        tracing::warn!(upstream = self.route.upstream, %error, "a reply failed");
        let broke = matches!(error, UpstreamError::BrokeOff(_)) || (matches!(error, UpstreamError::Silent(_)) && self.log.len() > 0);
        let status = if broke { MessageStatus::Incomplete } else { MessageStatus::Failed };
        Outcome { retry_after: error.retry_after(), ..Outcome::of(status, Some(error.code())) }
    }

    /// Resolves when the reply has taken as long as one may, or has had no reader for as long as
    /// one may.
    async fn too_long(&self) {
        let settings = &self.relay.settings;
        tokio::select! {
            () = sleep(settings.longest) => {}
            () = turn::unheard(&self.log, settings.detached) => {}
        }
        tracing::warn!("a reply was ended because it took too long");
    }

    /// Keeps the end, then tells it: who hears of it finds it stored. When the store has trouble it is
    /// told from memory, and kept as soon as that is possible.
    async fn finish(&self, outcome: &Outcome) {
        let whole = if self.is_handing_over() { self.log.exchange.question.content.clone() } else { self.log.whole() };
        let text = outcome.text.as_ref().unwrap_or(&whole);
        let ending = Ending { content: text, status: outcome.status, seq: self.log.next_seq(), error: outcome.error };
        let code = outcome.error.map_or("", ErrorCode::as_str);
        metrics::REPLIES.count([&self.route.upstream, outcome.status.as_str(), code]);
        let mut keeping = pin!(self.keep(&ending));
        let kept = timeout(KEPT_WITHIN, &mut keeping).await;
        let in_time = kept.is_ok();
        let kept = kept.ok().flatten();
        let may_be_untidy = kept.as_ref().is_none_or(|ended| ended.has_unneeded_files);
        let message = kept.map_or_else(|| self.as_ended(&ending), |ended| ended.message);
        self.log.end(message, outcome.retry_after);
        self.relay.announce(&self.log.exchange.reply.conversation_id);
        if !in_time {
            keeping.await;
        }
        if may_be_untidy {
            self.relay.files.tidy().await;
        }
    }

    /// Keeps the end, however long that takes. None when the conversation was erased meanwhile, or when
    /// somebody who needed the store to know was quicker.
    async fn keep(&self, ending: &Ending<'_>) -> Option<Ended> {
        let mut pause = Duration::from_secs(1);
        loop {
            let now = self.relay.clock.now_millis();
            match self.relay.store.end_reply(&self.subject, &self.log.exchange.reply.id, ending, now).await {
                Ok(ended) => return ended,
                Err(error) => tracing::error!(%error, "the end of a reply could not be kept; it is tried again"),
            }
            sleep(pause).await;
            pause = (2 * pause).min(STORE_PAUSE);
        }
    }

    fn as_ended(&self, ending: &Ending<'_>) -> Message {
        let reply = self.log.exchange.reply.clone();
        let event_id = Some(format!("{}.{}", reply.ordinal, ending.seq));
        Message { content: ending.content.to_owned(), status: ending.status, error_code: ending.error, event_id, ..reply }
    }
}
