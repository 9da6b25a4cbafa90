//! A body that trickles is not waited for.

use super::error::ApiError;
use super::upload::is_upload;
use crate::app::App;
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{StreamExt, unfold};
use http::HeaderValue;
use http::header::CONNECTION;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use twinchat_protocol::error::ErrorCode;

/// Gives the body `server.body_seconds` from now; a message with files `server.upload_seconds`, as long as some
/// of it comes every `server.body_seconds`. When they are over, whoever reads it meets an error, and the answer is
/// 408 whatever was made of that.
pub(super) async fn in_time(State(app): State<App>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let server = &app.config().server;
    let pause = Duration::from_secs(server.body_seconds.into());
    let whole = match is_upload(request.method(), request.uri().path(), request.headers()) {
        true => Duration::from_secs(server.upload_seconds.into()),
        false => pause,
    };
    let deadline = Instant::now() + whole;
    let late = Arc::new(AtomicBool::new(false));
    let noted = late.clone();
    let request = request.map(|body| {
        let chunks = unfold((body.into_data_stream(), noted), move |(mut chunks, noted)| async move {
            let chunk = match timeout_at(deadline.min(Instant::now() + pause), chunks.next()).await {
                Ok(chunk) => chunk?,
                Err(_) => {
                    noted.store(true, Ordering::Relaxed);
                    Err(axum::Error::new(io::Error::from(io::ErrorKind::TimedOut)))
                }
            };
            Some((chunk, (chunks, noted)))
        });
        Body::from_stream(chunks)
    });
    let answer = next.run(request).await;
    if !late.load(Ordering::Relaxed) {
        return answer;
    }
    // The rest of the body may still be on its way, so this connection is of no more use.
    ([(CONNECTION, HeaderValue::from_static("close"))], ApiError::new(ErrorCode::RequestTimeout)).into_response()
}
