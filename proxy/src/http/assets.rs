//! The widget's files under the root: content coding, caching, conditional requests.

use super::error::ApiError;
use crate::app::App;
use crate::assets::{Asset, Representation};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use twinchat_protocol::error::ErrorCode;

/// For every address that no route has.
pub(super) async fn asset(State(app): State<App>, request: Request) -> Response {
    let path = match request.uri().path() {
        "/" => "/index.html",
        path => path,
    };
    let Some(asset) = app.assets().get(path) else { return ApiError::new(ErrorCode::NotFound).into_response() };
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return ([(ALLOW, HeaderValue::from_static("GET, HEAD"))], ApiError::new(ErrorCode::MethodNotAllowed)).into_response();
    }
    let (chosen, coding) = choose(asset, request.headers());
    let etag = format!("\"{}\"", chosen.hash);
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    let caching = if asset.is_immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(ETAG, etag);
    }
    if is_known(request.headers(), &etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(chosen.bytes.len()));
    if let Some(coding) = coding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    if request.method() == Method::GET {
        *response.body_mut() = Body::from(chosen.bytes.clone());
    }
    response
}

/// The smallest representation that the client takes.
fn choose<'a>(asset: &'a Asset, headers: &HeaderMap) -> (&'a Representation, Option<&'static str>) {
    match (&asset.brotli, &asset.gzip) {
        (Some(brotli), _) if accepts(headers, "br") => (brotli, Some("br")),
        (_, Some(gzip)) if accepts(headers, "gzip") => (gzip, Some("gzip")),
        _ => (&asset.identity, None),
    }
}

/// RFC 9110 section 12.5.3, for a coding other than `identity`.
fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    let ranges = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    let mut any = None;
    for range in ranges {
        let (name, weight) = range.split_once(';').unwrap_or((range, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(1.0, |q| q.trim().parse::<f32>().unwrap_or(0.0));
        match name.trim() {
            name if name.eq_ignore_ascii_case(coding) => return weight > 0.0,
            "*" => any = Some(weight > 0.0),
            _ => {}
        }
    }
    any.unwrap_or(false)
}

/// RFC 9110 section 13.1.2, which compares weakly.
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let tags = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    tags.map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coding_is_sent_only_to_who_takes_it() {
        for (header, brotli) in [
            (Some("gzip, deflate, br"), true),
            (Some("BR;q=0.1"), true),
            (Some("br;q=0, *"), false),
            (Some("*"), true),
            (Some("*;q=0"), false),
            (Some("gzip"), false),
            (Some(""), false),
            (None, false),
        ] {
            let headers = header.map(|text| (ACCEPT_ENCODING, text.parse().unwrap())).into_iter().collect();
            assert_eq!(accepts(&headers, "br"), brotli, "{header:?}");
        }
    }
}
