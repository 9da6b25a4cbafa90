//! `Idempotency-Key`: what was said before with a key, by whom and where.

use super::messages::message_in;
use super::{Exchange, NewSend, Result, Store, StoreError};
use crate::clock::rfc3339;
use crate::subject::Subject;
use sqlx::{Row, Sqlite, Transaction};
use twinchat_protocol::id::{ConversationId, MessageId};

/// How long an idempotency key is remembered.
const IDEMPOTENCY_LIFE_MILLIS: i64 = 24 * 60 * 60 * 1000;

impl Store {
    /// Whether something was said before with this key, whatever it was.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn knows_key(&self, subject: &Subject, conversation: &ConversationId, key: &str, now: i64) -> Result<bool> {
        let mut reading = self.readers.acquire().await?;
        let query = "SELECT EXISTS (SELECT 1 FROM idempotency WHERE visitor_id = ? AND conversation_id = ? AND key = ? AND expires_at > ?)";
        let known = sqlx::query_scalar(query).bind(subject.as_str()).bind(conversation.as_str()).bind(key).bind(rfc3339(now));
        Ok(known.fetch_one(&mut *reading).await?)
    }

    /// What was said before with this key and this fingerprint of the request.
    ///
    /// # Errors
    /// [`StoreError::IdempotencyMismatch`], or when the database fails.
    pub async fn sent_before(
        &self,
        subject: &Subject,
        conversation: &ConversationId,
        (key, request_hash): (&str, &str),
        now: i64,
    ) -> Result<Option<Exchange>> {
        let mut reading = self.readers.begin().await?;
        sent_before(&mut reading, subject, (conversation, key, request_hash), now).await
    }
}

pub(super) async fn sent_before(
    transaction: &mut Transaction<'_, Sqlite>,
    subject: &Subject,
    (conversation, key, request_hash): (&ConversationId, &str, &str),
    now: i64,
) -> Result<Option<Exchange>> {
    let row = sqlx::query(
        "SELECT request_hash, user_message_id, reply_message_id FROM idempotency \
         WHERE visitor_id = ? AND conversation_id = ? AND key = ? AND expires_at > ?",
    )
    .bind(subject.as_str())
    .bind(conversation.as_str())
    .bind(key)
    .bind(rfc3339(now))
    .fetch_optional(&mut **transaction)
    .await?;
    let Some(row) = row else { return Ok(None) };
    if row.try_get::<&str, _>("request_hash")? != request_hash {
        return Err(StoreError::IdempotencyMismatch);
    }
    let id = |column| MessageId::parse(row.try_get(column)?).map_err(|_| StoreError::NotFound);
    let (question, reply) = (id("user_message_id")?, id("reply_message_id")?);
    Ok(Some(Exchange {
        question: message_in(transaction, subject, &question).await?,
        reply: message_in(transaction, subject, &reply).await?,
    }))
}

pub(super) async fn keep_key(
    transaction: &mut Transaction<'_, Sqlite>,
    subject: &Subject,
    send: &NewSend<'_>,
    key: &str,
    now: i64,
) -> Result<()> {
    sqlx::query("DELETE FROM idempotency WHERE expires_at <= ?").bind(rfc3339(now)).execute(&mut **transaction).await?;
    sqlx::query(
        "INSERT INTO idempotency (visitor_id, conversation_id, key, request_hash, user_message_id, reply_message_id, expires_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(subject.as_str())
    .bind(send.conversation.as_str())
    .bind(key)
    .bind(send.request_hash)
    .bind(send.ids.0.as_str())
    .bind(send.ids.1.as_str())
    .bind(rfc3339(now + IDEMPOTENCY_LIFE_MILLIS))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
