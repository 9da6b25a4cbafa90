//! Looking at an account without the tolerance of everyday use: what an answer says of itself, and
//! exchanges recorded byte for byte.

use super::ask::refusal;
use super::body::{MAX_ANSWER, Response, of_reqwest, plain, read_all};
use super::pause::pause;
use super::{Address, Client};
use crate::upstream::capture::{Chunk, Exchange, HEADERS, Recorded};
use crate::upstream::{Budget, UpstreamError, UpstreamTwin};
use futures_util::StreamExt;
use http::{HeaderMap, Method, StatusCode};
use reqwest::RequestBuilder;
use serde_json::Value;
use tokio::time::timeout;

/// What an answer says of itself.
#[derive(Debug, Clone)]
pub struct Probe {
    /// The status.
    pub status: StatusCode,
    /// Milliseconds until the answer's header.
    pub millis: i64,
    /// The header `Date`, in seconds since 1970.
    pub date: Option<i64>,
    /// The rate-limit headers as they are understood.
    pub budget: Option<Budget>,
    /// The rate-limit headers as they are.
    pub rate_headers: Vec<(String, String)>,
    /// The twins it names, or why there are none.
    pub twins: Result<Vec<UpstreamTwin>, UpstreamError>,
}

impl Client {
    /// Asks once for what is there; `twins` finds them in it.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) async fn look(
        &self,
        address: &Address,
        twins: impl FnOnce(&Value) -> Result<Vec<UpstreamTwin>, UpstreamError>,
    ) -> Result<Probe, UpstreamError> {
        let begun = self.clock.now_millis();
        let response = self.raw(self.http.request(Method::GET, address.url.clone())).await?;
        let now = self.clock.now_millis();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read_all(response, MAX_ANSWER, self.timeouts.idle).await;
        let budget = (self.dialect.budget)(&headers, now);
        let twins = match (status.as_u16(), body) {
            (200..=299, Ok(body)) => match serde_json::from_slice::<Value>(&body) {
                Ok(answer) => twins(&answer),
                Err(_) => Err(UpstreamError::Failed(format!("its answer of {} bytes is not JSON", body.len()))),
            },
            (_, Err(error)) => Err(error),
            (_, Ok(body)) => Err(refusal(status, &format!("{status} {}", self.words(&body, false)), pause(&headers, budget, now))),
        };
        Ok(Probe {
            status,
            millis: now - begun,
            date: text(&headers, "date").and_then(|date| imf_date(&date)),
            budget,
            rate_headers: kept(&headers).into_iter().filter(|(name, _)| is_rate(name)).collect(),
            twins,
        })
    }

    /// Asks and keeps what comes back, whatever it is. `body` is what is kept of the request.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) async fn record(&self, address: &Address, request: RequestBuilder, body: &Value) -> Result<Exchange, UpstreamError> {
        let response = self.raw(request).await?;
        let mut exchange = Exchange {
            method: Method::POST.to_string(),
            path: address.shown.clone(),
            conversation: String::new(),
            body: body.clone(),
            status: response.status().as_u16(),
            headers: kept(response.headers()),
            chunks: Vec::new(),
            ended: "whole".to_owned(),
        };
        let mut coming = response.into_body();
        let (mut before, mut size) = (self.clock.now_millis(), 0);
        while size <= MAX_ANSWER {
            let bytes = match timeout(self.timeouts.idle, coming.next()).await {
                Ok(Some(Ok(bytes))) => bytes,
                Ok(None) => break,
                Ok(Some(Err(why))) => {
                    exchange.ended = why;
                    break;
                }
                Err(_) => {
                    exchange.ended = "fell silent".to_owned();
                    break;
                }
            };
            let now = self.clock.now_millis();
            size += bytes.len();
            exchange.chunks.push(Chunk { after_ms: now - before, bytes: Recorded::of(&bytes) });
            before = now;
        }
        exchange.redact(&self.redactor);
        Ok(exchange)
    }

    /// A request to be recorded, without a body and without the key.
    pub(crate) fn to_record(&self, address: &Address) -> RequestBuilder {
        self.http.post(address.url.clone())
    }

    /// Asks, and gives whatever comes back.
    async fn raw(&self, request: RequestBuilder) -> Result<Response, UpstreamError> {
        let request = self.signed(request)?;
        let paid = self.gate.operator().pay().await?;
        let sent = timeout(self.timeouts.first_event, request.send()).await.map_err(|_| UpstreamError::Silent("no answer"))?;
        let response = of_reqwest(sent.map_err(|error| UpstreamError::Unreachable(plain(&error)))?);
        let (now, headers) = (self.clock.now_millis(), response.headers());
        let budget = (self.dialect.budget)(headers, now);
        paid.answered(response.status().as_u16(), budget, pause(headers, budget, now));
        Ok(response)
    }
}

impl Probe {
    /// What a recorded answer says of itself, at a service where nothing can be asked for but answers.
    pub(crate) fn of(exchange: &Exchange, millis: i64, twins: Result<Vec<UpstreamTwin>, UpstreamError>) -> Self {
        Self {
            status: StatusCode::from_u16(exchange.status).unwrap_or(StatusCode::BAD_GATEWAY),
            millis,
            date: exchange.header("date").and_then(imf_date),
            budget: None,
            rate_headers: exchange.headers.iter().filter(|(name, _)| is_rate(name)).cloned().collect(),
            twins,
        }
    }
}

fn is_rate(name: &str) -> bool {
    name.starts_with("x-ratelimit") || name == "retry-after"
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn kept(headers: &HeaderMap) -> Vec<(String, String)> {
    HEADERS.iter().filter_map(|name| Some(((*name).to_owned(), text(headers, name)?))).collect()
}

/// RFC 9110 section 5.6.7, in the one form that is still written.
fn imf_date(text: &str) -> Option<i64> {
    let form = time::macros::format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    Some(time::PrimitiveDateTime::parse(text, &form).ok()?.assume_utc().unix_timestamp())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_date_of_the_rfc_is_understood() {
        assert_eq!(super::imf_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(super::imf_date("yesterday"), None);
    }
}
