//! Whose things are whose cannot be forgotten: only the token room makes a `Subject`, no function of
//! the store reaches a visitor's things without one, and no SQL names a visitor's table without the
//! visitor. Read from the sources, so that new code is held to it without being named here.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Functions of `Store` that take no subject, and why none is needed.
const WITHOUT_SUBJECT: &[(&str, &str)] = &[
    ("open", "opens the file"),
    ("check", "writes the time of a check and nothing else"),
    ("close", "closes the file"),
    ("checkpoint", "each of the replies comes with its subject, and is looked for among that one's"),
    ("signing_key", "the server's own secret"),
    ("revoke_token", "a token's random name; whose it was is not known there"),
    ("revoked_tokens", "the same, all of them"),
    ("interrupt_unfinished", "once, before the first request: gives a number and nothing of anybody's"),
    ("revoked_visitors", "whose tokens are refused, read at the start; nothing else of theirs"),
    ("use_identity_token", "a hash that leads back to nobody"),
    ("ledger_secret", "the server's own secret"),
    ("ledger", "what was spent of an upstream key; not by whom"),
    ("change_ledger", "the same"),
    ("purge", "everybody's old things: gives numbers and nothing of anybody's"),
    ("would_purge", "the same, without erasing"),
    ("files_to_remove", "random names of contents that nobody needs any more"),
    ("files_removed", "the same"),
    ("files_needed", "random names, once, before the first request: what is not among them is removed"),
];

/// Functions with SQL that reaches a visitor's table and does not name the visitor, and why that is right.
const WITHOUT_VISITOR: &[(&str, &str)] = &[
    ("create_conversation", "makes the visitor's own row; `id` is the subject there"),
    ("interrupt_unfinished", "as above: every visitor's replies are ended, each under its visitor's name"),
    ("keep_key", "forgets keys of whoever that have expired"),
    ("revoked_visitors", "as above"),
    ("purge", "as above"),
    ("visitor_since", "the visitor's own row; `id` is the subject there"),
    ("link", "the rows of the two visitors themselves, and which became which"),
    ("rooms_taken", "which threads are lent, and until when; not to whom"),
    ("end_lease_in", "ends whoever's lease of a thread that is nobody's any more; forgets those that lead to nobody"),
    ("inspect", "how many conversations there are in all, for the owner's doctor"),
    ("erase_visitor", "likewise, once the visitor's conversations are gone"),
    ("files_needed", "as above"),
    ("expire_files", "everybody's old files are let go of: gives a number and nothing of anybody's"),
    ("expired_files", "the same, without letting go"),
];

fn rust_files(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "tests") {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && path.file_name().is_some_and(|name| name != "tests.rs") {
            let text = fs::read_to_string(&path).unwrap();
            let (text, _tests) = text.split_once("#[cfg(test)]\nmod tests {").unwrap_or((&text, ""));
            found.push((path.display().to_string(), text.to_owned()));
        }
    }
}

fn sources(folder: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut files);
    assert!(!files.is_empty());
    files
}

/// Without comments, since those may say anything.
fn code(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn nobody_but_the_token_room_says_that_a_visitor_is_proven() {
    let files = sources("src");
    let makers: Vec<&str> = files
        .iter()
        .filter(|(path, text)| !path.ends_with("src/subject.rs") && code(text).contains("proven("))
        .map(|(path, _)| path.as_str())
        .collect();
    assert_eq!(makers.len(), 1, "{makers:?}");
    assert!(makers[0].ends_with("src/token/mod.rs"));
}

#[test]
fn a_subject_has_one_private_maker_and_no_other_way_into_being() {
    let (_, text) = sources("src").into_iter().find(|(path, _)| path.ends_with("src/subject.rs")).unwrap();
    let text = code(&text);
    let makers: Vec<&str> = text.lines().map(str::trim).filter(|line| line.contains("fn ") && line.contains("-> Self")).collect();
    assert_eq!(makers, ["pub(crate) fn proven(id: VisitorId) -> Self {"]);
    assert!(text.contains("pub struct Subject(VisitorId);"), "its inside is private");
    for way in ["Deserialize", "Default", "FromRow", "FromStr", "impl From", "&mut self"] {
        assert!(!text.contains(way), "{way} would make one of anything");
    }
    let elsewhere = sources("src").into_iter().filter(|(path, _)| !path.ends_with("src/subject.rs"));
    for (path, text) in elsewhere {
        assert!(!code(&text).contains("for Subject "), "{path}: an impl for Subject stands where it is made");
    }
}

/// A function: its name, its signature and its body.
struct Function {
    name: String,
    is_public: bool,
    signature: String,
    body: String,
}

/// All functions of a formatted source: rustfmt puts the closing brace under the beginning.
fn functions(text: &str) -> Vec<Function> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        let Some((before, after)) = trimmed.split_once("fn ") else { continue };
        if !before.split(' ').all(|word| matches!(word, "" | "pub" | "async" | "const") || word.starts_with("pub(")) {
            continue;
        }
        let name = after.split(['(', '<']).next().unwrap().to_owned();
        let indent = line.len() - trimmed.len();
        let closes = |line: &&str| line.len() > indent && line[..indent].trim().is_empty() && line[indent..].starts_with('}');
        let end = at + lines[at..].iter().position(closes).unwrap_or_else(|| panic!("{name} has an end"));
        let whole = lines[at..=end].join("\n");
        let (signature, body) = whole.split_once(" {\n").unwrap_or((&whole, ""));
        found.push(Function { name, is_public: before.starts_with("pub "), signature: signature.to_owned(), body: body.to_owned() });
    }
    found
}

/// The parts of a source that stand in `impl Store { ... }`.
fn impls_of_store(text: &str) -> String {
    let mut all = String::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("\nimpl Store {\n") {
        let (body, after) = after.split_once("\n}\n").unwrap_or((after, ""));
        all.push_str(body);
        all.push('\n');
        rest = after;
    }
    all
}

#[test]
fn every_function_of_the_store_takes_a_subject_or_says_why_it_needs_none() {
    let mut seen = BTreeSet::new();
    let mut public = 0;
    for (path, text) in sources("src/store") {
        for function in functions(&impls_of_store(&code(&text))).into_iter().filter(|function| function.is_public) {
            public += 1;
            let excused = WITHOUT_SUBJECT.iter().any(|(name, _)| *name == function.name);
            let takes_one = function.signature.contains(": &Subject");
            assert!(
                takes_one != excused,
                "{path}: Store::{} {}",
                function.name,
                if excused { "takes a subject now: take it off the list" } else { "takes no &Subject" }
            );
            seen.insert(function.name);
        }
    }
    assert!(public > 15, "only {public} functions were found: this test reads wrongly");
    for (name, reason) in WITHOUT_SUBJECT {
        assert!(seen.contains(*name) && !reason.is_empty(), "Store::{name} is gone: take it off the list");
    }
}

/// The tables that hold visitors' things: those that name a visitor, or one of those.
fn visitor_tables() -> BTreeSet<String> {
    let mut schema = String::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite")).unwrap() {
        schema.push_str(&fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    let definitions: Vec<(String, String)> = schema
        .split("CREATE TABLE ")
        .skip(1)
        .map(|part| {
            let (head, _) = part.split_once("STRICT").unwrap_or((part, ""));
            (head.split([' ', '(']).next().unwrap().to_owned(), head.to_owned())
        })
        .collect();
    let mut tables = BTreeSet::from(["visitor".to_owned()]);
    loop {
        let before = tables.len();
        let of_visitors =
            |body: &str| body.contains("visitor_id") || tables.iter().any(|table| body.contains(&format!("REFERENCES {table} ")));
        let more: Vec<String> = definitions.iter().filter(|(_, body)| of_visitors(body)).map(|(name, _)| name.clone()).collect();
        tables.extend(more);
        if tables.len() == before {
            return tables;
        }
    }
}

/// The string literals of a piece of code.
fn literals(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(start) = rest.find('"') {
        let mut end = start + 1;
        while rest.as_bytes()[end] != b'"' {
            end += if rest.as_bytes()[end] == b'\\' { 2 } else { 1 };
        }
        found.push(rest[start + 1..end].to_owned());
        rest = &rest[end + 1..];
    }
    found
}

fn reaches(sql: &str, table: &str) -> bool {
    ["FROM", "JOIN", "INTO", "UPDATE"].iter().any(|word| {
        let needle = format!("{word} {table}");
        sql.match_indices(&needle).any(|(at, _)| !sql[at + needle.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
    })
}

#[test]
fn no_sql_reaches_a_visitors_table_without_the_visitor() {
    let tables = visitor_tables();
    for table in ["visitor", "conversation", "message", "idempotency", "upstream_conversation"] {
        assert!(tables.contains(table), "{table}: this test reads the migrations wrongly");
    }
    let (mut statements, mut excused) = (0, BTreeSet::new());
    for (path, text) in sources("src/store") {
        for function in functions(&code(&text)) {
            for sql in literals(&function.body) {
                let Some(table) = tables.iter().find(|table| reaches(&sql, table)) else { continue };
                statements += 1;
                if sql.contains("visitor_id =") || (sql.starts_with("INSERT INTO") && sql.contains("visitor_id,")) {
                    continue;
                }
                let reason = WITHOUT_VISITOR.iter().find(|(name, _)| *name == function.name);
                assert!(reason.is_some(), "{path}: {} reaches {table} without `visitor_id = ?`: {sql}", function.name);
                excused.insert(function.name.clone());
            }
        }
    }
    assert!(statements > 20, "only {statements} statements were found: this test reads wrongly");
    for (name, reason) in WITHOUT_VISITOR {
        assert!(excused.contains(*name) && !reason.is_empty(), "{name} is gone or names the visitor now: take it off the list");
    }
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() && !path.ends_with("store") {
            let mut others = Vec::new();
            rust_files(&path, &mut others);
            assert!(others.iter().all(|(_, text)| !code(text).contains("sqlx::query")), "{}: SQL stands in the store", path.display());
        }
    }
}
