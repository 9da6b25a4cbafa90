use super::Finding;
use crate::clock::{Clock, rfc3339};
use reqwest::tls::TlsInfo;
use reqwest::{Client, redirect};
use std::time::Duration;
use x509_parser::parse_x509_certificate;

const PATIENCE: Duration = Duration::from_secs(10);
/// From when on the end of a certificate is worth a word, in seconds.
const SOON: i64 = 14 * 86_400;

/// Who vouches for this https origin, and until when.
pub(super) async fn examine(topic: String, origin: &str, clock: &dyn Clock) -> Finding {
    let client = Client::builder().redirect(redirect::Policy::none()).no_proxy().tls_info(true).timeout(PATIENCE).build();
    let asked = match client {
        Ok(client) => client.head(origin).send().await,
        Err(error) => Err(error),
    };
    let answer = match asked {
        Ok(answer) => answer,
        Err(error) => {
            let advice = "check the spelling of the host, this machine's network, clock and certificate authorities";
            return Finding::failed(topic, causes(&error), advice);
        }
    };
    let certificate = answer.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate);
    match certificate.and_then(|der| described(der, clock.now_seconds())) {
        Some((seen, left)) if left < SOON => {
            Finding::warning(topic, seen, "it ends soon; if it is not renewed by then, nobody can be answered")
        }
        Some((seen, _)) => Finding::ok(topic, seen),
        None => Finding::warning(topic, "the certificate is accepted and cannot be read", "look at it with a browser"),
    }
}

/// In words, and the seconds that are left of it.
pub(super) fn described(der: &[u8], now: i64) -> Option<(String, i64)> {
    let (_, certificate) = parse_x509_certificate(der).ok()?;
    let ends = certificate.validity().not_after.timestamp();
    let issuer = certificate.issuer();
    let name = issuer.iter_organization().chain(issuer.iter_common_name()).find_map(|name| name.as_str().ok()).unwrap_or("?").to_owned();
    let left = ends - now;
    Some((format!("issued by {name}, good until {} ({} days)", rfc3339(ends.saturating_mul(1000)), left.div_euclid(86_400)), left))
}

/// The error with its causes.
pub(super) fn causes(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() { "no answer in time".to_owned() } else { "no connection".to_owned() };
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
