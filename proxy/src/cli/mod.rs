//! The commands of the binary.
//!
//! A command reads its arguments, calls the rooms and prints. Deliberately absent: anything that a
//! program which uses the library could want too.
//!
//! | file | command |
//! |---|---|
//! | `serve` | runs the server |
//! | `check_config` | says what is wrong with the settings |
//! | `config_help` | prints an annotated settings file |
//! | `token` | prints a token to try things out with |
//! | `doctor` | looks at everything a server needs |
//! | `healthcheck` | asks the running server whether it is ready |
//! | `backup` | copies the database while it is in use |
//! | `purge` | erases what is old |

mod backup;
mod check_config;
mod config_help;
mod doctor;
mod healthcheck;
mod purge;
mod serve;
mod token;

use crate::config::{Config, Retention};
use clap::{Parser, Subcommand, ValueEnum};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;

/// Lets visitors of a web site chat with AI twins without giving them the site's key.
#[derive(Debug, Parser)]
#[command(name = "twinchat-proxy", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// How logs are written; RUST_LOG chooses what is logged.
    #[arg(long, value_enum, global = true, default_value_t = LogFormat::Human)]
    log: LogFormat,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the server until it is told to stop (Ctrl-C or SIGTERM).
    Serve(serve::Arguments),
    /// Reads the settings and the secrets they name, says what is wrong with them, and ends.
    CheckConfig(check_config::Arguments),
    /// Prints an annotated settings file.
    ConfigHelp,
    /// Prints an access token for a user, or an identity token, to try things out with. The server may be running.
    Token(token::Arguments),
    /// Looks at the upstreams, the database, the addresses and the files, and says what to do.
    Doctor(doctor::Arguments),
    /// Asks the running server whether it is ready, for containers.
    Healthcheck(healthcheck::Arguments),
    /// Copies the database into a new file while the server runs.
    Backup(backup::Arguments),
    /// Erases what is old, as the running server does every hour.
    Purge(purge::Arguments),
}

/// Which settings a command works with.
#[derive(Debug, clap::Args)]
struct ConfigFile {
    /// The settings file; `config-help` prints one.
    #[arg(long, env = "TWINCHAT_CONFIG", default_value = "twinchat.toml")]
    config: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    /// One readable line per event.
    Human,
    /// One JSON object per line.
    Json,
}

/// Which database a command works with.
#[derive(Debug, clap::Args)]
struct Database {
    /// The database file. [default: `path` under [store] in the settings]
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
    #[command(flatten)]
    file: ConfigFile,
}

/// How a command ended: its exit code, or a sentence for the person who started it.
type Outcome = Result<ExitCode, String>;

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    start_logs(cli.log);
    run(cli.command).unwrap_or_else(|message| {
        eprintln!("twinchat-proxy: {message}");
        ExitCode::FAILURE
    })
}

fn run(command: Command) -> Outcome {
    match command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::CheckConfig(arguments) => check_config::run(&arguments),
        Command::ConfigHelp => config_help::run(),
        Command::Token(arguments) => token::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Healthcheck(arguments) => healthcheck::run(&arguments),
        Command::Backup(arguments) => backup::run(&arguments),
        Command::Purge(arguments) => purge::run(&arguments),
    }
}

impl ConfigFile {
    fn read(&self) -> Result<Config, String> {
        Config::load(&self.config, &environment).map_err(|error| error.to_string())
    }

    /// The settings; what the owner should look at goes to the log.
    fn load(&self) -> Result<Config, String> {
        let config = self.read()?;
        for warning in config.warnings() {
            tracing::warn!("{warning}");
        }
        Ok(config)
    }
}

impl Database {
    /// The file, and how long things are kept. Named by itself, no settings are read.
    fn find(&self) -> Result<(PathBuf, Retention), String> {
        match &self.database {
            Some(path) => Ok((path.clone(), Retention::default())),
            None => self.file.load().map(|config| (config.store.path, config.retention)),
        }
    }
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn runtime() -> Result<Runtime, String> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| error.to_string())
}

fn start_logs(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Human => logs.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => logs.json().flatten_event(true).init(),
    }
}
