//! `GET /openapi.json`: what this server speaks, generated from its code.

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, OpenApi as Spec};
use utoipa::{Modify, OpenApi};

/// What is not said by the routes themselves.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "twinchat proxy",
        description = "Chat with AI twins. Get a token at /oauth/token, then use the calls under /api/v1, which have the shapes of TwinExpert's Public API."
    ),
    modifiers(&Schemes),
    tags(
        (name = "tokens", description = "Access tokens: RFC 8693, RFC 9449, RFC 7009"),
        (name = "health", description = "For whoever keeps the server running"),
    )
)]
pub(super) struct Document;

/// The two ways to show a token.
#[derive(Debug)]
struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut Spec) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("A token of a visitor without a key: `Authorization: Bearer <token>`"))
            .build();
        let dpop = ApiKeyValue::with_description("DPoP", "A proof of possession (RFC 9449), together with `Authorization: DPoP <token>`");
        let components = document.components.get_or_insert_with(Components::new);
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        components.add_security_scheme("dpop", SecurityScheme::ApiKey(ApiKey::Header(dpop)));
    }
}

/// Serves the document at `/openapi.json`.
pub(super) fn router<S: Clone + Send + Sync + 'static>(mut document: Spec) -> Router<S> {
    for (path, item) in &mut document.paths.paths {
        // What needs no token is public by being outside, but for the owner's settings.
        if path.starts_with("/api/v1/") && path != "/api/v1/widget" {
            operations(item).for_each(need_token);
        }
    }
    let json = Bytes::from(document.to_json().unwrap_or_default());
    Router::new().route("/openapi.json", get(move || async move { ([(CONTENT_TYPE, "application/json")], json) }))
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
}

fn need_token(operation: &mut Operation) {
    let either = ["dpop", "bearer"].map(|scheme| SecurityRequirement::new::<_, [&str; 0], _>(scheme, []));
    operation.security = Some(either.to_vec());
}
