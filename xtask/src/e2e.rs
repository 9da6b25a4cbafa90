//! The end-to-end tests: the demo, driven by a browser.

use crate::browser::{self, Browser};
use crate::process::Program;
use crate::servers::{Plan, Ports, Servers};
use crate::test::Counts;
use crate::{Outcome, dist, npm, paths, say};
use std::fs;

/// Only these.
pub(crate) fn alone() -> Outcome {
    npm::installed()?;
    run(&browser::installed()?, &mut Counts::default())
}

/// Runs them against servers of their own, in a folder of their own.
pub(crate) fn run(browser: &Browser, counts: &mut Counts) -> Outcome {
    npm::installed()?;
    let built = dist::built()?;
    let results = paths::root().join("tests/e2e/results");
    let _ = fs::remove_dir_all(&results);
    let folder = paths::make(results.join("run"))?;
    let ports = Ports::choose(None)?;
    say::step("end-to-end tests in headless Chromium (about 2 minutes)");
    let servers =
        Servers::start(&Plan { ports, folder: &folder, built: Some(built), release: false, pages: Vec::new(), unlimited: false })?;
    let mut outcome = Ok(());
    // What leaked can only be looked for when everything else has happened.
    for suite in ["loader", "journey", "leaks"] {
        let ran = Program::new("node")
            .args(["--test", "--test-reporter=spec", "--test-concurrency=1", &format!("tests/e2e/{suite}.test.mjs")])
            .env("TWINCHAT_DEMO", servers.addresses.to_string())
            .env("TWINCHAT_RUN", &folder)
            .env("CHROME", &browser.chrome)
            .each_line(|line| counts.hear(line));
        outcome = outcome.and(ran);
    }
    say::detail(&format!("screenshots: {}", results.display()));
    outcome
}
