//! Tokens taken back (RFC 7009).

use super::chat::{conversation, feed};
use super::helpers::{SITE, TestApp, Visitor, body, header, text, with_form};
use reqwest::{Method, Response};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

const TWINS: &str = "/api/v1/twins";

async fn revoke(app: &TestApp, form: &[(&str, &str)]) -> Response {
    let request = app.request(&Method::POST, "/oauth/revoke").header("x-twinchat", "1").header("origin", SITE);
    with_form(request, form).send().await.unwrap()
}

async fn status(app: &TestApp, visitor: &Visitor) -> u16 {
    visitor.request(app, &Method::GET, TWINS).send().await.unwrap().status().as_u16()
}

async fn database(app: &TestApp) -> SqliteConnection {
    SqliteConnectOptions::new().filename(app.folder.path().join("twinchat.db")).connect().await.unwrap()
}

#[tokio::test]
async fn all_streams_of_the_visitor_end_and_no_other_token_does() {
    let app = TestApp::start().await;
    let old = app.visitor().await;
    let chat = conversation(&app, &old).await;
    let mut renewed = old.clone();
    renewed.renew(&app).await;
    let (mut with_old, mut with_new) = (feed(&app, &old, &chat, "").await, feed(&app, &renewed, &chat, "").await);
    assert_eq!(revoke(&app, &[("token", &renewed.token)]).await.status(), 200);
    assert_eq!((with_old.rest().await, with_new.rest().await), (vec![], vec![]));
    assert_eq!((status(&app, &old).await, status(&app, &renewed).await), (200, 401));
}

#[tokio::test]
async fn taking_back_is_done_once_or_often_and_whatever_the_token_was() {
    let app = TestApp::start().await;
    let (visitor, expired) = (app.bearer_visitor().await, app.bearer_visitor().await);
    for hint in ["access_token", "refresh_token", "nonsense", ""] {
        for token in [visitor.token.as_str(), "nonsense", "a.b.c", &format!("{}x", visitor.token)] {
            let answer = revoke(&app, &[("token", token), ("token_type_hint", hint)]).await;
            assert_eq!((answer.status().as_u16(), header(&answer, "cache-control")), (200, "no-store"), "{token} {hint}");
            assert_eq!(answer.bytes().await.unwrap(), "");
        }
    }
    assert_eq!(status(&app, &visitor).await, 401);
    app.clock.advance_seconds(601);
    assert_eq!(revoke(&app, &[("token", &expired.token)]).await.status(), 200);
}

#[tokio::test]
async fn what_cannot_be_taken_back_is_said_in_the_terms_of_the_rfcs() {
    let app = TestApp::start().await;
    let secret = text(&app.bearer_visitor().await.answer, "visitor_secret");
    let token = app.visitor().await.token;
    for (form, error) in [
        (vec![], "invalid_request"),
        (vec![("token", "")], "invalid_request"),
        (vec![("token", "a"), ("token", "b")], "invalid_request"),
        (vec![("token", secret.as_str())], "unsupported_token_type"),
        (vec![("token", token.as_str()), ("client_id", "another")], "invalid_client"),
    ] {
        let answer = revoke(&app, &form).await;
        assert_eq!((answer.status().as_u16(), header(&answer, "cache-control")), (400, "no-store"), "{form:?}");
        let body = body(answer).await;
        assert_eq!(body["error"], error, "{form:?}");
        assert!(text(&body, "error_description").is_ascii());
    }
}

#[tokio::test]
async fn when_the_store_fails_the_token_is_refused_all_the_same_and_the_next_call_makes_it_last() {
    let app = TestApp::start().await;
    let visitor = app.visitor().await;
    let mut database = database(&app).await;
    sqlx::query("ALTER TABLE revoked_token RENAME TO elsewhere").execute(&mut database).await.unwrap();
    let answer = revoke(&app, &[("token", &visitor.token)]).await;
    assert_eq!(answer.status(), 503);
    assert_eq!(body(answer).await["error"], "STORE_UNAVAILABLE");
    assert_eq!(status(&app, &visitor).await, 401);
    sqlx::query("ALTER TABLE elsewhere RENAME TO revoked_token").execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    assert_eq!(revoke(&app, &[("token", &visitor.token)]).await.status(), 200);
    let app = app.restart().await;
    assert_eq!(status(&app, &visitor).await, 401);
}

#[tokio::test]
async fn what_has_expired_is_not_kept() {
    let app = TestApp::start().await;
    for _ in 0..3 {
        let token = app.visitor().await.token;
        assert_eq!(revoke(&app, &[("token", &token)]).await.status(), 200);
        app.clock.advance_seconds(601);
    }
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM revoked_token").fetch_one(&mut database(&app).await).await.unwrap();
    assert_eq!(kept, 1);
}
