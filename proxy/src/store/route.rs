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

impl Store {
    /// Where a conversation's answers are asked for.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also when it is somebody else's.
    pub async fn route(&self, subject: &Subject, conversation: &ConversationId) -> Result<Route> {
        let mut reading = self.readers.acquire().await?;
        Ok(route_in(&mut reading, subject, conversation).await?.0)
    }
}

/// The same, with the number of messages in it.
pub(super) async fn route_in(connection: &mut SqliteConnection, subject: &Subject, id: &ConversationId) -> Result<(Route, u32)> {
    let (upstream, twin, conversation, title, count) = sqlx::query_as(
        "SELECT t.upstream, t.upstream_id, c.upstream_id, c.title, c.message_count FROM conversation c JOIN twin t ON t.id = c.twin_id \
         WHERE c.id = ? AND c.visitor_id = ?",
    )
    .bind(id.as_str())
    .bind(subject.as_str())
    .fetch_optional(&mut *connection)
    .await?
    .ok_or(StoreError::NotFound)?;
    Ok((Route { upstream, twin, conversation, title }, count))
}
