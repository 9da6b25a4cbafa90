use super::Outcome;
use crate::config;
use std::process::ExitCode;

pub(super) fn run() -> Outcome {
    print!("{}", config::help());
    Ok(ExitCode::SUCCESS)
}
