//! Languages: plurals and dates by the browser's `Intl`, and what changes where lines begin at the right.

use super::stage::{Stage, bubble, chat, conversation, entry, inline, now, problem, twin};
use js_sys::{Array, Intl, Object, Reflect};
use leptos::prelude::*;
use twinchat::app::Options;
use twinchat::components::{ChatPanel, ChatWidget};
use twinchat::i18n::{Locale, clock_time, day_name, file_size, group_name, short_time};
use twinchat::state::{Connection, EntryStatus, Loading, Screen};
use twinchat_protocol::message::Role;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Element, HtmlElement};

const DAY: u64 = 86_400_000;

/// The categories that the browser knows for a language.
fn categories(locale: Locale) -> Vec<String> {
    let rules = Intl::PluralRules::new(&Array::of1(&locale.tag().into()), &Object::new());
    let known = Reflect::get(&rules.resolved_options(), &JsValue::from_str("pluralCategories")).unwrap();
    Array::from(&known).iter().filter_map(|name| name.as_string()).collect()
}

#[wasm_bindgen_test]
fn every_language_has_a_form_for_each_of_its_plural_categories() {
    for &locale in Locale::ALL {
        let mut known = categories(locale);
        let mut own: Vec<String> = locale.categories().iter().map(|&name| name.to_owned()).collect();
        known.sort();
        own.sort();
        assert_eq!(own, known, "{locale:?}");
    }
}

#[wasm_bindgen_test]
fn numbers_are_said_in_the_form_that_the_language_has_for_them() {
    let unread = |locale: Locale, n| locale.texts().unread.of(n);
    assert_eq!(unread(Locale::En, 1), "1 unread message");
    assert_eq!(unread(Locale::En, 0), "0 unread messages");
    assert_eq!(unread(Locale::En, 1200), "1,200 unread messages");
    assert_eq!(unread(Locale::Vi, 1), "1 tin nhắn chưa đọc");
    assert_eq!(unread(Locale::Vi, 1200), "1.200 tin nhắn chưa đọc");
    let arabic = [
        (0, "لا رسائل غير مقروءة"),
        (1, "رسالة واحدة غير مقروءة"),
        (2, "رسالتان غير مقروءتين"),
        (3, "3 رسائل غير مقروءة"),
        (10, "10 رسائل غير مقروءة"),
        (11, "11 رسالة غير مقروءة"),
        (99, "99 رسالة غير مقروءة"),
        (100, "100 رسالة غير مقروءة"),
        (103, "103 رسائل غير مقروءة"),
    ];
    for (n, said) in arabic {
        assert_eq!(unread(Locale::Ar, n), said);
    }
}

#[wasm_bindgen_test]
fn days_near_today_are_named_and_others_dated_as_the_language_does() {
    let name = |days, locale| day_name(now() - days * DAY, now(), locale);
    assert_eq!([name(0, Locale::En), name(1, Locale::En), name(2, Locale::En)], ["Today", "Yesterday", "Tuesday"]);
    assert_eq!([name(0, Locale::Vi), name(1, Locale::Vi), name(2, Locale::Vi)], ["Hôm nay", "Hôm qua", "Thứ Ba"]);
    assert_eq!([name(0, Locale::Ar), name(1, Locale::Ar), name(2, Locale::Ar)], ["اليوم", "أمس", "الثلاثاء"]);
    assert_eq!(name(40, Locale::Vi), "31 tháng 1");
    assert_eq!(name(40, Locale::Ar), "31 يناير");
    // What the visitor's clock is behind of is today.
    assert_eq!(day_name(now() + 3 * DAY, now(), Locale::En), "Today");
    assert_eq!(short_time(now() - DAY, now(), Locale::Vi), "Hôm qua");
    assert_eq!(group_name(now() - 5 * DAY, now(), Locale::Ar), "آخر 7 أيام");
}

#[wasm_bindgen_test]
fn times_and_sizes_have_the_digits_of_the_numbers_beside_them() {
    for &locale in Locale::ALL {
        for text in [clock_time(now(), locale), file_size(2_410_000, locale), locale.texts().missed.of(12)] {
            let digits: Vec<char> = text.chars().filter(|c| c.is_numeric()).collect();
            assert!(!digits.is_empty() && digits.iter().all(char::is_ascii_digit), "{locale:?}: {text}");
        }
    }
    assert_eq!(file_size(2_410_000, Locale::Vi), "2,4 MB");
}

fn arabic(options: Options) -> Options {
    Options { locale: "ar".to_owned(), ..options }
}

fn style(element: &Element, property: &str) -> String {
    window().get_computed_style(element).unwrap().unwrap().get_property_value(property).unwrap()
}

#[wasm_bindgen_test]
async fn in_arabic_the_root_is_right_to_left_whatever_the_page_is() {
    let stage = Stage::with(arabic(bubble()), || view! { <ChatWidget /> }).await;
    stage.app.signals.open.set(true);
    chat(&stage, Vec::new()).await;
    let root = stage.find(".tc-root");
    assert_eq!((root.get_attribute("lang").as_deref(), root.get_attribute("dir").as_deref()), (Some("ar"), Some("rtl")));
    let middle = window().inner_width().unwrap().as_f64().unwrap() / 2.0;
    assert!(stage.find(".tc-launcher").get_bounding_client_rect().right() < middle, "the bubble is at the line's end");
    let english = Stage::with(bubble(), || view! { <ChatWidget /> }).await;
    document().document_element().unwrap().set_attribute("dir", "rtl").unwrap();
    english.settle().await;
    let (direction, bubble) = (style(&english.find(".tc-root"), "direction"), english.find(".tc-launcher").get_bounding_client_rect());
    document().document_element().unwrap().remove_attribute("dir").unwrap();
    assert_eq!(direction, "ltr", "English in a page that is written from the right");
    assert!(bubble.left() > middle);
}

#[wasm_bindgen_test]
async fn icons_that_point_are_mirrored_and_code_is_not() {
    let code = "هكذا:\n\n```rust\nfn main() {}\n```\n\nو `x = 1`";
    let stage = Stage::with(arabic(inline()), || view! { <ChatPanel /> }).await;
    chat(&stage, vec![entry("m1", Role::Assistant, code, EntryStatus::Complete)]).await;
    let back = stage.find(".tc-back svg");
    assert_eq!(style(&back, "transform"), "matrix(-1, 0, 0, 1, 0, 0)");
    assert_eq!(style(&stage.find(".tc-send svg"), "transform"), "none", "what points upward has no other side");
    let block = stage.find("pre code");
    assert_eq!((style(&block, "direction"), style(&block, "text-align")), ("ltr".to_owned(), "left".to_owned()));
    assert_eq!(style(&stage.find(".tc-markdown p"), "direction"), "rtl");
}

/// Every box in the panel but those in text, with what it is.
fn boxes(stage: &Stage) -> Vec<(String, f64, f64, f64)> {
    let panel = stage.find(".tc-panel").get_bounding_client_rect();
    let drawn = stage.all(".tc-panel *:not(svg *):not(.tc-markdown *):not(.tc-hidden)");
    let is_box = |element: &Element| style(element, "display") != "inline" && element.get_bounding_client_rect().width() > 0.0;
    let placed = drawn.into_iter().filter(is_box);
    let measure = |element: Element| {
        let rect = element.get_bounding_client_rect();
        let what = [&element.tag_name().to_lowercase(), ".", &element.get_attribute("class").unwrap_or_default()].concat();
        (what, rect.left() - panel.left(), panel.right() - rect.right(), rect.top() - panel.top())
    };
    placed.map(measure).collect()
}

#[wasm_bindgen_test]
async fn from_the_right_every_box_lies_as_in_a_mirror() {
    let stage = Stage::with(inline(), || view! { <ChatPanel /> }).await;
    let s = stage.app.signals;
    s.connection.set(Connection::Waiting { retry_at: now() + 7000 });
    s.notice.set(Some(problem("RATE_LIMITED")));
    s.conversations.set((0..3).map(|n| conversation(n, "A conversation", u64::from(n))).collect());
    s.conversations_loading.set(Loading::Ready);
    let unsent = EntryStatus::Unsent(problem("OFFLINE"));
    let messages = vec![
        entry("m1", Role::User, "Where is it?", EntryStatus::Complete),
        entry("m2", Role::Assistant, "Behind the old bridge.", EntryStatus::Complete),
        entry("m3", Role::User, "Thanks!", unsent),
        entry("m4", Role::Assistant, "Wait", EntryStatus::Failed(problem("REPLY_INCOMPLETE"))),
    ];
    chat(&stage, messages).await;
    s.twins.set((0..7).map(twin).collect());
    for screen in [Screen::Chat, Screen::Twins, Screen::Conversations] {
        s.screen.set(screen);
        stage.settle().await;
        let root = stage.find(".tc-root");
        let ltr = boxes(&stage);
        root.set_attribute("dir", "rtl").unwrap();
        stage.settle().await;
        let rtl = boxes(&stage);
        root.set_attribute("dir", "ltr").unwrap();
        assert!(ltr.len() > 30 && ltr.len() == rtl.len(), "{screen:?}: {} and {} boxes", ltr.len(), rtl.len());
        for ((what, left, right, top), (_, other_left, other_right, other_top)) in ltr.iter().zip(&rtl) {
            let same = (left - other_right).abs() < 1.5 && (right - other_left).abs() < 1.5 && (top - other_top).abs() < 1.5;
            assert!(same, "{screen:?}: {what} is {left}, {right}, {top}; mirrored {other_left}, {other_right}, {other_top}");
        }
    }
}

#[wasm_bindgen_test]
async fn names_and_titles_stand_at_the_line_s_beginning_in_either_script() {
    let stage = Stage::with(arabic(inline()), || view! { <ChatPanel /> }).await;
    stage.app.signals.conversations.set(vec![conversation(1, "An English title", 0)]);
    stage.app.signals.conversations_loading.set(Loading::Ready);
    chat(&stage, Vec::new()).await;
    stage.app.signals.screen.set(Screen::Conversations);
    stage.settle().await;
    let title: HtmlElement = stage.find(".tc-row-title");
    assert_eq!((style(&title, "direction"), style(&title, "text-align")), ("ltr".to_owned(), "right".to_owned()));
}
