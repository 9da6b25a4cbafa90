//! What all operations have in common, written into the document once, where it cannot be forgotten:
//! errors by status with their codes, headers, forms of ids, and which members are always there.

use super::errors::{self, Shape};
use crate::config::{Config, FileType};
use crate::http::problems;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use twinchat_protocol::error::ErrorCode;
use twinchat_protocol::id::{ConversationId, MessageId};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// Headers that tell an allowance.
const ALLOWANCE: [&str; 6] =
    ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-RateLimit-Window", "RateLimit-Policy", "RateLimit"];

const OF_CONVERSATIONS: [&str; 7] =
    ["getConversation", "renameConversation", "deleteConversation", "listMessages", "sendMessage", "streamMessage", "followConversation"];
const OF_REPLIES: [&str; 3] = ["stopReply", "retryReply", "setFeedback"];

/// The whole document, from what the routes say of themselves.
pub(super) fn complete(mut document: Value, config: &Config) -> Value {
    shape_schemas(&mut document);
    document["components"]["schemas"]["NewMessage"]["properties"]["content"]["maxLength"] = config.limits.message_chars.into();
    document["components"]["schemas"]["MessageForm"]["properties"] = message_form(config);
    document["components"]["headers"] = headers();
    document["components"]["securitySchemes"] = security();
    let mut paths = std::mem::take(&mut document["paths"]);
    let mut responses = Map::new();
    for (path, item) in paths.as_object_mut().into_iter().flatten() {
        for method in METHODS {
            if let Some(operation) = item.get_mut(method) {
                complete_operation(Shape { method, path }, operation, config, &mut responses);
            }
        }
    }
    document["paths"] = paths;
    document["components"]["responses"] = Value::Object(responses);
    document
}

/// What a message with files may be, by the owner's settings.
fn message_form(config: &Config) -> Value {
    let (limits, types) = (&config.limits, &config.limits.file_types);
    let types: Vec<&str> = types.iter().map(FileType::as_str).collect();
    let file = json!({"type": "string", "format": "binary", "description": format!("At most {} bytes", limits.file_bytes)});
    json!({
        "content": {"type": "string", "maxLength": limits.message_chars, "description": "The text; may be left out or empty when there is a file"},
        "files": {"type": "array", "minItems": 1, "maxItems": limits.file_count, "items": file, "description": format!("Of these types: {}", types.join(", "))},
    })
}

fn complete_operation(shape: Shape<'_>, operation: &mut Value, config: &Config, kept: &mut Map<String, Value>) {
    if shape.needs_token() {
        operation["security"] = json!([{"bearer": []}, {"dpop": [], "dpop_proof": []}]);
    }
    leave_out_null(operation);
    let id = id_schema(shape.path);
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        complete_parameter(parameter, &id, config);
    }
    let common = common_headers(shape);
    let codes = errors::codes(shape, operation);
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    responses.remove("default");
    for response in responses.values_mut() {
        if !response["headers"].is_object() {
            response["headers"] = json!({});
        }
        response["headers"].as_object_mut().into_iter().for_each(|headers| headers.extend(common.clone()));
        name_problems(response);
        describe_stream(response);
    }
    for (status, codes) in codes {
        let mut headers = common.clone();
        headers.insert("Content-Language".to_owned(), reference("headers", "Content-Language"));
        let special = match status {
            401 => Some("WWW-Authenticate"),
            429 | 503 => Some("Retry-After"),
            _ => None,
        };
        headers.extend(special.map(|name| (name.to_owned(), reference("headers", name))));
        let whole = errors::response(&codes, &headers);
        match responses.get_mut(&status.to_string()) {
            // OAuth's own error beside ours.
            Some(own) if own["content"]["application/json"].is_object() => {
                own["content"]["application/problem+json"] = whole["content"]["application/problem+json"].clone();
            }
            _ => {
                let name = errors::component(&codes, shape);
                responses.insert(status.to_string(), reference("responses", &name));
                kept.insert(name, whole);
            }
        }
    }
    link(operation);
}

/// A body that may be left out is not one that may be `null`.
fn leave_out_null(operation: &mut Value) {
    let Some(schema) = operation.pointer_mut("/requestBody/content/application~1json/schema") else { return };
    let body = schema["oneOf"].as_array().and_then(|either| either.iter().find(|one| one["type"] != "null")).cloned();
    if let Some(body) = body {
        *schema = body;
    }
}

/// Every error of ours has the media type of problems, also where a route has declared it by hand.
fn name_problems(response: &mut Value) {
    let is_ours = response["content"]["application/json"]["schema"]["$ref"] == "#/components/schemas/ErrorBody";
    if is_ours {
        let body = response["content"]["application/json"].take();
        response["content"] = json!({"application/problem+json": body});
    }
}

/// Of a stream, the schema is that of each event.
fn describe_stream(response: &mut Value) {
    let Some(stream) = response.pointer_mut("/content/text~1event-stream") else { return };
    let data = stream["schema"].take();
    stream["schema"] = json!({
        "type": "object",
        "description": "One event. Comments (`: alive`) and `retry:` fields come between them.",
        "required": ["event", "id", "data"],
        "properties": {
            "event": {"$ref": "#/components/schemas/EventKind"},
            "id": {"type": "string", "pattern": "^[0-9]{1,9}\\.[0-9]{1,9}$", "description": "Orders the events of a conversation: pass it as `after`."},
            "retry": {"type": "integer", "minimum": 0},
            "data": {"type": "string", "contentMediaType": "application/json", "contentSchema": data},
        },
    });
    stream["example"] =
        "retry: 2000\nid: 2.2\nevent: delta\ndata: {\"type\":\"delta\",\"messageId\":\"msg_3k5xq7mz\",\"content\":\"Xin ch\u{e0}o\"}\n\n"
            .into();
}

fn complete_parameter(parameter: &mut Value, id: &Value, config: &Config) {
    let name = parameter["name"].as_str().unwrap_or_default().to_ascii_lowercase();
    match (parameter["in"].as_str(), name.as_str()) {
        (Some("path"), "id") => parameter["schema"] = id.clone(),
        (Some("header"), "x-twinchat") => parameter["schema"] = json!({"type": "string", "const": "1"}),
        (Some("header"), "origin") => {
            let own: BTreeSet<String> = config.server.public_urls.iter().map(|url| url.origin().to_string()).collect();
            // Who else is allowed is the owner's to tell.
            if !own.is_empty() {
                parameter["schema"] = json!({"type": "string", "enum": own});
            }
        }
        (Some("header"), "idempotency-key") => {
            parameter["schema"] = json!({"type": "string", "pattern": "^([!#-~]{1,255}|\"[!#-~]{1,255}\")$"});
        }
        (Some("header"), "last-event-id") | (Some("query"), "after")
            if parameter["schema"]["type"] != "integer" && !is_number(parameter) =>
        {
            parameter["schema"] = json!({"type": "string", "pattern": "^([0-9]{1,9}\\.[0-9]{1,9})?$", "examples": ["12.37"]});
        }
        _ => without_null(&mut parameter["schema"]),
    }
}

fn is_number(parameter: &Value) -> bool {
    parameter["schema"]["type"].as_array().is_some_and(|types| types.contains(&"integer".into()))
}

/// The form of the id in a path.
fn id_schema(path: &str) -> Value {
    let of = |prefix: &str| json!({"type": "string", "pattern": format!("^{prefix}[a-z0-9]{{8,64}}$")});
    match path {
        _ if path.starts_with("/api/v1/conversations/") => of(ConversationId::PREFIX),
        _ if path.starts_with("/api/v1/messages/") => of(MessageId::PREFIX),
        _ if path.starts_with("/problems/") => {
            json!({"type": "string", "enum": ErrorCode::ALL.iter().map(|code| problems::name(*code)).collect::<Vec<_>>()})
        }
        _ => json!({"type": "string", "minLength": 1, "maxLength": 256}),
    }
}

/// What the ids in an answer are good for.
fn link(operation: &mut Value) {
    let (status, id, operations): (&str, &str, &[&str]) = match operation["operationId"].as_str() {
        Some("createConversation" | "createConversationWithTwin") => ("201", "/data/id", &OF_CONVERSATIONS),
        Some("sendMessage") => ("200", "/data/id", &OF_REPLIES),
        Some("listMessages") => ("200", "/data/0/id", &OF_REPLIES),
        _ => return,
    };
    let to = |operation: &str| json!({"operationId": operation, "parameters": {"id": format!("$response.body#{id}")}});
    operation["responses"][status]["links"] = operations.iter().map(|name| ((*name).to_owned(), to(name))).collect::<Map<_, _>>().into();
}

fn reference(kind: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}

fn common_headers(shape: Shape<'_>) -> Map<String, Value> {
    let mut names = vec!["X-Request-Id"];
    if shape.is_charged() {
        names.extend(ALLOWANCE);
    }
    if shape.is_guarded() {
        names.push("DPoP-Nonce");
    }
    names.into_iter().map(|name| (name.to_owned(), reference("headers", name))).collect()
}

/// The ways to show a token.
fn security() -> Value {
    let http = |scheme: &str, description: &str| json!({"type": "http", "scheme": scheme, "description": description});
    json!({
        "bearer": http("bearer", "A token of a visitor without a key: `Authorization: Bearer <token>`"),
        "dpop": http("dpop", "A token bound to the visitor's key (RFC 9449): `Authorization: DPoP <token>`, together with a proof"),
        "dpop_proof": {"type": "apiKey", "in": "header", "name": "DPoP", "description": "A proof of possession for this request (RFC 9449 section 4)"},
    })
}

/// All response headers, by name.
fn headers() -> Value {
    let header =
        |required: bool, description: &str, schema: Value| json!({"required": required, "description": description, "schema": schema});
    let number = |least: u32| json!({"type": "integer", "minimum": least});
    let text = |pattern: &str| json!({"type": "string", "pattern": pattern});
    json!({
        "X-Request-Id": header(true, "The request's id, as in `meta.requestId` and in the proxy's log", text("^req_[a-z0-9]+$")),
        "X-RateLimit-Limit": header(true, "The most at once, of the narrowest allowance", number(1)),
        "X-RateLimit-Remaining": header(true, "What is left of it", number(0)),
        "X-RateLimit-Reset": header(true, "When all of it is there again, seconds since 1970", number(0)),
        "X-RateLimit-Window": header(true, "Seconds in which all of it grows back", number(1)),
        "RateLimit-Policy": header(true, "All allowances the request counted for (draft-ietf-httpapi-ratelimit-headers)", text("^\"[a-z]+\";q=[0-9]+;w=[0-9]+")),
        "RateLimit": header(true, "What is left of each, and when there is one more", text("^\"[a-z]+\";r=[0-9]+;t=[0-9]+")),
        "Retry-After": header(false, "Seconds until another try makes sense", number(1)),
        "WWW-Authenticate": header(true, "How to authenticate (RFC 9110, RFC 9449)", text("^DPoP ")),
        "DPoP-Nonce": header(false, "The nonce for the next proofs (RFC 9449 section 8)", json!({"type": "string"})),
        "Content-Language": header(true, "The language of `message`", json!({"type": "string", "enum": ["en", "vi"]})),
    })
}

/// Says of what is only answered which members are always there: all that have a value at all are sent.
fn shape_schemas(document: &mut Value) {
    let asked = requested(document);
    for (name, schema) in document["components"]["schemas"].as_object_mut().into_iter().flatten() {
        if asked.contains(name) {
            continue;
        }
        let Some(properties) = schema["properties"].as_object_mut() else {
            schema.as_object_mut().into_iter().for_each(|schema| drop(schema.remove("properties")));
            continue;
        };
        let required: Vec<String> = properties.iter().filter(|(_, schema)| !is_nullable(schema)).map(|(name, _)| name.clone()).collect();
        properties.values_mut().for_each(without_null);
        schema["required"] = required.into();
    }
}

/// The names of all schemas that requests are made of.
fn requested(document: &Value) -> BTreeSet<String> {
    let operations = document["paths"].as_object().into_iter().flatten().flat_map(|(_, item)| METHODS.map(|method| &item[method]));
    let mut left: Vec<&Value> = operations.map(|operation| &operation["requestBody"]).collect();
    let mut names = BTreeSet::new();
    while let Some(value) = left.pop() {
        match value {
            Value::Object(members) => {
                let name = members.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next());
                if let Some(name) = name
                    && names.insert(name.to_owned())
                {
                    left.push(&document["components"]["schemas"][name]);
                }
                left.extend(members.values());
            }
            Value::Array(items) => left.extend(items),
            _ => {}
        }
    }
    names
}

fn is_null(schema: &Value) -> bool {
    schema["type"] == "null"
}

fn is_nullable(schema: &Value) -> bool {
    schema["type"].as_array().is_some_and(|types| types.contains(&"null".into()))
        || schema["oneOf"].as_array().is_some_and(|choices| choices.iter().any(is_null))
}

/// The schema without the choice of null: what is absent is not sent.
fn without_null(schema: &mut Value) {
    if let Some(types) = schema.get_mut("type").and_then(Value::as_array_mut) {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            schema["type"] = only.clone();
        }
    }
    if let Some(choices) = schema.get_mut("oneOf").and_then(Value::as_array_mut) {
        choices.retain(|choice| !is_null(choice));
        if let [only] = choices.as_slice() {
            *schema = only.clone();
        }
    }
}
