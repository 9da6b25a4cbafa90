//! A copy of the database while it is in use.

use super::{Result, StoreError};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind};
use std::path::Path;
use std::time::Duration;

/// Writes all that is kept at one moment into a new file, readable by this user only. Servers go on
/// meanwhile. The file appears under its name when it is whole.
///
/// # Errors
/// When the target exists, when there is no database, when either cannot be read or written.
pub async fn backup(database: &Path, target: &Path) -> Result<()> {
    if !database.is_file() {
        return Err(Error::new(ErrorKind::NotFound, format!("there is no database {}", database.display())).into());
    }
    if target.exists() {
        return Err(exists(target).into());
    }
    let name = target.file_name().ok_or_else(|| Error::new(ErrorKind::InvalidInput, "the backup needs a file name"))?;
    let unfinished = target.with_file_name(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
    new_private_file(&unfinished)?;
    let copied = copy(database, &unfinished).await.and_then(|()| Ok(appear(&unfinished, target)?));
    let removed = std::fs::remove_file(&unfinished);
    copied?;
    Ok(removed?)
}

async fn copy(database: &Path, unfinished: &Path) -> Result<()> {
    let options = SqliteConnectOptions::new().filename(database).read_only(true).busy_timeout(Duration::from_secs(30));
    let mut connection = options.connect().await?;
    sqlx::query("VACUUM INTO ?").bind(unfinished.to_string_lossy().as_ref()).execute(&mut connection).await?;
    connection.close().await?;
    let mut written = SqliteConnectOptions::new().filename(unfinished).read_only(true).connect().await?;
    let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut written).await?;
    written.close().await?;
    if verdict == "ok" {
        Ok(())
    } else {
        Err(StoreError::File(Error::new(ErrorKind::InvalidData, format!("the copy is damaged: {verdict}"))))
    }
}

/// Gives the whole file its name, unless that was taken meanwhile.
fn appear(unfinished: &Path, target: &Path) -> std::io::Result<()> {
    File::open(unfinished)?.sync_all()?;
    std::fs::hard_link(unfinished, target).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => exists(target),
        _ => error,
    })?;
    match target.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn exists(target: &Path) -> Error {
    Error::new(ErrorKind::AlreadyExists, format!("{} exists and is not overwritten; name another file", target.display()))
}

fn new_private_file(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ())
}
