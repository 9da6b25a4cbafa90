use super::Result;
use super::replies::NewSend;
use super::text::fold;
use crate::clock::rfc3339;
use crate::subject::Subject;
use sqlx::{AssertSqlSafe, Sqlite, Transaction};
use twinchat_protocol::id::MessageId;
use twinchat_protocol::message::MessageStatus;

/// A question's first row.
pub(super) struct NewRow<'a> {
    pub(super) id: &'a MessageId,
    pub(super) ordinal: u32,
    pub(super) status: MessageStatus,
    /// What the visitor says.
    pub(super) send: &'a NewSend<'a>,
}

/// A question's row, then that of the reply that begins. Both begin with event 1: the visitor's message is one event,
/// the reply has been accepted.
const QUESTION: &str = "INSERT INTO message (id, conversation_id, ordinal, role, content, content_folded, status, last_seq, \
     client_id, reply_to, created_at) SELECT ?3, id, ?5, 'user', ?6, ?7, ?8, 1, ?9, ?10, ?11 \
     FROM conversation WHERE id = ?2 AND visitor_id = ?1;";
const REPLY: &str = "INSERT INTO message (id, conversation_id, ordinal, role, content, content_folded, status, last_seq, created_at) \
     SELECT ?4, id, ?5 + 1, 'assistant', '', '', 'streaming', 1, ?11 \
     FROM conversation WHERE id = ?2 AND visitor_id = ?1";

impl NewRow<'_> {
    /// With the reply of this id, if there is to be one.
    pub(super) async fn insert(
        &self,
        transaction: &mut Transaction<'_, Sqlite>,
        subject: &Subject,
        reply: Option<&MessageId>,
        now: i64,
    ) -> Result<()> {
        let text = format!("{QUESTION} {}", if reply.is_some() { REPLY } else { "" });
        sqlx::query(AssertSqlSafe(text))
            .bind(subject.as_str())
            .bind(self.send.conversation.as_str())
            .bind(self.id.as_str())
            .bind(reply.map(MessageId::as_str))
            .bind(self.ordinal)
            .bind(self.send.content)
            .bind(fold(self.send.content))
            .bind(self.status.as_str())
            .bind(self.send.key)
            .bind(self.send.reply_to.map(MessageId::as_str))
            .bind(rfc3339(now))
            .execute(&mut **transaction)
            .await?;
        Ok(())
    }
}
