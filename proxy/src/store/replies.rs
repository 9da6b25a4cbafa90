use super::files::{NewFile, check_files, insert_files, release_files};
use super::idempotency::{keep_key, sent_before};
use super::link::USER_OF_1;
use super::messages::message_in;
use super::new_row::NewRow;
use super::route::{Place, Route, place_in};
use super::rows::{MESSAGE_COLUMNS, MessageRow};
use super::text::{fold, title_of};
use super::{Result, Store, StoreError};
use crate::clock::rfc3339;
use crate::subject::Subject;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, FromRow, QueryBuilder, Row, Sqlite, Transaction};
use twinchat_protocol::error::ErrorCode;
use twinchat_protocol::id::{ConversationId, MessageId};
use twinchat_protocol::message::{Message, MessageStatus, Role};

/// How far a reply cut off by the end of the process moves its event number, so that its end is
/// numbered after every event that was told but not yet kept. A reply has fewer events than this.
pub(crate) const SEQ_LEAP: u32 = 1 << 20;

/// How many replies one statement of a checkpoint keeps.
const CHECKPOINTED_AT_ONCE: usize = 64;

/// A message to store, with the reply it asks for.
#[derive(Debug)]
pub struct NewSend<'a> {
    /// Where.
    pub conversation: &'a ConversationId,
    /// The visitor's text; may be empty when there are files.
    pub content: &'a str,
    /// What is sent along.
    pub files: &'a [NewFile],
    /// The `Idempotency-Key`, if there was one.
    pub key: Option<&'a str>,
    /// Fingerprint of the request, compared when the key comes again.
    pub request_hash: &'a str,
    /// Ids for the visitor's message and for the reply. The same one twice: people are to answer, whenever they
    /// do, so that what has an end now is the handing over of the message.
    pub ids: (MessageId, MessageId),
    /// The message that it answers.
    pub reply_to: Option<&'a MessageId>,
    /// How many replies may be written for one visitor at once.
    pub max_active: u32,
}

/// A question and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The visitor's message.
    pub question: Message,
    /// The twin's.
    pub reply: Message,
}

/// What became of a send or a retry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is stored and the reply is to be asked for.
    New(Exchange, Route),
    /// It was stored before, here it is.
    Before(Exchange),
}

/// How far a reply has come since it was kept before.
#[derive(Debug, Clone)]
pub struct SoFar {
    /// Whose it is.
    pub subject: Subject,
    /// Which it is.
    pub id: MessageId,
    /// Bytes of its text that were kept before.
    pub start: usize,
    /// Its text after these.
    pub content: String,
    /// Number of the last event in it.
    pub seq: u32,
}

/// How a reply ended.
#[derive(Debug, Clone, Copy)]
pub struct Ending<'a> {
    /// All of its text.
    pub content: &'a str,
    /// Any status but streaming.
    pub status: MessageStatus,
    /// Number of its last event.
    pub seq: u32,
    /// Why, when it did not end well.
    pub error: Option<ErrorCode>,
}

/// A reply that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// As it is kept.
    pub message: Message,
    /// Whether there are contents of files to be removed, of this conversation's or others'.
    pub has_unneeded_files: bool,
}

impl NewSend<'_> {
    /// The conversation's title, if it has none: the beginning of the text, else the first file's name.
    fn title(&self) -> String {
        let file = || self.files.first().map_or("", |new| &new.file.name);
        title_of(if self.content.trim().is_empty() { file() } else { self.content })
    }
}

impl Store {
    /// Stores a visitor's message, an empty reply and the idempotency key, all or nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::NotQuotable`], [`StoreError::ReplyInProgress`],
    /// [`StoreError::TooManyReplies`], [`StoreError::IdempotencyMismatch`], or when the database fails.
    pub async fn begin_send(&self, subject: &Subject, send: &NewSend<'_>, now: i64) -> Result<Begun> {
        let mut transaction = self.write().await?;
        let place = place_in(&mut transaction, subject, send.conversation).await?;
        if let Some(key) = send.key {
            let before = sent_before(&mut transaction, subject, (send.conversation, key, send.request_hash), now).await?;
            if let Some(before) = before {
                return Ok(Begun::Before(before));
            }
        }
        place.check_active(send.max_active)?;
        let Place { route, count, .. } = place;
        check_quotable(&mut transaction, subject, send).await?;
        let (question_id, reply_id) = &send.ids;
        let status = if send.is_to_people() { MessageStatus::Streaming } else { MessageStatus::Complete };
        let question = NewRow { id: question_id, ordinal: count + 1, status, send };
        let reply = (!send.is_to_people()).then_some(reply_id);
        question.insert(&mut transaction, subject, reply, now).await?;
        insert_files(&mut transaction, subject, question_id, send.files).await?;
        let count = if reply.is_some() { count + 2 } else { count + 1 };
        let title = if route.title.is_empty() { send.title() } else { route.title };
        if let Some(key) = send.key {
            keep_key(&mut transaction, subject, send, key, now).await?;
        }
        let exchange = settled(&mut transaction, subject, send, (count, &title, &rfc3339(now))).await?;
        let route = Route { title, ..route };
        transaction.commit().await?;
        Ok(Begun::New(exchange, route))
    }

    /// Empties a reply that did not end well, to be written again in its place. One that is being
    /// written is left alone and given back.
    ///
    /// # Errors
    /// [`StoreError::NotRetryable`] when the reply is whole or not the conversation's last message,
    /// [`StoreError::FilesGone`] when the question's files are not kept any more, else as [`Store::begin_send`].
    pub async fn begin_retry(&self, subject: &Subject, id: &MessageId, max_active: u32, now: i64) -> Result<Begun> {
        let mut transaction = self.write().await?;
        let reply = message_in(&mut transaction, subject, id).await?;
        let question = question_in(&mut transaction, subject, &reply).await?;
        match reply.status {
            MessageStatus::Streaming => return Ok(Begun::Before(Exchange { question, reply })),
            MessageStatus::Complete => return Err(StoreError::NotRetryable),
            _ => {}
        }
        let place = place_in(&mut transaction, subject, &reply.conversation_id).await?;
        if reply.ordinal != place.count {
            return Err(StoreError::NotRetryable);
        }
        check_files(&mut transaction, subject, &question.id).await?;
        place.check_active(max_active)?;
        sqlx::query(
            "UPDATE message SET content = iif(role = 'user', content, ''), content_folded = iif(role = 'user', content_folded, ''), \
             status = 'streaming', error_code = NULL, feedback = NULL, last_seq = 1 + max(last_seq, coalesce((SELECT max(h.seq) \
             FROM message_change h WHERE h.conversation_id = message.conversation_id AND h.ordinal = message.ordinal), 0)) \
             WHERE id = ? AND conversation_id IN (SELECT id FROM conversation WHERE visitor_id = ?)",
        )
        .bind(id.as_str())
        .bind(subject.as_str())
        .execute(&mut *transaction)
        .await?;
        touch(&mut transaction, subject, &reply.conversation_id, now).await?;
        let reply = message_in(&mut transaction, subject, id).await?;
        let question = if reply.role == Role::User { reply.clone() } else { question };
        transaction.commit().await?;
        Ok(Begun::New(Exchange { question, reply }, place.route))
    }

    /// The visitor's replies that are taken to be running.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn streaming(&self, subject: &Subject) -> Result<Vec<MessageId>> {
        let mut reading = self.readers.acquire().await?;
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT m.id FROM message m JOIN conversation c ON c.id = m.conversation_id WHERE m.status = 'streaming' AND c.visitor_id = ?",
        )
        .bind(subject.as_str())
        .fetch_all(&mut *reading)
        .await?;
        ids.iter().map(|id| MessageId::parse(id).ok()).collect::<Option<_>>().ok_or(StoreError::NotFound)
    }

    /// The question a reply answers, with the reply.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also when it is somebody else's or not a reply.
    pub async fn exchange(&self, subject: &Subject, reply: &MessageId) -> Result<Exchange> {
        let mut reading = self.readers.begin().await?;
        let reply = message_in(&mut reading, subject, reply).await?;
        let question = question_in(&mut reading, subject, &reply).await?;
        Ok(Exchange { question, reply })
    }

    /// Keeps how far replies have come, all with one write. Does nothing to those that have ended or are gone. What is
    /// kept again from the same start takes the place of what was.
    ///
    /// # Errors
    /// When the database fails; then none is kept.
    pub async fn checkpoint(&self, replies: &[SoFar]) -> Result<()> {
        let mut transaction = self.write().await?;
        // A statement for many at once: each is a trip to another thread and back.
        for some in replies.chunks(CHECKPOINTED_AT_ONCE) {
            let mut update = QueryBuilder::<Sqlite>::new("WITH n (visitor, id, start, content, seq) AS (");
            update.push_values(some, |mut row, reply| {
                row.push_bind(reply.subject.as_str()).push_bind(reply.id.as_str());
                row.push_bind(i64::try_from(reply.start).unwrap_or(i64::MAX)).push_bind(reply.content.as_str()).push_bind(reply.seq);
            });
            update.push(
                ") INSERT OR REPLACE INTO reply_piece (message_id, start, content, last_seq) \
                 SELECT n.id, n.start, n.content, n.seq FROM n JOIN message ON message.id = n.id WHERE message.status = 'streaming' \
                 AND EXISTS (SELECT 1 FROM conversation c WHERE c.id = message.conversation_id AND (c.visitor_id = n.visitor \
                 OR c.visitor_id = (SELECT user_id FROM visitor_link WHERE anonymous_id = n.visitor)))",
            );
            let whole = some.len() == CHECKPOINTED_AT_ONCE;
            update.build().persistent(whole).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Keeps how a reply ended. `None` when its conversation was erased meanwhile, or when it has ended before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_reply(&self, subject: &Subject, id: &MessageId, ending: &Ending<'_>, now: i64) -> Result<Option<Ended>> {
        let conversation = format!(
            "(SELECT c.id FROM message m JOIN conversation c ON c.id = m.conversation_id \
             WHERE m.id = ?2 AND (c.visitor_id = ?1 OR c.visitor_id = {USER_OF_1}))"
        );
        let ended = format!(
            "BEGIN IMMEDIATE; {END}; SELECT changes() AS changed; \
             UPDATE conversation SET updated_at = ?3 WHERE changes() = 1 AND id = {conversation} \
             AND (visitor_id = ?1 OR visitor_id = {USER_OF_1}); \
             {} SELECT {MESSAGE_COLUMNS}, EXISTS (SELECT 1 FROM file_to_remove) AS unneeded \
             FROM message m JOIN conversation c ON c.id = m.conversation_id \
             WHERE m.id = ?2 AND (c.visitor_id = ?1 OR c.visitor_id = {USER_OF_1}); COMMIT",
            release_files(&conversation)
        );
        let query = sqlx::query(AssertSqlSafe(ended)).bind(subject.as_str()).bind(id.as_str()).bind(rfc3339(now));
        let rows = self.write_at_once(bind_ending(query, ending)).await?;
        let [changed, message] = rows.as_slice() else { return Ok(None) };
        if changed.try_get::<i64, _>("changed")? == 0 {
            return Ok(None);
        }
        Ok(Some(Ended { message: MessageRow::from_row(message)?.0, has_unneeded_files: message.try_get("unneeded")? }))
    }

    /// Marks every reply that an earlier process left unfinished as interrupted. Called once, before
    /// the first request; says how many there were. Gives nothing of anybody's away.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn interrupt_unfinished(&self) -> Result<u64> {
        let mut transaction = self.write().await?;
        let unfinished = format!(
            "SELECT c.visitor_id, {MESSAGE_COLUMNS} FROM message m JOIN conversation c ON c.id = m.conversation_id \
             WHERE m.status = 'streaming'"
        );
        let mut count = 0;
        for row in sqlx::query(AssertSqlSafe(unfinished)).fetch_all(&mut *transaction).await? {
            let seq = row.try_get::<u32, _>("last_seq")?.saturating_add(SEQ_LEAP);
            let (visitor, id, content) = (row.try_get("visitor_id")?, row.try_get("id")?, row.try_get("content")?);
            let ending = Ending { content, status: MessageStatus::Interrupted, seq, error: Some(ErrorCode::ReplyInterrupted) };
            count += u64::from(end_in(&mut transaction, visitor, id, &ending).await?);
        }
        transaction.commit().await?;
        Ok(count)
    }
}

impl NewSend<'_> {
    /// Whether no reply is stored with it.
    fn is_to_people(&self) -> bool {
        self.ids.0 == self.ids.1
    }
}

/// What is answered is a message of the same conversation.
async fn check_quotable(transaction: &mut Transaction<'_, Sqlite>, subject: &Subject, send: &NewSend<'_>) -> Result<()> {
    let Some(quoted) = send.reply_to else { return Ok(()) };
    match message_in(transaction, subject, quoted).await {
        Ok(message) if message.conversation_id == *send.conversation => Ok(()),
        Ok(_) | Err(StoreError::NotFound) => Err(StoreError::NotQuotable),
        Err(error) => Err(error),
    }
}

async fn question_in(transaction: &mut Transaction<'_, Sqlite>, subject: &Subject, reply: &Message) -> Result<Message> {
    if reply.role == Role::User {
        return Ok(reply.clone());
    }
    let query = format!(
        "SELECT {MESSAGE_COLUMNS} FROM message m JOIN conversation c ON c.id = m.conversation_id \
         WHERE c.id = ? AND c.visitor_id = ? AND m.ordinal < ? AND m.role = 'user' ORDER BY m.ordinal DESC LIMIT 1"
    );
    let row = sqlx::query(AssertSqlSafe(query))
        .bind(reply.conversation_id.as_str())
        .bind(subject.as_str())
        .bind(reply.ordinal)
        .fetch_optional(&mut **transaction)
        .await?;
    Ok(MessageRow::from_row(&row.ok_or(StoreError::NotRetryable)?)?.0)
}

async fn touch(transaction: &mut Transaction<'_, Sqlite>, subject: &Subject, conversation: &ConversationId, now: i64) -> Result<()> {
    let query = format!("UPDATE conversation SET updated_at = ?2 WHERE id = ?3 AND (visitor_id = ?1 OR visitor_id = {USER_OF_1})");
    sqlx::query(AssertSqlSafe(query))
        .bind(subject.as_str())
        .bind(rfc3339(now))
        .bind(conversation.as_str())
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// Ends a message, `?2`, of the visitor `?1`. `?3` is left to others.
const END: &str = "UPDATE message SET content = ?4, content_folded = ?5, status = ?6, last_seq = ?7, error_code = ?8 WHERE id = ?2 \
     AND status = 'streaming' AND conversation_id IN (SELECT id FROM conversation WHERE visitor_id = ?1 \
     OR visitor_id = (SELECT user_id FROM visitor_link WHERE anonymous_id = ?1))";

/// Binds what [`END`] asks for from the fourth on.
fn bind_ending<'q>(query: Query<'q, Sqlite, SqliteArguments>, ending: &Ending<'q>) -> Query<'q, Sqlite, SqliteArguments> {
    let query = query.bind(ending.content).bind(fold(ending.content)).bind(ending.status.as_str());
    query.bind(ending.seq).bind(ending.error.map(ErrorCode::as_str))
}

async fn end_in(transaction: &mut Transaction<'_, Sqlite>, visitor: &str, id: &str, ending: &Ending<'_>) -> Result<bool> {
    let query = sqlx::query(END).bind(visitor).bind(id).bind(None::<String>);
    Ok(bind_ending(query, ending).execute(&mut **transaction).await?.rows_affected() == 1)
}

/// What is left to be written for a send whose messages are stored, in one text; gives both as they are stored.
async fn settled(
    transaction: &mut Transaction<'_, Sqlite>,
    subject: &Subject,
    send: &NewSend<'_>,
    (count, title, now): (u32, &str, &str),
) -> Result<Exchange> {
    let query = format!(
        "UPDATE conversation SET message_count = ?5, updated_at = ?6, title = ?7, title_folded = ?8 WHERE id = ?2 AND visitor_id = ?1; \
         {} SELECT {MESSAGE_COLUMNS} FROM message m JOIN conversation c ON c.id = m.conversation_id \
         WHERE m.id IN (?3, ?4) AND c.visitor_id = ?1 ORDER BY m.ordinal",
        release_files("?2")
    );
    let (question, reply) = &send.ids;
    let ids = [subject.as_str(), send.conversation.as_str(), question.as_str(), reply.as_str()];
    let rows = ids
        .into_iter()
        .fold(sqlx::query(AssertSqlSafe(query)), Query::bind)
        .bind(count)
        .bind(now)
        .bind(title)
        .bind(fold(title))
        .fetch_all(&mut **transaction)
        .await?;
    let stored = |row: Option<&SqliteRow>| -> Result<Message> { Ok(MessageRow::from_row(row.ok_or(StoreError::NotFound)?)?.0) };
    // What is handed over to people is one message for both.
    Ok(Exchange { question: stored(rows.first())?, reply: stored(rows.last())? })
}
