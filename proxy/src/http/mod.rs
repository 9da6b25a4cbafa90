//! The only room that knows URLs, headers and status codes.
//!
//! One file per noun, each with a `router()`; [`router`] merges them and puts the frame around.
//! A route is declared by its `#[utoipa::path]`, so that the OpenAPI document cannot forget one.

mod address;
mod admin;
mod allowance;
mod assets;
mod avatars;
mod conform;
pub mod context;
mod conversations;
mod cors;
mod embedded;
pub mod error;
mod events;
pub mod extract;
mod frame;
mod health;
mod linger;
mod link;
mod messages;
mod metadata;
mod nonce;
mod openapi;
mod page;
mod problems;
mod search;
pub mod sentences;
mod serve;
mod slow;
mod stall;
mod stream;
#[cfg(test)]
mod tests;
mod token;
mod twins;
mod upload;
mod visitor;
mod visitor_data;
mod widget;
mod workers;

pub use address::ClientAddress;
pub use admin::serve_admin;
pub use serve::serve;
pub use visitor::Visitor;
pub use workers::Workers;

use crate::app::App;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

/// Everything under `/api/v1`.
fn api() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(twins::router())
        .merge(conversations::router())
        .merge(messages::router())
        .merge(events::router())
        .merge(search::router())
        .merge(link::router())
        .merge(widget::router())
        .merge(visitor_data::router())
}

/// The whole server as a router, to be served or to be mounted in another axum app.
pub fn router(app: App) -> Router {
    let (routes, document) = OpenApiRouter::with_openapi(openapi::Document::openapi())
        .nest("/api/v1", api())
        .merge(token::router())
        .merge(metadata::router())
        .merge(avatars::router())
        .merge(embedded::router())
        .merge(problems::router())
        .merge(health::router())
        .split_for_parts();
    framed(routes.merge(openapi::router(&document, app.config())), &app).with_state(app)
}

/// Puts around the routes what every answer has.
fn framed(routes: Router<App>, app: &App) -> Router<App> {
    let per_address = allowance::PerAddress::new(app.clone());
    routes
        .fallback(assets::asset)
        .method_not_allowed_fallback(frame::method_not_allowed)
        .layer(from_fn_with_state(app.clone(), slow::in_time))
        .layer(DefaultBodyLimit::max(app.config().limits.body_bytes as usize))
        .layer(from_fn(frame::catch_panic))
        .layer(from_fn_with_state(app.clone(), conform::conform))
        .layer(from_fn_with_state(per_address.clone(), allowance::per_address))
        .layer(from_fn_with_state(app.clone(), nonce::nonce))
        .layer(from_fn_with_state(cors::Cors::new(app.clone(), per_address), cors::cors))
        .layer(from_fn_with_state(app.clone(), frame::frame))
}
