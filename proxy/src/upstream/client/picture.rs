//! A twin's picture, fetched for the visitor and without the key.

use super::Client;
use super::ask::Refused;
use super::body::{content_type, of_reqwest, read_all};
use crate::config;
use crate::upstream::picture::MAX_BYTES;
use crate::upstream::{Picture, UpstreamError, UpstreamTwin};
use http::header::{ACCEPT, ACCEPT_ENCODING};
use reqwest::Url;
use std::time::Duration;
use tokio::time::timeout;

/// How long a picture may take in all.
const PICTURE_TIME: Duration = Duration::from_secs(60);

impl Client {
    /// Fetches a picture from its origin or from one that the owner has named.
    ///
    /// # Errors
    /// When it is elsewhere, cannot be had, or is none.
    pub(crate) async fn picture(&self, url: &str) -> Result<Picture, UpstreamError> {
        let url =
            self.picture_url(url).ok_or_else(|| UpstreamError::NotFound("a picture on an origin that is not configured".to_owned()))?;
        let fetched = timeout(PICTURE_TIME, self.repeated(true, || self.fetch_picture(&url)));
        fetched.await.unwrap_or(Err(UpstreamError::Silent("the picture takes too long")))
    }

    async fn fetch_picture(&self, url: &Url) -> Result<Picture, Refused> {
        let asked = self.http.get(url.clone()).header(ACCEPT, "image/*").header(ACCEPT_ENCODING, "identity").send();
        let response = match timeout(self.timeouts.header, asked).await {
            Ok(answered) => of_reqwest(answered.map_err(|error| Refused::unanswered(error.into()))?),
            Err(_) => return Err(Refused::passing(UpstreamError::Silent("no answer"))),
        };
        if !response.status().is_success() {
            return Err(Refused::of_status(response.status(), UpstreamError::NotFound(format!("a picture: {}", response.status()))));
        }
        let said = content_type(response.headers());
        let bytes = read_all(response, MAX_BYTES, self.timeouts.header).await.map_err(Refused::passing)?;
        if self.redactor.is_in(&bytes) {
            return Err(Refused::for_good(UpstreamError::Failed("a picture that holds the key".to_owned())));
        }
        Picture::checked(bytes, &said)
            .ok_or_else(|| Refused::for_good(UpstreamError::Failed("a picture of a kind that is not passed on".to_owned())))
    }

    /// Where a picture is, if it is somewhere that the owner has named.
    fn picture_url(&self, text: &str) -> Option<Url> {
        let url = self.origin.join(text).ok()?;
        let is_named = |origin: &config::Origin| url.origin().ascii_serialization() == origin.as_str();
        let may = url.origin() == self.origin.origin() || self.settings.picture_origins.iter().any(is_named);
        (may && url.username().is_empty() && url.password().is_none()).then_some(url)
    }

    /// Without the picture that would not be fetched.
    pub(crate) fn with_pictures_of_ours(&self, mut twin: UpstreamTwin) -> UpstreamTwin {
        if let Some(elsewhere) = twin.picture.take_if(|picture| self.picture_url(picture).is_none()) {
            let origin = self.origin.join(&elsewhere).map_or_else(|_| "nowhere".to_owned(), |url| url.origin().ascii_serialization());
            tracing::warn!(upstream = self.name(), origin, "a twin's picture is left out; to show it, add its origin to picture_origins");
        }
        twin
    }
}
