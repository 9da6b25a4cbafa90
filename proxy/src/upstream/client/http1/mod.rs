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
//! | `body` | what of the bytes is the answer's body |
//! | `head` | the request's bytes, and what an answer's head says |
//! | `pool` | connections that wait for the next request |
//! | `stream` | a body as it comes |
//! | `wire` | making connections |

mod body;
mod head;
mod pool;
mod stream;
#[cfg(test)]
mod tests;
mod wire;

use super::ask::NoAnswer;
use super::body::Response;
use bytes::BytesMut;
use futures_util::StreamExt;
use head::Head;
use pool::Pool;
use reqwest::{Request, Url};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use stream::Coming;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wire::{Connection, Connector, NotConnected};

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
        if let Some(mut kept) = self.pool.take()
            && write(&mut kept, &bytes).await.is_ok()
        {
            return self.answer(kept).await.map(Some);
        }
        let mut fresh = match self.connector.connect().await {
            Ok(fresh) => fresh,
            Err(NotConnected::IsHttp2) => {
                self.is_http2.store(true, Ordering::Relaxed);
                return Ok(None);
            }
            Err(NotConnected::Failed(why)) => return Err(NoAnswer::no_connection(&why)),
        };
        // Who refuses a request may do so before all of it is written, and its answer says why.
        let written = write(&mut fresh, &bytes).await;
        let answer = self.answer(fresh).await;
        match (written, answer) {
            (Err(error), Err(_)) => Err(NoAnswer::broke(&error.to_string())),
            (_, answer) => answer.map(Some),
        }
    }

    /// Reads the answer's head.
    async fn answer(&self, mut wire: Connection) -> Result<Response, NoAnswer> {
        let mut bytes = BytesMut::with_capacity(HEAD_PIECE);
        let mut announced = 0;
        loop {
            match head::response(&bytes).map_err(|why| NoAnswer::broke(&why))? {
                Head::NotYet => {}
                Head::Announced(length) => {
                    announced += length;
                    drop(bytes.split_to(length));
                    continue;
                }
                Head::Answer(answer) => {
                    let rest = bytes[answer.length..].to_vec();
                    let coming = Coming::new(wire, answer.body, rest, answer.keeps.then(|| self.pool.clone()));
                    return Ok(answer.parts.map(|()| coming.boxed()));
                }
            }
            if announced + bytes.len() >= MAX_HEAD {
                return Err(NoAnswer::broke(&format!("its answer's head is larger than {MAX_HEAD} bytes")));
            }
            bytes.reserve(HEAD_PIECE);
            let read = wire.read_buf(&mut bytes).await.map_err(|error| NoAnswer::broke(&error.to_string()))?;
            if read == 0 {
                return Err(NoAnswer::broke("it was closed before the answer"));
            }
        }
    }
}

async fn write(wire: &mut Connection, bytes: &[u8]) -> io::Result<()> {
    wire.write_all(bytes).await?;
    wire.flush().await
}
