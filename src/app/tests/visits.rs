//! What a visit finds, and leaves for the next one.

use super::*;

#[test]
fn nothing_is_asked_or_kept_before_the_panel_is_opened_and_nothing_kept_before_the_first_message() {
    let fake = Fake::new();
    proxy(&fake, &[TWIN, OTHER_TWIN], "[]");
    let site = site_of(&fake, Options::default());
    assert!(fake.log().is_empty());
    assert_eq!(site.events(), ["ready"]);
    site.app.open();
    fake.run();
    assert_eq!(site.events(), ["opened", "connected"]);
    assert!(!fake.log().iter().any(|request| request.url.contains("conversations")), "who was never here has none");
    assert_eq!(site.app.signals.twins.with_untracked(Vec::len), 2);
    assert_eq!(site.app.signals.settings.get_untracked().title, "Hỏi Mai");
    assert_eq!(site.screen(), Screen::Twins);
    site.app.choose_twin(OTHER_TWIN);
    assert_eq!(site.screen(), Screen::Chat);
    fake.advance(60_000);
    assert!(fake.keeps_nothing());
    let _post = site.type_and_send("Why?");
    assert!(!fake.keeps_nothing());
}

#[test]
fn after_a_reload_the_conversation_is_open_again_and_its_reply_goes_on() {
    let site = site();
    let _line = site.answering(&[delta(2, "Be")]);
    let user = message(1, "Why?", "complete", "");
    proxy(&site.fake, &[TWIN, OTHER_TWIN], &format!("[{user},{}]", message(2, "Be", "streaming", r#","eventId":"2.2""#)));
    let again = site.reloaded(Options { mode: Mode::Inline, ..Options::default() });
    assert_eq!(again.screen(), Screen::Chat);
    assert_eq!(again.texts(), ["Why?", "Be"]);
    assert!(again.replying());
    let feed = again.fake.request();
    assert!(feed.request.url.ends_with("/events?after=2.2"));
    let line = feed.open(200, &[]);
    line.say(&[delta(2, "Be"), delta(3, "cause")].concat());
    again.fake.advance(20);
    assert_eq!(again.texts(), ["Why?", "Because"]);
    line.say(&complete(4, "Because."));
    again.fake.advance(20);
    assert!(!line.is_dropped(), "the panel is in sight: the feed stays open");
    again.fake.set_visible(false);
    assert!(line.is_dropped());
}

#[test]
fn after_a_reload_what_was_said_lately_is_asked_for_beside_the_lists_and_once() {
    let site = site();
    site.ask();
    let before = site.fake.log().len();
    let said = envelope(&format!("[{},{}]", message(1, "Why?", "complete", ""), message(2, "So.", "complete", "")));
    site.fake.serve(move |request| match &request.url {
        url if url.contains("/messages") => Some((200, said.clone())),
        url if url.ends_with("/oauth/token") => Some((200, TOKEN.to_owned())),
        url if url.ends_with("/widget") => Some((200, envelope("{}"))),
        _ => None,
    });
    let again = site.reloaded(Options { open: true, ..Options::default() });
    let asked = |path: &str| again.fake.log()[before..].iter().filter(|request| request.url.contains(path)).count();
    assert_eq!((asked("/api/v1/twins"), asked("/messages")), (1, 1), "the twins are not here yet");
    proxy(&again.fake, &[TWIN], "[]");
    while !again.fake.is_quiet() {
        let waiting = again.fake.request();
        let body = match waiting.request.url.rsplit('/').next().unwrap_or_default() {
            path if path.starts_with("twins?") => envelope(&format!("[{}]", twin(TWIN))),
            path if path.starts_with("conversations") => envelope(&format!("[{}]", conversation(CONVERSATION, TWIN))),
            _ => break, // the feed
        };
        waiting.answer(200, &[], &body);
        again.fake.run();
    }
    assert_eq!(again.texts(), ["Why?", "So."]);
    assert_eq!(asked("/messages"), 1);
    assert_eq!(again.app.signals.twin.with_untracked(|twin| twin.as_ref().map(|twin| twin.id.to_string())), Some(TWIN.to_owned()));
}

#[test]
fn a_returning_visitor_finds_the_conversations() {
    let site = site();
    let _post = site.type_and_send("Why?");
    proxy(&site.fake, &[TWIN, OTHER_TWIN], "[]");
    site.fake.platform().storage.set(crate::platform::Shelf::Tab, "twinchat.thread.https://chat.example", "");
    let again = site.reloaded(Options { open: true, ..Options::default() });
    assert_eq!(again.screen(), Screen::Conversations);
    assert_eq!(again.app.signals.conversations.with_untracked(Vec::len), 1);
    again.app.choose_twin(TWIN);
    assert_eq!(again.app.signals.conversation.get_untracked().unwrap().id.as_str(), CONVERSATION, "the latest one with this twin");
    again.app.new_conversation();
    assert!(again.app.signals.conversation.get_untracked().is_none());
    again.app.back();
    assert_eq!(again.screen(), Screen::Conversations);
    again.app.back();
    assert_eq!(again.screen(), Screen::Chat);
}

#[test]
fn destroyed_it_holds_no_line_and_does_nothing_more() {
    let site = site();
    let line = site.answering(&[]);
    site.events();
    let asked = site.fake.log().len();
    site.app.destroy();
    site.fake.run();
    assert!(line.is_dropped());
    site.app.send_text("And?");
    site.app.open();
    site.fake.set_online(false);
    site.fake.set_online(true);
    site.fake.advance(100_000);
    assert_eq!(site.fake.log().len(), asked);
    assert!(site.events().is_empty());
}

#[test]
fn another_proxy_is_another_beginning() {
    let site = site();
    let _post = site.type_and_send("Why?");
    site.app.set_options(Options { proxy: "https://other.example".to_owned(), ..Options::default() });
    assert!(site.texts().is_empty());
    let asked = Cell::new(0);
    while !site.fake.is_quiet() {
        let exchange = site.fake.request();
        asked.set(asked.get() + u32::from(exchange.request.url.starts_with("https://other.example/")));
    }
    assert!(asked.get() > 0);
    assert_eq!(site.app.url("/avatars/a"), "https://other.example/avatars/a");
}

#[test]
fn what_the_visitor_chooses_is_kept_from_the_first_message_on_and_wins_after_a_reload() {
    let site = site();
    site.app.set_locale("en");
    site.app.set_color_scheme(ColorScheme::Dark);
    site.fake.run();
    assert_eq!(site.chosen(), ("en".to_owned(), ColorScheme::Dark));
    assert!(site.fake.keeps_nothing());
    site.ask();
    assert_eq!(site.choices().as_deref(), Some("en|dark"));
    site.app.set_color_scheme(ColorScheme::Auto);
    assert_eq!(site.choices().as_deref(), Some("en|auto"));
    site.app.set_announce(Announce::Sentences);
    let page = Options { locale: "vi".to_owned(), color_scheme: ColorScheme::Light, ..Options::default() };
    let again = site.reloaded(page);
    assert_eq!(again.chosen(), ("en".to_owned(), ColorScheme::Auto));
    assert_eq!(again.app.signals.options.with_untracked(|options| options.announce), Announce::Sentences);
    again.app.open();
    again.fake.run();
    let asked = again.fake.log();
    assert!(asked.last().unwrap().headers.iter().any(|header| *header == ("accept-language", "en".to_owned())), "the proxy too is told");
}

#[test]
fn a_later_word_of_the_page_wins_over_the_visitors_choice_and_clears_it() {
    let site = site();
    let page = |locale: &str, accent: &str| Options {
        proxy: "https://chat.example/".to_owned(),
        locale: locale.to_owned(),
        accent: accent.to_owned(),
        ..Options::default()
    };
    site.ask();
    site.app.set_options(page("vi", ""));
    site.app.set_locale("en");
    site.app.set_color_scheme(ColorScheme::Dark);
    site.app.set_options(page("vi", "#0f766e"));
    assert_eq!(site.chosen(), ("en".to_owned(), ColorScheme::Dark), "a word about something else is none about these");
    site.app.set_options(page("vi", "#0f766e"));
    assert_eq!(site.chosen(), ("vi".to_owned(), ColorScheme::Dark), "the same once more is meant");
    assert_eq!(site.choices().as_deref(), Some("|dark"));
    site.app.set_options(Options { color_scheme: ColorScheme::Light, ..page("vi", "") });
    assert_eq!(site.chosen().1, ColorScheme::Light);
    assert_eq!(site.choices(), None);
}

#[test]
fn a_panel_that_was_open_comes_back_only_for_who_has_written() {
    let site = site();
    let flag = |site: &Site| site.fake.platform().storage.get(Shelf::Tab, "twinchat.open.https://chat.example/");
    assert_eq!(flag(&site), None);
    site.ask();
    assert_eq!(flag(&site).as_deref(), Some("1"), "under the proxy's name as the page writes it");
    site.app.close();
    assert_eq!(flag(&site), None);
    site.app.open();
    assert_eq!(flag(&site).as_deref(), Some("1"));
    let again = site.reloaded(Options::default());
    again.app.come_back();
    again.fake.run();
    assert!(again.app.signals.open.get_untracked());
    assert!(again.app.came_back(), "nobody has asked for the focus");
    assert_eq!(again.screen(), Screen::Chat);
    again.app.close();
    again.app.open();
    assert!(!again.app.came_back());
}

#[test]
fn a_panel_does_not_come_back_over_a_small_screen_or_where_the_site_wants_that_not() {
    for (small, restore) in [(true, true), (false, false)] {
        let site = site();
        site.ask();
        site.fake.set_small(small);
        let again = site.reloaded(Options { restore, ..Options::default() });
        again.app.come_back();
        again.fake.run();
        assert!(!again.app.signals.open.get_untracked());
        again.app.open();
        again.fake.run();
        assert_eq!(again.fake.platform().storage.get(Shelf::Tab, "twinchat.open.https://chat.example/"), None);
    }
}

#[test]
fn reset_forgets_the_visitor_and_the_next_message_is_a_new_ones() {
    let site = opened(&[TWIN], Options { locale: "vi".to_owned(), ..Options::default() });
    let fake = &site.fake;
    site.app.set_locale("en");
    site.ask();
    let feed = fake.request().open(200, &[]);
    let key_of = |request: &crate::platform::Request| request.body.split("subject_token=").nth(1).map(str::to_owned);
    let first = fake.log().iter().find(|request| request.url.ends_with("/oauth/token")).and_then(key_of);
    site.app.set_draft("half a word");
    site.app.reset();
    fake.run();
    assert!(fake.keeps_nothing());
    assert!(feed.is_dropped());
    let revoke = fake.request();
    assert_eq!((&revoke.request.url[..], &revoke.request.body[..]), ("https://chat.example/oauth/revoke", "token=t"));
    revoke.answer(200, &[], "");
    fake.run();
    assert!(site.texts().is_empty() && site.app.signals.draft.with_untracked(String::is_empty));
    assert!(site.app.signals.conversations.with_untracked(Vec::is_empty));
    assert_eq!(site.chosen().0, "vi");
    assert!(fake.keeps_nothing(), "until the next message");
    site.ask();
    assert!(!fake.keeps_nothing());
    let last = fake.log().iter().rfind(|request| request.url.ends_with("/oauth/token")).and_then(key_of);
    assert!(first.is_some() && first != last, "{first:?} {last:?}");
}

#[test]
fn signing_in_shows_the_users_conversations_keeps_the_draft_and_offers_what_was_said_before() {
    let site = site();
    let line = site.answering(&[complete(2, "Because.")]);
    site.app.set_draft("And then?");
    site.events();
    site.sign_in(Some("jwt"));
    let signals = site.app.signals;
    assert_eq!(signals.offer.get_untracked(), Offer::Open);
    assert_eq!(site.draft(), "And then?");
    assert!(site.texts().is_empty() && line.is_dropped(), "nothing of the visitor before is shown");
    assert_eq!(site.twin(), TWIN);
    assert!(site.events().contains(&"identity.change true".to_owned()));

    site.app.take_over();
    site.fake.run();
    assert_eq!(signals.offer.get_untracked(), Offer::Done(2));
    site.app.decline_offer();
    assert_eq!(signals.offer.get_untracked(), Offer::None);

    site.sign_in(None);
    assert!(site.events().contains(&"identity.change false".to_owned()));
    site.sign_in(Some("jwt"));
    assert_eq!(signals.offer.get_untracked(), Offer::None, "it is asked once");
}

#[test]
fn who_has_said_nothing_before_signing_in_is_asked_nothing_and_a_new_token_of_the_same_user_changes_nothing() {
    let site = site();
    site.sign_in(Some("jwt"));
    assert_eq!(site.app.signals.offer.get_untracked(), Offer::None);
    let _post = site.type_and_send("Why?");
    site.events();
    site.sign_in(Some("another jwt of the same user"));
    assert_eq!(site.texts()[0], "Why?");
    assert_eq!(site.events(), Vec::<String>::new());
    assert!(!site.fake.log().iter().any(|request| request.url.ends_with("/revoke")));
}

#[test]
fn a_page_that_can_say_late_who_the_visitor_is_is_asked_then_and_before_only_if_somebody_chats() {
    let fake = Fake::new();
    proxy(&fake, &[TWIN], "[]");
    let asked = Rc::new(Cell::new(0));
    let site = site_of(&fake, Options::default());
    let count = asked.clone();
    fake.vouch(move |_, _| {
        count.set(count.get() + 1);
        Ok(Vouched::Nobody)
    });
    site.app.ask_site();
    fake.run();
    assert_eq!(asked.get(), 0, "nobody has opened the chat");

    let site = self::site();
    let _line = site.answering(&[complete(2, "Because.")]);
    site.app.set_draft("And then?");
    site.events();
    site.fake.vouch(|_, _| Ok(Vouched::Nobody));
    site.app.ask_site();
    site.fake.run();
    assert_eq!((site.texts().len(), site.events()), (2, Vec::new()), "nobody is who was here");
    site.fake.vouch(|_, _| Err(Unanswered));
    site.app.ask_site();
    site.fake.run();
    assert_eq!(site.texts().len(), 2);
    assert_eq!(site.events(), ["error"]);

    site.fake.vouch(|_, _| Ok(Vouched::Identity("jwt".to_owned())));
    site.app.ask_site();
    site.fake.run();
    assert!(site.texts().is_empty(), "nothing of the visitor before is shown");
    assert_eq!((site.draft(), site.app.signals.offer.get_untracked()), ("And then?".to_owned(), Offer::Open));
    assert!(site.events().contains(&"identity.change true".to_owned()));
    site.app.ask_site();
    site.fake.run();
    assert_eq!(site.events(), Vec::<String>::new(), "who is signed in is not asked again");
}
