//! `cargo xtask fuzz`: the fuzz targets, one after the other, each for a while.

use crate::process::Program;
use crate::{Outcome, paths, say, tools};
use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Fuzz {
    /// Only this target, such as `sse_decoder`. Without it, all of them.
    target: Option<String>,
    /// How long each runs.
    #[arg(long, default_value_t = 600)]
    seconds: u32,
}

impl Fuzz {
    pub(crate) fn run(self) -> Outcome {
        let all = targets(&paths::read("fuzz/Cargo.toml")?);
        let chosen: Vec<&String> = all.iter().filter(|name| self.target.as_ref().is_none_or(|wanted| wanted == *name)).collect();
        if chosen.is_empty() {
            return Err(format!("there is no such fuzz target; there are {}.", all.join(", ")));
        }
        has_nightly()?;
        let tool = tools::cargo_fuzz()?;
        for target in chosen {
            say::step(&format!("fuzzing {target} for {} s", self.seconds));
            let corpus = paths::make(paths::root().join("fuzz/corpus").join(target))?;
            cargo_fuzz(&tool)?
                .args(["run", "--sanitizer", "none", target])
                .args([corpus, paths::root().join("fuzz/seeds").join(target)])
                .args(["--", &format!("-dict=fuzz/dictionaries/{target}.dict"), &format!("-max_total_time={}", self.seconds)])
                .args(["-timeout=20", "-print_final_stats=1"])
                .run()
                .map_err(|error| {
                    format!("{error} The input that did it is in fuzz/artifacts/{target}; fuzz/README.md says what to do with it.")
                })?;
        }
        Ok(())
    }
}

/// cargo-fuzz with the toolchain it needs; `cargo` itself may be the pinned one.
fn cargo_fuzz(tool: &std::path::Path) -> Outcome<Program> {
    Program::new("rustup").args(["run", "nightly", "cargo", "fuzz"]).folder(paths::root()).path(&[tool.to_owned()])
}

fn has_nightly() -> Outcome {
    const HELP: &str = "fuzzing needs Rust's nightly toolchain: rustup toolchain install nightly --profile minimal";
    Program::new("rustup").args(["run", "nightly", "rustc", "--version"]).run_quietly().map_err(|_| HELP.to_owned())
}

/// The names of the binaries in the manifest.
fn targets(manifest: &str) -> Vec<String> {
    let binaries = manifest.split("[[bin]]\n").skip(1);
    binaries.filter_map(|binary| binary.split_once("name = \"")?.1.split('"').next()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_target_has_seeds_and_a_dictionary() {
        let named: BTreeSet<String> = targets(&paths::read("fuzz/Cargo.toml").unwrap()).into_iter().collect();
        let found = |folder: &str| -> BTreeSet<String> {
            let files = std::fs::read_dir(paths::root().join("fuzz").join(folder)).unwrap();
            files.map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect()
        };
        assert!(named.contains("sse_decoder"));
        assert_eq!(found("seeds"), named);
        assert_eq!(found("dictionaries"), named);
        assert_eq!(found("targets"), named);
    }
}
