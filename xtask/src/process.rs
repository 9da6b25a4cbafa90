//! Starting programs, waiting for them, and ending them with us.

use crate::{Outcome, paths};
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio, exit};
use std::sync::mpsc::Sender;
use std::sync::{Mutex, OnceLock};

/// Who wants to hear of Ctrl-C; nobody: it ends us at once, and our children with us.
static LISTENER: Mutex<Option<Sender<()>>> = Mutex::new(None);
static OURSELVES: OnceLock<PathBuf> = OnceLock::new();

/// Once, at the start: remembers where we are, and what to do on Ctrl-C, SIGTERM and SIGHUP.
pub(crate) fn prepare() -> Outcome {
    let ourselves = env::current_exe().map_err(|error| format!("cannot tell where xtask is: {error}"))?;
    OURSELVES.get_or_init(|| ourselves);
    ctrlc::set_handler(|| match LISTENER.lock().ok().and_then(|listener| listener.clone()) {
        Some(listener) if listener.send(()).is_ok() => {}
        _ => exit(130),
    })
    .map_err(|error| format!("cannot listen for Ctrl-C: {error}"))
}

/// From now on Ctrl-C sends to `listener` in place of ending us.
pub(crate) fn listen_for_interrupt(listener: Sender<()>) {
    if let Ok(mut slot) = LISTENER.lock() {
        *slot = Some(listener);
    }
}

/// A command that ends with us, run in the repository.
#[derive(Debug)]
pub(crate) struct Program(Command);

impl Program {
    /// The program of that name or path.
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(OURSELVES.get().expect("main prepares before anything else"));
        command.arg("supervise").arg("--").arg(program).current_dir(paths::root()).process_group(0).stdin(Stdio::piped());
        // What cargo told us about ourselves is not true of our children.
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR")
        {
            command.env_remove(name);
        }
        Self(command)
    }

    /// The cargo that started us.
    pub(crate) fn cargo() -> Self {
        Self::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    pub(crate) fn args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(mut self, arguments: I) -> Self {
        self.0.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.0.env_remove(name);
        self
    }

    pub(crate) fn folder(mut self, folder: &Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    /// These folders come before everything else on its PATH.
    pub(crate) fn path(self, folders: &[PathBuf]) -> Outcome<Self> {
        let old = env::var_os("PATH").unwrap_or_default();
        let all: OsString = env::join_paths(folders.iter().cloned().chain(env::split_paths(&old)))
            .map_err(|error| format!("a folder cannot be put on PATH: {error}"))?;
        Ok(self.env("PATH", all))
    }

    /// Runs it to its end; what it prints goes to stderr.
    pub(crate) fn run(self) -> Outcome {
        self.each_line(|line| eprintln!("{line}"))
    }

    /// Runs it to its end without a word, unless it fails.
    pub(crate) fn run_quietly(mut self) -> Outcome {
        self.0.stderr(Stdio::piped());
        let output = self.0.stdout(Stdio::piped()).spawn().and_then(keep_open_and_read).map_err(|error| self.cannot_start(&error))?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!(
            "{}\n{}{}",
            self.failed(output.status),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ))
    }

    /// Runs it to its end; every line it prints to stdout is handed on.
    pub(crate) fn each_line(mut self, mut hear: impl FnMut(&str)) -> Outcome {
        let mut child = self.0.stdout(Stdio::piped()).spawn().map_err(|error| self.cannot_start(&error))?;
        // Held until the end: closing it would end the child.
        let pipe = child.stdin.take();
        if let Some(stdout) = child.stdout.take() {
            let mut stdout = BufReader::new(stdout);
            let mut line = Vec::new();
            while stdout.read_until(b'\n', &mut line).is_ok_and(|bytes| bytes > 0) {
                hear(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
                line.clear();
            }
        }
        let status = child.wait().map_err(|error| self.cannot_start(&error))?;
        drop(pipe);
        if status.success() { Ok(()) } else { Err(self.failed(status)) }
    }

    /// Starts it and leaves it running; what it prints goes to the log.
    pub(crate) fn start(mut self, name: &'static str, log: &Path) -> Outcome<Server> {
        let file = File::create(log).map_err(|error| format!("cannot write {}: {error}", log.display()))?;
        let twin = file.try_clone().map_err(|error| format!("cannot write {}: {error}", log.display()))?;
        let child = self.0.stdout(file).stderr(twin).spawn().map_err(|error| self.cannot_start(&error))?;
        Ok(Server { name, child, log: log.to_owned() })
    }

    /// Starts it and leaves it running with our own output.
    pub(crate) fn start_in_sight(mut self, name: &'static str) -> Outcome<Server> {
        let child = self.0.spawn().map_err(|error| self.cannot_start(&error))?;
        Ok(Server { name, child, log: PathBuf::new() })
    }

    fn words(&self) -> String {
        self.0.get_args().skip(2).map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
    }

    fn failed(&self, status: ExitStatus) -> String {
        format!("`{}` failed ({status}).", self.words())
    }

    fn cannot_start(&self, error: &std::io::Error) -> String {
        format!("cannot run `{}`: {error}", self.words())
    }
}

fn keep_open_and_read(mut child: Child) -> std::io::Result<std::process::Output> {
    let pipe = child.stdin.take();
    let output = child.wait_with_output();
    drop(pipe);
    output
}

/// A program that runs beside us; it ends when this is dropped, or when we end in whatever way.
#[derive(Debug)]
pub(crate) struct Server {
    /// What to call it.
    pub(crate) name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Server {
    /// An error with the end of its log when it is not running any more.
    pub(crate) fn still_running(&mut self) -> Outcome {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            _ => Err(format!("the {} ended.{}", self.name, self.last_words())),
        }
    }

    /// The end of its log.
    pub(crate) fn last_words(&self) -> String {
        let Ok(text) = fs::read_to_string(&self.log) else { return String::new() };
        let lines: Vec<&str> = text.lines().collect();
        format!(" The end of {}:\n{}", self.log.display(), lines[lines.len().saturating_sub(20)..].join("\n"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // The supervisor ends the program in seconds at most; there is nothing to do about an error here.
        let _ = self.child.wait();
    }
}
