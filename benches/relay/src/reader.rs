//! Readers of streams: they find the stamps, whoever has wrapped the events in what.

use crate::upstream::now;
use crate::{Outcome, relay::Ticket};
use bytes::Bytes;
use hdrhistogram::Histogram;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::net::TcpStream;

/// How old events were when they came, in nanoseconds, while somebody wanted to know.
#[derive(Debug)]
pub(crate) struct Ages {
    counts: AtomicBool,
    events: AtomicU64,
    histogram: Mutex<Histogram<u64>>,
}

impl Default for Ages {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("these bounds are good");
        Self { counts: AtomicBool::new(false), events: AtomicU64::new(0), histogram: Mutex::new(histogram) }
    }
}

impl Ages {
    /// Whether events count from now on.
    pub(crate) fn count(&self, counts: bool) {
        self.counts.store(counts, Ordering::Relaxed);
    }

    /// How many have counted.
    pub(crate) fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }

    /// The age in microseconds that this share of the events had at most.
    pub(crate) fn micros(&self, share: f64) -> f64 {
        self.histogram.lock().map_or(f64::NAN, |histogram| histogram.value_at_quantile(share) as f64 / 1000.0)
    }

    fn note(&self, age: u64) {
        if self.counts.load(Ordering::Relaxed) {
            self.events.fetch_add(1, Ordering::Relaxed);
            if let Ok(mut histogram) = self.histogram.lock() {
                histogram.saturating_record(age.max(1));
            }
        }
    }
}

/// Finds stamps, `@nanoseconds;`, in bytes that come in pieces.
#[derive(Debug, Default)]
pub(crate) struct Stamps {
    open: Option<u64>,
    last: u64,
}

impl Stamps {
    /// Tells `found` of each stamp that is later than those before it: a whole text at the end repeats them.
    pub(crate) fn read(&mut self, bytes: &[u8], mut found: impl FnMut(u64)) {
        for byte in bytes {
            self.open = match (byte, self.open) {
                (b'@', _) => Some(0),
                (b'0'..=b'9', Some(value)) => Some(value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'))),
                (b';', Some(stamp)) => {
                    if stamp > self.last {
                        self.last = stamp;
                        found(stamp);
                    }
                    None
                }
                _ => None,
            };
        }
    }
}

/// Sends a request over a connection of its own.
pub(crate) async fn send(address: SocketAddr, request: Request<Full<Bytes>>) -> Outcome<Response<Incoming>> {
    let failed = |error: &dyn std::fmt::Display| format!("{address} did not answer: {error}");
    let socket = TcpStream::connect(address).await.map_err(|error| failed(&error))?;
    let _ = socket.set_nodelay(true);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.map_err(|error| failed(&error))?;
    tokio::spawn(connection);
    sender.send_request(request).await.map_err(|error| failed(&error))
}

/// The answer's body as JSON.
pub(crate) async fn json(response: Response<Incoming>) -> Outcome<serde_json::Value> {
    let status = response.status();
    let body = response.into_body().collect().await.map_err(|error| format!("an answer broke off: {error}"))?.to_bytes();
    if !status.is_success() {
        return Err(format!("an answer with the status {status}: {}", String::from_utf8_lossy(&body)));
    }
    serde_json::from_slice(&body).map_err(|error| format!("an answer is no JSON: {error}"))
}

/// Opens a stream; `Ok` once its header is there.
pub(crate) async fn open(ticket: &Ticket) -> Outcome<Incoming> {
    let response = send(ticket.address, ticket.request()).await?;
    if response.status().is_success() {
        return Ok(response.into_body());
    }
    json(response).await.map(|_| unreachable!("it was no success")).map_err(|why| format!("a stream was refused: {why}"))
}

/// Reads a stream to its end. `Err` when it broke off.
pub(crate) async fn read(mut body: Incoming, ages: &Ages) -> Outcome {
    let mut stamps = Stamps::default();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| format!("a stream broke off: {error}"))?;
        if let Some(bytes) = frame.data_ref() {
            let arrived = now();
            stamps.read(bytes, |stamp| ages.note(arrived.saturating_sub(stamp)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_found_across_pieces_and_each_once() {
        let mut stamps = Stamps::default();
        let mut found = Vec::new();
        for piece in ["x@1", "2;yy@13", ";", "{\"whole\":\"@12;yy@13;\"}@ 5;@14;"] {
            stamps.read(piece.as_bytes(), |stamp| found.push(stamp));
        }
        assert_eq!(found, [12, 13, 14]);
    }
}
