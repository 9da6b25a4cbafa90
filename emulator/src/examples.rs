//! The programs TwinExpert publishes, run unchanged except for address and credentials.
//!
//! [`run_all`] works against anything that speaks its API: this emulator, or a proxy in front of
//! it with a widget token in place of the key. The programs are in `tests/examples/`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

macro_rules! programs {
    ($($name:literal)*) => { &[$(($name, include_str!(concat!("../tests/examples/", $name)))),*] };
}

const PROGRAMS: &[(&str, &str)] = programs! {
    "guide-list-twins.mjs" "guide-list-twins.py" "guide-list-twins.sh" "guide-chat.mjs" "guide-chat.py" "guide-chat.sh"
    "manual-create-key.mjs" "manual-create-key.py" "manual-create-key.sh"
    "manual-list-twins.mjs" "manual-list-twins.py" "manual-list-twins.sh" "manual-chat.mjs" "manual-chat.py" "manual-chat.sh"
};

/// Both spellings of the host that the documents have.
const HOSTS: [&str; 2] = ["https://api.twinexpert.com", "https://api.twineexpert.com"];

/// What the programs are run against.
#[derive(Clone)]
pub struct Target {
    /// Where: `http://127.0.0.1:4010`, without a path.
    pub origin: String,
    /// The key, or a widget token.
    pub key: String,
    /// The account's JWT; without one the programs that create a key are left out.
    pub jwt: Option<String>,
    /// A twin's id at that address.
    pub twin_id: String,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target").field("origin", &self.origin).field("twin_id", &self.twin_id).finish_non_exhaustive()
    }
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It did what its text says; this is what it printed.
    Worked(String),
    /// It did not; this is what it printed.
    Failed(String),
    /// It could not be run here, for this reason.
    Skipped(String),
}

/// One program's run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its file name in `tests/examples/`.
    pub program: &'static str,
    /// How it ended.
    pub outcome: Outcome,
}

/// Runs every program, one after the other. Blocks: call it in `tokio::task::spawn_blocking`.
///
/// `scratch` is a folder to write to, such as `CARGO_TARGET_TMPDIR`; where `requests` is not
/// installed, Python gets an environment there.
///
/// # Errors
/// When `scratch` cannot be written to.
pub fn run_all(target: &Target, scratch: &Path) -> io::Result<Vec<Run>> {
    let folder = scratch.join(format!("examples-{}", target.origin.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-")));
    fs::create_dir_all(&folder)?;
    let python = python(scratch);
    let python = python.as_deref();
    let wanted = PROGRAMS.iter().filter(|(name, _)| target.jwt.is_some() || !name.contains("create-key"));
    wanted.map(|(name, text)| Ok(Run { program: name, outcome: run(name, text, target, &folder, python)? })).collect()
}

/// Panics with what was printed if one failed; prints which were skipped and why.
///
/// # Panics
/// When a program failed, or when none could be run.
pub fn assert_all_worked(runs: &[Run]) {
    for run in runs {
        match &run.outcome {
            Outcome::Worked(_) => {}
            Outcome::Skipped(reason) => println!("skipped {}: {reason}", run.program),
            Outcome::Failed(output) => panic!("{} failed:\n{output}", run.program),
        }
    }
    assert!(runs.iter().any(|run| matches!(run.outcome, Outcome::Worked(_))), "no program could be run here: {runs:?}");
}

fn run(name: &str, text: &str, target: &Target, folder: &Path, python: Result<&Path, &String>) -> io::Result<Outcome> {
    let program = with_address(text, target);
    let mut printed = String::new();
    for (index, part) in parts(name, &program).into_iter().enumerate() {
        let part = match conversation_id(&printed) {
            Some(id) if index > 0 => part.replace("CONVERSATION_ID", &id),
            _ => part,
        };
        let file = folder.join(name);
        fs::write(&file, part)?;
        let mut command = match (name.rsplit('.').next(), python) {
            (Some("py"), Ok(python)) => Command::new(python),
            (Some("py"), Err(reason)) => return Ok(Outcome::Skipped(reason.clone())),
            (Some("mjs"), _) => Command::new("node"),
            _ => Command::new("sh"),
        };
        command.arg(&file).env("NEXT_PUBLIC_API_URL", &target.origin).env("PYTHONIOENCODING", "utf-8");
        command.env("NO_PROXY", "127.0.0.1,localhost,::1").env("no_proxy", "127.0.0.1,localhost,::1");
        let output = match command.output() {
            Ok(output) => output,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Outcome::Skipped(format!("{} is not installed", command.get_program().display())));
            }
            Err(error) => return Err(error),
        };
        printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        if complaint.contains("curl: not found") {
            return Ok(Outcome::Skipped("curl is not installed".to_owned()));
        }
        if !output.status.success() {
            return Ok(Outcome::Failed(format!("{printed}{complaint}")));
        }
    }
    Ok(if worked(name, &printed) { Outcome::Worked(printed) } else { Outcome::Failed(printed) })
}

fn with_address(text: &str, target: &Target) -> String {
    let mut program = text.replace("curl -X POST\n\"", "curl -X POST \"");
    for host in HOSTS {
        program = program.replace(host, &target.origin);
    }
    program = program.replace("YOUR_JWT_TOKEN", target.jwt.as_deref().unwrap_or_default());
    program
        .replace("YOUR_API_KEY", &target.key)
        .replace("Bearer 123456", &format!("Bearer {}", target.key))
        .replace("twin-id", &target.twin_id)
}

/// The curl chat is two commands; the second needs the id that the first one printed.
fn parts<'a>(name: &str, program: &'a str) -> Vec<String> {
    let second: Option<usize> = program.find("# 2.").filter(|_| name.ends_with("chat.sh"));
    let pieces: Vec<&'a str> = second.map_or_else(|| vec![program], |at| vec![&program[..at], &program[at..]]);
    pieces.into_iter().map(str::to_owned).collect()
}

fn conversation_id(printed: &str) -> Option<String> {
    let answer: serde_json::Value = serde_json::from_str(printed).ok()?;
    answer["data"]["id"].as_str().map(str::to_owned)
}

/// Whether it printed what its text promises.
fn worked(name: &str, printed: &str) -> bool {
    let json = || serde_json::from_str::<serde_json::Value>(printed).unwrap_or_default();
    let chat = name.contains("-chat.");
    match name.rsplit('.').next() {
        Some("sh") if chat => json()["data"]["content"].as_str().is_some_and(|text| !text.is_empty()),
        Some("sh") if name.contains("list-twins") => json()["data"].as_array().is_some_and(|twins| !twins.is_empty()),
        Some("sh") => json()["data"]["key"].is_string(),
        _ if chat => printed.contains("content") && printed.contains("assistant"),
        Some("py") if name.contains("list-twins") => printed.starts_with("Found ") && !printed.starts_with("Found 0 "),
        Some("mjs") if name.contains("list-twins") => printed.starts_with("Available twins: [") && printed.contains("name:"),
        _ => printed.trim().strip_prefix("API Key: ").is_some_and(|key| key.len() > 8 && key != "undefined"),
    }
}

/// A Python that has `requests`: the system's, or one in an environment of its own.
fn python(scratch: &Path) -> Result<PathBuf, String> {
    let works = |program: &Path| Command::new(program).args(["-c", "import requests"]).output().is_ok_and(|output| output.status.success());
    let environment = scratch.join("python-with-requests");
    let own = environment.join("bin/python");
    for found in [PathBuf::from("python3"), own.clone()] {
        if works(&found) {
            return Ok(found);
        }
    }
    let make =
        |program: &Path, arguments: &[&str]| Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success());
    if !make(Path::new("python3"), &["-m", "venv", &environment.display().to_string()]) {
        return Err("python3 is not installed, or cannot make an environment (module venv)".to_owned());
    }
    if !make(&own, &["-m", "pip", "install", "--quiet", "requests"]) {
        return Err("the Python package `requests` is not installed and could not be fetched".to_owned());
    }
    Ok(own)
}
