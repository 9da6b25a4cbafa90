//! Steps of a markdown document, taken on real nodes: elements and text, never markup.

use super::clipboard::copy_button;
use super::dom::{El, div, document, el};
use super::icon::{CHECK, IMAGE, icon};
use super::root::Cx;
use crate::markdown::{Align, Op, Tag};
use leptos::prelude::With;
use web_sys::{Element, Node};

/// How to take a step back.
enum Undo {
    /// Remove what was added; nothing was opened.
    Remove(Node),
    /// Remove the element that was opened, and go back to where it was opened.
    Leave(Node),
    /// Go back into the element that was closed.
    Enter(Element),
    /// The list was not loose before.
    Tighten(Element),
    /// Nothing to take back.
    Nothing,
}

/// A reference that is not known to be a link yet, or is.
struct Reference {
    label: String,
    element: Element,
}

/// A document under construction.
pub(crate) struct Builder {
    cx: Cx,
    /// The elements that are open, the root first.
    open: Vec<Element>,
    /// One for each step that can still be taken back.
    undo: Vec<Undo>,
    references: Vec<Reference>,
    definitions: Vec<(String, String)>,
}

impl Builder {
    pub(crate) fn new(cx: Cx, root: Element) -> Self {
        Self { cx, open: vec![root], undo: Vec::new(), references: Vec::new(), definitions: Vec::new() }
    }

    /// Takes a step. Every step can be taken back until [`Builder::keep`].
    pub(crate) fn apply(&mut self, op: &Op) {
        let undo = match op {
            Op::Open(tag) => self.enter(tag),
            Op::Close if self.open.len() > 1 => self.open.pop().map_or(Undo::Nothing, Undo::Enter),
            Op::Close => Undo::Nothing,
            Op::Text(text) => self.append(document().create_text_node(text).into()),
            Op::Break => self.append_el(&el("br", "")),
            Op::Rule => self.append_el(&el("hr", "")),
            Op::Checkbox(done) => self.checkbox(*done),
            Op::Image { source, alt, .. } => {
                let picture = image(self.cx, source.href(), alt);
                self.append_el(&picture)
            }
            Op::Loose => self.loosen(),
            Op::Define { label, to, .. } => self.define(label, to.href()),
        };
        self.undo.push(undo);
    }

    /// Takes back the last steps, until only so many are left that can be taken back.
    pub(crate) fn take_back_to(&mut self, steps: usize) {
        while self.undo.len() > steps {
            match self.undo.pop() {
                Some(Undo::Remove(node)) => remove(&node),
                Some(Undo::Leave(node)) => {
                    self.references.retain(|reference| !node.contains(Some(&reference.element)));
                    remove(&node);
                    self.open.pop();
                }
                Some(Undo::Enter(element)) => self.open.push(element),
                Some(Undo::Tighten(list)) => list.set_class_name(""),
                Some(Undo::Nothing) | None => {}
            }
        }
    }

    /// The first so many of the steps that could be taken back no longer can.
    pub(crate) fn keep(&mut self, steps: usize) {
        self.undo.drain(..steps.min(self.undo.len()));
    }

    fn inside(&self) -> &Element {
        self.open.last().expect("the root is never closed")
    }

    fn append(&self, node: Node) -> Undo {
        let _ = self.inside().append_child(&node);
        Undo::Remove(node)
    }

    fn append_el(&self, element: &El) -> Undo {
        self.append(element.node().clone().into())
    }

    /// Opens an element. What stands in the document may be a frame around it.
    fn enter(&mut self, tag: &Tag) -> Undo {
        let (frame, inner) = self.make(tag);
        let frame: Node = frame.node().clone().into();
        let _ = self.inside().append_child(&frame);
        self.open.push(inner.node().clone());
        if let Tag::Reference { label } = tag {
            self.references.push(Reference { label: label.clone(), element: inner.node().clone() });
            self.resolve(label);
        }
        Undo::Leave(frame)
    }

    fn make(&self, tag: &Tag) -> (El, El) {
        let one = |element: El| (element.clone(), element);
        match tag {
            Tag::Paragraph => one(el("p", "").attr("dir", "auto")),
            Tag::Heading(level) => {
                // Below the panel's own heading; most answers begin with the second level.
                let tag = ["h3", "h3", "h4", "h5", "h6"][usize::from(*level).clamp(1, 5) - 1];
                one(el(tag, heading_class(*level)).attr("dir", "auto"))
            }
            Tag::Quote => one(el("blockquote", "").attr("dir", "auto")),
            Tag::List { start: None } => one(el("ul", "").attr("dir", "auto")),
            Tag::List { start: Some(1) } => one(el("ol", "").attr("dir", "auto")),
            Tag::List { start: Some(start) } => one(el("ol", "").attr("dir", "auto").attr("start", &start.to_string())),
            Tag::Item => one(el("li", "").attr("dir", "auto")),
            Tag::CodeBlock { language } => code_block(self.cx, language),
            Tag::Table => {
                let table = el("table", "").attr("dir", "auto");
                // Wider than the message, it scrolls on its own; the keyboard has to get there too.
                let frame = div("tc-table").attr("tabindex", "0").attr("role", "region").attr("aria-label", self.cx.t.table);
                (frame.child(table.clone()), table)
            }
            Tag::TableHead => one(el("thead", "")),
            Tag::TableBody => one(el("tbody", "")),
            Tag::TableRow => one(el("tr", "")),
            Tag::TableCell { header, align } => one(cell(*header, *align)),
            Tag::Emphasis => one(el("em", "")),
            Tag::Strong => one(el("strong", "")),
            Tag::Strikethrough => one(el("del", "")),
            Tag::Code => one(el("code", "").attr("dir", "auto")),
            Tag::Link { to, title } => one(link(to.href(), title)),
            Tag::PendingLink => one(el("a", "")),
            Tag::Reference { .. } => one(el("span", "")),
            Tag::Bracket => one(el("span", "tc-bracket")),
        }
    }

    fn checkbox(&self, done: bool) -> Undo {
        if let Some(item) = self.inside().closest("li").ok().flatten() {
            item.set_class_name("tc-task");
        }
        let (class, words) = if done { ("tc-check tc-check--done", self.cx.t.done) } else { ("tc-check", self.cx.t.to_do) };
        let mark = el("span", class).attr("role", "img").attr("aria-label", words);
        self.append_el(&mark.maybe(done.then(|| icon(CHECK))))
    }

    fn loosen(&self) -> Undo {
        match self.open.iter().rev().find(|element| matches!(element.tag_name().as_str(), "UL" | "OL")) {
            Some(list) => {
                list.set_class_name("tc-loose");
                Undo::Tighten(list.clone())
            }
            None => Undo::Nothing,
        }
    }

    fn define(&mut self, label: &str, href: Option<&str>) -> Undo {
        self.definitions.push((label.to_owned(), href.unwrap_or_default().to_owned()));
        self.resolve(label);
        Undo::Nothing
    }

    /// Makes the references with this label links, if it is defined.
    fn resolve(&mut self, label: &str) {
        let Some((_, href)) = self.definitions.iter().find(|(defined, _)| defined == label) else { return };
        for reference in self.references.iter_mut().filter(|reference| reference.label == label && reference.element.tag_name() == "SPAN") {
            let made = link((!href.is_empty()).then_some(href.as_str()), "").attr("class", "tc-reference");
            while let Some(child) = reference.element.first_child() {
                let _ = made.node().append_child(&child);
            }
            let _ = reference.element.replace_with_with_node_1(made.node());
            for open in self.open.iter_mut().filter(|open| **open == reference.element) {
                *open = made.node().clone();
            }
            reference.element = made.node().clone();
        }
    }
}

fn remove(node: &Node) {
    if let Some(parent) = node.parent_node() {
        let _ = parent.remove_child(node);
    }
}

fn heading_class(level: u8) -> &'static str {
    match level {
        1 => "tc-h1",
        2 => "tc-h2",
        _ => "tc-h3",
    }
}

fn cell(header: bool, align: Align) -> El {
    let cell = if header { el("th", "").attr("scope", "col") } else { el("td", "") };
    let cell = cell.attr("dir", "auto");
    match align {
        Align::Center => cell.attr("data-align", "center"),
        Align::Right => cell.attr("data-align", "right"),
        Align::Left => cell.attr("data-align", "left"),
        Align::None => cell,
    }
}

/// A link that leads out of the page; plain text when the address may not be one.
fn link(href: Option<&str>, title: &str) -> El {
    let Some(href) = href else { return el("span", "") };
    let link = el("a", "").attr("href", href).attr("target", "_blank").attr("rel", "noopener noreferrer nofollow");
    if title.is_empty() { link } else { link.attr("title", title) }
}

/// A picture is not fetched unasked: whoever serves it would learn of the visitor, and an answer
/// could be made to carry words out in its address. The page's owner can trust origins.
fn image(cx: Cx, href: Option<&str>, alt: &str) -> El {
    let origin = href.and_then(|href| web_sys::Url::new(href).ok()).map(|url| url.origin());
    let trusted = origin.is_some_and(|origin| cx.s.options.with(|options| options.image_origins.contains(&origin)));
    match href {
        Some(href) if trusted => el("img", "tc-image")
            .attr("alt", alt)
            .attr("loading", "lazy")
            .attr("decoding", "async")
            .attr("referrerpolicy", "no-referrer")
            .attr("src", href),
        _ => image_link(cx, href, alt),
    }
}

fn image_link(cx: Cx, href: Option<&str>, alt: &str) -> El {
    let words = if alt.trim().is_empty() { cx.t.image } else { alt };
    link(href, "").attr("class", "tc-image-link").child(icon(IMAGE)).child(el("span", "").text(words))
}

fn code_block(cx: Cx, language: &str) -> (El, El) {
    let code = el("code", "");
    let label = if language.is_empty() { cx.t.code } else { language };
    let copy = copy_button(cx.t.copy_code);
    let head = div("tc-code-head").child(el("span", "").text(label)).child(copy);
    let pre = el("pre", "").attr("tabindex", "0").attr("role", "region").attr("aria-label", label).child(code.clone());
    (div("tc-code").attr("dir", "ltr").child(head).child(pre), code)
}
