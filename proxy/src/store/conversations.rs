use super::link::USER_OF_1;
use super::rows::{CONVERSATION_COLUMNS, ConversationRow};
use super::text::{fold, like_pattern};
use super::{Result, Store, StoreError};
use crate::clock::rfc3339;
use crate::subject::Subject;
use sqlx::{AssertSqlSafe, SqliteConnection};
use twinchat_protocol::conversation::Conversation;
use twinchat_protocol::id::{ConversationId, TwinId};

/// A twin and where it lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwinRef {
    /// Our id for it.
    pub id: TwinId,
    /// The configured name of its upstream.
    pub upstream: String,
    /// The upstream's id for it.
    pub upstream_id: String,
}

/// A conversation to store.
#[derive(Debug)]
pub struct NewConversation<'a> {
    /// Its id.
    pub id: &'a ConversationId,
    /// The twin it is with.
    pub twin: &'a TwinRef,
    /// Its title, or empty.
    pub title: &'a str,
}

/// Which conversations to list.
#[derive(Debug, Clone, Default)]
pub struct ConversationQuery {
    /// Only those with this twin.
    pub twin: Option<TwinId>,
    /// Only those with this text in the title or in a message, whatever the case.
    pub search: Option<String>,
    /// How many to skip.
    pub offset: u32,
    /// The most to return.
    pub limit: u32,
}

impl Store {
    /// Begins a conversation. Also the moment the visitor is first stored.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn create_conversation(&self, subject: &Subject, new: &NewConversation<'_>, now: i64) -> Result<Conversation> {
        let NewConversation { id, twin, title } = new;
        let now = rfc3339(now);
        let mut transaction = self.write().await?;
        sqlx::query("INSERT INTO visitor (id, created_at) VALUES (?, ?) ON CONFLICT (id) DO NOTHING")
            .bind(subject.as_str())
            .bind(&now)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("INSERT INTO twin (id, upstream, upstream_id) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING")
            .bind(twin.id.as_str())
            .bind(&twin.upstream)
            .bind(&twin.upstream_id)
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "INSERT INTO conversation (id, visitor_id, twin_id, title, title_folded, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(id.as_str())
        .bind(subject.as_str())
        .bind(twin.id.as_str())
        .bind(*title)
        .bind(fold(title))
        .bind(&now)
        .bind(&now)
        .execute(&mut *transaction)
        .await?;
        let conversation = conversation_in(&mut transaction, subject, id).await?;
        transaction.commit().await?;
        Ok(conversation)
    }

    /// A page of the visitor's conversations, latest first, and how many there are in all.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn conversations(&self, subject: &Subject, query: &ConversationQuery) -> Result<(Vec<Conversation>, u32)> {
        const CHOSEN: &str = "FROM conversation c WHERE c.visitor_id = ?1 AND (?2 IS NULL OR c.twin_id = ?2) \
             AND (?3 IS NULL OR c.title_folded LIKE ?3 ESCAPE '\\' OR EXISTS \
             (SELECT 1 FROM message m WHERE m.conversation_id = c.id AND m.content_folded LIKE ?3 ESCAPE '\\'))";
        let twin = query.twin.as_ref().map(TwinId::as_str);
        let pattern = query.search.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(like_pattern);
        let mut reading = self.readers.begin().await?;
        let total = sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) {CHOSEN}")))
            .bind(subject.as_str())
            .bind(twin)
            .bind(&pattern)
            .fetch_one(&mut *reading)
            .await?;
        let page = format!("SELECT {CONVERSATION_COLUMNS} {CHOSEN} ORDER BY c.updated_at DESC, c.rowid DESC LIMIT ?4 OFFSET ?5");
        let rows: Vec<ConversationRow> = sqlx::query_as(AssertSqlSafe(page))
            .bind(subject.as_str())
            .bind(twin)
            .bind(&pattern)
            .bind(query.limit)
            .bind(query.offset)
            .fetch_all(&mut *reading)
            .await?;
        Ok((rows.into_iter().map(|row| row.0).collect(), total))
    }

    /// One of the visitor's conversations.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also when it is somebody else's.
    pub async fn conversation(&self, subject: &Subject, id: &ConversationId) -> Result<Conversation> {
        let mut reading = self.readers.acquire().await?;
        conversation_in(&mut reading, subject, id).await
    }

    /// Gives a conversation another title.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also when it is somebody else's.
    pub async fn rename_conversation(&self, subject: &Subject, id: &ConversationId, title: &str) -> Result<Conversation> {
        let mut transaction = self.write().await?;
        sqlx::query("UPDATE conversation SET title = ?, title_folded = ? WHERE id = ? AND visitor_id = ?")
            .bind(title)
            .bind(fold(title))
            .bind(id.as_str())
            .bind(subject.as_str())
            .execute(&mut *transaction)
            .await?;
        let conversation = conversation_in(&mut transaction, subject, id).await?;
        transaction.commit().await?;
        Ok(conversation)
    }

    /// Erases a conversation with all its messages.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also when it is somebody else's.
    pub async fn delete_conversation(&self, subject: &Subject, id: &ConversationId) -> Result<()> {
        let mut transaction = self.write().await?;
        let deleted = sqlx::query("DELETE FROM conversation WHERE id = ? AND visitor_id = ?")
            .bind(id.as_str())
            .bind(subject.as_str())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        if deleted.rows_affected() == 0 {
            return Err(StoreError::NotFound);
        }
        self.scrub().await
    }

    /// Remembers what the upstream calls the conversation, if no other conversation of this upstream was
    /// ever called so.
    ///
    /// # Errors
    /// [`StoreError::UpstreamConversationTaken`]; [`StoreError::NotFound`], also when it is somebody else's.
    pub async fn claim_upstream_conversation(&self, subject: &Subject, id: &ConversationId, upstream_id: &str) -> Result<()> {
        let mut transaction = self.write().await?;
        let upstream: Option<String> = sqlx::query_scalar(AssertSqlSafe(format!(
            "SELECT t.upstream FROM conversation c JOIN twin t ON t.id = c.twin_id \
             WHERE c.id = ?2 AND (c.visitor_id = ?1 OR c.visitor_id = {USER_OF_1})"
        )))
        .bind(subject.as_str())
        .bind(id.as_str())
        .fetch_optional(&mut *transaction)
        .await?;
        let upstream = upstream.ok_or(StoreError::NotFound)?;
        let claimed = sqlx::query(AssertSqlSafe(format!(
            "INSERT INTO upstream_conversation (upstream, upstream_id, conversation_id) \
             SELECT ?2, ?3, id FROM conversation WHERE id = ?4 AND (visitor_id = ?1 OR visitor_id = {USER_OF_1}) \
             ON CONFLICT DO UPDATE SET conversation_id = excluded.conversation_id WHERE conversation_id = excluded.conversation_id",
        )))
        .bind(subject.as_str())
        .bind(&upstream)
        .bind(upstream_id)
        .bind(id.as_str())
        .execute(&mut *transaction)
        .await?;
        if claimed.rows_affected() == 0 {
            return Err(StoreError::UpstreamConversationTaken);
        }
        let query = format!("UPDATE conversation SET upstream_id = ?2 WHERE id = ?3 AND (visitor_id = ?1 OR visitor_id = {USER_OF_1})");
        sqlx::query(AssertSqlSafe(query)).bind(subject.as_str()).bind(upstream_id).bind(id.as_str()).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }
}

async fn conversation_in(connection: &mut SqliteConnection, subject: &Subject, id: &ConversationId) -> Result<Conversation> {
    let query = format!("SELECT {CONVERSATION_COLUMNS} FROM conversation c WHERE c.id = ? AND c.visitor_id = ?");
    let row: Option<ConversationRow> =
        sqlx::query_as(AssertSqlSafe(query)).bind(id.as_str()).bind(subject.as_str()).fetch_optional(&mut *connection).await?;
    row.map(|row| row.0).ok_or(StoreError::NotFound)
}
