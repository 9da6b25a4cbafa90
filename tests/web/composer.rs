//! Typing: what sends and what does not, input methods above all.

use super::stage::{Stage, bubble, chat, inline, press};
use leptos::prelude::*;
use twinchat::components::Composer;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{CompositionEvent, Event, EventInit, HtmlButtonElement, HtmlTextAreaElement};

/// One step of a recorded input sequence.
pub(crate) enum Step<'a> {
    /// `keydown` with this key, `isComposing` and `keyCode`.
    Key(&'a str, bool, u32),
    /// A composition event.
    Compose(&'a str),
    /// The field's text becomes this, with its `input` event.
    Text(&'a str),
}

use Step::{Compose, Text};

pub(crate) fn field(stage: &Stage) -> HtmlTextAreaElement {
    stage.find("textarea").unchecked_into()
}

pub(crate) fn write(field: &HtmlTextAreaElement, text: &str) {
    field.set_value(text);
    let init = EventInit::new();
    init.set_bubbles(true);
    init.set_composed(true);
    field.dispatch_event(&Event::new_with_event_init_dict("input", &init).unwrap()).unwrap();
}

pub(crate) fn replay(field: &HtmlTextAreaElement, steps: &[Step<'_>]) {
    for step in steps {
        match step {
            Step::Key(key, composing, code) => {
                press(field, key, |init| {
                    init.set_is_composing(*composing);
                    init.set_key_code(*code);
                });
            }
            Compose(kind) => {
                field.dispatch_event(&CompositionEvent::new(kind).unwrap()).unwrap();
            }
            Text(text) => write(field, text),
        }
    }
}

/// A chat that can send: the widget over a proxy, with the first of two twins chosen.
pub(crate) async fn ready() -> Stage {
    let stage = Stage::with_proxy(inline()).await;
    stage.settle().await;
    stage.app.choose_twin(super::stage::twin(0).id.as_str());
    stage.settle().await;
    stage
}

#[wasm_bindgen_test]
async fn enter_sends_the_text_and_empties_the_field() {
    let stage = ready().await;
    write(&field(&stage), "Xin chào");
    assert!(!press(&field(&stage), "Enter", |_| {}), "the browser must not also break the line");
    stage.settle().await;
    assert_eq!(stage.sent(), ["Xin chào"]);
    assert_eq!(field(&stage).value(), "");
}

#[wasm_bindgen_test]
async fn shift_and_enter_breaks_the_line() {
    let stage = ready().await;
    write(&field(&stage), "Dòng một");
    assert!(press(&field(&stage), "Enter", |init| init.set_shift_key(true)), "the line break is the browser's to make");
    stage.settle().await;
    assert!(stage.sent().is_empty());
    assert_eq!(field(&stage).value(), "Dòng một");
}

#[wasm_bindgen_test]
async fn blanks_alone_are_not_sent() {
    let stage = ready().await;
    write(&field(&stage), " \n ");
    press(&field(&stage), "Enter", |_| {});
    stage.settle().await;
    assert!(stage.sent().is_empty());
    assert!(stage.button("Send").unchecked_into::<HtmlButtonElement>().disabled());
}

#[wasm_bindgen_test]
async fn a_draft_set_from_outside_waits_until_the_word_is_composed() {
    let stage = ready().await;
    replay(&field(&stage), &[Compose("compositionstart"), Text("tiê")]);
    stage.app.signals.draft.set("from the host".to_owned());
    stage.settle().await;
    assert_eq!(field(&stage).value(), "tiê", "what is being composed is never touched");
}

#[wasm_bindgen_test]
async fn a_text_that_is_too_long_is_kept_counted_and_not_sent() {
    let stage = ready().await;
    let text = "ă".repeat(203);
    write(&field(&stage), &text);
    stage.settle().await;
    press(&field(&stage), "Enter", |_| {});
    stage.settle().await;
    assert!(stage.sent().is_empty());
    assert_eq!(field(&stage).value(), text);
    assert!(stage.text().contains("3 characters too many"), "{}", stage.text());
}

#[wasm_bindgen_test]
async fn the_button_sends_and_becomes_stop_while_the_twin_answers() {
    let stage = ready().await;
    write(&field(&stage), "How are you?");
    stage.settle().await;
    stage.button("Send").click();
    stage.settle().await;
    assert_eq!(stage.sent(), ["How are you?"]);
    stage.app.signals.replying.set(true);
    stage.settle().await;
    write(&field(&stage), "and then?");
    press(&field(&stage), "Enter", |_| {});
    stage.settle().await;
    assert_eq!(stage.sent(), ["How are you?"]);
    assert_eq!(field(&stage).value(), "and then?", "what is written meanwhile stays");
    let stop = stage.button("Stop answering");
    stop.focus().unwrap();
    stop.click();
    assert_eq!(stage.root.active_element(), Some(field(&stage).into()), "the button goes, the focus stays in the panel");
}

#[wasm_bindgen_test]
async fn the_field_grows_with_its_lines_and_stops_at_six() {
    let stage = Stage::with(inline(), || view! { <Composer /> }).await;
    chat(&stage, Vec::new()).await;
    let height = |lines: usize| {
        write(&field(&stage), &vec!["line"; lines].join("\n"));
        field(&stage).offset_height()
    };
    let (one, three, six, twenty) = (height(1), height(3), height(6), height(20));
    assert!(one < three && three < six, "{one} {three} {six}");
    assert!(twenty <= six + 4, "{twenty} should not be more than {six}");
}

#[wasm_bindgen_test]
async fn opening_puts_the_focus_into_the_field_and_escape_gives_it_back() {
    let stage = Stage::with_proxy(bubble()).await;
    stage.app.choose_twin(super::stage::twin(0).id.as_str());
    let launcher = stage.button("Open chat");
    launcher.focus().unwrap();
    launcher.click();
    stage.settle().await;
    stage.app.choose_twin(super::stage::twin(0).id.as_str());
    stage.app.focus_composer();
    stage.settle().await;
    assert_eq!(stage.root.active_element(), Some(field(&stage).into()));
    press(&field(&stage), "Escape", |_| {});
    stage.settle().await;
    assert!(!stage.app.signals.open.get_untracked());
    assert_eq!(stage.root.active_element(), Some(launcher.into()));
}
