//! `cargo xtask examples`: each folder of examples/, built as its README says and used in a browser.

use crate::browser::{self, Browser};
use crate::e2e::with_servers;
use crate::process::Program;
use crate::servers::{Built, Grants, Plan, Ports};
use crate::test::Counts;
use crate::{Outcome, dist, npm, paths, say, tools};
use std::fs;

/// Only these.
pub(crate) fn alone() -> Outcome {
    npm::installed()?;
    run(&browser::installed()?, &mut Counts::default())
}

/// Builds and runs all.
pub(crate) fn run(browser: &Browser, counts: &mut Counts) -> Outcome {
    npm::installed()?;
    let built = dist::built()?;
    npm::installed_examples()?;
    leptos()?;
    say::step("examples in headless Chromium (about 3 minutes)");
    use_in_browser("examples", built, browser, counts)
}

/// Takes the pictures that the README shows.
pub(crate) fn pictures() -> Outcome {
    npm::installed()?;
    let built = dist::built()?;
    use_in_browser("pictures", built, &browser::installed()?, &mut Counts::default())
}

fn use_in_browser(suite: &str, built: Built, browser: &Browser, counts: &mut Counts) -> Outcome {
    let folder = paths::root().join("tests/e2e/results").join(format!("run-{suite}"));
    // Its database is of the last run.
    let _ = fs::remove_dir_all(&folder);
    let folder = paths::make(folder)?;
    let plan = Plan {
        ports: Ports::choose(None)?,
        folder: &folder,
        built: Some(built),
        release: false,
        pages: Vec::new(),
        grants: Grants::Unlimited,
        stranger: false,
        settings: String::new(),
    };
    with_servers(&plan, &[suite], browser, counts)
}

/// Builds the one that Trunk builds.
fn leptos() -> Outcome {
    tools::wasm_target()?;
    say::step("building the Leptos example with Trunk (about 3 minutes the first time)");
    Program::new("trunk")
        .args(["build", "--offline", "--config", "examples/leptos/Trunk.toml", "--dist"])
        .args([&paths::scratch("leptos")?])
        .env("CARGO_TARGET_DIR", paths::target())
        .without_env("NO_COLOR")
        .path(&[tools::wasm_bindgen()?, tools::trunk()?])?
        .run()
}
