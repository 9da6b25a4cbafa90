//! Which conversation and twin is open, and what is loaded of it.

use super::*;

#[test]
fn a_reply_goes_on_while_another_conversation_is_open_and_counts_as_unread() {
    let site = site();
    let line = site.answering(&[delta(2, "Be")]);
    site.app.new_conversation();
    site.fake.advance(100);
    assert!(site.texts().is_empty());
    assert!(!site.replying());
    assert!(!line.is_dropped());
    line.say(&complete(3, "Because."));
    site.fake.advance(20);
    assert_eq!(site.unread(), 1);
    assert_eq!((site.app.unread_in(CONVERSATION), site.app.unread_in("conv_other")), (1, 0));
    site.app.open_conversation(CONVERSATION);
    assert_eq!(site.texts(), ["Why?", "Because."]);
    assert_eq!((site.unread(), site.app.unread_in(CONVERSATION)), (0, 0));
    assert!(site.events().contains(&"unread.change 1".to_owned()));
}

#[test]
fn a_reply_that_ends_behind_a_closed_panel_is_unread_until_it_is_opened() {
    let site = site();
    let line = site.answering(&[]);
    site.app.close();
    line.say(&complete(2, "So."));
    site.fake.advance(20);
    assert_eq!(site.unread(), 1);
    site.app.open();
    assert_eq!(site.unread(), 0);
}

#[test]
fn an_erased_conversation_is_gone_from_list_and_screen() {
    let site = site();
    site.ask();
    let _feed = site.fake.request();
    site.app.delete_conversation(CONVERSATION);
    let delete = site.fake.request();
    assert_eq!(delete.request.method, "DELETE");
    delete.answer(200, &[], &envelope("{}"));
    site.fake.run();
    assert!(site.app.signals.conversations.get_untracked().is_empty());
    assert!(site.texts().is_empty());
    assert!(site.app.signals.conversation.get_untracked().is_none());
}

#[test]
fn what_failed_to_load_is_told_and_fetched_again() {
    let fake = Fake::new();
    fake.serve(|_| Some((503, "down".to_owned())));
    let site = site_of(&fake, Options { open: true, ..Options::default() });
    assert!(matches!(site.app.signals.twins_loading.get_untracked(), Loading::Failed(problem) if problem.retryable));
    proxy(&fake, &[TWIN], "[]");
    site.app.try_now();
    fake.run();
    assert_eq!(site.app.signals.twins_loading.get_untracked(), Loading::Ready);
    assert_eq!(site.screen(), Screen::Chat);
}

#[test]
fn a_draft_belongs_to_its_conversation() {
    let fake = Fake::new();
    proxy(&fake, &[TWIN, OTHER_TWIN], "[]");
    let site = site_of(&fake, Options { open: true, ..Options::default() });
    site.app.choose_twin(TWIN);
    site.ask();
    site.app.set_draft("half a word");
    site.app.new_conversation();
    assert_eq!(site.draft(), "");
    site.app.open_conversation(CONVERSATION);
    assert_eq!(site.draft(), "half a word");
}

#[test]
fn a_twin_may_be_named_by_its_upstreams_id_and_one_that_does_not_exist_is_told() {
    let site = opened(&[TWIN, OTHER_TWIN], Options { twin: "upstreams-own".into(), ..Options::default() });
    let fake = &site.fake;
    assert_eq!(site.twin(), OTHER_TWIN);
    site.app.choose_twin(TWIN);
    site.app.choose_twin("upstreams-own");
    fake.run();
    assert_eq!(site.twin(), OTHER_TWIN);
    site.events();
    site.app.choose_twin("nobody");
    fake.request().answer(404, &[], r#"{"error":"NOT_FOUND","message":"","details":{"retryable":false}}"#);
    fake.run();
    assert_eq!(site.events(), ["error"]);
    assert_eq!(site.twin(), OTHER_TWIN, "and all stays as it was");
}

#[test]
fn where_the_page_asks_for_a_twin_writing_begins_before_the_proxy_has_said_anything() {
    let fake = Fake::new();
    let site = site_of(&fake, Options { twin: OTHER_TWIN.into(), ..Options::default() });
    site.app.open();
    fake.run();
    assert_eq!(site.screen(), Screen::Chat);
    assert_eq!(site.app.signals.messages_loading.get_untracked(), Loading::Ready);
    assert_eq!(site.app.signals.twin.get_untracked(), None);
    site.app.set_draft("Why?");
    proxy(&fake, &[TWIN, OTHER_TWIN], "[]");
    // Those of the widget were asked for; the proxy answers what follows.
    fake.request().answer(200, &[], &envelope("{}"));
    fake.run();
    assert_eq!(site.twin(), OTHER_TWIN);
    assert_eq!(site.draft(), "Why?");
}

#[test]
fn a_twin_that_the_page_asks_for_and_that_does_not_exist_leaves_the_choice() {
    let site = opened(&[TWIN, OTHER_TWIN], Options { twin: "nobody".into(), ..Options::default() });
    let fake = &site.fake;
    fake.request().answer(404, &[], r#"{"error":"NOT_FOUND","message":"","details":{"retryable":false}}"#);
    fake.run();
    assert_eq!(site.screen(), Screen::Twins);
    assert!(site.events().contains(&"error".to_owned()));
}

/// A page of the history.
fn page(first: u32, last: u32, before: &str) -> String {
    let messages: Vec<String> = (first..=last).map(|ordinal| message(ordinal, &ordinal.to_string(), "complete", "")).collect();
    format!(r#"{{"success":true,"data":[{}],"meta":{{"before":"{before}"}}}}"#, messages.join(","))
}

#[test]
fn a_message_far_up_is_fetched_and_pointed_at_and_one_that_is_gone_is_told() {
    let site = site();
    let fake = &site.fake;
    fake.serve(move |request| {
        let path = request.url.strip_prefix("https://chat.example").unwrap_or_default();
        let body = match path {
            "/api/v1/conversations/conv_0000000000000001/messages?limit=30" => page(71, 100, "71"),
            "/api/v1/conversations/conv_0000000000000001/messages?limit=100&before=71" => page(21, 70, "21"),
            "/api/v1/conversations/conv_0000000000000001/messages?limit=100&before=21" => page(1, 20, ""),
            _ if path.starts_with("/api/v1/messages?conversationId=conv_0000000000000001&page=1&search=w%C3%B4rd") => envelope(
                r#"[{"messageId":"msg_0000000000000025","conversationId":"conv_0000000000000001","ordinal":25,"role":"assistant","createdAt":"2026-11-21T03:00:00.000Z","before":"a ","found":"wôrd","after":"!"}]"#,
            ),
            "/api/v1/conversations/conv_0000000000000001" => envelope(&conversation(CONVERSATION, TWIN)),
            _ => return None,
        };
        Some((200, body))
    });
    site.app.open_conversation(CONVERSATION);
    fake.run();
    assert_eq!(site.texts().len(), 30);
    site.app.open_search();
    site.app.search_messages(" wôrd ");
    fake.advance(300);
    let found = site.app.signals.search.get_untracked().unwrap();
    assert_eq!((found.loading, found.hits.len(), &found.hits[0].found[..]), (Loading::Ready, 1, "wôrd"));
    site.app.go_to(&found.hits[0].message_id);
    fake.run();
    assert_eq!(site.texts().len(), 80);
    assert_eq!(site.app.signals.target.get_untracked(), (1, "msg_0000000000000025".to_owned()));
    site.app.go_to("msg_9999999999999999");
    fake.run();
    assert_eq!(site.texts().len(), 100, "it was looked for to the beginning");
    assert_eq!(site.app.signals.notice.get_untracked().map(|problem| problem.code), Some("NOT_FOUND".to_owned()));
}

#[test]
fn who_goes_far_up_gets_larger_pages_and_what_is_drawn_stays() {
    let site = site();
    let fake = &site.fake;
    fake.serve(move |request| {
        let path = request.url.strip_prefix("https://chat.example/api/v1/conversations/conv_0000000000000001")?;
        let body = match path {
            "/messages?limit=30" => page(201, 230, "201"),
            "/messages?limit=30&before=201" => page(171, 200, "171"),
            "/messages?limit=100&before=171" => page(71, 170, "71"),
            "/messages?limit=100&before=71" => page(1, 70, ""),
            "" => envelope(&conversation(CONVERSATION, TWIN)),
            _ => return None,
        };
        Some((200, body))
    });
    site.app.open_conversation(CONVERSATION);
    fake.run();
    let newest = site.app.signals.messages.get_untracked()[29].clone();
    for length in [60, 160, 230] {
        site.app.load_older_messages();
        fake.run();
        assert_eq!(site.texts().len(), length);
    }
    assert!(!site.app.signals.messages_more.get_untracked());
    assert_eq!(site.texts(), (1..=230).map(|ordinal: u32| ordinal.to_string()).collect::<Vec<_>>());
    newest.text.set("still drawn from".to_owned());
    assert_eq!(site.texts()[229], "still drawn from");
}
