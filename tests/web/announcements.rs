//! What a screen reader is told: a live region is read as its additions come, so the additions are what is looked at.

use super::stage::{Stage, chat, entry, inline, problem};
use js_sys::Array;
use leptos::prelude::*;
use twinchat::app::{Announce, MessageEntry};
use twinchat::components::ChatWidget;
use twinchat::state::{EntryStatus, Progress};
use twinchat_protocol::message::Role;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::Element;

#[wasm_bindgen(inline_js = r#"
// What a screen reader would say: text that comes into a polite region, or changes there.
export function listen(root) {
    const said = [];
    new MutationObserver(changes => {
        for (const { target, addedNodes } of changes) {
            const region = (target.nodeType === 1 ? target : target.parentElement)?.closest('[aria-live]');
            if (region?.ariaLive !== 'polite') continue;
            if (addedNodes.length === 0) said.push(target.textContent);
            for (const node of addedNodes) if (node.textContent.trim()) said.push(node.textContent);
        }
    }).observe(root, { subtree: true, childList: true, characterData: true });
    return said;
}
"#)]
extern "C" {
    fn listen(root: &Element) -> Array;
}

/// A widget in which an answer is about to come, and what is said in it.
async fn waiting(how: Announce) -> (Stage, MessageEntry, Array) {
    let stage = Stage::with(inline(), || view! { <ChatWidget /> }).await;
    chat(&stage, vec![entry("m0", Role::Assistant, "From the history.", EntryStatus::Complete)]).await;
    stage.app.set_announce(how);
    let said = listen(&stage.find(".tc-root"));
    let answer = entry("m2", Role::Assistant, "", EntryStatus::Waiting(Progress::default()));
    let more = answer.clone();
    stage.app.signals.messages.update(|messages| messages.extend([entry("m1", Role::User, "Why?", EntryStatus::Complete), more]));
    stage.settle().await;
    (stage, answer, said)
}

fn words(said: &Array) -> Vec<String> {
    said.iter().filter_map(|text| text.as_string()).collect()
}

/// The answer comes in pieces, and is then whole.
async fn stream(stage: &Stage, answer: &MessageEntry) {
    answer.status.set(EntryStatus::Streaming);
    for piece in ["Because ", "it **is** so. And", " since 1.000 years", ", at least. Ask", " more"] {
        answer.text.update(|text| text.push_str(piece));
        stage.settle().await;
    }
    answer.status.set(EntryStatus::Complete);
    stage.settle().await;
}

#[wasm_bindgen_test]
async fn an_answer_is_announced_once_when_it_is_whole() {
    let (stage, answer, said) = waiting(Announce::Whole).await;
    stream(&stage, &answer).await;
    assert_eq!(words(&said), ["Trợ lý Học tập answered: Because it is so. And since 1.000 years, at least. Ask more"]);
}

#[wasm_bindgen_test]
async fn an_answer_is_announced_sentence_by_sentence() {
    let (stage, answer, said) = waiting(Announce::Sentences).await;
    stream(&stage, &answer).await;
    assert_eq!(words(&said), ["Trợ lý Học tập answered: Because it is so.", "And since 1.000 years, at least.", "Ask more"]);
}

#[wasm_bindgen_test]
async fn an_answer_is_not_announced_but_its_failure_is() {
    let (stage, answer, said) = waiting(Announce::Nothing).await;
    stream(&stage, &answer).await;
    assert!(words(&said).is_empty(), "{:?}", words(&said));
    answer.status.set(EntryStatus::Waiting(Progress::default()));
    stage.settle().await;
    answer.status.set(EntryStatus::Failed(problem("UPSTREAM_ERROR")));
    stage.settle().await;
    assert_eq!(words(&said), ["Trợ lý Học tập could not answer."]);
}

#[wasm_bindgen_test]
async fn the_same_answer_twice_is_announced_twice() {
    let (stage, answer, said) = waiting(Announce::Whole).await;
    for _ in 0..2 {
        answer.text.set("Yes.".to_owned());
        answer.status.set(EntryStatus::Streaming);
        stage.settle().await;
        answer.status.set(EntryStatus::Complete);
        stage.settle().await;
    }
    assert_eq!(words(&said), ["Trợ lý Học tập answered: Yes.", "Trợ lý Học tập answered: Yes."]);
}

#[wasm_bindgen_test]
async fn what_is_announced_is_chosen_in_the_menu() {
    let stage = Stage::with(inline(), || view! { <ChatWidget /> }).await;
    chat(&stage, Vec::new()).await;
    stage.button("Options").click();
    stage.settle().await;
    stage.button("Sentence by sentence").click();
    stage.settle().await;
    assert_eq!(stage.app.signals.options.with_untracked(|options| options.announce), Announce::Sentences);
    stage.button("Options").click();
    stage.settle().await;
    assert_eq!(stage.button("Sentence by sentence").get_attribute("aria-checked").as_deref(), Some("true"));
}

#[wasm_bindgen_test]
async fn who_waits_in_line_is_not_told_that_an_answer_is_being_written() {
    let (stage, answer, _) = waiting(Announce::Whole).await;
    stage.app.signals.replying.set(true);
    answer.status.set(EntryStatus::Waiting(Progress { position: 3, ..Progress::default() }));
    stage.settle().await;
    let status = || stage.find(".tc-header-status").text_content().unwrap_or_default();
    assert_eq!(status(), "Waiting in line…");
    answer.status.set(EntryStatus::Waiting(Progress::default()));
    stage.settle().await;
    assert_eq!(status(), "Answering…");
}
