//! `/conversations`: the visitor's own.

use super::context::Context;
use super::error::ApiError;
use super::extract::{Json, Path, Query};
use super::page::{PageQuery, search_text, title};
use super::sentences::Sentence;
use super::visitor::Visitor;
use crate::app::App;
use crate::clock::random_id_part;
use crate::store::{self, ConversationQuery, TwinRef};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use twinchat_protocol::conversation::{Conversation, ConversationPatch, NewConversation};
use twinchat_protocol::envelope::Envelope;
use twinchat_protocol::error::{ErrorBody, ErrorCode};
use twinchat_protocol::id::{ConversationId, TwinId};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this file.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(one, rename, erase))
}

/// The id in a path. A text that is no id of ours is the id of nothing.
pub(super) fn id(text: &str) -> Result<ConversationId, ApiError> {
    ConversationId::parse(text).map_err(|_| ApiError::new(ErrorCode::NotFound))
}

/// Which conversations.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
struct Chosen {
    /// The page, from 1.
    #[param(minimum = 1, maximum = 1_000_000, default = 1)]
    page: Option<u32>,
    /// Items per page, 1 to 100; 20 by default.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    /// Only those with this twin.
    twin_id: Option<String>,
    /// Only those with this text in their title or in a message, whatever the case.
    #[param(max_length = 200, pattern = r"^[^\u0000]*$")]
    search: Option<String>,
}

/// The visitor's conversations, latest first.
#[utoipa::path(get, path = "/conversations", operation_id = "listConversations", tag = "conversations", params(Chosen), responses(
    (status = 200, description = "A page of the visitor's conversations", body = Envelope<Vec<Conversation>>),
    (status = "default", description = "An error", body = ErrorBody, content_type = "application/problem+json"),
))]
async fn list(
    State(app): State<App>,
    context: Context,
    visitor: Visitor,
    Query(chosen): Query<Chosen>,
) -> Result<axum::Json<Envelope<Vec<Conversation>>>, ApiError> {
    let page = PageQuery { page: chosen.page, limit: chosen.limit }.checked()?;
    search_text(chosen.search.as_deref().unwrap_or_default())?;
    let twin = match chosen.twin_id.filter(|text| !text.is_empty()) {
        Some(name) => {
            // An id of ours names conversations even when its twin is no longer listed, or no list can be had.
            let listed = app.directory().twin_named(&name).await.ok().flatten().map(|listed| listed.twin.id);
            match listed.or_else(|| TwinId::parse(&name).ok()) {
                Some(id) => Some(id),
                None => return Ok(context.list(Vec::new(), page.meta(0))),
            }
        }
        None => None,
    };
    let query = ConversationQuery { twin, search: chosen.search, offset: page.offset(), limit: page.limit };
    let (conversations, total) = app.store().conversations(&visitor.subject, &query).await?;
    Ok(context.list(conversations, page.meta(total)))
}

/// Begins a conversation. The upstream hears of it with the first message.
#[utoipa::path(post, path = "/conversations", operation_id = "createConversation", tag = "conversations", request_body = NewConversation, responses(
    (status = 201, description = "The new conversation", body = Envelope<Conversation>),
    (status = "default", description = "An error", body = ErrorBody, content_type = "application/problem+json"),
))]
async fn create(
    State(app): State<App>,
    context: Context,
    visitor: Visitor,
    Json(body): Json<NewConversation>,
) -> Result<Response, ApiError> {
    begin(&app, &context, &visitor, &body.twin_id, body.title.as_deref()).await
}

/// What both ways to begin a conversation do.
pub(super) async fn begin(
    app: &App,
    context: &Context,
    visitor: &Visitor,
    twin: &str,
    wanted_title: Option<&str>,
) -> Result<Response, ApiError> {
    let title = title(wanted_title.unwrap_or_default())?;
    let Some(listed) = app.directory().twin_named(twin).await? else {
        let sentence = Sentence::new("There is no such twin; GET /twins lists all.", "Không có trợ lý này; GET /twins liệt kê tất cả.");
        return Err(ApiError::new(ErrorCode::NotFound).saying(sentence));
    };
    let id = ConversationId::from_random(&random_id_part(app.dice().as_ref()));
    let twin = TwinRef { id: listed.twin.id, upstream: listed.upstream, upstream_id: listed.upstream_id };
    let new = store::NewConversation { id: &id, twin: &twin, title };
    let conversation = app.store().create_conversation(&visitor.subject, &new, context.now_millis).await?;
    Ok((StatusCode::CREATED, context.answer(conversation)).into_response())
}

/// One conversation.
#[utoipa::path(get, path = "/conversations/{id}", operation_id = "getConversation", tag = "conversations", params(("id" = String, Path, description = "The conversation's id")), responses(
    (status = 200, description = "The conversation", body = Envelope<Conversation>),
    (status = "default", description = "An error", body = ErrorBody, content_type = "application/problem+json"),
))]
async fn one(
    State(app): State<App>,
    context: Context,
    visitor: Visitor,
    Path(text): Path<String>,
) -> Result<axum::Json<Envelope<Conversation>>, ApiError> {
    Ok(context.answer(app.store().conversation(&visitor.subject, &id(&text)?).await?))
}

/// Gives it another title.
#[utoipa::path(patch, path = "/conversations/{id}", operation_id = "renameConversation", tag = "conversations", request_body = ConversationPatch, params(("id" = String, Path, description = "The conversation's id")), responses(
    (status = 200, description = "The conversation with its new title", body = Envelope<Conversation>),
    (status = "default", description = "An error", body = ErrorBody, content_type = "application/problem+json"),
))]
async fn rename(
    State(app): State<App>,
    context: Context,
    visitor: Visitor,
    Path(text): Path<String>,
    Json(body): Json<ConversationPatch>,
) -> Result<axum::Json<Envelope<Conversation>>, ApiError> {
    let id = id(&text)?;
    let title = title(&body.title)?;
    if title.is_empty() {
        return Err(ApiError::invalid("title", Sentence::new("Give it a title that is not blank.", "Hãy nhập tiêu đề, không để trống.")));
    }
    Ok(context.answer(app.store().rename_conversation(&visitor.subject, &id, title).await?))
}

/// Erases it and all of its messages. A reply being written in it is stopped.
#[utoipa::path(delete, path = "/conversations/{id}", operation_id = "deleteConversation", tag = "conversations", params(("id" = String, Path, description = "The conversation's id")), responses(
    (status = 204, description = "It is gone"),
    (status = "default", description = "An error", body = ErrorBody, content_type = "application/problem+json"),
))]
async fn erase(State(app): State<App>, visitor: Visitor, Path(text): Path<String>) -> Result<StatusCode, ApiError> {
    app.relay().erase(&visitor.subject, &id(&text)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
