//! The elements of a markdown document.

use super::clipboard::copy_button;
use super::dom::{El, button, div, document, el, focus};
use super::icon::{IMAGE, icon};
use super::root::Cx;
use crate::markdown::{Align, Destination, Tag, leads_to, says_otherwise};
use web_sys::{Element, Url};

/// How a document is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// The level of the largest headings.
    pub(crate) top_heading: u8,
    /// Whether addresses without a scheme are links, and pictures of the page's own site shown.
    pub(crate) relative: bool,
}

impl Look {
    /// An answer in a panel, which has headings of its own; it knows nothing of the page around it.
    pub(crate) const ANSWER: Self = Self { top_heading: 3, relative: false };
}

/// An element, with all that stands around it.
pub(crate) fn made(cx: Cx, look: Look, tag: &Tag) -> El {
    match tag {
        Tag::Paragraph => block("p"),
        Tag::Heading(level) => heading(look, *level),
        Tag::Quote => block("blockquote"),
        Tag::List { start: None } => el("ul", ""),
        Tag::List { start: Some(1) } => el("ol", ""),
        Tag::List { start: Some(start) } => el("ol", "").attr("start", &start.to_string()),
        // What is long is laid out otherwise (`markdown_parts`): then its role does not go without saying.
        Tag::Item => block("li").attr("role", "listitem"),
        Tag::CodeBlock { language } => code_block(cx, language),
        // Wider than the message, it scrolls on its own; the keyboard has to get there too.
        Tag::Table => div("tc-table")
            .attr("tabindex", "0")
            .attr("role", "region")
            .attr("aria-label", cx.t.table)
            .child(el("table", "").attr("role", "table")),
        Tag::TableHead => el("thead", "").attr("role", "rowgroup"),
        Tag::TableBody => el("tbody", "").attr("role", "rowgroup"),
        Tag::TableRow => el("tr", "").attr("role", "row"),
        Tag::TableCell { header, align } => cell(*header, *align),
        Tag::Emphasis => el("em", ""),
        Tag::Strong => el("strong", ""),
        Tag::Strikethrough => el("del", ""),
        Tag::Code => block("code"),
        Tag::Link { to, title } => link(to.href(look.relative), title),
        Tag::PendingLink => el("a", ""),
    }
}

/// The element in there that takes what it holds.
pub(crate) fn holder(tag: &Tag, made: &Element) -> Element {
    let holder = match tag {
        Tag::CodeBlock { .. } => made.last_element_child().and_then(|pre| pre.last_element_child()),
        Tag::Table => made.last_element_child(),
        _ => None,
    };
    holder.unwrap_or_else(|| made.clone())
}

/// An element whose text has a direction of its own.
fn block(tag: &str) -> El {
    el(tag, "").attr("dir", "auto")
}

fn heading(look: Look, level: u8) -> El {
    // Most answers begin with the second level: below other headings it is as large as the first.
    let level_here = if look.top_heading > 1 { level.max(2) - 2 + look.top_heading } else { level };
    let tag = ["h1", "h2", "h3", "h4", "h5", "h6"][usize::from(level_here).clamp(1, 6) - 1];
    let class = match level {
        1 => "tc-h1",
        2 => "tc-h2",
        _ => "tc-h3",
    };
    block(tag).attr("class", class)
}

fn cell(header: bool, align: Align) -> El {
    let cell = if header { block("th").attr("scope", "col").attr("role", "columnheader") } else { block("td").attr("role", "cell") };
    match align {
        Align::Center => cell.attr("align", "center"),
        Align::Right => cell.attr("align", "right"),
        Align::Left => cell.attr("align", "left"),
        Align::None => cell,
    }
}

fn code_block(cx: Cx, language: &str) -> El {
    let label = if language.is_empty() { cx.t.code } else { language };
    let code = el("code", "");
    let code = if language.is_empty() { code } else { code.attr("class", &["language-", language].concat()) };
    let pre = el("pre", "").attr("tabindex", "0").attr("role", "region").attr("aria-label", label).child(code);
    div("tc-code").attr("dir", "ltr").attr("data-language", label).child(copy_button(cx.t.copy_code)).child(pre)
}

pub(crate) fn checkbox(cx: Cx, done: bool) -> El {
    let name = if done { cx.t.done } else { cx.t.to_do };
    let field = el("input", "tc-check").attr("type", "checkbox").attr("disabled", "").attr("aria-label", name);
    if done { field.attr("checked", "") } else { field }
}

/// A link that leads out of the page; plain text when the address may not be one.
fn link(href: Option<String>, title: &str) -> El {
    let Some(href) = href else { return el("span", "") };
    let link = el("a", "").attr("href", &href).attr("target", "_blank").attr("rel", "noopener noreferrer nofollow");
    if title.is_empty() { link } else { link.attr("title", title) }
}

/// Says where a link leads: on hover and focus; always, when its text names another place.
pub(crate) fn describe_link(link: &Element) {
    let Some(href) = link.get_attribute("href") else { return };
    let mut place = leads_to(&href).to_owned();
    if href.split_once(':').is_some_and(|(_, rest)| rest.starts_with("//")) {
        // As the browser will ask for it: letters that look like others show.
        place = Url::new(&href).map_or(place, |url| url.host());
    }
    if place.is_empty() {
        return;
    }
    let otherwise = says_otherwise(&link.text_content().unwrap_or_default(), &place);
    link.set_class_name(if otherwise { "tc-elsewhere" } else { "" });
    let _ = link.set_attribute("data-to", &place);
    let _ = link.set_attribute("aria-description", &place);
}

/// A picture is not fetched unasked: whoever serves it would learn of the visitor, and an answer could be
/// made to carry words out in its address. The page's owner can trust origins, a visitor a picture.
pub(crate) fn picture(cx: Cx, look: Look, source: &Destination, (alt, title): (&str, &str), in_link: bool) -> El {
    let href = source.href(look.relative);
    match href {
        Some(href) if is_trusted(cx, look, &href) => image(&href, alt, title),
        Some(href) if !in_link => {
            let name = el("span", "").text(if alt.trim().is_empty() { cx.t.image } else { alt });
            let offer = el("span", "tc-image-offer").text(&[cx.t.show_image, " · ", leads_to(&href)].concat());
            let held = button("tc-image-off").attr("data-src", &href).attr("data-alt", alt).attr("title", title);
            held.child(icon(IMAGE)).child(name).child(offer)
        }
        // A button may not stand in a link.
        _ => el("span", "tc-image-none").child(icon(IMAGE)).text(if alt.trim().is_empty() { cx.t.image } else { alt }),
    }
}

fn is_trusted(cx: Cx, look: Look, href: &str) -> bool {
    let Some(base) = document().base_uri().ok().flatten() else { return false };
    let origin = |url: &str| Url::new_with_base(url, &base).map(|url| url.origin()).ok();
    let Some(origin_of_picture) = origin(href) else { return false };
    look.relative && origin(&base).as_ref() == Some(&origin_of_picture)
        || cx.s.options.with(|options| options.image_origins.contains(&origin_of_picture))
}

fn image(href: &str, alt: &str, title: &str) -> El {
    let image = el("img", "tc-image")
        .attr("alt", alt)
        .attr("loading", "lazy")
        .attr("decoding", "async")
        .attr("referrerpolicy", "no-referrer")
        .attr("src", href);
    if title.is_empty() { image } else { image.attr("title", title) }
}

/// Shows a picture that its button offered: the visitor wants it.
pub(crate) fn show_picture(offer: &Element) {
    let word = |name| offer.get_attribute(name).unwrap_or_default();
    let shown = image(&word("data-src"), &word("data-alt"), &word("title"));
    let shown = shown.attr("tabindex", "-1");
    let _ = offer.replace_with_with_node_1(shown.node());
    // It was on the button that is gone.
    focus(&shown.html());
}
