//! Changes of messages that had ended, as events of their conversation. Such an event is numbered after the last
//! message's, so that every reader who has seen all of the conversation has not seen it.

use super::rows::{MESSAGE_COLUMNS, MessageRow};
use super::{Result, Store};
use crate::subject::Subject;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow, Row, Sqlite, Transaction};
use twinchat_protocol::id::{ConversationId, EventId};
use twinchat_protocol::message::Message;

/// The most changes told at once.
const MOST: u32 = 200;

impl Store {
    /// What was changed after this event, each message as it is now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn changes(&self, subject: &Subject, conversation: &ConversationId, after: EventId) -> Result<Vec<(EventId, Message)>> {
        let mut reading = self.readers.acquire().await?;
        let query = format!(
            "SELECT {MESSAGE_COLUMNS}, h.ordinal AS at_ordinal, h.seq AS at_seq FROM message_change h JOIN message m ON m.id = h.message_id \
             JOIN conversation c ON c.id = h.conversation_id WHERE c.id = ? AND c.visitor_id = ? AND (h.ordinal, h.seq) > (?, ?) \
             ORDER BY h.ordinal, h.seq LIMIT ?"
        );
        let rows: Vec<SqliteRow> = sqlx::query(AssertSqlSafe(query))
            .bind(conversation.as_str())
            .bind(subject.as_str())
            .bind(after.ordinal)
            .bind(after.seq)
            .bind(MOST)
            .fetch_all(&mut *reading)
            .await?;
        let read = |row: &SqliteRow| {
            let at = EventId { ordinal: row.try_get("at_ordinal")?, seq: row.try_get("at_seq")? };
            Ok((at, MessageRow::from_row(row)?.0))
        };
        Ok(rows.iter().map(read).collect::<sqlx::Result<_>>()?)
    }
}

/// Numbers a change of this message. Not while the last message is being written: its events have those numbers.
pub(super) async fn keep_change(
    transaction: &mut Transaction<'_, Sqlite>,
    (subject, conversation): (&Subject, &ConversationId),
    message: &str,
) -> Result<bool> {
    let kept = sqlx::query(
        "INSERT INTO message_change (conversation_id, ordinal, seq, message_id) \
         SELECT c.id, l.ordinal, 1 + max(l.last_seq, coalesce((SELECT max(h.seq) FROM message_change h \
         WHERE h.conversation_id = c.id AND h.ordinal = l.ordinal), 0)), ?1 \
         FROM conversation c JOIN message l ON l.conversation_id = c.id AND l.ordinal = c.message_count \
         WHERE c.id = ?2 AND c.visitor_id = ?3 AND l.status <> 'streaming'",
    )
    .bind(message)
    .bind(conversation.as_str())
    .bind(subject.as_str())
    .execute(&mut **transaction)
    .await?;
    Ok(kept.rows_affected() == 1)
}
