//! Work and links: what is only seen from inside the room.

use super::inline::WORK;
use super::{Stream, href};

/// Bytes looked at while a text is streamed in pieces of 64 bytes and drawn after each `draw_every`th.
fn work_of(text: &str, draw_every: usize) -> usize {
    WORK.with(|work| work.set(0));
    let mut stream = Stream::new();
    let mut rest = text;
    let mut piece = 0;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(rest.ceil_char_boundary(64.min(rest.len())));
        stream.push(now);
        stream.take_frozen();
        piece += 1;
        if piece % draw_every == 0 {
            stream.tail();
        }
        rest = later;
    }
    stream.finish();
    WORK.with(std::cell::Cell::get)
}

/// Patterns that make a careless parser look at the same bytes again and again.
fn hostile(size: usize) -> Vec<String> {
    let units = [
        "[",
        "]",
        "![",
        "[]",
        "[a](",
        "[a](<b",
        "](",
        "[a](b \"",
        "*",
        "**",
        "*a ",
        "*a_ ",
        "a**b",
        "_",
        "~~a ",
        "`",
        "`a``b",
        "```a`",
        "<",
        "<a b=\"",
        "<!--",
        "<a:",
        "&",
        "&a",
        "\\",
        "> ",
        ">",
        "- ",
        "1. ",
        "  ",
        "\t",
        "|",
        "|a",
        "#",
        "www.",
        "www.a.b)",
        "http://(",
        "a@b",
        "a@b.c",
        "[a]: b\n",
        "[a]: b '\n",
        "[a][b]",
        "[[a]",
        "[a]\n",
        "-\n",
        "- a\n",
        "    a\n\n",
        "|a|\n|-|\n",
        "a\n",
        "> a\n",
        "```\n",
        "a *b* [c](http://d.e) `f` ",
        "- [ ] a\n  - b\n",
        "\n",
        "\r",
        "é",
        "x",
    ];
    units.iter().map(|unit| unit.repeat(size / unit.len())).collect()
}

#[test]
fn work_grows_with_the_text_and_not_faster_whatever_the_text() {
    for (small, large) in hostile(20_000).iter().zip(&hostile(160_000)) {
        let (less, more) = (work_of(small, usize::MAX), work_of(large, usize::MAX));
        let unit = &small[..small.len().min(30)];
        assert!(more <= 12 * less.max(1), "{unit:?}: {less} for 20 KB, {more} for 160 KB");
        assert!(more <= 60 * large.len(), "{unit:?}: {more} for 160 KB");
    }
}

#[test]
fn a_push_costs_the_open_paragraph_at_most_also_late_in_a_long_answer() {
    let texts = [
        "một đoạn rất dài không xuống dòng ".repeat(25_000),
        "- mục\n".repeat(10_000),
        format!("|a|b|\n|-|-|\n{}", "| một | hai |\n".repeat(5_000)),
        format!("```\n{}", "let a = b;\n".repeat(10_000)),
        "Một đoạn.\n\n".repeat(10_000),
    ];
    for text in &texts {
        let half = text.floor_char_boundary(text.len() / 2);
        let (first, all) = (work_of(&text[..half], 1), work_of(text, 1));
        assert!(all <= first * 21 / 10, "the second half costs what the first did: {first} of {all}");
        let pushes = text.len().div_ceil(64);
        assert!(all / pushes < 40_000, "{} bytes looked at for a push and a drawing", all / pushes);
    }
}

#[test]
fn a_list_or_table_or_code_block_costs_a_drawing_only_its_last_line() {
    for text in ["- mục **đậm**\n", "| một | hai |\n|-|-|\n", "let a = b;\n"] {
        let text = if text.starts_with("let") { format!("```\n{}", text.repeat(10_000)) } else { text.repeat(10_000) };
        let pushes = text.len().div_ceil(64);
        let each = work_of(&text, 1) / pushes;
        assert!(each < 600, "{each} bytes looked at per push of 64");
    }
}

#[test]
fn only_absolute_web_mail_and_telephone_addresses_become_links() {
    for good in [
        "https://a.vn",
        "HTTP://a.vn/x?y=z#w",
        "https://người.example/đường",
        "mailto:an@b.vn?subject=Xin%20chào",
        "tel:+84-28-1234",
        "https://a.vn/javascript:x",
        "https://[::1]:8080/",
    ] {
        assert_eq!(href(good), Some(good));
    }
    for bad in [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\tscript:alert(1)",
        "java\nscript:alert(1)",
        "\u{1}javascript:alert(1)",
        "javascript&colon;alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:msgbox(1)",
        "file:///etc/passwd",
        "blob:https://a.vn/x",
        "ftp://a.vn",
        "view-source:https://a.vn",
        "//a.vn",
        "/path",
        "path",
        "#part",
        "?q=1",
        "",
        ":",
        "https:",
        "https:/a.vn",
        "https:a.vn",
        "https://",
        "https:///a.vn",
        "https://\\a.vn",
        "https://a.vn/\u{0}x",
        "https://a.vn/ x",
        "https://a.vn/\u{200b}\u{2028}x",
        "https://a.vn/\u{202e}x",
        "\u{a0}https://a.vn",
        "ht\u{131}p://a.vn",
        "https\u{ff1a}//a.vn",
        "https://an@evil.example@",
        "https://good.example@evil.example/",
        "mailto:",
        "tel:",
    ] {
        assert_eq!(href(bad), None, "{bad:?}");
    }
}

#[test]
fn no_entity_or_escape_smuggles_a_scheme_past_the_check() {
    use super::{Op, Tag};
    for text in [
        "[a](javascript:alert(1))",
        "[a](java&#115;cript:alert(1))",
        "[a](&#x6A;avascript:alert(1))",
        "[a](java\\script:alert(1))",
        "[a](<java&#10;script:alert(1)>)",
        "[a](<\tjavascript:alert(1)>)",
        "[a](data&colon;text/html,x)",
        "<javascript:alert(1)>",
        "<JAVASCRIPT:alert(1)>",
        "[a][b]\n\n[b]: javascript:alert(1)",
        "[b]: javascript:alert(1)\n\n[b]",
        "![a](data:image/svg+xml,x)",
    ] {
        let mut stream = Stream::new();
        stream.push(text);
        stream.finish();
        for op in stream.take_frozen() {
            if let Op::Open(Tag::Link { to, .. }) | Op::Define { to, .. } | Op::Image { source: to, .. } = op {
                assert_eq!(to.href(), None, "{text}");
            }
        }
    }
}

#[test]
fn a_text_pushed_whole_costs_what_it_costs_in_pieces() {
    for text in ["một đoạn rất dài ".repeat(25_000), "[".repeat(500_000), "- mục\n".repeat(50_000)] {
        WORK.with(|work| work.set(0));
        let mut stream = Stream::new();
        stream.push(&text);
        stream.finish();
        let whole = WORK.with(std::cell::Cell::get);
        assert!(whole <= 2 * work_of(&text, usize::MAX), "{whole}");
    }
}
