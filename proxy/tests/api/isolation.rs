//! Visitors see their own and nobody else's; the owner's key is seen by the upstream alone.

use super::chat::{conversation, feed, first_twin, hear, history};
use super::helpers::{SITE, TestApp, body, text, with_form};
use reqwest::Method;
use serde_json::{Value, json};
use twinchat_emulator::examples::{Target, assert_all_worked, run_all};

#[tokio::test]
async fn every_route_answers_404_to_somebody_elses_ids() {
    let app = TestApp::start().await;
    let (ann, binh) = (app.visitor().await, app.visitor().await);
    let chat = conversation(&app, &ann).await;
    hear(&app, &ann, &chat, "Bí mật của Ann").await;
    let said = history(&app, &ann, &chat).await;
    let reply = text(&said[1], "id");
    let (content, title) = (json!({"content": "hello"}), json!({"title": "mine"}));
    let routes = [
        (Method::GET, format!("/conversations/{chat}"), Value::Null),
        (Method::PATCH, format!("/conversations/{chat}"), title),
        (Method::DELETE, format!("/conversations/{chat}"), Value::Null),
        (Method::GET, format!("/conversations/{chat}/messages"), Value::Null),
        (Method::POST, format!("/conversations/{chat}/messages"), content.clone()),
        (Method::POST, format!("/conversations/{chat}/messages/stream"), content),
        (Method::GET, format!("/conversations/{chat}/events"), Value::Null),
        (Method::GET, format!("/messages?search=Ann&conversationId={chat}"), Value::Null),
        (Method::POST, format!("/messages/{reply}/stop"), Value::Null),
        (Method::POST, format!("/messages/{reply}/retry"), Value::Null),
        (Method::POST, format!("/messages/{reply}/feedback"), json!({"feedback": "down"})),
    ];
    for (method, path, json) in &routes {
        let mut bodies = Vec::new();
        for path in [path.clone(), path.replace(&chat, "conv_zzzzzzzzzzzzzzzzzzzzzzzzzz").replace(&reply, "msg_zzzzzzzzzzzzzzzzzzzzzzzzzz")]
        {
            let answer = binh.send(&app, method, &format!("/api/v1{path}"), json).await;
            assert_eq!(answer.status(), 404, "{method} {path}");
            let mut body = body(answer).await;
            body["meta"] = Value::Null;
            bodies.push(body);
        }
        assert_eq!(bodies[0], bodies[1], "{method} {path}: theirs looks like nothing at all");
    }
    assert_eq!(binh.get(&app, "/api/v1/conversations").await["data"], json!([]));
    assert_eq!(binh.get(&app, "/api/v1/conversations?search=Ann").await["meta"]["total"], 0);
    assert_eq!(binh.get(&app, "/api/v1/messages?search=Ann").await["meta"]["total"], 0);
    assert_eq!(history(&app, &ann, &chat).await, said);
}

#[tokio::test]
async fn a_token_taken_back_ends_its_visitors_streams() {
    let app = TestApp::start().await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    let mut stream = feed(&app, &ann, &chat, "").await;
    let request = app.request(&Method::POST, "/oauth/revoke").header("x-twinchat", "1").header("origin", SITE);
    assert_eq!(with_form(request, &[("token", ann.token.as_str())]).send().await.unwrap().status(), 200);
    assert_eq!(stream.rest().await, []);
}

#[tokio::test]
async fn the_key_is_in_one_header_to_the_upstream_and_nowhere_else() {
    let app = TestApp::start().await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    let events = hear(&app, &ann, &chat, "Xin chào").await;
    let twins = ann.get(&app, "/api/v1/twins?limit=100").await;
    let said = history(&app, &ann, &chat).await;
    let avatar = app.get(twins["data"][0]["avatarUrl"].as_str().unwrap()).await;
    assert_eq!(avatar.status(), 200);
    let key = app.emulator.key().to_owned();
    let told = format!("{events:?}{twins}{said:?}{avatar:?}");
    assert!(!told.contains(&key));
    for twin in app.emulator.twins() {
        assert!(!told.contains(&twin.id), "the upstream's ids stay here too");
    }
    for entry in app.emulator.log() {
        let api = entry.path.starts_with("/api/");
        assert_eq!((entry.auth, entry.key_in.len()), if api { ("authorization", 1) } else { ("none", 0) }, "{}", entry.path);
    }
    let (folder, emulator) = app.stop().await;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(key.len()).any(|window| window == key.as_bytes()));
    }
    emulator.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_programs_of_the_upstream_run_with_a_widget_token_for_a_key() {
    let app = TestApp::with("[limits]\nvisitor_messages_per_minute = 1000").await;
    let ann = app.bearer_visitor().await;
    let target = Target { origin: app.url.clone(), key: ann.token.clone(), jwt: None, twin_id: first_twin(&app, &ann).await };
    let scratch = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let runs = tokio::task::spawn_blocking(move || run_all(&target, &scratch).unwrap()).await.unwrap();
    assert_all_worked(&runs);
    assert_eq!(ann.get(&app, "/api/v1/conversations").await["meta"]["total"], json!(runs.len() / 2));
}
