//! What is known of every request: its id, its language, when it came.

use super::allowance::Charges;
use axum::Json;
use axum::extract::FromRequestParts;
use http::header::ACCEPT_LANGUAGE;
use http::request::Parts;
use http::{Extensions, HeaderMap};
use std::convert::Infallible;
use twinchat_protocol::envelope::{Envelope, Meta};

/// The languages in which this server says what went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English, when nothing else is asked for.
    #[default]
    English,
    /// Vietnamese.
    Vietnamese,
}

impl Language {
    /// The best of ours for an `Accept-Language` (RFC 9110 section 12.5.4).
    pub fn accepted(headers: &HeaderMap) -> Self {
        let mut best = (Self::English, 0.0_f32);
        for range in headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(',')) {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let quality = parameters.trim().strip_prefix("q=").map_or(1.0, |q| q.trim().parse().unwrap_or(0.0));
            let language = match tag.trim().split('-').next().map(str::to_ascii_lowercase).as_deref() {
                Some("vi") => Self::Vietnamese,
                Some("en") => Self::English,
                _ => continue,
            };
            if quality > best.1 {
                best = (language, quality);
            }
        }
        best.0
    }

    /// The BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Vietnamese => "vi",
        }
    }
}

/// What the frame knows of a request before anybody has looked at it. An extractor.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// The id that is in `X-Request-Id`, in the logs and in every body.
    pub request_id: String,
    /// The visitor's language.
    pub language: Language,
    /// When the request came, milliseconds since 1970.
    pub now_millis: i64,
    /// What it was charged to so far.
    pub(super) charges: Charges,
}

impl Context {
    /// The context of the request with these extensions.
    pub(super) fn of(extensions: &Extensions) -> Self {
        extensions.get::<Self>().cloned().unwrap_or_default()
    }

    /// `meta` of an answer to this request.
    pub fn meta(&self) -> Meta {
        Meta { timestamp: crate::clock::rfc3339(self.now_millis), request_id: self.request_id.clone(), ..Meta::default() }
    }

    /// A successful answer with this data.
    pub fn answer<T>(&self, data: T) -> Json<Envelope<T>> {
        Json(Envelope { success: true, data, meta: self.meta() })
    }

    /// A successful answer that is a part of a list; `part` has the members that say which.
    pub fn list<T>(&self, data: Vec<T>, part: Meta) -> Json<Envelope<Vec<T>>> {
        let Meta { timestamp, request_id, .. } = self.meta();
        Json(Envelope { success: true, data, meta: Meta { timestamp, request_id, ..part } })
    }
}

impl<S: Sync> FromRequestParts<S> for Context {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_with_the_highest_quality_of_those_we_have_is_chosen() {
        for (header, expected) in [
            ("vi", Language::Vietnamese),
            ("vi-VN,vi;q=0.9,en;q=0.8", Language::Vietnamese),
            ("en-GB,vi;q=0.9", Language::English),
            ("fr, vi;q=0.3, en;q=0.2", Language::Vietnamese),
            ("VI", Language::Vietnamese),
            ("vi;q=0", Language::English),
            ("vi;q=nonsense", Language::English),
            ("*", Language::English),
            ("", Language::English),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT_LANGUAGE, header.parse().unwrap())]);
            assert_eq!(Language::accepted(&headers), expected, "{header:?}");
        }
    }
}
