use super::rows::{MESSAGE_COLUMNS, MessageRow, feedback_name};
use super::{Result, Store, StoreError};
use crate::subject::Subject;
use sqlx::{AssertSqlSafe, SqliteConnection};
use twinchat_protocol::id::{ConversationId, MessageId};
use twinchat_protocol::message::{Feedback, Message};

/// Where a page of messages lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageAt {
    /// The newest ones.
    End,
    /// The newest ones before this ordinal.
    Before(u32),
    /// The oldest ones after this ordinal.
    After(u32),
}

/// Messages of one conversation, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessagePage {
    /// In the order in which they were said.
    pub messages: Vec<Message>,
    /// Whether there are older ones before the first.
    pub has_before: bool,
    /// Whether there are newer ones after the last.
    pub has_after: bool,
}

impl Store {
    /// A page of a conversation's messages.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the conversation is not the visitor's.
    pub async fn messages(&self, subject: &Subject, conversation: &ConversationId, at: PageAt, limit: u32) -> Result<MessagePage> {
        let mut reading = self.readers.begin().await?;
        let count: Option<u32> = sqlx::query_scalar("SELECT message_count FROM conversation WHERE id = ? AND visitor_id = ?")
            .bind(conversation.as_str())
            .bind(subject.as_str())
            .fetch_optional(&mut *reading)
            .await?;
        let count = count.ok_or(StoreError::NotFound)?;
        // Ordinals have no gaps, so a page is a range of them.
        let (first, last) = match at {
            PageAt::End => (count.saturating_sub(limit).saturating_add(1), count),
            PageAt::Before(ordinal) => {
                let last = ordinal.saturating_sub(1).min(count);
                (last.saturating_sub(limit).saturating_add(1), last)
            }
            PageAt::After(ordinal) => (ordinal.saturating_add(1), ordinal.saturating_add(limit)),
        };
        let query = format!(
            "SELECT {MESSAGE_COLUMNS} FROM message m JOIN conversation c ON c.id = m.conversation_id \
             WHERE c.id = ? AND c.visitor_id = ? AND m.ordinal BETWEEN ? AND ? ORDER BY m.ordinal"
        );
        let rows: Vec<MessageRow> = sqlx::query_as(AssertSqlSafe(query))
            .bind(conversation.as_str())
            .bind(subject.as_str())
            .bind(first)
            .bind(last)
            .fetch_all(&mut *reading)
            .await?;
        let messages: Vec<Message> = rows.into_iter().map(|row| row.0).collect();
        let has_before = messages.first().is_some_and(|message| message.ordinal > 1);
        let has_after = messages.last().is_some_and(|message| message.ordinal < count);
        Ok(MessagePage { messages, has_before, has_after })
    }

    /// One of the visitor's messages (either side's).
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also when it is somebody else's.
    pub async fn message(&self, subject: &Subject, id: &MessageId) -> Result<Message> {
        let mut reading = self.readers.acquire().await?;
        message_in(&mut reading, subject, id).await
    }

    /// Keeps what the visitor thought of a reply.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also when it is somebody else's or not a reply.
    pub async fn set_feedback(&self, subject: &Subject, id: &MessageId, feedback: Option<Feedback>) -> Result<Message> {
        let mut transaction = self.write().await?;
        let changed = sqlx::query(
            "UPDATE message SET feedback = ? WHERE id = ? AND role = 'assistant' \
             AND conversation_id IN (SELECT id FROM conversation WHERE visitor_id = ?)",
        )
        .bind(feedback.map(feedback_name))
        .bind(id.as_str())
        .bind(subject.as_str())
        .execute(&mut *transaction)
        .await?;
        if changed.rows_affected() == 0 {
            return Err(StoreError::NotFound);
        }
        let message = message_in(&mut transaction, subject, id).await?;
        transaction.commit().await?;
        Ok(message)
    }
}

pub(super) async fn message_in(connection: &mut SqliteConnection, subject: &Subject, id: &MessageId) -> Result<Message> {
    let query = format!(
        "SELECT {MESSAGE_COLUMNS} FROM message m JOIN conversation c ON c.id = m.conversation_id WHERE m.id = ? AND c.visitor_id = ?"
    );
    let row: Option<MessageRow> =
        sqlx::query_as(AssertSqlSafe(query)).bind(id.as_str()).bind(subject.as_str()).fetch_optional(&mut *connection).await?;
    row.map(|row| row.0).ok_or(StoreError::NotFound)
}
