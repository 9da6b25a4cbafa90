//! One stream, kept up: opened, read, resumed where it was cut, until it is over or refused.
//!
//! ```text
//! New > Connecting > Open > (reply over) Closed
//!            ^         |
//!            |         v cut, silent for 45 s, or refused for now
//!            +---- Waiting (backoff; or the network, the visitor, a tap says "now")
//! ```

use super::bell::Bell;
use super::error;
use super::retry::{BASE_MILLIS, Backoff};
use super::wire::reply_event;
use super::{Call, Client};
use crate::platform::json::object;
use crate::platform::{Answer, LocalFile, Platform, Task, Upload};
use crate::state::event::ReplyEvent;
use crate::state::{Connection, Problem};
use std::fmt;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};
use twinchat_protocol::event::EventKind;
use twinchat_protocol::id::EventId;
use twinchat_protocol::message::{Message, Role};
use twinchat_protocol::sse::Decoder;

/// The proxy says something every 15 s: a line that is silent for this long is dead.
const SILENCE_MILLIS: u64 = 45_000;
/// After a sleep or a change of network, already this much silence is suspicious.
const SUSPICIOUS_MILLIS: u64 = 20_000;
/// How often to look for the network, should the browser forget to ring.
const OFFLINE_MILLIS: u64 = 20_000;
/// A message that the proxy has not accepted after this many tries is the visitor's to send again.
const SEND_TRIES: u32 = 4;

/// How a stream begins.
#[derive(Debug, Clone)]
pub enum Start {
    /// By sending a message. Tried again under the same key until it is known to be accepted, so it
    /// is never sent twice.
    Send(Post),
    /// By asking once more for a reply.
    Retry {
        /// The reply to be replaced.
        message_id: String,
    },
    /// By listening.
    Follow,
}

/// A message to be sent.
#[derive(Clone)]
pub struct Post {
    /// Its `Idempotency-Key`.
    pub key: String,
    /// Its text.
    pub content: String,
    /// The id of the message it answers; empty for none.
    pub reply_to: String,
    /// Files to go with it.
    pub files: Vec<LocalFile>,
    /// Hears how much of the files is sent, in percent.
    pub told: Rc<dyn Fn(u8)>,
}

impl fmt::Debug for Post {
    /// Without the visitor's words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Post").field(&self.key).field(&self.files).finish()
    }
}

/// What comes of a stream, in order.
#[derive(Debug)]
pub enum Step {
    /// Events; never empty.
    Events(Vec<ReplyEvent>),
    /// The line changed.
    Line(Connection),
    /// It is over: refused for good, or not accepted after several tries.
    Refused(Problem),
    /// It is over: the reply has ended.
    Ended,
}

enum Phase {
    New,
    Connecting,
    Open(Box<Line>),
    Waiting { retry_at: u64 },
    Closed,
}

struct Line {
    answer: Box<dyn Answer>,
    decoder: Decoder,
    last_byte: u64,
    watchdog: Task<()>,
    /// Whether the proxy has ended it, other than a cut.
    ended: bool,
}

/// One stream. Dropping it closes the line; a reply goes on at the proxy all the same.
pub struct ReplyStream {
    client: Client,
    conversation_id: String,
    start: Start,
    /// The last event seen; a feed goes on after it.
    after: EventId,
    phase: Phase,
    backoff: Backoff,
    heard: u32,
    /// Whether it is about one reply, or goes on for ever.
    until_end: bool,
    over: bool,
}

impl fmt::Debug for ReplyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReplyStream").field(&self.conversation_id).field(&self.after).finish()
    }
}

impl ReplyStream {
    pub(super) fn new(client: Client, conversation_id: &str, start: Start) -> Self {
        let heard = client.0.bell.rings();
        let until_end = !matches!(start, Start::Follow);
        Self {
            client,
            conversation_id: conversation_id.to_owned(),
            start,
            after: EventId::START,
            phase: Phase::New,
            backoff: Backoff::default(),
            heard,
            until_end,
            over: false,
        }
    }

    /// Goes on after this event where it does not begin by sending.
    #[must_use]
    pub fn after(mut self, event: EventId) -> Self {
        self.after = event;
        self
    }

    /// The next thing that comes of it. After [`Step::Refused`] or [`Step::Ended`] it stays so.
    pub async fn next(&mut self) -> Step {
        if self.over {
            return self.close(Step::Ended);
        }
        loop {
            match &mut self.phase {
                Phase::New => {
                    self.phase = Phase::Connecting;
                    return Step::Line(Connection::Connecting);
                }
                Phase::Connecting => return self.connect().await,
                Phase::Open(line) => match read(line, self.after, &self.client, &mut self.heard).await {
                    Some(events) if events.is_empty() => {}
                    Some(events) => return self.took(events),
                    None => {
                        let problem = error::unreachable(self.platform());
                        return self.failed(problem);
                    }
                },
                Phase::Waiting { retry_at } => {
                    let retry_at = *retry_at;
                    self.pause(retry_at).await;
                    let platform = self.platform();
                    // No network for certain: the browser rings when it is back.
                    let offline = Phase::Waiting { retry_at: platform.clock.now() + OFFLINE_MILLIS };
                    self.phase = if platform.page.online() { Phase::New } else { offline };
                }
                Phase::Closed => return Step::Ended,
            }
        }
    }

    async fn connect(&mut self) -> Step {
        let call = self.call();
        match self.client.call(&call).await {
            Ok(answer) => {
                if matches!(self.start, Start::Retry { .. }) {
                    // It has begun; asking again would begin it again.
                    self.start = Start::Follow;
                }
                let clock = &self.platform().clock;
                let line = Line {
                    answer,
                    decoder: Decoder::default(),
                    last_byte: clock.now(),
                    watchdog: clock.sleep(SILENCE_MILLIS as u32),
                    ended: false,
                };
                self.phase = Phase::Open(Box::new(line));
                Step::Line(Connection::Open)
            }
            Err(problem) => self.failed(problem),
        }
    }

    fn call(&self) -> Call {
        match &self.start {
            Start::Send(post) => self.post(post),
            Start::Retry { message_id } => Call::new("POST", &["/api/v1/messages/", message_id, "/retry"], String::new()),
            Start::Follow => {
                let path = ["/api/v1/conversations/", &self.conversation_id, "/events?after=", &self.after.to_string()];
                Call::new("GET", &path, String::new())
            }
        }
    }

    fn post(&self, post: &Post) -> Call {
        let path = ["/api/v1/conversations/", &self.conversation_id, "/messages/stream"];
        let mut fields = vec![("content", post.content.clone())];
        if !post.reply_to.is_empty() {
            fields.push(("replyTo", post.reply_to.clone()));
        }
        let call = Call { idempotency_key: post.key.clone(), ..Call::new("POST", &path, String::new()) };
        if post.files.is_empty() {
            let members: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, &value[..])).collect();
            return Call { body: object(&members), ..call };
        }
        Call { upload: Some(Upload { fields, files: post.files.clone(), told: post.told.clone() }), ..call }
    }

    fn failed(&mut self, problem: Problem) -> Step {
        if matches!(self.start, Start::Retry { .. }) && self.backoff.tries() > 0 && problem.code == "REPLY_IN_PROGRESS" {
            // An earlier try had reached the proxy after all.
            self.start = Start::Follow;
            return self.wait(None);
        }
        let sending = !matches!(self.start, Start::Follow);
        // Who sends is told at once when that takes a while, for a limit, a pause or no network; who listens waits.
        let takes_a_while = match &*problem.code {
            "RATE_LIMITED" | "OFFLINE" | "NOBODY_FREE" => true,
            _ => problem.retry_at.is_some_and(|at| at > self.platform().clock.now() + OFFLINE_MILLIS),
        };
        let now_or_never = sending && (takes_a_while || self.backoff.tries() + 1 >= SEND_TRIES);
        if !problem.retryable || now_or_never {
            return self.close(Step::Refused(problem));
        }
        self.wait(problem.retry_at)
    }

    fn took(&mut self, events: Vec<ReplyEvent>) -> Step {
        self.backoff.reset();
        for event in &events {
            self.after = self.after.max(event.id);
            self.over |= self.until_end && is_end(event);
        }
        // Accepted: should the line be cut, from now on it is only listened to.
        self.start = Start::Follow;
        Step::Events(events)
    }

    /// The line is down: sets when to try again.
    fn wait(&mut self, not_before: Option<u64>) -> Step {
        let platform = self.client.0.platform.clone();
        let now = platform.clock.now();
        let mut chance = [0; 4];
        platform.keys.random(&mut chance);
        if let Phase::Open(line) = &self.phase {
            // `retry:` is about ends that the proxy means. A cut is met as soon as can be.
            let meant = if line.ended { line.decoder.retry_millis() } else { None };
            self.backoff.set_base(meant.unwrap_or(BASE_MILLIS));
        }
        let at_least = not_before.map_or(0, |at| at.saturating_sub(now).min(u64::from(u32::MAX)) as u32);
        let retry_at = now + u64::from(self.backoff.next_delay(u32::from_le_bytes(chance), at_least));
        self.phase = Phase::Waiting { retry_at };
        Step::Line(if platform.page.online() { Connection::Waiting { retry_at } } else { Connection::Offline })
    }

    async fn pause(&mut self, retry_at: u64) {
        let clock = &self.client.0.platform.clock;
        let mut timer = clock.sleep(retry_at.saturating_sub(clock.now()).min(u64::from(u32::MAX)) as u32);
        let (bell, heard) = (&self.client.0.bell, &mut self.heard);
        poll_fn(|context| match timer.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => bell.poll(heard, context),
        })
        .await;
    }

    fn close(&mut self, step: Step) -> Step {
        self.phase = Phase::Closed;
        step
    }

    fn platform(&self) -> &Platform {
        &self.client.0.platform
    }
}

/// Whether a reply is over with this event: it ended, or is told whole because it ended long ago.
fn is_end(event: &ReplyEvent) -> bool {
    let told_whole = |message: &Message| message.role == Role::Assistant && message.status.is_final();
    event.is_last() || (event.kind == EventKind::Message && event.message.as_ref().is_some_and(told_whole))
}

/// What the line says next; `None` when it is dead.
async fn read(line: &mut Line, after: EventId, client: &Client, heard: &mut u32) -> Option<Vec<ReplyEvent>> {
    let (bell, platform) = (&client.0.bell, &client.0.platform);
    let chunk = poll_fn(|context| match line.answer.poll_chunk(context) {
        Poll::Ready(chunk) => Poll::Ready(chunk.ok()),
        Poll::Pending if is_dead(line, bell, heard, platform, context) => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    })
    .await;
    line.ended = matches!(chunk, Some(None));
    let chunk = chunk??;
    line.last_byte = platform.clock.now();
    let mut events: Vec<ReplyEvent> = Vec::new();
    let (now, mut seen) = (line.last_byte, after);
    let mut take = |event: ReplyEvent| {
        let told = event.id <= seen;
        seen = seen.max(event.id);
        match events.last_mut() {
            // Text that was read before, or that goes on in the text before it.
            _ if told && event.kind == EventKind::Delta => {}
            Some(last) if last.goes_on_with(&event) => {
                last.id = event.id;
                last.content.push_str(&event.content);
            }
            _ => events.push(event),
        }
    };
    line.decoder.feed(&chunk, &mut |event| reply_event(&event, now).into_iter().for_each(&mut take)).ok()?;
    Some(events)
}

/// Looks at the watchdog and the bell. The watchdog is wound up anew only when it runs down, not at
/// every byte.
fn is_dead(line: &mut Line, bell: &Bell, heard: &mut u32, platform: &Platform, context: &mut Context<'_>) -> bool {
    let silence = || platform.clock.now().saturating_sub(line.last_byte);
    while bell.poll(heard, context).is_ready() {
        if silence() >= SUSPICIOUS_MILLIS {
            return true;
        }
    }
    while line.watchdog.as_mut().poll(context).is_ready() {
        let rest = SILENCE_MILLIS.saturating_sub(silence());
        if rest == 0 {
            return true;
        }
        line.watchdog = platform.clock.sleep(rest as u32);
    }
    false
}
