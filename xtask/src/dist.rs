//! `cargo xtask dist`: every file to ship, in dist/.

use crate::process::Program;
use crate::servers::Built;
use crate::{Outcome, npm, paths, say, tools};
use clap::Args;
use std::collections::hash_map::DefaultHasher;
use std::env;
use std::fs;
use std::hash::Hasher;
use std::path::{Path, PathBuf};

/// What the files are made from.
const SOURCES: &[&str] = &[
    "src",
    "style",
    "demo",
    "npm",
    "protocol/src",
    "protocol/Cargo.toml",
    "index.html",
    "Trunk.toml",
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    ".cargo/config.toml",
    "package-lock.json",
    "LICENSE",
    "xtask/binary.mjs",
    "xtask/fit.mjs",
    "xtask/manifest.mjs",
    "xtask/module.mjs",
    "xtask/order.mjs",
    "xtask/pack.mjs",
    "xtask/pack-npm.mjs",
    "xtask/panics.mjs",
    "xtask/split.mjs",
    "xtask/sweep.mjs",
    "xtask/wasm.mjs",
    "xtask/src/dist.rs",
];

/// Where they are.
fn folder() -> PathBuf {
    paths::root().join("dist")
}

/// Where they and the pretend site are, brought up to date.
pub(crate) fn built() -> Outcome<Built> {
    up_to_date()?;
    Ok(Built { dist: folder(), site: paths::scratch("trunk")? })
}

/// Builds them, unless nothing they are made from has changed.
fn up_to_date() -> Outcome {
    let stamp = paths::scratch("")?.join("dist.stamp");
    let now = fingerprint()?;
    if folder().join("manifest.json").is_file() && fs::read_to_string(&stamp).is_ok_and(|then| then == now) {
        say::step("the widget is up to date");
        return Ok(());
    }
    build(None)
}

#[derive(Debug, Default, Args)]
pub(crate) struct Dist {
    /// Features of the widget, separated by commas: `arabic` for one more language.
    #[arg(long)]
    features: Option<String>,
}

impl Dist {
    /// Builds them.
    pub(crate) fn run(self) -> Outcome {
        build(self.features.as_deref())
    }
}

fn build(features: Option<&str>) -> Outcome {
    tools::wasm_target()?;
    npm::installed()?;
    let tools = [tools::wasm_bindgen()?, tools::trunk()?];
    let now = fingerprint()?;
    let built = paths::scratch("trunk")?;
    say::step("building the widget for release with Trunk (about 6 minutes on 2 cores the first time, then about 1)");
    Program::new("trunk")
        .args(["build", "--release", "--offline", "--dist"])
        .args([&built])
        .args(features.into_iter().flat_map(|features| ["--features", features]))
        .env("CARGO_TARGET_DIR", paths::target())
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", flags())
        // Trunk takes any value for a switch and stumbles over the common `1`.
        .without_env("NO_COLOR")
        .path(&tools)?
        .run()?;
    say::step("optimising, minifying and compressing it (about 1 minute)");
    for script in ["xtask/pack.mjs", "xtask/pack-npm.mjs"] {
        Program::new("node")
            .args([script])
            .args([&built, &paths::root().join("npm"), &folder()])
            .env("TWINCHAT_FEATURES", features.unwrap_or_default())
            .run()?;
    }
    let stamp = paths::scratch("")?.join("dist.stamp");
    // With features they are not what the next command looks for.
    let now = if features.is_some() { String::new() } else { now };
    if !now.is_empty() {
        Program::new("node").args(["xtask/documents.mjs", "sizes"]).run()?;
    }
    fs::write(&stamp, now).map_err(|error| format!("cannot write {}: {error}", stamp.display()))
}

/// For the steps behind the compiler. Panics need no messages (`xtask/panics.mjs`); functions have names that tell them apart. The
/// linker says what refers to what, and numbers the functions of the table as nothing else is numbered (`xtask/sweep.mjs`).
/// Behind a smaller stack than its 1 MiB, addresses are a byte shorter.
const FOR_OUR_STEPS: &str = "--cfg=twinchat_shipped -Csymbol-mangling-version=v0 \
     -Clink-arg=--emit-relocs -Clink-arg=--table-base=8500000 -Clink-arg=-zstack-size=786432";

/// Flags for what is shipped: those, and those that leave the folders of this machine out of it. Cargo adds them to those
/// of `.cargo/config.toml`; a folder with a space in its name cannot be passed so.
pub(crate) fn flags() -> String {
    let home = env::home_dir().unwrap_or_default();
    let registry = env::var_os("CARGO_HOME").map_or_else(|| home.join(".cargo"), PathBuf::from).join("registry/src");
    // One folder per registry, named after its host. None of them on a machine that has vendored everything.
    let sources = fs::read_dir(registry).into_iter().flatten().flatten().map(|entry| entry.path());
    let folders = sources.chain([paths::root().to_owned()]).map(|path| path.display().to_string());
    let remapped = folders.filter(|path| !path.contains(char::is_whitespace)).map(|path| format!("--remap-path-prefix={path}="));
    remapped.chain([FOR_OUR_STEPS.to_owned()]).collect::<Vec<_>>().join(" ")
}

/// One number for all that the files are made from. Only ever compared with one of the same machine.
fn fingerprint() -> Outcome<String> {
    let mut hasher = DefaultHasher::new();
    hasher.write(paths::root().as_os_str().as_encoded_bytes());
    for source in SOURCES {
        add(&mut hasher, &paths::root().join(source)).map_err(|error| format!("cannot read {source}: {error}"))?;
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn add(hasher: &mut DefaultHasher, path: &Path) -> std::io::Result<()> {
    hasher.write(path.as_os_str().as_encoded_bytes());
    if path.is_dir() {
        let mut inside: Vec<PathBuf> = fs::read_dir(path)?.map(|entry| entry.map(|found| found.path())).collect::<Result<_, _>>()?;
        inside.sort();
        return inside.iter().try_for_each(|entry| add(hasher, entry));
    }
    if path.exists() {
        hasher.write(&fs::read(path)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::add;
    use std::collections::hash_map::DefaultHasher;
    use std::fs;
    use std::hash::Hasher;

    #[test]
    fn a_changed_a_new_and_a_renamed_file_all_change_the_fingerprint() {
        let folder = std::env::temp_dir().join(format!("twinchat-fingerprint-{}", std::process::id()));
        fs::create_dir_all(folder.join("deep")).unwrap();
        let print = || {
            let mut hasher = DefaultHasher::new();
            add(&mut hasher, &folder).unwrap();
            hasher.finish()
        };
        let mut seen = vec![print()];
        fs::write(folder.join("deep/a"), "1").unwrap();
        seen.push(print());
        fs::write(folder.join("deep/a"), "2").unwrap();
        seen.push(print());
        fs::rename(folder.join("deep/a"), folder.join("deep/b")).unwrap();
        seen.push(print());
        assert_eq!(print(), seen[3]);
        fs::remove_dir_all(&folder).unwrap();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 4);
    }
}
