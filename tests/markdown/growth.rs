//! What stays on the page while the rest grows.

use crate::tree::{Page, Tree, html, steps};
use twinchat::markdown::{Op, Tag};

/// The page after each line, and what is new in it: frozen steps and tail.
fn by_line(text: &str) -> Vec<(usize, usize)> {
    let mut page = Page::new();
    text.split_inclusive('\n')
        .map(|line| {
            page.push(line);
            (page.steps.len(), page.tail().len())
        })
        .collect()
}

#[test]
fn lines_of_an_open_code_block_are_frozen_one_by_one() {
    let sizes = by_line(&format!("```\n{}", "line\n".repeat(50)));
    for (at, (frozen, tail)) in sizes.into_iter().enumerate() {
        assert_eq!(frozen, 1 + at, "the block and a step per line");
        assert_eq!(tail, 1, "only its end");
    }
}

#[test]
fn rows_of_an_open_table_are_frozen_one_by_one() {
    let sizes = by_line(&format!("|a|b|\n|-|-|\n{}", "|1|2|\n".repeat(50)));
    let growth: Vec<usize> = sizes[3..].windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    assert!(growth.iter().all(|&steps| steps == 8), "a row with two cells: {growth:?}");
    assert!(sizes[2..].iter().all(|&(_, tail)| tail == 2), "only the ends of body and table");
}

#[test]
fn finished_items_of_an_open_list_are_frozen() {
    let sizes = by_line(&"- mục **đậm**\n  - con\n".repeat(50));
    for (at, (frozen, tail)) in sizes.into_iter().enumerate() {
        assert!(frozen >= at * 5, "line {at}: {frozen}");
        assert!(tail <= 12, "line {at}: {tail}");
    }
}

#[test]
fn a_list_found_loose_late_keeps_its_items() {
    let mut page = Page::new();
    page.push("- a\n- b\n");
    let before = page.steps.clone();
    page.push("\n- c\n");
    assert_eq!(page.steps[..before.len()], before[..]);
    assert!(page.steps[before.len()..].contains(&Op::Loose));
    page.finish();
    assert_eq!(page.html(), "<ul>\n<li>\n<p>a</p>\n</li>\n<li>\n<p>b</p>\n</li>\n<li>\n<p>c</p>\n</li>\n</ul>\n");
}

#[test]
fn a_reference_becomes_a_link_when_its_definition_comes() {
    let mut page = Page::new();
    page.push("theo [1] và [tài liệu][Doc-A].\n\n");
    assert_eq!(page.html(), "<p>theo [1] và [tài liệu][Doc-A].</p>\n");
    let before = page.steps.len();
    page.push("[1]: https://a.vn 'Nguồn'\n[doc-a]: https://b.vn\n\n");
    assert!(page.steps[before..].iter().all(|op| matches!(op, Op::Rewrite { .. })), "nothing is drawn again");
    let links = "<p>theo <a href=\"https://a.vn\" title=\"Nguồn\">1</a> và <a href=\"https://b.vn\">tài liệu</a>.</p>\n";
    assert_eq!(page.html(), links);
    assert_eq!(html("[1]: https://a.vn\n\n[1]\n"), "<p><a href=\"https://a.vn\">1</a></p>\n");
}

#[test]
fn a_long_open_paragraph_is_frozen_as_it_grows_and_keeps_its_emphasis() {
    let sentence = "Một câu có **chữ đậm**, *chữ nghiêng* và `mã` [ở đây](https://a.example/x). ";
    let mut page = Page::new();
    let mut longest = 0;
    for _ in 0..1000 {
        page.push(sentence);
        let text: usize = page.tail().iter().map(|op| if let Op::Text(text) = op { text.len() } else { 0 }).sum();
        longest = longest.max(text);
    }
    assert!(longest < 16_384, "the tail holds {longest} bytes of text at most");
    page.finish();
    let whole = page.html();
    assert_eq!(whole.matches("<strong>chữ đậm</strong>, <em>chữ nghiêng</em> và <code>mã</code> <a href").count(), 1000);
    assert_eq!(whole.matches("<p>").count(), 1);
    assert!(!whole.contains('*'));
}

#[test]
fn a_mark_that_never_closes_has_a_paragraph_drawn_again_unless_it_is_very_long() {
    for (words, again) in [(2_000, true), (20_000, false)] {
        let text = format!("**{}", "mở mãi ".repeat(words));
        let rewrites = steps(&text).iter().filter(|op| matches!(op, Op::Rewrite { .. })).count();
        assert_eq!(rewrites == 1, again, "{words}");
        assert_eq!(html(&text), format!("<p>{}</p>\n", text.trim_end()));
    }
}

#[test]
fn a_paragraph_of_many_lines_is_one_paragraph_however_long() {
    let text = "dòng *một*\n".repeat(5000);
    let whole = html(&text);
    assert_eq!(whole.matches("<p>").count(), 1);
    assert_eq!(whole.matches("dòng <em>một</em>\n").count(), 4999);
}

#[test]
fn nothing_of_a_line_of_any_length_is_lost() {
    let long = "x".repeat(50_000);
    for before in ["", "# ", "- ", "> ", "```\n", "|a|\n|-|\n|", "    ", "a\n"] {
        let whole = html(&format!("{before}{long}\n\nend\n"));
        assert_eq!(whole.matches('x').count(), 50_000, "{before:?}");
        assert!(whole.contains("end"));
    }
}

#[test]
fn quotes_and_lists_nest_to_a_limit_and_the_rest_is_text() {
    let deepest = |text: &str| {
        let mut depth = 0usize;
        let mut deepest = 0;
        for op in steps(text) {
            match op {
                Op::Open(_) => depth += 1,
                Op::Close => depth -= 1,
                _ => {}
            }
            deepest = deepest.max(depth);
        }
        deepest
    };
    let quotes = format!("{} a", ">".repeat(10_000));
    assert!(deepest(&quotes) < 40);
    assert_eq!(html(&quotes).matches("&gt;").count(), 10_000 - 32, "what is too deep is text");
    assert!(deepest(&"- ".repeat(5_000)) < 40);
    let steps: String = (0..200).map(|depth| format!("{}- a\n", "  ".repeat(depth))).collect();
    assert!(deepest(&steps) < 40);
}

#[test]
fn emphasis_follows_the_words_of_every_script() {
    assert_eq!(html("**Chú ý:** giá *rẻ*, (**đẹp**) và __tốt__!"), {
        "<p><strong>Chú ý:</strong> giá <em>rẻ</em>, (<strong>đẹp</strong>) và <strong>tốt</strong>!</p>\n"
    });
    assert_eq!(html("một_từ_dài và ngày_**mai**"), "<p>một_từ_dài và ngày_<strong>mai</strong></p>\n");
    // Vietnamese with separate marks: a mark is no punctuation.
    assert_eq!(html("e\u{302}\u{301}**a**e\u{302}"), "<p>e\u{302}\u{301}<strong>a</strong>e\u{302}</p>\n");
    assert_eq!(html("这是**「重点」**的内容。"), "<p>这是<strong>「重点」</strong>的内容。</p>\n");
    assert_eq!(html("これは**太字。**です"), "<p>これは<strong>太字。</strong>です</p>\n");
    assert_eq!(html("**\"a\"**b"), "<p>**&quot;a&quot;**b</p>\n", "elsewhere CommonMark's rule stands");
}

#[test]
fn a_tree_of_tail_steps_can_be_drawn_on_any_frozen_part() {
    let mut stream = twinchat::markdown::Stream::new();
    stream.push("- a\n- b");
    let mut tree = Tree::of(&stream.take_frozen());
    let tail = stream.tail();
    assert!(tail.contains(&Op::Open(Tag::Item)), "the new item stands in the tail: {tail:?}");
    tree.apply(&tail);
    assert!(tree.is_closed());
    assert_eq!(tree.html(), "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n");
}

/// Steps that are drawn anew per tenth of a text that comes in pieces of 20 bytes.
fn drawn_by_tenths(text: &str) -> Vec<usize> {
    let mut stream = twinchat::markdown::Stream::new();
    let mut before: Vec<Op> = Vec::new();
    let mut tenths = vec![0; 10];
    let mut at = 0;
    while at < text.len() {
        let end = text.ceil_char_boundary(text.len().min(at + 20));
        stream.push(&text[at..end]);
        let (frozen, tail) = (stream.take_frozen(), stream.tail());
        tenths[at * 10 / text.len()] += frozen.len() + tail.len() - twinchat::markdown::same_steps(&before, &frozen, &tail);
        before = tail;
        at = end;
    }
    tenths
}

#[test]
fn a_delta_draws_as_little_late_as_early_also_in_one_huge_block() {
    for (unit, before) in [
        ("Một đoạn **văn** ngắn, có [liên kết](https://a.example).\n\n- một\n- hai\n\n", ""),
        ("một câu rất dài không xuống dòng ", ""),
        ("một dòng *nghiêng* rồi\n", ""),
        ("- mục **đậm** thứ mấy\n", ""),
        ("- mục\n  - con\n    - cháu\n", ""),
        ("| một | **hai** |\n", "| a | b |\n|---|---|\n"),
        ("> dòng *nghiêng*\n", ""),
        ("let a = b; // c\n", "```rust\n"),
    ] {
        let tenths = drawn_by_tenths(&format!("{before}{}", unit.repeat(80_000 / unit.len())));
        assert!(tenths[9] * 10 <= tenths[0] * 12, "{unit:?}: {tenths:?}");
        assert!(tenths[9] <= 60 * 400, "{unit:?}: {tenths:?} for 400 pieces");
    }
}

#[test]
fn a_definition_changes_the_blocks_that_wait_for_it_and_no_others() {
    let rewrites = |text: &str| -> Vec<usize> {
        steps(text).iter().filter_map(|op| if let Op::Rewrite { block, .. } = op { Some(*block) } else { None }).collect()
    };
    assert_eq!(rewrites("[a]\n\n[b]\n\n# [c]\n\n[b]: /u\n"), [1]);
    assert_eq!(rewrites("[a] [a]\n\n[a]: /u\n[a]: /v\n"), [0]);
    assert_eq!(rewrites("none\n\n[a]: /u\n"), [] as [usize; 0]);
    assert_eq!(rewrites("[a] [b]\n\n[a]: /u\n\n[b]: /u\n"), [0, 0]);
    let late = "*a [b* c] d e*\n\n![x [y]][z]\n\n| [k] |\n|-|\n| ![v] |\n\n- [x] [k]\n\n[b* c]: /1\n[z]: /2\n[k]: /3\n[v]: /4\n";
    let early = late.split("\n\n").collect::<Vec<_>>();
    let early = [&early[early.len() - 1..], &early[..early.len() - 1]].concat().join("\n\n");
    assert_eq!(html(late), html(&early), "wherever the definitions stand");
    assert!(html(late).contains("<img src=\"/2\" alt=\"x [y]\" />") && html(late).contains("type=\"checkbox\"> <a href=\"/3\">k</a>"));
}

#[test]
fn emphasis_over_any_length_is_emphasis_when_its_end_has_come() {
    let words = "một từ ".repeat(4000);
    let text = format!("a **{words}b** c [d]({}) `e\n\nf", "x".repeat(9000));
    let page = html(&text);
    assert!(page.starts_with("<p>a <strong>một") && page.contains("b</strong> c <a href=\"xxx"), "{}", &page[..100]);
    assert!(page.ends_with("</a> `e</p>\n<p>f</p>\n"));
    let stray = format!("* ` [ {words}** _\n");
    assert_eq!(html(&stray).matches("một từ").count(), 4000);
}

#[test]
fn emphasis_and_links_nest_to_a_limit_and_what_is_deeper_is_drawn_without() {
    for text in ["*a **b ".repeat(5_000), "*".repeat(10_000) + "a" + &"*".repeat(10_000), "[".repeat(10_000) + "a" + &"](b)".repeat(10_000)]
    {
        let growing = Page::of(&text);
        for steps in [steps(&text), [growing.steps.as_slice(), growing.tail()].concat()] {
            let mut depth = 0;
            for op in steps {
                depth += i32::from(matches!(op, Op::Open(_))) - i32::from(op == Op::Close);
                assert!(depth < 40);
            }
            assert_eq!(depth, 0);
        }
        assert!(html(&text).contains('a'));
    }
}
