//! The accept loop.
//!
//! Not `axum::serve`: that sets no timer, so that hyper's limit on the time a header may take is
//! never applied, and its graceful end waits for streams without a limit. Nor hyper-util's builder
//! for all versions: it waits without a limit for the first byte.

use super::address::{ClientAddress, Peer};
use super::context::Context;
use super::error::{ApiError, PROBLEM_JSON};
use super::linger::Lingering;
use super::sentences::Sentence;
use super::stall::Impatient;
use super::workers::Workers;
use crate::app::App;
use crate::limits::{Slot, Slots};
use crate::quiet::Quiet;
use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tower::ServiceExt;
use twinchat_protocol::error::ErrorCode;

/// The most bytes a connection buffers while it reads, and with that the most a header may have.
const READ_BUFFER_BYTES: usize = 32 * 1024;
/// How many connections of one address may be told at the same time that they are too many.
const TURNED_AWAY_AT_ONCE: u32 = 16;
/// How long closing the store may take at the very end.
const LAST_CLOSE: Duration = Duration::from_secs(1);

/// Serves until `shutdown` resolves; then tells streams to end and gives them
/// `server.shutdown_seconds` for it.
///
/// [`Workers::here`] answers in the runtime that this is called in, [`Workers::start`] in threads of their own.
pub async fn serve(listener: TcpListener, app: App, workers: Workers, shutdown: impl Future<Output = ()>) {
    let retention = tokio::spawn(app.retention().run());
    let (open, mut all_ended) = mpsc::channel::<Infallible>(1);
    let server = Server::new(&app, open);
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => server.take(&workers, stream, peer),
                Err(error) => rest_after(&error).await,
            },
            () = &mut shutdown => break,
        }
    }
    drop((listener, server));
    app.close();
    let limit = seconds(app.config().server.shutdown_seconds);
    // Readers leave at once and come back to the next process; running replies get the time.
    let (ended, ()) = tokio::join!(timeout(limit, all_ended.recv()), app.relay().close(limit));
    if ended.is_err() {
        tracing::warn!("some connections were still open after {} s and were cut", limit.as_secs());
    }
    retention.abort();
    // Leaves one file behind, without a write-ahead log to be read first.
    if timeout(LAST_CLOSE, app.store().close()).await.is_err() {
        tracing::warn!("the store was busy to the end; its write-ahead log is read at the next start");
    }
}

struct Server {
    app: App,
    router: Router,
    http: http1::Builder,
    /// Each connection holds one: when all are dropped, all have ended.
    open: mpsc::Sender<Infallible>,
    /// Dropped, it tells connections to end with the answer that is being given.
    goes_on: watch::Sender<()>,
    turned_away: Slots<IpAddr>,
}

impl Server {
    fn new(app: &App, open: mpsc::Sender<Infallible>) -> Self {
        Self {
            app: app.clone(),
            router: super::router(app.clone()),
            http: builder(app),
            open,
            goes_on: watch::Sender::new(()),
            turned_away: Slots::new(TURNED_AWAY_AT_ONCE),
        }
    }

    /// Answers what comes over this connection, in a task of its own.
    fn take(&self, workers: &Workers, stream: TcpStream, peer: SocketAddr) {
        let patience = seconds(self.app.config().server.write_seconds);
        let Ok(slot) = self.slot(peer.ip()) else { return self.turn_away(patient(stream, patience), peer.ip()) };
        // Events are small and must leave at once.
        let _ = stream.set_nodelay(true);
        // A caller that has vanished without a word is noticed as one that takes nothing in is.
        #[cfg(target_os = "linux")]
        let _ = socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(patience));
        let service = self.router.clone().map_request(move |mut request: http::Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            request
        });
        let (http, open, mut goes_on) = (self.http.clone(), self.open.clone(), self.goes_on.subscribe());
        workers.answer(stream, move |stream| async move {
            let io = TokioIo::new(patient(stream, patience));
            let mut connection = pin!(http.serve_connection(io, TowerToHyperService::new(service)));
            let mut last = Some(Quiet::new(async move { while goes_on.changed().await.is_ok() {} }));
            let ended = poll_fn(|context| {
                if last.as_mut().is_some_and(|last| last.poll(context).is_ready()) {
                    last = None;
                    connection.as_mut().graceful_shutdown();
                }
                connection.as_mut().poll(context)
            });
            if let Err(error) = ended.await {
                tracing::debug!(%error, "a connection ended with an error");
            }
            drop((slot, open));
        });
    }

    /// A place among the address's connections; none is needed by the owner's own reverse proxies.
    fn slot(&self, address: IpAddr) -> Result<Option<Slot<IpAddr>>, TooMany> {
        if self.app.config().server.trusts(address) {
            return Ok(None);
        }
        let counted = ClientAddress(address).counted_as();
        self.app.connections().take(&counted).map(Some).ok_or(TooMany)
    }

    /// Says why and closes; closes at once when even those who are being told so are too many.
    fn turn_away(&self, mut io: Lingering<Impatient<TcpStream>>, address: IpAddr) {
        let Some(slot) = self.turned_away.take(&ClientAddress(address).counted_as()) else { return };
        tokio::spawn(async move {
            if io.write_all(too_many().as_bytes()).await.is_ok() {
                let _ = io.shutdown().await;
            }
            drop(slot);
        });
    }
}

/// An address has as many connections as it may.
struct TooMany;

/// A connection that does not wait for ever for a reader, nor end before the last answer can be read.
fn patient(stream: TcpStream, patience: Duration) -> Lingering<Impatient<TcpStream>> {
    Lingering::new(Impatient::new(stream, patience))
}

/// What a connection too many is answered before anything of it is read.
fn too_many() -> String {
    let sentence = Sentence::new(
        "Too many connections are open from this address; close some and try again.",
        "Địa chỉ này đang mở quá nhiều kết nối; hãy đóng bớt rồi thử lại.",
    );
    let body = ApiError::new(ErrorCode::RateLimited).saying(sentence).retry_after(10).body(&Context::default());
    let body = serde_json::to_string(&body).unwrap_or_default();
    format!(
        "HTTP/1.1 429 Too Many Requests\r\ncontent-type: {PROBLEM_JSON}\r\ncontent-length: {}\r\nretry-after: 10\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

/// What a connection may do.
pub(super) fn builder(app: &App) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(seconds(app.config().server.header_seconds)).max_buf_size(READ_BUFFER_BYTES);
    http
}

/// Out of file descriptors or the like: trying again at once would only burn time.
pub(super) async fn rest_after(error: &std::io::Error) {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!(%error, "cannot accept connections");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
