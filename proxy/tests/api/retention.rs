use super::chat::{conversation, hear, history, release_once_asked, say};
use super::helpers::TestApp;
use super::visitor_data::is_in_files;
use reqwest::Method;
use sqlx::{Connection, SqliteConnection};
use twinchat_emulator::Rule;
use twinchat_emulator::faults::Fault;
use twinchat_proxy::clock::Clock;
use twinchat_proxy::config::Retention;
use twinchat_proxy::retention::old;
use twinchat_proxy::store::Purged;

const DAY: i64 = 86_400;

#[tokio::test]
async fn what_nobody_changed_for_so_many_days_is_erased_and_gone_from_the_files() {
    let app = TestApp::with("[retention]\ndays = 30").await;
    let (mut ann, mut binh) = (app.visitor().await, app.visitor().await);
    let (of_ann, of_binh) = (conversation(&app, &ann).await, conversation(&app, &binh).await);
    hear(&app, &ann, &of_ann, &"Bí-mật-của-Ann ".repeat(500)).await;
    hear(&app, &binh, &of_binh, "Bí-mật-của-Bình").await;
    app.clock.advance_seconds(20 * DAY);
    assert_eq!(app.app.retention().apply().await.unwrap().conversations, 0);
    binh.renew(&app).await;
    hear(&app, &binh, &of_binh, "Còn đây").await;
    app.clock.advance_seconds(11 * DAY);
    let would = app.app.store().would_purge(old(&Retention { days: 30, ..Retention::default() }, app.clock.now_millis())).await.unwrap();
    assert_eq!((would.conversations, would.visitors), (1, 1));
    assert!(is_in_files(app.folder.path(), "Bí-mật-của-Ann"), "looking erases nothing");
    assert_eq!(app.app.retention().apply().await.unwrap(), would);
    for trace in ["Bí-mật-của-Ann", "bí-mật-của-ann", of_ann.as_str(), ann.id.as_str()] {
        assert!(!is_in_files(app.folder.path(), trace), "{trace}");
    }
    ann.renew(&app).await;
    binh.renew(&app).await;
    assert_eq!(history(&app, &binh, &of_binh).await.len(), 4);
    let gone = ann.request(&app, &Method::GET, &format!("/api/v1/conversations/{of_ann}")).send().await.unwrap();
    assert_eq!(gone.status(), 404);
    assert_eq!(app.app.retention().apply().await.unwrap(), Purged::default());
}

#[tokio::test]
async fn without_a_limit_only_what_has_expired_is_erased() {
    let app = TestApp::start().await;
    let mut ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    let send = ann.request(&app, &Method::POST, &format!("/api/v1/conversations/{chat}/messages")).header("idempotency-key", "once");
    assert_eq!(send.json(&serde_json::json!({"content": "Xin chào"})).send().await.unwrap().status(), 200);
    app.clock.advance_seconds(3650 * DAY);
    assert_eq!(app.app.retention().apply().await.unwrap(), Purged { expired: 1, ..Purged::default() });
    ann.renew(&app).await;
    assert_eq!(history(&app, &ann, &chat).await.len(), 2);
}

#[tokio::test]
async fn a_conversation_in_which_a_reply_is_being_written_stays() {
    let app = TestApp::with("[retention]\ndays = 1").await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    app.emulator.fault(Rule::once(Fault::Stall { after_bytes: 0, millis: None }, "*/stream"));
    let mut reply = say(&app, &ann, &chat, "Xin chào").await;
    reply.until("progress connecting").await;
    app.clock.advance_seconds(2 * DAY);
    assert_eq!(app.app.retention().apply().await.unwrap().conversations, 0);
    release_once_asked(&app).await;
    assert_eq!(reply.rest().await.last().unwrap().kind, "complete");
}

#[tokio::test]
async fn the_server_looks_for_what_is_old_by_itself() {
    let app = TestApp::with("[retention]\ndays = 1").await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    app.clock.advance_seconds(2 * DAY);
    // A start is the first time it looks.
    let app = app.restart().await;
    while is_in_files(app.folder.path(), &chat) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn no_table_with_an_expiry_is_forgotten() {
    let app = TestApp::start().await;
    let path = app.folder.path().join("twinchat.db");
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'expires_at' ORDER BY 1",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let mut purged = twinchat_proxy::store::EXPIRING.to_vec();
    purged.sort_unstable();
    assert_eq!(tables, purged, "store/retention.rs names the tables whose rows expire");
}
