//! Markdown: an answer parsed at once, and drawn after every delta as the widget does, for two lengths. Twice the text
//! has to take twice the time.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use twinchat::markdown::Stream;
use twinchat_bench_native::{answer, deltas};

/// What one delta is, in bytes; and the sizes of answers.
const DELTA: usize = 20;
const SIZES: [usize; 2] = [40_000, 200_000];

fn whole(text: &str) {
    let mut stream = Stream::new();
    stream.push(text);
    stream.finish();
    black_box(stream.take_frozen());
}

fn streamed(pieces: &[&str]) {
    let mut stream = Stream::new();
    for piece in pieces {
        stream.push(piece);
        black_box((stream.take_frozen(), stream.tail()));
    }
    stream.finish();
    black_box(stream.take_frozen());
}

fn markdown(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("markdown");
    for size in SIZES {
        let text = answer(size);
        let pieces = deltas(&text, DELTA);
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::new("whole", size), &text, |bench, text| bench.iter(|| whole(text)));
        group.bench_with_input(BenchmarkId::new("drawn after every delta", size), &pieces, |bench, pieces| bench.iter(|| streamed(pieces)));
    }
    group.finish();
}

criterion_group!(benches, markdown);
criterion_main!(benches);
