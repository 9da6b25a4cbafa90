//! `cargo xtask test`: everything that can fail, and a table of it.

use crate::process::Program;
use crate::say::{self, Stopwatch};
use crate::{Outcome, browser, check_api, dist, e2e, examples, harness, looks, npm, paths, python, size, tools};
use clap::Args;
use std::time::Duration;

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Only the format and the native tests that need no server: the loop while writing.
    #[arg(long)]
    quick: bool,
}

/// How one part went.
#[derive(Debug)]
struct Row {
    name: &'static str,
    time: Duration,
    passed: u32,
    failed: u32,
    reason: String,
}

/// What a part's output says of its tests.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Counts {
    passed: u32,
    failed: u32,
}

impl Counts {
    /// Reads the summary lines of Rust's and Node's test runners; shows every line.
    pub(crate) fn hear(&mut self, line: &str) {
        eprintln!("{line}");
        if let Some(summary) = line.trim().strip_prefix("test result: ") {
            self.passed += number_before(summary, " passed");
            self.failed += number_before(summary, " failed");
        } else if let Some(number) = line.strip_prefix("ℹ pass ") {
            self.passed += number.trim().parse().unwrap_or(0);
        } else if let Some(number) = line.strip_prefix("ℹ fail ").or_else(|| line.strip_prefix("ℹ cancelled ")) {
            self.failed += number.trim().parse().unwrap_or(0);
        }
    }
}

fn number_before(text: &str, word: &str) -> u32 {
    let before = text.split(word).next().unwrap_or_default();
    before.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

impl Test {
    pub(crate) fn run(self) -> Outcome {
        let mut table = Vec::new();
        check(&mut table, "format", || Program::cargo().args(["fmt", "--all", "--check"]).run());
        if self.quick {
            count(&mut table, "native tests without servers", quick);
            return report(&table);
        }
        tools::wasm_target()?;
        npm::installed()?;
        let tools = [tools::wasm_bindgen()?, tools::trunk()?];
        let browser = browser::installed()?;
        let python = python::installed()?;
        check(&mut table, "lints", || {
            say::step("clippy, native (about 3 minutes the first time)");
            Program::cargo().args(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]).run()
        });
        check(&mut table, "lints of the widget as it is shipped", || {
            // The native tests' own dependencies are not there for this target; "web*" are the tests that run on it.
            let target = [
                "--lib",
                "--bins",
                "--test",
                "web*",
                "--features",
                "arabic",
                "--locked",
                "--target",
                "wasm32-unknown-unknown",
                "--",
                "-D",
                "warnings",
            ];
            Program::cargo().args(["clippy", "-p", "twinchat"]).args(target).run()
        });
        count(&mut table, "native tests", |counts| native(counts, python.as_deref()));
        count(&mut table, "components in Chromium", |counts| components(counts, &tools[0], &browser));
        count(&mut table, "looks and accessibility", |counts| looks::test(&browser, counts));
        // Schemathesis is a Python program; `python` has told when there is none.
        if python.is_some() {
            check(&mut table, "the API against its document", || check_api::CheckApi::default().run());
        }
        check(&mut table, "the files to ship", || dist::Dist::default().run());
        check(&mut table, "their sizes", size::check);
        count(&mut table, "decoder and markdown view as a module", |counts| harness::test(&browser, counts));
        count(&mut table, "end to end in Chromium", |counts| e2e::run(&browser, counts));
        count(&mut table, "examples in Chromium", |counts| examples::run(&browser, counts));
        report(&table)
    }
}

/// Those that talk to a running proxy or emulator take minutes.
fn quick(counts: &mut Counts) -> Outcome {
    let apart = ["arrows", "contract", "documents", "markdown", "sse", "subject"].into_iter().flat_map(|name| ["--test", name]);
    let which = ["test", "--workspace", "--no-fail-fast", "--locked", "--lib", "--bins"].into_iter().chain(apart);
    Program::cargo().args(which).each_line(|line| counts.hear(line))
}

fn native(counts: &mut Counts, python: Option<&std::path::Path>) -> Outcome {
    say::step("native tests (the first build takes about 5 minutes)");
    let mut cargo = Program::cargo().args(["test", "--workspace", "--no-fail-fast", "--locked"]);
    if let Some(python) = python {
        cargo = cargo.env("TWINCHAT_PYTHON", python);
    }
    cargo.each_line(|line| counts.hear(line))
}

/// The widget's components and its browser side, in a real browser.
fn components(counts: &mut Counts, wasm_bindgen: &std::path::Path, browser: &browser::Browser) -> Outcome {
    say::step("component tests in headless Chromium (the first build takes about 3 minutes)");
    let settings = paths::scratch("")?.join("webdriver.json");
    let committed = paths::read("webdriver.json")?;
    let mut capabilities: serde_json::Value = serde_json::from_str(&committed).map_err(|error| format!("webdriver.json: {error}"))?;
    capabilities["goog:chromeOptions"]["binary"] = browser.chrome.to_string_lossy().into();
    std::fs::write(&settings, capabilities.to_string()).map_err(|error| format!("cannot write {}: {error}", settings.display()))?;
    Program::cargo()
        .args([
            "test",
            "-p",
            "twinchat",
            "--target",
            "wasm32-unknown-unknown",
            "--no-fail-fast",
            "--locked",
            "--features",
            "arabic",
            "--test",
            "web*",
        ])
        .env("CHROMEDRIVER", &browser.driver)
        .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", &settings)
        .env("WASM_BINDGEN_TEST_TIMEOUT", "120")
        .path(&[wasm_bindgen.to_owned()])?
        .each_line(|line| counts.hear(line))
}

/// A part that passes or fails as a whole.
fn check(table: &mut Vec<Row>, name: &'static str, work: impl FnOnce() -> Outcome) {
    say::step(name);
    let watch = Stopwatch::start();
    let outcome = work();
    let failed = u32::from(outcome.is_err());
    table.push(Row { name, time: watch.elapsed(), passed: 1 - failed, failed, reason: outcome.err().unwrap_or_default() });
}

/// A part made of tests that are counted; one without any has failed.
fn count(table: &mut Vec<Row>, name: &'static str, work: impl FnOnce(&mut Counts) -> Outcome) {
    say::step(name);
    let watch = Stopwatch::start();
    let mut counts = Counts::default();
    let mut reason = work(&mut counts).err().unwrap_or_default();
    if reason.is_empty() && counts.passed == 0 {
        reason = "not one test ran.".to_owned();
    }
    let failed = if reason.is_empty() { counts.failed } else { counts.failed.max(1) };
    table.push(Row { name, time: watch.elapsed(), passed: counts.passed, failed, reason });
}

fn report(table: &[Row]) -> Outcome {
    println!("\n{:<40} {:>7} {:>7} {:>13}", "", "passed", "failed", "time");
    for row in table {
        println!("{:<40} {:>7} {:>7} {:>13}", row.name, row.passed, row.failed, say::duration(row.time));
    }
    for row in table.iter().filter(|row| row.failed > 0) {
        println!("\n{}: {}", row.name, row.reason.lines().next().unwrap_or("see above."));
    }
    let failed: u32 = table.iter().map(|row| row.failed).sum();
    println!("\n{} passed, {failed} failed", table.iter().map(|row| row.passed).sum::<u32>());
    if failed == 0 { Ok(()) } else { Err("not everything passed.".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::{Counts, Row, count, report};
    use std::time::Duration;

    #[test]
    fn summaries_of_both_test_runners_are_added_up() {
        let mut counts = Counts::default();
        for line in [
            "test a ... ok",
            "test result: ok. 12 passed; 0 failed; 1 ignored;",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored",
            "ℹ pass 5",
            "ℹ fail 1",
        ] {
            counts.hear(line);
        }
        assert_eq!((counts.passed, counts.failed), (20, 3));
    }

    #[test]
    fn a_part_in_which_no_test_ran_has_failed() {
        let mut table = Vec::new();
        count(&mut table, "empty", |_| Ok(()));
        count(&mut table, "broken", |counts| {
            counts.hear("test result: ok. 1 passed; 0 failed");
            Err("it crashed afterwards.".to_owned())
        });
        assert_eq!(table.iter().map(|row| (row.passed, row.failed)).collect::<Vec<_>>(), [(0, 1), (1, 1)]);
    }

    #[test]
    fn one_failed_test_fails_the_whole() {
        let row = |failed| Row { name: "x", time: Duration::ZERO, passed: 1, failed, reason: String::new() };
        assert!(report(&[row(0), row(0)]).is_ok());
        assert!(report(&[row(0), row(1)]).is_err());
    }
}
