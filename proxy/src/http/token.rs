//! `POST /oauth/token` (RFC 8693), `POST /oauth/revoke` (RFC 7009).
//!
//! The only routes whose errors are OAuth's own (RFC 6749 section 5.2).

use super::address::ClientAddress;
use super::context::Context;
use super::error::ApiError;
use super::visitor::texts;
use crate::app::App;
use crate::metrics;
use crate::token::{ExchangeError, UnverifiedExchange};
use axum::Json;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, FromRequest, OriginalUri, Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CACHE_CONTROL, ORIGIN, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use twinchat_protocol::error::ErrorCode;
use twinchat_protocol::token::{CLIENT_ID, OAuthError, TokenResponse, WIDGET_HEADER};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this file.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(exchange)).routes(routes!(revoke))
}

/// A form of OAuth parameters. None of them may come twice, but `audience` and `resource`.
#[derive(Debug)]
struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// A parameter's value; empty when it is absent.
    fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    fn all(&self, names: &[&str]) -> Vec<&str> {
        self.0.iter().filter(|(name, value)| names.contains(&name.as_str()) && !value.is_empty()).map(|(_, value)| value.as_str()).collect()
    }
}

impl<S: Send + Sync> FromRequest<S> for Parameters {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        check_caller(request.headers())?;
        // RFC 6749 section 3.2: addresses are written down in too many places.
        if request.uri().query().is_some() {
            return Err(Failure::invalid_request("send the parameters in the body, not in the address"));
        }
        let Form(parameters) = Form::<Vec<(String, String)>>::from_request(request, state).await.map_err(|rejection| match rejection {
            FormRejection::InvalidFormContentType(_) => Failure::invalid_request("send Content-Type: application/x-www-form-urlencoded"),
            rejection if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => Failure::invalid_request("the form is too long"),
            _ => Failure::invalid_request("the form cannot be read"),
        })?;
        let repeats = |at: usize, name: &str| parameters[..at].iter().any(|(earlier, _)| earlier == name);
        if parameters.iter().enumerate().any(|(at, (name, _))| !matches!(name.as_str(), "audience" | "resource") && repeats(at, name)) {
            return Err(Failure::invalid_request("a parameter is given twice"));
        }
        let parameters = Self(parameters);
        check_client(&parameters)?;
        Ok(parameters)
    }
}

/// A form needs no preflight to be sent across origins; this header does.
fn check_caller(headers: &HeaderMap) -> Result<(), Failure> {
    if headers.get(WIDGET_HEADER).is_none_or(|value| value != "1") {
        return Err(Failure::invalid_request("send the header X-TwinChat: 1"));
    }
    if let Some(credentials) = headers.get(AUTHORIZATION) {
        let is_basic = credentials.as_bytes().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"basic"));
        let challenge = if is_basic { "Basic realm=\"twinchat\"" } else { "DPoP algs=\"ES256\"" };
        let failure = Failure::invalid_client("there are only public clients here: leave out the header Authorization");
        return Err(Failure { challenge: Some(challenge), ..failure });
    }
    // Whether it is allowed has been checked for all routes.
    if !headers.contains_key(ORIGIN) {
        return Err(Failure::invalid_request("send the header Origin, with one of the proxy's allowed_origins"));
    }
    Ok(())
}

/// There is one client, the widget, and it is public: it has no credentials (RFC 6749 section 2.1).
fn check_client(parameters: &Parameters) -> Result<(), Failure> {
    if !parameters.all(&["client_secret", "client_assertion", "client_assertion_type"]).is_empty() {
        return Err(Failure::invalid_client("there are only public clients here: leave out the client credentials"));
    }
    if !matches!(parameters.one("client_id"), "" | CLIENT_ID) {
        return Err(Failure::invalid_client("the only client_id here is twinchat; it may be left out"));
    }
    Ok(())
}

/// The parameters of the exchange, for the OpenAPI document.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[expect(dead_code, reason = "describes the form; it is read with a view to repeated parameters, which this could not show")]
struct TokenRequest {
    /// `urn:ietf:params:oauth:grant-type:token-exchange`.
    grant_type: String,
    /// The site's identity token, the thumbprint of the visitor's key, the visitor secret, or `new`.
    subject_token: String,
    /// `urn:ietf:params:oauth:token-type:jwt`, `urn:twinchat:params:oauth:token-type:dpop-jkt` or `…:visitor-secret`.
    subject_token_type: String,
    /// `read_only` or `full_access` (default).
    scope: Option<String>,
}

/// Exchanges what a visitor can show for an access token (RFC 8693).
#[utoipa::path(
    post, path = "/oauth/token", operation_id = "exchangeToken", tag = "tokens",
    params(
        ("X-TwinChat" = String, Header, description = "Always `1`"),
        ("Origin" = String, Header, description = "One of `allowed_origins`"),
        ("DPoP" = Option<String>, Header, description = "The proof of possession (RFC 9449), for a visitor with a key"),
    ),
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "A token", body = TokenResponse),
        (status = 400, description = "Refused (RFC 6749 section 5.2)", body = OAuthError),
        (status = 401, description = "A client wants to authenticate itself: there are only public ones (RFC 6749 section 5.2)", body = OAuthError),
        (status = 403, description = "The page's origin is not allowed", body = twinchat_protocol::error::ErrorBody),
        (status = 503, description = "Whether an identity token is good cannot be found out at the moment", body = OAuthError),
        (status = 429, description = "Too many token requests from this address", body = twinchat_protocol::error::ErrorBody),
    ),
)]
async fn exchange(
    State(app): State<App>,
    (context, address): (Context, ClientAddress),
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    form: Parameters,
) -> Result<Response, Response> {
    context.charge(app.token_requests(), &address.counted_as()).map_err(IntoResponse::into_response)?;
    let answer = app
        .tokens()
        .exchange(&UnverifiedExchange {
            grant_type: form.one("grant_type"),
            subject_token: form.one("subject_token"),
            subject_token_type: form.one("subject_token_type"),
            scope: form.one("scope"),
            requested_token_type: form.one("requested_token_type"),
            has_actor: !form.all(&["actor_token", "actor_token_type"]).is_empty(),
            targets: &form.all(&["audience", "resource"]),
            proofs: &texts(&headers, "dpop"),
            origin: texts(&headers, ORIGIN.as_str()).first().copied().unwrap_or(""),
            path: uri.path(),
        })
        .await;
    metrics::TOKEN_EXCHANGES.count([answer.as_ref().map_or_else(ExchangeError::code, |_| "ok")]);
    answer.map(|answer| uncached(Json(answer))).map_err(|error| refused(&error))
}

/// A refusal in OAuth's terms, where OAuth has any.
fn refused(error: &ExchangeError) -> Response {
    let body = Failure::new(error.code(), error.to_string());
    match error {
        ExchangeError::TooManyProofs { retry_after } => ApiError::new(ErrorCode::RateLimited).retry_after(*retry_after).into_response(),
        ExchangeError::Unavailable { retry_after, .. } => {
            (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, retry_after.to_string())], body.into_body()).into_response()
        }
        _ => body.into_response(),
    }
}

/// The parameters of a revocation, for the OpenAPI document.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[expect(dead_code, reason = "describes the form, as above")]
struct RevocationRequest {
    /// The access token to refuse from now on.
    token: String,
}

/// Takes a token back at once and ends its visitor's open streams (RFC 7009).
#[utoipa::path(
    post, path = "/oauth/revoke", operation_id = "revokeToken", tag = "tokens",
    params(
        ("X-TwinChat" = String, Header, description = "Always `1`"),
        ("Origin" = String, Header, description = "One of `allowed_origins`"),
    ),
    request_body(content = RevocationRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token is not good, whatever it was before"),
        (status = 400, description = "Refused (RFC 6749 section 5.2)", body = OAuthError),
        (status = 401, description = "A client wants to authenticate itself: there are only public ones (RFC 6749 section 5.2)", body = OAuthError),
        (status = 403, description = "The page's origin is not allowed", body = twinchat_protocol::error::ErrorBody),
        (status = 503, description = "The store failed; the token is still good", body = twinchat_protocol::error::ErrorBody),
    ),
)]
async fn revoke(State(app): State<App>, form: Parameters) -> Result<Response, Response> {
    let token = form.one("token");
    if token.is_empty() {
        return Err(Failure::invalid_request("token is missing").into_response());
    }
    if app.tokens().is_visitor_secret(token) {
        let why = "a visitor secret cannot be taken back; name an access token";
        return Err(Failure::new("unsupported_token_type", why).into_response());
    }
    app.tokens().revoke(token).await.map_err(|error| ApiError::from(error).into_response())?;
    Ok(uncached(()))
}

/// A refusal in OAuth's terms.
#[derive(Debug)]
struct Failure {
    error: &'static str,
    description: String,
    /// Who has tried to authenticate as a client in `Authorization` is told how it could be done.
    challenge: Option<&'static str>,
}

impl Failure {
    fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self { error, description: description.into(), challenge: None }
    }

    fn invalid_request(description: &'static str) -> Self {
        Self::new("invalid_request", description)
    }

    fn invalid_client(description: &'static str) -> Self {
        Self::new("invalid_client", description)
    }

    fn into_body(self) -> Response {
        uncached(Json(OAuthError { error: self.error.to_owned(), error_description: Some(self.description) }))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self.challenge {
            Some(challenge) => {
                (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))], self.into_body()).into_response()
            }
            None => (StatusCode::BAD_REQUEST, self.into_body()).into_response(),
        }
    }
}

fn uncached(answer: impl IntoResponse) -> Response {
    let headers = [(CACHE_CONTROL, HeaderValue::from_static("no-store")), (PRAGMA, HeaderValue::from_static("no-cache"))];
    (headers, answer).into_response()
}
