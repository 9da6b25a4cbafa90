//! Streamed answers over HTTP/1.1, read in the task that waits for them.
//!
//! reqwest's client gives every connection a task, two buffers of 8 KB and a channel to its reader: for an answer
//! that comes in words, over minutes, that is most of what it costs. Here an answer that is silent holds no buffer,
//! and a word that arrives wakes one task. What is asked, how long is waited, which certificates count and what goes
//! wrong in which words is the same.
//!
//! Deliberately absent: HTTP/2 (an origin that chooses it over TLS is asked through reqwest from then on: one
//! connection for all its answers has no buffers per answer), redirects, proxies, compression, sending without a
//! known length, and asking again once a whole request has been written.
//!
//! | file | holds |
//! |---|---|
//! | `asking` | a request on its way, and what comes back meanwhile |
//! | `body` | what of the bytes is the answer's body |
//! | `fuzzing` | what the fuzz targets do with it |
//! | `head` | the request's bytes, and what an answer's head says |
//! | `pool` | connections that wait for the next request |
//! | `stream` | a body as it comes |
//! | `wire` | making connections |

mod asking;
mod body;
#[cfg(any(test, fuzzing))]
pub(super) mod fuzzing;
mod head;
mod pool;
mod stream;
#[cfg(test)]
mod tests;
mod wire;

use super::ask::NoAnswer;
use super::body::Response;
use asking::{Asking, Broke};
use futures_util::StreamExt;
use head::Head;
use pool::Pool;
use reqwest::{Request, Url};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use stream::Coming;
use wire::{Connector, NotConnected};

/// The most bytes of an answer's head, and of those that announce it.
const MAX_HEAD: usize = 64 << 10;
/// As much of a head is read at once.
const HEAD_PIECE: usize = 2 << 10;

/// Asks one origin.
pub(super) struct Http1 {
    connector: Connector,
    pool: Arc<Pool>,
    /// It has chosen HTTP/2, and will again.
    is_http2: AtomicBool,
}

impl Http1 {
    /// For this origin. `connect`: how long until there is a connection; `kept`: how long one waits for the next request.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub(super) fn new(origin: &Url, connect: Duration, kept: Duration) -> Result<Self, String> {
        Ok(Self::with(Connector::new(origin, connect, wire::trusted)?, kept))
    }

    fn with(connector: Connector, kept: Duration) -> Self {
        Self { connector, pool: Arc::new(Pool::new(kept)), is_http2: AtomicBool::new(false) }
    }

    /// Asks, and gives the answer with its body still to come. None: this is not for HTTP/1.1, and nothing was sent.
    ///
    /// A kept connection that breaks before the request is written is replaced by a new one. Who has the whole request
    /// may have taken it in, so it is not sent again.
    pub(super) async fn send(&self, request: &Request) -> Result<Option<Response>, NoAnswer> {
        let body = request.body().map_or(Some(&[][..]), reqwest::Body::as_bytes);
        let (Some(body), false) = (body, self.is_http2.load(Ordering::Relaxed)) else { return Ok(None) };
        let bytes = head::request(request, body);
        if let Some(kept) = self.pool.take() {
            match self.answer(Asking::new(kept, &bytes)).await {
                Err((asking, _)) if !asking.is_sent() => {}
                answered => return answered.map(Some).map_err(|(_, broke)| broke.into()),
            }
        }
        let fresh = match self.connector.connect().await {
            Ok(fresh) => fresh,
            Err(NotConnected::IsHttp2) => {
                self.is_http2.store(true, Ordering::Relaxed);
                return Ok(None);
            }
            Err(NotConnected::Failed(why)) => return Err(NoAnswer::no_connection(&why)),
        };
        match self.answer(Asking::new(fresh, &bytes)).await {
            // Who refuses a request may close before all of it is written, and its answer says why.
            Err((mut asking, broke @ Broke::Writing(_))) => {
                asking.give_up_writing();
                self.answer(asking).await.map(Some).map_err(|_| broke.into())
            }
            answered => answered.map(Some).map_err(|(_, broke)| broke.into()),
        }
    }

    /// Sends the request and reads the answer's head.
    async fn answer<'a>(&self, mut asking: Asking<'a>) -> Result<Response, (Asking<'a>, Broke)> {
        let mut announced = 0;
        loop {
            match head::response(&asking.heard) {
                Err(why) => return Err((asking, Broke::Answer(why))),
                Ok(Head::NotYet) => {}
                Ok(Head::Announced(length)) => {
                    announced += length;
                    drop(asking.heard.split_to(length));
                    continue;
                }
                Ok(Head::Answer(answer)) => {
                    let rest = asking.heard[answer.length..].to_vec();
                    // What is left of a request would be taken for the next one.
                    let pool = (answer.keeps && asking.is_sent()).then(|| self.pool.clone());
                    let coming = Coming::new(asking.wire, answer.body, rest, pool);
                    return Ok(answer.parts.map(|()| coming.boxed()));
                }
            }
            if announced + asking.heard.len() >= MAX_HEAD {
                return Err((asking, Broke::Answer(format!("its answer's head is larger than {MAX_HEAD} bytes"))));
            }
            match asking.hear().await {
                Ok(0) => return Err((asking, Broke::Answer("it was closed before the answer".to_owned()))),
                Ok(_) => {}
                Err(broke) => return Err((asking, broke)),
            }
        }
    }
}

impl From<Broke> for NoAnswer {
    fn from(broke: Broke) -> Self {
        match broke {
            Broke::Writing(error) | Broke::Reading(error) => Self::broke(&error.to_string()),
            Broke::Answer(why) => Self::broke(&why),
        }
    }
}
