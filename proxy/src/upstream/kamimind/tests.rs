use super::answer::Answer;
use super::format::Reader;
use super::habits::Habits;
use super::story::{Story, hidden_once_known};
use crate::config::FirstTurn;
use crate::upstream::client::reading::{self, Item};
use crate::upstream::{Timeouts, UpstreamError, UpstreamEvent};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use proptest::prelude::*;
use serde_json::json;
use std::sync::Arc;

const STORY: &str = "c3f2d8a1-0000-4000-8000-000000000001";
const OTHER: &str = "ffffffff-0000-4000-8000-000000000002";

struct Asked {
    content_type: &'static str,
    story: Option<&'static str>,
    streaming: bool,
    habits: Arc<Habits>,
}

fn asked(content_type: &'static str) -> Asked {
    Asked { content_type, story: Some(STORY), streaming: true, habits: Arc::new(Habits::new("bots", FirstTurn::Plain)) }
}

impl Asked {
    async fn answered(&self, chunks: Vec<Vec<u8>>) -> Vec<Item> {
        let answer = Answer::new(Story::new("bots", self.story), self.habits.clone(), self.streaming);
        let body = stream::iter(chunks.into_iter().map(|chunk| Ok(Bytes::from(chunk)))).boxed();
        reading::read(body, Timeouts::default(), Reader::new(self.content_type, answer)).collect().await
    }

    async fn whole(&self, body: &str) -> Vec<Item> {
        self.answered(vec![body.as_bytes().to_vec()]).await
    }
}

fn delta(text: &str) -> Item {
    Ok(UpstreamEvent::Delta(text.to_owned()))
}

fn complete(text: Option<&str>) -> Item {
    Ok(UpstreamEvent::Complete(text.map(str::to_owned)))
}

/// The text that somebody sees in the end, and whether it ended well.
fn seen(items: &[Item]) -> (String, bool) {
    let (mut text, mut ended) = (String::new(), false);
    for item in items {
        match item {
            Ok(UpstreamEvent::Delta(piece)) => text.push_str(piece),
            Ok(UpstreamEvent::Complete(whole)) => {
                ended = true;
                if let Some(whole) = whole {
                    text.clone_from(whole);
                }
            }
            _ => {}
        }
    }
    (text, ended)
}

fn documented(text: &str, story: &str) -> String {
    json!({"success": true, "message": "Chat successfully", "data": {"message": text, "story_id": story}}).to_string()
}

/// One answer in each format, with its media type.
fn formats() -> Vec<(&'static str, String)> {
    let piece = |text: &str| json!({"message": text}).to_string();
    let (a, b, whole) = (piece("Xin ch"), piece("\u{e0}o {\"bạn\"} [ơi], \n"), documented("Xin ch\u{e0}o {\"bạn\"} [ơi], \n", STORY));
    vec![
        ("text/event-stream; charset=utf-8", format!("data: {a}\n\ndata: {b}\n\ndata: {whole}\n\ndata: [DONE]\n\n")),
        ("text/event-stream", format!("event: message\ndata: {a}\n\nevent: delta\ndata: {b}\n\nevent: end\ndata: {whole}\n\n")),
        ("application/x-ndjson", format!("{a}\n{b}\n{whole}\n")),
        ("application/json", format!("[{a},\n{b}, {whole}]")),
        ("application/json", format!("{a}{b}{whole}")),
        ("application/json", whole.clone()),
        ("", format!("data: {a}\n\ndata: {b}\n\ndata: {whole}\n\n")),
        ("text/plain", format!("{a}\n{b}\n{whole}")),
        ("application/octet-stream", format!("[{a},{b},{whole}]")),
        ("text/plain; charset=utf-8", "Xin ch\u{e0}o {\"bạn\"} [ơi], \n".to_owned()),
        ("", "Xin ch\u{e0}o {\"bạn\"} [ơi], \n".to_owned()),
    ]
}

#[tokio::test]
async fn an_answer_is_understood_in_every_format_it_may_have() {
    for (kind, body) in formats() {
        let items = asked(kind).whole(&body).await;
        assert_eq!(seen(&items), ("Xin ch\u{e0}o {\"bạn\"} [ơi], \n".to_owned(), true), "{kind}: {body}\n{items:?}");
    }
}

proptest! {
    #[test]
    fn however_an_answer_is_cut_it_says_the_same(format in 0_usize..11, cuts in prop::collection::vec(1_usize..12, 1..40)) {
        let (kind, body) = formats().swap_remove(format);
        let (mut chunks, mut rest, mut at) = (Vec::new(), body.as_bytes(), 0);
        while !rest.is_empty() {
            let (chunk, after) = rest.split_at(cuts[at % cuts.len()].min(rest.len()));
            chunks.push(chunk.to_vec());
            (rest, at) = (after, at + 1);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let items = runtime.block_on(asked(kind).answered(chunks));
        prop_assert_eq!(seen(&items), ("Xin ch\u{e0}o {\"bạn\"} [ơi], \n".to_owned(), true));
    }

    #[test]
    fn no_bytes_do_harm(kind in 0_usize..11, body in prop::collection::vec(any::<u8>(), 0..400)) {
        let kind = formats().swap_remove(kind).0;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let items = runtime.block_on(asked(kind).answered(vec![body]));
        let ends = items.iter().filter(|item| matches!(item, Ok(UpstreamEvent::Complete(_)) | Err(_))).count();
        prop_assert!(ends <= 1);
    }
}

#[tokio::test]
async fn a_new_story_is_told_before_its_first_text_and_only_once() {
    let asked = Asked { story: None, streaming: false, ..asked("application/json") };
    let items = asked.whole(&documented("chào", STORY)).await;
    assert_eq!(items, [Ok(UpstreamEvent::Began(STORY.to_owned())), complete(Some("chào"))]);
}

#[tokio::test]
async fn a_story_that_is_not_the_one_asked_in_is_never_used() {
    let plain = asked("application/json");
    let items = plain.whole(&documented("theirs", OTHER)).await;
    assert!(matches!(items.as_slice(), [Err(UpstreamError::Failed(note))] if !note.contains("theirs")), "{items:?}");

    let mixed = format!(
        "data: {}\n\ndata: {}\n\ndata: {}\n\ndata: {}\n\ndata: [DONE]\n\n",
        json!({"message": "a"}),
        json!({"message": "theirs", "story_id": OTHER}),
        json!({"success": false, "message": "theirs", "data": {"story_id": OTHER}}),
        documented("ab", STORY),
    );
    assert_eq!(asked("text/event-stream").whole(&mixed).await, [delta("a"), complete(Some("ab"))]);

    let changed = format!("data: {}\n\ndata: {}\n\ndata: [DONE]\n\n", json!({"message": "a"}), documented("theirs", OTHER));
    let items = asked("text/event-stream").whole(&changed).await;
    assert!(matches!(items.as_slice(), [Ok(UpstreamEvent::Delta(_)), Err(UpstreamError::Failed(_))]), "{items:?}");

    let twice = Asked { story: None, ..asked("application/x-ndjson") };
    let items = twice.whole(&format!("{}\n{}\n", json!({"message": "a", "story_id": STORY}), documented("theirs", OTHER))).await;
    assert_eq!(items[..2], [Ok(UpstreamEvent::Began(STORY.to_owned())), delta("a")]);
    assert!(!format!("{items:?}").contains("theirs"));
}

#[tokio::test]
async fn the_id_of_a_new_story_has_to_be_one_that_can_be_sent_back() {
    let asked = Asked { story: None, streaming: false, ..asked("application/json") };
    for id in ["a\r\nX: y", "a b", "\"a\"", "../a", "", &"a".repeat(300)] {
        let items = asked.whole(&documented("chào", id)).await;
        assert!(!items.iter().any(|item| matches!(item, Ok(UpstreamEvent::Began(_)))), "{id:?}: {items:?}");
    }
}

#[tokio::test]
async fn what_is_somebody_elses_or_of_an_unknown_kind_is_left_out() {
    let body = [
        json!({"type": "presence", "message": "theirs"}),
        json!({"event": "presence", "data": {"message": "theirs"}}),
        json!({"role": "user", "message": "theirs"}),
        json!({"success": true, "data": [{"story_id": OTHER, "message": "theirs"}], "history": [{"message": "theirs"}]}),
        json!({"message": "ours", "history": [{"message": "theirs"}], "previous": "theirs"}),
    ];
    let body: String = body.iter().map(|piece| format!("{piece}\n")).collect();
    let (text, _) = seen(&asked("application/x-ndjson").whole(&body).await);
    assert_eq!(text, "ours");
}

#[tokio::test]
async fn a_refusal_under_200_is_understood_and_its_words_are_not_repeated() {
    for (body, expected) in [
        (json!({"success": false, "message": "Story not found"}), "not_found"),
        (json!({"success": false, "message": "Không tìm thấy hội thoại", "data": null}), "not_found"),
        (json!({"success": false, "message": "Bot not found"}), "refused"),
        (json!({"success": false, "message": "Unauthorized", "statusCode": 401}), "refused"),
        (json!({"success": false, "message": "x", "statusCode": 429}), "limited"),
        (json!({"success": false, "message": "private words"}), "failed"),
        (json!({"status": "error", "message": "private words"}), "failed"),
        (json!({"error": {"message": "private words"}}), "failed"),
    ] {
        let items = asked("application/json").whole(&body.to_string()).await;
        let [Err(error)] = items.as_slice() else { panic!("{body}: {items:?}") };
        assert_eq!(error.kind(), expected, "{body}");
        assert!(!error.to_string().contains("private"), "{error}");
    }
}

#[tokio::test]
async fn an_answer_without_a_reply_fails_and_one_that_breaks_off_does_not_end() {
    for (kind, body) in [
        ("application/json", "{}"),
        ("application/json", "{\"success\":true,\"message\":\"Chat successfully\",\"data\":{\"story_id\":null}}"),
        ("application/json", ""),
        ("application/json", "{\"success\":true,\"data\":{\"message\":\"Xin"),
        ("text/event-stream", ": hello\n\n"),
        ("application/json", "[]"),
    ] {
        let items = asked(kind).whole(body).await;
        assert!(!seen(&items).1 || seen(&items).0.is_empty(), "{kind} {body}: {items:?}");
    }
    let array = asked("application/json");
    assert_eq!(array.whole("[{\"message\":\"a\"},").await, [delta("a"), complete(None)], "nobody knows how this one ends");
    array.whole("[{\"message\":\"a\"},{\"message\":\"b\"}]").await;
    let marked = asked("text/event-stream");
    marked.whole("data: {\"message\":\"a\"}\n\ndata: [DONE]\n\n").await;
    assert_eq!(marked.whole("data: {\"message\":\"a\"}\n\n").await, [delta("a")], "it is known to say when it is done");
}

#[tokio::test]
async fn a_character_cut_between_two_pieces_is_whole() {
    let pieces = [r#"{"message": "So \ud83d"}"#, r#"{"message": "\ude00!"}"#];
    let events = pieces.map(|piece| format!("data: {piece}\n\n")).concat() + "data: [DONE]\n\n";
    assert_eq!(seen(&asked("text/event-stream").whole(&events).await), ("So 😀!".to_owned(), true));
    let lines = pieces.join("\n") + "\n";
    assert_eq!(seen(&asked("application/x-ndjson").whole(&lines).await), ("So 😀!".to_owned(), true));
}

#[tokio::test]
async fn a_damaged_piece_is_forgiven_only_if_the_whole_text_is_repeated() {
    let broken = "data: {\"message\": \"x\n\n";
    let repeated = format!("data: {}\n\n{broken}data: {}\n\ndata: [DONE]\n\n", json!({"message": "a"}), documented("ab", STORY));
    assert_eq!(asked("text/event-stream").whole(&repeated).await, [delta("a"), complete(Some("ab"))]);
    let lost = format!("data: {}\n\n{broken}data: [DONE]\n\n", json!({"message": "a"}));
    assert!(matches!(asked("text/event-stream").whole(&lost).await.as_slice(), [_, Err(UpstreamError::BrokeOff(_))]));
    let lines = format!("{}\n{{\"message\": \"x\n{}\n{}\n", json!({"message": "a"}), json!({"message": "b"}), documented("axb", STORY));
    assert_eq!(seen(&asked("application/x-ndjson").whole(&lines).await), ("axb".to_owned(), true));
}

#[tokio::test]
async fn pieces_in_the_documented_envelope_are_pieces_and_the_last_may_be_all_of_it() {
    let pieces = |texts: &[&str]| texts.iter().map(|text| documented(text, STORY) + "\n").collect::<String>();
    assert_eq!(seen(&asked("application/x-ndjson").whole(&pieces(&["Xin ", "chào ", "bạn"])).await), ("Xin chào bạn".to_owned(), true));
    assert_eq!(seen(&asked("application/x-ndjson").whole(&pieces(&["Xin ", "chào", "Xin chào"])).await), ("Xin chào".to_owned(), true));
}

#[tokio::test]
async fn an_endless_piece_is_not_kept_in_memory() {
    for (kind, begun) in
        [("text/event-stream", "data: {\"message\":\""), ("application/json", "{\"message\":\""), ("application/x-ndjson", "[[[")]
    {
        let chunks = std::iter::once(begun.as_bytes().to_vec()).chain(std::iter::repeat_n(vec![b'x'; 1 << 20], 6)).collect();
        let items = asked(kind).answered(chunks).await;
        assert!(matches!(items.as_slice(), [Err(UpstreamError::Failed(_))]), "{kind}: {items:?}");
    }
}

#[tokio::test]
async fn first_answers_are_streamed_once_a_stream_has_told_its_story_and_not_after_one_that_did_not() {
    let later = asked("text/event-stream");
    assert!(!later.habits.first_turn_streams());
    later.whole("data: {\"message\":\"a\"}\n\ndata: {\"message\":\"b\"}\n\ndata: [DONE]\n\n").await;
    assert!(!later.habits.first_turn_streams(), "it told no story");
    later.whole(&formats()[0].1).await;
    assert!(later.habits.first_turn_streams());
    let first = Asked { story: None, ..later };
    first.whole("data: {\"message\":\"a\"}\n\ndata: {\"message\":\"b\"}\n\ndata: [DONE]\n\n").await;
    assert!(!first.habits.first_turn_streams());
}

#[tokio::test]
async fn a_service_that_answers_whole_when_asked_for_a_stream_does_not_stream() {
    let asked = asked("application/json");
    assert!(asked.habits.streams());
    asked.whole(&documented("chào", STORY)).await;
    assert!(!asked.habits.streams());
}

#[tokio::test]
async fn a_new_storys_id_is_taken_out_of_the_text_that_follows() {
    let events = vec![Ok(UpstreamEvent::Began(STORY.to_owned())), delta(&format!("id {STORY}!")), complete(Some(&format!("id {STORY}!")))];
    let told: Vec<_> = hidden_once_known(stream::iter(events).boxed()).collect().await;
    assert_eq!(told[0], Ok(UpstreamEvent::Began(STORY.to_owned())));
    assert!(!format!("{:?}", &told[1..]).contains(&STORY[..12]), "{told:?}");
}
