use super::*;
use crate::clock::{LoadedDice, ManualClock};
use crate::config::Config;
use axum::body::{Body, to_bytes};
use axum::routing::get;
use http::Request;
use std::sync::Arc;
use tower::ServiceExt;
use twinchat_protocol::error::{ErrorBody, ErrorCode};

async fn app(folder: &std::path::Path) -> App {
    let text = "[[upstream]]\nname = \"main\"\nkind = \"twinexpert\"\norigin = \"http://127.0.0.1:9\"\nkey_env = \"KEY\"\n";
    let config = Config::read(&folder.join("twinchat.toml"), text, &|_| Some("key".to_owned())).unwrap();
    App::build(config, Arc::new(ManualClock::at_millis(0)), Arc::new(LoadedDice::seeded(1))).await.unwrap()
}

#[tokio::test]
async fn a_handler_that_panics_answers_like_any_other_error_and_says_nothing_of_the_inside() {
    async fn panics() -> &'static str {
        panic!("the inside")
    }
    let folder = tempfile::tempdir().unwrap();
    let app = app(folder.path()).await;
    let router = framed(Router::new().route("/panics", get(panics)), &app).with_state(app);
    let answer = router.oneshot(Request::get("/panics").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 500);
    assert!(answer.headers().contains_key("x-request-id"));
    let bytes = to_bytes(answer.into_body(), 10_000).await.unwrap();
    assert!(!bytes.windows(10).any(|window| window == b"the inside"));
    let body: ErrorBody = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(body.error, ErrorCode::Internal);
    assert!(body.details.retryable);
}
