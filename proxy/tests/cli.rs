//! The binary as an owner runs it.
#![cfg(unix)]

use serde_json::json;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use twinchat_emulator::{Emulator, Options};

fn command(arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_twinchat-proxy"));
    command.args(arguments).current_dir(folder).env_remove("RUST_LOG").env_remove("TWINCHAT_CONFIG");
    command
}

fn run(arguments: &[&str], folder: &Path) -> (bool, String, String) {
    let Output { status, stdout, stderr } = command(arguments, folder).env("KEY", "tk_canary").output().unwrap();
    (status.success(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn settings(origin: &str) -> String {
    format!(
        "[[upstream]]\nname = \"main\"\nkind = \"twinexpert\"\norigin = \"{origin}\"\nkey_env = \"KEY\"\n\
         [server]\nlisten = \"127.0.0.1:0\"\nallowed_origins = [\"https://www.example.com\"]\n"
    )
}

#[test]
fn check_config_says_good_or_what_to_change() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("twinchat.toml");
    let (good, _, error) = run(&["check-config"], folder.path());
    assert!(!good && error.contains("twinchat.toml: cannot be read"), "{error}");
    std::fs::write(&file, settings("https://api.twinexpert.com")).unwrap();
    let (good, says, error) = run(&["check-config"], folder.path());
    assert!(good && says.contains("twinchat.toml: good"), "{says}{error}");
    std::fs::write(&file, settings("https://api.twinexpert.com") + "colour = 1\n").unwrap();
    let (good, _, error) = run(&["check-config", "--config", "twinchat.toml"], folder.path());
    assert!(!good && error.contains("twinchat.toml:9: unknown field `colour`"), "{error}");
    assert!(!error.contains("canary"));
    std::fs::write(&file, settings("http://api.twinexpert.com") + "colour = \"tk_canary\"\n[tokens]\nlifetime_seconds = 1\n").unwrap();
    let (good, _, error) = run(&["check-config"], folder.path());
    assert!(!good && error.lines().count() == 4 && error.contains("3 mistakes to correct in twinchat.toml"), "{error}");
    let (good, says, _) = run(&["check-config", "--json"], folder.path());
    let says: serde_json::Value = serde_json::from_str(&says).unwrap();
    let places: Vec<_> = says["problems"].as_array().unwrap().iter().map(|at| (at["line"].as_u64(), at["field"].as_str())).collect();
    let expected = [(Some(4), Some("upstream.origin")), (Some(9), Some("server.colour")), (Some(11), Some("tokens.lifetime_seconds"))];
    assert!(!good && says["good"] == false && places == expected, "{says}");
    assert!(!format!("{says}{error}").contains("canary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_what_it_found_and_fails_when_something_does_not_work() {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("twinchat.toml"), settings(&emulator.origin())).unwrap();
    let doctor = |key: &str, arguments: &[&str]| {
        let arguments = [&["doctor"], arguments].concat();
        let output = command(&arguments, folder.path()).env("KEY", key).output();
        async move {
            let output = output.unwrap();
            (output.status.code(), String::from_utf8(output.stdout).unwrap())
        }
    };
    let (code, says) = tokio::task::block_in_place(|| doctor(emulator.key(), &[])).await;
    assert!(code == Some(0) && says.contains("ok       upstream main: key: accepted") && says.contains("0 failed"), "{says}");
    let (code, says) = tokio::task::block_in_place(|| doctor("tk_canary", &["--json"])).await;
    let said: serde_json::Value = serde_json::from_str(&says).unwrap();
    assert_eq!((code, said["verdict"].as_str()), (Some(1), Some("failed")), "{says}");
    assert!(
        said["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|finding| finding["topic"] == "upstream main: key" && finding["advice"].is_string())
    );
    assert!(!says.contains("canary"));
}

#[test]
fn config_help_is_a_settings_file() {
    let folder = tempfile::tempdir().unwrap();
    let (good, help, _) = run(&["config-help"], folder.path());
    assert!(good && help.contains("[[upstream]]") && help.contains("# lifetime_seconds = 600"));
}

#[test]
fn an_occupied_address_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    std::fs::write(folder.path().join("twinchat.toml"), settings("https://api.twinexpert.com").replace("127.0.0.1:0", &address)).unwrap();
    let (good, _, error) = run(&["serve"], folder.path());
    assert!(!good && error.contains(&format!("server.listen {address}")), "{error}");
}

/// Each line is an object with the members that docs/deploying.md names; gives those that end a request.
fn requests_in(log: &str) -> Vec<serde_json::Value> {
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    for line in &lines {
        assert!(["timestamp", "level", "target"].iter().all(|member| line[*member].is_string()), "{line}");
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'), "{line}");
    }
    lines.into_iter().filter(|line| line["message"] == "answered").collect()
}

/// Reads the log until the server says where it listens.
fn address(child: &mut Child) -> (String, BufReader<std::process::ChildStderr>, String) {
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut read = String::new();
    loop {
        let mut line = String::new();
        assert!(log.read_line(&mut line).unwrap() > 0, "ended early: {read}");
        read.push_str(&line);
        if let Some((_, rest)) = line.split_once("listening on ") {
            return (rest.split(',').next().unwrap().to_owned(), log, read);
        }
    }
}

#[tokio::test]
async fn a_running_server_logs_no_key_and_no_token_and_ends_when_told() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("twinchat.toml"), settings(&emulator.origin())).unwrap();
    let mut child = command(&["serve", "--log", "json"], folder.path())
        .env("KEY", emulator.key())
        .env("RUST_LOG", "trace")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (address, mut log, mut read) = address(&mut child);
    let rest = std::thread::spawn(move || {
        let mut text = String::new();
        log.read_to_string(&mut text).unwrap();
        text
    });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let form = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=new\
                &subject_token_type=urn:twinchat:params:oauth:token-type:visitor-secret";
    let request =
        client.post(format!("http://{address}/oauth/token")).header("x-twinchat", "1").header("origin", "https://www.example.com");
    let answer = request.header("content-type", "application/x-www-form-urlencoded").body(form).send().await.unwrap();
    let answer: serde_json::Value = answer.json().await.unwrap();
    let secret_of = |member: &str| answer[member].as_str().unwrap().to_owned();
    let twins = client.get(format!("http://{address}/api/v1/twins")).bearer_auth(secret_of("access_token")).send().await.unwrap();
    assert_eq!(twins.status(), 200);
    let request_id = twins.headers()["x-request-id"].to_str().unwrap().to_owned();
    assert!(twins.text().await.unwrap().contains("\"name\""));

    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
    read.push_str(&rest.join().unwrap());
    assert!(read.contains("told to stop") && read.contains("\"route\":\"/api/v1/twins\""), "{read}");
    let requests = requests_in(&read);
    let of_twins = requests.iter().find(|line| line["span"]["route"] == "/api/v1/twins").unwrap();
    assert_eq!(
        (&of_twins["span"]["method"], &of_twins["status"], &of_twins["span"]["id"]),
        (&json!("GET"), &json!(200), &json!(request_id))
    );
    assert!(of_twins["milliseconds"].is_number() && of_twins["level"] == "INFO");
    for secret in [emulator.key().to_owned(), secret_of("access_token"), secret_of("visitor_secret"), secret_of("visitor_id")] {
        assert!(!read.contains(&secret), "{secret} is in the log");
    }
}

const IDENTITY: &str = "[[identity]]\nissuer = \"https://www.example.com\"\nalgorithm = \"HS256\"\nsecret_env = \"IDENTITY_SECRET\"\n";

/// What `token` prints with these settings and arguments: the token, and the rest.
fn token(folder: &Path, more: &str, arguments: &[&str]) -> (bool, String, String) {
    let text = format!("{}public_urls = [\"http://127.0.0.1:8787\"]\n{more}", settings("https://api.twinexpert.com"));
    std::fs::write(folder.join("twinchat.toml"), text).unwrap();
    let output = command(&[&["token"], arguments].concat(), folder)
        .env("KEY", "tk_canary")
        .env("IDENTITY_SECRET", "canary ".repeat(7))
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn claims(token: &str) -> serde_json::Value {
    use base64::Engine;
    let part = token.trim_end().split('.').nth(1).unwrap_or_else(|| panic!("no token: {token}"));
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[test]
fn token_prints_a_token_for_the_users_of_an_issuer_and_for_nobodys() {
    let folder = tempfile::tempdir().unwrap();
    let (good, nobodys, hint) = token(folder.path(), "", &["--sub", "alice"]);
    assert!(good && nobodys.ends_with('\n') && nobodys.lines().count() == 1, "{nobodys}{hint}");
    assert!(
        hint.contains("curl http://127.0.0.1:8787/api/v1/twins") && hint.contains("no [[identity]]") && !hint.contains(nobodys.trim()),
        "{hint}"
    );
    let (_, again, _) = token(folder.path(), "", &["--sub", "alice"]);
    let (_, alice, _) = token(folder.path(), IDENTITY, &["--sub", "alice", "--scope", "read_only", "--lifetime", "61"]);
    let (nobodys, again, alice) = (claims(&nobodys), claims(&again), claims(&alice));
    assert_eq!(nobodys["sub"], again["sub"]);
    assert_ne!(nobodys["sub"], alice["sub"]);
    assert_eq!((&alice["scope"], alice["exp"].as_i64().unwrap() - alice["iat"].as_i64().unwrap()), (&"read_only".into(), 61));
    let (_, narrow, _) = token(folder.path(), "", &["--sub", "alice", "--origin", "https://WWW.example.com"]);
    assert_eq!(claims(&narrow)["aud"], serde_json::json!(["http://127.0.0.1:8787", "https://www.example.com"]));
    let (good, json, _) = token(folder.path(), IDENTITY, &["--sub", "alice", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(good && json["visitor_id"] == alice["sub"] && json["token_type"] == "Bearer" && json["expires_in"] == 600, "{json}");
}

#[test]
fn token_prints_an_identity_token_as_the_site_would_make_it() {
    let folder = tempfile::tempdir().unwrap();
    let (good, printed, hint) = token(folder.path(), IDENTITY, &["--sub", "alice", "--identity"]);
    let claims = claims(&printed);
    assert!(
        good && claims["iss"] == "https://www.example.com" && claims["aud"] == "http://127.0.0.1:8787" && claims["sub"] == "alice",
        "{claims}"
    );
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);
    assert!(hint.contains("/oauth/token") && !hint.contains("canary"), "{hint}");
    assert!(!folder.path().join("twinchat.db").exists(), "the store is not needed for it");
}

#[test]
fn token_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let public = "[[identity]]\nissuer = \"idp\"\nalgorithm = \"ES256\"\njwks_url = \"https://idp.example/jwks.json\"\n";
    let both = format!("{IDENTITY}{public}");
    for (more, arguments, says) in [
        ("", &[][..], "--sub"),
        ("", &["--sub", ""], "1 to 255 bytes"),
        ("", &["--sub", "alice", "--identity"], "add a section [[identity]]"),
        ("", &["--sub", "alice", "--issuer", "x"], "no section [[identity]]"),
        ("", &["--sub", "alice", "--scope", "all"], "read_only, full_access"),
        ("", &["--sub", "alice", "--lifetime", "601"], "longer than tokens.lifetime_seconds, which is 600"),
        ("", &["--sub", "alice", "--lifetime", "0"], "0 is not in"),
        ("[tokens]\nbearer = false\n", &["--sub", "alice"], "tokens.bearer is false"),
        ("", &["--sub", "alice", "--origin", "https://elsewhere.example"], "is not in server.allowed_origins"),
        ("", &["--sub", "alice", "--origin", "www.example.com"], "begin with https://"),
        (IDENTITY, &["--sub", "alice", "--issuer", "x"], "the settings have: https://www.example.com"),
        (IDENTITY, &["--sub", "alice", "--identity", "--lifetime", "601"], "longer than the issuer's max_lifetime_seconds"),
        (&both, &["--sub", "alice"], "Give --issuer with one of: https://www.example.com, idp"),
        (&both, &["--sub", "alice", "--issuer", "idp", "--identity"], "the private key of idp (ES256) is not here"),
    ] {
        let (good, printed, error) = token(folder.path(), more, arguments);
        assert!(!good && printed.is_empty() && error.contains(says), "{arguments:?}: {printed}{error}");
        assert!(!error.contains("canary"), "{error}");
    }
    std::fs::write(folder.path().join("twinchat.toml"), settings("https://api.twinexpert.com")).unwrap();
    let (good, _, error) = run(&["token", "--sub", "alice"], folder.path());
    assert!(!good && error.contains("set server.public_urls"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_made_beside_the_running_server_are_good_there() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{}public_urls = [\"https://chat.example.com\"]\n{IDENTITY}", settings(&emulator.origin()));
    std::fs::write(folder.path().join("twinchat.toml"), text).unwrap();
    let secrets = [("KEY", emulator.key().to_owned()), ("IDENTITY_SECRET", "canary ".repeat(7))];
    let mut child = command(&["serve"], folder.path()).envs(secrets.clone()).stderr(Stdio::piped()).spawn().unwrap();
    let (address, log, _) = address(&mut child);
    std::thread::spawn(move || log.bytes().count());
    let printed = |arguments: &[&str]| {
        let output = command(&[&["token", "--sub", "alice"], arguments].concat(), folder.path()).envs(secrets.clone()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    };
    let (access, identity) = (printed(&[]), printed(&["--identity"]));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let twins = client.get(format!("http://{address}/api/v1/twins")).bearer_auth(&access).send().await.unwrap();
    assert_eq!(twins.status(), 200);
    let form = format!(
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token_type=urn:ietf:params:oauth:token-type:jwt&subject_token={identity}"
    );
    let request =
        client.post(format!("http://{address}/oauth/token")).header("x-twinchat", "1").header("origin", "https://www.example.com");
    let answer = request.header("content-type", "application/x-www-form-urlencoded").body(form).send().await.unwrap();
    let answer: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(answer["visitor_id"], claims(&access)["sub"], "{answer}: the same user either way");
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
}
