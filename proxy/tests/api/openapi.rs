use crate::helpers::{TestApp, body, text};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::HashSet;
use twinchat_protocol::error::ErrorCode;

/// Every operation of the document.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &Value)| {
        let methods =
            item.as_object().unwrap().iter().filter(|(method, _)| ["get", "post", "patch", "put", "delete"].contains(&method.as_str()));
        methods.map(|(method, operation)| (method.to_uppercase(), path.clone(), operation.clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

#[tokio::test]
async fn the_document_and_the_routes_are_the_same() {
    let app = TestApp::start().await;
    let document = body(app.get("/openapi.json").await).await;
    assert!(text(&document, "openapi").starts_with("3.1"));
    let operations = operations(&document);
    for (method, path, _) in &operations {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let concrete = path.replace("{id}", "x");
        assert!(!concrete.contains('{'), "name path parameters id: {path}");
        let answer = app.request(&method, &concrete).send().await.unwrap();
        assert_ne!(answer.status(), 405, "{method} {path} is in the document and not served");
    }
    // What docs/protocol.md names is there.
    for documented in protocol_calls() {
        assert!(operations.iter().any(|(method, path, _)| format!("{method} {path}") == documented), "{documented} is not in the document");
    }
}

/// The calls in docs/protocol.md, such as `GET /api/v1/twins`.
fn protocol_calls() -> Vec<String> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/protocol.md")).unwrap();
    let text = text.replace("{twin id}", "{id}").replace("{code}", "{id}");
    let calls = text.split('`').filter_map(|code| {
        let (method, rest) = code.split_once(' ')?;
        let is_call = ["GET", "POST", "PATCH", "DELETE"].contains(&method) && rest.starts_with('/');
        let path = rest.split(['?', ' ']).next()?;
        let is_outside = ["/oauth", "/avatars", "/frame", "/problems", "/.well-known"].iter().any(|start| path.starts_with(start));
        let path = if is_outside { path.to_owned() } else { format!("/api/v1{path}") };
        is_call.then(|| format!("{method} {path}"))
    });
    calls.filter(|call| !call.contains('…')).collect()
}

#[tokio::test]
async fn every_operation_is_described_and_says_who_may_call_it() {
    let app = TestApp::start().await;
    let document = body(app.get("/openapi.json").await).await;
    for (method, path, operation) in operations(&document) {
        assert!(operation["summary"].is_string(), "{method} {path} has no summary");
        assert!(operation["operationId"].is_string());
        assert!(operation["responses"].as_object().is_some_and(|responses| !responses.is_empty()), "{method} {path}");
        let needs_token = path.starts_with("/api/v1/") && path != "/api/v1/widget";
        assert_eq!(operation["security"].is_array(), needs_token, "{method} {path}");
        let status =
            app.request(&Method::from_bytes(method.as_bytes()).unwrap(), &path.replace("{id}", "x")).send().await.unwrap().status();
        assert_eq!(status == 401, needs_token, "{method} {path} without a token: {status}");
    }
}

/// Every `$ref` in it.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(members.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn the_document_is_whole_and_names_every_error_code_and_header() {
    let app = TestApp::start().await;
    let document = body(app.get("/openapi.json").await).await;
    for reference in references(&document) {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference} leads nowhere");
    }
    let codes: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(document["components"]["schemas"]["ErrorCode"]["enum"], json!(codes));
    let (mut names, mut answered) = (HashSet::new(), HashSet::new());
    for (method, path, operation) in operations(&document) {
        assert!(names.insert(operation["operationId"].clone()), "{method} {path} has another's operationId");
        let responses = operation["responses"].as_object().unwrap();
        assert!(!responses.contains_key("default"), "{method} {path} does not say which errors");
        for (status, response) in responses {
            let response = response["$ref"].as_str().map_or(response, |path| document.pointer(&path[1..]).unwrap());
            assert!(response["headers"]["X-Request-Id"].is_object(), "{method} {path} {status}");
            let charged = !matches!(path.as_str(), "/healthz" | "/readyz");
            assert_eq!(response["headers"]["RateLimit"].is_object(), charged, "{method} {path} {status}");
            let examples = response.pointer("/content/application~1problem+json/examples").and_then(Value::as_object);
            for (code, example) in examples.into_iter().flatten() {
                assert_eq!((&example["value"]["error"], example["value"]["status"].to_string()), (&json!(code), status.clone()));
                answered.insert(code.clone());
            }
        }
        for body in operation["requestBody"]["content"].as_object().into_iter().flat_map(|content| content.values()) {
            assert!(body["schema"]["$ref"].is_string(), "{method} {path}: a body is an object of one kind, and never null");
        }
    }
    // Everything but what is no operation's: a method that an address does not take.
    answered.insert("METHOD_NOT_ALLOWED".to_owned());
    assert_eq!(answered.len(), codes.len(), "{:?}", codes.iter().filter(|code| !answered.contains(**code)).collect::<Vec<_>>());
    let stream = &document["paths"]["/api/v1/conversations/{id}/events"]["get"]["responses"]["200"]["content"]["text/event-stream"];
    assert_eq!(stream["schema"]["properties"]["data"]["contentSchema"]["$ref"], "#/components/schemas/StreamEvent");
    assert_eq!(document["components"]["schemas"]["NewMessage"]["properties"]["content"]["maxLength"], 8000);
}
