//! The event stream: encoded as the proxy does, decoded as the widget does, from chunks as a network cuts them.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use twinchat_bench_native::{answer, deltas};
use twinchat_protocol::sse::{Decoder, encode};

/// Deltas of 40 KB.
const EVENTS: usize = 2_000;

fn encoded(texts: &[&str]) -> Vec<u8> {
    let event =
        |(at, text): (usize, &&str)| encode("delta", &format!("2.{at}"), &format!("{{\"content\":{text:?},\"messageId\":\"msg_1\"}}"));
    texts.iter().enumerate().map(event).collect::<String>().into_bytes()
}

fn decoded(bytes: &[u8], chunk: usize) {
    let mut decoder = Decoder::default();
    for chunk in bytes.chunks(chunk) {
        let fed = decoder.feed(chunk, &mut |event| {
            black_box(event);
        });
        fed.expect("no event is too large");
    }
}

fn events(criterion: &mut Criterion) {
    let text = answer(EVENTS * 20);
    let texts = deltas(&text, 20);
    let bytes = encoded(&texts);
    let mut group = criterion.benchmark_group("events");
    group.throughput(Throughput::Elements(texts.len() as u64));
    group.bench_function("encode", |bench| bench.iter(|| black_box(encoded(&texts))));
    for chunk in [1, 64, 16_384] {
        group.bench_with_input(BenchmarkId::new("decode chunks of", chunk), &chunk, |bench, chunk| bench.iter(|| decoded(&bytes, *chunk)));
    }
    group.finish();
}

criterion_group!(benches, events);
criterion_main!(benches);
