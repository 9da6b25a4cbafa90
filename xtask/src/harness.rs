//! `cargo xtask harness`: parts of the widget as a module, for suites and benchmarks. Never shipped.

use crate::process::Program;
use crate::test::Counts;
use crate::{Outcome, browser, dist, npm, paths, say, tools};

const WASM: &str = "twinchat_harness";

/// Builds it.
pub(crate) fn run() -> Outcome {
    tools::wasm_target()?;
    npm::installed()?;
    let tools = [tools::wasm_bindgen()?];
    say::step("building the harness as the widget is built for release (about 1 minute after `cargo xtask dist`)");
    Program::cargo()
        .args(["build", "-p", "twinchat-harness", "--lib", "--profile", "wasm-release", "--locked", "--target", "wasm32-unknown-unknown"])
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", dist::flags())
        .run()?;
    let wasm = paths::target().join("wasm32-unknown-unknown/wasm-release").join(format!("{WASM}.wasm"));
    let glue = paths::scratch("harness")?;
    Program::new("wasm-bindgen")
        .args(["--target", "web", "--no-typescript", "--out-name", "glue", "--out-dir"])
        .args([&glue, &wasm])
        .path(&tools)?
        .run()?;
    let out = paths::make(paths::root().join("dist/harness"))?;
    Program::new("node").args(["xtask/pack-harness.mjs"]).args([&glue, &paths::root().join("benches/harness/harness.js"), &out]).run()?;
    say::detail(&format!("{}", out.join("twinchat-harness.js").display()));
    Ok(())
}

/// Builds it and sees whether it does what it says.
pub(crate) fn test(browser: &browser::Browser, counts: &mut Counts) -> Outcome {
    run()?;
    Program::new("node")
        .args(["--test", "--test-reporter=spec", "tests/e2e/harness.test.mjs"])
        .env("TWINCHAT_HARNESS", paths::root().join("dist/harness"))
        .env("CHROME", &browser.chrome)
        .each_line(|line| counts.hear(line))
}
