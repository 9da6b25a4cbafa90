//! What the upstream's budget is spent on, and what happens when it is used up.

use super::chat::{Stream, conversation, hear, history, last, say};
use super::helpers::{START_MILLIS, TestApp, body, header, text};
use reqwest::Method;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use twinchat_emulator::clock::ManualClock as EmulatorClock;
use twinchat_emulator::faults::{ErrorStyle, Fault};
use twinchat_emulator::{Emulator, Options, Quota, Quotas, Rule};
use twinchat_proxy::budget::{Account, Gate, Limits, Terms};
use twinchat_proxy::clock::{Clock, LoadedDice, ManualClock};
use twinchat_proxy::config::Config;
use twinchat_proxy::store::Store;
use twinchat_proxy::upstream::Timeouts;
use twinchat_proxy::upstream::twinexpert::TwinExpert;
use twinchat_proxy::upstream::{Upstream, UpstreamError};

const STREAM: &str = "*/messages/stream";

fn left_and_waiting(app: &TestApp) -> (u32, usize) {
    app.app.directory().upstream("main").unwrap().gate().account().left_and_waiting()
}

#[tokio::test]
async fn reading_costs_the_upstream_nothing_and_a_conversation_costs_at_its_first_message_only() {
    let app = TestApp::start().await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    assert_eq!(app.emulator.log().len(), 1, "the list of twins");
    hear(&app, &ann, &chat, "Xin chào").await;
    hear(&app, &ann, &chat, "Bạn khỏe không?").await;
    assert_eq!(app.emulator.log().len(), 4, "one to begin the conversation, two for the messages");
    let twin = text(&ann.get(&app, "/api/v1/twins").await["data"][0], "id");
    let other = conversation(&app, &ann).await;
    for path in [
        "/api/v1/twins".to_owned(),
        format!("/api/v1/twins/{twin}"),
        "/api/v1/conversations?search=ch%C3%A0o".to_owned(),
        format!("/api/v1/conversations?twinId={twin}"),
        format!("/api/v1/conversations/{chat}"),
        format!("/api/v1/conversations/{other}/messages"),
        format!("/api/v1/conversations/{chat}/messages?limit=1"),
        "/api/v1/widget".to_owned(),
    ] {
        ann.get(&app, &path).await;
    }
    let mut feed = super::chat::feed(&app, &ann, &chat, "").await;
    for _ in 0..4 {
        assert_eq!(feed.next().await.unwrap().kind, "message");
    }
    assert_eq!(app.emulator.log().len(), 4);
    let app = app.restart().await;
    let mut ann = ann;
    ann.renew(&app).await;
    assert_eq!(history(&app, &ann, &chat).await.len(), 4);
    assert_eq!((app.emulator.log().len(), left_and_waiting(&app)), (4, (94, 0)), "what is spent stays spent; two are the owner's");
}

#[tokio::test]
async fn who_would_wait_too_long_is_refused_before_anything_is_stored() {
    let app = TestApp::start().await;
    let (ann, binh) = (app.visitor().await, app.visitor().await);
    let (chat, other) = (conversation(&app, &ann).await, conversation(&app, &binh).await);
    app.emulator.fault(Rule::once(Fault::RateLimit { retry_after: 600 }, STREAM));
    let end = hear(&app, &ann, &chat, "Xin chào").await.pop().unwrap();
    assert_eq!(
        (end.data["error"]["error"].as_str(), end.data["error"]["details"]["retryAfter"].as_u64()),
        (Some("RATE_LIMITED"), Some(600))
    );
    let (path, asked) = (format!("/api/v1/conversations/{other}/messages/stream"), app.emulator.log().len());
    let refused = binh.send(&app, &Method::POST, &path, &json!({"content": "Xin chào"})).await;
    let retry_after: u32 = header(&refused, "retry-after").parse().unwrap();
    assert!(refused.status() == 429 && (600..=606).contains(&retry_after), "{retry_after}");
    let told = body(refused).await;
    assert_eq!(
        (&told["error"], &told["details"]["retryAfter"], &told["details"]["retryable"]),
        (&json!("RATE_LIMITED"), &json!(retry_after), &json!(true))
    );
    let retry = format!("/api/v1/messages/{}/retry", text(&last(&app, &ann, &chat).await, "id"));
    assert_eq!(ann.request(&app, &Method::POST, &retry).send().await.unwrap().status(), 429);
    assert_eq!(last(&app, &ann, &chat).await["status"], "failed", "it is as it was");
    assert!(history(&app, &binh, &other).await.is_empty());
    assert_eq!(app.emulator.log().len(), asked);
    app.clock.advance_seconds(retry_after.into());
    let (mut ann, mut binh) = (ann, binh);
    binh.renew(&app).await;
    ann.renew(&app).await;
    assert_eq!(hear(&app, &binh, &other, "Xin chào").await.last().unwrap().kind, "complete");
}

#[tokio::test]
async fn who_can_be_served_in_time_waits_in_line_is_told_the_place_and_is_answered() {
    let app = TestApp::start().await;
    let (ann, binh) = (app.visitor().await, app.visitor().await);
    let (chat, other) = (conversation(&app, &ann).await, conversation(&app, &binh).await);
    app.emulator.fault(Rule::once(Fault::RateLimit { retry_after: 12 }, STREAM));
    hear(&app, &ann, &chat, "Xin chào").await;
    let mut stream = say(&app, &binh, &other, "Xin chào").await;
    let queued = stream.until("progress queued").await;
    assert_eq!(queued.data["position"], 1);
    assert!((12..=14).contains(&queued.data["etaSeconds"].as_u64().unwrap()), "{queued:?}");
    let path = format!("/api/v1/conversations/{other}/messages/stream");
    let again = binh.send(&app, &Method::POST, &path, &json!({"content": "?"})).await;
    assert_eq!(again.status(), 409, "the reply that waits is in progress");
    app.clock.advance_seconds(14);
    let names: Vec<String> = stream.rest().await.iter().map(super::chat::Told::name).collect();
    assert!(names.contains(&"progress connecting".to_owned()) && names.last().unwrap() == "complete", "{names:?}");
    assert_eq!(left_and_waiting(&app).1, 0);
}

#[tokio::test]
async fn a_reply_that_waits_in_line_can_be_stopped_and_leaves_nothing_there() {
    let app = TestApp::start().await;
    let (ann, binh) = (app.visitor().await, app.visitor().await);
    let (chat, other) = (conversation(&app, &ann).await, conversation(&app, &binh).await);
    app.emulator.fault(Rule::once(Fault::RateLimit { retry_after: 12 }, STREAM));
    hear(&app, &ann, &chat, "Xin chào").await;
    let mut stream = say(&app, &binh, &other, "Xin chào").await;
    let queued = stream.until("progress queued").await;
    let (asked, before) = (app.emulator.log().len(), left_and_waiting(&app));
    let stop = format!("/api/v1/messages/{}/stop", text(&queued.data, "messageId"));
    let stopped = body(binh.request(&app, &Method::POST, &stop).send().await.unwrap()).await;
    assert_eq!((stopped["data"]["status"].as_str(), before.1), (Some("stopped"), 1));
    assert_eq!(stream.rest().await.last().unwrap().kind, "complete");
    app.clock.advance_seconds(60);
    assert_eq!((app.emulator.log().len(), left_and_waiting(&app).1), (asked, 0));
}

#[tokio::test]
async fn an_upstream_that_fails_again_and_again_or_refuses_the_key_is_left_alone_and_visitors_are_told_at_once() {
    let app = TestApp::start().await;
    let mut ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    app.emulator.fault(Rule::once(Fault::ServerError { status: 403, body: ErrorStyle::Documented }, STREAM));
    hear(&app, &ann, &chat, "Xin chào").await;
    let path = format!("/api/v1/conversations/{chat}/messages/stream");
    let refused = ann.send(&app, &Method::POST, &path, &json!({"content": "?"})).await;
    assert_eq!((refused.status().as_u16(), header(&refused, "retry-after")), (502, "30"));
    assert_eq!(body(refused).await["error"], "UPSTREAM_REFUSED");
    app.clock.advance_seconds(30);
    for _ in 0..12 {
        app.clock.advance_seconds(2);
        app.emulator.fault(Rule::once(Fault::ServerError { status: 500, body: ErrorStyle::Html }, STREAM));
        let answer = ann.send(&app, &Method::POST, &path, &json!({"content": "?"})).await;
        if answer.status() != 200 {
            assert_eq!((answer.status().as_u16(), header(&answer, "retry-after")), (503, "3"));
            assert_eq!(body(answer).await["error"], "UPSTREAM_UNAVAILABLE");
            app.emulator.clear_faults();
            app.clock.advance_seconds(5);
            ann.renew(&app).await;
            assert_eq!(hear(&app, &ann, &chat, "Xin chào").await.last().unwrap().kind, "complete");
            return;
        }
        Stream::of(answer).rest().await;
    }
    panic!("twelve failures in a row");
}

/// An account at the emulator, with the budget as the database has it.
async fn account(emulator: &Emulator, file: &Path, clock: &Arc<ManualClock>, limits: Limits) -> TwinExpert {
    let store = Arc::new(Store::open(file).await.unwrap());
    let terms = Terms { ledger: "key".to_owned(), names: vec!["main".to_owned()], limits, patience: Duration::ZERO };
    let (clock, dice): (Arc<dyn Clock>, _) = (clock.clone(), Arc::new(LoadedDice::seeded(1)));
    let account = Account::open(terms, store, (clock.clone(), dice.clone())).await.unwrap();
    let gate = Gate::new("main", Arc::new(account), clock.clone());
    let settings = format!("[[upstream]]\nname = \"main\"\nkind = \"twinexpert\"\norigin = \"{}\"\nkey_env = \"KEY\"\n", emulator.origin());
    let config = Config::read(Path::new("t.toml"), &settings, &|_| Some(emulator.key().to_owned())).unwrap();
    TwinExpert::new(&config.upstreams[0], gate, (clock, dice), Timeouts::default()).unwrap()
}

#[tokio::test]
async fn a_day_of_more_wishes_than_the_key_grants_never_meets_the_upstreams_limit_restarts_included() {
    let (per_hour, burst) = (30, 6);
    let quotas = Quotas { full_access: Quota { per_hour, burst }, ..Quotas::default() };
    let upstream_clock = EmulatorClock::at(START_MILLIS as u64);
    let emulator = Emulator::start(Options { quotas, clock: Arc::new(upstream_clock.clone()), ..Options::default() }).await.unwrap();
    let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(ManualClock::at_millis(START_MILLIS)));
    let file = folder.path().join("chat.db");
    let limits = Limits { per_hour, burst, signed_in_percent: 0, operator_percent: 0 };
    let mut upstream = account(&emulator, &file, &clock, limits).await;
    let (mut granted, mut refused) = (0, 0);
    for minute in 0..24 * 60_u32 {
        // Mornings are quiet, evenings are not.
        for _ in 0..minute / 60 % 5 {
            match upstream.twins().await {
                Ok(_) => granted += 1,
                Err(UpstreamError::NotAsked(_)) => refused += 1,
                Err(error) => panic!("{error}"),
            }
        }
        if minute % 200 == 199 {
            upstream = account(&emulator, &file, &clock, limits).await;
        }
        clock.advance_seconds(60);
        upstream_clock.advance(Duration::from_secs(60));
    }
    let log = emulator.log();
    assert_eq!((log.len(), log.iter().filter(|entry| entry.status == 429).count()), (granted, 0));
    assert!(refused > 1000 && granted as u32 >= per_hour * 17, "{granted} granted, {refused} refused");
}
