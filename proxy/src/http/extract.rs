//! axum's extractors with our errors: JSON bodies, queries, path segments.

use super::error::ApiError;
use super::sentences::Sentence;
use axum::body::HttpBody;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Request};
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;
use twinchat_protocol::error::ErrorCode;

/// A JSON body.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match <axum::Json<T> as FromRequest<S>>::from_request(request, state).await {
            Ok(axum::Json(body)) => Ok(Self(body)),
            Err(JsonRejection::MissingJsonContentType(_)) => Err(ApiError::new(ErrorCode::UnsupportedMediaType)),
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(ApiError::new(ErrorCode::PayloadTooLarge)),
            Err(rejection) => Err(invalid("body", "The body", "Nội dung yêu cầu", &inside(&rejection.body_text()))),
        }
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
    text.split_once(": ").map_or(text, |(_, why)| why).chars().take(200).collect()
}

fn invalid(field: impl Into<std::borrow::Cow<'static, str>>, english: &str, vietnamese: &str, why: &str) -> ApiError {
    let sentence = Sentence::new(format!("{english} is not as documented: {why}"), format!("{vietnamese} không đúng như tài liệu: {why}"));
    ApiError::invalid(field, sentence)
}
