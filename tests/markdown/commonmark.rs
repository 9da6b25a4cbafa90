//! CommonMark's own examples, all of them: those that come out otherwise are listed here, by reason.

use crate::tree;
use serde_json::Value;

/// Raw HTML is text. In blocks, in lines, and where an example's point is that something is no markdown
/// because it is in a tag: it is none here either, but the tag is escaped.
const HTML_IS_TEXT: &[u64] = &[
    21, 31, 148, 149, 150, 151, 152, 153, 154, 155, 156, 157, 158, 159, 160, 161, 162, 163, 164, 165, 166, 167, 168, 169, 170, 171, 172,
    173, 174, 175, 176, 177, 178, 179, 180, 181, 182, 183, 184, 185, 186, 187, 188, 189, 190, 191, 201, 308, 309, 344, 475, 476, 477, 491,
    494, 524, 536, 613, 614, 615, 616, 617, 623, 625, 626, 627, 628, 629, 630, 631, 642, 643,
];

/// A reference is read before its definition comes. `[text]` and `[text][label]` become links then, but
/// what is around them was parsed as if there were no link: nested brackets, emphasis across a bracket,
/// `[a][b][c]`, an escape in the label.
const DEFINED_TOO_LATE: &[u64] = &[528, 533, 534, 535, 549, 569, 571];

/// The same for images: they stay text.
const IMAGE_DEFINED_TOO_LATE: &[u64] = &[573, 576, 577, 582, 583, 584, 585, 586, 587, 588, 589, 591];

/// Bare addresses are links (GFM).
const BARE_LINKS: &[u64] = &[602, 606, 608, 611, 612];

/// Tables left out for size: rare entities; the two small letters of a capital sharp s.
const SMALL_TABLES: &[u64] = &[25, 540];

pub(crate) struct Example {
    pub(crate) number: u64,
    pub(crate) markdown: String,
    pub(crate) html: String,
}

pub(crate) fn examples() -> Vec<Example> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/commonmark/examples.json");
    let all: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let text = |example: &Value, name: &str| example[name].as_str().unwrap().to_owned();
    let read = |example: &Value| Example {
        number: example["example"].as_u64().unwrap(),
        markdown: text(example, "markdown"),
        html: text(example, "html"),
    };
    all.as_array().unwrap().iter().map(read).collect()
}

#[test]
fn every_example_of_commonmark_comes_out_as_written_except_those_listed() {
    let lists = [HTML_IS_TEXT, DEFINED_TOO_LATE, IMAGE_DEFINED_TOO_LATE, BARE_LINKS, SMALL_TABLES];
    let mut expected: Vec<u64> = lists.concat();
    expected.sort_unstable();
    let examples = examples();
    assert_eq!(examples.len(), 652);
    let mut differ = Vec::new();
    for example in &examples {
        let html = tree::html(&example.markdown);
        if html != example.html {
            differ.push(example.number);
            if !expected.contains(&example.number) {
                eprintln!("example {}: {:?}\n  should be {:?}\n  is        {html:?}", example.number, example.markdown, example.html);
            }
        }
    }
    assert_eq!(differ, expected);
    let others = examples.len() - HTML_IS_TEXT.len();
    assert!((examples.len() - differ.len()) * 100 >= others * 95, "95 % of the examples that are not about HTML");
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
