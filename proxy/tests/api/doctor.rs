use super::helpers::{KAMIMIND, START_MILLIS, TestApp};
use futures_util::StreamExt;
use std::path::Path;
use std::sync::Arc;
use twinchat_emulator::faults::{ErrorStyle, Fault};
use twinchat_emulator::{Emulator, Options, Rule, StreamFormat, TeamsWord};
use twinchat_proxy::clock::{Clock, Dice, LoadedDice, ManualClock, SystemClock};
use twinchat_proxy::config::Config;
use twinchat_proxy::doctor::{Finding, Trial, Verdict, examine};
use twinchat_proxy::upstream::UpstreamEvent;
use twinchat_proxy::upstream::capture::Capture;
use twinchat_proxy::upstream::replay;

async fn look(origin: &str, key: &str, folder: &Path, trial: &Trial) -> Vec<Finding> {
    look_at(Arc::new(SystemClock), &settings(origin), key, folder, trial).await
}

fn settings(origin: &str) -> String {
    format!("[[upstream]]\nname = \"main\"\nkind = \"twinexpert\"\norigin = \"{origin}\"\nkey_env = \"KEY\"\n[server]\n")
}

async fn look_at(clock: Arc<dyn Clock>, settings: &str, key: &str, folder: &Path, trial: &Trial) -> Vec<Finding> {
    let config = Config::read(&folder.join("twinchat.toml"), settings, &|_| Some(key.to_owned())).unwrap();
    let dice: Arc<dyn Dice> = Arc::new(LoadedDice::seeded(1));
    examine(&config, &clock, &dice, trial).await
}

fn of<'a>(findings: &'a [Finding], topic: &str) -> &'a Finding {
    findings.iter().find(|finding| finding.topic == topic).unwrap_or_else(|| panic!("{topic} in {findings:?}"))
}

#[tokio::test]
async fn a_good_account_is_found_good_without_costing_it_a_conversation() {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let findings = look(&emulator.origin(), emulator.key(), folder.path(), &Trial::default()).await;
    for (topic, seen) in [
        ("upstream main: host", "nowhere else"),
        ("upstream main: address", "127.0.0.1"),
        ("upstream main: key", "accepted (200 OK)"),
        ("upstream main: latency", "ms"),
        ("upstream main: clock", "the same"),
        ("upstream main: limits", "499 of 500 requests left"),
        ("upstream main: twins", emulator.twins()[0].name.as_str()),
        ("store", "made at the first start"),
        ("disk", "MiB free"),
    ] {
        let finding = of(&findings, topic);
        assert!(finding.verdict == Verdict::Ok && finding.seen.contains(seen), "{finding:?}");
    }
    assert_eq!(of(&findings, "upstream main: reply").verdict, Verdict::Skipped);
    assert_eq!(of(&findings, "widget files").verdict, Verdict::Warning);
    assert_eq!(emulator.log().iter().map(|entry| entry.method.as_str()).collect::<Vec<_>>(), ["GET"]);
    assert!(!format!("{findings:?}").contains(emulator.key()));
    assert!(!folder.path().join("twinchat.db").exists(), "looking makes nothing");
}

#[tokio::test]
async fn what_is_wrong_with_an_account_is_said_with_what_to_do() {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let send = Trial { message: Some("Xin chào".to_owned()), ..Trial::default() };
    let findings = look(&emulator.origin(), emulator.key(), folder.path(), &send).await;
    assert_eq!(of(&findings, "upstream main: reply").verdict, Verdict::Ok, "{findings:?}");

    let findings = look(&emulator.origin(), emulator.read_only_key(), folder.path(), &send).await;
    assert_eq!(of(&findings, "upstream main: key").verdict, Verdict::Ok, "reading is allowed");
    let reply = of(&findings, "upstream main: reply");
    assert!(reply.verdict == Verdict::Failed && reply.advice.as_deref().unwrap().contains("read-only"), "{reply:?}");

    let canary = emulator.key().chars().rev().collect::<String>();
    let findings = look(&emulator.origin(), &canary, folder.path(), &send).await;
    let key = of(&findings, "upstream main: key");
    assert!(key.verdict == Verdict::Failed && key.advice.as_deref().unwrap().contains("check the key"), "{key:?}");
    assert!(!format!("{findings:?}").contains(&canary));

    emulator.fault(Rule::once(Fault::ServerError { status: 502, body: ErrorStyle::Html }, "*/twins*"));
    let findings = look(&emulator.origin(), emulator.key(), folder.path(), &Trial::default()).await;
    assert_eq!(of(&findings, "upstream main: key").verdict, Verdict::Failed);

    let late: Arc<dyn Clock> = Arc::new(ManualClock::at_millis(START_MILLIS));
    let findings = look_at(late, &settings(&emulator.origin()), emulator.key(), folder.path(), &Trial::default()).await;
    let clock = of(&findings, "upstream main: clock");
    assert!(clock.verdict == Verdict::Warning && clock.advice.as_deref().unwrap().contains("NTP"), "{clock:?}");

    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let findings = look(&format!("http://{free}"), emulator.key(), folder.path(), &Trial::default()).await;
    assert_eq!(of(&findings, "upstream main: answer").verdict, Verdict::Failed);
}

#[tokio::test]
async fn this_machine_is_looked_at_too() {
    let app = TestApp::start().await;
    let settings = |assets: &str| {
        format!(
            "{}public_urls = [\"{}\", \"{}\"]\nassets = \"{assets}\"\n",
            settings(&app.emulator.origin()),
            app.url,
            app.emulator.origin()
        )
    };
    let folder = app.folder.path();
    for (name, content) in [("manifest.json", r#"{"files": [{"path": "twinchat.js"}]}"#), ("twinchat.js", "x")] {
        super::helpers::write(&folder.join("whole"), name, content);
    }
    super::helpers::write(&folder.join("half"), "manifest.json", r#"{"files": [{"path": "twinchat.js"}]}"#);
    let look = async |assets: &str| look_at(Arc::new(SystemClock), &settings(assets), app.emulator.key(), folder, &Trial::default()).await;
    let findings = look("whole").await;
    assert!(of(&findings, "store").seen.contains("0 conversations"));
    assert_eq!(of(&findings, "widget files").verdict, Verdict::Ok);
    assert_eq!(of(&findings, &format!("public address {}", app.url)).verdict, Verdict::Ok);
    let other = of(&findings, &format!("public address {}", app.emulator.origin()));
    assert!(other.verdict == Verdict::Warning && other.seen.contains("somebody else answers"), "{other:?}");
    let half = look("half").await;
    let files = of(&half, "widget files");
    assert!(files.verdict == Verdict::Failed && files.seen.ends_with("lacks twinchat.js"), "{files:?}");
    std::fs::write(folder.join("broken.db"), "no database").unwrap();
    let broken = settings("whole") + "[store]\npath = \"broken.db\"\n";
    let findings = look_at(Arc::new(SystemClock), &broken, app.emulator.key(), folder, &Trial::default()).await;
    assert_eq!(of(&findings, "store").verdict, Verdict::Failed, "{findings:?}");
}

#[tokio::test]
async fn a_recorded_conversation_holds_no_key_and_means_the_same_when_it_is_replayed() {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("captures");
    emulator.fault(Rule::once(Fault::SplitUtf8, "*/stream"));
    let trial = Trial { message: Some("Xin chào".to_owned()), capture: Some(target.clone()), twin: Some(emulator.twins()[1].id.clone()) };
    let findings = look(&emulator.origin(), emulator.key(), folder.path(), &trial).await;
    let reply = of(&findings, "upstream main: reply");
    assert!(reply.verdict == Verdict::Ok && reply.seen.contains("recorded into"), "{reply:?}");

    let path = target.join("main.capture.json");
    assert!(!std::fs::read_to_string(&path).unwrap().contains(emulator.key()));
    let capture = Capture::read(&path).unwrap();
    let [stream, plain] = &capture.exchanges[..] else { panic!("two exchanges") };
    assert_eq!((stream.path.as_str(), stream.status), ("/api/v1/conversations/{conversation}/messages/stream", 200));
    assert_eq!((plain.path.as_str(), plain.status), ("/api/v1/conversations/{conversation}/messages", 201));
    assert_eq!(stream.header("content-type").map(|kind| kind.split(';').next().unwrap()), Some("text/event-stream"));
    let events: Vec<UpstreamEvent> = replay(&capture, stream).unwrap().map(Result::unwrap).collect().await;
    let told: String =
        events.iter().filter_map(|event| if let UpstreamEvent::Delta(text) = event { Some(text.as_str()) } else { None }).collect();
    assert_eq!(events.last(), Some(&UpstreamEvent::Complete(Some(told.clone()))));
    assert!(!told.is_empty() && !told.contains('\u{fffd}'));
    let whole: Vec<UpstreamEvent> = replay(&capture, plain).unwrap().map(Result::unwrap).collect().await;
    assert!(matches!(&whole[..], [UpstreamEvent::Complete(Some(text))] if !text.is_empty()));

    std::fs::write(&path, "{}").unwrap();
    assert!(Capture::read(&path).unwrap_err().to_string().contains("no capture"));
}

#[tokio::test]
async fn whether_a_conversation_can_be_read_back_is_looked_at_when_one_was_made() {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let trial = Trial { message: Some("Xin chào".to_owned()), ..Trial::default() };
    let findings = look(&emulator.origin(), emulator.key(), folder.path(), &trial).await;
    let history = of(&findings, "upstream main: history");
    assert!(history.verdict == Verdict::Ok && history.seen.contains("cannot be read back there, as documented"), "{history:?}");
}

#[tokio::test]
async fn threads_are_looked_at_without_a_word_in_them_and_other_ids_of_theirs_are_named() {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (id, other) = &emulator.teams_spellings()[0];
    for at in 0..20 {
        emulator.teams_say(&TeamsWord { conversation: id.clone(), text: format!("canary {at}"), ..TeamsWord::default() });
    }
    let settings = |aliases: &str| {
        format!(
            "[[upstream]]\nname = \"people\"\nkind = \"teams\"\norigin = \"{}/teams\"\nauth = \"none\"\n\
             [[upstream.twin]]\nid = \"a\"\nname = \"A\"\nrooms = [\"{id}\"]\n{aliases}[server]\n",
            emulator.origin()
        )
    };
    let trial = Trial { message: Some("Xin chào".to_owned()), ..Trial::default() };
    let look = async |aliases: &str| look_at(Arc::new(SystemClock), &settings(aliases), "", folder.path(), &trial).await;
    let findings = look("").await;
    let alias = format!("room_aliases = {{ \"{other}\" = \"{id}\" }}");
    let advises = |findings: &[Finding]| findings.iter().any(|found| found.advice.as_ref().is_some_and(|advice| advice.contains(&alias)));
    assert!(of(&findings, "upstream people: messages").seen.starts_with("20 looked at") && advises(&findings), "{findings:?}");
    assert_eq!(of(&findings, "upstream people: reply").verdict, Verdict::Skipped);
    assert!(of(&findings, "upstream people: key").seen.starts_with("none is sent"), "{findings:?}");
    assert!(!advises(&look(&format!("{alias}\n")).await));
    assert!(!format!("{findings:?}").contains("canary"));
    assert!(emulator.log().iter().all(|entry| entry.method == "GET"), "nothing is said");
}

#[tokio::test]
async fn a_kamimind_bot_is_recorded_without_its_story_and_each_format_plays_back() {
    for format in [StreamFormat::Sse, StreamFormat::Ndjson, StreamFormat::JsonArray, StreamFormat::Text, StreamFormat::Json] {
        let emulator = Emulator::start(Options { kamimind_stream: format, ..Options::default() }).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let text = format!("{}[server]\npublic_urls = [\"http://127.0.0.1:8787\"]\n", (KAMIMIND.sections)(&emulator, ""));
        let environment = |name: &str| (KAMIMIND.environment)(&emulator, name);
        let config = Config::read(&folder.path().join("twinchat.toml"), &text, &environment).unwrap();
        let target = folder.path().join("captures");
        let trial = Trial { message: Some("Xin chào".to_owned()), capture: Some(target.clone()), twin: None };
        let (clock, dice): (Arc<dyn Clock>, Arc<dyn Dice>) = (Arc::new(SystemClock), Arc::new(LoadedDice::seeded(1)));
        let findings = examine(&config, &clock, &dice, &trial).await;
        for topic in ["upstream bots: key", "upstream bots: twins", "upstream bots: reply"] {
            assert_eq!(of(&findings, topic).verdict, Verdict::Ok, "{findings:?}");
        }

        let path = target.join("bots.capture.json");
        let written = std::fs::read_to_string(&path).unwrap();
        for secret in [emulator.kamimind_token(), &emulator.kamimind_bots()[0].token] {
            assert!(!written.contains(secret), "{written}");
        }
        let capture = Capture::read(&path).unwrap();
        let [plain, streamed] = &capture.exchanges[..] else { panic!("two exchanges") };
        assert_eq!((&plain.body["story_id"], &streamed.body["story_id"]), (&"".into(), &"[key]".into()));
        let mut told = Vec::new();
        for exchange in [plain, streamed] {
            let events: Vec<UpstreamEvent> = replay(&capture, exchange).unwrap().map(Result::unwrap).collect().await;
            assert!(matches!(events.last(), Some(UpstreamEvent::Complete(_))), "{format:?}: {events:?}");
            told.push(format!("{events:?}"));
        }
        assert!(told.iter().all(|events| events.len() > 40), "{told:?}");
    }
}
