//! One request with the key, repeated where that can do no harm.
//!
//! A message is asked again only while nothing of it can have been taken in: no connection, or the
//! upstream itself says "later, then". After "sent, no answer" nobody knows, so the visitor decides.

use super::{TwinExpert, answers, budget};
use crate::budget::{Fare, Paid};
use crate::config;
use crate::metrics;
use crate::upstream::UpstreamError;
use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT_ENCODING, AUTHORIZATION};
use http::{HeaderName, HeaderValue, StatusCode};
use reqwest::{Method, RequestBuilder, Response, Url};
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// The most bytes of a JSON answer.
pub(super) const MAX_ANSWER: usize = 2 << 20;
/// The most bytes read of an error's body.
const MAX_ERROR: usize = 16 << 10;
/// How often a request is made at most.
const TRIES: u32 = 3;
/// How long after the first try another one may begin.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest pause before the second try; it doubles with each. How much of it passes is chance.
const PAUSE: Duration = Duration::from_millis(500);

/// Why a request was not answered as hoped, and whether it may be made again.
#[derive(Debug)]
pub(super) struct Refused {
    error: UpstreamError,
    again: Again,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    /// It would fail again.
    Never,
    /// It may have been taken in: a question can be repeated, a message cannot.
    IfSafe,
    /// Nothing of it got there.
    Always,
    /// It was turned away for so many seconds.
    After(u32),
}

impl Refused {
    /// Trying again makes no sense.
    pub(super) fn for_good(error: UpstreamError) -> Self {
        Self { error, again: Again::Never }
    }

    /// It may pass, but the request may have been taken in.
    pub(super) fn passing(error: UpstreamError) -> Self {
        Self { error, again: Again::IfSafe }
    }

    /// As the status says.
    pub(super) fn of_status(status: StatusCode, error: UpstreamError) -> Self {
        if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT { Self::passing(error) } else { Self::for_good(error) }
    }
}

impl TwinExpert {
    /// Asks for JSON, in the owner's name.
    pub(super) async fn get(&self, url: &Url) -> Result<Value, UpstreamError> {
        self.repeated(true, || self.get_once(url)).await
    }

    async fn get_once(&self, url: &Url) -> Result<Value, Refused> {
        let fare = self.gate.operator();
        let answer = self.ask(self.client.get(url.clone()), format!("GET {}", template(url)), self.timeouts.header, &fare).await?;
        self.json(answer).await.map_err(|error| match error {
            UpstreamError::BrokeOff(_) | UpstreamError::Silent(_) => Refused::passing(error),
            _ => Refused::for_good(error),
        })
    }

    /// Sends JSON and gives the answer when it is a success, with its body still to be read.
    pub(super) async fn post(&self, url: &Url, body: &Value, patience: Duration, fare: &Fare) -> Result<Response, UpstreamError> {
        let request = || self.client.request(Method::POST, url.clone()).json(body);
        self.repeated(false, || self.ask(request(), format!("POST {}", template(url)), patience, fare)).await
    }

    /// The JSON of an answer.
    pub(super) async fn json(&self, response: Response) -> Result<Value, UpstreamError> {
        let body = read(response, MAX_ANSWER, self.timeouts.idle).await?;
        let not_json = |_| UpstreamError::Failed(format!("its answer of {} bytes is not JSON", body.len()));
        let mut answer = serde_json::from_slice(&body).map_err(not_json)?;
        self.redactor.value(&mut answer);
        Ok(answer)
    }

    /// Does it until it works, as often and as long as is right. `safe`: it changes nothing upstream.
    pub(super) async fn repeated<T, F>(&self, safe: bool, attempt: impl Fn() -> F) -> Result<T, UpstreamError>
    where
        F: Future<Output = Result<T, Refused>>,
    {
        let begun = Instant::now();
        let mut tries = 1;
        loop {
            let refused = match attempt().await {
                Ok(answer) => return Ok(answer),
                Err(refused) => refused,
            };
            let pause = match refused.again {
                Again::Always => self.backoff(tries),
                Again::IfSafe if safe => self.backoff(tries),
                Again::After(seconds) => Duration::from_secs(seconds.into()) + self.backoff(1),
                Again::IfSafe | Again::Never => return Err(refused.error),
            };
            if tries >= TRIES || begun.elapsed() + pause > PATIENCE {
                return Err(refused.error);
            }
            tracing::info!(upstream = self.settings.name.as_str(), error = %refused.error, tries, "asking an upstream again");
            sleep(pause).await;
            tries += 1;
        }
    }

    /// Any time up to a limit that doubles, so that many who failed at once do not come back at once.
    fn backoff(&self, tries: u32) -> Duration {
        let mut chance = [0; 2];
        self.dice.fill(&mut chance);
        PAUSE * (1 << (tries - 1)) * u32::from(u16::from_le_bytes(chance)) / u32::from(u16::MAX)
    }

    /// The one place where the key is used.
    pub(super) fn key_header(&self) -> Result<(HeaderName, HeaderValue), UpstreamError> {
        let (name, text) = match self.settings.auth {
            config::Auth::Bearer => (AUTHORIZATION, format!("Bearer {}", self.settings.key.expose())),
            config::Auth::XApiKey => (HeaderName::from_static("x-api-key"), self.settings.key.expose().to_owned()),
        };
        let mut value =
            HeaderValue::from_str(&text).map_err(|_| UpstreamError::Refused("the key cannot be sent in a header".to_owned()))?;
        value.set_sensitive(true);
        Ok((name, value))
    }

    /// Pays for the request and makes it once; `what` is for the log.
    async fn ask(&self, request: RequestBuilder, what: String, patience: Duration, fare: &Fare) -> Result<Response, Refused> {
        let paid = fare.pay().await.map_err(|refusal| Refused::for_good(refusal.into()))?;
        let asked = self.ask_paid(request, what, patience, paid).await;
        let outcome = asked.as_ref().map_or_else(|refused| refused.error.kind(), |_| "ok");
        metrics::UPSTREAM_REQUESTS.count([self.settings.name.as_str(), outcome]);
        asked
    }

    async fn ask_paid(&self, request: RequestBuilder, what: String, patience: Duration, paid: Paid) -> Result<Response, Refused> {
        let (name, value) = self.key_header().map_err(Refused::for_good)?;
        let request = request.header(name, value).header(ACCEPT_ENCODING, "identity");
        let response = match timeout(patience, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                match error.is_connect() {
                    true => paid.not_sent(),
                    false => paid.unanswered(),
                }
                return Err(unanswered(&error));
            }
            Err(_) => {
                paid.unanswered();
                return Err(Refused::passing(UpstreamError::Silent("no answer")));
            }
        };
        let status = response.status();
        let pause = budget::pause(response.headers(), self.clock.now_millis());
        paid.answered(status.as_u16(), self.note_budget(response.headers()), pause);
        if status.is_success() {
            return Ok(response);
        }
        let told_to_wait = budget::retry_after(response.headers());
        let body = read(response, MAX_ERROR, self.timeouts.header).await.unwrap_or_default();
        let words = self.words(&body, what.starts_with("POST"));
        let error = Self::refusal(status, &format!("{what}: {status} {words}"), pause);
        Err(match (status, told_to_wait) {
            (StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE, Some(seconds)) => {
                Refused { error, again: Again::After(seconds) }
            }
            _ => Refused::of_status(status, error),
        })
    }

    pub(super) fn refusal(status: StatusCode, note: &str, pause: Option<u32>) -> UpstreamError {
        let note = note.trim_end().to_owned();
        match status.as_u16() {
            401 | 403 => UpstreamError::Refused(note),
            404 | 405 | 410 => UpstreamError::NotFound(note),
            408 | 504 => UpstreamError::Silent("it says that it timed out itself"),
            429 => UpstreamError::Limited { retry_after: pause },
            300..=399 => UpstreamError::Failed(format!("{note}: redirects are not followed; check the origin in the settings")),
            _ => UpstreamError::Failed(note),
        }
    }

    /// What an error's body says, for a note: its sentence without the key, or where that may repeat what a
    /// visitor said, its code alone.
    pub(super) fn words(&self, body: &[u8], repeats_words: bool) -> String {
        let Ok(value) = serde_json::from_slice::<Value>(body) else { return String::new() };
        let said = if repeats_words { answers::error_code(&value).map(str::to_owned) } else { answers::error_text(&value) };
        self.redactor.text(&said.unwrap_or_default()).chars().take(200).filter(|c| !c.is_control()).collect()
    }
}

/// The path without the ids in it: upstream ids stay out of logs.
fn template(url: &Url) -> String {
    let mut after_list = false;
    let segments = url.path().split('/').map(|segment| {
        let shown = if after_list { "{id}" } else { segment };
        after_list = matches!(segment, "conversations" | "twins");
        shown
    });
    segments.collect::<Vec<_>>().join("/")
}

/// Reads a body of at most `most` bytes.
pub(super) async fn read(mut response: Response, most: usize, patience: Duration) -> Result<Bytes, UpstreamError> {
    let mut body = BytesMut::new();
    loop {
        let chunk = timeout(patience, response.chunk()).await.map_err(|_| UpstreamError::Silent("the body stopped"))?;
        let Some(chunk) = chunk.map_err(|error| UpstreamError::BrokeOff(plain(&error)))? else {
            return Ok(body.freeze());
        };
        if body.len() + chunk.len() > most {
            return Err(UpstreamError::Failed(format!("its answer is larger than {most} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
}

/// No connection, or one that broke before the answer began.
pub(super) fn unanswered(error: &reqwest::Error) -> Refused {
    if error.is_connect() {
        return Refused { error: UpstreamError::Unreachable(plain(error)), again: Again::Always };
    }
    Refused::passing(UpstreamError::BrokeOff(plain(error)))
}

/// The error with its causes, without the address: that would put upstream ids into logs.
pub(super) fn plain(error: &reqwest::Error) -> String {
    let kind = if error.is_connect() { "no connection" } else { "the connection failed" };
    let mut text = kind.to_owned();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
