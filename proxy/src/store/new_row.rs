use super::Result;
use super::replies::NewSend;
use super::text::fold;
use crate::clock::rfc3339;
use crate::subject::Subject;
use sqlx::{Sqlite, Transaction};
use twinchat_protocol::id::{ConversationId, MessageId};
use twinchat_protocol::message::{MessageStatus, Role};

/// A message's first row.
pub(super) struct NewRow<'a> {
    pub(super) id: &'a MessageId,
    pub(super) ordinal: u32,
    pub(super) role: Role,
    pub(super) status: MessageStatus,
    /// What the visitor says; none for a reply that begins.
    pub(super) send: Option<&'a NewSend<'a>>,
}

impl NewRow<'_> {
    /// Both begin with event 1: the visitor's message is one event, the reply has been accepted.
    pub(super) async fn insert(
        &self,
        transaction: &mut Transaction<'_, Sqlite>,
        subject: &Subject,
        conversation: &ConversationId,
        now: i64,
    ) -> Result<()> {
        let content = self.send.map_or("", |send| send.content);
        sqlx::query(
            "INSERT INTO message (id, conversation_id, ordinal, role, content, content_folded, status, last_seq, client_id, reply_to, created_at) \
             SELECT ?, id, ?, ?, ?, ?, ?, 1, ?, ?, ? FROM conversation WHERE id = ? AND visitor_id = ?",
        )
        .bind(self.id.as_str())
        .bind(self.ordinal)
        .bind(if self.role == Role::User { "user" } else { "assistant" })
        .bind(content)
        .bind(fold(content))
        .bind(self.status.as_str())
        .bind(self.send.and_then(|send| send.key))
        .bind(self.send.and_then(|send| send.reply_to).map(MessageId::as_str))
        .bind(rfc3339(now))
        .bind(conversation.as_str())
        .bind(subject.as_str())
        .execute(&mut **transaction)
        .await?;
        Ok(())
    }
}
