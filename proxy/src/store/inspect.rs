use super::Result;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use std::path::Path;
use std::time::Duration;

/// What a database looks like from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inspection {
    /// The size of the file.
    pub bytes: u64,
    /// How many conversations it holds.
    pub conversations: i64,
}

/// Looks at a database without changing it, also while a server uses it: that it can be read, and
/// that the right to write can be had.
///
/// # Errors
/// When either is not so.
pub async fn inspect(path: &Path) -> Result<Inspection> {
    let bytes = std::fs::metadata(path)?.len();
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(5));
    let mut connection = options.connect().await?;
    let transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    transaction.rollback().await?;
    let conversations = sqlx::query_scalar("SELECT count(*) FROM conversation").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(Inspection { bytes, conversations })
}
