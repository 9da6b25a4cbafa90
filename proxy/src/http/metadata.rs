//! What a program has to know of the token endpoints and of what the tokens are for: RFC 8414 and RFC 9728.
//!
//! Made of the settings and of what the token room says of itself. Deliberately absent: a key to check
//! access tokens with, which are for this server's eyes only.

use crate::app::App;
use crate::token::Scope;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CACHE_CONTROL;
use serde::Serialize;
use twinchat_protocol::token::GRANT_TYPE;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this file. Where the issuer has a path, its metadata is looked for with that path at the end
/// (RFC 8414 section 3.1), which is the same document.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(authorization_server))
        .routes(routes!(protected_resource))
        .route("/.well-known/oauth-authorization-server/{*path}", axum::routing::get(authorization_server))
        .route("/.well-known/oauth-protected-resource/{*path}", axum::routing::get(protected_resource))
}

/// Authorization server metadata (RFC 8414 section 2, RFC 9449 section 5.1).
#[derive(Debug, Serialize, ToSchema)]
struct AuthorizationServer {
    /// `iss` of the access tokens: the first of `server.public_urls`.
    issuer: String,
    /// Where access tokens are given.
    token_endpoint: String,
    /// Where they are taken back (RFC 7009).
    revocation_endpoint: String,
    /// Token exchange and nothing else.
    grant_types_supported: [&'static str; 1],
    /// None: there is no authorization endpoint.
    response_types_supported: [&'static str; 0],
    /// What `scope` may be.
    scopes_supported: [&'static str; 2],
    /// `none`: clients are public.
    token_endpoint_auth_methods_supported: [&'static str; 1],
    /// Likewise.
    revocation_endpoint_auth_methods_supported: [&'static str; 1],
    /// The `alg` of proofs of possession.
    dpop_signing_alg_values_supported: [&'static str; 1],
}

/// Protected resource metadata (RFC 9728 section 2).
#[derive(Debug, Serialize, ToSchema)]
struct ProtectedResource {
    /// What the tokens are for: the first of `server.public_urls`.
    resource: String,
    /// Who gives them: the same.
    authorization_servers: [String; 1],
    /// What `scope` may be.
    scopes_supported: [&'static str; 2],
    /// Where a bearer token may stand.
    bearer_methods_supported: [&'static str; 1],
    /// The `alg` of proofs of possession.
    dpop_signing_alg_values_supported: [&'static str; 1],
    /// Whether only tokens that are bound to a key are accepted (`tokens.bearer = false`).
    dpop_bound_access_tokens_required: bool,
}

const PROOF_ALGORITHMS: [&str; 1] = ["ES256"];
const SCOPES: [&str; 2] = [Scope::ReadOnly.as_str(), Scope::FullAccess.as_str()];

/// Where tokens are given and taken back, and what may be asked for (RFC 8414).
#[utoipa::path(get, path = "/.well-known/oauth-authorization-server", operation_id = "getAuthorizationServerMetadata", tag = "tokens",
    responses((status = 200, description = "The metadata", body = AuthorizationServer)))]
async fn authorization_server(State(app): State<App>) -> Response {
    let issuer = app.tokens().issuer();
    public(AuthorizationServer {
        issuer: issuer.to_owned(),
        token_endpoint: format!("{issuer}/oauth/token"),
        revocation_endpoint: format!("{issuer}/oauth/revoke"),
        grant_types_supported: [GRANT_TYPE],
        response_types_supported: [],
        scopes_supported: SCOPES,
        token_endpoint_auth_methods_supported: ["none"],
        revocation_endpoint_auth_methods_supported: ["none"],
        dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
    })
}

/// What the access tokens are for and how they are shown (RFC 9728).
#[utoipa::path(get, path = "/.well-known/oauth-protected-resource", operation_id = "getProtectedResourceMetadata", tag = "tokens",
    responses((status = 200, description = "The metadata", body = ProtectedResource)))]
async fn protected_resource(State(app): State<App>) -> Response {
    let issuer = app.tokens().issuer();
    public(ProtectedResource {
        resource: issuer.to_owned(),
        authorization_servers: [issuer.to_owned()],
        scopes_supported: SCOPES,
        bearer_methods_supported: ["header"],
        dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
        dpop_bound_access_tokens_required: !app.config().tokens.bearer,
    })
}

fn public(metadata: impl Serialize) -> Response {
    ([(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"))], Json(metadata)).into_response()
}
