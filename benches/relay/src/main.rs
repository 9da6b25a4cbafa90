//! What the proxy costs beside nginx and a bare pipe, in one run on one machine: `cargo xtask bench proxy`.
//!
//! A pretend Chat Completions service stamps every event with the time it leaves; a relay hands the events
//! on; readers in this process note how old each one is. The relays are started anew and take turns, so
//! that what else the machine does strikes all of them. Figures of different machines are comparable as
//! ratios of the rows of one run only.
//!
//! `upstream` makes events, `reader` reads them, `relay` starts what is between, `process` counts what that
//! takes, `scene` plays, `report` sums up.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]

mod pipe;
mod process;
mod reader;
mod relay;
mod report;
mod scene;
mod upstream;

use clap::Parser;
use relay::{Kind, Programs, Relay};
use report::Row;
use scene::{Load, Scene};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use upstream::Upstream;

/// What went wrong, as a sentence for a person.
type Outcome<T = ()> = Result<T, String>;

#[derive(Debug, Parser)]
#[command(name = "twinchat-bench-relay", about = "Compares the proxy with nginx and a bare pipe.", disable_version_flag = true)]
struct Arguments {
    /// The proxy's program.
    #[arg(long, required_unless_present = "pipe_to")]
    proxy: Option<PathBuf>,
    /// Streams at once while events flow.
    #[arg(long, default_value_t = 400)]
    streams: usize,
    /// Events a second in each of them.
    #[arg(long, default_value_t = 20)]
    rate: u32,
    /// Bytes of text in each event beside the stamp.
    #[arg(long, default_value_t = 80)]
    text: usize,
    /// Seconds for which events are counted, after one to warm up.
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// Streams that are open and silent, for the memory of one.
    #[arg(long, default_value_t = 1000)]
    idle: usize,
    /// Times each relay has its turn.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds of whole conversations, one after the other, in which memory must not grow. 0: none.
    #[arg(long, default_value_t = 0)]
    soak: u64,
    /// Only these relays: `direct`, `nginx`, `pipe`, `memory`, `proxy`.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Kind>,
    /// Where the figures are written as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Be the bare pipe to this address; prints where it listens.
    #[arg(long, hide = true)]
    pipe_to: Option<SocketAddr>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.pipe_to {
        Some(to) => pipe::run(to).await,
        None => compare(&arguments).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

async fn compare(arguments: &Arguments) -> Outcome {
    let programs = Programs::find(arguments.proxy.as_deref().unwrap_or_else(|| "twinchat-proxy".as_ref()))?;
    let kinds: Vec<Kind> =
        programs.present().into_iter().filter(|kind| arguments.only.is_empty() || arguments.only.contains(kind)).collect();
    let upstream = Upstream::start().await?;
    let load = Load { streams: arguments.streams, rate: arguments.rate, text: arguments.text, seconds: arguments.seconds };
    let mut scenes =
        vec![Scene::Busy(load), Scene::Idle { streams: arguments.idle }, Scene::Whole { seconds: arguments.seconds.min(5), samples: 1 }];
    if arguments.soak > 0 {
        scenes.push(Scene::Whole { seconds: arguments.soak, samples: 10 });
    }
    let mut rows: Vec<Row> = Vec::new();
    for scene in &scenes {
        let rounds = if scene.is_soak() { 1 } else { arguments.rounds };
        for round in 1..=rounds {
            for kind in kinds.iter().copied().filter(|kind| !scene.is_soak() || *kind == Kind::Proxy) {
                eprintln!("{scene}, {kind}, {round} of {rounds}");
                let relay = Relay::start(kind, &programs, upstream.address).await?;
                rows.push(Row { scene: scene.to_string(), kind, figures: scene.play(&relay, &upstream).await? });
            }
        }
    }
    let table = report::medians(&rows);
    println!("{}", report::text(&table));
    if let Some(path) = &arguments.json {
        let json = report::json(&table).to_string();
        std::fs::write(path, json).map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    }
    Ok(())
}
