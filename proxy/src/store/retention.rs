//! What is erased because it is old or because its visitor wishes it, so that it cannot be read out of the file either.

use super::files::{expire_files, expired_files};
use super::{Result, Store};
use crate::clock::rfc3339;
use crate::subject::Subject;
use sqlx::{AssertSqlSafe, Row};
use twinchat_protocol::id::ConversationId;

/// Conversations erased at once; visitors' writes come in between.
const BATCH: u32 = 200;
/// Tables whose rows say themselves until when they are needed, in `expires_at`.
pub const EXPIRING: &[&str] = &["idempotency", "revoked_token", "revoked_visitor", "used_identity_token"];

/// What was erased because it was old, or would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purged {
    /// Conversations, with their messages.
    pub conversations: u64,
    /// Visitors of whom nothing else was kept.
    pub visitors: u64,
    /// Idempotency keys, revocations, files kept for a retry and the like that had expired.
    pub expired: u64,
}

impl Purged {
    /// Whether there was nothing.
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// What is old.
#[derive(Debug, Clone, Copy)]
pub struct Old {
    /// Milliseconds since 1970.
    pub now: i64,
    /// Conversations without a change since then are erased; none are without it.
    pub unchanged_since: Option<i64>,
    /// Files of messages from before then are not kept for a retry any longer.
    pub files_before: i64,
}

impl Store {
    /// Erases what is old, a part at a time. Conversations with a reply being written stay.
    ///
    /// # Errors
    /// When the database fails; what was erased until then is erased.
    pub async fn purge(&self, old: Old) -> Result<Purged> {
        let mut purged = Purged::default();
        for table in EXPIRING {
            let mut transaction = self.write().await?;
            let query = format!("DELETE FROM {table} WHERE expires_at <= ?");
            purged.expired += sqlx::query(AssertSqlSafe(query)).bind(rfc3339(old.now)).execute(&mut *transaction).await?.rows_affected();
            transaction.commit().await?;
        }
        let mut transaction = self.write().await?;
        purged.expired += expire_files(&mut transaction, &rfc3339(old.files_before)).await?;
        transaction.commit().await?;
        if let Some(since) = old.unchanged_since.map(rfc3339) {
            loop {
                let mut transaction = self.write().await?;
                let erased = sqlx::query(
                    "DELETE FROM conversation WHERE id IN (SELECT c.id FROM conversation c WHERE c.updated_at < ? AND NOT EXISTS \
                     (SELECT 1 FROM message m WHERE m.conversation_id = c.id AND m.status = 'streaming') LIMIT ?)",
                )
                .bind(&since)
                .bind(BATCH)
                .execute(&mut *transaction)
                .await?
                .rows_affected();
                transaction.commit().await?;
                purged.conversations += erased;
                if erased < u64::from(BATCH) {
                    break;
                }
            }
            let mut transaction = self.write().await?;
            purged.visitors = sqlx::query(
                "DELETE FROM visitor WHERE created_at < ? AND NOT EXISTS (SELECT 1 FROM conversation c WHERE c.visitor_id = visitor.id)",
            )
            .bind(&since)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
            transaction.commit().await?;
        }
        if !purged.is_empty() {
            self.scrub().await?;
        }
        Ok(purged)
    }

    /// What [`Store::purge`] would erase now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn would_purge(&self, old: Old) -> Result<Purged> {
        let mut reading = self.readers.begin().await?;
        let mut purged = Purged::default();
        for table in EXPIRING {
            let query = format!("SELECT count(*) FROM {table} WHERE expires_at <= ?");
            let count: i64 = sqlx::query_scalar(AssertSqlSafe(query)).bind(rfc3339(old.now)).fetch_one(&mut *reading).await?;
            purged.expired += count.unsigned_abs();
        }
        purged.expired += expired_files(&mut reading, &rfc3339(old.files_before)).await?;
        if let Some(since) = old.unchanged_since.map(rfc3339) {
            let row = sqlx::query(
                "WITH old AS (SELECT c.id, c.visitor_id FROM conversation c WHERE c.updated_at < ?1 AND NOT EXISTS \
                 (SELECT 1 FROM message m WHERE m.conversation_id = c.id AND m.status = 'streaming')) \
                 SELECT (SELECT count(*) FROM old), (SELECT count(*) FROM visitor v WHERE v.created_at < ?1 AND NOT EXISTS \
                 (SELECT 1 FROM conversation c WHERE c.visitor_id = v.id AND c.id NOT IN (SELECT id FROM old)))",
            )
            .bind(&since)
            .fetch_one(&mut *reading)
            .await?;
            purged.conversations = row.try_get::<i64, _>(0)?.unsigned_abs();
            purged.visitors = row.try_get::<i64, _>(1)?.unsigned_abs();
        }
        Ok(purged)
    }

    /// Erases everything of the visitor's; gives the conversations that there were.
    ///
    /// # Errors
    /// When the database fails; then nothing is erased.
    pub async fn erase_visitor(&self, subject: &Subject) -> Result<Vec<ConversationId>> {
        let mut transaction = self.write().await?;
        let erased: Vec<String> = sqlx::query_scalar("DELETE FROM conversation WHERE visitor_id = ? RETURNING id")
            .bind(subject.as_str())
            .fetch_all(&mut *transaction)
            .await?;
        sqlx::query("DELETE FROM visitor_link WHERE anonymous_id = ?").bind(subject.as_str()).execute(&mut *transaction).await?;
        // Whatever else is a visitor's refers to this row.
        sqlx::query("DELETE FROM visitor WHERE id = ?").bind(subject.as_str()).execute(&mut *transaction).await?;
        transaction.commit().await?;
        self.scrub().await?;
        Ok(erased.iter().filter_map(|id| ConversationId::parse(id).ok()).collect())
    }

    /// Makes what was erased unreadable in the files too. What is freed in the database file is
    /// overwritten (`secure_delete`); this moves that there and empties the write-ahead log.
    ///
    /// # Errors
    /// When the database fails. Readers that hold it up are no error: the next one gets further.
    pub(super) async fn scrub(&self) -> Result<()> {
        let (busy, _, _): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&self.writer).await?;
        if busy != 0 {
            tracing::warn!("what was erased is still in the write-ahead log, since somebody is reading; it goes with the next checkpoint");
        }
        Ok(())
    }
}
