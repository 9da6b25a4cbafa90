//! Pinned Rust tools, built once per machine.

use crate::process::Program;
use crate::{Outcome, paths, say};
use std::fs;
use std::path::PathBuf;

const TRUNK: &str = "0.21.14";
const CARGO_FUZZ: &str = "0.13.2";
const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The folder with `trunk`, which is built if need be.
pub(crate) fn trunk() -> Outcome<PathBuf> {
    // Later versions need a newer rustc than rust-toolchain.toml pins.
    installed("trunk", TRUNK, &["--locked"], "about 8 minutes on 2 cores")
}

/// The folder with `wasm-bindgen` and its test runner, which are built if need be.
pub(crate) fn wasm_bindgen() -> Outcome<PathBuf> {
    // Not --locked: its own lock file names versions that have been withdrawn.
    installed("wasm-bindgen-cli", &locked_version("wasm-bindgen")?, &[], "about 3 minutes on 2 cores")
}

/// The folder with `cargo-fuzz`, which is built if need be.
pub(crate) fn cargo_fuzz() -> Outcome<PathBuf> {
    installed("cargo-fuzz", CARGO_FUZZ, &["--locked"], "about 2 minutes on 2 cores")
}

/// Adds the target the widget is compiled for.
pub(crate) fn wasm_target() -> Outcome {
    let sysroot = std::process::Command::new("rustc")
        .args(["--print", "target-libdir", "--target", WASM_TARGET])
        .current_dir(paths::root())
        .output()
        .map_err(|error| format!("cannot run rustc: {error}. Install Rust from https://rustup.rs."))?;
    if PathBuf::from(String::from_utf8_lossy(&sysroot.stdout).trim()).is_dir() {
        return Ok(());
    }
    if paths::on_path("rustup").is_none() {
        return Err(format!("Rust's {WASM_TARGET} target is missing and so is rustup: install Rust from https://rustup.rs."));
    }
    say::step(&format!("installing Rust's {WASM_TARGET} target (seconds, once)"));
    Program::new("rustup").args(["target", "add", WASM_TARGET]).run()
}

/// The version Cargo.lock holds: wasm-bindgen's program and library must be the same one.
fn locked_version(package: &str) -> Outcome<String> {
    let lock = paths::read("Cargo.lock")?;
    lock.split("[[package]]")
        .find(|entry| entry.contains(&format!("name = \"{package}\"\n")))
        .and_then(|entry| entry.split("version = \"").nth(1)?.split('"').next())
        .map(str::to_owned)
        .ok_or_else(|| format!("Cargo.lock names no version of {package}."))
}

fn installed(name: &str, version: &str, options: &[&str], takes: &str) -> Outcome<PathBuf> {
    let all = paths::tools()?;
    let home = all.join(format!("{name}-{version}"));
    if home.join(".crates.toml").is_file() {
        return Ok(home.join("bin"));
    }
    if ["cc", "gcc", "clang"].iter().all(|compiler| paths::on_path(compiler).is_none()) {
        return Err(
            "no C compiler: install one (Debian, Ubuntu: `apt-get install build-essential`; macOS: `xcode-select --install`).".to_owned()
        );
    }
    say::step(&format!("installing {name} {version} from crates.io into {} ({takes}, once)", home.display()));
    let build = all.join(format!("build-{name}-{version}"));
    // Its own target folder, kept while it fails, so that a second try goes on where the first one stopped.
    Program::cargo()
        .args(["install", name, "--version", version, "--root"])
        .args([&home])
        .args(options)
        .env("CARGO_TARGET_DIR", &build)
        .folder(&paths::make(all)?)
        .run()
        .map_err(|error| format!("{error} Is crates.io within reach?"))?;
    // It may be in use by another clone's installation of the same thing, which then removes it.
    let _ = fs::remove_dir_all(&build);
    Ok(home.join("bin"))
}
