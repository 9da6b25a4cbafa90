//! `/problems/{code}`: what an error's `type` leads to, for whoever has to do something about it.

use super::context::Language;
use super::error::ApiError;
use super::extract::Path;
use super::sentences::sentence;
use crate::app::App;
use axum::Json;
use axum::response::{Html, IntoResponse, Response};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, VARY};
use http::{HeaderMap, HeaderValue};
use serde::Serialize;
use twinchat_protocol::error::{ErrorBody, ErrorCode};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// For the one page: it loads nothing and nobody frames it.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");

/// The routes of this file.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(problem))
}

/// Where a code is explained, as the `type` of an error names it.
pub(super) fn path(code: ErrorCode) -> String {
    format!("/problems/{}", name(code))
}

/// `NOT_FOUND` as `not-found`.
pub(super) fn name(code: ErrorCode) -> String {
    code.as_str().to_ascii_lowercase().replace('_', "-")
}

/// One kind of error, explained.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Problem {
    /// The code that is in `error`.
    code: ErrorCode,
    /// The title in every error of this kind.
    title: &'static str,
    /// The HTTP status; in a stream, the one it would have had.
    status: u16,
    /// What it means, for developers.
    meaning: &'static str,
    /// Whether the same request may succeed later without a change.
    retryable: bool,
    /// What visitors are told unless more is known, by language.
    message: Messages,
}

/// The same sentence in each language.
#[derive(Debug, Serialize, ToSchema)]
struct Messages {
    /// English.
    en: String,
    /// Vietnamese.
    vi: String,
}

/// What a kind of error means and what to do about it: a page for a browser, else JSON.
#[utoipa::path(get, path = "/problems/{id}", operation_id = "getProblem", tag = "problems",
    params(("id" = String, Path, description = "The last part of an error's `type`, such as `not-found`")),
    responses(
        (status = 200, description = "The kind of error", content((Problem = "application/json"), (String = "text/html"))),
        (status = "default", description = "An error", body = ErrorBody, content_type = "application/problem+json"),
    ))]
async fn problem(Path(asked): Path<String>, headers: HeaderMap) -> Result<Response, ApiError> {
    let code = ErrorCode::ALL.iter().copied().find(|code| name(*code) == asked).ok_or_else(|| ApiError::new(ErrorCode::NotFound))?;
    let said = sentence(code);
    let message = Messages { en: said.in_language(Language::English).to_owned(), vi: said.in_language(Language::Vietnamese).to_owned() };
    let problem =
        Problem { code, title: code.title(), status: code.status(), meaning: code.meaning(), retryable: code.is_retryable(), message };
    let common = [(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600")), (VARY, HeaderValue::from_static("Accept"))];
    let wants_page = headers.get_all(ACCEPT).iter().any(|value| value.as_bytes().windows(9).any(|part| part == b"text/html"));
    Ok(if wants_page {
        (common, [(CONTENT_SECURITY_POLICY, POLICY)], Html(page(&problem))).into_response()
    } else {
        (common, Json(problem)).into_response()
    })
}

/// Made of our own words only, which hold nothing that HTML would take for its own but backquotes for `<code>`.
fn page(problem: &Problem) -> String {
    let Problem { code, title, status, meaning, retryable, message } = problem;
    let meaning = meaning.split('`').enumerate().fold(String::new(), |text, (at, part)| match at % 2 {
        0 => text + part,
        _ => text + "<code>" + part + "</code>",
    });
    let again = if *retryable { "The same request may succeed later." } else { "The same request will fail again." };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<h1>{title}</h1>\n\
         <p><code>{}</code>, HTTP {status}</p>\n<p>{meaning} {again}</p>\n<p>{}</p>\n<p lang=\"vi\">{}</p>\n</html>\n",
        code.as_str(),
        message.en,
        message.vi
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_words_are_safe_in_a_page() {
        for code in ErrorCode::ALL {
            let said = sentence(*code);
            for words in [code.title(), code.meaning(), &said.english, &said.vietnamese] {
                assert!(!words.contains(['<', '>', '&']), "{words}");
                assert!(words.matches('`').count().is_multiple_of(2), "{words}");
            }
        }
    }
}
