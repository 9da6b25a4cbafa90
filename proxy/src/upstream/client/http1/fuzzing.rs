//! Answers over HTTP/1.1 for the fuzz targets: whatever a connection says before it is closed.

use super::{HEAD_PIECE, Http1};
use axum::body::Body;
use futures_util::StreamExt;
use http::{Request, Response, StatusCode};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use reqwest::Url;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most an error may say.
const MAX_NOTE: usize = 200;

/// The first byte says how it is cut. Cuts change nothing of what is read, no text is made up, and whoever else reads a
/// whole answer reads the same: another end of it would make its rest the answer of the next visitor.
pub fn http1_answers(data: &[u8]) {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    }
    let [cut, bytes @ ..] = data else { return };
    if bytes.len() > HEAD_PIECE {
        return;
    }
    RUNTIME.with(|runtime| {
        let (whole, is_kept) = runtime.block_on(ours(bytes, bytes.len().max(1)));
        let (pieces, are_kept) = runtime.block_on(ours(bytes, usize::from(*cut) + 1));
        assert_eq!(whole, pieces, "in pieces of {}", usize::from(*cut) + 1);
        // In pieces, what follows the end may not be seen before the connection is used again; then it is.
        assert!(!is_kept || are_kept);
        match &whole {
            Read::Whole(_, text) => {
                assert!(text.len() <= bytes.len());
                if let Some(theirs) = runtime.block_on(hypers(bytes)) {
                    assert_eq!(whole, theirs);
                }
            }
            Read::Broken(_, text, why) => assert!(text.len() <= bytes.len() && why.len() <= MAX_NOTE && !is_kept, "{why}"),
            Read::Refused(why) => assert!(why.len() <= MAX_NOTE && !is_kept, "{why}"),
        }
    });
}

#[derive(Debug, PartialEq, Eq)]
enum Read {
    Whole(StatusCode, Vec<u8>),
    Broken(StatusCode, Vec<u8>, String),
    Refused(String),
}

/// As it is read here, and whether the connection is kept for the next request.
async fn ours(bytes: &[u8], step: usize) -> (Read, bool) {
    let origin = Url::parse("http://localhost").expect("an address");
    let http1 = Http1::new(&origin, Duration::from_secs(1), Duration::from_secs(1)).expect("no TLS");
    let read = match http1.answer(super::Asking::new(Box::new(Speaker::new(bytes, step)), b"GET / HTTP/1.1\r\n\r\n")).await {
        Err((_, broke)) => Read::Refused(format!("{broke:?}")),
        Ok(answer) => {
            let (status, mut body, mut text) = (answer.status(), answer.into_body(), Vec::new());
            let broken = loop {
                match body.next().await {
                    Some(Ok(piece)) => text.extend_from_slice(&piece),
                    Some(Err(why)) => break Some(why),
                    None => break None,
                }
            };
            match broken {
                Some(why) => Read::Broken(status, text, why),
                None => Read::Whole(status, text),
            }
        }
    };
    (read, http1.pool.count() > 0)
}

/// As hyper reads it; none when that does not.
async fn hypers(bytes: &[u8]) -> Option<Read> {
    let (mut sender, connection) = handshake(TokioIo::new(Speaker::new(bytes, bytes.len().max(1)))).await.ok()?;
    let running = tokio::spawn(connection);
    let answer: Option<Response<_>> = sender.send_request(Request::new(Body::empty())).await.ok();
    let read = match answer {
        Some(answer) if answer.status() != StatusCode::SWITCHING_PROTOCOLS => {
            let (status, body) = (answer.status(), Body::new(answer.into_body()));
            axum::body::to_bytes(body, usize::MAX).await.ok().map(|text| Read::Whole(status, text.to_vec()))
        }
        _ => None,
    };
    running.abort();
    read
}

/// Says this once it was asked, so many bytes at a time, then closes.
struct Speaker {
    says: Vec<u8>,
    said: usize,
    step: usize,
    is_asked: bool,
}

impl Speaker {
    fn new(bytes: &[u8], step: usize) -> Self {
        Self { says: bytes.to_vec(), said: 0, step, is_asked: false }
    }
}

impl AsyncRead for Speaker {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.is_asked {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let length = self.step.min(buffer.remaining()).min(self.says.len() - self.said);
        buffer.put_slice(&self.says[self.said..self.said + length]);
        self.said += length;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Speaker {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.is_asked = true;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
