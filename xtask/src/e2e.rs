//! The end-to-end tests: the demo, driven by a browser.

use crate::browser::{self, Browser};
use crate::process::Program;
use crate::servers::{Grants, Plan, Ports, Servers};
use crate::test::Counts;
use crate::{Outcome, dist, npm, paths, say};
use std::fs;

/// Only these.
pub(crate) fn alone() -> Outcome {
    npm::installed()?;
    run(&browser::installed()?, &mut Counts::default())
}

/// Runs all, each group in a folder of its own.
pub(crate) fn run(browser: &Browser, counts: &mut Counts) -> Outcome {
    npm::installed()?;
    let built = dist::built()?;
    let results = paths::root().join("tests/e2e/results");
    let _ = fs::remove_dir_all(&results);
    say::step("end-to-end tests in headless Chromium (about 7 minutes)");
    // What leaked can only be looked for when everything else has happened.
    let suites = [
        ("run", Grants::Documented, &["loader", "journey", "connection", "tabs", "abilities", "people", "rare", "leaks"][..]),
        ("run-embedding", Grants::Unlimited, &["package", "shell", "embedding", "documents", "playground"]),
        ("run-scarce", Grants::Scarce, &["queue"]),
    ];
    let mut outcome = Ok(());
    for (folder, grants, suites) in suites {
        let folder = paths::make(results.join(folder))?;
        let ports = Ports::choose(None)?;
        let plan = Plan {
            ports,
            folder: &folder,
            built: Some(built.clone()),
            release: false,
            pages: Vec::new(),
            grants,
            stranger: true,
            settings: String::new(),
        };
        outcome = outcome.and(with_servers(&plan, suites, browser, counts));
    }
    say::detail(&format!("screenshots: {}", results.display()));
    outcome
}

/// Runs suites against servers of their own.
pub(crate) fn with_servers(plan: &Plan<'_>, suites: &[&str], browser: &Browser, counts: &mut Counts) -> Outcome {
    let servers = Servers::start(plan)?;
    let scratch = paths::scratch("")?;
    let mut outcome = Ok(());
    for suite in suites {
        let ran = Program::new("node")
            .args(["--test", "--test-reporter=spec", "--test-concurrency=1", &format!("tests/e2e/{suite}.test.mjs")])
            .env("TWINCHAT_DEMO", servers.addresses.to_string())
            .env("TWINCHAT_RUN", plan.folder)
            .env("TWINCHAT_SCRATCH", &scratch)
            .env("TWINCHAT_PROGRAMS", paths::target().join("debug"))
            .env("CHROME", &browser.chrome)
            .each_line(|line| counts.hear(line));
        outcome = outcome.and(ran);
    }
    outcome
}
