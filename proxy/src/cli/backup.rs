use super::{Database, Outcome, runtime};
use crate::store::backup;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The file to write; it must not exist.
    target: PathBuf,
    #[command(flatten)]
    database: Database,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let Arguments { target, database } = arguments;
    let (path, _) = database.find()?;
    runtime()?.block_on(backup(&path, target)).map_err(|error| format!("no backup was made: {error}"))?;
    let bytes = std::fs::metadata(target).map_err(|error| format!("{}: {error}", target.display()))?.len();
    println!("{}: {bytes} bytes; it holds all conversations and the key that signs tokens, so keep it secret", target.display());
    Ok(ExitCode::SUCCESS)
}
