//! `/conversations/{id}/messages` and `/messages/{id}`: what is said.

use super::context::Context;
use super::conversations::id as conversation_id;
use super::error::ApiError;
use super::extract::{Json, Path, Query};
use super::page::{limit, without_nul};
use super::sentences::Sentence;
use super::stream::{answer, failure};
use super::upload::{self, MessageForm};
use super::visitor::Visitor;
use crate::app::App;
use crate::limits::Slot;
use crate::relay::{Asked, Reply, Saying, Upload};
use crate::store::{PageAt, StoreError};
use crate::subject::Subject;
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use serde::Deserialize;
use std::sync::Arc;
use twinchat_protocol::envelope::{Envelope, Meta};
use twinchat_protocol::error::{ErrorBody, ErrorCode};
use twinchat_protocol::event::StreamEvent;
use twinchat_protocol::id::{ConversationId, MessageId};
use twinchat_protocol::message::{Feedback, Message, MessageStatus, NewMessage};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Messages on a page when the client does not say.
const DEFAULT_LIMIT: u32 = 50;
/// No conversation has so many messages.
const MAX_ORDINAL: u32 = i32::MAX as u32;
/// The longest idempotency key.
const MAX_KEY: usize = 255;

/// The routes of this file.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(history, send))
        .routes(routes!(stream))
        .routes(routes!(stop))
        .routes(routes!(retry))
        .routes(routes!(feedback))
}

fn message_id(text: &str) -> Result<MessageId, ApiError> {
    MessageId::parse(text).map_err(|_| ApiError::new(ErrorCode::NotFound))
}

/// Which messages.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Part {
    /// At most so many, 1 to 100; 50 by default.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// The newest ones before this ordinal; with `after`, the oldest ones between the two.
    #[param(minimum = 0, maximum = 2_147_483_647)]
    before: Option<u32>,
    /// The oldest ones after this ordinal.
    #[param(minimum = 0, maximum = 2_147_483_647)]
    after: Option<u32>,
}

/// Messages of a conversation in order: the newest, or those before or after one.
#[utoipa::path(get, path = "/conversations/{id}/messages", operation_id = "listMessages", tag = "messages", params(("id" = String, Path, description = "The conversation's id"), Part), responses(
    (status = 200, description = "Messages in order; meta.before and meta.after lead to more", body = Envelope<Vec<Message>>),
    (status = "default", description = "An error", body = ErrorBody, content_type = "application/problem+json"),
))]
async fn history(
    State(app): State<App>,
    context: Context,
    visitor: Visitor,
    Path(text): Path<String>,
    Query(part): Query<Part>,
) -> Result<axum::Json<Envelope<Vec<Message>>>, ApiError> {
    let conversation = conversation_id(&text)?;
    let at = match (part.before, part.after) {
        (_, Some(ordinal)) => PageAt::After(ordinal),
        (Some(ordinal), None) => PageAt::Before(ordinal),
        (None, None) => PageAt::End,
    };
    for (field, ordinal) in [("before", part.before), ("after", part.after)] {
        if ordinal.is_some_and(|ordinal| ordinal > MAX_ORDINAL) {
            let english = format!("{field} is a message's ordinal, at most {MAX_ORDINAL}.");
            return Err(ApiError::invalid(field, Sentence::new(english, format!("{field} là số thứ tự tin nhắn, tối đa {MAX_ORDINAL}."))));
        }
    }
    let limit = limit(part.limit, DEFAULT_LIMIT)?;
    let mut page = app.store().messages(&visitor.subject, &conversation, at, limit).await?;
    app.relay().look(&visitor.subject, &conversation).await?;
    if let (Some(before), Some(_)) = (part.before, part.after) {
        let found = page.messages.len();
        page.messages.retain(|message| message.ordinal < before);
        page.has_after &= page.messages.len() == found;
    }
    page.messages.iter_mut().for_each(|message| app.relay().bring_up_to_date(message));
    let ordinal = |message: Option<&Message>| message.map(|message| message.ordinal.to_string());
    let meta = Meta {
        limit: Some(limit),
        before: ordinal(page.messages.first()).filter(|_| page.has_before),
        after: ordinal(page.messages.last()).filter(|_| page.has_after),
        ..Meta::default()
    };
    Ok(context.list(page.messages, meta))
}

/// Says something and answers with the twin's message once it is whole.
#[utoipa::path(post, path = "/conversations/{id}/messages", operation_id = "sendMessage", tag = "messages", request_body(content((NewMessage = "application/json"), (MessageForm = "multipart/form-data"))),
    params(("id" = String, Path, description = "The conversation's id"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat attach to the same reply")),
    responses(
        (status = 200, description = "The twin's message", body = Envelope<Message>),
        (status = "default", description = "An error; what had come of the reply is kept", body = ErrorBody, content_type = "application/problem+json"),
))]
async fn send(State(app): State<App>, context: Context, visitor: Visitor, request: Request) -> Result<Response, ApiError> {
    let said = Said::read(&app, &visitor, request).await?;
    let (message, retry_after) = say(&app, &context, &visitor, said).await?.finished().await;
    match message.status {
        MessageStatus::Complete | MessageStatus::Stopped => Ok(context.answer(message).into_response()),
        _ => Err(failure(message.error_code, retry_after)),
    }
}

/// Says something and streams the twin's answer.
#[utoipa::path(post, path = "/conversations/{id}/messages/stream", operation_id = "streamMessage", tag = "messages", request_body(content((NewMessage = "application/json"), (MessageForm = "multipart/form-data"))),
    params(("id" = String, Path, description = "The conversation's id"), ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat attach to the same reply")),
    responses(
        (status = 200, description = "Events, the first of them `progress` accepted, the last `complete` or `error`", body = StreamEvent, content_type = "text/event-stream"),
        (status = "default", description = "An error", body = ErrorBody, content_type = "application/problem+json"),
))]
async fn stream(State(app): State<App>, context: Context, visitor: Visitor, request: Request) -> Result<Response, ApiError> {
    let said = Said::read(&app, &visitor, request).await?;
    let reply = say(&app, &context, &visitor, said).await?;
    Ok(answer(&app, &visitor.subject, context, reply.events()))
}

/// Ends a reply where it is and keeps what came. Repeating it changes nothing.
#[utoipa::path(post, path = "/messages/{id}/stop", operation_id = "stopReply", tag = "messages", params(("id" = String, Path, description = "The reply's id")), responses(
    (status = 200, description = "The reply as it is kept", body = Envelope<Message>),
    (status = "default", description = "An error", body = ErrorBody, content_type = "application/problem+json"),
))]
async fn stop(
    State(app): State<App>,
    context: Context,
    visitor: Visitor,
    Path(text): Path<String>,
) -> Result<axum::Json<Envelope<Message>>, ApiError> {
    Ok(context.answer(app.relay().stop(&visitor.subject, &message_id(&text)?).await?))
}

/// Has the same question answered again, in place of a reply that did not end well.
#[utoipa::path(post, path = "/messages/{id}/retry", operation_id = "retryReply", tag = "messages", params(("id" = String, Path, description = "The reply's id")), responses(
    (status = 200, description = "Events, the first of them `progress` accepted, the last `complete` or `error`", body = StreamEvent, content_type = "text/event-stream"),
    (status = "default", description = "An error", body = ErrorBody, content_type = "application/problem+json"),
))]
async fn retry(State(app): State<App>, context: Context, visitor: Visitor, Path(text): Path<String>) -> Result<Response, ApiError> {
    let reply = message_id(&text)?;
    context.charge(app.sends(), &visitor.subject)?;
    let reply = app.relay().retry(&visitor.subject, reply, visitor.customer()).await?;
    Ok(answer(&app, &visitor.subject, context, reply.events()))
}

/// Body of `POST /messages/{id}/feedback`.
#[derive(Debug, Deserialize, ToSchema)]
struct Opinion {
    /// `up`, `down`, or null to take it back.
    feedback: Option<Feedback>,
}

/// Keeps what the visitor thought of a reply.
#[utoipa::path(post, path = "/messages/{id}/feedback", operation_id = "setFeedback", tag = "messages", request_body = Opinion, params(("id" = String, Path, description = "The reply's id")), responses(
    (status = 200, description = "The reply", body = Envelope<Message>),
    (status = "default", description = "An error", body = ErrorBody, content_type = "application/problem+json"),
))]
async fn feedback(
    State(app): State<App>,
    context: Context,
    visitor: Visitor,
    Path(text): Path<String>,
    Json(opinion): Json<Opinion>,
) -> Result<axum::Json<Envelope<Message>>, ApiError> {
    let mut message = app.store().set_feedback(&visitor.subject, &message_id(&text)?, opinion.feedback).await?;
    app.relay().bring_up_to_date(&mut message);
    Ok(context.answer(message))
}

/// What a send says, checked: conversation, text, files and idempotency key.
struct Said {
    conversation: ConversationId,
    content: String,
    files: Vec<Arc<Upload>>,
    /// As it came: whose conversation it is said in is looked at first.
    reply_to: Option<String>,
    key: Option<String>,
}

impl Said {
    async fn read(app: &App, visitor: &Visitor, request: Request) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let Path(text) = Path::<String>::from_request_parts(&mut parts, app).await?;
        let conversation = conversation_id(&text)?;
        let key = idempotency_key(&parts.headers)?;
        let (content, reply_to, files) = match upload::boundary(&parts.headers) {
            Some(boundary) => {
                let takes_files = app.relay().takes_files(&visitor.subject, &conversation).await?;
                let _slot = may_upload(app, visitor, (&conversation, key.as_deref())).await?;
                let upload::Form { content, reply_to, files } = upload::read(app, boundary, body, takes_files).await?;
                (content, reply_to, files)
            }
            None => {
                let Json(NewMessage { content, reply_to }) = Json::from_request(Request::from_parts(parts, body), app).await?;
                (content, reply_to, Vec::new())
            }
        };
        check_content(&content, app.config().limits.message_chars, !files.is_empty())?;
        Ok(Self { conversation, content, files, reply_to, key })
    }
}

/// Nothing is received that will be refused all the same: what came before costs nothing again, anything else a message.
async fn may_upload(app: &App, visitor: &Visitor, (conversation, key): (&ConversationId, Option<&str>)) -> Result<Slot<Subject>, ApiError> {
    let now = app.clock().now_millis();
    let came_before = match key {
        Some(key) => app.store().knows_key(&visitor.subject, conversation, key, now).await?,
        None => false,
    };
    if !came_before {
        app.sends().look(&visitor.subject)?;
    }
    app.uploads().take(&visitor.subject).ok_or_else(|| {
        ApiError::new(ErrorCode::RateLimited).retry_after(5).saying(Sentence::new(
            "You are sending several messages with files at once; wait until one has arrived.",
            "Bạn đang gửi nhiều tin nhắn kèm tệp cùng lúc; hãy đợi một tin gửi xong.",
        ))
    })
}

/// What both ways to send do: everything that can be refused is refused before the answer begins.
/// What came before costs nothing again.
async fn say(app: &App, context: &Context, visitor: &Visitor, said: Said) -> Result<Reply, ApiError> {
    let Said { conversation, content, files, reply_to, key } = said;
    let reply_to = match reply_to.map(|id| MessageId::parse(&id)).transpose() {
        Ok(reply_to) => reply_to,
        Err(_) => {
            app.store().conversation(&visitor.subject, &conversation).await?;
            return Err(StoreError::NotQuotable.into());
        }
    };
    let saying = Saying { conversation, content, files, reply_to, key, customer: visitor.customer() };
    match app.relay().ask(&visitor.subject, saying).await? {
        Asked::Before(reply) => Ok(reply),
        Asked::New(ticket) => {
            context.charge(app.sends(), &visitor.subject)?;
            Ok(ticket.send().await?)
        }
    }
}

fn check_content(content: &str, most: u32, has_files: bool) -> Result<(), ApiError> {
    if content.trim().is_empty() && !has_files {
        return Err(ApiError::invalid("content", Sentence::new("Write something first.", "Hãy nhập nội dung tin nhắn.")));
    }
    without_nul("content", content)?;
    let length = content.chars().count();
    if length > most as usize {
        let english = format!("The message has {length} characters; use at most {most}.");
        let vietnamese = format!("Tin nhắn có {length} ký tự; hãy dùng tối đa {most}.");
        return Err(ApiError::invalid("content", Sentence::new(english, vietnamese)));
    }
    Ok(())
}

/// The key, with or without the quotes of a structured field (draft-ietf-httpapi-idempotency-key-header).
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut values = headers.get_all("idempotency-key").iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return if headers.contains_key("idempotency-key") { Err(bad_key()) } else { Ok(None) };
    };
    let text = value.to_str().map_err(|_| bad_key())?.trim();
    let key = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let fits = (1..=MAX_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
    if fits { Ok(Some(key.to_owned())) } else { Err(bad_key()) }
}

fn bad_key() -> ApiError {
    let sentence = Sentence::new(
        "Send one Idempotency-Key of 1 to 255 visible ASCII characters.",
        "Hãy gửi một Idempotency-Key gồm 1 đến 255 ký tự ASCII nhìn thấy được.",
    );
    ApiError::invalid("Idempotency-Key", sentence)
}
