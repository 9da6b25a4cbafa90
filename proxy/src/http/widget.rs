//! `/widget`: what the owner configured. Public: it is asked for before there is a visitor.

use super::context::Context;
use crate::app::App;
use crate::config::Limits;
use crate::media::Kind;
use axum::extract::State;
use twinchat_protocol::envelope::Envelope;
use twinchat_protocol::widget::{FileLimits, WidgetSettings};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this file.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(settings))
}

/// The owner's settings for the widget.
#[utoipa::path(get, path = "/widget", operation_id = "getWidget", tag = "widget", responses((status = 200, description = "The settings", body = Envelope<WidgetSettings>)))]
async fn settings(State(app): State<App>, context: Context) -> axum::Json<Envelope<WidgetSettings>> {
    let config = app.config();
    context.answer(WidgetSettings {
        title: config.widget.title.clone(),
        greeting: config.widget.greeting.clone(),
        accent: config.widget.accent.as_str().to_owned(),
        locale: config.widget.locale.clone(),
        max_message_chars: config.limits.message_chars,
        disclaimer: config.widget.disclaimer.clone(),
        bearer_allowed: config.tokens.bearer,
        files: files(&config.limits),
    })
}

fn files(limits: &Limits) -> FileLimits {
    let types: Vec<String> = limits.file_types.iter().map(|kind| kind.as_str().to_owned()).collect();
    let extensions = types.iter().filter_map(|media_type| Kind::of_type(media_type)).flat_map(|kind| kind.extensions);
    FileLimits {
        max_count: if types.is_empty() { 0 } else { limits.file_count },
        max_bytes: limits.file_bytes.into(),
        extensions: extensions.map(|extension| (*extension).to_owned()).collect(),
        types,
    }
}
