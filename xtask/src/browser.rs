//! Chromium and its driver: found, or installed where that can be done without asking.

use crate::process::Program;
use crate::{Outcome, paths, say};
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const CHROMES: &[&str] = &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const MAC_CHROMES: &[&str] =
    &["/Applications/Chromium.app/Contents/MacOS/Chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];
const DRIVERS: &[&str] = &["/usr/bin/chromedriver", "/usr/lib/chromium/chromedriver", "/usr/lib/chromium-browser/chromedriver"];

/// A browser for the tests.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    /// Chromium or Chrome.
    pub(crate) chrome: PathBuf,
    /// The chromedriver that goes with it.
    pub(crate) driver: PathBuf,
}

/// Finds both, installing them if need be.
pub(crate) fn installed() -> Outcome<Browser> {
    if chrome().is_none() || driver().is_none() {
        install()?;
    }
    let chrome = chrome().ok_or("Chromium is missing: install it, or set CHROME to its path.")?;
    let driver = driver().ok_or_else(|| {
        format!("chromedriver is missing: install the one that goes with {}, or set CHROMEDRIVER to its path.", chrome.display())
    })?;
    Ok(Browser { chrome, driver })
}

fn set(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn chrome() -> Option<PathBuf> {
    set("CHROME")
        .or_else(|| CHROMES.iter().find_map(|name| paths::on_path(name)))
        .or_else(|| MAC_CHROMES.iter().map(PathBuf::from).find(|path| path.is_file()))
        .or_else(from_playwright)
}

fn driver() -> Option<PathBuf> {
    set("CHROMEDRIVER").or_else(|| paths::on_path("chromedriver")).or_else(|| DRIVERS.iter().map(PathBuf::from).find(|path| path.is_file()))
}

/// What an earlier `playwright-core install` put in its cache.
fn from_playwright() -> Option<PathBuf> {
    let script = "process.stdout.write(require('playwright-core').chromium.executablePath())";
    let answer = Command::new("node").args(["-e", script]).current_dir(paths::root()).stdin(Stdio::null()).output().ok()?;
    Some(PathBuf::from(String::from_utf8_lossy(&answer.stdout).into_owned())).filter(|path| path.is_file())
}

fn install() -> Outcome {
    let mac = cfg!(target_os = "macos");
    if mac && paths::on_path("brew").is_some() {
        say::step("installing Chromium and chromedriver with Homebrew (about 2 minutes, once)");
        return Program::new("brew").args(["install", "--cask", "chromium", "chromedriver"]).run();
    }
    if mac {
        return Err("Chromium is missing: `brew install --cask chromium chromedriver`, or set CHROME and CHROMEDRIVER.".to_owned());
    }
    if is_debian() {
        return from_debian();
    }
    if chrome().is_none() {
        // Ubuntu's own package is a snap, which does not start in a container.
        say::step("installing Chromium with Playwright into its cache (about 1 minute, 150 MB, once)");
        Program::new("npx").args(["playwright-core", "install", "--with-deps", "chromium"]).run()?;
    }
    Ok(())
}

fn is_debian() -> bool {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let names = |line: &str| {
        line.lines().filter_map(|l| l.split_once('=')).any(|(key, value)| (key == "ID" || key == "ID_LIKE") && value.contains("debian"))
    };
    names(&release) && !release.to_lowercase().contains("ubuntu") && paths::on_path("apt-get").is_some()
}

fn from_debian() -> Outcome {
    let root = Command::new("id").arg("-u").output().is_ok_and(|answer| answer.stdout.starts_with(b"0\n"));
    if !root && paths::on_path("sudo").is_none() {
        return Err(
            "Chromium or chromedriver is missing: run `apt-get install chromium chromium-driver` as root, or set CHROME and CHROMEDRIVER."
                .to_owned(),
        );
    }
    say::step("installing Chromium and chromedriver from Debian (about 1 minute, 350 MB, once)");
    let apt = |arguments: &[&str]| {
        let words = ["apt-get"].iter().chain(arguments);
        let program = if root { Program::new("env").args(words) } else { Program::new("sudo").args(["-n"]).args(words) };
        program.env("DEBIAN_FRONTEND", "noninteractive").run()
    };
    apt(&["update", "-q"])?;
    apt(&["install", "-q", "-y", "--no-install-recommends", "chromium", "chromium-driver", "fonts-noto-color-emoji"])
        .map_err(|error| format!("{error} Install Chromium and chromedriver yourself, or set CHROME and CHROMEDRIVER."))
}
