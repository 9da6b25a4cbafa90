//! What becomes of something said in a room: the visitor's own words coming back, a message that is known, perhaps
//! changed since, or a new one.

use super::{Heard, RoomWord};
use crate::clock::rfc3339;
use crate::store::changes::keep_change;
use crate::store::text::fold;
use crate::store::{Result, StoreError};
use crate::subject::Subject;
use sqlx::{Sqlite, Transaction};
use twinchat_protocol::id::{ConversationId, MessageId};

/// How long after the visitor spoke it may come back, and how far clocks may differ, in milliseconds.
const ECHO_WITHIN: i64 = 60 * 60 * 1000;
const CLOCKS_DIFFER: i64 = 2 * 60 * 1000;
/// Messages among which a quoted one is looked for.
const QUOTABLE: u32 = 500;
/// A text that was cut is recognised by so many characters.
const CUT_AT_LEAST: usize = 12;

pub(super) struct NewWord<'a> {
    pub(super) word: &'a RoomWord<'a>,
    /// Whether others have the same part of the room.
    pub(super) shared: bool,
    /// For a new message.
    pub(super) id: &'a MessageId,
    pub(super) now: i64,
}

type Place<'a> = (&'a Subject, &'a ConversationId);

/// A message that may be the one.
#[derive(sqlx::FromRow)]
struct Candidate {
    id: String,
    content: String,
    status: String,
    /// The name under which it came back before.
    name: Option<String>,
}

pub(super) async fn hear(transaction: &mut Transaction<'_, Sqlite>, place: Place<'_>, new: &NewWord<'_>) -> Result<Heard> {
    if let Some(heard) = known(transaction, place, new).await? {
        return Ok(heard);
    }
    if let Some(said) = echoed(transaction, place, new.word).await? {
        let arrived = matches!(said.status.as_str(), "failed" | "incomplete" | "interrupted" | "stopped");
        if arrived && !mend(transaction, place, &said.id).await? {
            return Ok(Heard::Later);
        }
        link(transaction, place, new.word, &said.id).await?;
        return Ok(if arrived { Heard::News } else { Heard::Known });
    }
    let answers = match new.word.quoted {
        Some(quoted) => quotable(transaction, place, quoted).await?,
        None => None,
    };
    if new.word.quoted.is_some() && answers.is_none() && !new.shared {
        return Ok(Heard::ForeignQuote);
    }
    insert(transaction, place, new, answers.as_deref()).await?;
    link(transaction, place, new.word, new.id.as_str()).await?;
    Ok(Heard::News)
}

/// By its id; or, should the upstream have given it another one, by everything else.
async fn known(transaction: &mut Transaction<'_, Sqlite>, place: Place<'_>, new: &NewWord<'_>) -> Result<Option<Heard>> {
    let (subject, conversation) = place;
    let word = new.word;
    let found: Option<(String, String, String, String)> = sqlx::query_as(
        "SELECT r.upstream_id, r.message_id, r.digest, m.role FROM room_message r JOIN conversation c ON c.id = r.conversation_id \
         JOIN message m ON m.id = r.message_id WHERE c.id = ?1 AND c.visitor_id = ?2 \
         AND (r.upstream_id = ?3 OR (r.room = ?4 AND r.time_raw = ?5 AND r.name = ?6 AND r.digest = ?7)) \
         ORDER BY r.upstream_id = ?3 DESC LIMIT 1",
    )
    .bind(conversation.as_str())
    .bind(subject.as_str())
    .bind(word.id)
    .bind(word.room)
    .bind(word.time)
    .bind(word.name)
    .bind(word.digest)
    .fetch_optional(&mut **transaction)
    .await?;
    let Some((id, message, digest, role)) = found else { return Ok(None) };
    let changed = digest != word.digest;
    if changed && role == "assistant" && !change(transaction, place, &message, word.content).await? {
        return Ok(Some(Heard::Later));
    }
    if changed || id != word.id {
        sqlx::query(
            "UPDATE room_message SET upstream_id = ?, digest = ? WHERE upstream_id = ? AND conversation_id IN \
             (SELECT id FROM conversation WHERE id = ? AND visitor_id = ?)",
        )
        .bind(word.id)
        .bind(word.digest)
        .bind(id)
        .bind(conversation.as_str())
        .bind(subject.as_str())
        .execute(&mut **transaction)
        .await?;
    }
    Ok(Some(if changed && role == "assistant" { Heard::News } else { Heard::Known }))
}

/// What the visitor said and this is: the same words, at about the same time, that have not come back yet; or that
/// have under the same name, since a message may be handed over twice.
async fn echoed(
    transaction: &mut Transaction<'_, Sqlite>,
    (subject, conversation): Place<'_>,
    word: &RoomWord<'_>,
) -> Result<Option<Candidate>> {
    if !word.may_be_echo {
        return Ok(None);
    }
    let candidates: Vec<Candidate> = sqlx::query_as(
        "SELECT m.id, m.content, m.status, (SELECT r.name FROM room_message r WHERE r.conversation_id = m.conversation_id \
         AND r.message_id = m.id LIMIT 1) AS name FROM message m JOIN conversation c ON c.id = m.conversation_id \
         WHERE c.id = ? AND c.visitor_id = ? AND m.role = 'user' AND m.created_at BETWEEN ? AND ? ORDER BY name IS NULL DESC, m.ordinal",
    )
    .bind(conversation.as_str())
    .bind(subject.as_str())
    .bind(rfc3339(word.time - ECHO_WITHIN))
    .bind(rfc3339(word.time + CLOCKS_DIFFER))
    .fetch_all(&mut **transaction)
    .await?;
    // With a citation before it, where the bridge could not be told what is answered.
    let (said, after_citation) = (words(word.content), words(without_citation(word.content)));
    let is_it = |content: &str| [&said, &after_citation].contains(&&words(content));
    Ok(candidates.into_iter().find(|one| is_it(&one.content) && one.name.as_deref().is_none_or(|name| name == word.name)))
}

/// The message of this conversation that is quoted.
async fn quotable(transaction: &mut Transaction<'_, Sqlite>, (subject, conversation): Place<'_>, quoted: &str) -> Result<Option<String>> {
    let said: Vec<(String, String)> = sqlx::query_as(
        "SELECT m.id, m.content FROM message m JOIN conversation c ON c.id = m.conversation_id \
         WHERE c.id = ? AND c.visitor_id = ? ORDER BY m.ordinal DESC LIMIT ?",
    )
    .bind(conversation.as_str())
    .bind(subject.as_str())
    .bind(QUOTABLE)
    .fetch_all(&mut **transaction)
    .await?;
    let quoted = words(quoted);
    let cut = quoted.trim_end_matches(['…', '.']);
    let is_quoted = |content: &str| {
        let content = words(content);
        content == quoted || (cut.len() < quoted.len() && cut.chars().count() >= CUT_AT_LEAST && content.starts_with(cut))
    };
    Ok(said.into_iter().find(|(_, content)| is_quoted(content)).map(|(id, _)| id))
}

/// The text behind lines that begin with `> `.
fn without_citation(text: &str) -> &str {
    let mut rest = text;
    while rest.starts_with("> ") {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    rest
}

/// What two spellings of the same text have in common.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn insert(
    transaction: &mut Transaction<'_, Sqlite>,
    (subject, conversation): Place<'_>,
    new: &NewWord<'_>,
    answers: Option<&str>,
) -> Result<()> {
    let ordinal: u32 = sqlx::query_scalar(
        "UPDATE conversation SET message_count = message_count + 1, updated_at = ? WHERE id = ? AND visitor_id = ? RETURNING message_count",
    )
    .bind(rfc3339(new.now))
    .bind(conversation.as_str())
    .bind(subject.as_str())
    .fetch_optional(&mut **transaction)
    .await?
    .ok_or(StoreError::NotFound)?;
    sqlx::query(
        "INSERT INTO message (id, conversation_id, ordinal, role, content, content_folded, status, last_seq, author, reply_to, created_at) \
         SELECT ?, id, ?, 'assistant', ?, ?, 'complete', 1, ?, ?, ? FROM conversation WHERE id = ? AND visitor_id = ?",
    )
    .bind(new.id.as_str())
    .bind(ordinal)
    .bind(new.word.content)
    .bind(fold(new.word.content))
    .bind(new.word.name)
    .bind(answers)
    .bind(rfc3339(new.word.time))
    .bind(conversation.as_str())
    .bind(subject.as_str())
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn link(
    transaction: &mut Transaction<'_, Sqlite>,
    (subject, conversation): Place<'_>,
    word: &RoomWord<'_>,
    message: &str,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO room_message (conversation_id, upstream_id, message_id, room, time_raw, name, digest) \
         SELECT id, ?, ?, ?, ?, ?, ? FROM conversation WHERE id = ? AND visitor_id = ?",
    )
    .bind(word.id)
    .bind(message)
    .bind(word.room)
    .bind(word.time)
    .bind(word.name)
    .bind(word.digest)
    .bind(conversation.as_str())
    .bind(subject.as_str())
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Gives a message another text. Says whether that could be told.
async fn change(transaction: &mut Transaction<'_, Sqlite>, place: Place<'_>, message: &str, content: &str) -> Result<bool> {
    let (subject, conversation) = place;
    if !keep_change(transaction, place, message).await? {
        return Ok(false);
    }
    sqlx::query(
        "UPDATE message SET content = ?, content_folded = ? WHERE id = ? AND conversation_id IN \
         (SELECT id FROM conversation WHERE id = ? AND visitor_id = ?)",
    )
    .bind(content)
    .bind(fold(content))
    .bind(message)
    .bind(conversation.as_str())
    .bind(subject.as_str())
    .execute(&mut **transaction)
    .await?;
    Ok(true)
}

/// A message that seemed not to have arrived has. Says whether that could be told.
async fn mend(transaction: &mut Transaction<'_, Sqlite>, place: Place<'_>, message: &str) -> Result<bool> {
    let (subject, conversation) = place;
    if !keep_change(transaction, place, message).await? {
        return Ok(false);
    }
    sqlx::query(
        "UPDATE message SET status = 'complete', error_code = NULL WHERE id = ? AND conversation_id IN \
         (SELECT id FROM conversation WHERE id = ? AND visitor_id = ?)",
    )
    .bind(message)
    .bind(conversation.as_str())
    .bind(subject.as_str())
    .execute(&mut **transaction)
    .await?;
    Ok(true)
}
