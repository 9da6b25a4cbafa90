//! Twins that are people in threads: what reaches whom, and when.

use super::bridge::{People, told};
use super::chat::{Stream, Told, feed, history, say};
use super::helpers::{body, header, text};
use reqwest::Method;
use reqwest::multipart::Form;
use serde_json::{Value, json};
use twinchat_emulator::faults::{CutEnding, ErrorStyle, Fault};
use twinchat_emulator::{Rule, TeamsWord};
use twinchat_proxy::clock::Clock;

fn of(messages: &[Value]) -> Vec<(&str, &str)> {
    messages.iter().map(|message| (message["role"].as_str().unwrap(), message["content"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn a_message_to_people_ends_when_they_have_it_and_their_answer_comes_on_the_feed() {
    let people = People::with(1, "").await;
    let ann = people.app.visitor().await;
    let chat = people.conversation(&ann).await;
    let mut listening = feed(&people.app, &ann, &chat, "").await;
    people.silence();
    let sent = say(&people.app, &ann, &chat, "Có ai không?").await.rest().await;
    assert_eq!(sent.iter().map(Told::name).collect::<Vec<_>>(), ["progress accepted", "progress connecting", "complete"]);
    let (accepted, complete) = (&sent[0].data, &sent[2].data);
    let own = text(&accepted["userMessage"], "id");
    assert!(accepted["message"].is_null() && accepted["messageId"] == own.as_str() && complete["messageId"] == own.as_str());
    assert_eq!((&complete["message"]["role"], &complete["message"]["status"]), (&json!("user"), &json!("complete")));
    let path = format!("/api/v1/conversations/{chat}");
    assert_eq!(ann.get(&people.app, &path).await["data"]["waitingForPerson"], true);
    people.advance(60);
    people.answer(0, "Chào bạn, tôi nghe đây.");
    let answer = told(&mut listening).await;
    assert_eq!(
        (&answer["content"], &answer["author"], &answer["ordinal"]),
        (&json!("Chào bạn, tôi nghe đây."), &json!("Lan Chi"), &json!(2))
    );
    assert_eq!(answer["createdAt"], "2025-10-09T08:54:20.000Z", "when it was written");
    let one = ann.get(&people.app, &path).await;
    assert!(one["data"]["waitingForPerson"] == false && one["data"]["lastMessage"] == "Chào bạn, tôi nghe đây.", "{one}");
    let said = history(&people.app, &ann, &chat).await;
    assert_eq!(
        of(&said),
        [("user", "Có ai không?"), ("assistant", "Chào bạn, tôi nghe đây.")],
        "what was said comes back and is not told again"
    );
}

#[tokio::test]
async fn an_answer_that_came_while_nobody_looked_is_there_when_the_conversation_is_opened_again() {
    let people = People::with(1, "").await;
    let ann = people.app.visitor().await;
    let chat = people.conversation(&ann).await;
    people.say(&ann, &chat, "Có ai không?").await;
    people.advance(3 * 3600);
    // Noticed by the bridge weeks after it was written.
    people.bridge.teams_say(&TeamsWord { late_millis: 21 * 86_400_000, ..people.word(0, "Muộn một chút.") });
    people.answer(0, "Vẫn còn đó chứ?");
    let mut ann = ann;
    ann.renew(&people.app).await;
    history(&people.app, &ann, &chat).await;
    let mut listening = feed(&people.app, &ann, &chat, "").await;
    assert_eq!(told(&mut listening).await["content"], "Vẫn còn đó chứ?");
    drop(listening);
    people.advance(22 * 86_400);
    ann.renew(&people.app).await;
    let mut listening = feed(&people.app, &ann, &chat, "2.1").await;
    let late = told(&mut listening).await;
    assert_eq!((&late["content"], &late["createdAt"]), (&json!("Muộn một chút."), &json!("2025-10-09T11:53:20.000Z")));
}

#[tokio::test]
async fn a_server_that_was_away_goes_on_in_the_same_thread() {
    let mut people = People::with(2, "").await;
    let (mut ann, mut binh) = (people.app.visitor().await, people.app.visitor().await);
    let (hers, his) = (people.conversation(&ann).await, people.conversation(&binh).await);
    people.say(&ann, &hers, "một").await;
    people.say(&binh, &his, "hai").await;
    people.advance(30);
    people.answer(1, "cho Bình");
    people.app = people.app.restart().await;
    people.answer(0, "cho An");
    ann.renew(&people.app).await;
    binh.renew(&people.app).await;
    assert_eq!(told(&mut feed(&people.app, &ann, &hers, "").await).await["content"], "cho An");
    assert_eq!(told(&mut feed(&people.app, &binh, &his, "").await).await["content"], "cho Bình");
    people.say(&ann, &hers, "ba").await;
    people.advance(30);
    people.answer(0, "cho An nữa");
    assert_eq!(told(&mut feed(&people.app, &ann, &hers, "2.1").await).await["content"], "cho An nữa");
}

#[tokio::test]
async fn with_all_threads_taken_nothing_is_sent_and_it_is_said_when_to_try_again() {
    let people = People::with(1, "keep_hours = 1\n").await;
    let (ann, mut binh) = (people.app.visitor().await, people.app.visitor().await);
    let (hers, his) = (people.conversation(&ann).await, people.conversation(&binh).await);
    people.say(&ann, &hers, "một").await;
    let refused = people.try_to_say(&binh, &his, &json!({"content": "hai"})).await;
    assert_eq!((refused.status().as_u16(), header(&refused, "retry-after")), (503, "300"));
    let error = body(refused).await;
    assert_eq!(error["error"], "NOBODY_FREE", "{error}");
    assert!(history(&people.app, &binh, &his).await.is_empty() && !format!("{:?}", people.bridge.log()).contains("hai"));
    people.advance(3601);
    binh.renew(&people.app).await;
    assert_eq!(people.say(&binh, &his, "hai").await.last().unwrap().kind, "complete");
}

#[tokio::test]
async fn who_has_two_conversations_with_people_has_one_thread() {
    let people = People::with(1, "").await;
    let ann = people.app.visitor().await;
    let (first, second) = (people.conversation(&ann).await, people.conversation(&ann).await);
    people.say(&ann, &first, "một").await;
    people.advance(10);
    people.answer(0, "trả lời một");
    people.advance(10);
    people.say(&ann, &second, "hai").await;
    people.advance(10);
    people.answer(0, "trả lời hai");
    assert_eq!(told(&mut feed(&people.app, &ann, &second, "").await).await["content"], "trả lời hai");
    assert_eq!(told(&mut feed(&people.app, &ann, &first, "").await).await["content"], "trả lời một");
    assert_eq!(history(&people.app, &ann, &first).await.len(), 2);
    assert_eq!(history(&people.app, &ann, &second).await.len(), 2);
}

#[tokio::test]
async fn an_erased_conversation_gives_its_thread_back_after_a_rest() {
    let people = People::with(1, "cool_down_minutes = 10\n").await;
    let (mut ann, mut binh) = (people.app.visitor().await, people.app.visitor().await);
    let (hers, his) = (people.conversation(&ann).await, people.conversation(&binh).await);
    people.say(&ann, &hers, "canaryofann").await;
    let gone = ann.send(&people.app, &Method::DELETE, &format!("/api/v1/conversations/{hers}"), &json!({})).await;
    assert_eq!(gone.status(), 204);
    let refused = people.try_to_say(&binh, &his, &json!({"content": "hai"})).await;
    assert_eq!((refused.status().as_u16(), header(&refused, "retry-after")), (503, "300"), "five minutes at most");
    // A late answer, noticed later still.
    people.bridge.teams_say(&TeamsWord { late_millis: 700_000, ..people.word(0, "canaryofann: đây") });
    people.advance(601);
    ann.renew(&people.app).await;
    binh.renew(&people.app).await;
    people.say(&binh, &his, "hai").await;
    people.advance(100);
    people.answer(0, "cho Bình");
    let mut listening = feed(&people.app, &binh, &his, "").await;
    assert_eq!(told(&mut listening).await["content"], "cho Bình");
    assert_eq!(of(&history(&people.app, &binh, &his).await), [("user", "hai"), ("assistant", "cho Bình")]);
}

#[tokio::test]
async fn what_is_answered_is_told_both_ways() {
    let people = People::with(1, "").await;
    let ann = people.app.visitor().await;
    let chat = people.conversation(&ann).await;
    people.say(&ann, &chat, "một").await;
    people.advance(10);
    people.answer(0, "Giá vé là 120.000 đồng.");
    let mut listening = feed(&people.app, &ann, &chat, "").await;
    let price = told(&mut listening).await;
    people.advance(10);
    people.silence();
    let sent = people.try_to_say(&ann, &chat, &json!({"content": "Cho hai người?", "replyTo": price["id"]})).await;
    let sent = Stream::of(sent).rest().await;
    let quote = json!({"messageId": price["id"], "excerpt": "Giá vé là 120.000 đồng.", "author": "Lan Chi"});
    assert_eq!(sent.last().unwrap().data["message"]["replyTo"], quote);
    assert_eq!(people.bridge.log().iter().filter(|entry| entry.path.ends_with("/reply-message")).count(), 1);
    people.advance(10);
    // When the bridge took what was sent last.
    let time = (people.app.clock.now_millis() - 10_000).unsigned_abs();
    people.bridge.teams_say(&TeamsWord { quotes: Some(time), ..people.word(0, "Đúng vậy.") });
    let answer = told(&mut listening).await;
    assert_eq!((&answer["content"], &answer["replyTo"]["excerpt"]), (&json!("Đúng vậy."), &json!("Cho hai người?")));
    let said = history(&people.app, &ann, &chat).await;
    assert_eq!(said.len(), 4, "the reply came back with its quote and is known: {said:?}");
}

#[tokio::test]
async fn a_form_says_what_it_answers_too_and_its_key_stands_for_that() {
    let people = People::with(1, "").await;
    let ann = people.app.visitor().await;
    let chat = people.conversation(&ann).await;
    let first = text(&people.say(&ann, &chat, "một").await[0].data, "messageId");
    let path = format!("/api/v1/conversations/{chat}/messages");
    let send = |form: Form| {
        people.advance(10);
        people.silence();
        ann.request(&people.app, &Method::POST, &path).header("idempotency-key", "k1").multipart(form).send()
    };
    let form = || Form::new().text("content", "hai");
    let sent = send(form().text("replyTo", first.clone())).await.unwrap();
    assert_eq!((sent.status().as_u16(), &body(sent).await["data"]["replyTo"]["messageId"]), (200, &json!(first)));
    assert_eq!(body(send(form()).await.unwrap()).await["error"], "IDEMPOTENCY_MISMATCH");
    let again = body(send(form().text("replyTo", first)).await.unwrap()).await;
    assert_eq!((&again["data"]["content"], history(&people.app, &ann, &chat).await.len()), (&json!("hai"), 2));
    let twice = send(form().text("replyTo", "a").text("replyTo", "b")).await.unwrap();
    assert_eq!(body(twice).await["details"]["field"], "replyTo");
}

#[tokio::test]
async fn only_a_message_of_the_conversation_can_be_answered_and_only_where_that_can_be_said() {
    let people = People::with(2, "").await;
    let (ann, binh) = (people.app.visitor().await, people.app.visitor().await);
    let (hers, his) = (people.conversation(&ann).await, people.conversation(&binh).await);
    let own = text(&people.say(&ann, &hers, "một").await[0].data, "messageId");
    for id in [own.as_str(), "msg_aaaaaaaaaaaaaaaa", "x"] {
        let refused = body(people.try_to_say(&binh, &his, &json!({"content": "hai", "replyTo": id})).await).await;
        assert_eq!((&refused["error"], &refused["details"]["field"]), (&json!("INVALID_REQUEST"), &json!("replyTo")), "{id}");
    }
    assert!(history(&people.app, &binh, &his).await.is_empty());
    let machine = super::chat::conversation(&people.app, &ann).await;
    let asked = text(&super::chat::hear(&people.app, &ann, &machine, "?").await.last().unwrap().data, "messageId");
    let refused = body(people.try_to_say(&ann, &machine, &json!({"content": "hai", "replyTo": asked})).await).await;
    assert_eq!(refused["details"]["field"], "replyTo");
}

#[tokio::test]
async fn a_message_that_was_changed_is_told_again_and_can_be_missed_by_nobody() {
    let people = People::with(1, "").await;
    let ann = people.app.visitor().await;
    let chat = people.conversation(&ann).await;
    people.say(&ann, &chat, "một").await;
    people.advance(10);
    let id = people.answer(0, "Mở cửa lúc 8 giờ.");
    people.advance(1);
    people.answer(0, "Hẹn gặp bạn.");
    let mut listening = feed(&people.app, &ann, &chat, "").await;
    let (first, second) = (told(&mut listening).await, told(&mut listening).await);
    people.bridge.teams_edit(&id, "Mở cửa lúc 9 giờ.");
    let event = listening.until("message").await;
    assert_eq!((&event.data["message"]["id"], &event.data["message"]["content"]), (&first["id"], &json!("Mở cửa lúc 9 giờ.")));
    assert_eq!(event.id.to_string(), "3.2", "after all that was told");
    // Who was away since the last message hears of it; who has heard of it does not again.
    let mut back = feed(&people.app, &ann, &chat, second["eventId"].as_str().unwrap()).await;
    assert_eq!(back.until("message").await, event);
    people.advance(1);
    people.answer(0, "Xong.");
    assert_eq!(told(&mut feed(&people.app, &ann, &chat, "3.2").await).await["content"], "Xong.");
    assert_eq!(history(&people.app, &ann, &chat).await[1]["content"], "Mở cửa lúc 9 giờ.");
}

#[tokio::test]
async fn a_message_that_was_not_taken_is_marked_and_can_be_sent_again() {
    let people = People::with(1, "").await;
    let ann = people.app.visitor().await;
    let chat = people.conversation(&ann).await;
    people.bridge.fault(Rule::once(Fault::ServerError { status: 500, body: ErrorStyle::Documented }, "*/send-message"));
    let failed = say(&people.app, &ann, &chat, "một").await.rest().await.pop().unwrap();
    assert_eq!((failed.kind.as_str(), &failed.data["error"]["error"]), ("error", &json!("UPSTREAM_ERROR")));
    assert_eq!((&failed.data["message"]["content"], &failed.data["message"]["status"]), (&json!("một"), &json!("failed")));
    people.silence();
    let path = format!("/api/v1/messages/{}/retry", text(&failed.data, "messageId"));
    let again = Stream::of(ann.send(&people.app, &Method::POST, &path, &json!({})).await).rest().await;
    assert_eq!(again.last().unwrap().kind, "complete");
    assert!(again[0].id > failed.id && again[0].data["userMessage"]["content"] == "một");
    assert_eq!(of(&history(&people.app, &ann, &chat).await), [("user", "một")]);
}

#[tokio::test]
async fn a_message_that_seemed_lost_and_comes_up_in_the_thread_has_arrived() {
    let people = People::with(1, "").await;
    let ann = people.app.visitor().await;
    let chat = people.conversation(&ann).await;
    people.silence();
    people.bridge.fault(Rule::once(Fault::Cut { after_bytes: Some(10), ending: CutEnding::Reset }, "*/send-message"));
    let failed = say(&people.app, &ann, &chat, "một").await.rest().await.pop().unwrap();
    assert_eq!((failed.kind.as_str(), &failed.data["status"]), ("error", &json!("failed")), "{failed:?}");
    let mut listening = feed(&people.app, &ann, &chat, &failed.id.to_string()).await;
    let mended = listening.until("message").await.data["message"].clone();
    assert_eq!((&mended["content"], &mended["status"], &mended["errorCode"]), (&json!("một"), &json!("complete"), &Value::Null));
    people.advance(5);
    people.answer(0, "Chào bạn.");
    assert_eq!(told(&mut listening).await["content"], "Chào bạn.");
}

#[tokio::test]
async fn rows_that_come_under_new_ids_each_time_are_told_once() {
    let people = People::with(1, "").await;
    let ann = people.app.visitor().await;
    let chat = people.conversation(&ann).await;
    people.say(&ann, &chat, "một").await;
    people.always(Fault::ChangedIds);
    people.advance(1);
    people.answer(0, "A");
    let mut listening = feed(&people.app, &ann, &chat, "").await;
    assert_eq!(told(&mut listening).await["content"], "A");
    for content in ["B", "C"] {
        people.advance(1);
        people.answer(0, content);
        assert_eq!(told(&mut listening).await["content"], content);
    }
    assert_eq!(history(&people.app, &ann, &chat).await.len(), 4);
}

#[tokio::test]
async fn who_shares_a_thread_reads_the_others_and_the_twin_says_so() {
    let people = People::with(1, "shared = true\n").await;
    let (ann, binh) = (people.app.visitor().await, people.app.visitor().await);
    let twins = ann.get(&people.app, "/api/v1/twins").await;
    let twin = twins["data"].as_array().unwrap().iter().find(|twin| twin["name"] == "Hỗ trợ").unwrap().clone();
    assert_eq!(
        (&twin["capabilities"]["shared"], &twin["capabilities"]["reply"], &twin["capabilities"]["stream"]),
        (&json!(true), &json!(true), &json!(false))
    );
    let (hers, his) = (people.conversation(&ann).await, people.conversation(&binh).await);
    people.say(&ann, &hers, "tôi là An").await;
    people.advance(10);
    people.say(&binh, &his, "tôi là Bình").await;
    people.advance(10);
    people.answer(0, "Chào cả hai.");
    let mut hers_now = feed(&people.app, &ann, &hers, "").await;
    assert_eq!(told(&mut hers_now).await["content"], "tôi là Bình");
    assert_eq!(told(&mut hers_now).await["content"], "Chào cả hai.");
    assert_eq!(told(&mut feed(&people.app, &binh, &his, "").await).await["content"], "Chào cả hai.", "not what was said before he came");
}
