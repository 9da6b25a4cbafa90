//! Input methods: what browsers report while people write Vietnamese, Japanese, Chinese and Korean, replayed.
//!
//! Chromium's sequences are recorded in Chromium (`tests/fixtures/input_methods/`). Those in here are written down from
//! the events that each browser gives for these keys; what differs between them is the key's name (`Process` or its own),
//! its code (229 while it is the method's), `isComposing`, and whether the composition ends before or after the Enter
//! that ends it.

use super::composer::Step::{self, Compose, Key, Text};
use super::composer::{field, ready, replay, write};
use super::stage::{Stage, conversation, inline, press, twin};
use leptos::prelude::*;
use twinchat::components::{ConversationList, TwinPicker};
use twinchat::platform::json::Json;
use twinchat::state::{Loading, Screen};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::HtmlInputElement;

const START: Step<'_> = Compose("compositionstart");
const END: Step<'_> = Compose("compositionend");
/// A key that is the input method's, in Chromium and Firefox on Windows and Linux.
const PROCESS: Step<'_> = Key("Process", true, 229);
/// A key on a phone's keyboard.
const PHONE: Step<'_> = Key("Unidentified", true, 229);

/// Sequences that end with an Enter which only ends the composition.
const ENDED_BY_ENTER: &[(&str, &[Step<'_>])] = &[
    (
        "Telex, Chromium on Linux",
        &[
            START,
            PROCESS,
            Text("t"),
            PROCESS,
            Text("tie"),
            PROCESS,
            Text("tiê"),
            PROCESS,
            Text("tiế"),
            PROCESS,
            Text("tiếng"),
            Key("Enter", true, 229),
            END,
        ],
    ),
    ("Telex, Chromium on macOS", &[START, Key("e", true, 229), Text("ê"), Key("s", true, 229), Text("ế"), Key("Enter", true, 229), END]),
    (
        "Telex, Safari",
        // The composition is over before the Enter that ended it is reported.
        &[START, Key("e", true, 229), Text("tiê"), Key("s", true, 229), Text("tiế"), END, Key("Enter", false, 229)],
    ),
    (
        "VNI, Firefox on Windows",
        &[START, PROCESS, Text("Vie"), PROCESS, Text("Viê"), PROCESS, Text("Việ"), PROCESS, Text("Việt"), Key("Process", true, 229), END],
    ),
    ("VNI, Firefox that names the key", &[START, Text("Vie6t"), Text("Việt"), Key("Enter", true, 13), END]),
    (
        "kana, Chromium on Windows",
        &[START, PROCESS, Text("にほん"), Key("Process", true, 229), Text("日本"), Key("Process", true, 229), END],
    ),
    (
        "kana, Chromium on macOS",
        &[START, Key("n", true, 229), Text("にほん"), Key(" ", true, 229), Text("日本"), Key("Enter", true, 229), END],
    ),
    ("kana, Safari", &[START, Text("にほん"), Key(" ", true, 229), Text("日本"), END, Key("Enter", false, 229)]),
    ("kana, Firefox", &[START, Text("にほん"), PROCESS, Text("日本"), Key("Enter", true, 13), END]),
    // Enter takes the letters as they are.
    ("pinyin, Chromium", &[START, PROCESS, Text("ni'hao"), Key("Enter", true, 229), Text("nihao"), END]),
    ("pinyin, Safari", &[START, Text("ni hao"), Text("nihao"), END, Key("Enter", false, 229)]),
    ("zhuyin, Chromium", &[START, PROCESS, Text("ㄋㄧˇ"), PROCESS, Text("你"), Key("Process", true, 229), Key("Enter", true, 229), END]),
    (
        "hangul, Safari",
        &[START, Key("ㅎ", true, 229), Text("ㅎ"), Key("ㅏ", true, 229), Text("하"), Text("한"), END, Key("Enter", false, 229)],
    ),
    ("hangul, a browser without flags", &[START, Text("한"), Key("Enter", false, 13), Text("한국"), END]),
];

/// Sequences after which nothing is being composed: the next Enter, or the one that is in them, sends.
const NOT_COMPOSING: &[(&str, &[Step<'_>], &str)] = &[
    (
        "Telex by Unikey, which takes back and writes again",
        &[
            Key("e", false, 69),
            Text("tie"),
            Key("Backspace", false, 8),
            Text("ti"),
            Key("Unidentified", false, 231),
            Text("tiê"),
            Key("Enter", false, 13),
        ],
        "tiê",
    ),
    ("pinyin, chosen by the space bar", &[START, PROCESS, Text("ni"), PROCESS, Text("你好"), END, Key("Enter", false, 13)], "你好"),
    (
        "hangul, Chromium on Windows: one press ends the syllable and is Enter",
        &[START, PROCESS, Text("ㅎ"), PROCESS, Text("한"), Key("Process", true, 229), END, Key("Enter", false, 13)],
        "한",
    ),
    (
        "Telex on a phone, ended by a space",
        &[START, PHONE, Text("tiê"), PHONE, Text("tiếng"), END, PHONE, Text("tiếng "), Key("Enter", false, 13)],
        "tiếng",
    ),
];

/// What was recorded in Chromium.
fn recorded() -> Vec<Json> {
    let recorded = Json::parse(include_str!("../fixtures/input_methods/chromium.json")).expect("the recording");
    recorded.get("sequences").expect("its sequences").items()
}

/// Gives the field one recorded event.
fn replay_event(field: &web_sys::HtmlTextAreaElement, event: &Json) {
    let (kind, text, key) = (event.text("type"), event.text("text"), event.text("key"));
    let step = match kind.as_str() {
        "keydown" => Key(&key, event.flag("isComposing"), event.number("keyCode").unwrap() as u32),
        "input" => Text(&text),
        kind => Compose(kind),
    };
    replay(field, &[step]);
}

#[wasm_bindgen_test]
async fn what_chromium_reports_while_somebody_composes_sends_whole_words_only() {
    let sequences = recorded();
    assert!(sequences.len() > 15, "{}", sequences.len());
    for sequence in &sequences {
        let (name, whole, sends) = (sequence.text("name"), sequence.text("whole"), sequence.text("sends"));
        let stage = ready().await;
        for event in sequence.get("events").unwrap().items() {
            replay_event(&field(&stage), &event);
            stage.settle().await;
        }
        if !whole.is_empty() {
            assert!(stage.sent().is_empty(), "{name}: sent {:?}", stage.sent());
            assert_eq!(field(&stage).value(), whole, "{name}: what is being composed is never touched");
            press(&field(&stage), "Enter", |init| init.set_key_code(13));
            stage.settle().await;
        }
        assert_eq!(stage.sent(), [[whole, sends].concat()], "{name}");
    }
}

#[wasm_bindgen_test]
async fn an_enter_that_ends_a_composition_sends_nothing_and_the_next_one_sends_it_whole() {
    for (name, steps) in ENDED_BY_ENTER {
        let stage = ready().await;
        replay(&field(&stage), steps);
        stage.settle().await;
        assert!(stage.sent().is_empty(), "{name}: sent {:?}", stage.sent());
        let whole = field(&stage).value();
        press(&field(&stage), "Enter", |init| init.set_key_code(13));
        stage.settle().await;
        assert_eq!(stage.sent(), [whole], "{name}: the next Enter sends the whole word");
    }
}

#[wasm_bindgen_test]
async fn an_enter_after_the_composition_sends_at_once() {
    for (name, steps, whole) in NOT_COMPOSING {
        let stage = ready().await;
        replay(&field(&stage), steps);
        stage.settle().await;
        assert_eq!(stage.sent(), [*whole], "{name}");
    }
}

#[wasm_bindgen_test]
async fn a_word_that_is_being_composed_is_whole_when_the_button_sends_it() {
    let stage = ready().await;
    replay(&field(&stage), &[START, PROCESS, Text("tiế")]);
    stage.settle().await;
    // A press on the button ends the composition first.
    replay(&field(&stage), &[Text("tiếng"), END]);
    stage.button("Send").click();
    stage.settle().await;
    assert_eq!(stage.sent(), ["tiếng"]);
    assert_eq!(field(&stage).value(), "");
}

#[wasm_bindgen_test]
async fn an_enter_that_ends_a_composition_chooses_no_twin_and_saves_no_title() {
    let stage = Stage::with(inline(), || view! { <TwinPicker /> }).await;
    stage.app.signals.twins.set((0..7).map(twin).collect());
    stage.app.signals.twins_loading.set(Loading::Ready);
    stage.app.signals.screen.set(Screen::Twins);
    stage.settle().await;
    let search = stage.find("[role=combobox]");
    write(search.unchecked_ref(), "tr");
    stage.settle().await;
    for (composing, code) in [(true, 13), (true, 229), (false, 229)] {
        press(&search, "Enter", |init| {
            init.set_is_composing(composing);
            init.set_key_code(code);
        });
    }
    stage.settle().await;
    assert!(stage.app.signals.twin.with_untracked(Option::is_none));

    let stage = Stage::with(inline(), || view! { <ConversationList /> }).await;
    stage.app.signals.conversations.set(vec![conversation(1, "Old", 0)]);
    stage.app.signals.conversations_loading.set(Loading::Ready);
    stage.settle().await;
    stage.button("Options for “Old”").click();
    stage.settle().await;
    stage.button("Rename").click();
    stage.settle().await;
    let field: HtmlInputElement = stage.find(".tc-row-edit input").unchecked_into();
    field.set_value("Mớ");
    for (composing, code) in [(true, 13), (false, 229)] {
        press(&field, "Enter", |init| {
            init.set_is_composing(composing);
            init.set_key_code(code);
        });
    }
    stage.settle().await;
    assert!(stage.look(".tc-row-edit").is_some(), "the title is still being written");
}
