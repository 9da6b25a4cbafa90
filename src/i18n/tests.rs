use super::*;

#[test]
fn a_tag_with_a_region_is_its_language() {
    assert_eq!(Locale::from_tag("vi-VN"), Some(Locale::Vi));
    assert_eq!(Locale::from_tag("EN_us"), Some(Locale::En));
    assert_eq!(Locale::from_tag("vie"), None);
    assert_eq!(Locale::from_tag(""), None);
}

#[test]
fn the_first_language_spoken_is_taken_and_english_when_none_is() {
    assert_eq!(Locale::first_of(["fr", "vi-VN", "en"]), Locale::Vi);
    assert_eq!(Locale::first_of(["fr", "de"]), Locale::En);
}

#[test]
fn numbers_are_said_in_the_right_form() {
    let english = Locale::En.texts();
    assert_eq!(english.unread.of(1), "1 unread message");
    assert_eq!(english.unread.of(3), "3 unread messages");
    assert_eq!(Locale::Vi.texts().unread.of(1), "1 tin nhắn chưa đọc");
}

#[test]
fn every_error_code_of_the_proxy_has_words_in_every_language() {
    for locale in Locale::ALL {
        let texts = locale.texts();
        for code in twinchat_protocol::error::ErrorCode::ALL {
            assert!(!texts.problem(code.as_str(), "").is_empty());
            // Only what the visitor's own request got wrong is left to the proxy's sentence.
            let own = texts.problem(code.as_str(), "from the proxy") != "from the proxy";
            assert!(own || (400..500).contains(&code.status()), "{code:?}");
        }
    }
}

#[test]
fn calendar_days_are_counted_in_local_time() {
    const HOUR: u64 = 3_600_000;
    let evening = 23 * HOUR;
    let next_morning = 25 * HOUR;
    assert_eq!(dates::day_difference(evening, next_morning, 0, 0), 1);
    // Seven hours east of Greenwich both fall on the same day.
    assert_eq!(dates::day_difference(evening, next_morning, -420, -420), 0);
}
