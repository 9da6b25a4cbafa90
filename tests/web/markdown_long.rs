//! Rich text without end: put together in parts, and still one paragraph, list, table and block of code.

use super::markdown::{growing, show};
use super::stage::Stage;
use leptos::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::Element;

fn stage_text(stage: &Stage) -> String {
    stage.find(".tc-markdown").text_content().unwrap()
}

#[wasm_bindgen_test]
async fn a_very_long_text_is_drawn_over_several_frames() {
    let text = "Một đoạn **văn** ngắn.\n\n".repeat(15_000);
    let length = stage_text(&show(&text).await).len();
    assert!(length > 5_000 && length < text.len() / 2, "{length}");
    let stage = show(&text).await;
    // What stands under an answer is not pushed along as the answer is drawn.
    let below: Element = leptos::prelude::document().create_element("div").unwrap();
    let view = stage.find(".tc-markdown");
    view.after_with_node_1(&below).unwrap();
    assert!(below.get_bounding_client_rect().width() < 1.0);
    for _ in 0..200 {
        stage.settle().await;
        if !view.has_attribute("aria-busy") {
            break;
        }
    }
    assert_eq!(stage.all(".tc-markdown p").len(), 15_000);
    assert!(below.get_bounding_client_rect().width() > 1.0);
}

#[wasm_bindgen_test]
async fn what_came_at_once_is_drawn_far_from_its_end_only_when_it_gets_near_and_what_was_seen_to_come_stays_drawn() {
    let paragraph = "Một đoạn **văn** ngắn, đủ dài cho một dòng hay hai.\n\n";
    let stage = show(&paragraph.repeat(400)).await;
    for _ in 0..60 {
        stage.settle().await;
    }
    let left = |stage: &Stage| stage.all(".tc-markdown > .tc-part").iter().map(|part| part.has_attribute("style")).collect::<Vec<_>>();
    let parts = left(&stage);
    assert!(parts.iter().filter(|left| **left).count() > parts.len() / 2, "{parts:?}");
    assert!(!parts[parts.len() - 4..].contains(&true), "{parts:?}");
    assert_eq!(stage.all(".tc-markdown p").len(), 400);
    let (stage, text, _) = growing().await;
    for _ in 0..40 {
        text.update(|text| text.push_str(paragraph));
        stage.settle().await;
    }
    assert_eq!(left(&stage), [false, false, false]);
}

#[wasm_bindgen_test]
async fn a_paragraph_without_end_is_laid_out_in_runs_and_loses_nothing() {
    let sentence = "Một câu có **chữ đậm** và *chữ nghiêng*. ";
    let (stage, text, streaming) = growing().await;
    for _ in 0..12 {
        text.update(|text| text.push_str(&sentence.repeat(100)));
        stage.settle().await;
        stage.settle().await;
    }
    streaming.set(false);
    for _ in 0..8 {
        stage.settle().await;
    }
    assert_eq!(stage.all(".tc-markdown p").len(), 1);
    assert_eq!(stage.all(".tc-markdown p strong").len(), 1200);
    assert_eq!(stage_text(&stage), "Một câu có chữ đậm và chữ nghiêng. ".repeat(1200).trim_end());
    let runs = stage.all(".tc-run");
    assert!((2..5).contains(&runs.len()), "{}", runs.len());
    let end_of = |run: &Element| run.previous_sibling().and_then(|before| before.text_content()).unwrap_or_default();
    let between = |run: &Element| end_of(run).ends_with(' ') || run.text_content().is_some_and(|text| text.starts_with(' '));
    assert!(runs.iter().all(between), "between words");
    // Code goes on at a line's end.
    let code = "let a = 1; // một\n".repeat(3000);
    let stage = show(&["```rust\n", &code, "```\n"].concat()).await;
    for _ in 0..30 {
        stage.settle().await;
    }
    assert_eq!(stage.find(".tc-markdown pre > code").text_content().unwrap(), code);
    let runs = stage.all(".tc-markdown code > .tc-run");
    assert!((15..40).contains(&runs.len()) && runs.iter().all(|run| run.text_content().is_some_and(|text| text.starts_with("let"))));
    // A mark that never closes has the whole of it drawn once more at its end.
    let open = format!("**{}", "mở và [không](đóng ".repeat(1200));
    let stage = show(&open).await;
    for _ in 0..60 {
        stage.settle().await;
    }
    assert_eq!(stage_text(&stage), open.trim_end());
    assert!(stage.look(".tc-markdown div").is_none() && stage.all(".tc-markdown p").len() == 1);
}

#[wasm_bindgen_test]
async fn a_long_list_is_one_list_in_parts_and_counts_on() {
    let (stage, text, streaming) = growing().await;
    text.set((7..207).map(|number| format!("{number}. mục **{number}**\n")).collect());
    for _ in 0..4 {
        stage.settle().await;
    }
    let list = stage.find(".tc-markdown > ol[start='7']");
    assert_eq!((stage.all(".tc-markdown ol").len(), stage.all("li").len()), (1, 200));
    assert_eq!((list.child_element_count(), list.get_attribute("role").as_deref()), (67, Some("list")));
    assert!(stage.all(".tc-part").iter().all(|part| part.get_attribute("role").as_deref() == Some("none")));
    assert!(stage.all(".tc-part > li").iter().all(|item| item.get_attribute("role").as_deref() == Some("listitem")));
    // Each as far from the one before as in a short list.
    let tops: Vec<f64> = stage.all("li").iter().map(|item| item.get_bounding_client_rect().top()).collect();
    assert!(tops.windows(2).all(|two| (two[1] - two[0] - (tops[1] - tops[0])).abs() < 0.1), "{tops:?}");
    // It turns out to be loose, wherever an item stands.
    text.update(|text| text.push_str("\n207. cuối\n"));
    streaming.set(false);
    for _ in 0..4 {
        stage.settle().await;
    }
    assert_eq!((stage.all("li > p").len(), stage.all("li").len()), (201, 201));
    let tops: Vec<f64> = stage.all("li").iter().map(|item| item.get_bounding_client_rect().top()).collect();
    assert!(tops.windows(2).all(|two| (two[1] - two[0] - (tops[1] - tops[0])).abs() < 0.1), "{tops:?}");
    let short = show("1. một\n").await;
    assert!(short.look("[role=list]").is_none());
}

#[wasm_bindgen_test]
async fn a_long_table_is_one_table_whose_columns_stay_in_line() {
    let (stage, text, _) = growing().await;
    text.set("| Tên | Giá |\n|---|--:|\n".to_owned());
    stage.settle().await;
    for part in 0..4 {
        let rows: String = (0..50).map(|row| format!("| dòng {part} {row} | {} |\n", part * 50 + row)).collect();
        text.update(|text| text.push_str(&rows));
        stage.settle().await;
        stage.settle().await;
    }
    text.update(|text| {
        text.push_str("| một-từ-rất-dài-không-có-chỗ-nào-để-ngắt-cả-cho-nên-phải-ngắt-giữa-chừng-để-khỏi-tràn-sang-cột-bên | 1 |\n");
    });
    stage.settle().await;
    stage.settle().await;
    assert_eq!((stage.all("table").len(), stage.all("tbody").len(), stage.all("tbody tr").len()), (1, 4, 201));
    for selector in ["tr > :first-child", "tr > :last-child"] {
        let sides: Vec<(f64, f64)> =
            stage.all(selector).iter().map(Element::get_bounding_client_rect).map(|rect| (rect.left(), rect.width())).collect();
        assert!(sides.iter().all(|side| *side == sides[0]), "{selector}: {sides:?}");
    }
    let long: Element = stage.all("tbody td").into_iter().rev().nth(1).unwrap();
    assert!(long.scroll_width() <= long.client_width() + 1, "it does not lie over the next column");
    let roles =
        |selector: &str, role: &str| stage.all(selector).iter().all(|element| element.get_attribute("role").as_deref() == Some(role));
    assert!(
        roles("table", "table")
            && roles("thead,tbody", "rowgroup")
            && roles("tr", "row")
            && roles("th", "columnheader")
            && roles("td", "cell")
    );
    // The next table is one of its own.
    text.update(|text| text.push_str("\n| a |\n|---|\n| b |\n"));
    stage.settle().await;
    assert!(stage.look(".tc-markdown > :last-child :is(.tc-long,[style])").is_none());
}
