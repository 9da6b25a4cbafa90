//! `/visitor`: everything that is kept of the visitor, to take along or to have erased.

use super::context::Context;
use super::error::ApiError;
use super::visitor::Visitor;
use crate::app::App;
use crate::metrics;
use crate::store::{PageAt, StoreError};
use crate::subject::Subject;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use tokio::sync::mpsc;
use twinchat_protocol::conversation::Conversation;
use twinchat_protocol::envelope::{Envelope, Meta};
use twinchat_protocol::error::ErrorBody;
use twinchat_protocol::id::VisitorId;
use twinchat_protocol::message::Message;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Conversations read at once.
const CONVERSATIONS: u32 = 20;
/// Messages read at once; each may have a mebibyte.
const MESSAGES: u32 = 10;
/// Pieces that wait for a slow reader.
const AHEAD: usize = 2;

/// The routes of this file.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(erase)).routes(routes!(export))
}

/// Erases everything that is kept of the visitor: conversations, messages, feedback, keys. Replies
/// being written end, and so do streams; tokens given out before are refused from then on.
#[utoipa::path(delete, path = "/visitor", operation_id = "eraseVisitor", tag = "visitor", responses(
    (status = 204, description = "It is gone"),
    (status = "default", description = "An error; what is not erased can be erased by asking again", body = ErrorBody, content_type = "application/problem+json"),
))]
async fn erase(State(app): State<App>, visitor: Visitor) -> Result<StatusCode, ApiError> {
    let erased = app.relay().erase_visitor(&visitor.subject).await?;
    metrics::CONVERSATIONS_ERASED.add(["visitor"], erased as u64);
    app.tokens().revoke_visitor(&visitor.subject).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Everything that is kept of a visitor.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Export {
    /// The visitor's id.
    visitor_id: VisitorId,
    /// When the visitor was first stored, RFC 3339; absent when nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// All conversations, in no particular order.
    conversations: Vec<ExportedConversation>,
}

/// A conversation with all that was said in it.
#[derive(Debug, Serialize, ToSchema)]
struct ExportedConversation {
    /// About it.
    #[serde(flatten)]
    conversation: Conversation,
    /// In the order in which they were said.
    messages: Vec<Message>,
}

/// Everything that is kept of the visitor as one document, written as it is read: it may be large.
/// A document that breaks off is not whole; ask again.
#[utoipa::path(get, path = "/visitor/export", operation_id = "exportVisitor", tag = "visitor", responses(
    (status = 200, description = "The document", body = Envelope<Export>),
    (status = "default", description = "An error", body = ErrorBody, content_type = "application/problem+json"),
))]
async fn export(State(app): State<App>, context: Context, visitor: Visitor) -> Result<Response, ApiError> {
    let since = app.store().visitor_since(&visitor.subject).await?;
    let (sender, receiver) = mpsc::channel(AHEAD);
    let writer = Writer { app: app.clone(), subject: visitor.subject.clone(), sender };
    let end = app.stream_end(&visitor.subject);
    tokio::spawn(async move {
        tokio::select! {
            // The reader finds a document that breaks off.
            _ = end => drop(writer.sender.send(Err(CutOff)).await),
            () = writer.all(since.as_deref(), context.meta()) => {}
        }
    });
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"conversations.json\"")),
    ];
    let pieces = unfold(receiver, |mut receiver| async move { receiver.recv().await.map(|piece| (piece, receiver)) });
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// Why a document breaks off.
#[derive(Debug, thiserror::Error)]
#[error("the export was cut off")]
struct CutOff;

/// Why nothing more is written.
enum Stop {
    ReaderLeft,
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

struct Writer {
    app: App,
    subject: Subject,
    sender: mpsc::Sender<Result<Bytes, CutOff>>,
}

impl Writer {
    async fn all(&self, since: Option<&str>, meta: Meta) {
        if let Err(Stop::Store(error)) = self.document(since, meta).await {
            tracing::error!(%error, "an export was cut off");
            let _ = self.sender.send(Err(CutOff)).await;
        }
    }

    async fn document(&self, since: Option<&str>, meta: Meta) -> Result<(), Stop> {
        let since = since.map_or(String::new(), |since| format!(",\"since\":{}", json(&since)));
        self.write(format!("{{\"success\":true,\"data\":{{\"visitorId\":{}{since},\"conversations\":[", json(self.subject.id()))).await?;
        let (mut last, mut comma) = (None, "");
        loop {
            let page = self.app.store().conversations_after(&self.subject, last.as_ref(), CONVERSATIONS).await?;
            for conversation in &page {
                // All but its last brace: its messages follow.
                let about = json(conversation);
                self.write(format!("{comma}{},\"messages\":[", about.strip_suffix('}').unwrap_or(&about))).await?;
                self.messages(conversation).await?;
                self.write("]}".to_owned()).await?;
                comma = ",";
            }
            last = page.last().map(|conversation| conversation.id.clone());
            if page.len() < CONVERSATIONS as usize {
                break;
            }
        }
        self.write(format!("]}},\"meta\":{}}}\n", json(&meta))).await
    }

    async fn messages(&self, conversation: &Conversation) -> Result<(), Stop> {
        let (mut after, mut comma) = (0, "");
        loop {
            let page = match self.app.store().messages(&self.subject, &conversation.id, PageAt::After(after), MESSAGES).await {
                // Erased meanwhile.
                Err(StoreError::NotFound) => return Ok(()),
                page => page?,
            };
            for mut message in page.messages {
                after = message.ordinal;
                self.app.relay().bring_up_to_date(&mut message);
                self.write(format!("{comma}{}", json(&message))).await?;
                comma = ",";
            }
            if !page.has_after {
                return Ok(());
            }
        }
    }

    async fn write(&self, text: String) -> Result<(), Stop> {
        self.sender.send(Ok(Bytes::from(text))).await.map_err(|_| Stop::ReaderLeft)
    }
}

/// The wire types have no maps with keys that JSON cannot have, so this cannot fail.
fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
