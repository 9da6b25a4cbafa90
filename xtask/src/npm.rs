//! What comes from npm, as package-lock.json pins it.

use crate::process::Program;
use crate::{Outcome, paths, say};
use std::fs;
use std::process::{Command, Stdio};

/// Vite, which the examples are built with, needs this one.
const OLDEST_NODE: (u32, u32) = (20, 19);

/// Makes sure that Node is there and node_modules/ is what package-lock.json says.
pub(crate) fn installed() -> Outcome {
    installed_in("", "binaryen, esbuild, playwright-core, axe-core and aimock", "20 seconds, 140 MB")
}

/// Likewise for what the examples take from npm. The packed files of `dist/npm` have to be there.
pub(crate) fn installed_examples() -> Outcome {
    installed_in("examples", "React, Vue, Svelte, Next.js and Vite", "50 seconds, 220 MB")
}

fn installed_in(folder: &str, what: &str, cost: &str) -> Outcome {
    node()?;
    let folder = paths::root().join(folder);
    let lock = paths::read(&folder.join("package-lock.json").display().to_string())?;
    let stamp = folder.join("node_modules/.package-lock.json.installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    if paths::on_path("npm").is_none() {
        return Err(
            "npm is missing: install it with Node.js 20.19 or later from https://nodejs.org (Debian: `apt-get install nodejs npm`)."
                .to_owned(),
        );
    }
    say::step(&format!("installing {what} from npm into {} (about {cost}, once)", folder.join("node_modules").display()));
    Program::new("npm").args(["ci", "--ignore-scripts", "--no-fund", "--no-audit", "--prefix"]).args([&folder]).run()?;
    fs::write(&stamp, lock).map_err(|error| format!("cannot write {}: {error}", stamp.display()))
}

/// Makes sure that a Node of the right age is there.
fn node() -> Outcome {
    let how = "install Node.js 20.19 or later from https://nodejs.org (Debian: `apt-get install nodejs npm`)";
    let answer = Command::new("node").arg("--version").stdin(Stdio::null()).output().map_err(|_| format!("Node.js is missing: {how}."))?;
    let version = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    let mut numbers = version.trim_start_matches('v').split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if found < OLDEST_NODE { Err(format!("Node.js {version} is too old: {how}.")) } else { Ok(()) }
}
