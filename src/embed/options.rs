//! The element's options, as the page wrote them, to the app's.

use crate::app::{Announce, ColorScheme, Mode, Options, Surface};
use crate::theme::Accent;

/// What the loader hands over: the attributes' texts, empty where there is none. What is the launcher's alone
/// (`position`, `load`, …) is not looked at here. `surface` is the frame's alone (`npm/twinchat-document.js`).
#[derive(Debug, Default)]
pub(super) struct PageOptions {
    proxy: String,
    twin: String,
    thread: String,
    mode: String,
    locale: String,
    color_scheme: String,
    accent: String,
    heading: String,
    greeting: String,
    starters: String,
    image_origins: String,
    restore: String,
    surface: String,
}

impl PageOptions {
    /// From the texts of this name.
    pub(super) fn of(text: impl Fn(&str) -> String) -> Self {
        Self {
            proxy: text("proxy"),
            twin: text("twin"),
            thread: text("thread"),
            mode: text("mode"),
            locale: text("locale"),
            color_scheme: text("colorScheme"),
            accent: text("accent"),
            heading: text("heading"),
            greeting: text("greeting"),
            starters: text("starters"),
            image_origins: text("imageOrigins"),
            restore: text("restore"),
            surface: text("surface"),
        }
    }

    /// The app's options, and a sentence for the site's developer about each value that was not understood and is
    /// replaced by the default.
    pub(super) fn read(self) -> (Options, Vec<String>) {
        let mut wrong = Vec::new();
        // Only looked at: the loader knows the proxy as it is written.
        origin(&self.proxy, &mut wrong);
        let options = Options {
            proxy: self.proxy.clone(),
            twin: self.twin,
            thread: self.thread,
            locale: self.locale,
            color_scheme: one_of(
                "color-scheme",
                &self.color_scheme,
                &[("auto", ColorScheme::Auto), ("light", ColorScheme::Light), ("dark", ColorScheme::Dark)],
                &mut wrong,
            ),
            mode: one_of("mode", &self.mode, &[("bubble", Mode::Bubble), ("inline", Mode::Inline), ("page", Mode::Page)], &mut wrong),
            announce: Announce::default(),
            accent: accent(self.accent, &mut wrong),
            title: self.heading,
            greeting: self.greeting,
            starters: list(&self.starters),
            restore: one_of("restore", &self.restore, &[("true", true), ("false", false)], &mut wrong),
            surface: one_of(
                "surface",
                &self.surface,
                &[("page", Surface::Page), ("frame", Surface::Frame), ("cover", Surface::Cover)],
                &mut wrong,
            ),
            open: false, // the loader opens it, so that the page hears of it
            image_origins: list(&self.image_origins).iter().map(|text| origin(text, &mut wrong)).collect(),
        };
        (options, wrong)
    }
}

/// `one | two` to its parts.
fn list(text: &str) -> Vec<String> {
    text.split('|').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// The value of this name; the first one when the text is empty or none of them.
fn one_of<T: Copy>(option: &str, text: &str, values: &[(&str, T)], wrong: &mut Vec<String>) -> T {
    let found = values.iter().find(|(name, _)| *name == text);
    if found.is_none() && !text.is_empty() {
        let names: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
        wrong.push([option, "=\"", text, "\" is not one of ", &names.join(", "), ". Using ", names[0], "."].concat());
    }
    found.unwrap_or(&values[0]).1
}

fn accent(text: String, wrong: &mut Vec<String>) -> String {
    if text.is_empty() || Accent::parse(&text).is_some() {
        return text;
    }
    wrong.push(["accent=\"", &text, "\" is not a colour of the form #rrggbb. Using the owner's setting."].concat());
    String::new()
}

/// An address's scheme and host. A path cannot be part of it: what the proxy serves hangs off its root.
fn origin(text: &str, wrong: &mut Vec<String>) -> String {
    let trimmed = text.trim().trim_end_matches('/');
    let host = trimmed.strip_prefix("https://").or_else(|| trimmed.strip_prefix("http://"));
    if !trimmed.is_empty() && host.is_none_or(|host| host.is_empty() || host.contains(['/', '?', '#', ' '])) {
        wrong.push(["\"", text, "\" is not an origin such as https://chat.example.com, without a path."].concat());
    }
    trimmed.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_chosen_is_the_defaults() {
        let (options, wrong) = PageOptions::default().read();
        assert_eq!(options, Options::default());
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn every_option_is_read_by_its_own_name() {
        let read = format!("{:?}", PageOptions::of(str::to_owned));
        for (field, value) in
            read.trim_start_matches("PageOptions { ").trim_end_matches(" }").split(", ").map(|part| part.split_once(": ").unwrap())
        {
            assert_eq!(value.trim_matches('"').to_lowercase(), field.replace('_', ""), "{read}");
        }
        assert!(read.contains("\"colorScheme\"") && read.contains("\"imageOrigins\""), "{read}");
    }

    #[test]
    fn what_the_page_writes_reaches_the_app() {
        let page = PageOptions {
            proxy: "https://chat.example.com/".into(),
            mode: "inline".into(),
            color_scheme: "dark".into(),
            accent: "#0A7f5c".into(),
            heading: "Hỏi Mộc".into(),
            starters: " Giờ mở cửa? |  | Có giao hàng không?".into(),
            ..PageOptions::default()
        };
        let (options, wrong) = page.read();
        assert!(wrong.is_empty(), "{wrong:?}");
        assert_eq!(options.proxy, "https://chat.example.com/", "as it is written: the loader looks up by that what this tab keeps");
        assert_eq!((options.mode, options.color_scheme), (Mode::Inline, ColorScheme::Dark));
        assert_eq!((options.accent.as_str(), options.title.as_str()), ("#0A7f5c", "Hỏi Mộc"));
        assert_eq!(options.starters, ["Giờ mở cửa?", "Có giao hàng không?"]);
    }

    #[test]
    fn a_value_that_is_not_understood_is_named_with_what_is_possible() {
        let page =
            PageOptions { mode: "bubbel".into(), accent: "teal".into(), proxy: "chat.example.com/api".into(), ..PageOptions::default() };
        let (options, wrong) = page.read();
        assert_eq!(options.mode, Mode::Bubble);
        assert_eq!(options.accent, "");
        assert_eq!(wrong.len(), 3);
        assert!(wrong.iter().any(|text| text.contains("bubbel") && text.contains("bubble, inline, page")), "{wrong:?}");
        assert!(wrong.iter().any(|text| text.contains("teal") && text.contains("#rrggbb")), "{wrong:?}");
        assert!(wrong.iter().any(|text| text.contains("chat.example.com/api")), "{wrong:?}");
    }
}
