//! `cargo xtask bench`: what it costs, beside what others cost in the same run. Nothing here is a test.

use crate::bench_widget::Widget;
use crate::process::Program;
use crate::{Outcome, paths, say};
use clap::{Args, Subcommand};
use std::ffi::OsString;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Bench {
    #[command(subcommand)]
    other: Option<Other>,
    #[command(flatten)]
    widget: Widget,
}

#[derive(Debug, Subcommand)]
enum Other {
    /// Markdown, event stream and state on their own, without a browser, with Criterion.
    Native {
        /// For Criterion: part of a bench's name, `--save-baseline NAME`, `--baseline NAME`.
        #[arg(last = true)]
        options: Vec<OsString>,
    },
    /// The proxy beside nginx and a bare pipe: processor time, latency, memory. Needs Linux; nginx is left out where there is none.
    Proxy {
        /// For the bench itself; `-- --help` lists what it takes.
        #[arg(last = true)]
        options: Vec<OsString>,
    },
}

impl Bench {
    pub(crate) fn run(self) -> Outcome {
        match self.other {
            None => self.widget.run(),
            Some(Other::Native { options }) => native(options),
            Some(Other::Proxy { options }) => proxy(options),
        }
    }
}

fn native(options: Vec<OsString>) -> Outcome {
    say::step("building markdown, event stream and state optimised (about 4 minutes the first time), then measuring (about 2 minutes)");
    Program::cargo().args(["bench", "--locked", "-p", "twinchat-bench-native", "--"]).args(options).run()
}

fn proxy(options: Vec<OsString>) -> Outcome {
    say::step("building proxy and bench as they are shipped (about 6 minutes the first time)");
    Program::cargo().args(["build", "--release", "--locked", "-p", "twinchat-proxy", "-p", "twinchat-bench-relay"]).run()?;
    let built = paths::target().join("release");
    let figures = paths::scratch("bench")?.join("proxy.json");
    say::step("comparing; keep the machine quiet (about 3 minutes)");
    Program::new(built.join("twinchat-bench-relay"))
        .args([OsString::from("--proxy"), built.join("twinchat-proxy").into(), "--json".into(), figures.clone().into()])
        .args(options)
        .run()?;
    say::detail(&format!("as JSON: {}", figures.display()));
    Ok(())
}
