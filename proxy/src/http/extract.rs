//! axum's extractors with our errors: JSON bodies, queries, path segments.

use super::error::ApiError;
use super::sentences::Sentence;
use axum::body::{Bytes, HttpBody};
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use twinchat_protocol::error::ErrorCode;

/// A JSON body, which is an object.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::new(ErrorCode::UnsupportedMediaType));
        }
        let refused = |why: &str| invalid("body", "The body", "Nội dung yêu cầu", why);
        let bytes = <Bytes as FromRequest<S>>::from_request(request, state).await.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(ErrorCode::PayloadTooLarge),
            _ => refused("it broke off"),
        })?;
        // serde would take a list of the members' values as well.
        if !bytes.trim_ascii_start().starts_with(b"{") {
            return Err(refused("send a JSON object"));
        }
        serde_json::from_slice(&bytes).map(Self).map_err(|error| refused(&shortened(&error.to_string())))
    }
}

/// A body that may be left out.
impl<S: Send + Sync, T: DeserializeOwned> OptionalFromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, ApiError> {
        if request.body().is_end_stream() {
            return Ok(None);
        }
        <Self as FromRequest<S>>::from_request(request, state).await.map(Some)
    }
}

/// Whether the body says that it is JSON (RFC 6839 included).
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// The query's parameters.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        query.map(|query| Self(query.0)).map_err(|rejection: QueryRejection| {
            let why = inside(&rejection.body_text());
            let field = why.split_once(": ").map_or("query", |(field, _)| field).to_owned();
            invalid(field, "The query", "Tham số truy vấn", &why)
        })
    }
}

/// The path's variable segments.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        // A segment that is no id of ours is the id of nothing.
        path.map(|path| Self(path.0)).map_err(|_: PathRejection| ApiError::new(ErrorCode::NotFound))
    }
}

/// What serde found, without the words axum puts before it.
fn inside(text: &str) -> String {
    shortened(text.split_once(": ").map_or(text, |(_, why)| why))
}

fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}

fn invalid(field: impl Into<std::borrow::Cow<'static, str>>, english: &str, vietnamese: &str, why: &str) -> ApiError {
    let sentence = Sentence::new(format!("{english} is not as documented: {why}"), format!("{vietnamese} không đúng như tài liệu: {why}"));
    ApiError::invalid(field, sentence)
}
