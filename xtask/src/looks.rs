//! `cargo xtask looks`: every state of the gallery as pictures and as a screen reader's tree, held against those kept.

use crate::process::Program;
use crate::test::Counts;
use crate::{Outcome, browser, npm, paths, say, tools};
use clap::Args;

const WASM: &str = "twinchat-gallery";

#[derive(Debug, Args)]
pub(crate) struct Looks {
    /// Keeps what is different now. Look at it before you commit it.
    #[arg(long)]
    update: bool,
}

impl Looks {
    pub(crate) fn run(self) -> Outcome {
        npm::installed()?;
        run(&browser::installed()?, self.update, &mut Counts::default())
    }
}

/// Compares, or keeps.
pub(crate) fn test(browser: &browser::Browser, counts: &mut Counts) -> Outcome {
    run(browser, false, counts)
}

fn run(browser: &browser::Browser, update: bool, counts: &mut Counts) -> Outcome {
    tools::wasm_target()?;
    let bindgen = tools::wasm_bindgen()?;
    say::step("building the gallery");
    Program::cargo().args(["build", "-p", WASM, "--locked", "--target", "wasm32-unknown-unknown"]).run()?;
    let wasm = paths::target().join("wasm32-unknown-unknown/debug").join(format!("{WASM}.wasm"));
    let gallery = paths::scratch("gallery")?;
    Program::new("wasm-bindgen")
        .args(["--target", "web", "--no-typescript", "--out-dir"])
        .args([&gallery, &wasm])
        .path(&[bindgen])?
        .run()?;
    say::step("looking at every state of the gallery in headless Chromium (about 2 minutes)");
    let mut outcome = Ok(());
    for suite in ["looks", "access"] {
        let ran = Program::new("node")
            .args(["--test", "--test-reporter=spec", &format!("tests/looks/{suite}.test.mjs")])
            .env("TWINCHAT_GALLERY", &gallery)
            .env("TWINCHAT_LOOKS", if update { "update" } else { "" })
            .env("CHROME", &browser.chrome)
            .each_line(|line| counts.hear(line));
        outcome = outcome.and(ran);
    }
    outcome
}
