//! One request with the key, repeated where that can do no harm.
//!
//! A message is asked again only while nothing of it can have been taken in: no connection, or the
//! upstream itself says "later, then". After "sent, no answer" nobody knows, so the visitor decides.

use super::body::{BROKEN, MAX_ANSWER, MAX_ERROR, NO_CONNECTION, Response, error_text, of_reqwest, plain, read_all};
use super::pause::{pause, retry_after};
use super::{Address, Client};
use crate::budget::{Fare, Paid};
use crate::config;
use crate::metrics;
use crate::upstream::UpstreamError;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use reqwest::RequestBuilder;
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// How often a request is made at most.
const TRIES: u32 = 3;
/// How long after the first try another one may begin.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest pause before the second try; it doubles with each. How much of it passes is chance.
const PAUSE: Duration = Duration::from_millis(500);

/// Why a request was not answered as hoped, and whether it may be made again.
#[derive(Debug)]
pub(crate) struct Refused {
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

    /// No connection, or one that broke before the answer began.
    pub(super) fn unanswered(none: NoAnswer) -> Self {
        if none.is_sent {
            return Self::passing(UpstreamError::BrokeOff(none.why));
        }
        Self { error: UpstreamError::Unreachable(none.why), again: Again::Always }
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct NoAnswer {
    /// Whether anything of the request may have got there.
    is_sent: bool,
    /// Without the address.
    why: String,
}

impl NoAnswer {
    /// Nobody was reached.
    pub(super) fn no_connection(why: &str) -> Self {
        Self { is_sent: false, why: format!("{NO_CONNECTION}: {why}") }
    }

    /// Somebody was.
    pub(super) fn broke(why: &str) -> Self {
        Self { is_sent: true, why: format!("{BROKEN}: {why}") }
    }
}

impl From<reqwest::Error> for NoAnswer {
    fn from(error: reqwest::Error) -> Self {
        Self { is_sent: !error.is_connect(), why: plain(&error) }
    }
}

/// A request that is paid for, before it has a body.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// GET changes nothing upstream and may be repeated; nothing else may.
    pub(crate) method: Method,
    /// Where to.
    pub(crate) address: &'a Address,
    /// How long its answer's header may take.
    pub(crate) patience: Duration,
    /// Who pays.
    pub(crate) fare: &'a Fare,
    /// Whether the answer may come in pieces over a long time.
    pub(crate) streamed: bool,
}

impl Call<'_> {
    /// For a log.
    fn shown(&self) -> String {
        format!("{} {}", self.method, self.address.shown)
    }
}

impl Client {
    /// Asks for JSON, on the owner's account.
    pub(crate) async fn get(&self, address: &Address) -> Result<Value, UpstreamError> {
        self.repeated(true, || self.get_once(address)).await
    }

    async fn get_once(&self, address: &Address) -> Result<Value, Refused> {
        self.get_once_for(address, &self.gate.operator()).await
    }

    /// Asks once for JSON, paid from this: for what is asked again soon anyway.
    pub(crate) async fn get_for(&self, address: &Address, fare: &Fare) -> Result<Value, UpstreamError> {
        self.get_once_for(address, fare).await.map_err(|refused| refused.error)
    }

    async fn get_once_for(&self, address: &Address, fare: &Fare) -> Result<Value, Refused> {
        let call = Call { method: Method::GET, address, patience: self.timeouts.header, fare, streamed: false };
        let answer = self.ask(&call, self.request(&call)).await?;
        self.json(answer).await.map_err(|error| match error {
            UpstreamError::BrokeOff(_) | UpstreamError::Silent(_) => Refused::passing(error),
            _ => Refused::for_good(error),
        })
    }

    /// Sends JSON and gives the answer when it is a success, with its body still to be read.
    pub(crate) async fn post(&self, address: &Address, body: &Value, patience: Duration, fare: &Fare) -> Result<Response, UpstreamError> {
        let call = Call { method: Method::POST, address, patience, fare, streamed: false };
        self.send(&call, || async { Ok(self.request(&call).json(body)) }).await
    }

    /// The same for an answer that may come in pieces over a long time.
    pub(crate) async fn stream(&self, address: &Address, body: &Value, patience: Duration, fare: &Fare) -> Result<Response, UpstreamError> {
        let call = Call { method: Method::POST, address, patience, fare, streamed: true };
        self.send(&call, || async { Ok(self.request(&call).json(body)) }).await
    }

    /// Makes a request of any kind and gives the answer when it is a success. `filled` is the request with its
    /// body (begin with [`Client::request`]); it is asked for once for each try.
    pub(crate) async fn send<F>(&self, call: &Call<'_>, filled: impl Fn() -> F) -> Result<Response, UpstreamError>
    where
        F: Future<Output = Result<RequestBuilder, UpstreamError>>,
    {
        let attempt = || async {
            let request = filled().await.map_err(Refused::for_good)?;
            self.ask(call, request).await
        };
        self.repeated(call.method == Method::GET, attempt).await
    }

    /// The request without a body and without the key.
    pub(crate) fn request(&self, call: &Call<'_>) -> RequestBuilder {
        self.http.request(call.method.clone(), call.address.url.clone())
    }

    /// The JSON of an answer, without the owner's secrets.
    pub(crate) async fn json(&self, response: Response) -> Result<Value, UpstreamError> {
        let body = read_all(response, MAX_ANSWER, self.timeouts.idle).await?;
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
            tracing::info!(upstream = self.name(), error = %refused.error, tries, "asking an upstream again");
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

    /// The request with the key, where there is one: the one place where it is used.
    pub(super) fn signed(&self, request: RequestBuilder) -> Result<RequestBuilder, UpstreamError> {
        let request = request.header(ACCEPT_ENCODING, "identity");
        let Some(key) = &self.settings.key else { return Ok(request) };
        let (name, text) = match self.settings.auth {
            config::Auth::Bearer => (AUTHORIZATION, format!("Bearer {}", key.expose())),
            config::Auth::XApiKey => (HeaderName::from_static("x-api-key"), key.expose().to_owned()),
            config::Auth::ApiKey => (HeaderName::from_static("api-key"), key.expose().to_owned()),
            config::Auth::None => return Ok(request),
        };
        let mut value =
            HeaderValue::from_str(&text).map_err(|_| UpstreamError::Refused("the key cannot be sent in a header".to_owned()))?;
        value.set_sensitive(true);
        Ok(request.header(name, value))
    }

    /// Pays for the request and makes it once.
    async fn ask(&self, call: &Call<'_>, request: RequestBuilder) -> Result<Response, Refused> {
        let paid = call.fare.pay().await.map_err(|refusal| Refused::for_good(refusal.into()))?;
        let asked = self.ask_paid(call, request, paid).await;
        let outcome = asked.as_ref().map_or_else(|refused| refused.error.kind(), |_| "ok");
        metrics::UPSTREAM_REQUESTS.count([self.name(), outcome]);
        asked
    }

    async fn ask_paid(&self, call: &Call<'_>, request: RequestBuilder, paid: Paid) -> Result<Response, Refused> {
        let request = self.signed(request).map_err(Refused::for_good)?;
        let response = match timeout(call.patience, self.transmit(call, request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(none)) => {
                match none.is_sent {
                    false => paid.not_sent(),
                    true => paid.unanswered(),
                }
                return Err(Refused::unanswered(none));
            }
            Err(_) => {
                paid.unanswered();
                return Err(Refused::passing(UpstreamError::Silent("no answer")));
            }
        };
        let status = response.status();
        let said = self.note_budget(response.headers());
        let pause = pause(response.headers(), said, self.clock.now_millis());
        paid.answered(status.as_u16(), said, pause);
        if status.is_success() {
            return Ok(response);
        }
        let told_to_wait = retry_after(response.headers());
        let body = read_all(response, MAX_ERROR, self.timeouts.header).await.unwrap_or_default();
        let words = self.words(&body, call.method != Method::GET);
        let error = refusal(status, &format!("{}: {status} {words}", call.shown()), pause);
        Err(match (status, told_to_wait) {
            (StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE, Some(seconds)) => {
                Refused { error, again: Again::After(seconds) }
            }
            _ => Refused::of_status(status, error),
        })
    }

    /// Sends it, over what suits it.
    async fn transmit(&self, call: &Call<'_>, request: RequestBuilder) -> Result<Response, NoAnswer> {
        let request = request.build()?;
        if call.streamed
            && let Some(response) = self.http1.send(&request).await?
        {
            return Ok(response);
        }
        Ok(of_reqwest(self.http.execute(request).await?))
    }

    /// What an error's body says, for a note: its sentence without the key, or where that may repeat what a
    /// visitor said, its code alone.
    pub(super) fn words(&self, body: &[u8], repeats_words: bool) -> String {
        let Ok(value) = serde_json::from_slice::<Value>(body) else { return String::new() };
        let said = if repeats_words { (self.dialect.error_code)(&value).map(str::to_owned) } else { error_text(&value) };
        self.redactor.text(&said.unwrap_or_default()).chars().take(200).filter(|c| !c.is_control()).collect()
    }
}

/// What a status that is no success means.
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
