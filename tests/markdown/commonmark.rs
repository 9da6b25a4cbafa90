//! CommonMark's own examples, all of them.
//!
//! Where twinchat differs on purpose, `by_design.json` says what comes out, and why:
//! * `html`: HTML is text. Nothing begins a block of HTML, so its lines are a paragraph's like any others;
//!   a tag in a line stands there letter by letter, and nothing in it is markdown.
//! * `bare link`: an address is a link without brackets too, as in GFM.

use crate::tree;
use serde_json::Value;
use std::collections::BTreeMap;

pub(crate) struct Example {
    pub(crate) number: u64,
    pub(crate) markdown: String,
    pub(crate) html: String,
}

fn fixture(name: &str) -> Vec<Value> {
    let file = format!("{}/tests/fixtures/commonmark/{name}", env!("CARGO_MANIFEST_DIR"));
    let all: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    all.as_array().unwrap().clone()
}

fn text(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap().to_owned()
}

pub(crate) fn examples() -> Vec<Example> {
    let read = |row: &Value| Example { number: row["example"].as_u64().unwrap(), markdown: text(row, "markdown"), html: text(row, "html") };
    fixture("examples.json").iter().map(read).collect()
}

/// What comes out where that is not CommonMark's HTML: by number, the reason and the HTML.
fn by_design() -> BTreeMap<u64, (String, String)> {
    fixture("by_design.json").iter().map(|row| (row["example"].as_u64().unwrap(), (text(row, "reason"), text(row, "html")))).collect()
}

#[test]
fn every_example_of_commonmark_comes_out_as_written_but_for_html_and_bare_links() {
    let (examples, by_design) = (examples(), by_design());
    let count = |reason: &str| by_design.values().filter(|(why, _)| why == reason).count();
    assert_eq!((examples.len(), count("html"), count("bare link")), (652, 72, 5));
    let mut differ = Vec::new();
    for Example { number, markdown, html } in &examples {
        let wanted = by_design.get(number).map_or(html, |(_, html)| html);
        let found = tree::html(markdown);
        if found != *wanted {
            differ.push(*number);
            eprintln!("example {number}: {markdown:?}\n  should be {wanted:?}\n  is        {found:?}");
        }
    }
    assert_eq!(differ, [] as [u64; 0]);
}

#[test]
fn of_an_example_about_html_every_tag_is_there_to_read() {
    let by_design = by_design();
    for Example { number, markdown, html } in examples() {
        if by_design.get(&number).is_none_or(|(reason, _)| reason != "html") {
            continue;
        }
        let found = tree::html(&markdown);
        assert_ne!(found, html, "example {number} is not about HTML");
        for tag in markdown.split('<').skip(1).filter_map(|rest| rest.split(['>', '\n', '`', '*', '&', '\\']).next()) {
            let tag = format!("&lt;{}", tag.trim_end().replace('"', "&quot;"));
            assert!(found.contains(&tag), "example {number} has lost {tag}: {found}");
        }
    }
}

#[test]
fn no_example_ever_becomes_an_element_its_author_wrote_as_html() {
    for example in examples() {
        let html = tree::html(&example.markdown);
        for tag in ["<script", "<style", "<div", "<table border", "<iframe", "<bab", "<c2c", "<!--", "<?", "<b>", "<i class"] {
            assert!(!html.contains(tag), "example {} has {tag}: {html}", example.number);
        }
    }
}
