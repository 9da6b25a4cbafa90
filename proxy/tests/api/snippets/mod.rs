//! `docs/identity.md`: its programs are taken out of it and run, and what they print is exchanged.
//!
//! A language whose runtime is not here is skipped, and said to be.

use crate::helpers::{SITE, TestApp, body, text, write};
use crate::issuer::{ISSUER, SECRET, exchange};
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use twinchat_proxy::clock::{Clock, SystemClock};
use twinchat_proxy::token::{Minting, Scope};

// As it stands in the document; a test compares them.
#[expect(clippy::disallowed_methods, unreachable_pub, reason = "a site's program reads its machine's clock and stands alone")]
mod rust;

const DOCUMENT: &str = include_str!("../../../../docs/identity.md");
/// A user's id that a careless program would break.
const USER: &str = "ngọc \"O'Hara\" \\ 42";

/// The program under this heading.
fn program(heading: &str) -> String {
    let (_, section) = DOCUMENT.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no {heading}"));
    let (_, code) = section.split_once("\n```").unwrap();
    let (_language, code) = code.split_once('\n').unwrap();
    code.split_once("\n```\n").unwrap().0.to_owned() + "\n"
}

/// A proxy with the settings that the document gives, and with tokens good once, which needs most of a program.
async fn proxy() -> TestApp {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "secret", SECRET);
    let (_, rest) = DOCUMENT.split_once("```toml\n").unwrap();
    let settings = rest.split_once("```").unwrap().0.replace("secret_env = \"TWINCHAT_IDENTITY_SECRET\"", "secret_file = \"secret\"");
    let settings = format!("{settings}audience = \"https://chat.example.com\"\none_time = true\n");
    let app = TestApp::in_folder(&settings, folder).await;
    // The programs read the machine's clock.
    app.clock.advance_seconds(SystemClock.now_seconds() - app.now());
    app
}

/// What the command prints; none when it is not installed.
async fn printed(program: &'static str, arguments: &[&str], folder: &Path) -> Option<String> {
    let scratch = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let mut command = Command::new(program);
    command.args(arguments).arg(USER).current_dir(folder).env("TWINCHAT_IDENTITY_SECRET", SECRET);
    command.env("GOCACHE", scratch.join("go-cache")).env("GOPATH", scratch.join("go")).env("GO111MODULE", "off");
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    match output {
        Ok(output) => {
            assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
            Some(String::from_utf8(output.stdout).unwrap().trim_end().to_owned())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            // Past the capturing of tests' output, so that it is seen.
            let mut seen = std::io::stderr();
            writeln!(seen, "SKIPPED: docs/identity.md for {program}, which is not installed").unwrap();
            None
        }
        Err(error) => panic!("{program}: {error}"),
    }
}

/// The visitor that the user is.
fn user(app: &TestApp) -> String {
    let minting = Minting { issuer: Some(ISSUER), sub: USER, origin: None, scope: Scope::FullAccess, lifetime: 60 };
    app.app.tokens().mint(&minting).visitor_id.to_string()
}

/// The token is accepted, and for the user it was asked for.
async fn check(app: &TestApp, token: &str) {
    let answer = exchange(app, token, None).await;
    let status = answer.status();
    let answer = body(answer).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(text(&answer, "visitor_id"), user(app));
    let again = body(exchange(app, token, None).await).await;
    assert!(text(&again, "error_description").contains("used before"));
}

/// Runs a language's program, with a line behind it that calls it, twice.
async fn check_language(heading: &str, file: (&str, &str), command: (&'static str, &[&str])) {
    let app = proxy().await;
    let (name, call) = file;
    write(app.folder.path(), name, program(heading) + call);
    for _ in 0..2 {
        let Some(token) = printed(command.0, command.1, app.folder.path()).await else { return };
        check(&app, &token).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_for_node_makes_tokens_that_are_accepted() {
    check_language("### Node", ("token.mjs", "console.log(identityToken(process.argv[2]));\n"), ("node", &["token.mjs"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_for_python_makes_tokens_that_are_accepted() {
    check_language("### Python", ("token_for.py", "\nimport sys\nprint(identity_token(sys.argv[1]))\n"), ("python3", &["token_for.py"]))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_for_php_makes_tokens_that_are_accepted() {
    check_language("### PHP", ("token.php", "echo identity_token($argv[1]);\n"), ("php", &["token.php"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_for_ruby_makes_tokens_that_are_accepted() {
    check_language("### Ruby", ("token.rb", "puts identity_token(ARGV[0])\n"), ("ruby", &["token.rb"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_for_go_makes_tokens_that_are_accepted() {
    let call = "\nfunc main() {\n\ttoken, err := identityToken(os.Args[1])\n\tif err != nil {\n\t\tpanic(err)\n\t}\n\tprintLine(token)\n}\n\nfunc printLine(text string) { os.Stdout.WriteString(text + \"\\n\") }\n";
    check_language("### Go", ("token.go", call), ("go", &["run", "token.go"])).await;
}

#[tokio::test]
async fn the_program_for_rust_makes_tokens_that_are_accepted() {
    assert_eq!(program("### Rust"), include_str!("rust.rs"), "the document and the program that is tested are the same");
    let app = proxy().await;
    check(&app, &rust::identity_token(USER, SECRET).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_signs_in_and_calls_with_a_key_that_it_cannot_read() {
    let app = proxy().await;
    let page = program("## The page").replace("https://chat.example.com", &app.url);
    write(app.folder.path(), "token.mjs", program("### Node"));
    write(app.folder.path(), "page.mjs", page);
    // Node is no page: it has no origin and no server of its own.
    let driver = format!(
        "import {{ identityToken }} from './token.mjs';\n\
         import {{ newKey, signIn, call }} from './page.mjs';\n\
         const real = globalThis.fetch;\n\
         globalThis.fetch = async (url, init) => {{\n\
           if (url === '/chat-identity') return new Response(identityToken(process.argv[2]));\n\
           return real(url, {{ ...init, headers: {{ ...init.headers, Origin: '{SITE}' }} }});\n\
         }};\n\
         const key = await newKey();\n\
         const signedIn = await signIn(key);\n\
         const twins = await (await call(key, signedIn.access_token, 'GET', '/twins?limit=1')).json();\n\
         const made = await (await call(key, signedIn.access_token, 'POST', '/conversations', {{ twinId: twins.data[0].id }})).json();\n\
         const linked = await (await call(key, signedIn.access_token, 'POST', '/visitor/link')).json();\n\
         console.log(JSON.stringify({{ ...signedIn, extractable: key.privateKey.extractable, made, linked }}));\n"
    );
    write(app.folder.path(), "driver.mjs", driver);
    let Some(printed) = printed("node", &["driver.mjs"], app.folder.path()).await else { return };
    let printed: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((&printed["token_type"], &printed["extractable"]), (&Value::from("DPoP"), &Value::from(false)));
    assert_eq!(text(&printed, "visitor_id"), user(&app));
    assert_eq!((&printed["made"]["success"], &printed["linked"]["data"]["moved"]), (&Value::from(true), &Value::from(0)), "{printed}");
}
