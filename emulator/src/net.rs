//! A listener that is bound to loopback or not at all, and connections that can be reset.

use axum::Router;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// Why a server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is not this computer's own.
    #[error(
        "{0} is not a loopback address: the emulator hands out demo credentials and must not be reachable from elsewhere; use 127.0.0.1 or ::1"
    )]
    NotLoopback(IpAddr),
    /// The port is taken, or may not be used.
    #[error("cannot listen on {address}: {source}; choose another port, or 0 for any free one")]
    Bind {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// An option makes no sense.
    #[error("{0}")]
    Option(String),
}

/// A bound listener that does not answer yet.
#[derive(Debug)]
pub(crate) struct Listening {
    listener: TcpListener,
    address: SocketAddr,
}

impl Listening {
    /// Binds; port 0 takes any free port.
    ///
    /// # Errors
    /// When the address is not loopback or the port is not free.
    pub(crate) async fn bind(address: SocketAddr) -> Result<Self, StartError> {
        if !address.ip().is_loopback() {
            return Err(StartError::NotLoopback(address.ip()));
        }
        let failed = |source| StartError::Bind { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// Where it listens, with the port it got.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers with this router until the handle is dropped.
    pub(crate) fn serve(self, router: Router) -> Serving {
        Serving { address: self.address, task: tokio::spawn(accept(self.listener, router)) }
    }
}

/// A running server. Dropping it closes the port and every connection.
#[derive(Debug)]
pub(crate) struct Serving {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Serving {
    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as an origin: `http://127.0.0.1:4010`.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Closes the port and every connection, and waits until that is done.
    pub(crate) async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => { connections.spawn(connection(stream, router.clone())); }
                // Out of file handles or a peer that is gone already: the next accept may work.
                Err(error) => { tracing::warn!(%error, "accept failed"); tokio::task::yield_now().await; }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, router: Router) {
    let _ = stream.set_nodelay(true);
    let socket = Socket::default();
    let io = TokioIo::new(Resettable { stream, socket: socket.clone() });
    let service = TowerToHyperService::new(router.layer(axum::Extension(socket)));
    // No header timeout: it would need a timer, and paused time in a test would run into it.
    let served = hyper::server::conn::http1::Builder::new().header_read_timeout(None).serve_connection(io, service).await;
    if let Err(error) = served {
        tracing::debug!(%error, "connection ended");
    }
}

/// The connection a request came in on; a request extension.
#[derive(Debug, Clone, Default)]
pub(crate) struct Socket(Arc<AtomicBool>);

impl Socket {
    /// Makes the connection end with a TCP reset in place of an orderly close.
    pub(crate) fn reset_on_close(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Resettable {
    stream: TcpStream,
    socket: Socket,
}

impl Drop for Resettable {
    fn drop(&mut self) {
        if self.socket.0.load(Ordering::Relaxed) {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Resettable {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Resettable {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.socket.0.load(Ordering::Relaxed) {
            // An orderly close first would spoil the reset.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }
}
