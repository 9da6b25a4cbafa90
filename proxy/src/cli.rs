//! The commands of the binary.

use crate::app::App;
use crate::clock::{SystemClock, SystemDice};
use crate::config::{self, Config};
use crate::http::serve;
use clap::{Parser, Subcommand, ValueEnum};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
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
    Serve(ConfigFile),
    /// Reads the settings and the secrets they name, says what is wrong with them, and ends.
    CheckConfig(ConfigFile),
    /// Prints an annotated settings file.
    ConfigHelp,
}

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

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    start_logs(cli.log);
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("twinchat-proxy: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), String> {
    match command {
        Command::ConfigHelp => {
            print!("{}", config::help());
            Ok(())
        }
        Command::CheckConfig(file) => {
            let config = load(&file)?;
            println!("{}: good, {} upstream(s)", file.config.display(), config.upstreams.len());
            Ok(())
        }
        Command::Serve(file) => {
            let config = load(&file)?;
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| error.to_string())?;
            runtime.block_on(run_server(config))
        }
    }
}

fn load(file: &ConfigFile) -> Result<Config, String> {
    let config = Config::load(&file.config, &|name| std::env::var(name).ok()).map_err(|error| error.to_string())?;
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    Ok(config)
}

async fn run_server(mut config: Config) -> Result<(), String> {
    let address = config.server.listen;
    let listener = TcpListener::bind(address).await.map_err(|error| format!("server.listen {address}: {error}"))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    config.server.complete(address);
    let urls = config.server.public_urls.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let app = App::build(config, Arc::new(SystemClock), Arc::new(SystemDice)).await.map_err(|error| error.to_string())?;
    tracing::info!("listening on {address}, reached as {urls}");
    serve(listener, app, told_to_stop()).await;
    tracing::info!("ended");
    Ok(())
}

async fn told_to_stop() {
    let interrupted = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending();
    tokio::select! {
        () = interrupted => {},
        () = terminated => {},
    }
    tracing::info!("told to stop: open streams are asked to end");
}

fn start_logs(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Human => logs.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => logs.json().flatten_event(true).init(),
    }
}
