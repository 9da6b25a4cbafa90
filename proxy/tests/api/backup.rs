use super::chat::{conversation, hear, history, say};
use super::helpers::TestApp;
use std::path::Path;
use std::process::{Command, Output};
use twinchat_emulator::Rule;
use twinchat_emulator::faults::Fault;
use twinchat_proxy::clock::Clock;

/// Runs a command of the binary on the app's database, as an owner would beside the running server.
async fn run(app: &TestApp, arguments: &[&str]) -> Output {
    let settings = app.folder.path().join("owner.toml");
    let text = "[[upstream]]\nname = \"main\"\nkind = \"twinexpert\"\norigin = \"https://api.twinexpert.com\"\nkey_env = \"KEY\"\n\
                [server]\nallowed_origins = [\"https://www.example.com\"]\n";
    std::fs::write(&settings, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_twinchat-proxy"));
    command.args(arguments).arg("--config").arg(&settings).env("KEY", "tk_canary").env_remove("RUST_LOG");
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions()) & 0o777
}

#[cfg(unix)]
#[tokio::test]
async fn a_backup_made_while_a_reply_is_written_is_a_whole_database_and_can_be_put_in_place() {
    let app = TestApp::start().await;
    let mut ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    hear(&app, &ann, &chat, "Xin chào").await;
    let before = history(&app, &ann, &chat).await;
    app.emulator.fault(Rule::once(Fault::Stall { after_bytes: 1000, millis: None }, "*/stream"));
    let mut reply = say(&app, &ann, &chat, "Còn nữa").await;
    reply.until("delta").await;

    let target = app.folder.path().join("copy.db");
    let copy = target.to_str().unwrap();
    let output = run(&app, &["backup", copy]).await;
    assert!(output.status.success() && said(&output).contains("keep it secret"), "{}", said(&output));
    assert_eq!(mode(&target), 0o600);
    let bytes = std::fs::read(&target).unwrap();
    let output = run(&app, &["backup", copy]).await;
    assert!(!output.status.success() && said(&output).contains("is not overwritten"), "{}", said(&output));
    assert_eq!(std::fs::read(&target).unwrap(), bytes);
    let names = std::fs::read_dir(app.folder.path()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    assert!(names.into_iter().all(|name| !name.ends_with(".part")), "nothing unfinished is left");
    app.emulator.release();
    reply.rest().await;

    // As docs/deploying.md says: stop, put the copy in place, remove the log beside it, start.
    let database = app.folder.path().join("twinchat.db");
    let app = app
        .restart_after(|| {
            std::fs::copy(&target, &database).unwrap();
            for end in ["-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{}{end}", database.display()));
            }
        })
        .await;
    let restored = history(&app, &ann, &chat).await;
    assert_eq!(restored[..2], before[..], "the token is good too: the key that signs came along");
    assert_eq!((restored.len(), restored[3]["status"].as_str()), (4, Some("interrupted")));
    ann.renew(&app).await;
    hear(&app, &ann, &chat, "Lại nào").await;
}

#[tokio::test]
async fn a_backup_of_nothing_is_refused() {
    let app = TestApp::start().await;
    std::fs::write(app.folder.path().join("other.toml"), "").unwrap();
    let missing = app.folder.path().join("missing.db");
    let error = twinchat_proxy::store::backup(&missing, &app.folder.path().join("copy.db")).await.unwrap_err();
    assert!(error.to_string().contains("there is no database") && !missing.exists(), "{error}");
}

#[tokio::test]
async fn purge_says_what_it_would_erase_and_then_erases_it_beside_the_running_server() {
    let app = TestApp::start().await;
    let ann = app.visitor().await;
    let chat = conversation(&app, &ann).await;
    hear(&app, &ann, &chat, "Xin chào").await;
    // The conversation is of the emulated clock's day; the command has the machine's.
    assert!(app.clock.now_millis() + 86_400_000 < twinchat_proxy::clock::SystemClock.now_millis());
    let output = run(&app, &["purge"]).await;
    assert!(output.status.success() && said(&output).contains("kept for ever"), "{}", said(&output));
    let output = run(&app, &["purge", "--older-than", "1", "--dry-run"]).await;
    assert!(said(&output).contains("would be erased: 1 conversation(s), 1 visitor(s)"), "{}", said(&output));
    assert_eq!(history(&app, &ann, &chat).await.len(), 2);
    let output = run(&app, &["purge", "--older-than", "1"]).await;
    assert!(said(&output).contains("erased: 1 conversation(s), 1 visitor(s)"), "{}", said(&output));
    assert_eq!(ann.get(&app, "/api/v1/conversations").await["meta"]["total"], 0);
}
