use super::{Database, Outcome, runtime};
use crate::clock::{Clock, SystemClock, SystemDice};
use crate::config::Retention;
use crate::files::Files;
use crate::retention::old;
use crate::store::{Purged, Store, StoreError};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Erases conversations without a change for so many days. [default: `days` under [retention]; 0: none]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(..=36_500))]
    older_than: Option<u32>,
    /// Says what would be erased and erases nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    database: Database,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let (path, kept) = arguments.database.find()?;
    let path = &path;
    if !path.is_file() {
        return Err(format!("there is no database {}", path.display()));
    }
    let days = arguments.older_than.unwrap_or(kept.days);
    let purged = runtime()?
        .block_on(purge(path, &Retention { days, ..kept }, arguments.dry_run))
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let Purged { conversations, visitors, expired } = purged;
    let verb = if arguments.dry_run { "would be erased" } else { "erased" };
    println!("{verb}: {conversations} conversation(s), {visitors} visitor(s), {expired} expired record(s)");
    if days == 0 {
        println!("conversations are kept for ever; give --older-than DAYS, or set `days` under [retention]");
    }
    Ok(ExitCode::SUCCESS)
}

async fn purge(path: &Path, kept: &Retention, dry_run: bool) -> Result<Purged, StoreError> {
    let store = Store::open(path).await?;
    let old = old(kept, SystemClock.now_millis());
    let purged = if dry_run { store.would_purge(old).await } else { store.purge(old).await };
    if !dry_run {
        Files::beside(path, store.clone(), Arc::new(SystemDice), 0).tidy().await;
    }
    store.close().await;
    purged
}
