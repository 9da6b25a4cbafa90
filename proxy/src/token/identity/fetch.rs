//! Gets an issuer's JWKS over HTTP.

use super::published::Fetch;
use crate::config::JwksUrl;
use futures_util::FutureExt;
use reqwest::{Client, redirect};
use std::time::Duration;

/// The most bytes of a JWKS.
const MAX_BYTES: usize = 256 << 10;
/// How long it may take, connection and body included.
const DEADLINE: Duration = Duration::from_secs(5);

/// From this address only: redirects are not followed, no proxy is used, nothing is sent along.
pub(super) fn from(url: &JwksUrl) -> Fetch {
    let url = url.as_str().to_owned();
    Box::new(move || get(url.clone()).boxed())
}

async fn get(url: String) -> Result<String, String> {
    let told = |error: reqwest::Error| format!("it cannot be read: {}", error.without_url());
    // Whoever is first sets the process's TLS provider; a second time changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().redirect(redirect::Policy::none()).no_proxy().referer(false).timeout(DEADLINE).build().map_err(told)?;
    let mut answer = client.get(url).header("accept", "application/jwk-set+json, application/json").send().await.map_err(told)?;
    if answer.status() != 200 {
        return Err(format!("it answered with status {}", answer.status().as_u16()));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(told)? {
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(format!("it is longer than {MAX_BYTES} bytes"));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
}
