//! The second listener, for whoever runs the server: `/metrics`, `/healthz`, `/readyz`.
//!
//! Nobody is asked who they are, so it is off unless the owner names an address. The public listener
//! has no `/metrics`.

use super::health;
use super::serve::{builder, rest_after};
use crate::app::App;
use crate::metrics::Exposition;
use axum::Router;
use axum::routing::get;
use http::header::CONTENT_TYPE;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

/// Serves the admin routes for as long as the process runs, so that also its end can be watched.
pub async fn serve_admin(listener: TcpListener, app: App, exposition: Exposition) {
    let server = builder(&app);
    let router = router(exposition).with_state(app);
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                rest_after(&error).await;
                continue;
            }
        };
        let connection = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
        tokio::spawn(connection);
    }
}

fn router(exposition: Exposition) -> Router<App> {
    let (health, _) = health::router().split_for_parts();
    let metrics = move || async move { ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], exposition.render()) };
    health.route("/metrics", get(metrics))
}
