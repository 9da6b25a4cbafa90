//! `POST /visitor/link`: a signed-in user takes over what the same person said before signing in.

use super::context::Context;
use super::error::ApiError;
use super::extract::Json;
use super::sentences::Sentence;
use super::visitor::Visitor;
use crate::app::App;
use crate::token::NoEvidence;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use twinchat_protocol::envelope::Envelope;
use twinchat_protocol::error::{ErrorBody, ErrorCode};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this file.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(link))
}

/// Who the user was before.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Before {
    /// The visitor secret of the anonymous visitor. Without it: the anonymous visitor with the key that the
    /// access token is bound to.
    #[serde(alias = "visitor_secret")]
    visitor_secret: Option<String>,
}

/// What became of it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Linked {
    /// How many conversations are the user's now that were not before.
    moved: u64,
}

/// Makes the conversations of the anonymous visitor, whom the caller proves to have been, the signed-in user's.
/// Once and one way; again for the same user it takes over what came since.
#[utoipa::path(post, path = "/visitor/link", operation_id = "linkVisitor", tag = "visitor", request_body = Option<Before>, responses(
    (status = 200, description = "They are the user's", body = Envelope<Linked>),
    (status = "default", description = "An error", body = ErrorBody, content_type = "application/problem+json"),
))]
async fn link(
    State(app): State<App>,
    context: Context,
    visitor: Visitor,
    body: Option<Json<Before>>,
) -> Result<axum::Json<Envelope<Linked>>, ApiError> {
    if !visitor.signed_in {
        return Err(ApiError::new(ErrorCode::SignInRequired));
    }
    let secret = body.and_then(|Json(before)| before.visitor_secret);
    let anonymous = app.tokens().anonymous(visitor.jkt.as_deref(), secret.as_deref()).map_err(refused)?;
    let moved = app.store().link(&visitor.subject, &anonymous, context.now_millis).await?;
    app.tokens().end_streams(&anonymous);
    Ok(context.answer(Linked { moved }))
}

fn refused(error: NoEvidence) -> ApiError {
    let sentence = match error {
        NoEvidence::Missing => Sentence::new(
            "Send the visitorSecret of the anonymous visitor, or use a token that is bound to that visitor's key.",
            "Hãy gửi visitorSecret của khách ẩn danh, hoặc dùng mã truy cập gắn với khóa của khách đó.",
        ),
        NoEvidence::NotOurs => Sentence::new("This server did not issue this visitorSecret.", "Máy chủ này không cấp visitorSecret đó."),
    };
    ApiError::invalid("visitorSecret", sentence)
}
