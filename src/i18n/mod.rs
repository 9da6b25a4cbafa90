//! Every sentence the widget says, per language; dates as each language writes them.
//!
//! A language is one file with one [`Texts`]: a missing sentence, or one form of it too few, does not compile. What it
//! needs besides is its line in each function of [`Locale`]. Arabic is behind the feature `arabic`, so that a site
//! without it does not pay for its bytes; it is also how right-to-left is looked at. Absent on purpose: sentences of
//! the proxy, which come in the visitor's language already.

#[cfg(feature = "arabic")]
mod ar;
mod dates;
mod en;
mod sizes;
mod vi;

pub use dates::{calendar_days_between, clock_time, date_and_time, day_name, group_name, parse_time, short_time};
pub use sizes::file_size;

use js_sys::{Array, Intl, Number, Object};

/// A language the widget speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Locale {
    /// Vietnamese.
    Vi,
    /// English.
    #[default]
    En,
    /// Arabic.
    #[cfg(feature = "arabic")]
    Ar,
}

impl Locale {
    /// All of them, in the order the visitor's menu shows them.
    pub const ALL: &'static [Self] = &[
        Self::Vi,
        Self::En,
        #[cfg(feature = "arabic")]
        Self::Ar,
    ];

    /// The BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Vi => "vi",
            Self::En => "en",
            #[cfg(feature = "arabic")]
            Self::Ar => "ar",
        }
    }

    /// The tag for `Intl`. Numbers that the widget puts together itself, such as `1:05`, have European digits;
    /// those beside them have to have the same.
    fn intl(self) -> &'static str {
        match self {
            #[cfg(feature = "arabic")]
            Self::Ar => "ar-u-nu-latn",
            Self::Vi | Self::En => self.tag(),
        }
    }

    /// Its plural categories as CLDR names them, in the order in which its file has the forms.
    pub fn categories(self) -> &'static [&'static str] {
        match self {
            Self::Vi => &["other"],
            Self::En => &["one", "other"],
            #[cfg(feature = "arabic")]
            Self::Ar => &["zero", "one", "two", "few", "many", "other"],
        }
    }

    /// Where its lines begin, as `dir` has it: `ltr` or `rtl`.
    pub fn direction(self) -> &'static str {
        match self {
            #[cfg(feature = "arabic")]
            Self::Ar => "rtl",
            Self::Vi | Self::En => "ltr",
        }
    }

    /// The language's own name for itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vi => "Tiếng Việt",
            Self::En => "English",
            #[cfg(feature = "arabic")]
            Self::Ar => "العربية",
        }
    }

    /// Its sentences.
    pub fn texts(self) -> &'static Texts {
        match self {
            Self::Vi => &vi::TEXTS,
            Self::En => &en::TEXTS,
            #[cfg(feature = "arabic")]
            Self::Ar => &ar::TEXTS,
        }
    }

    /// The language of a BCP 47 tag, whatever its region: `vi-VN` is Vietnamese.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let language = tag.trim().split(['-', '_']).next().unwrap_or_default();
        Self::ALL.iter().copied().find(|locale| language.eq_ignore_ascii_case(locale.tag()))
    }

    /// The first of these tags that the widget speaks, English when it speaks none.
    pub fn first_of<'a>(tags: impl IntoIterator<Item = &'a str>) -> Self {
        tags.into_iter().find_map(Self::from_tag).unwrap_or_default()
    }

    /// The language to speak: what was chosen, else the page's (`<html lang>`), else the owner's
    /// setting, else the browser's.
    pub fn choose(chosen: &str, owner: &str) -> Self {
        let window = web_sys::window();
        let page = window.as_ref().and_then(web_sys::Window::document).and_then(|document| document.document_element());
        let page = page.and_then(|root| root.get_attribute("lang")).unwrap_or_default();
        let browser: Vec<String> =
            window.map(|window| window.navigator().languages().iter().filter_map(|tag| tag.as_string()).collect()).unwrap_or_default();
        let named = [chosen, &page, owner].into_iter();
        Self::first_of(named.chain(browser.iter().map(String::as_str)))
    }
}

/// A sentence with a number in it: `{n}`. It has a form for each of its language's
/// [plural categories](Locale::categories); a language's file makes it by a function that takes just as many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plural {
    locale: Locale,
    forms: &'static [&'static str],
}

impl Plural {
    /// The sentence for this number, both as the language has it.
    pub fn of(self, n: u32) -> String {
        let tags = Array::of1(&self.locale.intl().into());
        let category = Intl::PluralRules::new(&tags, &Object::new()).select(n.into());
        let at = self.locale.categories().iter().position(|name| category == *name).unwrap_or_default();
        fill(self.forms[at], &String::from(Number::from(n).to_locale_string(self.locale.intl())))
    }
}

/// The sentence with its `{n}` replaced.
pub fn fill(sentence: &str, value: &str) -> String {
    // Not by a pattern: searching for texts is not needed elsewhere, and would be downloaded.
    match sentence.split_once('{').zip(sentence.split_once('}')) {
        Some(((before, _), (_, after))) => [before, value, after].concat(),
        None => sentence.to_owned(),
    }
}

/// Every sentence, one field each. `{n}` in a sentence stands for the one thing that varies.
#[derive(Debug)]
#[expect(missing_docs, reason = "the English sentence in en.rs says what each is for")]
pub struct Texts {
    // The frame.
    pub chat: &'static str,
    pub open_chat: &'static str,
    pub close: &'static str,
    pub back: &'static str,
    pub menu: &'static str,
    pub language: &'static str,
    pub appearance: &'static str,
    pub scheme_auto: &'static str,
    pub scheme_light: &'static str,
    pub scheme_dark: &'static str,
    pub announce: &'static str,
    pub announce_whole: &'static str,
    pub announce_sentences: &'static str,
    pub announce_nothing: &'static str,
    pub unread: Plural,
    pub retry: &'static str,
    pub cancel: &'static str,
    pub dismiss: &'static str,
    pub loading: &'static str,
    // Twins.
    pub choose_twin: &'static str,
    pub choose_twin_hint: &'static str,
    pub change_twin: &'static str,
    pub search_twins: &'static str,
    pub twins: &'static str,
    pub no_twins: &'static str,
    pub no_twins_hint: &'static str,
    pub available: &'static str,
    pub unavailable: &'static str,
    pub answering: &'static str,
    pub in_line: &'static str,
    pub results: Plural,
    pub nothing_found: &'static str,
    pub nothing_found_hint: &'static str,
    // Conversations.
    pub conversations: &'static str,
    pub new_conversation: &'static str,
    pub search_conversations: &'static str,
    pub no_conversations: &'static str,
    pub no_conversations_hint: &'static str,
    pub untitled: &'static str,
    pub conversation_actions: &'static str,
    pub rename: &'static str,
    pub new_title: &'static str,
    pub save: &'static str,
    pub delete: &'static str,
    pub delete_question: &'static str,
    pub load_more: &'static str,
    pub last_week: &'static str,
    pub last_month: &'static str,
    // Messages.
    pub messages: &'static str,
    pub greeting: &'static str,
    pub starters: &'static str,
    pub you: &'static str,
    pub waiting: &'static str,
    pub queued: &'static str,
    pub queued_seconds: Plural,
    pub queued_minutes: Plural,
    pub sending: &'static str,
    pub unsent: &'static str,
    pub send_again: &'static str,
    pub discard: &'static str,
    pub stopped: &'static str,
    pub answer_again: &'static str,
    pub cut_short: &'static str,
    pub copy: &'static str,
    pub copied: &'static str,
    pub copy_code: &'static str,
    pub copy_failed: &'static str,
    pub helpful: &'static str,
    pub not_helpful: &'static str,
    pub jump: &'static str,
    pub missed: Plural,
    pub reply: &'static str,
    pub replying_to: &'static str,
    pub reply_to_none: &'static str,
    pub in_reply_to: &'static str,
    pub awaiting: &'static str,
    pub shared: &'static str,
    pub search_messages: &'static str,
    pub search_messages_hint: &'static str,
    pub close_search: &'static str,
    pub older: &'static str,
    pub answer_done: &'static str,
    pub answer_failed: &'static str,
    pub image: &'static str,
    pub show_image: &'static str,
    pub table: &'static str,
    pub code: &'static str,
    pub done: &'static str,
    pub to_do: &'static str,
    // The composer.
    pub message: &'static str,
    pub write_to: &'static str,
    pub write: &'static str,
    pub send: &'static str,
    pub stop: &'static str,
    pub attach: &'static str,
    pub attached: &'static str,
    pub detach: &'static str,
    pub drop_files: &'static str,
    pub file_large: &'static str,
    pub file_type: &'static str,
    pub file_empty: &'static str,
    pub file_many: Plural,
    pub characters_left: Plural,
    pub characters_over: Plural,
    pub composer_offline: &'static str,
    pub composer_unavailable: &'static str,
    pub composer_busy: &'static str,
    // The line.
    pub offline: &'static str,
    pub reconnecting: &'static str,
    pub reconnecting_in: Plural,
    pub try_now: &'static str,
    pub try_again_in: &'static str,
    pub request_id: &'static str,
    // Signed in.
    pub offer: &'static str,
    pub take_over: &'static str,
    pub not_mine: &'static str,
    pub taken_over: Plural,
    // What went wrong, by code.
    pub problem_network: &'static str,
    pub problem_offline: &'static str,
    pub problem_unreadable: &'static str,
    pub problem_limited: &'static str,
    pub problem_upstream: &'static str,
    pub problem_nobody: &'static str,
    pub problem_refused: &'static str,
    pub problem_timeout: &'static str,
    pub problem_incomplete: &'static str,
    pub problem_interrupted: &'static str,
    pub problem_store: &'static str,
    pub problem_busy: &'static str,
    pub problem_origin: &'static str,
    pub problem_identity: &'static str,
    pub problem_sign_in: &'static str,
    pub problem_linked: &'static str,
    pub problem_gone: &'static str,
    pub problem_large: &'static str,
    pub problem_load: &'static str,
    pub problem_other: &'static str,
}

impl Texts {
    /// What to tell the visitor of a problem: the widget's own words for its code, else the
    /// proxy's sentence, else that something went wrong.
    pub fn problem<'a>(&'static self, code: &str, message: &'a str) -> &'a str {
        match code {
            "NETWORK" => self.problem_network,
            "OFFLINE" => self.problem_offline,
            "UNREADABLE" => self.problem_unreadable,
            "RATE_LIMITED" => self.problem_limited,
            "UPSTREAM_ERROR" | "UPSTREAM_UNAVAILABLE" => self.problem_upstream,
            "NOBODY_FREE" => self.problem_nobody,
            "UPSTREAM_REFUSED" => self.problem_refused,
            "UPSTREAM_TIMEOUT" => self.problem_timeout,
            "REPLY_INCOMPLETE" => self.problem_incomplete,
            "REPLY_INTERRUPTED" => self.problem_interrupted,
            "REPLY_IN_PROGRESS" => self.problem_busy,
            "STORE_UNAVAILABLE" | "INTERNAL_ERROR" => self.problem_store,
            "ORIGIN_NOT_ALLOWED" => self.problem_origin,
            "INVALID_TOKEN" | "TOKEN_EXPIRED" | "INVALID_DPOP_PROOF" | "INSUFFICIENT_SCOPE" => self.problem_identity,
            "IDENTITY_REFUSED" | "IDENTITY_UNAVAILABLE" | "SIGN_IN_EXPIRED" => self.problem_sign_in,
            "LINKED_ELSEWHERE" => self.problem_linked,
            "NOT_FOUND" => self.problem_gone,
            "PAYLOAD_TOO_LARGE" => self.problem_large,
            "LOAD_FAILED" => self.problem_load,
            _ if message.is_empty() => self.problem_other,
            _ => message,
        }
    }
}

#[cfg(test)]
mod tests;
