//! Work and links: what is only seen from inside the room.

use super::inline::WORK;
use super::{Stream, href, leads_to, says_otherwise};

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
        "[a]\n\n",
        "*a **b ",
        "**",
        "[a](b)",
        "![[a](b)](c)",
        "<a b='",
        "www.a.b;",
        "&amp;",
        "(",
        "[a](((",
        "\u{202e}",
        "|",
        "| a ",
        "a|b\n",
        "a\\\n",
        "*_~",
        "a*b_c~",
        "`` ` ",
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
        assert!(href(good, false).is_some(), "{good}");
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
        "https://a .vn/x",
        "https://a\u{a0}.vn/x",
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
        assert_eq!(href(bad, false), None, "{bad:?}");
    }
}

#[test]
fn an_address_without_a_scheme_is_a_link_only_where_the_page_wants_that_and_never_to_another_site() {
    for good in ["/path?a=b#c", "path", "../x", "#part", "?q=1", "", "a:b/c".trim_start_matches("a:"), "/a:b", "?x=javascript:y"] {
        assert_eq!(href(good, false), None, "{good:?}");
        assert_eq!(href(good, true).as_deref(), Some(good));
    }
    for bad in [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "\\/evil.example",
        "javascript:x",
        "java\tscript:x",
        "a1+.-:y",
        "x:y",
        "\u{200b}javascript:x",
        "\n//e",
    ] {
        assert_eq!(href(bad, true), None, "{bad:?}");
    }
}

#[test]
fn an_href_is_percent_encoded_and_a_host_of_ipv6_stays() {
    let encoded = [
        ("https://a.vn/đường", "https://a.vn/%C4%91%C6%B0%E1%BB%9Dng"),
        ("https://a.vn/a\"b\\c[d]`{}", "https://a.vn/a%22b%5Cc%5Bd%5D%60%7B%7D"),
        ("https://a.vn/a b\u{a0}c", "https://a.vn/a%20b%C2%A0c"),
        ("https://a.vn/%20&amp=1", "https://a.vn/%20&amp=1"),
        ("https://[::1]:8080/[x]", "https://[::1]:8080/%5Bx%5D"),
    ];
    for (address, wanted) in encoded {
        assert_eq!(href(address, false).as_deref(), Some(wanted));
    }
}

#[test]
fn a_link_whose_text_names_another_place_is_found_out() {
    for (href, place) in [
        ("https://a.vn:80/x?y#z", "a.vn:80"),
        ("mailto:an@b.vn?subject=x", "an@b.vn"),
        ("tel:+84-28", "+84-28"),
        ("/path", ""),
        ("https://[::1]:8080/", "[::1]:8080"),
    ] {
        assert_eq!(leads_to(href), place);
    }
    for (text, place) in [
        ("bank.example", "evil.example"),
        ("https://bank.example/login", "evil.example"),
        ("Xem tại WWW.Bank.example.", "evil.example"),
        ("(bank.example)", "bank.example.evil.example"),
        ("bank.example", "notbank.example"),
        ("an@bank.example", "an@evil.example"),
        ("https://localhost", "evil.example"),
        ("người.example", "xn--ngi-8na.example"),
    ] {
        assert!(says_otherwise(text, place), "{text} leads to {place}");
    }
    for (text, place) in [
        ("trang này", "a.vn"),
        ("bank.example", "www.bank.example"),
        ("www.Bank.example", "bank.example:8080"),
        ("bank.example", "login.bank.example"),
        ("https://bank.example/a.b", "bank.example"),
        ("bản 2.0, mục 3.1.", "a.vn"),
        ("v.v. và...", "a.vn"),
        ("an@b.vn", "an@b.vn"),
    ] {
        assert!(!says_otherwise(text, place), "{text} leads to {place}");
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
            if let Op::Open(Tag::Link { to, .. }) | Op::Image { source: to, .. } = op {
                assert_eq!(to.href(true), None, "{text}");
            }
        }
    }
}

/// Bytes looked at per tenth of a text that comes in pieces of 20 bytes and is drawn after each.
fn work_by_tenths(text: &str) -> Vec<usize> {
    let mut stream = Stream::new();
    let mut tenths = vec![0; 10];
    let mut at = 0;
    while at < text.len() {
        let end = text.ceil_char_boundary(text.len().min(at + 20));
        WORK.with(|work| work.set(0));
        stream.push(&text[at..end]);
        stream.take_frozen();
        stream.tail();
        tenths[at * 10 / text.len()] += WORK.with(std::cell::Cell::get);
        at = end;
    }
    tenths
}

#[test]
fn a_delta_costs_the_same_late_as_early_also_in_one_huge_block() {
    let blocks = [
        ("paragraphs", "Một đoạn **văn** ngắn, có [liên kết](https://a.example) và `mã`.\n\n- một\n- hai\n\n", ""),
        ("one paragraph", "một câu rất dài **đậm** không xuống dòng ", ""),
        ("one paragraph of lines", "một dòng *nghiêng* rồi\n", ""),
        ("one line of one word", "x", ""),
        ("one paragraph without spaces", "没有空格的一段话，很长很长。", ""),
        ("one list", "- mục **đậm** thứ mấy\n", ""),
        ("one loose list", "- mục **đậm** thứ mấy\n\n", ""),
        ("one nested list", "- mục\n  - con\n    - cháu **đậm**\n", ""),
        ("one item", "  - con trong một mục\n", "- mục\n"),
        ("one table", "| một | **hai** |\n", "| a | b |\n|---|---|\n"),
        ("one quote", "> dòng *nghiêng*\n", ""),
        ("one deep quote", "> > > > dòng *nghiêng*\n", ""),
        ("one code block", "let a = b; // c\n", "```rust\n"),
        ("one line of code", "let a = b; ", "```rust\n"),
        ("one indented code block", "    let a = b;\n", ""),
        ("labels", "theo [1] và [2][b] nữa\n\n", ""),
        ("labels in one paragraph", "theo [1] và [2][b] nữa ", ""),
    ];
    for (size, blocks) in [(40_000, &blocks[..]), (200_000, &blocks[..2])] {
        for (name, unit, before) in blocks {
            let text = format!("{before}{}", unit.repeat(size / unit.len()));
            let tenths = work_by_tenths(&text);
            assert!(tenths[9] * 10 <= tenths[0] * 12, "{name}, {size} bytes: {tenths:?}");
        }
    }
}

#[test]
fn references_and_their_definitions_cost_what_their_text_does() {
    let texts: [fn(usize) -> String; 7] = [
        |count| (0..count).map(|n| format!("[a{}]: b\n", count - n)).collect(),
        |count| (0..count).map(|n| format!("[a{n}]\n\n")).chain((0..count).map(|n| format!("[a{n}]: b\n\n"))).collect(),
        |count| (0..count).map(|n| format!("[a{n}] ")).chain((0..count).map(|n| format!("\n\n[a{n}]: b"))).collect(),
        |count| "[a] ".repeat(2 * count) + "\n\n[a]: b",
        |count| "[a]\n\n".repeat(2 * count) + "[a]: b",
        |count| format!("[a]: {}\n\n{}", "b".repeat(4000), "[a]".repeat(2 * count)),
        |count| "| [a] | [b] |\n".repeat(count).replacen('\n', "\n|-|-|\n", 1) + "\n[a]: b\n[b]: c",
    ];
    for text in texts {
        let (small, large) = (text(1000), text(8000));
        let (less, more) = (work_of(&small, usize::MAX), work_of(&large, usize::MAX));
        assert!(more <= 16 * less, "{:?}: {less}, then {more}", &small[..20]);
        assert!(more <= 60 * large.len(), "{:?}: {more}", &small[..20]);
    }
}

#[test]
fn labels_are_the_same_however_their_letters_are_written() {
    use super::reference::normal;
    // As CommonMark asks: Unicode's case folding. Here for the scripts where it is arithmetic.
    let scripts = ['A'..='Z', 'À'..='ž', 'Ơ'..='Ư', 'Ά'..='Ͽ', 'Ѐ'..='ԯ', 'Ա'..='ֆ', 'Ḁ'..='ỹ', 'Ａ'..='ｚ'];
    let unlike: Vec<char> = scripts
        .into_iter()
        .flatten()
        .filter(|&c| {
            let small: String = c.to_lowercase().collect();
            normal(&c.to_string()) != normal(&small)
        })
        .collect();
    assert_eq!(unlike.iter().collect::<String>(), "İƦƧƩƬƮϏϘϚϜϞϠϢϤϦϨϪϬϮϴϷϹϺϽϾϿӀ", "only rare ones are not taken for their small letters");
    for (one, two) in [("ẞ", "SS"), ("straße", "STRASSE"), ("Σίσυφος", "ΣΊΣΥΦΟΣ"), ("ĐƯỜNG  Ở\tNHÀ", "đường ở nhà")]
    {
        assert_eq!(normal(one), normal(two));
    }
    assert_eq!(normal(" \t"), None);
    assert_eq!(normal(&"a".repeat(1000)), None);
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
