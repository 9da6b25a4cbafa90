//! Chat Completions, as clients of compatible servers rely on them.

use crate::support::{Answer, Client, answer, data, events, instant};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use twinchat_emulator::Rule;
use twinchat_emulator::faults::{Fault, Malformation};

async fn raw(client: &Client, body: Value) -> Response {
    client.outside(Method::POST, "/v1/chat/completions").bearer_auth(client.emulator.openai_key()).json(&body).send().await.unwrap()
}

async fn ask(client: &Client, body: Value) -> Answer {
    answer(raw(client, body).await).await
}

async fn get(client: &Client, path: &str) -> Answer {
    answer(client.outside(Method::GET, path).bearer_auth(client.emulator.openai_key()).send().await.unwrap()).await
}

fn hello() -> Value {
    json!({"model": "rust", "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How do lifetimes work?"}]})
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

#[tokio::test]
async fn its_models_are_the_twins() {
    let client = Client::start(instant()).await;
    let listed = get(&client, "/v1/models").await;
    let ids: Vec<&str> = listed.body["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert_eq!((&listed.body["object"], ids.len()), (&json!("list"), 8));
    assert_eq!(ids, client.emulator.openai_models());
    assert_eq!(get(&client, "/v1/models/rust").await.body["object"], "model");
    assert_eq!(get(&client, "/v1/models/none").await.body["error"]["code"], "model_not_found");
}

#[tokio::test]
async fn a_completion_is_streamed_or_plain_and_says_the_same() {
    let client = Client::start(instant()).await;
    let plain = ask(&client, hello()).await.body;
    assert_eq!((&plain["object"], &plain["model"]), (&json!("chat.completion"), &json!("rust")));
    let choice = &plain["choices"][0];
    assert_eq!((&choice["message"]["role"], &choice["finish_reason"]), (&json!("assistant"), &json!("stop")));
    let usage = &plain["usage"];
    let number = |name: &str| usage[name].as_u64().unwrap();
    assert!(number("prompt_tokens") > 0 && number("completion_tokens") > 0);
    assert_eq!(number("total_tokens"), number("prompt_tokens") + number("completion_tokens"));

    let body = with(with(hello(), "stream", json!(true)), "stream_options", json!({"include_usage": true}));
    let stream = raw(&client, body).await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream; charset=utf-8");
    let mut told = events(&stream.bytes().await.unwrap());
    assert_eq!(told.pop().unwrap().data, "[DONE]");
    let chunks: Vec<Value> = told.iter().map(data).collect();
    assert!(chunks.iter().all(|chunk| chunk["object"] == "chat.completion.chunk" && chunk["id"] == chunks[0]["id"]));
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    let text: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(choice["message"]["content"], text);
    let [end, usage] = &chunks[chunks.len() - 2..] else { panic!("no end") };
    assert_eq!((&end["choices"][0]["finish_reason"], &usage["choices"], &usage["usage"]), (&json!("stop"), &json!([]), &plain["usage"]));
    assert!(end["usage"].is_null());
}

#[tokio::test]
async fn without_being_asked_for_there_is_no_usage_in_a_stream() {
    let client = Client::start(instant()).await;
    let told = raw(&client, with(hello(), "stream", json!(true))).await.text().await.unwrap();
    assert!(!told.contains("usage") && told.ends_with("data: [DONE]\n\n"));
}

#[tokio::test]
async fn what_was_said_before_counts_and_comes_with_the_request() {
    let client = Client::start(instant()).await;
    let asked = ["Ăn gì ngon ở Đà Lạt?", "Nãy giờ tôi hỏi gì rồi?"];
    let parts = json!([{"type": "text", "text": asked[1]}]);
    let messages =
        json!([{"role": "user", "content": asked[0]}, {"role": "assistant", "content": "Bánh căn."}, {"role": "user", "content": parts}]);
    let told = ask(&client, json!({"model": "da-lat", "messages": messages})).await;
    assert!(told.body["choices"][0]["message"]["content"].as_str().unwrap().contains(asked[0]), "{}", told.body);
}

#[tokio::test]
async fn an_answer_is_no_longer_than_wanted() {
    let client = Client::start(instant()).await;
    let told = ask(&client, with(hello(), "max_tokens", json!(3))).await.body;
    assert_eq!((&told["choices"][0]["finish_reason"], &told["usage"]["completion_tokens"]), (&json!("length"), &json!(3)));
}

#[tokio::test]
async fn errors_are_objects_with_message_type_param_and_code() {
    let client = Client::start(instant()).await;
    let nobody = answer(client.outside(Method::GET, "/v1/models").bearer_auth("sk-wrong").send().await.unwrap()).await;
    assert_eq!((nobody.status, &nobody.body["error"]["code"]), (StatusCode::UNAUTHORIZED, &json!("invalid_api_key")));
    let user = json!([{"role": "user", "content": "x"}]);
    for (body, status, param) in [
        (json!({"model": "none", "messages": user}), 404, Value::Null),
        (json!({"model": "rust", "messages": []}), 400, json!("messages")),
        (json!({"model": "rust", "messages": [{"role": "judge", "content": "x"}]}), 400, json!("messages")),
        (json!({"model": "rust", "messages": [{"role": "user", "content": 5}]}), 400, json!("messages")),
        (json!({"model": "rust", "messages": [{"role": "system", "content": "x"}]}), 400, json!("messages")),
        (json!({"model": "rust"}), 400, Value::Null),
    ] {
        let refused = ask(&client, body).await;
        assert_eq!(refused.status.as_u16(), status, "{}", refused.body);
        assert_eq!(refused.body["error"]["param"], param, "{}", refused.body);
        assert!(refused.body["error"]["message"].is_string() && refused.body["error"]["type"].is_string());
    }
    assert_eq!(get(&client, "/v1/nothing").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn faults_break_its_streams() {
    let client = Client::start(instant()).await;
    let streamed = async |fault| {
        client.emulator.fault(Rule::once(fault, "/v1/chat/*"));
        events(&raw(&client, with(hello(), "stream", json!(true))).await.bytes().await.unwrap())
    };
    let broken = streamed(Fault::ErrorEvent { after_deltas: 2 }).await;
    assert_eq!((broken.len(), &data(broken.last().unwrap())["error"]["type"]), (4, &json!("server_error")));
    let open = streamed(Fault::NoComplete).await;
    assert!(data(open.last().unwrap())["choices"][0]["finish_reason"].is_null());
    client.emulator.fault(Rule::once(Fault::Cut { after_bytes: Some(300), ending: twinchat_emulator::faults::CutEnding::Eof }, "/v1/*"));
    assert_eq!(raw(&client, hello()).await.bytes().await.unwrap().len(), 300);
}

#[tokio::test]
async fn a_stream_can_end_think_and_break_as_servers_differ() {
    let client = Client::start(instant()).await;
    let told = async |fault: Fault| {
        client.emulator.fault(Rule::once(fault, "*/chat/completions"));
        raw(&client, with(hello(), "stream", json!(true))).await.text().await.unwrap()
    };
    let thinking = told(Fault::Thinks).await;
    assert!(thinking.contains("reasoning_content") && thinking.ends_with("data: [DONE]\n\n"));
    let choices = told(Fault::Choices).await;
    assert!(choices.contains("other words") && choices.contains("\"index\":1"));
    let bare = told(Fault::BareComplete).await;
    assert!(!bare.contains("\"finish_reason\":\"stop\"") && bare.ends_with("data: [DONE]\n\n"));
    let unannounced = told(Fault::Done).await;
    assert!(unannounced.contains("\"finish_reason\":\"stop\"") && !unannounced.contains("[DONE]"));
    let whole: Value = serde_json::from_str(&told(Fault::PlainText).await).unwrap();
    assert_eq!(whole["object"], "chat.completion");
    let broken = told(Fault::Malformed { what: Malformation::BadJson, at_event: Some(2) }).await;
    let damaged = broken
        .lines()
        .filter_map(|line| line.strip_prefix("data: {"))
        .filter(|rest| serde_json::from_str::<Value>(&format!("{{{rest}")).is_err());
    assert_eq!(damaged.count(), 1);
}
