//! `/avatars/{twin id}`: the twins' pictures, fetched here so that visitors' browsers ask nobody
//! else. Public, as an `<img>` sends no token.

use super::error::ApiError;
use super::extract::Path;
use crate::app::App;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use twinchat_protocol::error::{ErrorBody, ErrorCode};
use twinchat_protocol::id::TwinId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// An SVG opened by itself may draw and nothing else.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");
/// Seen again within the hour, it is not asked for.
const CACHED: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// The routes of this file.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(avatar))
}

/// A twin's picture.
#[utoipa::path(get, path = "/avatars/{id}", operation_id = "getAvatar", tag = "twins", params(("id" = String, Path, description = "The twin's id")), responses(
    (status = 200, description = "The picture: PNG, JPEG, GIF, WebP or SVG", content_type = "image/*"),
    (status = 304, description = "The picture has not changed"),
    (status = "default", description = "An error", body = ErrorBody, content_type = "application/problem+json"),
))]
async fn avatar(State(app): State<App>, Path(text): Path<String>, headers: HeaderMap) -> Result<Response, ApiError> {
    let not_found = || ApiError::new(ErrorCode::NotFound);
    let id = TwinId::parse(&text).map_err(|_| not_found())?;
    let picture = app.directory().picture(&id).await?.ok_or_else(not_found)?;
    let tag = format!("\"{}\"", picture.fingerprint);
    let known =
        headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|known| known == "*" || known.contains(&tag));
    let common = [
        (ETAG, HeaderValue::from_str(&tag).map_err(|_| ApiError::new(ErrorCode::Internal))?),
        (CACHE_CONTROL, CACHED),
        (CONTENT_SECURITY_POLICY, POLICY),
    ];
    if known {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    let kind = [(CONTENT_TYPE, HeaderValue::from_static(picture.media_type))];
    Ok((common, kind, picture.bytes.clone()).into_response())
}
