//! Which pages may use this server from a browser.
//!
//! `/api` and `/oauth` answer pages of `server.allowed_origins`, compared exactly, and callers
//! without an origin (which browsers always send across origins). Everything else is public: a module
//! script from another origin needs CORS too.
//!
//! Deliberately absent: `Access-Control-Allow-Credentials` (there are no cookies) and
//! `Access-Control-Allow-Private-Network` (a public page has no business with a server inside a private
//! network, and browsers now ask the visitor instead).

use super::address::ClientAddress;
use super::allowance::PerAddress;
use super::context::Context;
use super::error::ApiError;
use super::sentences::Sentence;
use crate::app::App;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderName, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use twinchat_protocol::error::ErrorCode;

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PATCH, DELETE");
const REQUEST_HEADERS: HeaderValue =
    HeaderValue::from_static("authorization, dpop, content-type, idempotency-key, last-event-id, accept-language, x-twinchat");
const ANSWER_HEADERS: HeaderValue = HeaderValue::from_static(
    "Date, DPoP-Nonce, WWW-Authenticate, Retry-After, RateLimit, RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, \
     X-RateLimit-Reset, X-RateLimit-Window, X-Request-Id",
);
/// Two hours: what Chromium keeps at most.
const PREFLIGHT_SECONDS: HeaderValue = HeaderValue::from_static("7200");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// How many refused origins are told to the owner; every page of the web could ask.
const MOST_TOLD: usize = 50;

/// What the layer needs.
#[derive(Debug, Clone)]
pub(super) struct Cors {
    app: App,
    limits: PerAddress,
    told: Arc<Mutex<HashSet<String>>>,
}

impl Cors {
    pub(super) fn new(app: App, limits: PerAddress) -> Self {
        Self { app, limits, told: Arc::default() }
    }

    /// Why a page is sent away: its origin, or that it asks too often.
    fn refusal(&self, context: &Context, request: &Request, error: ApiError) -> ApiError {
        let address = ClientAddress::of(request.extensions(), request.headers(), &self.app);
        self.limits.charge(context, address).err().unwrap_or(error)
    }

    /// The origin to answer to; `None` for a caller without one.
    fn allowed_origin(&self, headers: &HeaderMap) -> Result<Option<HeaderValue>, ApiError> {
        let mut origins = headers.get_all(ORIGIN).iter();
        let Some(origin) = origins.next() else { return Ok(None) };
        let text = origin.to_str().unwrap_or("");
        if origins.next().is_none() && self.app.config().server.allows(text) {
            return Ok(Some(origin.clone()));
        }
        self.tell_owner(text);
        Err(ApiError::new(ErrorCode::OriginNotAllowed).saying(how_to_allow(text)))
    }

    fn tell_owner(&self, origin: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() < MOST_TOLD && told.insert(origin.chars().take(200).collect()) {
            let hint = match origin {
                NO_ORIGIN => "it was opened from a file or is in a sandboxed frame, and cannot be allowed",
                _ => "if it is yours, add it to allowed_origins under [server]",
            };
            tracing::warn!("a page of {origin:?} was refused; {hint}");
        }
    }
}

/// What browsers send for a page that has no origin.
const NO_ORIGIN: &str = "null";

/// Around all routes.
pub(super) async fn cors(State(cors): State<Cors>, context: Context, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_guarded = ["/api/", "/oauth/"].iter().any(|start| path.starts_with(start));
    let is_preflight = request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if !is_guarded {
        let mut response = if is_preflight { preflight() } else { next.run(request).await };
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        response.headers_mut().insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
        return response;
    }
    let mut response = match cors.allowed_origin(request.headers()) {
        Ok(origin) => {
            let mut response = if is_preflight { preflight() } else { next.run(request).await };
            if let Some(origin) = origin {
                response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                response.headers_mut().insert(ACCESS_CONTROL_EXPOSE_HEADERS, ANSWER_HEADERS);
            }
            response
        }
        Err(error) => cors.refusal(&context, &request, error).into_response(),
    };
    response.headers_mut().append(VARY, HeaderValue::from_static("Origin"));
    response.headers_mut().insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    response
}

fn preflight() -> Response {
    let headers = [
        (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS),
        (ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS),
        (VARY, HeaderValue::from_static("Access-Control-Request-Method, Access-Control-Request-Headers")),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

fn how_to_allow(origin: &str) -> Sentence {
    if origin == NO_ORIGIN {
        return Sentence::new(
            "This page has no origin: it was opened from a file, or is in a sandboxed frame. Open it over http or https, or give the frame allow-same-origin.",
            "Trang này không có nguồn (origin): nó được mở từ tệp, hoặc nằm trong khung sandbox. Hãy mở trang qua http hoặc https, hoặc thêm allow-same-origin cho khung.",
        );
    }
    let origin: String = origin.chars().filter(|c| !c.is_control()).take(200).collect();
    Sentence::new(
        format!(
            "Pages of \"{origin}\" may not use this chat. If the site is yours, add \"{origin}\" to allowed_origins under [server] in the proxy's settings."
        ),
        format!(
            "Các trang thuộc \"{origin}\" không được phép dùng khung chat này. Nếu đây là trang của bạn, hãy thêm \"{origin}\" vào allowed_origins trong mục \
             [server] của cấu hình proxy."
        ),
    )
}
