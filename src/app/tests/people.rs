//! People who answer when they can, files and quotes.

use super::*;

const PEOPLE: &str = "twin_000000000000000c";

/// A twin behind which people are, and one that takes files.
fn site_of_people() -> Site {
    let fake = Fake::new();
    let twin = format!(
        r#"[{{"id":"{PEOPLE}","name":"Mai","description":"","available":true,"starters":[],"capabilities":{{"files":true,"reply":true}}}}]"#
    );
    fake.serve(move |request| {
        let path = request.url.strip_prefix("https://chat.example").unwrap_or_default();
        let body = match (request.method, path.split('?').next().unwrap_or_default()) {
            (_, "/oauth/token") => TOKEN.to_owned(),
            (_, "/api/v1/twins") => envelope(&twin),
            (_, "/api/v1/widget") => {
                envelope(r#"{"maxMessageChars":20,"files":{"maxCount":2,"maxBytes":1000,"types":["image/png"],"extensions":["png"]}}"#)
            }
            ("GET", "/api/v1/conversations") => envelope("[]"),
            ("POST", "/api/v1/conversations") | ("GET", "/api/v1/conversations/conv_0000000000000001") => {
                envelope(&conversation(CONVERSATION, PEOPLE))
            }
            _ => return None,
        };
        Some((200, body))
    });
    let site = site_of(&fake, Options { twin: PEOPLE.into(), ..Options::default() });
    site.app.open();
    site.app.new_conversation();
    fake.run();
    site
}

fn file(name: &str, media_type: &str, size: u64) -> crate::platform::LocalFile {
    let content: Rc<dyn std::any::Any> = Rc::new(());
    crate::platform::LocalFile { name: name.into(), media_type: media_type.into(), size, content: send_wrapper::SendWrapper::new(content) }
}

fn told_to_people(exchange: &Exchange) -> String {
    let key = exchange.request.headers.iter().find(|(name, _)| *name == "idempotency-key").map(|(_, value)| value.clone()).unwrap();
    let own = |status: &str| message(1, "Hello?", status, &format!(r#","clientId":"{key}""#));
    [
        format!("id: 1.1\nevent: progress\ndata: {{\"type\":\"progress\",\"messageId\":\"msg_{:016}\",\"state\":\"accepted\",\"userMessage\":{}}}\n\n", 1, own("streaming")),
        format!("id: 1.2\nevent: complete\ndata: {{\"type\":\"complete\",\"messageId\":\"msg_{:016}\",\"status\":\"complete\",\"message\":{}}}\n\n", 1, own("complete")),
    ]
    .concat()
}

#[test]
fn what_people_are_told_waits_for_no_reply_and_a_late_answer_counts_behind_a_closed_panel() {
    let site = site_of_people();
    let fake = &site.fake;
    let post = site.type_and_send("Hello?");
    assert_eq!(site.texts(), ["Hello?"], "nobody is shown as writing");
    assert!(!site.replying());
    let words = told_to_people(&post);
    let line = post.open(200, &[]);
    line.say(&words);
    fake.advance(20);
    assert_eq!(site.statuses(), [EntryStatus::Complete]);
    assert!(site.app.signals.awaiting.get_untracked());
    assert_eq!(site.unread(), 0, "one's own message is no answer");
    let feed = fake.request();
    assert!(feed.request.url.contains("/events?after=1.2"), "{}", feed.request.url);
    site.app.close();
    fake.run();
    let line = feed.open(200, &[]);
    let answer = message(2, "Here I am.", "complete", r#","author":"Lan Chi""#);
    line.say(&format!("id: 2.1\nevent: message\ndata: {{\"type\":\"message\",\"messageId\":\"msg_{:016}\",\"message\":{answer}}}\n\n", 2));
    fake.advance(20);
    assert_eq!(site.texts(), ["Hello?", "Here I am."]);
    assert!(!site.app.signals.awaiting.get_untracked());
    assert_eq!(site.unread(), 1);
    let author = site.app.signals.messages.with_untracked(|list| list[1].extras.with_untracked(|extras| extras.author.clone()));
    assert_eq!(author, "Lan Chi");
    site.app.open();
    fake.run();
    assert_eq!(site.unread(), 0);
}

#[test]
fn files_are_checked_before_they_are_sent_and_kept_when_sending_fails() {
    let site = site_of_people();
    let fake = &site.fake;
    let files = vec![
        file("a.png", "image/png", 10),
        file("b.exe", "application/x-msdownload", 10),
        file("c.png", "image/png", 0),
        file("d.PNG", "", 1001),
        file("e.PNG", "", 20),
        file("f.png", "image/png", 30),
    ];
    site.app.attach(files);
    let attached = |site: &Site| -> Vec<String> {
        site.app.signals.attachments.with_untracked(|files| files.iter().map(|attached| attached.file.name.clone()).collect())
    };
    assert_eq!(attached(&site), ["a.png", "e.PNG"]);
    use crate::app::Refusal::{Empty, TooLarge, TooMany, Type};
    let why: Vec<_> = site.app.signals.refused.with_untracked(|refused| refused.iter().map(|file| file.why).collect());
    assert_eq!(why, [Type, Empty, TooLarge(1000), TooMany(2)]);

    site.app.send();
    let post = fake.request();
    let form = post.request.upload.clone().expect("a form");
    assert_eq!((form.files.len(), form.fields), (2, vec![("content", String::new())]));
    assert!(post.request.body.is_empty() && attached(&site).is_empty());
    (form.told)(40);
    fake.advance(20);
    assert_eq!(site.statuses(), [EntryStatus::Uploading(40)]);
    let key = site.key(0);
    post.answer(403, &[], r#"{"error":"RATE_LIMITED","message":"","details":{"retryable":true,"retryAfter":5}}"#);
    fake.run();
    assert!(matches!(&site.statuses()[..], [EntryStatus::Unsent(_)]), "{:?}", site.statuses());
    site.app.retry(&key);
    let again = fake.request();
    assert_eq!(again.request.upload.as_ref().map(|form| form.files.len()), Some(2), "the files go along once more");
    site.app.cancel_upload(&key);
    fake.run();
    assert!(again.is_dropped() && site.texts().is_empty());
    assert_eq!(attached(&site), ["a.png", "e.PNG"], "they are the draft's again");
}

#[test]
fn a_message_is_quoted_sent_with_its_answer_and_can_be_taken_back() {
    let site = site_of_people();
    let fake = &site.fake;
    let post = site.type_and_send("Hello?");
    let words = told_to_people(&post);
    post.open(200, &[]).say(&words);
    fake.advance(20);
    let _feed = fake.request();
    let key = site.key(0);
    site.app.reply_to(&key);
    assert_eq!(site.app.signals.quote.get_untracked().unwrap().excerpt, "Hello?");
    site.app.reply_to_none();
    assert_eq!(site.app.signals.quote.get_untracked(), None);
    site.app.reply_to(&key);
    let post = site.type_and_send("Still there?");
    assert!(post.request.body.contains(&format!(r#""replyTo":"msg_{:016}""#, 1)), "{}", post.request.body);
    assert_eq!(site.app.signals.quote.get_untracked(), None);
    post.answer(400, &[], r#"{"error":"INVALID_REQUEST","message":"No.","details":{"retryable":false}}"#);
    fake.run();
    assert_eq!(site.draft(), "Still there?");
    assert!(site.app.signals.quote.get_untracked().is_some(), "what was refused comes back whole");
}
