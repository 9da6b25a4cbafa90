//! Rich text: safe, and stable while it grows.

use super::stage::{Stage, inline};
use leptos::prelude::*;
use twinchat::components::MarkdownView;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::Element;

const RICH: &str = "## Bốn bước\n\n1. **Tráng ấm**\n2. Cho *5 g* trà\n   - nhỏ\n   - vừa\n\n> Nước quá nóng\n> làm chát.\n\n\
| Loại | Giây |\n|---|--:|\n| Sen | 90 |\n| Ô long | 45 |\n\n- [x] xong\n- [ ] chưa\n\n\
```rust\nfn main() {\n    println!(\"<b>chào</b>\");\n}\n```\n\nXem [đây](https://example.com/a?b=1&c=2) và ~~kia~~ `mã`.\n\n---\n\nHết 🍵";
const REFERENCES: &str =
    "Read [the guide] first, then [this][two].\n\n[the guide]: https://example.com/guide\n[two]: javascript:alert(1)\n";
const LOOSE: &str = "- one\n\n- two\n\n  more of two\n\nEnd with ![a picture](https://example.com/x.png) and https://example.com.";
const HOSTILE: &str = "<img src=x onerror=alert(1)>\n\n<script>alert(1)</script>\n\n[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) \
[c](data:text/html,x) [d](vbscript:x) <javascript:alert(1)> ![e](javascript:alert(1)) [f](//evil.example) [g](/relative)\n\n**<b onclick=x>bold</b>**";

pub(crate) async fn show(text: &str) -> Stage {
    let text = text.to_owned();
    Stage::with(inline(), move || view! { <MarkdownView text=Signal::stored(text) /> }).await
}

/// A view whose text grows, and what makes it grow.
pub(crate) async fn growing() -> (Stage, RwSignal<String>, RwSignal<bool>) {
    let (text, streaming) = (RwSignal::new(String::new()), RwSignal::new(true));
    let stage = Stage::with(inline(), move || view! { <MarkdownView text=text streaming=streaming /> }).await;
    (stage, text, streaming)
}

fn html(stage: &Stage) -> String {
    stage.find(".tc-markdown").inner_html()
}

#[wasm_bindgen_test]
async fn every_way_of_cutting_the_stream_gives_the_same_page() {
    for whole in [RICH, REFERENCES, LOOSE, HOSTILE] {
        let wanted = html(&show(whole).await);
        for size in [1, 3, 7, 40] {
            let (stage, text, streaming) = growing().await;
            let characters: Vec<char> = whole.chars().collect();
            for (at, piece) in characters.chunks(size).enumerate() {
                text.update(|text| text.extend(piece));
                // Not all steps are drawn in a browser either: deltas come faster than frames.
                if at % (1 + 40 / size) == 0 {
                    stage.frame().await;
                }
            }
            streaming.set(false);
            stage.settle().await;
            assert_eq!(html(&stage), wanted, "in pieces of {size}");
        }
    }
}

#[wasm_bindgen_test]
async fn nothing_in_an_answer_becomes_markup_or_runs() {
    let stage = show(HOSTILE).await;
    assert!(stage.all(".tc-markdown :is(img,script,b,iframe,[onclick],[onerror])").is_empty());
    let links: Vec<String> = stage.all(".tc-markdown a").iter().filter_map(|link| link.get_attribute("href")).collect();
    assert!(links.is_empty(), "{links:?}");
    assert!(stage.text().contains("<script>alert(1)</script>"), "shown as text: {}", stage.text());
}

#[wasm_bindgen_test]
async fn links_lead_out_and_tell_nothing() {
    let stage = show("[here](https://example.com/a) or <mailto:a@example.com>").await;
    let links = stage.all(".tc-markdown a");
    assert_eq!(links.len(), 2);
    for link in links {
        assert_eq!(link.get_attribute("target").as_deref(), Some("_blank"));
        assert_eq!(link.get_attribute("rel").as_deref(), Some("noopener noreferrer nofollow"));
    }
}

#[wasm_bindgen_test]
async fn a_picture_is_not_fetched_before_the_visitor_asks_for_it() {
    let stage = show("![Ấm gốm](https://pictures.invalid/am.jpg) [![Trà](https://pictures.invalid/tra.jpg)](https://a.example)").await;
    assert!(stage.look(".tc-markdown img").is_none());
    let offer = stage.find(".tc-markdown button");
    assert_eq!(offer.text_content().as_deref(), Some("Ấm gốmShow image · pictures.invalid"));
    assert!(stage.look(".tc-markdown a button").is_none(), "no button in a link");
    assert_eq!(stage.find(".tc-markdown a").text_content().as_deref(), Some("Trà"));
    offer.click();
    let image = stage.find(".tc-markdown img");
    assert_eq!(image.get_attribute("src").as_deref(), Some("https://pictures.invalid/am.jpg"));
    assert_eq!(image.get_attribute("alt").as_deref(), Some("Ấm gốm"));
    assert_eq!(image.get_attribute("referrerpolicy").as_deref(), Some("no-referrer"));
    assert!(stage.look(".tc-markdown button").is_none());
}

#[wasm_bindgen_test]
async fn links_say_where_they_lead_and_always_when_their_text_says_otherwise() {
    let stage =
        show("[here](https://example.com/a) [bank.example](https://evil.example/x) [аpple.com](https://аpple.com/) <mailto:a@example.com>")
            .await;
    let said: Vec<_> = stage
        .all(".tc-markdown a")
        .iter()
        .map(|link| (link.get_attribute("aria-description").unwrap(), link.class_name() == "tc-elsewhere"))
        .collect();
    let said: Vec<_> = said.iter().map(|(place, otherwise)| (place.as_str(), *otherwise)).collect();
    assert_eq!(said, [("example.com", false), ("evil.example", true), ("xn--pple-43d.com", true), ("a@example.com", false)]);
}

#[wasm_bindgen_test]
async fn addresses_of_the_pages_own_site_are_links_where_that_is_wanted() {
    let text = "[own](/prices) ![picture](/a.png) [other](//evil.example) [script](javascript:alert(1))".to_owned();
    let stage = Stage::with(inline(), move || view! { <MarkdownView text=Signal::stored(text) relative=true /> }).await;
    let links: Vec<_> = stage.all(".tc-markdown a").iter().map(|link| link.get_attribute("href").unwrap()).collect();
    assert_eq!(links, ["/prices"]);
    assert_eq!(stage.find(".tc-markdown img").get_attribute("src").as_deref(), Some("/a.png"));
}

#[wasm_bindgen_test]
async fn headings_are_as_written_or_below_those_of_the_page() {
    let text = "# One\n\n## Two\n\n### Three\n\n###### Six".to_owned();
    for (top, wanted) in [(1, ["H1", "H2", "H3", "H6"]), (3, ["H3", "H3", "H4", "H6"])] {
        let text = text.clone();
        let stage = Stage::with(inline(), move || view! { <MarkdownView text=Signal::stored(text) top_heading=top /> }).await;
        let names: Vec<_> = stage.all(".tc-markdown > *").iter().map(Element::tag_name).collect();
        assert_eq!(names, wanted);
    }
}

#[wasm_bindgen_test]
async fn a_list_is_as_in_html_tight_or_loose_also_when_that_shows_late() {
    let (stage, text, streaming) = growing().await;
    text.set("- one\n- **two**\n  - in it\n".to_owned());
    stage.settle().await;
    assert!(stage.look(".tc-markdown p").is_none());
    let item: Element = stage.find(".tc-markdown li").into();
    text.update(|text| text.push_str("\n- three\n"));
    stage.settle().await;
    assert!(stage.find(".tc-markdown li").is_same_node(Some(&item)));
    assert_eq!(stage.all(".tc-markdown > ul > li > p").len(), 3);
    assert!(stage.look("li li p").is_none(), "the list inside stays tight");
    streaming.set(false);
    stage.settle().await;
    assert_eq!(stage.find(".tc-markdown").text_content().as_deref(), Some("onetwoin itthree"));
}

#[wasm_bindgen_test]
async fn a_picture_of_an_origin_the_page_trusts_is_shown() {
    let options = twinchat::app::Options { image_origins: vec!["https://pictures.invalid".to_owned()], ..inline() };
    let text = "![a](https://pictures.invalid/a.png) ![b](https://pictures.invalid.evil.example/b.png)".to_owned();
    let stage = Stage::with(options, move || view! { <MarkdownView text=Signal::stored(text) /> }).await;
    let shown: Vec<String> = stage.all(".tc-markdown img").iter().filter_map(|image| image.get_attribute("src")).collect();
    assert_eq!(shown, ["https://pictures.invalid/a.png"]);
}

#[wasm_bindgen_test]
async fn finished_blocks_stay_the_same_elements_and_keep_a_selection() {
    let (stage, text, _) = growing().await;
    text.set("First **paragraph**.\n\nSecond one, ".to_owned());
    stage.settle().await;
    let first: Element = stage.find(".tc-markdown > p").into();
    let bold = first.query_selector("strong").unwrap().unwrap();
    let selection = js_sys::Reflect::get(&stage.root, &"getSelection".into()).ok().filter(wasm_bindgen::JsValue::is_function);
    let selection = match selection {
        Some(get) => js_sys::Function::from(get).call0(&stage.root).unwrap(),
        None => js_sys::Function::from(js_sys::Reflect::get(&document(), &"getSelection".into()).unwrap()).call0(&document()).unwrap(),
    };
    let call = |name: &str, argument: &Element| {
        let function = js_sys::Function::from(js_sys::Reflect::get(&selection, &name.into()).unwrap());
        function.call1(&selection, argument).unwrap()
    };
    call("selectAllChildren", &bold);
    for n in 0..50 {
        text.update(|text| text.push_str(if n % 10 == 9 { "\n\n- item\n\n" } else { "more words " }));
        stage.settle().await;
    }
    assert!(stage.find(".tc-markdown > p").is_same_node(Some(&first)), "the first block was drawn once");
    let selected: String = js_sys::Object::from(selection).to_string().into();
    assert_eq!(selected, "paragraph");
}

#[wasm_bindgen_test]
async fn unfinished_markup_is_drawn_as_it_will_be() {
    let (stage, text, _) = growing().await;
    text.set("This is **bo".to_owned());
    stage.settle().await;
    assert_eq!(stage.find(".tc-markdown strong").text_content().as_deref(), Some("bo"));
    text.set("This is **bold** and [a li".to_owned());
    stage.settle().await;
    assert!(!stage.text().contains('['), "{}", stage.text());
}

#[wasm_bindgen_test]
async fn another_text_in_place_of_the_first_is_drawn_from_the_beginning() {
    let (stage, text, streaming) = growing().await;
    text.set("# One\n\ntwo".to_owned());
    stage.settle().await;
    text.set("Three".to_owned());
    streaming.set(false);
    stage.settle().await;
    assert_eq!(stage.find(".tc-markdown").text_content().as_deref(), Some("Three"));
    assert!(stage.look(".tc-markdown :is(h1,h2)").is_none());
}

#[wasm_bindgen_test]
async fn code_has_its_language_and_a_button_and_tables_scroll_by_themselves() {
    let stage = show(RICH).await;
    assert_eq!(stage.find(".tc-code").get_attribute("data-language").as_deref(), Some("rust"));
    assert_eq!(stage.find(".tc-code pre").text_content().as_deref(), Some("fn main() {\n    println!(\"<b>chào</b>\");\n}\n"));
    let copy = stage.button("Copy code");
    copy.click();
    for _ in 0..20 {
        stage.frame().await;
    }
    // This page may not copy without a hand on it; either way the visitor hears what came of it.
    let said = copy.text_content().unwrap();
    assert!(said.contains("Copied") || said.contains("The text is selected"), "{said}");
    assert_eq!(stage.find(".tc-table").get_attribute("tabindex").as_deref(), Some("0"));
    assert_eq!(stage.all(".tc-check").len(), 2);
    for block in stage.all(".tc-markdown > :is(p,blockquote), .tc-markdown li") {
        assert_eq!(block.get_attribute("dir").as_deref(), Some("auto"));
    }
}
