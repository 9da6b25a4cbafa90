//! The shapes of answers: `{success, data, meta}`, and both documented error bodies.

use super::account::Caller;
use crate::clock::iso;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// A request that passed the gate.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) caller: Caller,
    pub(super) id: Arc<str>,
    pub(super) at: u64,
    pub(super) method: Arc<str>,
    /// With the query.
    pub(super) path: Arc<str>,
    pub(super) bytes: Bytes,
    pub(super) faults: Arc<[crate::faults::Fault]>,
}

impl Ask {
    /// The JSON body.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.bytes)
            .map_err(|error| Problem::Invalid { field: None, message: format!("Body không hợp lệ: {error}") })
    }

    /// One value of the query.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        let uri: http::Uri = self.path.parse().ok()?;
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri).ok()?;
        pairs.0.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// `page` and `limit`.
    pub(super) fn page(&self) -> Result<Page, Problem> {
        let number = |name: &'static str, default: u32, most: u32| match self.query(name) {
            None => Ok(default),
            Some(text) => match text.parse::<u32>() {
                Ok(number) if (1..=most).contains(&number) => Ok(number),
                _ => Err(Problem::field(name, &format!("{name} phải là số nguyên từ 1{}", if most == 100 { " đến 100" } else { "" }))),
            },
        };
        Ok(Page { page: number("page", 1, u32::MAX)?, limit: number("limit", 20, 100)? })
    }
}

/// Which part of a list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    page: u32,
    limit: u32,
}

impl Page {
    /// This part of these items, as an answer.
    pub(super) fn of(self, items: &[Value]) -> Response {
        let (page, limit) = (self.page as usize, self.limit as usize);
        let skipped = (page - 1).saturating_mul(limit);
        let part: Vec<Value> = items.iter().skip(skipped).take(limit).cloned().collect();
        let pages = items.len().div_ceil(limit);
        let mut response = data(StatusCode::OK, Value::Array(part));
        response.extensions_mut().insert(ListMeta(json!({
            "page": page, "limit": limit, "total": items.len(), "totalPages": pages,
            "hasNextPage": page < pages, "hasPreviousPage": page > 1 && pages > 0,
        })));
        response
    }
}

#[derive(Debug, Clone)]
struct Data(Value);

#[derive(Debug, Clone)]
struct ListMeta(Value);

/// A successful answer; the gate writes the envelope.
pub(super) fn data(status: StatusCode, value: Value) -> Response {
    let mut response = status.into_response();
    response.extensions_mut().insert(Data(value));
    response
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Problem {
    /// 400, documented body.
    Invalid { field: Option<&'static str>, message: String },
    /// 401, the framework's body, as the documents show it.
    Unauthorized(&'static str),
    /// 403, documented body.
    Forbidden,
    /// 404, documented body.
    NotFound(&'static str),
    /// 404 of a route that does not exist, the framework's body.
    NoRoute,
    /// 413, the framework's body.
    TooLarge,
    /// 429, documented body.
    RateLimited { retry_after: u64 },
    /// Any status with the documented body: injected.
    Broken(u16),
    /// Any status with the framework's body: injected.
    NestBroken(u16),
}

impl Problem {
    pub(super) fn field(field: &'static str, message: &str) -> Self {
        Self::Invalid { field: Some(field), message: message.to_owned() }
    }

    /// The code in `error`, its status and the sentence for the user. `None`: the framework's body.
    fn documented(&self) -> Option<(&'static str, u16, String, Value)> {
        let none = json!({});
        Some(match self {
            Self::Invalid { field, message } => ("BAD_REQUEST", 400, message.clone(), field.map_or(none, |field| json!({"field": field}))),
            Self::Forbidden => {
                ("FORBIDDEN", 403, "API key không có quyền truy cập resource này".into(), json!({"requiredScope": "full_access"}))
            }
            Self::NotFound(what) => ("NOT_FOUND", 404, format!("{what} không tồn tại"), none),
            Self::RateLimited { retry_after } => {
                ("RATE_LIMIT_EXCEEDED", 429, "Vượt quá rate limit, vui lòng thử lại sau".into(), json!({"retryAfter": retry_after}))
            }
            Self::Broken(status) => ("INTERNAL_SERVER_ERROR", *status, "Lỗi server, vui lòng thử lại sau".into(), none),
            _ => return None,
        })
    }

    fn nest(&self, ask: &Ask) -> (u16, String, String) {
        let phrase =
            |status: u16| StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error").to_owned();
        let (status, message) = match self {
            Self::Unauthorized(message) => (401, (*message).to_owned()),
            Self::TooLarge => (413, "request entity too large".to_owned()),
            Self::NestBroken(status) => (*status, phrase(*status)),
            _ => (404, format!("Cannot {} {}", ask.method, ask.path)),
        };
        (status, message, phrase(status))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// What Nest says of a path or method it does not know.
pub(super) async fn no_such_route() -> Problem {
    Problem::NoRoute
}

/// Writes the body that a handler left as an extension.
pub(super) fn finish(ask: &Ask, mut response: Response) -> Response {
    let meta = json!({"timestamp": iso(ask.at), "requestId": &*ask.id});
    let extensions = response.extensions_mut();
    if let Some(Data(value)) = extensions.remove::<Data>() {
        let list = extensions.remove::<ListMeta>().map(|ListMeta(list)| list);
        let status = response.status();
        let body = json!({"success": true, "data": value, "meta": merged(&meta, list.as_ref())});
        return json_response(status.as_u16(), &body);
    }
    let Some(problem) = extensions.remove::<Problem>() else { return response };
    let mut response = match problem.documented() {
        Some((code, status, message, details)) => {
            let body = json!({"success": false, "message": message, "error": code, "statusCode": status, "meta": meta, "details": details});
            json_response(status, &body)
        }
        None => {
            let (status, message, phrase) = problem.nest(ask);
            let body = json!({
                "statusCode": status, "timestamp": iso(ask.at), "path": &*ask.path, "method": &*ask.method, "message": message, "error": phrase,
            });
            json_response(status, &body)
        }
    };
    if let Problem::RateLimited { retry_after } = problem {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
    }
    response
}

fn merged(meta: &Value, list: Option<&Value>) -> Value {
    let mut all: Map<String, Value> = meta.as_object().cloned().unwrap_or_default();
    all.extend(list.and_then(Value::as_object).cloned().unwrap_or_default());
    Value::Object(all)
}

fn json_response(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], body.to_string()).into_response()
}
