//! The program itself, with everything logged that its crates can log.

use super::forms::{Secret, assert_absent};
use super::upstream::{ALL, Upstream};
use super::visit::Visit;
use super::{KEY, never_logged, settings, signing_key};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

fn command(arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_twinchat-proxy"));
    command.args(arguments).current_dir(folder).env_remove("TWINCHAT_CONFIG").env("KEY", KEY).env("RUST_LOG", "trace");
    command
}

/// Where the server says that it listens, and all it says until the end.
fn listening(child: &mut Child) -> (String, std::thread::JoinHandle<String>) {
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut read = String::new();
    loop {
        let mut line = String::new();
        assert!(log.read_line(&mut line).unwrap() > 0, "ended early: {read}");
        read.push_str(&line);
        if let Some((_, rest)) = line.split_once("listening on ") {
            let address = rest.split(',').next().unwrap().to_owned();
            let rest = std::thread::spawn(move || {
                log.read_to_string(&mut read).unwrap();
                read
            });
            return (address, rest);
        }
    }
}

#[tokio::test]
async fn the_program_logs_no_secret_whatever_the_upstream_does() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let upstream = Upstream::start().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("twinchat.toml"), settings(&upstream.origin, "listen = \"127.0.0.1:0\"")).unwrap();
    let mut child = command(&["serve", "--log", "json"], folder.path()).stderr(Stdio::piped()).spawn().unwrap();
    let (address, rest) = listening(&mut child);
    let mut visit = Visit::begin(&format!("http://{address}")).await;
    for way in ALL {
        upstream.behave(*way);
        visit.everything(*way).await;
    }
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
    let log = rest.join().unwrap();
    assert!(log.contains("\"level\":\"TRACE\"") && log.contains("\"level\":\"ERROR\""), "all of it is logged");
    assert_absent("the program's log", log.as_bytes(), &never_logged(&visit));
    assert_absent("the program's log", log.as_bytes(), &[signing_key(folder.path()).await]);
}

#[test]
fn a_key_in_the_wrong_place_of_the_settings_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let good = settings("https://api.twinexpert.com", "listen = \"127.0.0.1:0\"");
    let wrong = [
        good.replace("key_env = \"KEY\"", &format!("key = \"{KEY}\"")),
        good.replace("key_env = \"KEY\"", &format!("key_env = \"{KEY}\"")),
        good.replace("key_env = \"KEY\"", &format!("key_env = \"KEY\"\nkey_file = \"{KEY}\"")),
        good.replace("key_env = \"KEY\"", &format!("key_env = [\"{KEY}\"]")),
        good.replace("key_env = \"KEY\"", &format!("key_env = {KEY}")),
        good.replace("key_env = \"KEY\"", &format!("key_env = \"{KEY}")),
        good.replace("https://api.twinexpert.com", &format!("https://key:{KEY}@api.twinexpert.com")),
        good.replace("https://api.twinexpert.com", &format!("https://api.twinexpert.com/?key={KEY}")),
        good.replace("kind = \"twinexpert\"", &format!("kind = \"{KEY}\"")),
        good.replace("name = \"main\"", &format!("name = \"{KEY}\"")),
        format!("{good}\n[tokens]\nlifetime_seconds = \"{KEY}\"\n"),
        format!("{good}\n[tokens]\nsigning_key = \"{KEY}\"\n"),
    ];
    for text in wrong {
        std::fs::write(folder.path().join("twinchat.toml"), &text).unwrap();
        for arguments in [&["check-config"][..], &["check-config", "--json"], &["serve"]] {
            let output = command(arguments, folder.path()).env_remove("KEY").output().unwrap();
            assert!(!output.status.success(), "{text}");
            let said = [output.stdout, output.stderr].concat();
            assert!(said.len() > 20);
            assert_absent(&text, &said, &[Secret::of("the key", KEY)]);
        }
    }
}
