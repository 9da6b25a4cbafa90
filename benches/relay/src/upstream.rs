//! The pretend Chat Completions service: every event says when it left.

use crate::Outcome;
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval_at};

static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Nanoseconds since this process began to count.
pub(crate) fn now() -> u64 {
    u64::try_from(BEGAN.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// How answers come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// Between two events of a stream.
    pub(crate) gap: Duration,
    /// Bytes of text beside the stamp.
    pub(crate) text: usize,
    /// Events of an answer; it goes on until the pace changes when there are more than can come.
    pub(crate) events: u64,
}

impl Pace {
    /// What is open ends.
    pub(crate) const STOP: Self = Self { gap: Duration::from_millis(1), text: 0, events: 0 };
}

/// The service.
#[derive(Debug)]
pub(crate) struct Upstream {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    pace: Arc<watch::Sender<Pace>>,
}

impl Upstream {
    pub(crate) async fn start() -> Outcome<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| format!("no port to listen on: {error}"))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let pace = Arc::new(watch::Sender::new(Pace::STOP));
        let paces = pace.clone();
        let counter = Arc::new(AtomicU64::new(0));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (paces, counter) = (paces.clone(), counter.clone());
                let _ = socket.set_nodelay(true);
                tokio::spawn(async move {
                    let answer = service_fn(move |request| answer(request, paces.subscribe(), counter.fetch_add(1, Ordering::Relaxed)));
                    // A relay that hangs up is not our affair.
                    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), answer).await;
                });
            }
        });
        Ok(Self { address, pace })
    }

    /// From now on answers come like this; those that are open end.
    pub(crate) fn set(&self, pace: Pace) {
        self.pace.send_replace(pace);
    }
}

type Body = StreamBody<stream::BoxStream<'static, Result<Frame<Bytes>, Infallible>>>;

async fn answer(request: Request<Incoming>, paces: watch::Receiver<Pace>, number: u64) -> Result<Response<Body>, hyper::Error> {
    request.into_body().collect().await?;
    let events = events(paces, number).map(|event| Ok(Frame::data(event))).boxed();
    let mut response = Response::new(StreamBody::new(events));
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("text/event-stream"));
    Ok(response)
}

/// The events of one answer. Streams do not beat as one: each begins at another part of the gap.
fn events(mut paces: watch::Receiver<Pace>, number: u64) -> impl Stream<Item = Bytes> + Send {
    let pace = *paces.borrow_and_update();
    let phase = pace.gap.mul_f64((number as f64 * 0.618_033_988_75).fract());
    let mut ticks = interval_at(tokio::time::Instant::now() + phase, pace.gap.max(Duration::from_micros(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let padding = "x".repeat(pace.text);
    stream::unfold((ticks, paces, Some(pace.events)), move |(mut ticks, mut paces, left)| {
        let padding = padding.clone();
        async move {
            let left = left?;
            let goes_on = left > 0
                && tokio::select! {
                    _ = ticks.tick() => true,
                    _ = paces.changed() => false,
                };
            if !goes_on {
                let end = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
                return Some((Bytes::from_static(end.as_bytes()), (ticks, paces, None)));
            }
            let event = format!(
                "data: {{\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"@{};{padding}\"}}}}]}}\n\n",
                now()
            );
            Some((Bytes::from(event), (ticks, paces, Some(left - 1))))
        }
    })
}
