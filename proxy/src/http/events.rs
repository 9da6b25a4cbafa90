//! `/conversations/{id}/events`: everything that happens in a conversation, from any event on.

use super::context::Context;
use super::conversations::id as conversation_id;
use super::error::ApiError;
use super::extract::{Path, Query};
use super::sentences::Sentence;
use super::stream::answer;
use super::visitor::Visitor;
use crate::app::App;
use axum::extract::{FromRequestParts, State};
use axum::response::Response;
use http::request::Parts;
use serde::Deserialize;
use twinchat_protocol::error::ErrorBody;
use twinchat_protocol::event::StreamEvent;
use twinchat_protocol::id::EventId;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this file.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(feed))
}

/// From where on.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct From {
    /// The last event seen, such as `12.37`. Wins over `Last-Event-ID`. Without either: from the beginning.
    after: Option<String>,
}

/// The last event seen, from either place.
struct After(EventId);

impl FromRequestParts<App> for After {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Query(from) = Query::<From>::from_request_parts(parts, app).await?;
        let last = parts.headers.get("last-event-id").map(|last| event_id(last.to_str().unwrap_or("?"), "Last-Event-ID")).transpose()?;
        let after = from.after.map(|after| event_id(&after, "after")).transpose()?;
        Ok(Self(after.or(last).unwrap_or(EventId::START)))
    }
}

/// What came after an event, then what comes. Stays open.
#[utoipa::path(get, path = "/conversations/{id}/events", operation_id = "followConversation", tag = "messages",
    params(("id" = String, Path, description = "The conversation's id"), From, ("Last-Event-ID" = Option<String>, Header, description = "The last event seen")),
    responses(
        (status = 200, description = "Events", body = StreamEvent, content_type = "text/event-stream"),
        (status = "default", description = "An error", body = ErrorBody, content_type = "application/problem+json"),
))]
async fn feed(
    State(app): State<App>,
    context: Context,
    visitor: Visitor,
    Path(text): Path<String>,
    After(after): After,
) -> Result<Response, ApiError> {
    let conversation = conversation_id(&text)?;
    let events = app.relay().feed(&visitor.subject, &conversation, after).await?;
    Ok(answer(&app, &visitor.subject, context, events))
}

fn event_id(text: &str, field: &'static str) -> Result<EventId, ApiError> {
    // An `EventSource` that has seen no id sends an empty one.
    if text.is_empty() {
        return Ok(EventId::START);
    }
    EventId::parse(text).map_err(|_| {
        let sentence = Sentence::new("An event id looks like 12.37.", "Mã sự kiện có dạng 12.37.");
        ApiError::invalid(field, sentence)
    })
}
