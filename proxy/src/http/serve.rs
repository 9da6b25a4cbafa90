//! The accept loop.
//!
//! Not `axum::serve`: that sets no timer, so that hyper's limit on the time a header may take is
//! never applied, and its graceful end waits for streams without a limit.

use super::address::Peer;
use crate::app::App;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::pin::pin;
use std::time::Duration;
use tokio::net::TcpListener;
use tower::ServiceExt;

/// The most bytes a connection buffers while it reads, and with that the most a header may have.
const READ_BUFFER_BYTES: usize = 32 * 1024;

/// Serves until `shutdown` resolves; then tells streams to end and gives them
/// `server.shutdown_seconds` for it.
pub async fn serve(listener: TcpListener, app: App, shutdown: impl Future<Output = ()>) {
    let router = super::router(app.clone());
    let server = builder(&app);
    let graceful = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    rest_after(&error).await;
                    continue;
                }
            },
            () = &mut shutdown => break,
        };
        // Events are small and must leave at once.
        let _ = stream.set_nodelay(true);
        let service = router.clone().map_request(move |mut request: http::Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            request
        });
        let connection = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended with an error");
            }
        });
    }
    drop(listener);
    app.close();
    let limit = Duration::from_secs(app.config().server.shutdown_seconds.into());
    // Readers leave at once and come back to the next process; running replies get the time.
    let (ended, ()) = tokio::join!(tokio::time::timeout(limit, graceful.shutdown()), app.relay().close(limit));
    if ended.is_err() {
        tracing::warn!("some connections were still open after {} s and were cut", limit.as_secs());
    }
    // Leaves one file behind, without a write-ahead log to be read first.
    app.store().close().await;
}

/// What a connection may do.
pub(super) fn builder(app: &App) -> Builder<TokioExecutor> {
    // The upstream client brings HTTP/2 along; here nobody needs it, and what is not there has no limits to be set.
    let mut server = Builder::new(TokioExecutor::new()).http1_only();
    server
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(app.config().server.header_seconds.into()))
        .max_buf_size(READ_BUFFER_BYTES);
    server
}

/// Out of file descriptors or the like: trying again at once would only burn time.
pub(super) async fn rest_after(error: &std::io::Error) {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!(%error, "cannot accept connections");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
