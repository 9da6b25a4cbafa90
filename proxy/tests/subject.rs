//! Only the token room makes a `Subject`: elsewhere somebody would be somebody without having proved it.

use std::fs;
use std::path::Path;

fn rust_files(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && path.file_name().is_some_and(|name| name != "tests.rs") {
            found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn nobody_but_the_token_room_says_that_a_visitor_is_proven() {
    let mut files = Vec::new();
    rust_files(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut files);
    let makers: Vec<&str> = files
        .iter()
        .filter(|(path, text)| {
            !path.ends_with("src/subject.rs") && text.split("#[cfg(test)]\nmod ").next().unwrap().contains("Subject::proven")
        })
        .map(|(path, _)| path.as_str())
        .collect();
    assert_eq!(makers.len(), 1, "{makers:?}");
    assert!(makers[0].ends_with("src/token/mod.rs"));
}
