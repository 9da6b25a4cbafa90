//! Requests by fetch, their bodies read as they come.

use super::member;
use crate::platform::{Answer, Http, Request, Task, Unreachable};
use gloo_net::http::{Headers, Method, RequestBuilder};
use js_sys::Uint8Array;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader, RequestCache, RequestCredentials};

#[derive(Debug)]
pub(super) struct Fetch;

impl Http for Fetch {
    fn send(&self, request: Request) -> Task<Result<Box<dyn Answer>, Unreachable>> {
        if let Some(upload) = request.upload.clone() {
            return super::upload::send(request, upload);
        }
        Box::pin(async move {
            let abort = Abort(AbortController::new().map_err(|_| Unreachable)?);
            let response = prepare(request, &abort)?.send().await.map_err(|_| Unreachable)?;
            let reader = response.body().and_then(|body| ReadableStreamDefaultReader::new(&body).ok());
            let answer = FetchAnswer { status: response.status(), headers: response.headers(), reader, pending: None, _abort: abort };
            Ok(Box::new(answer) as Box<dyn Answer>)
        })
    }
}

fn prepare(request: Request, abort: &Abort) -> Result<gloo_net::http::Request, Unreachable> {
    // The host page's cookies are none of the proxy's business, and nothing of a chat belongs in a cache.
    let mut builder = RequestBuilder::new(&request.url)
        .method(Method::from_bytes(request.method.as_bytes()).map_err(|_| Unreachable)?)
        .credentials(RequestCredentials::Omit)
        .cache(RequestCache::NoStore)
        .abort_signal(Some(&abort.0.signal()));
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    if request.body.is_empty() { builder.build() } else { builder.body(request.body) }.map_err(|_| Unreachable)
}

/// Takes the request back when dropped. No effect once the body has been read to its end.
struct Abort(AbortController);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct FetchAnswer {
    status: u16,
    headers: Headers,
    reader: Option<ReadableStreamDefaultReader>,
    pending: Option<JsFuture>,
    _abort: Abort,
}

impl Answer for FetchAnswer {
    fn status(&self) -> u16 {
        self.status
    }

    fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name)
    }

    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Vec<u8>>, Unreachable>> {
        let Some(reader) = &self.reader else { return Poll::Ready(Ok(None)) };
        let pending = self.pending.get_or_insert_with(|| reader.read().into());
        Pin::new(pending).poll(context).map(|result| {
            self.pending = None;
            let result: JsValue = result.map_err(|_| Unreachable)?;
            if member(&result, "done").is_truthy() {
                self.reader = None;
                return Ok(None);
            }
            member(&result, "value").dyn_into::<Uint8Array>().map(|bytes| Some(bytes.to_vec())).map_err(|_| Unreachable)
        })
    }
}
