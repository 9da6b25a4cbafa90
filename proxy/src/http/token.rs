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
use http::header::{CACHE_CONTROL, ORIGIN, PRAGMA, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use twinchat_protocol::token::{OAuthError, TokenResponse, WIDGET_HEADER};
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
        let Form(parameters) = Form::<Vec<(String, String)>>::from_request(request, state).await.map_err(|rejection| match rejection {
            FormRejection::InvalidFormContentType(_) => Failure::invalid_request("send Content-Type: application/x-www-form-urlencoded"),
            rejection if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => Failure::invalid_request("the form is too long"),
            _ => Failure::invalid_request("the form cannot be read"),
        })?;
        let repeats = |at: usize, name: &str| parameters[..at].iter().any(|(earlier, _)| earlier == name);
        if parameters.iter().enumerate().any(|(at, (name, _))| !matches!(name.as_str(), "audience" | "resource") && repeats(at, name)) {
            return Err(Failure::invalid_request("a parameter is given twice"));
        }
        Ok(Self(parameters))
    }
}

/// A form needs no preflight to be sent across origins; this header does.
fn check_caller(headers: &HeaderMap) -> Result<(), Failure> {
    if headers.get(WIDGET_HEADER).is_none_or(|value| value != "1") {
        return Err(Failure::invalid_request("send the header X-TwinChat: 1"));
    }
    // Whether it is allowed has been checked for all routes.
    if !headers.contains_key(ORIGIN) {
        return Err(Failure::invalid_request("send the header Origin, with one of the proxy's allowed_origins"));
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
            path: uri.path(),
        })
        .await;
    let answer = answer.map_err(Failure::from);
    metrics::TOKEN_EXCHANGES.count([answer.as_ref().map_or_else(|failure| failure.error, |_| "ok")]);
    let answer = answer.map_err(IntoResponse::into_response)?;
    Ok(uncached(Json(answer)))
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
        (status = 403, description = "The page's origin is not allowed", body = twinchat_protocol::error::ErrorBody),
        (status = 503, description = "The store failed; the token is still good", body = twinchat_protocol::error::ErrorBody),
    ),
)]
async fn revoke(State(app): State<App>, form: Parameters) -> Result<Response, Response> {
    let token = form.one("token");
    if token.is_empty() {
        return Err(Failure::invalid_request("token is missing").into_response());
    }
    app.tokens().revoke(token).await.map_err(|error| ApiError::from(error).into_response())?;
    Ok(uncached(()))
}

/// A refusal in OAuth's terms.
#[derive(Debug)]
struct Failure {
    error: &'static str,
    description: &'static str,
    /// Of those that are not the caller's fault.
    retry_after: Option<u32>,
}

impl Failure {
    fn invalid_request(description: &'static str) -> Self {
        Self { error: "invalid_request", description, retry_after: None }
    }
}

impl From<ExchangeError> for Failure {
    fn from(error: ExchangeError) -> Self {
        let (error, description) = match error {
            ExchangeError::Unavailable { why, retry_after } => {
                return Self { error: "temporarily_unavailable", description: why, retry_after: Some(retry_after) };
            }
            ExchangeError::InvalidRequest(why) => ("invalid_request", why),
            ExchangeError::UnsupportedGrantType(why) => ("unsupported_grant_type", why),
            ExchangeError::InvalidScope(why) => ("invalid_scope", why),
            ExchangeError::InvalidTarget(why) => ("invalid_target", why),
            ExchangeError::InvalidProof(why) => ("invalid_dpop_proof", why),
        };
        Self { error, description, retry_after: None }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = OAuthError { error: self.error.to_owned(), error_description: Some(self.description.to_owned()) };
        match self.retry_after {
            Some(seconds) => (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, seconds.to_string())], uncached(Json(body))).into_response(),
            None => (StatusCode::BAD_REQUEST, uncached(Json(body))).into_response(),
        }
    }
}

fn uncached(answer: impl IntoResponse) -> Response {
    let headers = [(CACHE_CONTROL, HeaderValue::from_static("no-store")), (PRAGMA, HeaderValue::from_static("no-cache"))];
    (headers, answer).into_response()
}
