//! What is kept: conversations, messages and the proxy's own secrets, in one SQLite file.
//!
//! The only room with SQL. Whatever belongs to a visitor is read and written through a
//! [`Subject`](crate::subject::Subject); there is no function without one, and somebody else's id behaves as one that
//! does not exist. Deliberately absent: streams, HTTP, upstream credentials, a clock: times are handed in as
//! milliseconds since 1970.
//!
//! Several statements in one text share its numbered values. Of the numbers up to a statement's highest, few may be
//! missing: sqlx binds the values in their order to those, and stops when there are no more.
//!
//! | file | holds |
//! |---|---|
//! | `credentials` | the signing key, revoked tokens, used identity tokens |
//! | `link` | which user an anonymous visitor became |
//! | `conversations` | list, create, rename, delete |
//! | `idempotency` | what was said before with a key |
//! | `ledgers` | what was spent of upstream keys' budgets |
//! | `messages` | history, feedback |
//! | `new_row` | a message's first row |
//! | `replies` | a send, a retry, and how a reply grows and ends |
//! | `route` | where a conversation's answers are asked for |
//! | `rooms` | threads of people: which part of one is whose, and what was said in it |
//! | `changes` | messages that changed after their end |
//! | `retention` | what is erased, so that it is gone from the file |
//! | `said` | what was said, to be reminded of it or to find it |
//! | `files` | what was sent with messages, and which contents are still needed |
//! | `export` | everything of a visitor, a page at a time |
//! | `backup`, `inspect` | a copy, or a look, while it is in use |
//! | `rows` | SQL rows to wire types |
//! | `text` | titles, excerpts, folding for search |

mod backup;
mod changes;
mod conversations;
mod credentials;
mod export;
mod files;
mod idempotency;
mod inspect;
mod ledgers;
mod link;
mod messages;
mod new_row;
mod replies;
mod retention;
mod rooms;
mod route;
mod rows;
mod said;
#[cfg(test)]
mod tests;
mod text;
#[cfg(test)]
mod trouble;

pub use backup::backup;
pub use conversations::{ConversationQuery, NewConversation, TwinRef};
pub use files::NewFile;
pub use inspect::{Inspection, inspect};
pub use ledgers::{LedgerChange, LedgerRequest, SavedLedger};
pub use messages::{MessagePage, PageAt};
pub(crate) use replies::SEQ_LEAP;
pub use replies::{Begun, Ended, Ending, Exchange, NewSend, SoFar};
pub use retention::{EXPIRING, Old, Purged};
pub use rooms::{Heard, Lease, Lent, RoomPlace, RoomPool, RoomWord};
pub use route::Route;
pub use said::{MessageQuery, Part};

use crate::clock::rfc3339;
use crate::metrics;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous};
use sqlx::{Execute, Sqlite, SqlitePool, Transaction};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long a write waits for somebody else's lock, and for its turn. Together less than what a
/// visitor waits for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many connections read at once. Writes have one connection of their own.
const READERS: u32 = 4;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such thing, or it is somebody else's.
    #[error("not found")]
    NotFound,
    /// A reply is being written in this conversation.
    #[error("a reply is being written in this conversation")]
    ReplyInProgress,
    /// The visitor has as many replies being written as allowed.
    #[error("too many replies are being written for this visitor")]
    TooManyReplies,
    /// The idempotency key was used with another body.
    #[error("the idempotency key was used with another body")]
    IdempotencyMismatch,
    /// What is to be answered is not a message of this conversation.
    #[error("what is to be answered is not a message of this conversation")]
    NotQuotable,
    /// Only the last reply can be asked for again, and only when it did not end well.
    #[error("this message cannot be answered again")]
    NotRetryable,
    /// What was sent with the message is not there any more, so that it cannot be answered again.
    #[error("the message's files are not kept any more")]
    FilesGone,
    /// The upstream's conversation belongs, or belonged, to another conversation of ours.
    #[error("the upstream's conversation belongs to another conversation already")]
    UpstreamConversationTaken,
    /// The anonymous visitor became another user before.
    #[error("the anonymous visitor became another user before")]
    LinkedElsewhere,
    /// The database failed: locked, full, gone or damaged.
    #[error("the database failed: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// The file was removed or replaced while it is open.
    #[error("the database file was removed or replaced while the server runs: put it in place and start the server again")]
    Gone,
    /// The database's tables could not be brought up to date.
    #[error("the database could not be migrated: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The file could not be made.
    #[error("the database file could not be made: {0}")]
    File(#[from] std::io::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        metrics::STORE_ERRORS.count([]);
        Self::Unavailable(error)
    }
}

type Result<T> = std::result::Result<T, StoreError>;

/// The store. Cheap to clone: clones share the connections.
#[derive(Debug, Clone)]
pub struct Store {
    writer: SqlitePool,
    readers: SqlitePool,
    file: Arc<DatabaseFile>,
}

impl Store {
    /// Opens the database file, makes it (readable by its owner only) if it is not there, and
    /// brings its tables up to date.
    ///
    /// # Errors
    /// When the file cannot be made, opened or migrated.
    pub async fn open(path: &Path) -> Result<Self> {
        make_private_file(path)?;
        let file = Arc::new(DatabaseFile::at(path)?);
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(PATIENCE)
            .foreign_keys(true)
            // What is freed is overwritten: FAST would leave whole pages as they were.
            .pragma("secure_delete", "ON");
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .acquire_timeout(2 * PATIENCE)
            // A connection to a file is not lost unseen; asking each time whether it is there would cost as much as a statement.
            .test_before_acquire(false)
            .connect_with(options.clone())
            .await?;
        sqlx::migrate!("migrations/sqlite").run(&writer).await?;
        let readers =
            SqlitePoolOptions::new().max_connections(READERS).test_before_acquire(false).connect_with(options.read_only(true)).await?;
        Ok(Self { writer, readers, file })
    }

    /// Whether the database takes a write, for readiness checks: it makes one.
    ///
    /// # Errors
    /// When it does not.
    pub async fn check(&self, now_millis: i64) -> Result<()> {
        let mut transaction = self.write().await?;
        sqlx::query("UPDATE health SET checked_at = ?").bind(rfc3339(now_millis)).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Finishes what is under way and closes the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// A transaction that holds the write lock from its start, so that it cannot fail half-way for it.
    async fn write(&self) -> Result<Transaction<'static, Sqlite>> {
        self.file.check()?;
        match self.begin().await {
            // SQLite rolls back by itself when the disk is full or fails, and sqlx then counts one
            // transaction too many for ever: another connection is needed.
            Err(sqlx::Error::InvalidSavePointStatement) => {
                self.writer.acquire().await?.close().await?;
                Ok(self.begin().await?)
            }
            begun => Ok(begun?),
        }
    }

    /// Some statements, from `BEGIN IMMEDIATE` to `COMMIT` in one text, all or nothing: each for itself, and the two around
    /// them, would be a trip to another thread and back. Gives all rows.
    ///
    /// Goes through even if the caller does not wait: who comes next must not find half of it on the connection.
    async fn write_at_once(&self, mut query: Query<'_, Sqlite, SqliteArguments>) -> Result<Vec<SqliteRow>> {
        self.file.check()?;
        #[cfg(test)]
        trouble::make(self).await;
        let arguments = query.take_arguments().map_err(sqlx::Error::Encode)?.unwrap_or_default();
        let (writer, text) = (self.writer.clone(), query.sql());
        let writing = tokio::spawn(async move {
            let mut connection = writer.acquire().await?;
            let written = sqlx::query_with(text, arguments).fetch_all(&mut *connection).await;
            // Where SQLite has rolled back by itself, this fails, and another connection does no harm.
            if written.is_err() && sqlx::query("ROLLBACK").execute(&mut *connection).await.is_err() {
                connection.close().await?;
            }
            written
        });
        Ok(writing.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?)
    }

    async fn begin(&self) -> sqlx::Result<Transaction<'static, Sqlite>> {
        #[cfg(test)]
        trouble::make(self).await;
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }
}

/// The file that was opened. SQLite would go on writing into one that has no name any more, and all of
/// it would be gone with the process.
#[derive(Debug)]
struct DatabaseFile {
    path: PathBuf,
    #[cfg(unix)]
    identity: (u64, u64),
}

impl DatabaseFile {
    fn at(path: &Path) -> std::io::Result<Self> {
        #[cfg(unix)]
        let identity = identity(path)?;
        Ok(Self {
            path: path.to_owned(),
            #[cfg(unix)]
            identity,
        })
    }

    /// Whether it is still what is found under its name.
    fn check(&self) -> Result<()> {
        #[cfg(unix)]
        let same = identity(&self.path).is_ok_and(|found| found == self.identity);
        #[cfg(not(unix))]
        let same = self.path.exists();
        if same { Ok(()) } else { Err(StoreError::Gone) }
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> std::io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).map(|found| (found.dev(), found.ino()))
}

/// SQLite gives its `-wal` and `-shm` files the mode of the database file.
fn make_private_file(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ())
}
