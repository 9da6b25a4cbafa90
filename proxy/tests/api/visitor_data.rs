use super::chat::{conversation, feed, hear, history, say};
use super::helpers::{Proof, TestApp, Visitor, body, header, text};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::path::Path;
use twinchat_emulator::Rule;
use twinchat_emulator::faults::Fault;
use twinchat_protocol::token::{DPOP_KEY_TYPE, GRANT_TYPE};

const EXPORT: &str = "/api/v1/visitor/export";

async fn erase(app: &TestApp, visitor: &Visitor) -> StatusCode {
    visitor.request(app, &Method::DELETE, "/api/v1/visitor").send().await.unwrap().status()
}

/// The same visitor with a token for reading only.
async fn reader(app: &TestApp, visitor: &Visitor) -> Visitor {
    let key = visitor.key.clone().unwrap();
    let thumbprint = key.thumbprint();
    let form =
        [("grant_type", GRANT_TYPE), ("subject_token_type", DPOP_KEY_TYPE), ("subject_token", thumbprint.as_str()), ("scope", "read_only")];
    let proof = Proof::new(app, &key, &Method::POST, "/oauth/token").signed();
    let answer = body(app.token_request(&form).header("dpop", proof).send().await.unwrap()).await;
    Visitor { token: text(&answer, "access_token"), ..visitor.clone() }
}

/// Whether a text can be read out of any file of the folder.
pub(crate) fn is_in_files(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|file| {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[tokio::test]
async fn a_visitor_takes_along_everything_and_nothing_of_anybody_else() {
    let app = TestApp::with("[limits]\nvisitor_messages_per_minute = 1000").await;
    let (ann, binh) = (app.visitor().await, app.visitor().await);
    let nothing = ann.get(&app, EXPORT).await;
    assert_eq!(nothing["data"], json!({"visitorId": ann.id, "conversations": []}));
    let mut expected = Vec::new();
    // More of both than is read at once.
    for number in 0..21 {
        let id = conversation(&app, &ann).await;
        let sends = if number == 0 { 8 } else { 1 };
        for send in 0..sends {
            hear(&app, &ann, &id, &format!("Ann}} \"{number}.{send}\"")).await;
        }
        expected.push(id);
    }
    let of_binh = conversation(&app, &binh).await;
    hear(&app, &binh, &of_binh, "Bí mật của Bình").await;
    let reply = text(&history(&app, &ann, &expected[0]).await[1], "id");
    ann.send(&app, &Method::POST, &format!("/api/v1/messages/{reply}/feedback"), &json!({"feedback": "up"})).await;

    let answer = ann.request(&app, &Method::GET, EXPORT).send().await.unwrap();
    assert_eq!(header(&answer, "content-type"), "application/json");
    assert!(header(&answer, "content-disposition").starts_with("attachment"));
    assert_eq!(header(&answer, "cache-control"), "no-store");
    let document = body(answer).await;
    assert_eq!((&document["success"], &document["data"]["visitorId"]), (&json!(true), &json!(ann.id)));
    assert!(document["data"]["since"].is_string() && document["meta"]["requestId"].is_string());
    let conversations = document["data"]["conversations"].as_array().unwrap();
    let mut ids: Vec<String> = conversations.iter().map(|conversation| text(conversation, "id")).collect();
    ids.sort();
    expected.sort();
    assert_eq!(ids, expected);
    for exported in conversations {
        let id = text(exported, "id");
        assert_eq!(exported["messages"], json!(history(&app, &ann, &id).await));
        let mut alone = exported.clone();
        alone.as_object_mut().unwrap().remove("messages");
        assert_eq!(alone, ann.get(&app, &format!("/api/v1/conversations/{id}")).await["data"]);
    }
    assert!(document.to_string().contains("\"feedback\":\"up\"") && !document.to_string().contains("Bình"));
}

#[tokio::test]
async fn an_export_of_any_size_has_the_shape_that_is_documented() {
    let app = TestApp::start().await;
    let document = body(app.get("/openapi.json").await).await;
    let get = &document["paths"][EXPORT]["get"];
    assert!(get["security"].is_array());
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["Export"]["required"], json!(["conversations", "visitorId"]));
    assert!(schemas["ExportedConversation"].to_string().contains("\"messages\""));
}

#[tokio::test]
async fn a_visitor_is_erased_from_the_files_too_and_others_are_not_touched() {
    let app = TestApp::start().await;
    let (mut ann, binh) = (app.visitor().await, app.visitor().await);
    let (of_ann, of_binh) = (conversation(&app, &ann).await, conversation(&app, &binh).await);
    // So long that it has pages of its own.
    let secret = "Bí-mật-của-Ann-".repeat(400);
    hear(&app, &ann, &of_ann, &secret).await;
    hear(&app, &binh, &of_binh, "Bí-mật-của-Bình").await;
    assert!(is_in_files(app.folder.path(), "Bí-mật-của-Ann") && is_in_files(app.folder.path(), &ann.id));
    let before = history(&app, &binh, &of_binh).await;
    let mut open = feed(&app, &ann, &of_ann, "").await;
    open.until("message").await;

    assert_eq!(erase(&app, &ann).await, 204);
    while open.next().await.is_some() {}
    for trace in ["Bí-mật-của-Ann", "bí-mật-của-ann", of_ann.as_str()] {
        assert!(!is_in_files(app.folder.path(), trace), "{trace}");
    }
    let old = ann.request(&app, &Method::GET, "/api/v1/conversations").send().await.unwrap();
    assert_eq!((old.status().as_u16(), text(&body(old).await, "error")), (401, "INVALID_TOKEN".to_owned()));
    assert_eq!(history(&app, &binh, &of_binh).await, before);
    assert!(is_in_files(app.folder.path(), "Bí-mật-của-Bình"));

    // The same key is somebody new at once, and after a restart the old token is still refused.
    let old_token = ann.token.clone();
    ann.renew(&app).await;
    assert_eq!(ann.get(&app, "/api/v1/conversations").await["data"], json!([]));
    let app = app.restart().await;
    assert_eq!(ann.get(&app, EXPORT).await["data"]["conversations"], json!([]));
    let old = Visitor { token: old_token, ..ann.clone() };
    assert_eq!(old.request(&app, &Method::GET, EXPORT).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn erasing_ends_what_is_being_written_and_needs_full_access() {
    let app = TestApp::start().await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    app.emulator.fault(Rule::once(Fault::Stall { after_bytes: 1000, millis: None }, "*/stream"));
    let mut reply = say(&app, &ann, &chat, "Xin chào").await;
    reply.until("delta").await;
    let reader = reader(&app, &ann).await;
    assert_eq!(erase(&app, &reader).await, 403);
    assert_eq!(erase(&app, &ann).await, 204);
    while reply.next().await.is_some() {}
    app.emulator.release();
    // What the reply's task does at its end brings nothing back.
    let (folder, emulator) = app.stop().await;
    assert!(!is_in_files(folder.path(), &chat));
    emulator.stop().await;
}

#[tokio::test]
async fn an_erased_conversation_cannot_be_read_out_of_the_files() {
    let app = TestApp::start().await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    hear(&app, &ann, &chat, "Bí-mật-của-Ann").await;
    let answer = ann.send(&app, &Method::DELETE, &format!("/api/v1/conversations/{chat}"), &Value::Null).await;
    assert_eq!(answer.status(), 204);
    assert!(!is_in_files(app.folder.path(), "Bí-mật-của-Ann"));
}
