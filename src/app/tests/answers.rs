//! Asking, and what becomes of an answer.

use super::*;

#[test]
fn a_question_is_asked_and_the_answer_streams_in() {
    let site = site();
    assert_eq!(site.screen(), Screen::Chat, "the only twin needs no choice");
    site.events();
    let post = site.type_and_send(" Why? ");
    assert_eq!(site.draft(), "");
    assert_eq!(site.statuses()[0], EntryStatus::Sending);
    assert!(site.replying());
    let text = accepted(&post);
    let line = post.open(200, &[]);
    line.say(&[text, delta(2, "Be"), delta(3, "cau")].concat());
    site.fake.advance(20);
    assert_eq!(site.texts(), ["Why?", "Becau"]);
    assert_eq!(site.statuses(), [EntryStatus::Complete, EntryStatus::Streaming]);
    line.say(&complete(4, "Because."));
    site.fake.advance(20);
    assert_eq!(site.texts(), ["Why?", "Because."]);
    assert!(!site.replying());
    assert_eq!(site.app.signals.connection.get_untracked(), Connection::Open);
    assert_eq!(site.events(), ["thread.change", "message.sent", "response.start", "response.end Complete"]);
    assert_eq!(site.app.signals.conversations.with_untracked(Vec::len), 1);
    let feed = site.fake.request();
    assert!(feed.request.url.ends_with("/events?after=2.4"), "what other tabs say is heard while the panel is in sight");
    let feed = feed.open(200, &[]);
    site.app.close();
    site.fake.run();
    assert!(feed.is_dropped());
}

#[test]
fn two_thousand_deltas_are_drawn_once_per_picture() {
    let site = site();
    let line = site.answering(&[]);
    let entry = site.app.signals.messages.get_untracked()[1].clone();
    let updates = Arc::new(AtomicUsize::new(0));
    let count = updates.clone();
    let _effect = ImmediateEffect::new(move || {
        entry.text.track();
        count.fetch_add(1, Ordering::Relaxed);
    });
    for seq in 2..2002 {
        line.say(&delta(seq, "x"));
        if seq % 200 == 0 {
            site.fake.advance(20);
        }
    }
    site.fake.advance(20);
    assert_eq!(site.texts()[1].len(), 2000);
    assert!(updates.load(Ordering::Relaxed) <= 13, "{updates:?}");
}

#[test]
fn after_more_text_than_can_be_read_the_next_picture_waits_and_after_little_it_does_not() {
    let site = site();
    let line = site.answering(&[]);
    line.say(&delta(2, "little "));
    site.fake.advance(20);
    line.say(&delta(3, &"much ".repeat(200)));
    site.fake.advance(20);
    assert_eq!(site.texts()[1].len(), 1007);
    line.say(&delta(4, "more"));
    site.fake.advance(20);
    assert_eq!(site.texts()[1].len(), 1007);
    site.fake.advance(30);
    assert_eq!(site.texts()[1].len(), 1011);
    line.say(&delta(5, "!"));
    site.fake.advance(20);
    assert_eq!(site.texts()[1].len(), 1012);
}

#[test]
fn a_blank_or_too_long_text_is_not_sent_and_stays() {
    let site = site();
    for text in ["  \n ", &"x".repeat(21)] {
        site.app.set_draft(text);
        site.app.send();
        assert!(site.fake.is_quiet());
        assert_eq!(site.draft(), text);
    }
}

#[test]
fn what_the_proxy_refuses_for_good_goes_back_into_the_draft() {
    let site = site();
    let post = site.type_and_send("Why?");
    post.answer(400, &[], r#"{"error":"INVALID_REQUEST","message":"Không được","details":{"retryable":false}}"#);
    site.fake.run();
    assert!(site.texts().is_empty());
    assert_eq!(site.draft(), "Why?");
    assert_eq!(site.app.signals.notice.get_untracked().unwrap().message, "Không được");
    assert!(!site.replying());
}

#[test]
fn what_could_not_be_sent_is_marked_and_sent_again_at_a_tap_under_the_same_key() {
    let site = site();
    let post = site.type_and_send("Why?");
    let key = site.key(0);
    post.answer(429, &[("retry-after", "30")], r#"{"error":"RATE_LIMITED","details":{"retryable":true,"retryAfter":30}}"#);
    site.fake.run();
    assert!(matches!(&site.statuses()[..], [EntryStatus::Unsent(problem)] if problem.code == "RATE_LIMITED" && problem.retry_at.is_some()));
    let before = site.app.signals.now.get_untracked();
    site.fake.advance(3000);
    assert!(site.app.signals.now.get_untracked() >= before + 2000, "a countdown moves");
    site.app.retry(&key);
    let post = site.fake.request();
    assert!(post.request.headers.iter().any(|(_, value)| *value == key));
    assert_eq!(site.key(0), key);
    let text = accepted(&post);
    post.open(200, &[]).say(&[text, complete(2, "So.")].concat());
    site.fake.advance(20);
    assert_eq!(site.texts(), ["Why?", "So."]);
}

#[test]
fn without_a_network_a_message_waits_and_goes_out_by_itself_when_it_is_back() {
    let site = site();
    site.fake.set_online(false);
    assert_eq!(site.app.signals.connection.get_untracked(), Connection::Offline);
    site.app.send_text("Why?");
    site.fake.run();
    assert!(matches!(&site.statuses()[..], [EntryStatus::Unsent(problem)] if problem.code == "OFFLINE"));
    let key = site.key(0);
    site.fake.set_online(true);
    let post = site.fake.request();
    assert!(post.request.headers.iter().any(|(_, value)| *value == key));
    assert!(site.fake.is_quiet(), "once");
}

#[test]
fn a_given_up_message_comes_back_as_a_draft() {
    let site = site();
    site.fake.set_online(false);
    site.app.send_text("Why?");
    site.fake.run();
    site.app.discard(&site.key(0));
    assert!(site.texts().is_empty());
    assert_eq!(site.draft(), "Why?");
}

#[test]
fn stop_is_remembered_until_the_reply_has_a_name() {
    let site = site();
    let post = site.type_and_send("Why?");
    site.app.stop();
    assert!(site.fake.is_quiet());
    let text = accepted(&post);
    let line = post.open(200, &[]);
    line.say(&text);
    let stop = site.fake.request();
    assert!(stop.request.url.ends_with("/messages/msg_0000000000000002/stop"));
    stop.answer(200, &[], &envelope("{}"));
    line.say(&frame(2, "complete", r#","content":"","status":"stopped""#));
    site.fake.advance(20);
    assert_eq!(site.statuses()[1], EntryStatus::Stopped);
    assert_eq!(site.events().last().unwrap(), "response.end Stopped");
}

#[test]
fn a_failed_reply_is_asked_for_once_more_and_stands_as_it_was_when_that_is_refused() {
    let site = site();
    let _line = site.answering(&[
        delta(2, "Be"),
        frame(3, "error", r#","status":"incomplete","error":{"error":"REPLY_INCOMPLETE","details":{"retryable":true}}"#),
    ]);
    assert_eq!(site.texts(), ["Why?", "Be"]);
    let _feed = site.fake.request();
    site.app.retry(&site.key(1));
    site.fake.run();
    assert_eq!(site.texts(), ["Why?", ""]);
    let post = site.fake.request();
    assert!(post.request.url.ends_with("/retry"));
    post.answer(429, &[], r#"{"error":"RATE_LIMITED","details":{"retryable":true}}"#);
    site.fake.run();
    assert_eq!(site.texts(), ["Why?", "Be"]);
    assert_eq!(site.app.signals.notice.get_untracked().unwrap().code, "RATE_LIMITED");
    site.app.retry(&site.key(1));
    site.fake.request().open(200, &[]).say(&[delta(5, "Yes"), complete(6, "Yes.")].concat());
    site.fake.advance(20);
    assert_eq!(site.texts(), ["Why?", "Yes."]);
    assert_eq!(site.statuses()[1], EntryStatus::Complete);
}

#[test]
fn what_is_thought_of_a_reply_is_taken_back_when_the_proxy_refuses_it() {
    let site = site();
    site.ask();
    let _feed = site.fake.request();
    site.app.feedback(&site.key(1), Some(twinchat_protocol::message::Feedback::Up));
    let entry = site.app.signals.messages.get_untracked()[1].clone();
    assert!(entry.feedback.get_untracked().is_some());
    let post = site.fake.request();
    assert_eq!(post.request.body, r#"{"feedback":"up"}"#);
    post.answer(500, &[], "");
    site.fake.run();
    assert!(entry.feedback.get_untracked().is_none());
}
