//! The least a relay in this language can do: hand on requests with the key, and bytes as they come.

use crate::Outcome;
use crate::reader;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;

/// Runs until it is ended.
pub(crate) async fn run(to: SocketAddr) -> Outcome {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| format!("no port to listen on: {error}"))?;
    println!("{}", listener.local_addr().map_err(|error| error.to_string())?);
    loop {
        let (socket, _) = listener.accept().await.map_err(|error| format!("nobody can connect any more: {error}"))?;
        let _ = socket.set_nodelay(true);
        tokio::spawn(async move {
            let service = service_fn(move |request| hand_on(to, request));
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

async fn hand_on(to: SocketAddr, request: Request<Incoming>) -> Outcome<Response<Incoming>> {
    let (mut head, body) = request.into_parts();
    let body: Bytes = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
    head.headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer sk-bench"));
    reader::send(to, Request::from_parts(head, Full::new(body))).await
}
