//! Looking at an account without the tolerance of everyday use: what the first answer says of
//! itself, and a conversation recorded byte for byte.

use super::ask::MAX_ANSWER;
use super::screen::Screen;
use super::{PAGE, TwinExpert, answers, budget, events, plain, read};
use crate::config;
use crate::upstream::capture::{Capture, Chunk, Exchange, FORMAT, HEADERS, Recorded};
use crate::upstream::{Budget, EventStream, UpstreamError, UpstreamEvent, UpstreamTwin};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use http::header::ACCEPT_ENCODING;
use http::{HeaderMap, Method, StatusCode};
use reqwest::{Response, Url};
use serde_json::{Value, json};
use tokio::time::timeout;

/// What the answer to a request for the twins says of itself.
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
    /// The twins of the first page, or why there are none.
    pub twins: Result<Vec<UpstreamTwin>, UpstreamError>,
}

impl TwinExpert {
    /// Asks for the first page of twins, once.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn probe(&self) -> Result<Probe, UpstreamError> {
        let mut url = self.address(&["twins"])?;
        url.query_pairs_mut().append_pair("page", "1").append_pair("limit", &PAGE.to_string());
        let begun = self.clock.now_millis();
        let response = self.raw(Method::GET, url, None).await?;
        let now = self.clock.now_millis();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read(response, MAX_ANSWER, self.timeouts.idle).await;
        let twins = match (status.as_u16(), body) {
            (200..=299, Ok(body)) => match serde_json::from_slice::<Value>(&body) {
                Ok(answer) => answers::twins(&answer, 1).map(|(twins, _)| twins),
                Err(_) => Err(UpstreamError::Failed(format!("its answer of {} bytes is not JSON", body.len()))),
            },
            (_, Err(error)) => Err(error),
            (_, Ok(body)) => Err(Self::refusal(status, &format!("{status} {}", self.words(&body, false)), budget::pause(&headers, now))),
        };
        Ok(Probe {
            status,
            millis: now - begun,
            date: text(&headers, "date").and_then(|date| imf_date(&date)),
            budget: budget::budget(&headers, now),
            rate_headers: kept(&headers).into_iter().filter(|(name, _)| name.starts_with("x-ratelimit") || name == "retry-after").collect(),
            twins,
        })
    }

    /// Makes a conversation, says something in it twice, and records the stream and the plain
    /// answer. Three requests of the account's budget.
    ///
    /// # Errors
    /// When there is no answer, or none to making the conversation that can be understood. What the
    /// two sends answer is recorded whatever it is.
    pub async fn capture(&self, twin: &str, message: &str) -> Result<Capture, UpstreamError> {
        let conversation = self.create_conversation(twin, "", &self.gate.operator()).await?;
        let body = json!({ "content": message });
        let mut exchanges = Vec::new();
        for tail in [&["messages", "stream"][..], &["messages"]] {
            let url = self.address(&[&["conversations", &conversation], tail].concat())?;
            let path = ["/api/v1/conversations/{conversation}", &tail.join("/")].join("/");
            let mut exchange = self.record(url, path, &body).await?;
            exchange.conversation.clone_from(&conversation);
            exchanges.push(exchange);
        }
        let upstream = config::UpstreamKind::TwinExpert.name().to_owned();
        Ok(Capture { format: FORMAT.to_owned(), upstream, exchanges })
    }

    async fn record(&self, url: Url, path: String, body: &Value) -> Result<Exchange, UpstreamError> {
        let mut response = self.raw(Method::POST, url, Some(body)).await?;
        let mut exchange = Exchange {
            method: Method::POST.to_string(),
            path,
            conversation: String::new(),
            body: body.clone(),
            status: response.status().as_u16(),
            headers: kept(response.headers()),
            chunks: Vec::new(),
            ended: "whole".to_owned(),
        };
        let (mut before, mut size) = (self.clock.now_millis(), 0);
        while size <= MAX_ANSWER {
            let bytes = match timeout(self.timeouts.idle, response.chunk()).await {
                Ok(Ok(Some(bytes))) => bytes,
                Ok(Ok(None)) => break,
                Ok(Err(error)) => {
                    exchange.ended = plain(&error);
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
        exchange.redact(self.settings.key.expose());
        Ok(exchange)
    }

    /// Asks, and gives whatever comes back.
    async fn raw(&self, method: Method, url: Url, body: Option<&Value>) -> Result<Response, UpstreamError> {
        let (name, value) = self.key_header()?;
        let mut request = self.client.request(method, url).header(name, value).header(ACCEPT_ENCODING, "identity");
        if let Some(body) = body {
            request = request.json(body);
        }
        let paid = self.gate.operator().pay().await?;
        let sent = timeout(self.timeouts.first_event, request.send()).await.map_err(|_| UpstreamError::Silent("no answer"))?;
        let response = sent.map_err(|error| UpstreamError::Unreachable(plain(&error)))?;
        let (now, headers) = (self.clock.now_millis(), response.headers());
        paid.answered(response.status().as_u16(), budget::budget(headers, now), budget::pause(headers, now));
        Ok(response)
    }
}

/// A recorded answer as the events that it means, without its pauses.
///
/// # Errors
/// When a plain answer holds no reply.
pub fn replay(exchange: &Exchange) -> Result<EventStream<'static>, UpstreamError> {
    let mut screen = Screen::new("capture", &exchange.conversation);
    let chunks: Vec<Bytes> = exchange.chunks.iter().map(|chunk| chunk.bytes.bytes()).collect();
    if exchange.header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
        let answer = serde_json::from_slice(&chunks.concat());
        let mut answer: Value = answer.map_err(|_| UpstreamError::Failed("its answer is not JSON".to_owned()))?;
        if !screen.pass(&mut answer) {
            return Err(UpstreamError::Failed("its answer is of another conversation".to_owned()));
        }
        let text = answers::reply(&answer)?;
        return Ok(stream::iter([Ok(UpstreamEvent::Complete(Some(text)))]).boxed());
    }
    let broke = (exchange.ended != "whole").then(|| Err(exchange.ended.clone()));
    let body = stream::iter(chunks.into_iter().map(Ok).chain(broke)).boxed();
    Ok(events::read(body, super::Timeouts::default(), screen))
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
