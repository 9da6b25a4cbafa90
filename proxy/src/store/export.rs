use super::rows::{CONVERSATION_COLUMNS, ConversationRow};
use super::{Result, Store};
use crate::subject::Subject;
use sqlx::AssertSqlSafe;
use twinchat_protocol::conversation::Conversation;
use twinchat_protocol::id::ConversationId;

impl Store {
    /// When the visitor was first stored, RFC 3339; none before the first conversation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn visitor_since(&self, subject: &Subject) -> Result<Option<String>> {
        let mut reading = self.readers.begin().await?;
        let since = sqlx::query_scalar("SELECT created_at FROM visitor WHERE id = ?").bind(subject.as_str());
        Ok(since.fetch_optional(&mut *reading).await?)
    }

    /// The visitor's conversations in the order of their ids, which never changes, after this one:
    /// for reading all of them a page at a time while others come and go.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn conversations_after(&self, subject: &Subject, after: Option<&ConversationId>, limit: u32) -> Result<Vec<Conversation>> {
        let mut reading = self.readers.begin().await?;
        let page = format!("SELECT {CONVERSATION_COLUMNS} FROM conversation c WHERE c.visitor_id = ? AND c.id > ? ORDER BY c.id LIMIT ?");
        let rows: Vec<ConversationRow> = sqlx::query_as(AssertSqlSafe(page))
            .bind(subject.as_str())
            .bind(after.map_or("", ConversationId::as_str))
            .bind(limit)
            .fetch_all(&mut *reading)
            .await?;
        Ok(rows.into_iter().map(|row| row.0).collect())
    }
}
