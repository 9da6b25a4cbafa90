//! The panel's header: where one is, and the ways from there.

use super::avatar::avatar_with_presence;
use super::dom::{El, button, div, el};
use super::icon::{BACK, CLOSE, COMPOSE, DOWN, MORE, SEARCH, icon};
use super::launcher::{badge, badge_text};
use super::menu::{Menu, menu_button, menu_group};
use super::parts::{hidden_text, icon_button};
use super::root::Cx;
use crate::app::{Announce, ColorScheme, Mode};
use crate::i18n::Locale;
use crate::state::{EntryStatus, Screen};

pub(crate) fn header(cx: Cx) -> El {
    let header = el("header", "tc-header").attr("part", "header");
    let header = header.when(move || has_back(cx), move || back(cx)).slot(move || who_key(cx), move |_| Some(who(cx)));
    let header = header.when(move || cx.s.screen.get() == Screen::Chat, move || new_button(cx).class("tc-new"));
    let header = header.child(menu_button(cx, MORE, cx.t.menu, move |menu| menu_entries(cx, menu)));
    // From here one comes to most of what is rarely shown.
    let header = ["pointerenter", "focusin"].into_iter().fold(header, |header, event| header.on(event, move |_| cx.app.expect_rare()));
    let closable = cx.mode() == Mode::Bubble;
    header.maybe(closable.then(|| icon_button(CLOSE, cx.t.close, move || cx.app.close()).attr("part", "close")))
}

pub(crate) fn new_button(cx: Cx) -> El {
    icon_button(COMPOSE, cx.t.new_conversation, move || cx.app.new_conversation())
}

/// Whether back leads anywhere; the rule is [`crate::app::App::back`]'s.
fn has_back(cx: Cx) -> bool {
    match cx.s.screen.get() {
        Screen::Chat => true,
        Screen::Conversations => cx.s.twin.with(Option::is_some),
        Screen::Twins => cx.s.twin.with(Option::is_some) || cx.s.conversations.with(|list| !list.is_empty()),
    }
}

fn back(cx: Cx) -> El {
    let label = move || if cx.s.screen.get() == Screen::Chat { cx.t.conversations } else { cx.t.back };
    button("tc-icon-button tc-back tc-narrow")
        .attr_fn("aria-label", move || Some(label().to_owned()))
        .attr_fn("title", move || Some(label().to_owned()))
        .child(icon(BACK))
        .slot(move || badge_text(cx.s.unread.get()), badge)
        .click(move || cx.app.back())
}

/// Changes with what the middle of the header shows.
fn who_key(cx: Cx) -> String {
    let several = if cx.s.twins.with(Vec::len) > 1 { "several" } else { "one" };
    match cx.s.screen.get() {
        Screen::Chat => cx.s.twin.with(|twin| match twin {
            Some(twin) => [twin.id.as_str(), &twin.name, if twin.available { "here" } else { "away" }, several].join(" "),
            None => "chat".to_owned(),
        }),
        Screen::Conversations => "conversations".to_owned(),
        Screen::Twins => ["twins", &cx.title()].concat(),
    }
}

fn who(cx: Cx) -> El {
    let screen = cx.s.screen.get_untracked();
    let twin = cx.s.twin.get_untracked();
    let heading = |text: &str| el("h2", "tc-header-title").text(text);
    let twin = match (screen, twin) {
        (Screen::Conversations, _) => return heading(cx.t.conversations),
        (Screen::Twins, _) | (_, None) => return heading(&cx.title()),
        (Screen::Chat, Some(twin)) => twin,
    };
    let several = cx.s.twins.with_untracked(Vec::len) > 1;
    let presence = if twin.available { cx.t.available } else { cx.t.unavailable };
    let status = el("span", "tc-header-status").text_fn(move || {
        let words = match cx.s.replying.get() {
            true if in_line(cx) => cx.t.in_line,
            true => cx.t.answering,
            false => presence,
        };
        words.to_owned()
    });
    let name = el("span", "tc-header-name").child(el("span", "").attr("dir", "auto").text(&twin.name));
    let name = name.maybe(several.then(|| small(icon(DOWN))));
    let names = el("span", "tc-header-names").child(name).child(status);
    let who = if several {
        let change = hidden_text(cx.t.change_twin);
        button("tc-header-who").attr("title", cx.t.change_twin).child(change).click(move || cx.app.show_twins())
    } else {
        el("span", "tc-header-who")
    };
    el("h2", "tc-header-heading").child(who.child(avatar_with_presence(cx, &twin, "")).child(names))
}

/// Whether the answer has to wait for others'.
fn in_line(cx: Cx) -> bool {
    let status = cx.s.messages.with(|messages| messages.last().map(|last| last.status));
    let waits = |status: &EntryStatus| matches!(status, EntryStatus::Waiting(progress) if progress.position > 0);
    // A list that is about to be drawn anew may still hold what is gone.
    status.and_then(|status| status.try_with(waits)).unwrap_or_default()
}

fn small(icon: El) -> El {
    icon.attr("width", "16").attr("height", "16")
}

fn menu_entries(cx: Cx, menu: Menu) -> Vec<El> {
    let languages = Locale::ALL
        .iter()
        .map(|&locale| menu.choice(locale.name(), locale == cx.locale, move || cx.app.set_locale(locale.tag())).attr("lang", locale.tag()));
    let (now, told) = cx.s.options.with(|options| (options.color_scheme, options.announce));
    let schemes = [(ColorScheme::Auto, cx.t.scheme_auto), (ColorScheme::Light, cx.t.scheme_light), (ColorScheme::Dark, cx.t.scheme_dark)];
    let schemes = schemes.map(|(scheme, label)| menu.choice(label, scheme == now, move || cx.app.set_color_scheme(scheme)));
    let tellings = [
        (Announce::Whole, cx.t.announce_whole),
        (Announce::Sentences, cx.t.announce_sentences),
        (Announce::Nothing, cx.t.announce_nothing),
    ];
    let tellings = tellings.map(|(what, label)| menu.choice(label, what == told, move || cx.app.set_announce(what)));
    // Where the header has no room for its button.
    let new = div("tc-only-small").child(menu.item(COMPOSE, cx.t.new_conversation, move || cx.app.new_conversation())).child(el("hr", ""));
    let find = move || menu.item(SEARCH, cx.t.search_messages, move || cx.app.open_search());
    let searchable = cx.s.screen.get() == Screen::Chat && cx.app.can_search();
    let find = searchable.then(|| div("").child(find()).child(el("hr", "")));
    let first = [Some(new), find].into_iter().flatten();
    let groups = [menu_group(cx.t.language, languages), menu_group(cx.t.appearance, schemes), menu_group(cx.t.announce, tellings)];
    first.chain(groups).collect()
}
