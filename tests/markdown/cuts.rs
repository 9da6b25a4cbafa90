//! However a text is cut, it comes out the same.

use crate::commonmark::examples;
use crate::samples;
use crate::tree::{Page, html, steps};
use proptest::prelude::*;

/// Pushes the pieces and looks at the page after each. What is frozen stays.
fn streamed(pieces: &[&str]) -> Page {
    let mut page = Page::new();
    for piece in pieces {
        page.push(piece);
        page.html();
    }
    page.finish();
    page
}

fn characters(text: &str) -> Vec<&str> {
    text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()]).collect()
}

fn cut(text: &str, cuts: &[usize]) -> Vec<String> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| text.floor_char_boundary(cut % (text.len() + 1))).collect();
    places.extend([0, text.len()]);
    places.sort_unstable();
    places.windows(2).map(|place| text[place[0]..place[1]].to_owned()).collect()
}

#[test]
fn every_example_pushed_character_by_character_gives_the_same_steps() {
    for example in examples() {
        let page = streamed(&characters(&example.markdown));
        assert_eq!(page.steps, steps(&example.markdown), "example {}", example.number);
    }
}

#[test]
fn every_example_cut_anywhere_in_two_gives_the_same_page() {
    for example in examples() {
        let text = &example.markdown;
        let whole = html(text);
        for (at, _) in text.char_indices() {
            assert_eq!(streamed(&[&text[..at], &text[at..]]).html(), whole, "example {} cut at {at}", example.number);
        }
    }
}

#[test]
fn every_kind_of_line_end_cut_anywhere_gives_the_same_steps() {
    for sample in samples::ALL {
        let whole = steps(sample);
        for ending in ["\r", "\r\n"] {
            let text = sample.replace('\n', ending);
            assert_eq!(steps(&text), whole);
            assert_eq!(streamed(&characters(&text)).steps, whole);
        }
    }
}

#[test]
fn frozen_steps_are_the_beginning_of_all_steps_at_every_prefix() {
    for sample in samples::ALL {
        let whole = steps(sample);
        let mut page = Page::new();
        for piece in characters(sample) {
            page.push(piece);
            assert!(whole.starts_with(&page.steps));
        }
        assert!(page.steps.len() * 2 > whole.len(), "most is frozen before the end");
    }
}

#[test]
fn a_text_without_a_last_line_end_is_the_same_page() {
    for sample in samples::ALL {
        assert_eq!(html(sample.trim_end_matches('\n')), html(sample));
    }
}

#[test]
fn long_lines_and_paragraphs_cut_anywhere_give_the_same_steps() {
    let words = "từ **đậm** và [liên kết](https://a.example) cùng `mã` ".repeat(400);
    let unbroken = "中文".repeat(4000);
    let lines = "một dòng *nghiêng* nữa\n".repeat(900);
    let code = format!("```\n{}\n```\n", "x = 1; ".repeat(2000));
    for text in [words, unbroken, lines, code] {
        let whole = steps(&text);
        for size in [1, 7, 1000, 4096, 5000] {
            let mut page = Page::new();
            let mut rest = text.as_str();
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(rest.ceil_char_boundary(size.min(rest.len())));
                page.push(piece);
                rest = after;
            }
            page.finish();
            assert!(page.steps == whole, "in pieces of {size}");
        }
    }
}

/// Pieces of markdown that meet in odd ways.
fn fragment() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a",
        "Việt",
        "中",
        "🎉",
        " ",
        "  ",
        "    ",
        "\t",
        "\n",
        "\n\n",
        "\r\n",
        "\r",
        "\\",
        "*",
        "**",
        "***",
        "_",
        "__",
        "~",
        "~~",
        "`",
        "``",
        "```",
        "~~~",
        "#",
        "## ",
        "- ",
        "* ",
        "+ ",
        "1. ",
        "2) ",
        "> ",
        ">",
        "---",
        "===",
        "|",
        "|-|-|",
        "| a | b |\n",
        ":-:",
        "[",
        "]",
        "(",
        ")",
        "![",
        "[a]",
        "[a]: ",
        "](",
        "/u",
        "<",
        ">",
        "<b>",
        "<br>",
        "https://a.b",
        "www.a.b",
        "a@b.c",
        "&amp;",
        "&#",
        ";",
        "!",
        ".",
        ":",
        "\"",
        "'",
        "[ ] ",
        "[x] ",
        "\0",
        "\u{a0}",
        "   - ",
        "- a\n\n  b\n",
        "0",
        "=",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_markdown_cut_any_way_gives_the_same_steps(
        fragments in prop::collection::vec(fragment(), 0..40),
        cuts in prop::collection::vec(any::<usize>(), 0..12),
    ) {
        let text = fragments.concat();
        let pieces = cut(&text, &cuts);
        let page = streamed(&pieces.iter().map(String::as_str).collect::<Vec<_>>());
        prop_assert_eq!(page.steps, steps(&text));
    }

    #[test]
    fn any_text_at_all_can_be_streamed(text in ".{0,200}", cuts in prop::collection::vec(any::<usize>(), 0..8)) {
        let pieces = cut(&text, &cuts);
        let page = streamed(&pieces.iter().map(String::as_str).collect::<Vec<_>>());
        prop_assert_eq!(page.steps, steps(&text));
    }
}
