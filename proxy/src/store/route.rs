use super::{Result, Store, StoreError};
use crate::subject::Subject;
use sqlx::SqliteConnection;
use twinchat_protocol::id::ConversationId;

/// Where an answer is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The configured name of the upstream.
    pub upstream: String,
    /// The upstream's id of the twin.
    pub twin: String,
    /// The upstream's id of the conversation; none before its first message.
    pub conversation: Option<String>,
    /// The conversation's title.
    pub title: String,
}

/// A conversation as a send finds it.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) route: Route,
    /// The number of messages in it.
    pub(super) count: u32,
    /// Whether a reply is being written in it.
    pub(super) is_busy: bool,
    /// How many replies are being written for its visitor.
    pub(super) active: u32,
}

impl Store {
    /// Where a conversation's answers are asked for.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also when it is somebody else's.
    pub async fn route(&self, subject: &Subject, conversation: &ConversationId) -> Result<Route> {
        let mut reading = self.readers.acquire().await?;
        Ok(place_in(&mut reading, subject, conversation).await?.route)
    }
}

/// A conversation, with what is being written.
pub(super) async fn place_in(connection: &mut SqliteConnection, subject: &Subject, id: &ConversationId) -> Result<Place> {
    let (upstream, twin, conversation, title, count, is_busy, active) = sqlx::query_as(
        "SELECT t.upstream, t.upstream_id, c.upstream_id, c.title, c.message_count, \
         EXISTS (SELECT 1 FROM message m WHERE m.conversation_id = c.id AND m.status = 'streaming'), \
         (SELECT count(*) FROM message m JOIN conversation o ON o.id = m.conversation_id \
          WHERE m.status = 'streaming' AND o.visitor_id = c.visitor_id) \
         FROM conversation c JOIN twin t ON t.id = c.twin_id WHERE c.id = ? AND c.visitor_id = ?",
    )
    .bind(id.as_str())
    .bind(subject.as_str())
    .fetch_optional(&mut *connection)
    .await?
    .ok_or(StoreError::NotFound)?;
    Ok(Place { route: Route { upstream, twin, conversation, title }, count, is_busy, active })
}

impl Place {
    /// One reply per conversation, and so many per visitor.
    pub(super) fn check_active(&self, most: u32) -> Result<()> {
        match self.is_busy {
            true => Err(StoreError::ReplyInProgress),
            false if self.active >= most => Err(StoreError::TooManyReplies),
            false => Ok(()),
        }
    }
}
