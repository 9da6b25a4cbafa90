//! Every developer command of twinchat. `cargo xtask help` lists them.
//!
//! One file per command; what they share: `say` (words), `process` (children), `tools`, `npm`, `browser`,
//! `python` (what has to be installed), `servers` (the demo's two).

#[cfg(not(unix))]
compile_error!("xtask needs Linux or macOS; on Windows, use WSL");

mod bench;
mod bench_widget;
mod browser;
mod check_api;
mod demo;
mod dev;
mod dist;
mod e2e;
mod examples;
mod fuzz;
mod harness;
mod looks;
mod npm;
mod paths;
mod process;
mod python;
mod say;
mod servers;
mod size;
mod supervise;
mod test;
mod tools;
mod upstreams;

use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::process::ExitCode;

/// What went wrong and what to do about it, as a sentence for a person.
type Outcome<T = ()> = Result<T, String>;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Every developer command of twinchat.", disable_version_flag = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Builds everything, then runs pretend upstreams, the proxy and a site with the widget. Ctrl-C ends it.
    Demo(demo::Demo),
    /// Runs every test: format, lints, native, in the browser, end to end.
    Test(test::Test),
    /// Runs the end-to-end tests alone; screenshots are in tests/e2e/results/ afterwards.
    E2e,
    /// Builds the examples and uses each in a browser.
    Examples,
    /// Takes the pictures in docs/images/ of the running demo.
    Pictures,
    /// Holds the running proxy against its OpenAPI document, with Schemathesis.
    CheckApi(check_api::CheckApi),
    /// Serves the widget with live reload in front of proxy and emulator.
    Dev(dev::Dev),
    /// Writes all files to ship into dist/, with their sizes.
    Dist(dist::Dist),
    /// Writes the stream decoder and the markdown view as a module, for suites and benchmarks, into dist/harness/.
    Harness,
    /// Tells what a visitor downloads, file by file, and holds it against benches/size.toml.
    Size(size::Size),
    /// Measures what the widget costs in a browser, beside bare pages in the same run; `bench proxy` what the proxy does.
    Bench(bench::Bench),
    /// Looks at every state of the gallery: pictures, a screen reader's tree, zoom, forced colours.
    Looks(looks::Looks),
    /// Runs the fuzz targets with cargo-fuzz on the nightly toolchain; `fuzz/README.md` says more.
    Fuzz(fuzz::Fuzz),
    /// Runs a program that ends when our input does.
    #[command(hide = true)]
    Supervise {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        program: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    if let Command::Supervise { program } = &command {
        return supervise::run(program);
    }
    let outcome = process::prepare().and_then(|()| match command {
        Command::Demo(demo) => demo.run(),
        Command::Test(test) => test.run(),
        Command::E2e => e2e::alone(),
        Command::Examples => examples::alone(),
        Command::Pictures => examples::pictures(),
        Command::CheckApi(check) => check.run(),
        Command::Dev(dev) => dev.run(),
        Command::Size(size) => size.run(),
        Command::Bench(bench) => bench.run(),
        Command::Fuzz(fuzz) => fuzz.run(),
        Command::Dist(dist) => dist.run(),
        Command::Harness => harness::run(),
        Command::Looks(looks) => looks.run(),
        Command::Supervise { .. } => unreachable!("answered above"),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("\nxtask: {sentence}");
            ExitCode::FAILURE
        }
    }
}
