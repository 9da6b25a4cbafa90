//! `/twins`: who can be talked to.

use super::context::Context;
use super::conversations::begin;
use super::error::ApiError;
use super::extract::{Json, Path, Query};
use super::page::PageQuery;
use super::sentences::Sentence;
use super::visitor::Visitor;
use crate::app::App;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use twinchat_protocol::conversation::Conversation;
use twinchat_protocol::envelope::Envelope;
use twinchat_protocol::error::{ErrorBody, ErrorCode};
use twinchat_protocol::twin::Twin;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this file.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(one, talk))
}

/// All twins.
#[utoipa::path(get, path = "/twins", operation_id = "listTwins", tag = "twins", params(PageQuery), responses(
    (status = 200, description = "A page of the twins of all upstreams", body = Envelope<Vec<Twin>>),
    (status = "default", description = "An error", body = ErrorBody, content_type = "application/problem+json"),
))]
async fn list(
    State(app): State<App>,
    context: Context,
    _visitor: Visitor,
    Query(query): Query<PageQuery>,
) -> Result<axum::Json<Envelope<Vec<Twin>>>, ApiError> {
    let page = query.checked()?;
    let twins = app.directory().twins().await?;
    let total = u32::try_from(twins.len()).unwrap_or(u32::MAX);
    let shown = twins.into_iter().skip(page.offset() as usize).take(page.limit as usize).map(|listed| listed.twin);
    Ok(context.list(shown.collect(), page.meta(total)))
}

/// One twin.
#[utoipa::path(get, path = "/twins/{id}", operation_id = "getTwin", tag = "twins", params(("id" = String, Path, description = "The twin's id")), responses(
    (status = 200, description = "The twin", body = Envelope<Twin>),
    (status = "default", description = "An error", body = ErrorBody, content_type = "application/problem+json"),
))]
async fn one(
    State(app): State<App>,
    context: Context,
    _visitor: Visitor,
    Path(id): Path<String>,
) -> Result<axum::Json<Envelope<Twin>>, ApiError> {
    let listed = app.directory().twin_named(&id).await?.ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    Ok(context.answer(listed.twin))
}

/// Body of `POST /twins/{id}`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Talk {
    /// The twin once more, as TwinExpert's own clients may send it; must be the one in the address.
    #[schema(ignore)]
    #[serde(default)]
    twin_id: Option<String>,
    /// A title, at most 200 characters; without one it is made of the first message.
    #[schema(max_length = 200, pattern = r"^[^\u0000]*$")]
    #[serde(default)]
    title: Option<String>,
}

/// Begins a conversation with a twin; the same as `POST /conversations`.
#[utoipa::path(post, path = "/twins/{id}", operation_id = "createConversationWithTwin", tag = "twins", request_body = Talk, params(("id" = String, Path, description = "The twin's id")), responses(
    (status = 201, description = "The new conversation", body = Envelope<Conversation>),
    (status = "default", description = "An error", body = ErrorBody, content_type = "application/problem+json"),
))]
async fn talk(
    State(app): State<App>,
    context: Context,
    visitor: Visitor,
    Path(id): Path<String>,
    Json(body): Json<Talk>,
) -> Result<Response, ApiError> {
    if body.twin_id.is_some_and(|named| named != id) {
        let sentence = Sentence::new("twinId names another twin than the address.", "twinId khác với trợ lý trong địa chỉ.");
        return Err(ApiError::invalid("twinId", sentence));
    }
    begin(&app, &context, &visitor, &id, body.title.as_deref()).await
}
