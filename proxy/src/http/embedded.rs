//! `GET /frame`: the widget in a document of its own, for pages whose policy lets them frame this server and nothing more.
//!
//! The document's script (`npm/twinchat-document.js`) takes orders from pages of `server.allowed_origins` only. The same
//! list stands in the policy, so that no other site can show it.

use super::error::ApiError;
use super::extract::Query;
use crate::app::App;
use crate::config::Origin;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderValue, Uri};
use serde::Deserialize;
use twinchat_protocol::error::{ErrorBody, ErrorCode};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What the document runs.
const SCRIPT: &str = "/twinchat-document.js";
/// More pictures' origins than this are not taken.
const MAX_ORIGINS: usize = 16;

/// On an answer that pages of other origins may show in a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct MayBeFramed;

/// The routes of this file.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(document))
}

/// What the document's policy depends on. The script reads the other parameters: the widget's options.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// Origins whose pictures may be shown in answers, with `|` between them.
    #[param(max_length = 2000)]
    #[serde(default)]
    images: String,
}

/// The widget in a document of its own.
#[utoipa::path(get, path = "/frame", operation_id = "getFrame", tag = "widget", params(Asked), responses(
    (status = 200, description = "The document, which pages of `allowed_origins` may frame", content_type = "text/html"),
    (status = "default", description = "An error", body = ErrorBody, content_type = "application/problem+json"),
))]
async fn document(State(app): State<App>, Query(asked): Query<Asked>) -> Result<Response, ApiError> {
    if app.assets().get(SCRIPT).is_none() {
        return Err(ApiError::new(ErrorCode::NotFound));
    }
    let sites: Vec<&str> = app.config().server.allowed_origins.iter().map(Origin::as_str).collect();
    let policy = HeaderValue::try_from(policy(&sites, &asked.images)).map_err(|_| ApiError::new(ErrorCode::Internal))?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (CONTENT_SECURITY_POLICY, policy),
    ];
    let mut response = (headers, page(&sites)).into_response();
    response.extensions_mut().insert(MayBeFramed);
    Ok(response)
}

fn page(sites: &[&str]) -> String {
    format!(
        "<!doctype html>\n<html lang=\"\">\n<meta charset=\"utf-8\">\n<title>Chat</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"twinchat-sites\" content=\"{}\">\n<body>\n<script type=\"module\" src=\".{SCRIPT}\"></script>\n",
        sites.join(" ")
    )
}

/// The strictest policy that the widget runs under.
fn policy(sites: &[&str], images: &str) -> String {
    let images: String = images.split('|').filter_map(image_origin).take(MAX_ORIGINS).map(|origin| format!(" {origin}")).collect();
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; img-src 'self'{images}; base-uri 'none'; \
         form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'; frame-ancestors 'self' {}",
        sites.join(" ")
    )
}

/// An address's scheme and host, if it is nothing but that: whatever else could end the policy's directive.
fn image_origin(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches('/');
    let uri: Uri = text.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    let is_origin = matches!(scheme, "https" | "http") && authority.as_str().chars().all(is_host) && uri.path().len() <= 1;
    (is_origin && uri.query().is_none()).then(|| format!("{scheme}://{authority}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_origins_get_into_the_policy() {
        for (text, origin) in [
            (" https://img.example.com/ ", Some("https://img.example.com")),
            ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080")),
            ("https://img.example.com; script-src *", None),
            ("https://img.example.com,https://x", None),
            ("https://a@b.example", None),
            ("https://img.example.com/path", None),
            ("https://img.example.com?x", None),
            ("data:", None),
            ("*", None),
            ("'unsafe-inline'", None),
            ("", None),
        ] {
            assert_eq!(image_origin(text).as_deref(), origin, "{text}");
        }
        let policy = policy(&["https://www.example.com"], "https://a.example|x|https://b.example");
        assert!(policy.contains("img-src 'self' https://a.example https://b.example;"), "{policy}");
        assert!(policy.ends_with("frame-ancestors 'self' https://www.example.com"), "{policy}");
    }
}
