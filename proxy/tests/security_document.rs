//! What `docs/security.md` and `docs/asvs.toml` say holds a promise has to exist.

use serde::Deserialize;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The names of all test functions of the servers' crates.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for folder in ["proxy/src", "proxy/tests", "protocol/src", "protocol/tests", "emulator/src", "emulator/tests", "src", "tests"] {
        collect(&repository().join(folder), &mut names);
    }
    assert!(names.len() > 200, "{} tests were found: this reads wrongly", names.len());
    names
}

fn collect(folder: &Path, names: &mut BTreeSet<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                if line.starts_with("#[test]") || line.starts_with("#[tokio::test") || line.starts_with("#[wasm_bindgen_test") {
                    is_test = true;
                } else if let Some((_, rest)) = line.split_once("fn ") {
                    if is_test {
                        names.insert(rest.split('(').next().unwrap().to_owned());
                    }
                    is_test = false;
                }
            }
            // Those in `proptest!` have their attribute inside of the macro, which is read above as well.
        }
    }
}

fn document() -> String {
    fs::read_to_string(repository().join("docs/security.md")).unwrap()
}

/// What stands in backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_threat_of_the_research_is_there_and_is_held_by_tests_that_exist_or_said_not_to_be() {
    let (tests, document) = (tests(), document());
    for number in 1..=22 {
        let start = format!("| T{number} |");
        let row = document.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("T{number} is missing"));
        let held_by = row.trim_end_matches('|').rsplit_once('|').unwrap().1;
        let named: Vec<&str> = quoted(held_by).collect();
        for name in &named {
            assert!(tests.contains(*name), "T{number}: there is no test {name}");
        }
        assert!(!named.is_empty() || held_by.trim_start().starts_with("not held"), "T{number}: name a test, or say that it is not held");
    }
}

#[derive(Deserialize)]
struct Asvs {
    requirement: Vec<Requirement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Requirement {
    id: String,
    about: String,
    #[serde(default)]
    tests: Vec<String>,
    #[serde(default)]
    note: String,
}

#[test]
fn every_requirement_names_tests_that_exist_or_says_what_is_done() {
    let tests = tests();
    let asvs: Asvs = toml::from_str(&fs::read_to_string(repository().join("docs/asvs.toml")).unwrap()).unwrap();
    let mut ids = BTreeSet::new();
    for Requirement { id, about, tests: named, note } in asvs.requirement {
        assert!(ids.insert(id.clone()), "{id} stands there twice");
        assert!(!about.is_empty() && (!named.is_empty() || !note.is_empty()), "{id} says nothing");
        for name in named {
            assert!(tests.contains(&name), "{id}: there is no test {name}");
        }
    }
    assert!(ids.contains("8.3.3") && ids.contains("10.3.5"));
}

#[test]
fn the_two_security_pages_lead_to_one_another() {
    let policy = fs::read_to_string(repository().join("SECURITY.md")).unwrap();
    assert!(policy.contains("(docs/security.md)") && document().contains("(../SECURITY.md)"));
}
