//! What is played, and what it shows.

use crate::Outcome;
use crate::process::{cpu_millis, machine_millis, memory_kib};
use crate::reader::{Ages, open, read};
use crate::relay::{Relay, Ticket};
use crate::upstream::{Pace, Upstream};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Streams that are opened at once.
const AT_ONCE: usize = 64;
/// Visitors that talk at once in [`Scene::Whole`].
const TALKERS: usize = 16;
/// Events of one of their answers.
const EVENTS: u64 = 20;
/// Answers that never come to their end by themselves.
const ENDLESS: u64 = u64::MAX;

/// Events that flow.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) streams: usize,
    /// Events a second in each.
    pub(crate) rate: u32,
    /// Bytes of text in each.
    pub(crate) text: usize,
    pub(crate) seconds: u64,
}

/// What is played.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scene {
    /// Many answers at a steady rate.
    Busy(Load),
    /// Many answers of which nothing comes.
    Idle { streams: usize },
    /// Whole answers, one after the other: connect, ask, read to the end, go. Memory is looked at so many times.
    Whole { seconds: u64, samples: u32 },
}

impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy(load) => write!(f, "{} streams x {} events/s", load.streams, load.rate),
            Self::Idle { streams } => write!(f, "{streams} silent streams"),
            Self::Whole { seconds, samples: 1 } => write!(f, "whole answers of {EVENTS} events, {seconds} s"),
            Self::Whole { seconds, .. } => write!(f, "soak, {seconds} s"),
        }
    }
}

/// A figure's name, with its unit, and its value.
pub(crate) type Figures = Vec<(String, f64)>;

impl Scene {
    /// Whether it is the long one, which only the proxy plays.
    pub(crate) fn is_soak(&self) -> bool {
        matches!(self, Self::Whole { samples, .. } if *samples > 1)
    }

    pub(crate) async fn play(&self, relay: &Relay, upstream: &Upstream) -> Outcome<Figures> {
        match *self {
            Self::Busy(load) => busy(load, relay, upstream).await,
            Self::Idle { streams } => idle(streams, relay, upstream).await,
            Self::Whole { seconds, samples } => whole(seconds, samples, relay, upstream).await,
        }
    }
}

/// Reads all of these streams, each in a task of its own, once every one is open.
async fn readers(tickets: &[Ticket], ages: &Arc<Ages>) -> Outcome<JoinSet<Outcome>> {
    let bodies: Vec<_> = stream::iter(tickets).map(open).buffer_unordered(AT_ONCE).try_collect().await?;
    let mut readers = JoinSet::new();
    for body in bodies {
        let ages = ages.clone();
        readers.spawn(async move { read(body, &ages).await });
    }
    Ok(readers)
}

/// Ends all answers and sees that every reader came to the end of its own.
async fn finish(upstream: &Upstream, mut readers: JoinSet<Outcome>) -> Outcome {
    upstream.set(Pace::STOP);
    while let Some(read) = readers.join_next().await {
        read.map_err(|error| error.to_string())??;
    }
    Ok(())
}

async fn busy(load: Load, relay: &Relay, upstream: &Upstream) -> Outcome<Figures> {
    let tickets = relay.tickets(load.streams).await?;
    let before = memory_kib(&relay.family());
    upstream.set(Pace { gap: Duration::from_secs(1) / load.rate.max(1), text: load.text, events: ENDLESS });
    let ages = Arc::new(Ages::default());
    let readers = readers(&tickets, &ages).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let family = relay.family();
    let ourselves = [std::process::id()];
    let mark = (cpu_millis(&family), cpu_millis(&ourselves), machine_millis());
    ages.count(true);
    let began = Instant::now();
    tokio::time::sleep(Duration::from_secs(load.seconds)).await;
    ages.count(false);
    let wall = began.elapsed().as_secs_f64() * 1000.0;
    let cpu = cpu_millis(&family) - mark.0;
    let others = machine_millis() - mark.2 - cpu - (cpu_millis(&ourselves) - mark.1);
    let memory = memory_kib(&family) - before;
    finish(upstream, readers).await?;
    let events = ages.events() as f64;
    Ok(vec![
        ("CPU ms per 1,000 events".into(), cpu / events * 1000.0),
        ("p50 µs".into(), ages.micros(0.5)),
        ("p99 µs".into(), ages.micros(0.99)),
        ("p99.9 µs".into(), ages.micros(0.999)),
        ("KiB per stream".into(), memory / load.streams as f64),
        ("events/s".into(), events / wall * 1000.0),
        ("others' CPU %".into(), others.max(0.0) / wall * 100.0),
    ])
}

async fn idle(streams: usize, relay: &Relay, upstream: &Upstream) -> Outcome<Figures> {
    let tickets = relay.tickets(streams).await?;
    let silent = Pace { gap: Duration::from_secs(3600), text: 0, events: ENDLESS };
    // What the first streams make the program set up for good is not theirs.
    upstream.set(Pace { gap: Duration::from_millis(1), text: 80, events: EVENTS });
    let warm = readers(&tickets[..tickets.len().min(AT_ONCE)], &Arc::default()).await?;
    finish(upstream, warm).await?;
    let before = memory_kib(&relay.family());
    upstream.set(silent);
    let readers = readers(&tickets, &Arc::default()).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let memory = memory_kib(&relay.family());
    finish(upstream, readers).await?;
    Ok(vec![("KiB per stream".into(), (memory - before) / streams as f64), ("KiB before".into(), before)])
}

async fn whole(seconds: u64, samples: u32, relay: &Relay, upstream: &Upstream) -> Outcome<Figures> {
    upstream.set(Pace { gap: Duration::from_micros(200), text: 80, events: EVENTS });
    let tickets = relay.tickets(TALKERS).await?;
    let (family, began) = (relay.family(), Instant::now());
    let cpu = cpu_millis(&family);
    let end = began + Duration::from_secs(seconds);
    let mut talkers = JoinSet::new();
    for ticket in tickets {
        talkers.spawn(async move {
            let (mut answers, ages) = (0_u32, Ages::default());
            while Instant::now() < end {
                read(open(&ticket).await?, &ages).await?;
                answers += 1;
            }
            Ok::<_, String>(answers)
        });
    }
    let mut memory = Vec::new();
    for sample in 1..=samples {
        tokio::time::sleep_until((began + Duration::from_secs(seconds) * sample / samples).into()).await;
        memory.push(memory_kib(&family));
    }
    let mut answers = 0;
    while let Some(talker) = talkers.join_next().await {
        answers += talker.map_err(|error| error.to_string())??;
    }
    let wall = began.elapsed().as_secs_f64();
    let answers = f64::from(answers);
    let mut figures: Figures =
        vec![("answers/s".into(), answers / wall), ("CPU ms per answer".into(), (cpu_millis(&family) - cpu) / answers)];
    figures.extend(memory.iter().enumerate().map(|(index, kib)| (format!("KiB at {}/{samples}", index + 1), *kib)));
    Ok(figures)
}
