//! Models as twins: beside other upstreams, with their memory, and with a server that somebody else wrote.

use super::chat::{Told, hear, history, last, say};
use super::helpers::{TestApp, Visitor, body, text};
use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use twinchat_emulator::faults::{CutEnding, ErrorStyle, Fault, Malformation};
use twinchat_emulator::{Emulator, Options, Rule};
use twinchat_proxy::clock::{Clock, Dice, LoadedDice, SystemClock};
use twinchat_proxy::config::Config;
use twinchat_proxy::doctor::{Trial, Verdict, examine};
use twinchat_proxy::upstream::capture::Capture;
use twinchat_proxy::upstream::{UpstreamEvent, replay};

const COMPLETIONS: &str = "*/chat/completions";
/// What no visitor may ever read.
const PROMPT: &str = "canary prompt";

const MODELS: &str = r#"
[[upstream]]
name = "models"
kind = "openai"
origin = "{origin}/v1/chat/completions"
key_env = "OPENAI_KEY"
[[upstream.twin]]
id = "guide"
name = "Hướng dẫn viên"
description = "Biết Đà Lạt"
starters = ["Ăn gì ngon ở Đà Lạt?"]
model = "da-lat"
system_prompt = "canary prompt"
history_messages = 4
[[upstream.twin]]
id = "brief"
name = "Brief"
model = "rust"
max_tokens = 3
"#;

async fn twins(app: &TestApp, visitor: &Visitor) -> Vec<Value> {
    visitor.get(app, "/api/v1/twins").await["data"].as_array().unwrap().clone()
}

/// A conversation with the twin of this name.
async fn conversation(app: &TestApp, visitor: &Visitor, name: &str) -> String {
    let all = twins(app, visitor).await;
    let twin = all.iter().find(|twin| twin["name"] == name).unwrap_or_else(|| panic!("{name} in {all:?}"));
    let answer = visitor.send(app, &Method::POST, "/api/v1/conversations", &json!({"twinId": twin["id"]})).await;
    text(&body(answer).await["data"], "id")
}

fn ending(told: &[Told]) -> (String, Value) {
    let end = told.last().unwrap();
    (end.kind.clone(), end.data["status"].clone())
}

/// A server of models that answers "ok" and remembers what it was asked; with its origin.
async fn attentive() -> (String, Arc<Mutex<Vec<Value>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let remembered = heard.clone();
    let answer = |axum::Json(body): axum::Json<Value>| async move {
        remembered.lock().unwrap().push(body);
        axum::Json(json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}]}))
    };
    let router = axum::Router::new().route("/v1/chat/completions", axum::routing::post(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (origin, heard)
}

#[tokio::test]
async fn models_stand_beside_other_twins_in_one_list_each_with_what_it_can_do() {
    let app = TestApp::with_upstreams(MODELS, "").await;
    let ann = app.visitor().await;
    let all = twins(&app, &ann).await;
    assert_eq!(all.len(), app.emulator.twins().len() + 2);
    let guide = all.iter().find(|twin| twin["name"] == "Hướng dẫn viên").unwrap();
    assert_eq!((&guide["description"], &guide["starters"][0]), (&json!("Biết Đà Lạt"), &json!("Ăn gì ngon ở Đà Lạt?")));
    let can = json!({"stream": true, "files": false, "stop": true, "reply": false, "search": true, "shared": false});
    assert_eq!(guide["capabilities"], can);
    assert!(all.iter().all(|twin| twin["capabilities"]["search"] == true));
}

#[tokio::test]
async fn a_model_answers_with_what_its_visitor_said_before_in_mind_and_nobody_else() {
    let app = TestApp::with_upstreams(MODELS, "").await;
    let (ann, binh) = (app.visitor().await, app.visitor().await);
    let (chat, other) = (conversation(&app, &ann, "Hướng dẫn viên").await, conversation(&app, &binh, "Hướng dẫn viên").await);
    let told = hear(&app, &ann, &chat, "Ăn gì ngon ở Đà Lạt?").await;
    assert_eq!(ending(&told), ("complete".to_owned(), json!("complete")), "{told:?}");
    assert!(told.iter().filter(|told| told.kind == "delta").count() > 1, "piece by piece");
    hear(&app, &binh, &other, "canary of Bình").await;
    let told = hear(&app, &ann, &chat, "Nãy giờ tôi hỏi gì rồi?").await;
    assert!(text(&told.last().unwrap().data, "content").contains("Ăn gì ngon ở Đà Lạt?"), "{told:?}");
    let everything =
        format!("{:?} {:?} {:?}", history(&app, &ann, &chat).await, twins(&app, &ann).await, ann.get(&app, "/api/v1/widget").await);
    assert!(!everything.contains(PROMPT) && !everything.contains("da-lat\"") && !everything.contains(app.emulator.openai_key()));
}

#[tokio::test]
async fn as_much_of_what_was_answered_goes_along_as_the_owner_wants_and_nobody_elses() {
    let (origin, heard) = attentive().await;
    let upstream = MODELS.replace("{origin}", &origin).replace("key_env = \"OPENAI_KEY\"\n", "");
    let app = TestApp::with_upstreams(String::leak(upstream), "").await;
    let (ann, binh) = (app.visitor().await, app.visitor().await);
    let (chat, other) = (conversation(&app, &ann, "Hướng dẫn viên").await, conversation(&app, &binh, "Hướng dẫn viên").await);
    for question in ["Một?", "Hai?", "Ba?"] {
        hear(&app, &ann, &chat, question).await;
        hear(&app, &binh, &other, "canary of Bình").await;
    }
    hear(&app, &ann, &chat, "Bốn?").await;
    let bodies = heard.lock().unwrap().clone();
    let said = |at: usize| -> Vec<String> {
        let messages = bodies[at]["messages"].as_array().unwrap();
        messages.iter().map(|said| format!("{} {}", text(said, "role"), text(said, "content"))).collect()
    };
    assert_eq!(said(0), ["system canary prompt", "user Một?"]);
    assert_eq!(said(2), ["system canary prompt", "user Một?", "assistant ok", "user Hai?"]);
    let last = ["system canary prompt", "user Hai?", "assistant ok", "user Ba?", "assistant ok", "user Bốn?"];
    assert_eq!(said(bodies.len() - 1), last, "two exchanges: history_messages = 4");
    assert!(bodies.iter().all(|body| body["model"] == "da-lat" && body.get("user").is_none()));
}

#[tokio::test]
async fn whatever_a_server_of_models_does_the_reply_ends_and_what_came_is_kept() {
    let app =
        TestApp::with_upstreams(MODELS, "[replies]\nlog_seconds = 0\n[limits]\nreply_bytes = 4096\nvisitor_messages_per_minute = 1000\n")
            .await;
    let mut ann = app.visitor().await;
    let chat = conversation(&app, &ann, "Hướng dẫn viên").await;
    let cut = |ending| Fault::Cut { after_bytes: Some(900), ending };
    let error = |status, body| Fault::ServerError { status, body };
    for (fault, status, code, has_text) in [
        (Fault::ErrorEvent { after_deltas: 3 }, "failed", "UPSTREAM_ERROR", true),
        (Fault::NoComplete, "incomplete", "REPLY_INCOMPLETE", true),
        (cut(CutEnding::Reset), "incomplete", "REPLY_INCOMPLETE", true),
        (cut(CutEnding::Eof), "incomplete", "REPLY_INCOMPLETE", true),
        (Fault::LyingLength { by: 100 }, "incomplete", "REPLY_INCOMPLETE", true),
        (Fault::Endless, "incomplete", "REPLY_INCOMPLETE", true),
        (Fault::Malformed { what: Malformation::BadJson, at_event: Some(2) }, "incomplete", "REPLY_INCOMPLETE", true),
        (error(500, ErrorStyle::Html), "failed", "UPSTREAM_ERROR", false),
        (error(404, ErrorStyle::Empty), "failed", "UPSTREAM_ERROR", false),
        (error(401, ErrorStyle::Documented), "failed", "UPSTREAM_REFUSED", false),
    ] {
        app.emulator.fault(Rule::once(fault.clone(), COMPLETIONS));
        let told = hear(&app, &ann, &chat, "Ăn gì ngon ở Đà Lạt?").await;
        let end = &told.last().unwrap().data;
        if fault == (Fault::LyingLength { by: 100 }) && end["status"] == "complete" {
            // The reply was whole before the lie could be noticed.
            continue;
        }
        assert_eq!((&end["status"], &end["error"]["error"]), (&json!(status), &json!(code)), "{fault:?}: {end}");
        let kept = last(&app, &ann, &chat).await;
        assert_eq!((kept["content"] != "", &kept["status"]), (has_text, &json!(status)), "{fault:?}: {kept}");
    }
    // The refused key is asked with again after a while.
    app.clock.advance_seconds(600);
    ann.renew(&app).await;
    for fault in [
        Fault::SplitUtf8,
        Fault::Malformed { what: Malformation::UnknownEvent, at_event: Some(1) },
        Fault::Malformed { what: Malformation::BadUtf8, at_event: Some(1) },
        Fault::Thinks,
        Fault::Choices,
        Fault::BareComplete,
        Fault::Done,
        Fault::PlainText,
    ] {
        app.emulator.fault(Rule::once(fault.clone(), COMPLETIONS));
        let told = hear(&app, &ann, &chat, "Xin chào").await;
        assert_eq!(ending(&told), ("complete".to_owned(), json!("complete")), "{fault:?}: {told:?}");
        let shown = format!("{told:?}");
        assert!(!shown.contains("private thoughts") && !shown.contains("other words") && !shown.contains("telemetry"), "{fault:?}");
    }

    let short = conversation(&app, &ann, "Brief").await;
    let told = hear(&app, &ann, &short, "How do lifetimes work?").await;
    let end = &told.last().unwrap().data;
    assert_eq!((&end["status"], &end["error"]["error"]), (&json!("incomplete"), &json!("REPLY_INCOMPLETE")), "as many tokens as it may");
    assert!(!text(&last(&app, &ann, &short).await, "content").is_empty());
}

#[tokio::test]
async fn a_stop_closes_the_connection_to_the_server_of_models() {
    let app = TestApp::with_upstreams(MODELS, "").await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann, "Hướng dẫn viên").await;
    app.emulator.fault(Rule::once(Fault::Stall { after_bytes: 900, millis: None }, COMPLETIONS));
    let mut stream = say(&app, &ann, &chat, "Ăn gì ngon ở Đà Lạt?").await;
    stream.until("delta").await;
    let running = ann.get(&app, &format!("/api/v1/conversations/{chat}")).await;
    let stop = format!("/api/v1/messages/{}/stop", text(&running["data"], "activeMessageId"));
    assert_eq!(ann.send(&app, &Method::POST, &stop, &Value::Null).await.status(), 200);
    assert_eq!(ending(&stream.rest().await), ("complete".to_owned(), json!("stopped")));
    while format!("{:?}", app.emulator.log().last().unwrap().ending) == "Open" {
        tokio::task::yield_now().await;
    }
    assert_eq!(format!("{:?}", app.emulator.log().last().unwrap().ending), "ClientLeft");
}

/// A server of models that is none of ours: aimock, as package-lock.json pins it.
struct Foreign {
    process: Child,
    origin: String,
}

impl Foreign {
    /// With these fixtures; none where it is not installed, which is said.
    fn start(folder: &Path, fixtures: &Value) -> Option<Self> {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../node_modules/@copilotkit/aimock/dist/cli.js");
        if !program.exists() {
            assert!(std::env::var_os("CI").is_none(), "CI has to have aimock: npm ci");
            eprintln!("SKIPPED: the independent server of models is not installed; run `npm ci`, or `cargo xtask test`");
            return None;
        }
        let file = folder.join("fixtures.json");
        std::fs::write(&file, fixtures.to_string()).unwrap();
        let mut command = Command::new("node");
        command.arg(program).args(["--host", "127.0.0.1", "--port", "0", "--fixtures"]).arg(file);
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let origin =
            lines.map(Result::unwrap).find_map(|line| line.split_once("listening on ").map(|(_, origin)| origin.trim().to_owned()));
        Some(Self { process, origin: origin.expect("it says where it listens") })
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn the_answers_of_a_server_that_somebody_else_wrote_are_heard_as_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = |said: &str, response: Value| json!({"match": {"userMessage": said}, "response": response, "chunkSize": 4});
    let fixtures = json!({"fixtures": [
        fixture("Xin chào", json!({"content": "Chào bạn, tôi là **người khác**."})),
        fixture("dài", json!({"content": "Một câu bị cắt", "finishReason": "length"})),
        fixture("nghĩ", json!({"content": "Xong.", "reasoning": "private thoughts"})),
        fixture("lỗi", json!({"error": {"message": "private words", "type": "server_error"}, "status": 500})),
    ]});
    let Some(foreign) = Foreign::start(folder.path(), &fixtures) else { return };
    let upstream = format!(
        "[[upstream]]\nname = \"foreign\"\nkind = \"openai\"\norigin = \"{}\"\n\
         [[upstream.twin]]\nid = \"lan\"\nname = \"Lan\"\nmodel = \"gpt-4o\"\nsystem_prompt = \"You are Lan.\"\n",
        foreign.origin
    );
    let app = TestApp::with_upstreams(String::leak(upstream), "").await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann, "Lan").await;
    for (said, content, end) in [
        ("Xin chào", "Chào bạn, tôi là **người khác**.", ("complete", "complete")),
        ("dài", "Một câu bị cắt", ("error", "incomplete")),
        ("nghĩ", "Xong.", ("complete", "complete")),
        ("lỗi", "", ("error", "failed")),
    ] {
        let told = hear(&app, &ann, &chat, said).await;
        assert_eq!(ending(&told), (end.0.to_owned(), json!(end.1)), "{said}: {told:?}");
        let streamed: String = told.iter().filter(|told| told.kind == "delta").map(|told| text(&told.data, "content")).collect();
        assert_eq!((streamed.as_str(), text(&last(&app, &ann, &chat).await, "content")), (content, content.to_owned()), "{said}");
        assert!(!format!("{told:?}").contains("private"), "{told:?}");
    }
    let whole = ann.send(&app, &Method::POST, &format!("/api/v1/conversations/{chat}/messages"), &json!({"content": "Xin chào"})).await;
    assert_eq!(text(&body(whole).await["data"], "content"), "Chào bạn, tôi là **người khác**.");
}

#[tokio::test]
async fn a_recorded_answer_of_a_model_holds_no_secret_and_means_the_same_when_it_is_replayed() {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let text = MODELS.replace("{origin}", &emulator.origin());
    let key = emulator.openai_key().to_owned();
    let config = Config::read(&folder.path().join("twinchat.toml"), &text, &|_| Some(key.clone())).unwrap();
    let (clock, dice): (Arc<dyn Clock>, Arc<dyn Dice>) = (Arc::new(SystemClock), Arc::new(LoadedDice::seeded(1)));
    let trial =
        Trial {
            message: Some("Ăn gì ngon ở Đà Lạt?".to_owned()), capture: Some(folder.path().to_owned()), twin: Some("guide".to_owned())
        };
    let findings = examine(&config, &clock, &dice, &trial).await;
    assert!(findings.iter().any(|finding| finding.topic == "upstream models: reply" && finding.verdict == Verdict::Ok), "{findings:?}");

    let file = folder.path().join("models.capture.json");
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(!written.contains(PROMPT) && !written.contains(&key));
    let capture = Capture::read(&file).unwrap();
    let [stream, plain] = &capture.exchanges[..] else { panic!("two exchanges") };
    let events: Vec<UpstreamEvent> = replay(&capture, stream).unwrap().map(Result::unwrap).collect().await;
    let told: String =
        events.iter().filter_map(|event| if let UpstreamEvent::Delta(text) = event { Some(text.as_str()) } else { None }).collect();
    assert_eq!(events.last(), Some(&UpstreamEvent::Complete(None)));
    let whole: Vec<UpstreamEvent> = replay(&capture, plain).unwrap().map(Result::unwrap).collect().await;
    assert_eq!(whole, [UpstreamEvent::Complete(Some(told))]);
}
