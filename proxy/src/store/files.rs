use super::link::USER_OF_1;
use super::{Result, Store, StoreError};
use crate::subject::Subject;
use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection, Transaction};
use std::collections::HashSet;
use twinchat_protocol::id::MessageId;
use twinchat_protocol::message::MessageFile;

/// A file to keep with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// What stays.
    pub file: MessageFile,
    /// The name of its content in the folder.
    pub stored: String,
}

/// A content is needed while its message is being answered, or can be asked again: its reply did not end well and
/// is the conversation's last message.
const IS_NEEDED: &str = "EXISTS (SELECT 1 FROM message q JOIN conversation c ON c.id = q.conversation_id \
     JOIN message r ON r.conversation_id = q.conversation_id AND r.ordinal = q.ordinal + 1 \
     WHERE q.id = message_file.message_id AND r.status <> 'complete' AND (r.status = 'streaming' OR r.ordinal = c.message_count))";

impl Store {
    /// The files of a message that this visitor sent, whoever's it is by now, each with the name of its content in the
    /// folder; none once that is not needed any more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn files_of(&self, subject: &Subject, message: &MessageId) -> Result<Vec<(MessageFile, Option<String>)>> {
        let mut reading = self.readers.acquire().await?;
        files_in(&mut reading, subject, message).await
    }

    /// Names of contents that are to be removed from the folder, so many at most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn files_to_remove(&self, limit: u32) -> Result<Vec<String>> {
        let mut reading = self.readers.acquire().await?;
        Ok(sqlx::query_scalar("SELECT stored FROM file_to_remove LIMIT ?").bind(limit).fetch_all(&mut *reading).await?)
    }

    /// Notes that these contents are gone.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn files_removed(&self, removed: &[String]) -> Result<()> {
        let mut transaction = self.write().await?;
        for stored in removed {
            sqlx::query("DELETE FROM file_to_remove WHERE stored = ?").bind(stored).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The names of all contents that are needed. Gives nothing of anybody's away.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn files_needed(&self) -> Result<HashSet<String>> {
        let mut reading = self.readers.acquire().await?;
        let needed: Vec<String> =
            sqlx::query_scalar("SELECT stored FROM message_file WHERE stored IS NOT NULL").fetch_all(&mut *reading).await?;
        Ok(needed.into_iter().collect())
    }
}

pub(super) async fn insert_files(
    transaction: &mut Transaction<'_, Sqlite>,
    subject: &Subject,
    message: &MessageId,
    files: &[NewFile],
) -> Result<()> {
    for (position, NewFile { file, stored }) in files.iter().enumerate() {
        let insert = sqlx::query(
            "INSERT INTO message_file (message_id, position, name, media_type, size, stored) \
             SELECT m.id, ?, ?, ?, ?, ? FROM message m JOIN conversation c ON c.id = m.conversation_id WHERE m.id = ? AND c.visitor_id = ?",
        );
        insert
            .bind(i64::try_from(position).unwrap_or(i64::MAX))
            .bind(&file.name)
            .bind(&file.media_type)
            .bind(i64::try_from(file.size).unwrap_or(i64::MAX))
            .bind(stored)
            .bind(message.as_str())
            .bind(subject.as_str())
            .execute(&mut **transaction)
            .await?;
    }
    Ok(())
}

/// Lets go of the contents of a conversation that are not needed any more: a statement in which `?1` is the visitor,
/// and this the conversation. Begins with the contents that are still kept (`stored >= ''` has an index), which are few,
/// and not with the conversation's messages, which may be many.
pub(super) fn release_files(conversation: &str) -> String {
    format!(
        "UPDATE message_file SET stored = NULL WHERE stored >= '' \
         AND EXISTS (SELECT 1 FROM message m JOIN conversation c ON c.id = m.conversation_id WHERE m.id = message_file.message_id \
         AND c.id = {conversation} AND (c.visitor_id = ?1 OR c.visitor_id = {USER_OF_1})) AND NOT {IS_NEEDED};"
    )
}

/// Contents of messages from before then (RFC 3339), but for those that are being answered.
const IS_OLD: &str = "stored IS NOT NULL AND EXISTS (SELECT 1 FROM message q WHERE q.id = message_id AND q.created_at < ? \
     AND NOT EXISTS (SELECT 1 FROM message r WHERE r.conversation_id = q.conversation_id AND r.status = 'streaming'))";

/// Lets go of contents from before then (RFC 3339), unless they are being sent. Says how many.
pub(super) async fn expire_files(transaction: &mut Transaction<'_, Sqlite>, before: &str) -> Result<u64> {
    let query = format!("UPDATE message_file SET stored = NULL WHERE {IS_OLD}");
    Ok(sqlx::query(AssertSqlSafe(query)).bind(before).execute(&mut **transaction).await?.rows_affected())
}

/// How many [`expire_files`] would let go of.
pub(super) async fn expired_files(reading: &mut Transaction<'_, Sqlite>, before: &str) -> Result<u64> {
    let query = format!("SELECT count(*) FROM message_file WHERE {IS_OLD}");
    let count: i64 = sqlx::query_scalar(AssertSqlSafe(query)).bind(before).fetch_one(&mut **reading).await?;
    Ok(count.unsigned_abs())
}

/// Whether all that was sent with a message is still there.
///
/// # Errors
/// [`StoreError::FilesGone`] when it is not.
pub(super) async fn check_files(transaction: &mut Transaction<'_, Sqlite>, subject: &Subject, message: &MessageId) -> Result<()> {
    let files = files_in(transaction, subject, message).await?;
    if files.iter().all(|(_, stored)| stored.is_some()) { Ok(()) } else { Err(StoreError::FilesGone) }
}

async fn files_in(connection: &mut SqliteConnection, subject: &Subject, message: &MessageId) -> Result<Vec<(MessageFile, Option<String>)>> {
    let query = format!(
        "SELECT f.name, f.media_type, f.size, f.stored FROM message_file f JOIN message m ON m.id = f.message_id \
         JOIN conversation c ON c.id = m.conversation_id \
         WHERE m.id = ?2 AND (c.visitor_id = ?1 OR c.visitor_id = {USER_OF_1}) ORDER BY f.position"
    );
    let rows: Vec<(String, String, i64, Option<String>)> =
        sqlx::query_as(AssertSqlSafe(query)).bind(subject.as_str()).bind(message.as_str()).fetch_all(&mut *connection).await?;
    let file = |(name, media_type, size, stored): (String, String, i64, Option<String>)| {
        (MessageFile { name, media_type, size: size.unsigned_abs() }, stored)
    };
    Ok(rows.into_iter().map(file).collect())
}
