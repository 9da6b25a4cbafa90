//! SQL rows to wire types.

use super::text::excerpt;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};
use twinchat_protocol::conversation::Conversation;
use twinchat_protocol::error::ErrorCode;
use twinchat_protocol::id::{ConversationId, EventId, InvalidId, MessageId, TwinId};
use twinchat_protocol::message::{Feedback, Message, MessageStatus, Quote, Role};

/// The columns [`MessageRow`] reads, from a table named `m`.
pub(super) const MESSAGE_COLUMNS: &str = "m.id, m.conversation_id, m.ordinal, m.role, m.status, \
     CASE m.status WHEN 'streaming' THEN m.content || coalesce((SELECT group_concat(p.content, '' ORDER BY p.start) \
      FROM reply_piece p WHERE p.message_id = m.id), '') ELSE m.content END AS content, \
     CASE m.status WHEN 'streaming' THEN max(m.last_seq, coalesce((SELECT max(p.last_seq) \
      FROM reply_piece p WHERE p.message_id = m.id), 0)) ELSE m.last_seq END AS last_seq, \
     m.error_code, m.client_id, m.feedback, m.created_at, m.author, m.reply_to, \
     (SELECT substr(q.content, 1, 1000) FROM message q WHERE q.id = m.reply_to AND q.conversation_id = m.conversation_id) AS quoted_text, \
     (SELECT q.author FROM message q WHERE q.id = m.reply_to AND q.conversation_id = m.conversation_id) AS quoted_author, \
     (SELECT json_group_array(json_object('name', f.name, 'mediaType', f.media_type, 'size', f.size) ORDER BY f.position) \
      FROM message_file f WHERE f.message_id = m.id) AS files";

/// The columns [`ConversationRow`] reads, from a table named `c`. The excerpt's source is cut by
/// SQLite so that a list does not read whole replies.
pub(super) const CONVERSATION_COLUMNS: &str = "c.id, c.twin_id, c.title, c.message_count, c.created_at, c.updated_at, \
     (SELECT substr(m.content, 1, 1000) FROM message m WHERE m.conversation_id = c.id AND m.content <> '' \
      ORDER BY m.ordinal DESC LIMIT 1) AS last_text, \
     EXISTS (SELECT 1 FROM message m WHERE m.conversation_id = c.id AND m.ordinal = c.message_count AND m.role = 'user' \
      AND m.status = 'complete') AS waiting, \
     (SELECT m.id FROM message m WHERE m.conversation_id = c.id AND m.status = 'streaming') AS active_id";

pub(super) struct MessageRow(pub(super) Message);

impl FromRow<'_, SqliteRow> for MessageRow {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let ordinal: u32 = row.try_get("ordinal")?;
        let seq: u32 = row.try_get("last_seq")?;
        Ok(Self(Message {
            id: id(row, "id", MessageId::parse)?,
            conversation_id: id(row, "conversation_id", ConversationId::parse)?,
            ordinal,
            role: if row.try_get::<&str, _>("role")? == "user" { Role::User } else { Role::Assistant },
            content: row.try_get("content")?,
            status: status_from(row.try_get("status")?),
            created_at: row.try_get("created_at")?,
            event_id: Some(EventId { ordinal, seq }.to_string()),
            error_code: row.try_get::<Option<&str>, _>("error_code")?.map(code_from),
            client_id: row.try_get("client_id")?,
            feedback: row.try_get::<Option<&str>, _>("feedback")?.and_then(feedback_from),
            files: serde_json::from_str(row.try_get("files")?).map_err(|error| damaged("files", error))?,
            author: row.try_get("author")?,
            reply_to: quote(row)?,
        }))
    }
}

pub(super) struct ConversationRow(pub(super) Conversation);

impl FromRow<'_, SqliteRow> for ConversationRow {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self(Conversation {
            id: id(row, "id", ConversationId::parse)?,
            twin_id: id(row, "twin_id", TwinId::parse)?,
            title: row.try_get("title")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
            last_message: row.try_get::<Option<&str>, _>("last_text")?.map(excerpt).filter(|text| !text.is_empty()),
            message_count: row.try_get("message_count")?,
            active_message_id: match row.try_get::<Option<&str>, _>("active_id")? {
                Some(text) => Some(MessageId::parse(text).map_err(|error| damaged("active_id", error))?),
                None => None,
            },
            waiting_for_person: row.try_get("waiting")?,
        }))
    }
}

/// The message that is answered, if it is one of the same conversation.
fn quote(row: &SqliteRow) -> sqlx::Result<Option<Quote>> {
    let (Some(_), Some(text)) = (row.try_get::<Option<&str>, _>("reply_to")?, row.try_get::<Option<&str>, _>("quoted_text")?) else {
        return Ok(None);
    };
    Ok(Some(Quote { message_id: id(row, "reply_to", MessageId::parse)?, excerpt: excerpt(text), author: row.try_get("quoted_author")? }))
}

fn id<T>(row: &SqliteRow, column: &str, parse: fn(&str) -> Result<T, InvalidId>) -> sqlx::Result<T> {
    parse(row.try_get(column)?).map_err(|error| damaged(column, error))
}

fn damaged(column: &str, error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: Box::new(error) }
}

/// The table's CHECK admits no other names.
fn status_from(name: &str) -> MessageStatus {
    match name {
        "streaming" => MessageStatus::Streaming,
        "complete" => MessageStatus::Complete,
        "stopped" => MessageStatus::Stopped,
        "incomplete" => MessageStatus::Incomplete,
        "interrupted" => MessageStatus::Interrupted,
        _ => MessageStatus::Failed,
    }
}

pub(super) fn feedback_name(feedback: Feedback) -> &'static str {
    match feedback {
        Feedback::Up => "up",
        Feedback::Down => "down",
    }
}

fn feedback_from(name: &str) -> Option<Feedback> {
    [Feedback::Up, Feedback::Down].into_iter().find(|feedback| feedback_name(*feedback) == name)
}

/// A code of a later version is read as "our fault".
fn code_from(name: &str) -> ErrorCode {
    ErrorCode::ALL.iter().copied().find(|code| code.as_str() == name).unwrap_or(ErrorCode::Internal)
}
