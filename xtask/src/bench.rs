//! `cargo xtask bench`: what it costs, beside what others cost in the same run. Nothing here is a test.

use crate::process::Program;
use crate::{Outcome, paths, say};
use clap::Subcommand;
use std::ffi::OsString;

#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// The proxy beside nginx and a bare pipe: processor time, latency, memory. Needs Linux; nginx is left out where there is none.
    Proxy {
        /// For the bench itself; `-- --help` lists what it takes.
        #[arg(last = true)]
        options: Vec<OsString>,
    },
}

impl Bench {
    pub(crate) fn run(self) -> Outcome {
        let Self::Proxy { options } = self;
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
}
