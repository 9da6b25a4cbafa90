use super::event::ReplyEvent;
use super::thread::{Change, Entry, Outgoing, Thread, reply_key};
use super::{EntryStatus, Problem, Progress, conversations};
use proptest::prelude::*;
use twinchat_protocol::conversation::Conversation;
use twinchat_protocol::event::{EventKind, ProgressState};
use twinchat_protocol::id::{ConversationId, EventId, MessageId, TwinId};
use twinchat_protocol::message::{Message, MessageStatus, Role};

fn message_id(ordinal: u32) -> MessageId {
    MessageId::from_random(&format!("{ordinal:016}"))
}

fn message(ordinal: u32, content: &str, status: MessageStatus) -> Message {
    Message {
        id: message_id(ordinal),
        conversation_id: ConversationId::from_random("0000000000000001"),
        ordinal,
        role: if ordinal % 2 == 1 { Role::User } else { Role::Assistant },
        content: content.to_owned(),
        status,
        created_at: "2026-11-21T03:20:31.000Z".to_owned(),
        event_id: None,
        error_code: None,
        client_id: None,
        feedback: None,
        files: Vec::new(),
        author: None,
        reply_to: None,
    }
}

fn event(ordinal: u32, seq: u32, kind: EventKind, content: &str) -> ReplyEvent {
    let id = EventId { ordinal, seq };
    ReplyEvent { content: content.to_owned(), ..ReplyEvent::new(id, kind, message_id(ordinal).as_str().to_owned()) }
}

fn accepted(ordinal: u32, key: &str, question: &str) -> ReplyEvent {
    let mut event = event(ordinal, 1, EventKind::Progress, "");
    event.state = Some(ProgressState::Accepted);
    event.user_message = Some(Message { client_id: Some(key.to_owned()), ..message(ordinal - 1, question, MessageStatus::Complete) });
    event.message = Some(message(ordinal, "", MessageStatus::Streaming));
    event
}

/// A whole reply: accepted, the deltas, the end with the whole text.
fn reply(ordinal: u32, key: &str, deltas: &[String]) -> Vec<ReplyEvent> {
    let mut events = vec![accepted(ordinal, key, "Why?")];
    events.extend(deltas.iter().zip(2..).map(|(delta, seq)| event(ordinal, seq, EventKind::Delta, delta)));
    let seq = u32::try_from(events.len()).unwrap() + 1;
    let mut end = event(ordinal, seq, EventKind::Complete, &deltas.concat());
    end.status = Some(MessageStatus::Complete);
    events.push(end);
    events
}

fn texts(thread: &Thread) -> Vec<&str> {
    thread.entries().iter().map(|entry| entry.text.as_str()).collect()
}

#[test]
fn what_is_sent_stands_there_at_once_and_keeps_its_key_when_it_is_stored() {
    let mut thread = Thread::default();
    thread.send(Outgoing::text("k1", "Why?"), 7);
    assert_eq!(texts(&thread), ["Why?", ""]);
    assert_eq!(thread.entries()[0].status, EntryStatus::Sending);
    assert_eq!(thread.running().unwrap().key, reply_key("k1"));
    for event in reply(2, "k1", &["Be".into(), "cause.".into()]) {
        thread.apply(event);
    }
    assert_eq!(texts(&thread), ["Why?", "Because."]);
    let keys: Vec<_> = thread.entries().iter().map(|entry| entry.key.clone()).collect();
    assert_eq!(keys, ["k1".to_owned(), reply_key("k1")]);
    assert_eq!(thread.entries()[0].id, message_id(1).as_str());
    assert!(thread.entries().iter().all(|entry| entry.status == EntryStatus::Complete));
    assert!(thread.running().is_none());
}

#[test]
fn an_unsent_message_is_kept_marked_and_can_be_sent_again_or_given_up() {
    let mut thread = Thread::default();
    thread.send(Outgoing::text("k1", "Why?"), 7);
    thread.unsent("k1", Problem::own("NETWORK"));
    assert_eq!(texts(&thread), ["Why?"]);
    assert_eq!(thread.entries()[0].status, EntryStatus::Unsent(Problem::own("NETWORK")));
    thread.send(Outgoing::text("k2", "Who?"), 8);
    thread.apply(accepted(2, "k2", "Who?"));
    thread.apply(event(2, 2, EventKind::Complete, "I."));
    assert_eq!(texts(&thread), ["Who?", "I.", "Why?"], "what is not stored stands last");
    thread.send(Outgoing::text("k1", "Why?"), 9);
    assert_eq!(texts(&thread), ["Who?", "I.", "Why?", ""]);
    assert_eq!(thread.discard("k1"), None, "what is on its way cannot be given up");
    thread.unsent("k1", Problem::own("NETWORK"));
    assert_eq!(thread.discard("k1").as_deref(), Some("Why?"));
    assert_eq!(texts(&thread), ["Who?", "I."]);
}

#[test]
fn an_error_keeps_what_had_come() {
    let mut thread = Thread::default();
    thread.send(Outgoing::text("k1", "Why?"), 7);
    thread.apply(accepted(2, "k1", "Why?"));
    thread.apply(event(2, 2, EventKind::Delta, "Becau"));
    let mut end = event(2, 3, EventKind::Error, "");
    end.status = Some(MessageStatus::Incomplete);
    thread.apply(end);
    assert_eq!(texts(&thread), ["Why?", "Becau"]);
    assert!(matches!(&thread.entries()[1].status, EntryStatus::Failed(problem) if problem.code == "REPLY_INCOMPLETE"));
}

#[test]
fn a_complete_replaces_what_deltas_built_and_a_stopped_one_is_marked() {
    let mut thread = Thread::default();
    thread.apply(event(2, 1, EventKind::Delta, "Teh"));
    let mut end = event(2, 2, EventKind::Complete, "The");
    end.status = Some(MessageStatus::Stopped);
    thread.apply(end);
    assert_eq!(texts(&thread), ["The"]);
    assert_eq!(thread.entries()[0].status, EntryStatus::Stopped);
}

#[test]
fn progress_is_told_until_the_first_words() {
    let mut thread = Thread::default();
    let mut queued = event(2, 1, EventKind::Progress, "");
    queued.state = Some(ProgressState::Queued);
    queued.progress = Progress { text: String::new(), position: 3, eta_seconds: 20 };
    thread.apply(queued.clone());
    assert_eq!(thread.entries()[0].status, EntryStatus::Waiting(queued.progress.clone()));
    thread.apply(event(2, 2, EventKind::Delta, "a"));
    thread.apply(ReplyEvent { id: EventId { ordinal: 2, seq: 3 }, ..queued });
    assert_eq!(thread.entries()[0].status, EntryStatus::Streaming);
}

#[test]
fn a_retried_reply_starts_anew_in_its_place_and_a_refused_retry_leaves_it_as_it_was() {
    let mut thread = Thread::default();
    for event in reply(2, "k1", &["No".into()]) {
        thread.apply(event);
    }
    let before = thread.entries()[1].clone();
    thread.retry(&before.key);
    assert_eq!(thread.entries()[1].text, "");
    thread.restore(&before);
    assert_eq!(thread.entries()[1], before);
    thread.retry(&before.key);
    let mut again = accepted(2, "k1", "Why?");
    again.user_message = None;
    thread.apply(again);
    thread.apply(event(2, 2, EventKind::Delta, "Yes"));
    assert_eq!(texts(&thread), ["Why?", "Yes"]);
    assert_eq!(thread.entries()[1].key, before.key);
}

#[test]
fn older_pages_go_before_newer_ones_and_overlaps_are_no_doubles() {
    let mut thread = Thread::default();
    let page = |ordinals: std::ops::RangeInclusive<u32>| -> Vec<Message> {
        ordinals.map(|ordinal| message(ordinal, &ordinal.to_string(), MessageStatus::Complete)).collect()
    };
    thread.add_page(page(5..=8), Some("5".into()));
    thread.add_page(page(3..=6), Some("3".into()));
    assert_eq!(texts(&thread), ["3", "4", "5", "6", "7", "8"]);
    assert_eq!(thread.before(), Some("3"));
    thread.add_page(page(7..=10), Some("7".into()));
    assert_eq!(thread.before(), Some("3"), "a newer page says nothing of the beginning");
    assert_eq!(texts(&thread).len(), 8);
    thread.add_page(page(1..=2), None);
    assert_eq!(thread.before(), None);
    assert!(thread.cursor() >= EventId { ordinal: 10, seq: 0 });
}

#[test]
fn a_reply_that_runs_is_taken_up_after_the_last_event_its_text_holds() {
    let mut thread = Thread::default();
    let mut running = message(2, "Be", MessageStatus::Streaming);
    running.event_id = Some("2.2".into());
    thread.add_page(vec![message(1, "Why?", MessageStatus::Complete), running], None);
    assert_eq!(thread.cursor(), EventId { ordinal: 2, seq: 2 });
    thread.apply(event(2, 2, EventKind::Delta, "Be"));
    thread.apply(event(2, 3, EventKind::Delta, "cause"));
    assert_eq!(texts(&thread), ["Why?", "Because"]);
    let mut stale = message(2, "Be", MessageStatus::Streaming);
    stale.event_id = Some("2.2".into());
    thread.add_page(vec![stale], None);
    assert_eq!(texts(&thread), ["Why?", "Because"], "an older state of it does not set it back");
}

#[test]
fn what_another_tab_says_is_shown_once() {
    let mut thread = Thread::default();
    thread.add_page(vec![message(1, "a", MessageStatus::Complete), message(2, "b", MessageStatus::Complete)], None);
    let mut other = event(3, 1, EventKind::Message, "");
    other.message = Some(message(3, "c", MessageStatus::Complete));
    thread.apply(other.clone());
    thread.apply(other);
    assert_eq!(texts(&thread), ["a", "b", "c"]);
}

/// Follows a thread by its changes alone, as drawing does.
fn follow(drawn: &mut Vec<Entry>, thread: &mut Thread) {
    let changes = thread.take_changes();
    for change in changes {
        match change {
            Change::Inserted(index) => {
                let blank = Entry { key: String::new(), ..thread.entries()[0].clone() };
                drawn.insert(index, blank);
            }
            Change::Removed(index) => {
                drawn.remove(index);
            }
            Change::Appended(index, text) => drawn[index].text.push_str(&text),
            Change::Changed(_) => {}
        }
    }
}

#[derive(Debug, Clone)]
enum Mishap {
    /// The next events arrive.
    Deliver(usize),
    /// The line is cut and resumed this many events earlier: some are told twice.
    Resume(usize),
    /// One event out of the past.
    Echo(usize),
    /// The page is reloaded: what is stored is fetched, with the last event it holds.
    Reload,
}

fn mishap() -> impl Strategy<Value = Mishap> {
    prop_oneof![
        3 => (1..6usize).prop_map(Mishap::Deliver),
        2 => (0..8usize).prop_map(Mishap::Resume),
        1 => any::<usize>().prop_map(Mishap::Echo),
        1 => Just(Mishap::Reload),
    ]
}

/// The conversation as the proxy has stored it when the first `count` events have been written.
fn stored(events: &[ReplyEvent], count: usize) -> Vec<Message> {
    let mut running = message(2, "", MessageStatus::Streaming);
    for event in &events[..count] {
        running.event_id = Some(event.id.to_string());
        match event.kind {
            EventKind::Delta => running.content.push_str(&event.content),
            EventKind::Complete => {
                running.content.clone_from(&event.content);
                running.status = MessageStatus::Complete;
            }
            _ => {}
        }
    }
    let question = Message { client_id: Some("k1".to_owned()), ..message(1, "Why?", MessageStatus::Complete) };
    vec![question, running]
}

proptest! {
    #[test]
    fn however_a_reply_is_cut_resumed_and_repeated_its_text_comes_out_whole(
        deltas in prop::collection::vec("[a-zà-ỹ \n]{0,4}", 1..20),
        mishaps in prop::collection::vec(mishap(), 0..40),
    ) {
        let events = reply(2, "k1", &deltas);
        let mut thread = Thread::default();
        thread.send(Outgoing::text("k1", "Why?"), 7);
        let mut next = 0;
        for mishap in mishaps {
            match mishap {
                Mishap::Deliver(count) => {
                    for event in events.iter().skip(next).take(count) {
                        thread.apply(event.clone());
                        next += 1;
                    }
                }
                Mishap::Resume(back) => next -= back.min(next),
                Mishap::Echo(which) if next > 0 => thread.apply(events[which % next].clone()),
                Mishap::Echo(_) => {}
                Mishap::Reload if next > 0 => {
                    thread = Thread::default();
                    thread.add_page(stored(&events, next), None);
                }
                Mishap::Reload => {}
            }
            // At any moment the text is a beginning of the whole: nothing lost, nothing doubled.
            let text = thread.entries()[1].text.clone();
            prop_assert!(deltas.concat().starts_with(&text), "{text:?}");
        }
        for event in events.iter().skip(next) {
            thread.apply(event.clone());
        }
        prop_assert_eq!(texts(&thread), ["Why?".to_owned(), deltas.concat()]);
        prop_assert_eq!(&thread.entries()[1].status, &EntryStatus::Complete);
    }

    #[test]
    fn changes_tell_exactly_what_happened_to_the_list(
        deltas in prop::collection::vec("[a-z]{0,3}", 1..8),
        steps in prop::collection::vec((0..6u32, 0..4u32), 1..40),
    ) {
        let mut thread = Thread::default();
        let mut drawn = Vec::new();
        for (step, number) in steps {
            let (key, ordinal) = (format!("k{number}"), number * 2 + 2);
            match step {
                0 => thread.send(Outgoing::text(&key, "Why?"), 1),
                1 => thread.unsent(&key, Problem::own("NETWORK")),
                2 => { thread.discard(&key); }
                3 => thread.add_page(vec![message(ordinal - 1, "q", MessageStatus::Complete), message(ordinal, "a", MessageStatus::Complete)], None),
                4 => thread.apply(event(ordinal, number + 2, EventKind::Delta, "x")),
                _ => reply(ordinal, &key, &deltas).into_iter().for_each(|event| thread.apply(event)),
            }
            follow(&mut drawn, &mut thread);
            prop_assert_eq!(drawn.len(), thread.entries().len());
        }
        let mut ordinals: Vec<u32> = thread.entries().iter().map(|entry| entry.ordinal).filter(|ordinal| *ordinal > 0).collect();
        let sorted = { let mut copy = ordinals.clone(); copy.sort_unstable(); copy.dedup(); copy };
        prop_assert_eq!(&ordinals, &sorted, "stored messages stand in order, each once");
        ordinals.clear();
        let mut keys: Vec<_> = thread.entries().iter().map(|entry| &entry.key).collect();
        let count = keys.len();
        keys.sort();
        keys.dedup();
        prop_assert_eq!(keys.len(), count, "no key stands twice");
    }
}

fn conversation(id: u32, updated_at: &str) -> Conversation {
    Conversation {
        id: ConversationId::from_random(&format!("{id:016}")),
        twin_id: TwinId::from_random("0000000000000001"),
        title: String::new(),
        created_at: String::new(),
        updated_at: updated_at.to_owned(),
        last_message: None,
        message_count: 1,
        active_message_id: None,
        waiting_for_person: false,
    }
}

#[test]
fn conversations_are_listed_latest_first_and_once() {
    let mut list = Vec::new();
    conversations::add_page(&mut list, vec![conversation(1, "2026-01-02"), conversation(2, "2026-01-01")]);
    conversations::upsert(&mut list, conversation(2, "2026-01-03"));
    conversations::add_page(&mut list, vec![conversation(1, "2026-01-02"), conversation(3, "2025-01-01")]);
    let ids: Vec<_> = list.iter().map(|conversation| conversation.id.as_str().chars().last().unwrap()).collect();
    assert_eq!(ids, ['2', '1', '3']);
}

#[test]
fn a_preview_is_one_short_line() {
    assert_eq!(conversations::preview("  Xin\n chào  bạn ", 20), "Xin chào bạn");
    assert_eq!(conversations::preview("chào chào", 4), "chào…");
    assert_eq!(conversations::preview("", 4), "");
}
