mod trouble;

use super::*;
use crate::budget::tests::gate;
use crate::budget::{Customer, Fare, Gate, Limits};
use crate::clock::{LoadedDice, ManualClock};
use crate::files::Files;
use crate::store::{NewConversation, TwinRef};
use crate::upstream::capture::Capture;
use crate::upstream::{Budget, EventStream, Picture, Probe, Question, Upstream, UpstreamError, UpstreamEvent, UpstreamTwin};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt, poll_fn};
use futures_util::{FutureExt, future};
use proptest::prelude::*;
use std::collections::VecDeque;
use tokio::sync::mpsc;
use tokio::time::advance;
use twinchat_protocol::error::ErrorCode;
use twinchat_protocol::event::ProgressState;
use twinchat_protocol::id::{TwinId, VisitorId};
use twinchat_protocol::message::Role;
use twinchat_protocol::twin::Capabilities;

type Line = Result<UpstreamEvent, UpstreamError>;

/// An upstream whose replies the test writes.
#[derive(Debug)]
struct Scripted {
    gate: Gate,
    replies: Mutex<VecDeque<Result<mpsc::UnboundedReceiver<Line>, UpstreamError>>>,
    asked: Mutex<Vec<String>>,
}

impl Scripted {
    /// The next reply; dropping the sender ends it.
    fn reply(&self) -> mpsc::UnboundedSender<Line> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.replies.lock().unwrap().push_back(Ok(receiver));
        sender
    }

    fn say(&self, conversation: &str, content: &str) -> EventStream<'static> {
        self.asked.lock().unwrap().push(format!("send {conversation} {content}"));
        let next = self.replies.lock().unwrap().pop_front();
        match next.expect("a reply was written") {
            Ok(mut receiver) => poll_fn(move |context| receiver.poll_recv(context)).boxed(),
            Err(error) => stream::iter([Err(error)]).boxed(),
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Upstream for Scripted {
    fn name(&self) -> &str {
        "main"
    }

    fn capabilities(&self, _: &str) -> Capabilities {
        Capabilities::default()
    }

    fn twins(&self) -> BoxFuture<'_, Result<Vec<UpstreamTwin>, UpstreamError>> {
        async { Ok(Vec::new()) }.boxed()
    }

    fn cost(&self, first: bool) -> u32 {
        if first { 2 } else { 1 }
    }

    fn ask<'a>(&'a self, question: Question<'a>, _: &'a Fare) -> EventStream<'a> {
        let Some(known) = question.conversation else {
            let mut asked = self.asked.lock().unwrap();
            asked.push(format!("create {}", question.twin));
            let id = format!("up{}", asked.len());
            drop(asked);
            let began = stream::iter([Ok(UpstreamEvent::Began(id.clone()))]);
            return began.chain(stream::once(async move { self.say(&id, question.content) }).flatten()).boxed();
        };
        self.say(known, question.content)
    }

    fn picture<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Picture, UpstreamError>> {
        async { Err(UpstreamError::NotFound(String::new())) }.boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<Probe, UpstreamError>> {
        future::ready(Err(UpstreamError::Silent("nothing to look at"))).boxed()
    }

    fn capture<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Capture, UpstreamError>> {
        future::ready(Err(UpstreamError::Silent("nothing to record"))).boxed()
    }

    fn gate(&self) -> &Gate {
        &self.gate
    }

    fn budget(&self) -> Option<Budget> {
        None
    }
}

struct House {
    relay: Relay,
    store: Store,
    upstream: Arc<Scripted>,
    ann: Subject,
    chat: ConversationId,
    folder: tempfile::TempDir,
}

async fn house(settings: RelaySettings) -> House {
    house_with(Limits { per_hour: 100_000, burst: 10_000, signed_in_percent: 0, operator_percent: 0 }, settings).await
}

async fn house_with(limits: Limits, settings: RelaySettings) -> House {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("chat.db")).await.unwrap();
    let clock = Arc::new(ManualClock::at_millis(1_760_000_000_000));
    let upstream = Arc::new(Scripted { gate: gate(limits, clock.clone()), replies: Mutex::default(), asked: Mutex::default() });
    let directory = Arc::new(Directory::new(vec![upstream.clone()], clock.clone()));
    let dice = Arc::new(LoadedDice::seeded(1));
    let files = Files::beside(&folder.path().join("chat.db"), store.clone(), dice.clone(), u64::MAX);
    let relay = Relay::new((store.clone(), files), directory, (clock, dice), settings);
    let (ann, chat) = (Subject::proven(VisitorId::from_random("annannann")), ConversationId::from_random("chatchat"));
    let twin = TwinRef { id: TwinId::from_random("twintwin"), upstream: "main".to_owned(), upstream_id: "lan".to_owned() };
    store.create_conversation(&ann, &NewConversation { id: &chat, twin: &twin, title: "" }, 0).await.unwrap();
    House { relay, store, upstream, ann, chat, folder }
}

impl House {
    async fn say(&self, content: &str) -> Reply {
        self.relay
            .send(
                &self.ann,
                Saying {
                    conversation: self.chat.clone(),
                    content: content.to_owned(),
                    files: Vec::new(),
                    reply_to: None,
                    key: None,
                    customer: self.customer(),
                },
            )
            .await
            .unwrap()
    }

    fn customer(&self) -> Customer {
        Customer::Anonymous(self.ann.clone(), std::net::Ipv4Addr::LOCALHOST.into())
    }

    async fn kept(&self, reply: &Reply) -> Message {
        self.store.message(&self.ann, &reply.exchange.reply.id).await.unwrap()
    }
}

/// Holds tokio's paused clock where it is unless the test moves it: it would else run ahead while
/// the store works on its own thread.
struct StillClock {
    release: Option<std::sync::mpsc::Sender<()>>,
}

impl StillClock {
    fn hold() -> Self {
        tokio::time::pause();
        let (release, released) = std::sync::mpsc::channel();
        drop(tokio::task::spawn_blocking(move || released.recv()));
        Self { release: Some(release) }
    }
}

impl Drop for StillClock {
    fn drop(&mut self) {
        self.release.take();
    }
}

fn delta(text: &str) -> Line {
    Ok(UpstreamEvent::Delta(text.to_owned()))
}

#[tokio::test]
async fn a_reply_ends_as_its_upstream_ended_it() {
    let house = house(RelaySettings { reply_bytes: 10, ..RelaySettings::default() }).await;
    let whole = |text: Option<&str>| Ok(UpstreamEvent::Complete(text.map(str::to_owned)));
    let failed = |error: UpstreamError| vec![delta("Chào"), Err(error)];
    let cases = [
        (vec![delta("Chào"), whole(None)], MessageStatus::Complete, None, "Chào"),
        (vec![delta("Cháo"), whole(Some("Chào"))], MessageStatus::Complete, None, "Chào"),
        (vec![delta("Chào")], MessageStatus::Incomplete, Some(ErrorCode::ReplyIncomplete), "Chào"),
        (vec![whole(None)], MessageStatus::Failed, Some(ErrorCode::UpstreamError), ""),
        (vec![delta("Chào bạn ạ"), whole(None)], MessageStatus::Incomplete, Some(ErrorCode::ReplyIncomplete), "Chào b"),
        (failed(UpstreamError::Silent("")), MessageStatus::Incomplete, Some(ErrorCode::UpstreamTimeout), "Chào"),
        (failed(UpstreamError::BrokeOff(String::new())), MessageStatus::Incomplete, Some(ErrorCode::ReplyIncomplete), "Chào"),
        (failed(UpstreamError::Failed(String::new())), MessageStatus::Failed, Some(ErrorCode::UpstreamError), "Chào"),
        (vec![Err(UpstreamError::Silent(""))], MessageStatus::Failed, Some(ErrorCode::UpstreamTimeout), ""),
        (failed(UpstreamError::Limited { retry_after: Some(7) }), MessageStatus::Failed, Some(ErrorCode::RateLimited), "Chào"),
    ];
    for (lines, status, code, text) in cases {
        let sender = house.upstream.reply();
        lines.iter().cloned().for_each(|line| sender.send(line).unwrap());
        drop(sender);
        let (message, _) = house.say("?").await.finished().await;
        let shown = &text[..text.floor_char_boundary(10)];
        assert_eq!((message.status, message.error_code), (status, code), "{lines:?}");
        assert!(shown.starts_with(&message.content) || message.content.starts_with(shown), "{lines:?}: {}", message.content);
        assert!(message.content.len() <= 10, "{lines:?}");
    }
}

#[tokio::test]
async fn a_conversation_that_an_upstream_begins_anew_is_the_one_from_then_on() {
    let house = house(RelaySettings::default()).await;
    for (question, anew, asked) in
        [("một", None, &["create lan", "send up1 một"][..]), ("hai", Some("up9"), &["send up1 hai"]), ("ba", None, &["send up9 ba"])]
    {
        let before = house.upstream.asked().len();
        let sender = house.upstream.reply();
        for line in
            anew.map(|id: &str| UpstreamEvent::Began(id.to_owned())).into_iter().chain([UpstreamEvent::Complete(Some("ok".to_owned()))])
        {
            sender.send(Ok(line)).unwrap();
        }
        assert_eq!(house.say(question).await.finished().await.0.status, MessageStatus::Complete);
        assert_eq!(house.upstream.asked()[before..], *asked);
    }
}

#[tokio::test]
async fn running_replies_are_kept_every_second_and_not_with_every_event() {
    let house = house(RelaySettings::default()).await;
    let _still = StillClock::hold();
    let sender = house.upstream.reply();
    let reply = house.say("?").await;
    let mut events = reply.events();
    events.next().await.unwrap();
    events.next().await.unwrap();
    for (text, kept) in [("ngắn", "ngắn"), (" và dài", "ngắn và dài")] {
        sender.send(delta(text)).unwrap();
        events.next().await.unwrap();
        assert_ne!(house.kept(&reply).await.content, kept);
        advance(Duration::from_millis(1001)).await;
        while house.kept(&reply).await.content != kept {
            tokio::task::yield_now().await;
        }
    }
}

/// Has one half of a reply come, lets a good minute pass, and gives the reply as it is then kept.
async fn after_a_minute(longest: u64, detached: u64, somebody_listens: bool) -> Message {
    let seconds = Duration::from_secs;
    let settings = RelaySettings { longest: seconds(longest), detached: seconds(detached), ..RelaySettings::default() };
    let house = house(settings).await;
    let _still = StillClock::hold();
    let sender = house.upstream.reply();
    let reply = house.say("?").await;
    let mut events = reply.events();
    sender.send(delta("một nửa")).unwrap();
    while !matches!(events.next().await.unwrap().told, Told::Delta(_)) {}
    let listening = somebody_listens.then_some(events);
    for _ in 0..62 {
        advance(seconds(1)).await;
        tokio::task::yield_now().await;
    }
    let log = reply.log.clone().unwrap();
    let ended = log.ended().await;
    drop(listening);
    ended
}

#[tokio::test]
async fn a_reply_that_takes_too_long_is_ended_with_what_came() {
    let ended = after_a_minute(60, 600, true).await;
    assert_eq!((ended.status, ended.content.as_str()), (MessageStatus::Incomplete, "một nửa"));
}

#[tokio::test]
async fn a_reply_that_nobody_hears_for_too_long_is_ended_with_what_came() {
    let ended = after_a_minute(600, 60, false).await;
    assert_eq!((ended.status, ended.content.as_str()), (MessageStatus::Incomplete, "một nửa"));
}

/// A message that has waited in line for a quarter of a minute: as it is kept, and how many wait.
async fn after_a_wait(somebody_listens: bool) -> (Message, usize) {
    let limits = Limits { per_hour: 500, burst: 2, signed_in_percent: 0, operator_percent: 0 };
    let house = house_with(limits, RelaySettings::default()).await;
    let gate = house.upstream.gate.clone();
    let _all = gate.join(Customer::Operator, 2).unwrap().served().await.unwrap();
    let _still = StillClock::hold();
    let reply = house.say("?").await;
    let mut events = reply.events();
    while !matches!(events.next().await.unwrap().told, Told::Queued(_)) {}
    let listening = somebody_listens.then_some(events);
    for _ in 0..15 {
        advance(Duration::from_secs(1)).await;
        tokio::task::yield_now().await;
    }
    // The end may be told before it is kept: the store works on a thread of its own.
    while listening.is_none() && !house.kept(&reply).await.status.is_final() {
        tokio::task::yield_now().await;
    }
    assert_eq!(house.upstream.asked(), [""; 0]);
    let now = (house.kept(&reply).await, gate.account().left_and_waiting().1);
    house.relay.stop(&house.ann, &reply.exchange.reply.id).await.unwrap();
    now
}

#[tokio::test]
async fn a_message_that_waits_in_line_with_nobody_hearing_is_given_up_and_can_be_sent_again() {
    let (kept, waiting) = after_a_wait(false).await;
    assert_eq!((kept.status, kept.error_code, waiting), (MessageStatus::Interrupted, Some(ErrorCode::ReplyInterrupted), 0));
}

#[tokio::test]
async fn a_message_that_waits_in_line_keeps_its_place_while_somebody_hears() {
    let (kept, waiting) = after_a_wait(true).await;
    assert_eq!((kept.status, waiting), (MessageStatus::Streaming, 1));
}

#[tokio::test]
async fn closing_waits_for_replies_then_keeps_them_as_interrupted_and_takes_nothing_new() {
    let house = house(RelaySettings::default()).await;
    let sender = house.upstream.reply();
    let reply = house.say("?").await;
    let mut events = reply.events();
    sender.send(delta("một nửa")).unwrap();
    while !matches!(events.next().await.unwrap().told, Told::Delta(_)) {}
    house.relay.close(Duration::ZERO).await;
    let kept = house.kept(&reply).await;
    assert_eq!((kept.status, kept.content.as_str()), (MessageStatus::Interrupted, "một nửa"));
    let saying = Saying {
        conversation: house.chat.clone(),
        content: "?".to_owned(),
        files: Vec::new(),
        reply_to: None,
        key: None,
        customer: house.customer(),
    };
    assert!(matches!(house.relay.send(&house.ann, saying).await, Err(RelayError::Closing)));
}

#[tokio::test]
async fn a_log_is_forgotten_some_time_after_its_end_and_the_store_speaks_for_it() {
    let house = house(RelaySettings::default()).await;
    let sender = house.upstream.reply();
    sender.send(delta("Ch")).unwrap();
    sender.send(Ok(UpstreamEvent::Complete(Some("Chào".to_owned())))).unwrap();
    let reply = house.say("?").await;
    let (message, _) = reply.finished().await;
    let after = EventId { ordinal: 2, seq: 2 };
    let mut from_log = house.relay.feed(&house.ann, &house.chat, after).await.unwrap();
    assert!(matches!(from_log.next().await.unwrap().told, Told::Delta(_)));
    house.relay.0.runs().clear();
    let mut from_store = house.relay.feed(&house.ann, &house.chat, after).await.unwrap();
    let told = from_store.next().await.unwrap();
    assert_eq!(told.id.to_string(), message.event_id.clone().unwrap());
    assert_eq!(told.told, Told::Ended { message: Box::new(message), retry_after: None });
    assert!(from_store.next().now_or_never().is_none(), "the feed stays open");
}

#[tokio::test]
async fn erasing_a_conversation_ends_its_reply_and_its_feeds() {
    let house = house(RelaySettings::default()).await;
    let sender = house.upstream.reply();
    house.say("?").await;
    let mut feed = house.relay.feed(&house.ann, &house.chat, EventId::START).await.unwrap();
    assert!(matches!(feed.next().await.unwrap().told, Told::Message(_)));
    // Only what the upstream was asked for can be closed.
    sender.send(delta("một nửa")).unwrap();
    while !matches!(feed.next().await.unwrap().told, Told::Delta(_)) {}
    house.relay.erase(&house.ann, &house.chat).await.unwrap();
    while feed.next().await.is_some() {}
    sender.closed().await;
    assert!(house.relay.0.feeds().len() <= 1);
    drop(feed);
    assert_eq!(house.relay.0.feeds().len(), 0);
}

#[test]
fn a_reply_in_very_small_pieces_is_told_in_larger_ones_and_resumed_as_well() {
    let log = log_of(1);
    let mut reader = log.read(0);
    let (mut text, mut events) = (String::new(), 0);
    let mut read = |reader: &mut log::ReplyReader| {
        while let Some(Some(event)) = reader.next().now_or_never() {
            events += 1;
            if let Told::Delta(piece) = event.told {
                text.push_str(&piece);
            }
        }
        (text.clone(), events)
    };
    for number in 0..100_000 {
        assert!(log.delta("x", 1 << 20));
        // Told as they come, until there are too many of them.
        if number < 70_000 {
            read(&mut reader);
        }
    }
    let (kept, seq) = log.so_far();
    assert!(seq < 66_000, "{seq}");
    let mut resumed = log.read(seq);
    assert_eq!(log.whole().len(), 100_000);
    let reply = log.exchange.reply.clone();
    log.end(Message { status: MessageStatus::Complete, ..reply }, None);
    let rest = resumed.next().now_or_never().unwrap().unwrap();
    assert_eq!(rest.told, Told::Delta("x".repeat(100_000 - kept.len())));
    assert_eq!(read(&mut reader).0.len(), 100_000);
}

pub(super) fn log_of(first: u32) -> Arc<ReplyLog> {
    let message = |ordinal, role, seq| Message {
        id: MessageId::from_random(&format!("{ordinal:08}")),
        conversation_id: ConversationId::from_random("chatchat"),
        ordinal,
        role,
        content: String::new(),
        status: MessageStatus::Streaming,
        created_at: String::new(),
        event_id: Some(EventId { ordinal, seq }.to_string()),
        error_code: None,
        client_id: None,
        feedback: None,
        files: Vec::new(),
        author: None,
        reply_to: None,
    };
    Arc::new(ReplyLog::new(Exchange { question: message(1, Role::User, 1), reply: message(2, Role::Assistant, first) }))
}

proptest! {
    #[test]
    fn whoever_reads_whenever_and_comes_back_after_any_event_loses_and_doubles_nothing(
        pieces in prop::collection::vec(prop_oneof!["\\PC{1,6}".prop_map(Some), Just(None)], 1..30),
        reads in prop::collection::vec(any::<bool>(), 1..30),
        comes_back in prop::collection::vec(any::<bool>(), 1..30),
        first in 1_u32..100,
    ) {
        let log = log_of(first);
        let mut reader = log.read(0);
        let (mut text, mut seen, mut whole) = (String::new(), 0, String::new());
        let mut read = |reader: &mut log::ReplyReader| {
            while let Some(Some(event)) = reader.next().now_or_never() {
                assert!(event.id.seq > seen, "numbers only grow");
                seen = event.id.seq;
                match event.told {
                    Told::Delta(piece) => text.push_str(&piece),
                    Told::Ended { message, .. } => assert_eq!(message.content, text),
                    _ => {}
                }
            }
            seen
        };
        for (number, piece) in pieces.iter().enumerate() {
            match piece {
                Some(piece) => {
                    prop_assert!(log.delta(piece, 1 << 20));
                    whole.push_str(piece);
                }
                None => log.progress(ProgressState::Working, Some(number.to_string())),
            }
            if reads[number % reads.len()] {
                let seen = read(&mut reader);
                if comes_back[number % comes_back.len()] {
                    reader = log.read(seen);
                }
            }
        }
        let last = log.next_seq();
        let reply = log.exchange.reply.clone();
        log.end(Message { content: whole.clone(), status: MessageStatus::Complete, ..reply }, None);
        prop_assert_eq!(read(&mut reader), last);
        prop_assert_eq!(text, whole);
    }
}
