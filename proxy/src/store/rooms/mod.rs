//! Threads of people ("rooms"): which part of one is whose, and what was said in it.
//!
//! A conversation is given a room's words from the moment it has the room until somebody else has it, and no
//! others: a row that comes late belongs to whoever had the room when it was written, and what was written
//! before, or for another, is given to nobody. That is held here, where it is written, not by whoever asks.
//!
//! | file | holds |
//! |---|---|
//! | `heard` | what becomes of something that was said |

mod heard;
#[cfg(test)]
mod tests;

use super::{Result, Store, StoreError};
use crate::subject::Subject;
use heard::{NewWord, hear};
use sqlx::{FromRow, Row, Sqlite, Transaction};
use twinchat_protocol::id::{ConversationId, MessageId};

/// Which rooms a twin has, and how they are lent. Times are milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoomPool<'a> {
    /// The configured name of the upstream.
    pub upstream: &'a str,
    /// The upstream's ids of the rooms.
    pub rooms: &'a [String],
    /// Whether everybody is in the same room, as the owner wishes.
    pub shared: bool,
    /// How long a room is kept after the last word in it.
    pub keep: i64,
    /// How long a room rests after it was given back.
    pub cool_down: i64,
}

/// A part of a room that is one conversation's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The upstream's id of the room.
    pub room: String,
    /// What was written after this is in it; milliseconds since 1970.
    pub since: i64,
    /// What was written until then; none while nobody has had the room since.
    pub until: Option<i64>,
}

/// What came of asking for a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lent {
    /// This one.
    Room(String),
    /// All are somebody else's; the first of them is free at this time, in milliseconds since 1970.
    NoneFree(i64),
}

/// Something that was said in a room, as its upstream tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomWord<'a> {
    /// The upstream's id for it.
    pub id: &'a str,
    /// The upstream's id of the room.
    pub room: &'a str,
    /// When it was written, exact, in milliseconds since 1970.
    pub time: i64,
    /// The name it was said under.
    pub name: &'a str,
    /// What was said, without what it quotes.
    pub content: &'a str,
    /// What it quotes.
    pub quoted: Option<&'a str>,
    /// Fingerprint of the text as it came.
    pub digest: &'a str,
    /// Whether it may be what a visitor said, coming back.
    pub may_be_echo: bool,
}

/// What became of something said in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It is a new message, or a change that readers are to be told.
    News,
    /// It was known, or is what the visitor said.
    Known,
    /// It cannot be taken in yet; it is to be offered again.
    Later,
    /// It is not of this conversation's part of the room.
    NotTheirs,
    /// It answers something that was not said in this conversation.
    ForeignQuote,
}

/// Where a message stands in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomPlace {
    /// The upstream's id of the room.
    pub room: String,
    /// When it was written, exact, in milliseconds since 1970.
    pub time: i64,
}

impl Store {
    /// Lends a room to a conversation, or renews what it has. A visitor has one room of a pool at a time: a second
    /// conversation takes over the first one's.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the conversation is not the visitor's.
    pub async fn lend_room(&self, subject: &Subject, conversation: &ConversationId, pool: &RoomPool<'_>, now: i64) -> Result<Lent> {
        // So that what is said in this very millisecond is the new holder's.
        let now = now - 1;
        let mut transaction = self.write().await?;
        check_owner(&mut transaction, subject, conversation).await?;
        let known = held(&mut transaction, subject, pool).await?;
        let own = known.iter().find(|lease| lease.conversation == conversation.as_str());
        if let Some(own) = own.filter(|own| own.shared == pool.shared && pool.rooms.contains(&own.room)) {
            let room = own.room.clone();
            renew(&mut transaction, subject, conversation, now).await?;
            transaction.commit().await?;
            return Ok(Lent::Room(room));
        }
        let taken = if pool.shared { Ok(pool.rooms.first().cloned()) } else { free_room(&mut transaction, pool, &known, now).await? };
        let room = match taken {
            Ok(Some(room)) => room,
            Ok(None) => return Ok(Lent::NoneFree(now + pool.keep)),
            Err(free_at) => return Ok(Lent::NoneFree(free_at)),
        };
        end_lease_of(&mut transaction, subject, conversation, now).await?;
        if !pool.shared {
            end_lease_in(&mut transaction, pool.upstream, &room, now).await?;
        }
        begin_lease(&mut transaction, (subject, conversation), pool, &room, now).await?;
        transaction.commit().await?;
        Ok(Lent::Room(room))
    }

    /// Gives back the rooms of a conversation that is to be erased, or of all of a visitor's: they rest, then others
    /// may have them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn return_rooms(&self, subject: &Subject, conversation: Option<&ConversationId>, now: i64) -> Result<()> {
        let mut transaction = self.write().await?;
        sqlx::query(
            "UPDATE room_lease SET free_at = min(free_at, ?1 + cool_down_ms) WHERE until IS NULL AND conversation_id IN \
             (SELECT id FROM conversation WHERE visitor_id = ?2 AND (?3 IS NULL OR id = ?3))",
        )
        .bind(now)
        .bind(subject.as_str())
        .bind(conversation.map(ConversationId::as_str))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The parts of rooms that are a conversation's, the latest first.
    ///
    /// # Errors
    /// When the database fails. None of somebody else's conversation are found.
    pub async fn leases(&self, subject: &Subject, conversation: &ConversationId) -> Result<Vec<Lease>> {
        let mut reading = self.readers.begin().await?;
        let rows: Vec<(String, i64, Option<i64>)> = sqlx::query_as(
            "SELECT l.room, l.since, l.until FROM room_lease l JOIN conversation c ON c.id = l.conversation_id \
             WHERE c.id = ? AND c.visitor_id = ? ORDER BY l.since DESC, l.rowid DESC",
        )
        .bind(conversation.as_str())
        .bind(subject.as_str())
        .fetch_all(&mut *reading)
        .await?;
        Ok(rows.into_iter().map(|(room, since, until)| Lease { room, since, until }).collect())
    }

    /// Takes in what was said in a room, if it is of this conversation's part of it. `id` is for a new message.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the conversation is not the visitor's.
    pub async fn hear(
        &self,
        subject: &Subject,
        conversation: &ConversationId,
        (word, id): (&RoomWord<'_>, &MessageId),
        now: i64,
    ) -> Result<Heard> {
        let mut transaction = self.write().await?;
        check_owner(&mut transaction, subject, conversation).await?;
        let Some(shared) = covering(&mut transaction, subject, conversation, word).await? else { return Ok(Heard::NotTheirs) };
        let heard = hear(&mut transaction, (subject, conversation), &NewWord { word, id, shared, now }).await?;
        if heard == Heard::News {
            renew(&mut transaction, subject, conversation, now).await?;
        }
        transaction.commit().await?;
        Ok(heard)
    }

    /// Where a message of the visitor's stands in a room; none while that is not known.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn room_place(&self, subject: &Subject, message: &MessageId) -> Result<Option<RoomPlace>> {
        let mut reading = self.readers.begin().await?;
        let found: Option<(String, i64)> = sqlx::query_as(
            "SELECT r.room, r.time_raw FROM room_message r JOIN conversation c ON c.id = r.conversation_id \
             WHERE r.message_id = ? AND c.visitor_id = ? ORDER BY r.time_raw LIMIT 1",
        )
        .bind(message.as_str())
        .bind(subject.as_str())
        .fetch_optional(&mut *reading)
        .await?;
        Ok(found.map(|(room, time)| RoomPlace { room, time }))
    }
}

/// The visitor's own room of this pool, else the one that has been free for longest. `Err`: when one is.
async fn free_room(
    transaction: &mut Transaction<'_, Sqlite>,
    pool: &RoomPool<'_>,
    own: &[Held],
    now: i64,
) -> Result<std::result::Result<Option<String>, i64>> {
    if let Some(own) = own.iter().find(|lease| !lease.shared && pool.rooms.contains(&lease.room)) {
        return Ok(Ok(Some(own.room.clone())));
    }
    let taken = rooms_taken(transaction, pool.upstream).await?;
    let free_at = |room: &String| taken.iter().find(|(other, _)| other == room).map_or(i64::MIN, |(_, free_at)| *free_at);
    let first = pool.rooms.iter().map(|room| (free_at(room), room)).min_by_key(|(free_at, _)| *free_at);
    Ok(match first {
        Some((free_at, _)) if free_at > now => Err(free_at),
        first => Ok(first.map(|(_, room)| room.clone())),
    })
}

/// A room that one of the visitor's conversations has now.
struct Held {
    room: String,
    conversation: String,
    shared: bool,
}

async fn held(transaction: &mut Transaction<'_, Sqlite>, subject: &Subject, pool: &RoomPool<'_>) -> Result<Vec<Held>> {
    let rows = sqlx::query(
        "SELECT l.room, l.conversation_id, l.shared FROM room_lease l JOIN conversation c ON c.id = l.conversation_id \
         WHERE l.until IS NULL AND l.upstream = ? AND c.visitor_id = ?",
    )
    .bind(pool.upstream)
    .bind(subject.as_str())
    .fetch_all(&mut **transaction)
    .await?;
    let held =
        rows.iter().map(|row| Ok(Held { room: row.try_get(0)?, conversation: row.try_get(1)?, shared: row.try_get::<i64, _>(2)? != 0 }));
    Ok(held.collect::<sqlx::Result<_>>()?)
}

/// The rooms that are lent, or rest, and until when.
async fn rooms_taken(transaction: &mut Transaction<'_, Sqlite>, upstream: &str) -> Result<Vec<(String, i64)>> {
    let query = "SELECT room, free_at FROM room_lease WHERE upstream = ? AND until IS NULL AND shared = 0";
    Ok(sqlx::query_as(query).bind(upstream).fetch_all(&mut **transaction).await?)
}

async fn check_owner(transaction: &mut Transaction<'_, Sqlite>, subject: &Subject, conversation: &ConversationId) -> Result<()> {
    let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM conversation WHERE id = ? AND visitor_id = ?")
        .bind(conversation.as_str())
        .bind(subject.as_str())
        .fetch_optional(&mut **transaction)
        .await?;
    found.map(|_| ()).ok_or(StoreError::NotFound)
}

async fn end_lease_of(transaction: &mut Transaction<'_, Sqlite>, subject: &Subject, conversation: &ConversationId, now: i64) -> Result<()> {
    sqlx::query(
        "UPDATE room_lease SET until = ?1, free_at = min(free_at, ?1 + cool_down_ms) WHERE until IS NULL AND conversation_id IN \
         (SELECT id FROM conversation WHERE id = ?2 AND visitor_id = ?3)",
    )
    .bind(now)
    .bind(conversation.as_str())
    .bind(subject.as_str())
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Whoever had the room has it no longer; what they were told stays theirs.
async fn end_lease_in(transaction: &mut Transaction<'_, Sqlite>, upstream: &str, room: &str, now: i64) -> Result<()> {
    sqlx::query("UPDATE room_lease SET until = ? WHERE until IS NULL AND shared = 0 AND upstream = ? AND room = ?")
        .bind(now)
        .bind(upstream)
        .bind(room)
        .execute(&mut **transaction)
        .await?;
    sqlx::query("DELETE FROM room_lease WHERE conversation_id IS NULL AND (until IS NOT NULL OR shared = 1)")
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

async fn begin_lease(
    transaction: &mut Transaction<'_, Sqlite>,
    (subject, conversation): (&Subject, &ConversationId),
    pool: &RoomPool<'_>,
    room: &str,
    now: i64,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO room_lease (upstream, room, conversation_id, shared, since, free_at, keep_ms, cool_down_ms) \
         SELECT ?, ?, id, ?, ?, ?, ?, ? FROM conversation WHERE id = ? AND visitor_id = ?",
    )
    .bind(pool.upstream)
    .bind(room)
    .bind(pool.shared)
    .bind(now)
    .bind(now + pool.keep)
    .bind(pool.keep)
    .bind(pool.cool_down)
    .bind(conversation.as_str())
    .bind(subject.as_str())
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Something was said: the room is kept for as long again.
async fn renew(transaction: &mut Transaction<'_, Sqlite>, subject: &Subject, conversation: &ConversationId, now: i64) -> Result<()> {
    sqlx::query(
        "UPDATE room_lease SET free_at = max(free_at, ? + keep_ms) WHERE until IS NULL AND conversation_id IN \
         (SELECT id FROM conversation WHERE id = ? AND visitor_id = ?)",
    )
    .bind(now)
    .bind(conversation.as_str())
    .bind(subject.as_str())
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Whether the word is of this conversation's part of the room, and whether that is shared with others.
async fn covering(
    transaction: &mut Transaction<'_, Sqlite>,
    subject: &Subject,
    conversation: &ConversationId,
    word: &RoomWord<'_>,
) -> Result<Option<bool>> {
    let row = sqlx::query(
        "SELECT l.shared FROM room_lease l JOIN conversation c ON c.id = l.conversation_id WHERE c.id = ?1 AND c.visitor_id = ?2 \
         AND l.room = ?3 AND l.since < ?4 AND (l.until IS NULL OR ?4 <= l.until) LIMIT 1",
    )
    .bind(conversation.as_str())
    .bind(subject.as_str())
    .bind(word.room)
    .bind(word.time)
    .fetch_optional(&mut **transaction)
    .await?;
    Ok(row.map(|row| <(i64,)>::from_row(&row)).transpose()?.map(|(shared,)| shared != 0))
}
