use super::{ConfigFile, Outcome, environment};
use crate::config::Config;
use serde_json::json;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    /// Prints the result as one JSON object: `good`, `problems` (`line`, `field`, `message`), `warnings`.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let path = &arguments.file.config;
    let checked = Config::load(path, &environment);
    let warnings = checked.as_ref().map_or_else(|_| Vec::new(), Config::warnings);
    if arguments.json {
        let problems = checked.as_ref().err().map_or(&[][..], |error| &error.problems);
        println!("{}", json!({"file": path, "good": problems.is_empty(), "problems": problems, "warnings": warnings}));
        return Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    match checked {
        Ok(config) => {
            for warning in warnings {
                println!("{}: warning: {warning}", path.display());
            }
            println!("{}: good, {} upstream(s)", path.display(), config.upstreams.len());
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            eprintln!("{error}");
            let count = error.problems.len();
            Err(format!("{count} {} to correct in {}", if count == 1 { "mistake" } else { "mistakes" }, path.display()))
        }
    }
}
