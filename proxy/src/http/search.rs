//! `GET /messages`: what was said, found again.

use super::context::Context;
use super::conversations::id as conversation_id;
use super::error::ApiError;
use super::extract::Query;
use super::page::{PageQuery, search_text};
use super::sentences::Sentence;
use super::visitor::Visitor;
use crate::app::App;
use crate::store::MessageQuery;
use axum::extract::State;
use serde::Deserialize;
use twinchat_protocol::envelope::Envelope;
use twinchat_protocol::error::ErrorBody;
use twinchat_protocol::hit::MessageHit;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this file.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(find))
}

/// What to look for, and where.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    /// The text, whatever the case; at least one character that is no white space.
    #[param(required = true, min_length = 1, max_length = 200, pattern = r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
    search: Option<String>,
    /// Only in this conversation.
    conversation_id: Option<String>,
    /// The page, from 1.
    #[param(minimum = 1, maximum = 1_000_000, default = 1)]
    page: Option<u32>,
    /// Hits per page, 1 to 100; 20 by default.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
}

/// The visitor's messages, and those that the visitor was answered, with this text; latest first.
#[utoipa::path(get, path = "/messages", operation_id = "searchMessages", tag = "messages", params(Wanted), responses(
    (status = 200, description = "A page of hits, each with the words around the first place", body = Envelope<Vec<MessageHit>>),
    (status = "default", description = "An error", body = ErrorBody, content_type = "application/problem+json"),
))]
async fn find(
    State(app): State<App>,
    context: Context,
    visitor: Visitor,
    Query(wanted): Query<Wanted>,
) -> Result<axum::Json<Envelope<Vec<MessageHit>>>, ApiError> {
    let page = PageQuery { page: wanted.page, limit: wanted.limit }.checked()?;
    let search = search_text(wanted.search.as_deref().unwrap_or_default())?;
    if search.is_empty() {
        let sentence = Sentence::new("Say what to look for, as search=…", "Hãy cho biết cần tìm gì, bằng search=…");
        return Err(ApiError::invalid("search", sentence));
    }
    let conversation = match wanted.conversation_id.as_deref().filter(|text| !text.is_empty()) {
        // Somebody else's is nothing, here too.
        Some(text) => Some(app.store().conversation(&visitor.subject, &conversation_id(text)?).await?.id),
        None => None,
    };
    let query = MessageQuery { search, conversation: conversation.as_ref(), offset: page.offset(), limit: page.limit };
    let (hits, total) = app.store().find_messages(&visitor.subject, &query).await?;
    Ok(context.list(hits, page.meta(total)))
}
