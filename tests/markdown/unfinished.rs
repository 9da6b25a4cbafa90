//! What a visitor sees while the text is still coming.

use crate::samples;
use crate::tree::{Page, html, partial};

/// The page's text without its elements.
fn visible(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            _ if !inside && !c.is_whitespace() => text.push(c),
            _ => {}
        }
    }
    text
}

#[test]
fn at_every_moment_the_text_seen_is_the_beginning_of_the_final_text() {
    for sample in samples::ALL {
        let whole = visible(&html(sample));
        let mut page = Page::new();
        for (at, c) in sample.char_indices() {
            page.push(c.encode_utf8(&mut [0; 4]));
            let seen = visible(&page.html());
            assert!(whole.starts_with(&seen), "after {:?}:\n{seen}", &sample[at.saturating_sub(40)..at + c.len_utf8()]);
        }
    }
}

fn paragraph(text: &str) -> String {
    format!("<p>{text}</p>\n")
}

#[test]
fn unfinished_emphasis_code_and_strikethrough_are_drawn_as_they_will_be() {
    assert_eq!(partial("một **đậm"), paragraph("một <strong>đậm</strong>"));
    assert_eq!(partial("một **đậm*"), paragraph("một <strong>đậm</strong>"));
    assert_eq!(partial("một *nghiêng"), paragraph("một <em>nghiêng</em>"));
    assert_eq!(partial("***cả hai"), paragraph("<em><strong>cả hai</strong></em>"));
    assert_eq!(partial("**a *b"), paragraph("<strong>a <em>b</em></strong>"));
    assert_eq!(partial("~~bỏ"), paragraph("<del>bỏ</del>"));
    assert_eq!(partial("gọi `mã"), paragraph("gọi <code>mã</code>"));
    assert_eq!(partial("gọi ``mã ` này`"), paragraph("gọi <code>mã ` này</code>"));
    assert_eq!(partial("**đậm `mã"), paragraph("<strong>đậm <code>mã</code></strong>"));
}

#[test]
fn marks_just_typed_do_not_flash() {
    for marks in ["*", "**", "***", "_", "~~", "`", "``", "[", "![", "\\", "&", "&am", "<br"] {
        assert_eq!(partial(&format!("chữ {marks}")).replace(' ', ""), paragraph("chữ"), "{marks}");
    }
    for marks in ["#", "##", "*", "**", "-", "--", "---", "- ", "1", "1.", "12)", "`", "``", "~", "|", "|--", "+", "- [", "- [x", "- [ ] "]
    {
        assert_eq!(visible(&partial(marks)), "", "{marks}");
        assert_eq!(visible(&partial(&format!("trên\n\n{marks}"))), "trên", "{marks}");
    }
}

#[test]
fn what_cannot_be_emphasis_is_not_drawn_as_emphasis() {
    assert_eq!(partial("2 * 3 = 6"), paragraph("2 * 3 = 6"));
    assert_eq!(partial("2*3 = 6"), paragraph("2*3 = 6"));
    assert_eq!(partial("snake_case_name"), paragraph("snake_case_name"));
    assert_eq!(partial("khoảng ~5 phút"), paragraph("khoảng ~5 phút"));
}

#[test]
fn a_link_being_written_shows_its_text_and_leads_nowhere() {
    let pending = paragraph("xem <a>trang này</a>");
    for text in ["[trang này", "[trang này]", "[trang này](", "[trang này](https://exa", "[trang này](https://a.vn \"Ti", "[trang này][ref"]
    {
        assert_eq!(partial(&format!("xem {text}")), pending, "{text}");
    }
    assert_eq!(partial("xem [**đậm"), paragraph("xem <a><strong>đậm</strong></a>"));
    assert_eq!(partial("xem [a](https://a.vn)"), paragraph("xem <a href=\"https://a.vn\">a</a>"));
    assert_eq!(partial("xem ![ảnh](https://a"), paragraph("xem ảnh"));
    assert_eq!(partial("xem https://a.v"), paragraph("xem <a>https://a.v</a>"));
    assert_eq!(partial("xem https://a.vn "), paragraph("xem <a href=\"https://a.vn\">https://a.vn</a> "));
}

#[test]
fn brackets_that_are_no_link_are_shown_once_that_is_known() {
    assert_eq!(partial("khoảng [0, 5) và"), paragraph("khoảng <a>0, 5) và</a>"));
    assert_eq!(partial("xem [1] ở"), paragraph("xem [1] ở"));
    assert_eq!(partial("hàm [f](x y"), paragraph("hàm [f](x y"));
    let long = format!("a [b {}", "chữ ".repeat(60));
    assert!(partial(&long).starts_with("<p>a [b chữ"), "a bracket left open is text before long");
}

#[test]
fn a_half_written_setext_underline_or_rule_changes_nothing_above_it() {
    assert_eq!(partial("Tiêu đề\n=="), paragraph("Tiêu đề"));
    assert_eq!(partial("Tiêu đề\n--"), paragraph("Tiêu đề"));
    assert_eq!(partial("Tiêu đề\n==\n"), "<h1>Tiêu đề</h1>\n");
    assert_eq!(partial("- một\n-"), "<ul>\n<li>một</li>\n</ul>\n");
}

#[test]
fn a_table_is_a_table_from_its_header_on() {
    let head = |name: &str| format!("<table>\n<thead>\n<tr>\n<th>{name}</th>\n</tr>\n</thead>\n</table>\n");
    for text in ["| Tên", "| Tên |", "| Tên |\n", "| Tên |\n|", "| Tên |\n|--", "| Tên |\n|--|", "| Tên |\n|--|\n", "| Tên |\n|--|\n|"]
    {
        assert_eq!(partial(text), head("Tên"), "{text:?}");
    }
    assert!(partial("| Tên |\n|--|\n| Trà").contains("<td>Trà</td>"));
    assert_eq!(partial("| Tên |\nchữ"), paragraph("| Tên |\nchữ"));
    assert_eq!(html("| Tên |"), paragraph("| Tên |"));
}

#[test]
fn an_open_fence_is_a_code_block_whose_closing_fence_does_not_flash() {
    assert_eq!(partial("```ru"), "<pre><code></code></pre>\n");
    let code = "<pre><code class=\"language-rust\">let a;\n</code></pre>\n";
    for text in ["```rust\nlet a;\n", "```rust\nlet a;\n`", "```rust\nlet a;\n``", "```rust\nlet a;\n```", "```rust\nlet a;\n```\n"] {
        assert_eq!(partial(text), code, "{text:?}");
    }
    assert!(partial("```\nlet `").contains("let `"));
}

#[test]
fn a_definition_being_written_is_not_shown_and_not_followed() {
    for text in ["[a]:", "[a]: https://exa", "[a]: https://a.vn \"Ti"] {
        assert_eq!(visible(&partial(&format!("xem [a] nhé\n\n{text}"))), "xem[a]nhé", "{text}");
    }
    assert_eq!(partial("xem [a] nhé\n\n[a]: https://a.vn\n\n"), paragraph("xem <a href=\"https://a.vn\">a</a> nhé"));
}

#[test]
fn finishing_makes_plain_markdown_of_what_stayed_unfinished() {
    for text in ["**đậm", "`mã", "[a](https://", "~~x", "chữ *", "![a", "a \\"] {
        assert_eq!(html(text), paragraph(text));
    }
    assert_eq!(html("-"), "<ul>\n<li></li>\n</ul>\n");
}
