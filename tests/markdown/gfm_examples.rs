//! GFM's own examples of tables, strikethrough, task lists and autolinks.

use crate::tree;
use serde_json::Value;

/// A tag is text, also in a cell, but `<br>` is a line break.
const HTML_IS_TEXT: &[&str] = &["extensions 12"];

/// Raw text of the fixture: (name, markdown, HTML).
pub(crate) fn examples() -> Vec<(String, String, String)> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/gfm/examples.json");
    let all: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let text = |example: &Value, name: &str| example[name].as_str().unwrap().to_owned();
    all.as_array().unwrap().iter().map(|example| (text(example, "example"), text(example, "markdown"), text(example, "html"))).collect()
}

/// The two files write a checkbox differently.
fn one_checkbox(html: &str) -> String {
    html.replace("<input type=\"checkbox\" disabled=\"\" />", "<input disabled=\"\" type=\"checkbox\">")
        .replace("<input type=\"checkbox\" checked=\"\" disabled=\"\" />", "<input checked=\"\" disabled=\"\" type=\"checkbox\">")
}

#[test]
fn every_example_of_gfm_comes_out_as_written_except_those_listed() {
    let examples = examples();
    assert_eq!(examples.len(), 48);
    let mut differ = Vec::new();
    for (name, markdown, wanted) in &examples {
        let html = tree::html(markdown);
        if html != one_checkbox(wanted) {
            if !HTML_IS_TEXT.contains(&name.as_str()) {
                eprintln!("{name}: {markdown:?}\n  should be {wanted:?}\n  is        {html:?}");
            }
            differ.push(name.as_str());
        }
    }
    assert_eq!(differ, HTML_IS_TEXT);
}
