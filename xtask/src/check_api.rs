//! `cargo xtask check-api`: what `/openapi.json` says, held against the running proxy by Schemathesis.

use crate::process::Program;
use crate::servers::{Grants, Plan, Ports, Servers, visitor_token};
use crate::{Outcome, paths, say};
use clap::Args;
use std::path::PathBuf;

/// The version whose checks the document is known to pass, with everything it needs: another one would try other things.
const PINNED: &str = include_str!("../schemathesis.txt");

#[derive(Debug, Args)]
pub(crate) struct CheckApi {
    /// Decides what is tried.
    #[arg(long, default_value_t = Self::default().seed)]
    seed: u32,
    /// How much is tried: the most requests per operation and phase.
    #[arg(long, default_value_t = Self::default().examples)]
    examples: u32,
}

impl Default for CheckApi {
    fn default() -> Self {
        Self { seed: 1, examples: 10 }
    }
}

impl CheckApi {
    pub(crate) fn run(self) -> Outcome {
        let schemathesis = installed()?;
        let folder = paths::scratch("check-api")?;
        let ports = Ports::choose(None)?;
        // An old database would hold what an earlier run has made.
        for file in ["twinchat.db", "twinchat.db-wal", "twinchat.db-shm"] {
            let _ = std::fs::remove_file(folder.join(file));
        }
        let plan = Plan {
            ports,
            folder: &folder,
            built: None,
            release: false,
            pages: Vec::new(),
            grants: Grants::Unlimited,
            stranger: false,
            settings: String::new(),
        };
        let servers = Servers::start(&plan)?;
        let proxy = servers.addresses["proxy"].as_str().unwrap_or_default().to_owned();
        let token = visitor_token(ports)?;
        say::step("checking the API against its document (1 to 2 minutes)");
        Program::new(schemathesis)
            .args(["--config-file"])
            .args([paths::root().join("xtask/schemathesis.toml")])
            .args(["run", &format!("{proxy}/openapi.json")])
            .args(["--checks", "all", "--seed", &self.seed.to_string(), "--max-examples", &self.examples.to_string()])
            .args(["--request-timeout", "10", "--continue-on-failure"])
            // Not among the arguments, which are repeated when it fails.
            .env("TWINCHAT_TOKEN", token)
            .env("NO_COLOR", "1")
            // Its own files go there too.
            .folder(&folder)
            .run()
    }
}

/// Schemathesis in a virtual environment of its own, made if need be.
fn installed() -> Outcome<PathBuf> {
    if paths::on_path("python3").is_none() {
        return Err("there is no python3, which Schemathesis needs: `apt-get install python3-venv`.".to_owned());
    }
    let home = paths::scratch("schemathesis")?;
    let program = home.join("bin/schemathesis");
    let stamp = home.join("pinned.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == PINNED) {
        return Ok(program);
    }
    say::step("installing Schemathesis from PyPI into target/ (about 30 seconds, once)");
    Program::new("python3")
        .args(["-m", "venv", "--clear"])
        .args([&home])
        .run_quietly()
        .map_err(|error| format!("{error}\nDebian keeps venv apart: `apt-get install python3-venv`."))?;
    Program::new(home.join("bin/python"))
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .args([paths::root().join("xtask/schemathesis.txt")])
        .run_quietly()
        .map_err(|error| format!("{error}\nIs pypi.org within reach?"))?;
    std::fs::write(&stamp, PINNED).map_err(|error| format!("cannot write {}: {error}", stamp.display()))?;
    Ok(program)
}
