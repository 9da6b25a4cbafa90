//! Takes the owner's key and other secrets out of what an upstream says, should it repeat them.
//!
//! Looked for as it is, in base64 (either alphabet, at any place in a longer text), in hex and
//! percent-encoded, whatever the case. An upstream that spells its key out letter by letter is not
//! understood.

use super::{EventStream, UpstreamError, UpstreamEvent};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use futures_util::stream::{Stream, StreamExt};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;
use std::fmt::Write;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// What stands in the key's place.
pub(super) const MARK: &str = "[key]";
/// Shorter keys, and shorter parts of them in base64, are found by chance.
const MIN_BYTES: usize = 8;
/// As much of a needle has to be at a text's end for it to be held back until more comes.
const HOLD_FROM: usize = 4;

/// Knows how the key may look, and any other secret of the owner's.
#[derive(Clone, Default)]
pub(super) struct Redactor(Arc<Needles>);

/// All that is looked for, longest first.
#[derive(Clone, Default)]
struct Needles {
    all: Vec<Vec<u8>>,
    /// By byte: 1 where it begins a needle, 2 where it is the second of one. Of most places in a text this is all that is
    /// looked at.
    begins: Vec<u8>,
}

impl Needles {
    fn new(mut all: Vec<Vec<u8>>) -> Self {
        all.sort_by_key(|needle| std::cmp::Reverse(needle.len()));
        all.dedup();
        let mut begins = vec![0; 256];
        for needle in &all {
            for (byte, bit) in needle.iter().zip([1, 2]) {
                begins[usize::from(byte.to_ascii_lowercase())] |= bit;
                begins[usize::from(byte.to_ascii_uppercase())] |= bit;
            }
        }
        Self { all, begins }
    }

    /// Places, from one on, where a needle may begin. All needles have two bytes and more.
    fn places<'a>(&'a self, bytes: &'a [u8], from: usize) -> impl Iterator<Item = usize> + 'a {
        let marked = |byte: u8, bit: u8| self.begins.get(usize::from(byte)).is_some_and(|marks| marks & bit != 0);
        let pairs = bytes.windows(2).enumerate().skip(from);
        pairs.filter(move |(_, pair)| marked(pair[0], 1) && marked(pair[1], 2)).map(|(at, _)| at)
    }
}

impl Redactor {
    /// This key too.
    pub(super) fn and(self, key: &str) -> Self {
        let (hex, percent) = key.bytes().fold((String::new(), String::new()), |(mut hex, mut percent), byte| {
            let _ = write!(hex, "{byte:02x}");
            let _ = if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                percent.write_char(char::from(byte))
            } else {
                write!(percent, "%{byte:02x}")
            };
            (hex, percent)
        });
        let mut forms = vec![key.as_bytes().to_vec(), hex.into_bytes(), percent.into_bytes()];
        // Base64 of a longer text holds that of the key's whole groups of three, wherever they begin.
        for skipped in 0..3.min(key.len()) {
            let rest = &key.as_bytes()[skipped..];
            let groups = &rest[..rest.len() / 3 * 3];
            forms.extend([STANDARD_NO_PAD.encode(groups).into_bytes(), URL_SAFE_NO_PAD.encode(groups).into_bytes()]);
        }
        forms.retain(|form| form.len() >= MIN_BYTES && key.len() >= MIN_BYTES);
        Self(Arc::new(Needles::new([forms, self.0.all.clone()].concat())))
    }

    /// The text without the key.
    pub(super) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.find(text.as_bytes()).is_none() {
            return Cow::Borrowed(text);
        }
        let mut held = Held::new(self.clone());
        let mut out = held.push(text);
        out.push_str(&held.finish());
        Cow::Owned(out)
    }

    /// Takes the key out of all texts of the value.
    pub(super) fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Cow::Owned(redacted) = self.text(text) {
                    *text = redacted;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.value(field)),
            _ => {}
        }
    }

    /// Whether the key is in there.
    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        self.find(bytes).is_some()
    }

    /// The same answer without the key, also where it is spread over several pieces. The end of a piece
    /// that may be the key's beginning comes with the next one.
    pub(super) fn stream(&self, events: EventStream<'static>) -> EventStream<'static> {
        Redacted { events, held: Held::new(self.clone()), after: None, is_over: false }.boxed()
    }

    fn event(&self, event: UpstreamEvent) -> UpstreamEvent {
        match event {
            UpstreamEvent::Progress(text) => UpstreamEvent::Progress(self.text(&text).into_owned()),
            UpstreamEvent::Complete(Some(text)) => UpstreamEvent::Complete(Some(self.text(&text).into_owned())),
            other => other,
        }
    }

    /// The first place of the key, and how long it is there.
    fn find(&self, bytes: &[u8]) -> Option<(usize, usize)> {
        self.0.places(bytes, 0).find_map(|at| {
            let rest = &bytes[at..];
            let found = self.0.all.iter().find(|needle| rest.len() >= needle.len() && rest[..needle.len()].eq_ignore_ascii_case(needle));
            found.map(|needle| (at, needle.len()))
        })
    }

    /// Where an end begins that may be the beginning of the key.
    fn beginning(&self, bytes: &[u8]) -> usize {
        let longest = self.0.all.first().map_or(0, Vec::len);
        let may_be = |rest: &[u8]| {
            rest.len() >= HOLD_FROM
                && self.0.all.iter().any(|needle| needle.len() > rest.len() && needle[..rest.len()].eq_ignore_ascii_case(rest))
        };
        let mut places = self.0.places(bytes, bytes.len().saturating_sub(longest));
        places.find(|at| may_be(&bytes[*at..])).unwrap_or(bytes.len())
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor(..)")
    }
}

/// An answer without the key.
struct Redacted {
    events: EventStream<'static>,
    held: Held,
    /// What comes after the text that was held back.
    after: Option<Item>,
    is_over: bool,
}

type Item = Result<UpstreamEvent, UpstreamError>;

impl Stream for Redacted {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Item>> {
        let this = &mut *self;
        let delta = |text| Poll::Ready(Some(Ok(UpstreamEvent::Delta(text))));
        loop {
            if let Some(item) = this.after.take() {
                return Poll::Ready(Some(item));
            }
            if this.is_over {
                return Poll::Ready(None);
            }
            let item = ready!(this.events.poll_next_unpin(context));
            if let Some(Ok(UpstreamEvent::Delta(text))) = item {
                match this.held.push(&text) {
                    text if text.is_empty() => continue,
                    text => return delta(text),
                }
            }
            let goes_on = matches!(item, Some(Ok(UpstreamEvent::Progress(_) | UpstreamEvent::Complete(Some(_)))));
            this.is_over = item.is_none();
            this.after = item.map(|item| item.map(|event| this.held.redactor.event(event)));
            if !goes_on {
                let rest = this.held.finish();
                if !rest.is_empty() {
                    return delta(rest);
                }
            }
        }
    }
}

/// A text that comes in pieces.
#[derive(Debug)]
struct Held {
    redactor: Redactor,
    /// The end of what was given, too short to be held back, then what is held back.
    window: String,
    /// How much of it was given.
    given: usize,
}

impl Held {
    fn new(redactor: Redactor) -> Self {
        Self { redactor, window: String::new(), given: 0 }
    }

    /// What can be given now that this has come.
    fn push(&mut self, text: &str) -> String {
        self.window.push_str(text);
        let mut out = String::new();
        while let Some((at, length)) = self.redactor.find(self.window.as_bytes()) {
            out.push_str(self.window.get(self.given..at).unwrap_or_default());
            out.push_str(MARK);
            self.window.drain(..at + length);
            self.given = 0;
        }
        // Needles are ASCII, so what may be the beginning of one begins at a character.
        let until = self.redactor.beginning(self.window.as_bytes()).max(self.given);
        out.push_str(&self.window[self.given..until]);
        let kept = self.window.floor_char_boundary(until.saturating_sub(HOLD_FROM - 1));
        self.window.drain(..kept);
        self.given = until - kept;
        out
    }

    /// What was held back.
    fn finish(&mut self) -> String {
        let rest = self.window.split_off(self.given);
        (self.window, self.given) = (String::new(), 0);
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use proptest::prelude::*;

    const KEY: &str = "txp_live_Canary+0123456789/x";

    fn forms() -> Vec<String> {
        let hex: String = KEY.bytes().map(|byte| format!("{byte:02X}")).collect();
        let mut forms = vec![KEY.to_owned(), KEY.to_uppercase(), hex, KEY.replace('+', "%2B").replace('/', "%2f")];
        for before in ["", "a", "ab"] {
            forms.extend([STANDARD_NO_PAD.encode(format!("{before}{KEY}!")), URL_SAFE_NO_PAD.encode(format!("{before}{KEY}!"))]);
        }
        forms
    }

    /// What is left of the form in a text: nothing of eight letters of it.
    fn shows(text: &str, form: &str) -> bool {
        form.as_bytes().windows(12).any(|part| text.as_bytes().windows(12).any(|window| window.eq_ignore_ascii_case(part)))
    }

    #[test]
    fn the_key_is_taken_out_in_every_form() {
        let redactor = Redactor::default().and(KEY);
        for form in forms() {
            let text = redactor.text(&format!("Khóa là {form}, nhé")).into_owned();
            assert!(text.starts_with("Khóa là ") && text.contains(MARK) && text.ends_with(", nhé"), "{form}: {text}");
            assert!(!shows(&text, &form), "{form}: {text}");
        }
        assert!(matches!(redactor.text("nothing of it: txp_live_"), Cow::Borrowed(_)));
    }

    #[test]
    fn every_secret_is_taken_out() {
        let redactor = Redactor::default().and(KEY).and("bot_secret_0123");
        assert_eq!(redactor.text(&format!("{KEY} and bot_secret_0123")), "[key] and [key]");
    }

    #[test]
    fn a_key_too_short_to_be_told_from_words_is_left_alone() {
        assert_eq!(Redactor::default().and("chat").text("a chat"), "a chat");
    }

    async fn told(pieces: Vec<String>, end: Result<UpstreamEvent, UpstreamError>) -> Vec<Result<UpstreamEvent, UpstreamError>> {
        let events: Vec<_> = pieces.into_iter().map(|piece| Ok(UpstreamEvent::Delta(piece))).chain([end]).collect();
        Redactor::default().and(KEY).stream(stream::iter(events).boxed()).collect().await
    }

    fn text_of(events: &[Result<UpstreamEvent, UpstreamError>]) -> String {
        events.iter().filter_map(|event| if let Ok(UpstreamEvent::Delta(text)) = event { Some(text.as_str()) } else { None }).collect()
    }

    proptest! {
        #[test]
        fn however_a_reply_is_cut_the_key_is_taken_out_and_nothing_else(
            parts in prop::collection::vec(prop_oneof![Just(None), "[a-zà txplive_TC]{0,6}".prop_map(Some)], 0..6),
            form in 0_usize..10,
            cuts in prop::collection::vec(1_usize..9, 1..40),
        ) {
            let form = &forms()[form];
            let (mut text, mut expected) = (String::new(), String::new());
            for part in &parts {
                text.push_str(part.as_ref().unwrap_or(form));
                expected.push_str(part.as_ref().unwrap_or(form));
            }
            let expected = Redactor::default().and(KEY).text(&expected).into_owned();
            let mut pieces = Vec::new();
            let mut rest = text.as_str();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break; }
                let end = rest.ceil_char_boundary((*cut).min(rest.len()));
                pieces.push(rest[..end].to_owned());
                rest = &rest[end..];
            }
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let events = runtime.block_on(told(pieces, Ok(UpstreamEvent::Complete(None))));
            let shown = text_of(&events);
            prop_assert!(!shows(&shown, form), "{}", shown);
            // At most three letters of a key may have been told before it was known for one.
            if !parts.contains(&None) { prop_assert_eq!(&shown, &expected); }
            prop_assert_eq!(shown.matches(MARK).count(), expected.matches(MARK).count());
        }
    }

    #[tokio::test]
    async fn what_was_held_back_comes_before_any_end() {
        for end in [Ok(UpstreamEvent::Complete(None)), Err(UpstreamError::Silent("no further event"))] {
            let events = told(vec!["see txp_li".to_owned()], end.clone()).await;
            assert_eq!(text_of(&events), "see txp_li");
            assert_eq!(events.last(), Some(&end));
        }
        let cut_off = Redactor::default().and(KEY).stream(stream::iter([Ok(UpstreamEvent::Delta("txp_li".to_owned()))]).boxed());
        assert_eq!(text_of(&cut_off.collect::<Vec<_>>().await), "txp_li");
    }

    #[tokio::test]
    async fn whole_texts_and_progress_are_cleaned_too() {
        let events = vec![Ok(UpstreamEvent::Progress(KEY.to_owned())), Ok(UpstreamEvent::Complete(Some(format!("a {KEY}"))))];
        let told: Vec<_> = Redactor::default().and(KEY).stream(stream::iter(events).boxed()).collect().await;
        assert_eq!(told, [Ok(UpstreamEvent::Progress(MARK.to_owned())), Ok(UpstreamEvent::Complete(Some(format!("a {MARK}"))))]);
    }
}
