//! What visitors send along, on disk in a folder beside the database, for as long as an answer may need it.
//!
//! A file comes in piece by piece and goes out piece by piece; none is ever whole in memory. Its content is for the
//! twin alone: there is no way to read one back. The database says which are needed (`message_file`) and which are
//! not any more (`file_to_remove`); what neither names was left behind by a process that was killed.
//! Deliberately absent: HTTP, and what files an owner lets through.
//!
//! | file | holds |
//! |---|---|
//! | `spool` | a file that is being received |
//! | `name` | names that do no harm |

mod name;
mod spool;
#[cfg(test)]
mod tests;

pub use name::harmless;
pub use spool::{Spool, SpoolError, Spooled};

use crate::clock::{Dice, random_id_part};
use crate::store::{Store, StoreError};
use crate::subject::Subject;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use twinchat_protocol::id::MessageId;

/// Removals at once.
const BATCH: u32 = 100;

/// A file to be sent on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name, made harmless.
    pub name: String,
    /// What it is.
    pub media_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// Where it is.
    pub path: PathBuf,
}

/// The folder. Cheap to clone.
#[derive(Clone)]
pub struct Files(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    store: Store,
    dice: Arc<dyn Dice>,
    /// The most bytes that all files may have together.
    most: u64,
    used: AtomicU64,
}

impl Files {
    /// The folder beside this database, which need not be there yet; `most`: bytes that all files may have together.
    pub fn beside(database: &Path, store: Store, dice: Arc<dyn Dice>, most: u64) -> Self {
        let folder = database.with_file_name(format!("{}.files", database.file_name().unwrap_or_default().to_string_lossy()));
        Self(Arc::new(Inner { folder, store, dice, most, used: AtomicU64::new(0) }))
    }

    /// Begins to receive a file.
    ///
    /// # Errors
    /// When the folder cannot be written to, or holds as much as it may.
    pub async fn receive(&self) -> Result<Spool, SpoolError> {
        make_private_folder(&self.0.folder).await?;
        Spool::begin(self.clone(), format!("file_{}", random_id_part(self.0.dice.as_ref()))).await
    }

    /// The files of a visitor's message, as long as they are all there.
    ///
    /// # Errors
    /// [`StoreError::FilesGone`] when they are not; [`StoreError::NotFound`], also when it is somebody else's.
    pub async fn of_message(&self, subject: &Subject, message: &MessageId) -> Result<Vec<Attachment>, StoreError> {
        let kept = self.0.store.files_of(subject, message).await?;
        let attach = |(file, stored): (twinchat_protocol::message::MessageFile, Option<String>)| {
            let path = self.0.folder.join(stored.ok_or(StoreError::FilesGone)?);
            Ok(Attachment { name: file.name, media_type: file.media_type, size: file.size, path })
        };
        kept.into_iter().map(attach).collect()
    }

    /// Removes what nobody needs any more. What cannot be removed is tried again the next time.
    pub async fn tidy(&self) {
        if let Err(error) = self.remove_unneeded().await {
            tracing::error!(%error, "files that are not needed any more could not be removed; it is tried again");
        }
    }

    async fn remove_unneeded(&self) -> Result<(), StoreError> {
        loop {
            let unneeded = self.0.store.files_to_remove(BATCH).await?;
            for stored in &unneeded {
                self.remove(stored).await?;
            }
            if !unneeded.is_empty() {
                self.0.store.files_removed(&unneeded).await?;
            }
            if unneeded.len() < BATCH as usize {
                return Ok(());
            }
        }
    }

    /// Removes what an earlier process left behind, and counts what is there. Called once, before the first request.
    ///
    /// # Errors
    /// When the folder cannot be read, or the store fails.
    pub async fn open(&self) -> Result<(), StoreError> {
        self.remove_unneeded().await?;
        let mut folder = match tokio::fs::read_dir(&self.0.folder).await {
            Ok(folder) => folder,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let needed = self.0.store.files_needed().await?;
        let mut left_behind = 0_u32;
        while let Some(entry) = folder.next_entry().await? {
            self.0.used.fetch_add(entry.metadata().await?.len(), Ordering::Relaxed);
            let name = entry.file_name().to_string_lossy().into_owned();
            if !needed.contains(&name) {
                self.remove(&name).await?;
                left_behind += 1;
            }
        }
        if left_behind > 0 {
            tracing::info!(left_behind, "removed files that were being received when the server last ended");
        }
        Ok(())
    }

    async fn remove(&self, stored: &str) -> std::io::Result<()> {
        let path = self.0.folder.join(stored);
        let size = tokio::fs::metadata(&path).await.map_or(0, |found| found.len());
        match tokio::fs::remove_file(&path).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => self.0.free(size),
        }
        Ok(())
    }
}

impl Inner {
    /// Takes room for so many bytes more.
    fn take(&self, bytes: u64) -> Result<(), SpoolError> {
        let room = |used: u64| used.checked_add(bytes).filter(|used| *used <= self.most);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room).map(drop).map_err(|_| SpoolError::Full)
    }

    fn free(&self, bytes: u64) {
        let _ = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| Some(used.saturating_sub(bytes)));
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").field("folder", &self.0.folder).finish_non_exhaustive()
    }
}

/// Readable by this user only.
async fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = tokio::fs::DirBuilder::new();
    #[cfg(unix)]
    builder.mode(0o700);
    builder.recursive(true).create(folder).await
}
