//! What was said, for whoever has to be reminded of it, and for whoever looks for it.

use super::link::USER_OF_1;
use super::text::{Around, around, fold, like_pattern};
use super::{Result, Store};
use crate::subject::Subject;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row};
use twinchat_protocol::hit::MessageHit;
use twinchat_protocol::id::{ConversationId, MessageId};
use twinchat_protocol::message::Role;

/// Characters read on either side of what was looked for.
const AROUND: u32 = 300;

/// Which part of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Before the message with this ordinal.
    pub before: u32,
    /// The latest questions with their answers, at most so many.
    pub exchanges: u32,
    /// And no more than so many characters of both.
    pub chars: usize,
}

/// Which messages to find.
#[derive(Debug, Clone)]
pub struct MessageQuery<'a> {
    /// The text, whatever the case; not empty.
    pub search: &'a str,
    /// Only in this conversation.
    pub conversation: Option<&'a ConversationId>,
    /// How many to skip.
    pub offset: u32,
    /// The most to return.
    pub limit: u32,
}

impl Store {
    /// The questions of a conversation that were answered, each with its answer, oldest first. Answers that the
    /// visitor stopped count; what failed or broke off does not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn said_before(&self, subject: &Subject, conversation: &ConversationId, part: Part) -> Result<Vec<(String, String)>> {
        let query = format!(
            "SELECT question, answer FROM (SELECT q.content AS question, a.content AS answer, a.ordinal AS ordinal, \
             sum(length(q.content) + length(a.content)) OVER (ORDER BY a.ordinal DESC) AS chars \
             FROM conversation c JOIN message a ON a.conversation_id = c.id \
             JOIN message q ON q.conversation_id = c.id AND q.ordinal = a.ordinal - 1 \
             WHERE c.id = ?2 AND (c.visitor_id = ?1 OR c.visitor_id = {USER_OF_1}) AND a.role = 'assistant' AND q.role = 'user' \
             AND a.ordinal < ?3 AND a.status IN ('complete', 'stopped') AND a.content <> '' \
             ORDER BY a.ordinal DESC LIMIT ?4) WHERE chars <= ?5 ORDER BY ordinal"
        );
        let mut reading = self.readers.acquire().await?;
        let rows = sqlx::query_as(AssertSqlSafe(query))
            .bind(subject.as_str())
            .bind(conversation.as_str())
            .bind(part.before)
            .bind(part.exchanges)
            .bind(i64::try_from(part.chars).unwrap_or(i64::MAX))
            .fetch_all(&mut *reading)
            .await?;
        Ok(rows)
    }

    /// The visitor's messages (either side's) with this text, latest first, and how many there are in all.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_messages(&self, subject: &Subject, query: &MessageQuery<'_>) -> Result<(Vec<MessageHit>, u32)> {
        const CHOSEN: &str = "FROM message m JOIN conversation c ON c.id = m.conversation_id \
             WHERE c.visitor_id = ?1 AND (?2 IS NULL OR c.id = ?2) AND m.content_folded LIKE ?3 ESCAPE '\\'";
        let conversation = query.conversation.map(ConversationId::as_str);
        let (folded, pattern) = (fold(query.search), like_pattern(query.search));
        let mut reading = self.readers.begin().await?;
        let total = sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) {CHOSEN}")))
            .bind(subject.as_str())
            .bind(conversation)
            .bind(&pattern)
            .fetch_one(&mut *reading)
            .await?;
        // Only what is around the first place is read: a reply may have a mebibyte.
        let page = format!(
            "SELECT m.id, c.id AS conversation_id, c.title, m.ordinal, m.role, m.created_at, \
             substr(m.content, max(1, instr(m.content_folded, ?4) - {AROUND}), {AROUND} * 2 + length(?4)) AS part, \
             instr(m.content_folded, ?4) > {AROUND} + 1 AS has_before \
             {CHOSEN} ORDER BY m.created_at DESC, m.ordinal DESC, m.id LIMIT ?5 OFFSET ?6"
        );
        let rows: Vec<SqliteRow> = sqlx::query(AssertSqlSafe(page))
            .bind(subject.as_str())
            .bind(conversation)
            .bind(&pattern)
            .bind(&folded)
            .bind(query.limit)
            .bind(query.offset)
            .fetch_all(&mut *reading)
            .await?;
        let hits: sqlx::Result<Vec<MessageHit>> = rows.iter().map(|row| hit(row, &folded)).collect();
        Ok((hits?, total))
    }
}

fn hit(row: &SqliteRow, folded: &str) -> sqlx::Result<MessageHit> {
    let damaged = |column: &str, error| sqlx::Error::ColumnDecode { index: column.to_owned(), source: Box::new(error) };
    let Around { before, found, after } = around(row.try_get("part")?, folded, row.try_get("has_before")?);
    Ok(MessageHit {
        message_id: MessageId::parse(row.try_get("id")?).map_err(|error| damaged("id", error))?,
        conversation_id: ConversationId::parse(row.try_get("conversation_id")?).map_err(|error| damaged("conversation_id", error))?,
        conversation_title: row.try_get("title")?,
        ordinal: row.try_get("ordinal")?,
        role: if row.try_get::<&str, _>("role")? == "user" { Role::User } else { Role::Assistant },
        created_at: row.try_get("created_at")?,
        before,
        found,
        after,
    })
}
