use super::Files;
use crate::clock::base32_lower;
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt;

/// Why a file could not be taken in.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// All files together have as many bytes as they may.
    #[error("the files of all visitors together have as many bytes as they may (limits.files_total_bytes)")]
    Full,
    /// The disk would not have it.
    #[error("a file could not be written: {0}")]
    Disk(#[from] std::io::Error),
}

/// A file that is being received. Dropped before its end, it is removed.
#[derive(Debug)]
pub struct Spool {
    file: File,
    digest: Sha256,
    spooled: Spooled,
}

impl Spool {
    pub(super) async fn begin(files: Files, stored: String) -> Result<Self, SpoolError> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        options.mode(0o600);
        let file = options.open(files.0.folder.join(&stored)).await?;
        let spooled = Spooled { files, stored, size: 0, digest: String::new(), is_kept: AtomicBool::new(false) };
        Ok(Self { file, digest: Sha256::new(), spooled })
    }

    /// Adds a piece.
    ///
    /// # Errors
    /// When there is no room for it.
    pub async fn write(&mut self, piece: &[u8]) -> Result<(), SpoolError> {
        let bytes = piece.len() as u64;
        self.spooled.files.0.take(bytes)?;
        self.spooled.size += bytes;
        self.digest.update(piece);
        Ok(self.file.write_all(piece).await?)
    }

    /// So many bytes have come.
    pub fn size(&self) -> u64 {
        self.spooled.size
    }

    /// The file is whole.
    ///
    /// # Errors
    /// When its end could not be written.
    pub async fn finish(mut self) -> Result<Spooled, SpoolError> {
        self.file.flush().await?;
        self.spooled.digest = base32_lower(&self.digest.finalize());
        Ok(self.spooled)
    }
}

/// A file that was received. Unless it is kept, it is removed when this is dropped.
#[derive(Debug)]
pub struct Spooled {
    files: Files,
    stored: String,
    size: u64,
    digest: String,
    is_kept: AtomicBool,
}

impl Spooled {
    /// Its name in the folder, which says nothing.
    pub fn stored(&self) -> &str {
        &self.stored
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The SHA-256 of its content, in base32.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// From now on the database says how long it is needed.
    pub fn keep(&self) {
        self.is_kept.store(true, Ordering::Relaxed);
    }
}

impl Drop for Spooled {
    fn drop(&mut self) {
        if self.is_kept.load(Ordering::Relaxed) {
            return;
        }
        let inner = &self.files.0;
        inner.free(self.size);
        if let Err(error) = std::fs::remove_file(inner.folder.join(&self.stored)) {
            tracing::warn!(%error, "a file that was not taken could not be removed; the next start does");
        }
    }
}
