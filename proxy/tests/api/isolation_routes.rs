//! Every operation of the OpenAPI document, tried with every credential that is not good for it. A new
//! route is covered without being named here; only a new public one has to be.

use super::chat::{conversation, first_twin, hear, history};
use super::helpers::{Key, Proof, SITE, TestApp, Visitor, body, header, text, with_form};
use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use std::fmt::Write;
use twinchat_protocol::token::{DPOP_KEY_TYPE, GRANT_TYPE};

/// Operations that need no token, and why that is right.
const PUBLIC: &[(&str, &str, &str)] = &[
    ("POST", "/oauth/token", "the door itself: the credential is in the form and the proof; needs an allowed Origin"),
    ("POST", "/oauth/revoke", "RFC 7009: whoever holds a token may give it back; needs an allowed Origin"),
    ("GET", "/api/v1/widget", "what the owner shows to every visitor of the page anyway"),
    ("GET", "/avatars/{id}", "pictures of the twins; an <img> can show no token"),
    ("GET", "/frame", "the widget's own document, the same for everybody; an <iframe> can show no token"),
    ("GET", "/problems/{id}", "explains an error code"),
    ("GET", "/.well-known/oauth-authorization-server", "RFC 8414: says where tokens are given"),
    ("GET", "/.well-known/oauth-protected-resource", "RFC 9728: says how tokens are shown"),
    ("GET", "/healthz", "says that the process lives"),
    ("GET", "/readyz", "says whether it can work"),
];

/// Another page that the owner allows.
const SHOP: &str = "https://shop.example.com";

const SETTINGS: &str = "allowed_origins = [\"https://www.example.com\", \"https://shop.example.com\"]\n[limits]\nvisitor_messages_per_minute = 10000\nvisitor_requests_per_minute = 10000\n\
     token_requests_per_minute = 10000\naddress_requests_per_minute = 10000\n";

/// One operation of the document, with Ann's ids in its path.
struct Operation {
    method: Method,
    template: String,
    path: String,
    body: Value,
    responses: Value,
}

impl Operation {
    /// Its path names something of Ann's.
    fn is_about_anns(&self) -> bool {
        self.template.contains("/conversations/{") || self.template.contains("/messages/{")
    }

    fn is_write(&self) -> bool {
        self.method != Method::GET
    }

    fn with_body(&self, request: RequestBuilder) -> RequestBuilder {
        if self.body.is_null() { request } else { request.json(&self.body) }
    }
}

/// Ann's conversation, a reply in it, and a twin.
struct Anns {
    conversation: String,
    reply: String,
    twin: String,
}

async fn document(app: &TestApp) -> Value {
    body(app.get("/openapi.json").await).await
}

fn each_operation(document: &Value) -> Vec<(String, String, Value)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if ["get", "put", "post", "delete", "patch", "head", "options", "trace"].contains(&method.as_str()) {
                all.push((method.to_uppercase(), path.clone(), operation.clone()));
            }
        }
    }
    all
}

fn protected(document: &Value, anns: &Anns) -> Vec<Operation> {
    let needs_token = |operation: &Value| operation["security"].as_array().is_some_and(|all| !all.is_empty());
    let all = each_operation(document).into_iter().filter(|(_, _, operation)| needs_token(operation));
    let mut all: Vec<Operation> = all
        .map(|(method, template, operation)| {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            Operation {
                method: Method::from_bytes(method.as_bytes()).unwrap(),
                path: concrete(&template, anns),
                body: example(document, schema, "", anns),
                responses: operation["responses"].clone(),
                template,
            }
        })
        .collect();
    // What erases comes last, so that the others find something.
    all.sort_by_key(|operation| operation.method == Method::DELETE);
    all
}

/// The path with Ann's ids; the word before a parameter says which.
fn concrete(template: &str, anns: &Anns) -> String {
    let mut path = String::new();
    let mut noun = "";
    for segment in template.split('/').skip(1) {
        let shown = match (segment.starts_with('{'), noun) {
            (false, _) => segment,
            (true, "conversations") => &anns.conversation,
            (true, "messages") => &anns.reply,
            (true, "twins") => &anns.twin,
            (true, other) => panic!("{template}: say here which of Ann's ids stands after /{other}/"),
        };
        let _ = write!(path, "/{shown}");
        noun = segment;
    }
    path
}

/// A body that the schema allows.
fn example(document: &Value, schema: &Value, name: &str, anns: &Anns) -> Value {
    if let Some(target) = schema["$ref"].as_str() {
        let pointer = target.trim_start_matches('#');
        return example(document, document.pointer(pointer).unwrap(), name, anns);
    }
    if let Some(first) =
        ["oneOf", "anyOf", "allOf"].iter().find_map(|key| schema[*key].as_array()?.iter().find(|one| one["type"] != "null"))
    {
        return example(document, first, name, anns);
    }
    if let Some(first) = schema["enum"].as_array().and_then(|all| all.first()) {
        return first.clone();
    }
    let kind =
        schema["type"].as_str().or_else(|| schema["type"].as_array()?.iter().find_map(|kind| kind.as_str().filter(|kind| *kind != "null")));
    match kind {
        Some("object") => {
            let fields = schema["properties"].as_object().into_iter().flatten();
            Value::Object(fields.map(|(name, schema)| (name.clone(), example(document, schema, name, anns))).collect::<Map<_, _>>())
        }
        Some("string") if name == "twinId" => anns.twin.clone().into(),
        Some("string") => "words".into(),
        Some("integer" | "number") => 1.into(),
        Some("boolean") => true.into(),
        Some("array") => json!([]),
        _ => Value::Null,
    }
}

#[tokio::test]
async fn what_needs_no_token_is_on_the_list_with_a_reason() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    for (method, path, operation) in each_operation(&document) {
        let listed = PUBLIC.iter().find(|(listed, at, _)| *listed == method && *at == path);
        assert_eq!(operation["security"].is_array(), listed.is_none(), "{method} {path}: protect it, or list it in PUBLIC with a reason");
        assert!(listed.is_none_or(|(_, _, reason)| reason.len() > 10));
    }
}

/// Everything that is kept, as text.
async fn kept(database: &SqlitePool) -> String {
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetch_all(database).await.unwrap();
    let mut all = String::new();
    for table in tables {
        let columns: Vec<String> =
            sqlx::query_scalar("SELECT name FROM pragma_table_info(?)").bind(&table).fetch_all(database).await.unwrap();
        let row = columns.iter().map(|column| format!("quote(\"{column}\")")).collect::<Vec<_>>().join(" || ',' || ");
        let query = format!("SELECT {row} AS line FROM \"{table}\" ORDER BY line");
        let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_all(database).await.unwrap();
        let _ = write!(all, "{table}\n{}\n", rows.join("\n"));
    }
    all
}

/// How a request with some credential is made.
type Asking = Box<dyn Fn(&TestApp, &Operation) -> RequestBuilder>;

/// A credential, how it is shown, and what comes back.
struct Attempt {
    what: &'static str,
    /// Whether it applies to the operation.
    applies: fn(&Operation) -> bool,
    request: Asking,
    status: u16,
    code: &'static str,
}

fn attempt(
    what: &'static str,
    expected: (u16, &'static str),
    request: impl Fn(&TestApp, &Operation) -> RequestBuilder + 'static,
) -> Attempt {
    Attempt { what, applies: |_| true, request: Box::new(request), status: expected.0, code: expected.1 }
}

const INVALID_TOKEN: (u16, &str) = (401, "INVALID_TOKEN");
const INVALID_PROOF: (u16, &str) = (401, "INVALID_DPOP_PROOF");

/// Ann's token with this proof.
fn with_proof(
    token: &str,
    proof: impl Fn(&TestApp, &Operation) -> Proof + 'static,
) -> impl Fn(&TestApp, &Operation) -> RequestBuilder + 'static {
    let token = token.to_owned();
    move |app, operation| {
        let proof = proof(app, operation).with_token(&token).signed();
        plain(app, operation).header("authorization", format!("DPoP {token}")).header("dpop", proof)
    }
}

fn plain(app: &TestApp, operation: &Operation) -> RequestBuilder {
    app.request(&operation.method, &operation.path).header("origin", SITE)
}

fn as_visitor(visitor: &Visitor) -> impl Fn(&TestApp, &Operation) -> RequestBuilder + 'static {
    let visitor = visitor.clone();
    move |app, operation| visitor.request(app, &operation.method, &operation.path)
}

/// A token for the same key that may only read.
async fn read_only(app: &TestApp, visitor: &Visitor) -> Visitor {
    let key = visitor.key.clone().unwrap();
    let thumbprint = key.thumbprint();
    let form =
        [("grant_type", GRANT_TYPE), ("subject_token_type", DPOP_KEY_TYPE), ("subject_token", thumbprint.as_str()), ("scope", "read_only")];
    let proof = Proof::new(app, &key, &Method::POST, "/oauth/token").signed();
    let answer = body(app.token_request(&form).header("dpop", proof).send().await.unwrap()).await;
    Visitor { token: text(&answer, "access_token"), ..visitor.clone() }
}

async fn revoke(app: &TestApp, token: &str) {
    let request = app.request(&Method::POST, "/oauth/revoke").header("x-twinchat", "1").header("origin", SITE);
    assert_eq!(with_form(request, &[("token", token)]).send().await.unwrap().status(), 200);
}

/// A token that a server with the same secrets gave at another address, to the same key.
async fn from_another_address(app: &TestApp, visitor: &Visitor) -> Visitor {
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(app.folder.path()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    let other = TestApp::in_folder("", copy).await;
    let mut visitor = visitor.clone();
    visitor.renew(&other).await;
    other.stop().await;
    visitor
}

/// All credentials that are not good, for things of Ann's, and hers as it is good now.
async fn attempts(app: &TestApp, mut ann: Visitor) -> (Visitor, Vec<Attempt>) {
    let elsewhere = from_another_address(app, &ann).await;
    let expired = ann.clone();
    app.clock.advance_seconds(601);
    ann.renew(app).await;
    let revoked = ann.clone();
    revoke(app, &revoked.token).await;
    ann.renew(app).await;
    let (binh, chi, reader) = (app.visitor().await, app.bearer_visitor().await, read_only(app, &ann).await);
    let (key, token) = (ann.key.clone().unwrap(), ann.token.clone());
    let (other_path, other_method) = (key.clone(), key);
    let (at_shop, shop_key) = (token.clone(), other_path.clone());
    let bearer = token.clone();
    let unproven = token.clone();
    let tampered = format!("{}AAAA", &token[..token.len() - 4]);
    let about_anns = |operation: &Operation| operation.is_about_anns();
    let all = vec![
        attempt("no token", INVALID_TOKEN, plain),
        attempt("nonsense", INVALID_TOKEN, |app, operation| plain(app, operation).bearer_auth("nonsense")),
        attempt("another scheme", INVALID_TOKEN, |app, operation| plain(app, operation).basic_auth("ann", Some("secret"))),
        attempt("a changed signature", INVALID_TOKEN, as_visitor(&Visitor { token: tampered, ..ann.clone() })),
        attempt("an expired token", (401, "TOKEN_EXPIRED"), as_visitor(&expired)),
        attempt("a token taken back", INVALID_TOKEN, as_visitor(&revoked)),
        attempt("a token of another address", INVALID_TOKEN, as_visitor(&elsewhere)),
        attempt("a token of another site", INVALID_TOKEN, move |app, operation| {
            let proof = Proof::new(app, &shop_key, &operation.method, &operation.path).with_token(&at_shop).signed();
            let request = app.request(&operation.method, &operation.path).header("origin", SHOP).header("dpop", proof);
            request.header("authorization", format!("DPoP {at_shop}"))
        }),
        attempt("a bound token as bearer", INVALID_TOKEN, move |app, operation| plain(app, operation).bearer_auth(&bearer)),
        attempt("a bound token without a proof", INVALID_PROOF, move |app, operation| {
            plain(app, operation).header("authorization", format!("DPoP {unproven}"))
        }),
        attempt("another key's proof", INVALID_PROOF, as_visitor(&Visitor { key: Some(Key::new()), ..ann.clone() })),
        attempt(
            "a proof for another path",
            INVALID_PROOF,
            with_proof(&token, move |app, operation| {
                Proof::new(app, &other_path, &operation.method, &format!("{}/elsewhere", operation.path))
            }),
        ),
        attempt(
            "a proof for another method",
            INVALID_PROOF,
            with_proof(&token, move |app, operation| {
                let other = if operation.method == Method::GET { Method::DELETE } else { Method::GET };
                Proof::new(app, &other_method, &other, &operation.path)
            }),
        ),
        Attempt { applies: Operation::is_write, ..attempt("a token for reading", (403, "INSUFFICIENT_SCOPE"), as_visitor(&reader)) },
        Attempt { applies: about_anns, ..attempt("another visitor's token", (404, "NOT_FOUND"), as_visitor(&binh)) },
        Attempt { applies: about_anns, ..attempt("another visitor's bearer token", (404, "NOT_FOUND"), as_visitor(&chi)) },
    ];
    (ann, all)
}

#[tokio::test]
async fn every_operation_refuses_every_credential_that_is_not_good_for_it_and_nothing_changes() {
    let app = TestApp::with(SETTINGS).await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    hear(&app, &ann, &chat, "Bí mật của Ann").await;
    let reply = text(&history(&app, &ann, &chat).await[1], "id");
    let anns = Anns { twin: first_twin(&app, &ann).await, conversation: chat, reply };
    let operations = protected(&document(&app).await, &anns);
    assert!(operations.len() >= 15, "only {} operations need a token", operations.len());

    let (ann, attempts) = attempts(&app, ann).await;
    let database = SqlitePool::connect_with(SqliteConnectOptions::new().filename(app.folder.path().join("twinchat.db")).read_only(true))
        .await
        .unwrap();
    let before = kept(&database).await;
    let asked = app.emulator.log().len();
    let mut tried = 0;
    for operation in &operations {
        let name = format!("{} {}", operation.method, operation.template);
        for attempt in attempts.iter().filter(|attempt| (attempt.applies)(operation)) {
            let answer = operation.with_body((attempt.request)(&app, operation)).send().await.unwrap();
            assert_eq!(answer.status(), attempt.status, "{name} with {}", attempt.what);
            let documented = ["default", &attempt.status.to_string()].iter().any(|status| operation.responses.get(*status).is_some());
            assert!(documented, "{name}: {} is not documented", attempt.status);
            assert_eq!(header(&answer, "www-authenticate").is_empty(), attempt.status == 404, "{name} with {}", attempt.what);
            let body = body(answer).await;
            assert_eq!(body["error"], attempt.code, "{name} with {}", attempt.what);
            assert!(!body.to_string().contains("Ann"), "{body}");
            assert!(before == kept(&database).await, "{name} with {} changed what is kept", attempt.what);
            tried += 1;
        }
    }
    assert_eq!(app.emulator.log().len(), asked, "the upstream was never asked");
    assert!(tried > 12 * operations.len(), "{tried} attempts");
    // The same requests with a good token are not refused, so it was the credential.
    for operation in &operations {
        let answer = operation.with_body(ann.request(&app, &operation.method, &operation.path)).send().await.unwrap();
        if answer.status().is_client_error() {
            let body = body(answer).await;
            let refused = attempts.iter().any(|attempt| body["error"] == attempt.code);
            assert!(!refused, "{} {}: {body}", operation.method, operation.template);
        }
    }
}
