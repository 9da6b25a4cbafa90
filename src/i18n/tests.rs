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

/// Each field of a language's file: its name, and the sentences in it.
fn sentences(file: &'static str) -> Vec<(&'static str, Vec<&'static str>)> {
    let body = file.split("TEXTS: Texts = Texts {").nth(1).unwrap();
    let mut fields: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in body.lines() {
        if let Some((name, _)) =
            line.strip_prefix("    ").and_then(|line| line.split_once(':')).filter(|(name, _)| !name.contains(['"', ' ']))
        {
            fields.push((name, Vec::new()));
        }
        if let Some((_, forms)) = fields.last_mut() {
            forms.extend(line.split('"').skip(1).step_by(2));
        }
    }
    fields
}

#[test]
fn every_language_puts_its_numbers_and_names_where_english_does() {
    let english = sentences(include_str!("en.rs"));
    assert!(english.len() > 100, "{}", english.len());
    for file in [include_str!("vi.rs"), include_str!("ar.rs")] {
        let fields = sentences(file);
        assert_eq!(fields.iter().map(|field| field.0).collect::<Vec<_>>(), english.iter().map(|field| field.0).collect::<Vec<_>>());
        for ((name, forms), (_, theirs)) in fields.iter().zip(&english) {
            assert!(!forms.is_empty() && forms.iter().all(|form| !form.trim().is_empty()), "{name}");
            // One and two may be words; the last form is for any number.
            assert_eq!(forms.last().unwrap().matches("{n}").count(), theirs.last().unwrap().matches("{n}").count(), "{name}");
        }
    }
}

#[test]
fn arabic_is_written_in_arabic() {
    for (name, forms) in sentences(include_str!("ar.rs")) {
        for form in forms {
            let foreign = form.replace("{n}", "").chars().any(|c| c.is_ascii_alphabetic());
            assert!(!foreign && form.chars().any(|c| ('\u{621}'..='\u{64a}').contains(&c)), "{name}: {form}");
        }
    }
}
