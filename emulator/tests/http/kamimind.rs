//! What KamiMind's document says, through the real HTTP surface.

use crate::support::{Answer, Client, answer, events, instant};
use futures_util::StreamExt;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use std::process::Command;
use twinchat_emulator::faults::Fault;
use twinchat_emulator::{Options, Rule, StreamFormat};

/// The document's own example, letter for letter.
const CURL: &str = include_str!("../examples/kamimind.sh");

fn form(client: &Client, story: &str, message: &str) -> Form {
    let bot = client.emulator.kamimind_bots()[0].token.clone();
    Form::new().text("story_id", story.to_owned()).text("bot_token", bot).text("message", message.to_owned())
}

async fn send(client: &Client, form: Form) -> Response {
    let request = client.outside(Method::POST, "/public/v1/response").bearer_auth(client.emulator.kamimind_token());
    request.multipart(form).send().await.unwrap()
}

async fn say(client: &Client, story: &str, message: &str) -> Answer {
    answer(send(client, form(client, story, message)).await).await
}

async fn streamed(format: StreamFormat) -> (Response, Client) {
    let client = Client::start(Options { kamimind_stream: format, ..instant() }).await;
    let response = send(&client, form(&client, "", "Xin chào").text("streaming", "true")).await;
    (response, client)
}

fn text_of(objects: &[Value]) -> String {
    let (last, pieces) = objects.split_last().unwrap();
    let text: String = pieces.iter().map(|piece| piece["message"].as_str().unwrap()).collect();
    assert_eq!(last["data"]["message"], text);
    assert!(last["success"] == true && last["data"]["story_id"].is_string());
    text
}

#[tokio::test]
async fn a_conversation_goes_on_with_the_story_id_of_its_first_answer() {
    let client = Client::start(instant()).await;
    let first = say(&client, "", "Đà Lạt mùa này có gì vui?").await;
    assert_eq!((first.status, &first.body["success"], &first.body["message"]), (StatusCode::OK, &json!(true), &json!("Chat successfully")));
    let story = first.body["data"]["story_id"].as_str().unwrap();
    assert_eq!(story.len(), 36);
    let second = say(&client, story, "Nãy giờ tôi hỏi gì rồi?").await;
    assert_eq!(second.body["data"]["story_id"], story);
    assert!(second.body["data"]["message"].as_str().unwrap().contains("Đà Lạt mùa này có gì vui?"));
    assert_ne!(say(&client, "", "Xin chào").await.body["data"]["story_id"], story);
}

#[tokio::test]
async fn files_come_back_by_name_and_size() {
    let client = Client::start(instant()).await;
    let file = |name: &str, size: usize| Part::bytes(vec![0; size]).file_name(name.to_owned());
    let form = form(&client, "", "Xem giúp tôi").part("files", file("ảnh chụp.png", 12)).part("files", file("b.pdf", 3_000_000));
    let told = answer(send(&client, form).await).await;
    let text = told.body["data"]["message"].as_str().unwrap();
    assert!(text.contains("- ảnh chụp.png (12 bytes)\n- b.pdf (3000000 bytes)"), "{text}");
}

#[tokio::test]
async fn what_goes_wrong_is_told_by_status_or_under_200() {
    let client = Client::start(instant()).await;
    let nobody = client.outside(Method::POST, "/public/v1/response").multipart(form(&client, "", "x")).send().await.unwrap();
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(answer(nobody).await.body["success"], false);
    let bot = client.emulator.kamimind_bots()[1].token.clone();
    let story = say(&client, "", "x").await.body["data"]["story_id"].as_str().unwrap().to_owned();
    let fields = |all: &[(&'static str, &str)]| all.iter().fold(Form::new(), |form, (name, value)| form.text(*name, (*value).to_owned()));
    for (form, status, says) in [
        (fields(&[("message", "x")]), 400, "bot_token is required"),
        (fields(&[("bot_token", &bot)]), 400, "message is required"),
        (fields(&[("bot_token", &bot), ("message", "x"), ("streaming", "yes")]), 400, "true or false"),
        (fields(&[("bot_token", "nobody"), ("message", "x")]), 200, "Bot not found"),
        (fields(&[("bot_token", &bot), ("message", "x"), ("story_id", "nothing")]), 200, "Story not found"),
        (fields(&[("bot_token", &bot), ("message", "x"), ("story_id", &story)]), 200, "Story not found"),
    ] {
        let refused = answer(send(&client, form).await).await;
        assert_eq!((refused.status.as_u16(), &refused.body["success"]), (status, &json!(false)), "{}", refused.body);
        assert!(refused.body["message"].as_str().unwrap().contains(says), "{}", refused.body);
    }
}

#[tokio::test]
async fn a_stream_comes_in_any_of_five_formats() {
    let (sse, _client) = streamed(StreamFormat::Sse).await;
    assert_eq!(sse.headers()["content-type"], "text/event-stream; charset=utf-8");
    let mut told = events(&sse.bytes().await.unwrap());
    assert_eq!(told.pop().unwrap().data, "[DONE]");
    let objects: Vec<Value> = told.iter().map(|event| serde_json::from_str(&event.data).unwrap()).collect();
    let text = text_of(&objects);

    let (lines, _client) = streamed(StreamFormat::Ndjson).await;
    let objects: Vec<Value> = lines.text().await.unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(text_of(&objects), text);

    let (array, _client) = streamed(StreamFormat::JsonArray).await;
    assert_eq!(text_of(&array.json::<Vec<Value>>().await.unwrap()), text);

    let (plain, _client) = streamed(StreamFormat::Text).await;
    assert_eq!(plain.text().await.unwrap(), text);

    let (json, _client) = streamed(StreamFormat::Json).await;
    assert_eq!(json.json::<Value>().await.unwrap()["data"]["message"], text);
}

#[tokio::test]
async fn faults_make_it_refuse_rename_lie_and_never_end() {
    let client = Client::start(instant()).await;
    let meet = |fault| client.emulator.fault(Rule::once(fault, "/public/*"));
    meet(Fault::Refused);
    let refused = say(&client, "", "x").await;
    assert_eq!((refused.status, &refused.body["success"]), (StatusCode::OK, &json!(false)));
    let story = say(&client, "", "x").await.body["data"]["story_id"].as_str().unwrap().to_owned();
    meet(Fault::ChangedIds);
    assert_ne!(say(&client, &story, "x").await.body["data"]["story_id"], story);
    meet(Fault::LyingLength { by: 5 });
    assert!(send(&client, form(&client, "", "x")).await.bytes().await.is_err(), "it breaks off before its end");
    meet(Fault::LyingLength { by: -5 });
    let short = send(&client, form(&client, "", "x")).await.bytes().await.unwrap();
    assert!(serde_json::from_slice::<Value>(&short).is_err(), "it is cut");
    meet(Fault::RateLimit { retry_after: 9 });
    let limited = say(&client, "", "x").await;
    assert_eq!((limited.status, limited.number("retry-after")), (StatusCode::TOO_MANY_REQUESTS, 9));
    meet(Fault::Endless);
    let mut endless = send(&client, form(&client, "", "x").text("streaming", "true")).await.bytes_stream();
    let mut bytes = 0;
    while bytes < 1_000_000 {
        bytes += endless.next().await.expect("it never ends").unwrap().len();
    }
    assert!(client.emulator.log().iter().all(|entry| entry.key_in == ["authorization"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_curl_command_runs_unchanged_but_for_address_credentials_and_file() {
    let client = Client::start(instant()).await;
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("file_example.png");
    std::fs::write(&file, b"not really a picture").unwrap();
    let program = CURL
        .replace("https://api.dev.kamimind.ai", &client.emulator.origin())
        .replace("***********************", client.emulator.kamimind_token())
        .replace("b4732227-583f-4982-85d4-e4f731d1b64b", &client.emulator.kamimind_bots()[0].token)
        .replace("/home/Downloads/file_example.png", &file.display().to_string());
    let run = move || Command::new("sh").args(["-c", &program]).env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1").output().unwrap();
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    if String::from_utf8_lossy(&output.stderr).contains("curl: not found") {
        println!("skipped: curl is not installed");
        return;
    }
    let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    assert_eq!(told["success"], true, "{told}");
    assert!(told["data"]["message"].as_str().unwrap().contains("file_example.png (20 bytes)"), "{told}");
}
