//! A conversation's state: deltas taken in and told on, and a long history page by page.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use twinchat::state::event::ReplyEvent;
use twinchat::state::thread::Thread;
use twinchat_bench_native::{answer, deltas};
use twinchat_protocol::event::EventKind;
use twinchat_protocol::id::{ConversationId, EventId, MessageId};
use twinchat_protocol::message::{Message, MessageStatus, Role};

/// What is drawn with one picture, in deltas.
const PER_FRAME: usize = 20;
const PAGE: u32 = 50;

fn reply(count: usize) -> Vec<ReplyEvent> {
    let text = answer(count * 20);
    let event = |(at, text): (usize, &&str)| {
        let id = EventId { ordinal: 2, seq: at as u32 + 1 };
        ReplyEvent { content: (*text).to_owned(), ..ReplyEvent::new(id, EventKind::Delta, "msg_2".to_owned()) }
    };
    deltas(&text, 20).iter().enumerate().map(event).collect()
}

fn taken_in(events: Vec<ReplyEvent>) {
    let mut thread = Thread::default();
    for (at, event) in events.into_iter().enumerate() {
        thread.apply(event);
        if at % PER_FRAME == 0 {
            black_box(thread.take_changes());
        }
    }
    black_box(thread.take_changes());
}

fn message(ordinal: u32) -> Message {
    Message {
        id: MessageId::unverified(format!("msg_{ordinal}")),
        conversation_id: ConversationId::unverified("conv_1".to_owned()),
        ordinal,
        role: if ordinal % 2 == 1 { Role::User } else { Role::Assistant },
        content: answer(400),
        status: MessageStatus::Complete,
        created_at: "2026-11-21T09:00:00Z".to_owned(),
        event_id: None,
        error_code: None,
        client_id: None,
        feedback: None,
        files: Vec::new(),
        author: None,
        reply_to: None,
    }
}

/// From the newest page back to the first.
fn pages(count: u32) -> Vec<Vec<Message>> {
    (0..count / PAGE).rev().map(|page| (page * PAGE + 1..=(page + 1) * PAGE).map(message).collect()).collect()
}

fn loaded(pages: Vec<Vec<Message>>) {
    let mut thread = Thread::default();
    for page in pages {
        thread.add_page(page, Some("more".to_owned()));
        black_box(thread.take_changes());
    }
}

fn state(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("state");
    for count in [2_000, 10_000] {
        let events = reply(count);
        group.throughput(Throughput::Elements(events.len() as u64));
        group.bench_with_input(BenchmarkId::new("deltas", count), &events, |bench, events| {
            bench.iter_batched(|| events.clone(), taken_in, BatchSize::LargeInput);
        });
    }
    for count in [1_000, 10_000] {
        let history = pages(count);
        group.throughput(Throughput::Elements(u64::from(count)));
        group.bench_with_input(BenchmarkId::new("history", count), &history, |bench, history| {
            bench.iter_batched(|| history.clone(), loaded, BatchSize::LargeInput);
        });
    }
    group.finish();
}

criterion_group!(benches, state);
criterion_main!(benches);
