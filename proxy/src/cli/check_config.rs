use super::{ConfigFile, Outcome};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let config = arguments.file.load()?;
    println!("{}: good, {} upstream(s)", arguments.file.config.display(), config.upstreams.len());
    Ok(ExitCode::SUCCESS)
}
