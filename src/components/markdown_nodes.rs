//! Steps of a markdown document, taken on real nodes: elements and text, never markup.
//!
//! What stands in the document are the elements of CommonMark's HTML. On purpose different: frames around
//! tables and code, no `href` and no picture that is not allowed, `dir`, and classes.

use super::dom::{El, document, el};
use super::markdown_elements::{Look, checkbox, describe_link, holder, made, picture};
use super::markdown_parts::{Begun, next_body};
use super::markdown_rewrite::{Selected, content_up_to, replace_changed, unwrap_paragraphs, wrap_paragraphs};
use super::markdown_runs::{LONG_TEXT, Runs};
use super::root::Cx;
use crate::markdown::{Op, Tag};
use wasm_bindgen::JsCast;
use web_sys::{Element, Node, Text};

/// How to take a step back.
enum Undo {
    /// Remove what was added; nothing was opened.
    Remove(Node),
    /// Remove the last that was to be decoded.
    Undecode(Node),
    /// Take text away until this length is left.
    Shorten(Text, u32),
    /// Remove the element that was opened, if it is one, and go back to where it was opened.
    Leave(Option<Node>),
    /// Go back into the element that was closed.
    Enter(Open),
    /// The list was not loose before.
    Tighten(Element),
    /// Nothing waits.
    Forget,
    /// Nothing to take back.
    Nothing,
}

/// What kind of element is open, where that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    List {
        loose: bool,
    },
    /// A paragraph or code.
    Text(Runs),
    Link,
    Other,
}

#[derive(Debug, Clone)]
struct Open {
    element: Element,
    kind: Kind,
}

/// A document under construction.
pub(crate) struct Builder {
    cx: Cx,
    look: Look,
    /// The elements that are open, the root first.
    open: Vec<Open>,
    /// One for each step that can still be taken back.
    undo: Vec<Undo>,
    /// Per block that may be rewritten: the last node in it.
    blocks: Vec<Option<Node>>,
    /// Text that is the name of a character until it is decoded; no other text goes into these nodes.
    entities: Vec<Text>,
    /// How many of them were handed out.
    decoded: usize,
    /// One of each sort of element, to be copied: that is one call of the browser where making one is up to thirty.
    patterns: Vec<(Tag, Element)>,
    /// What the visitor has selected, where that was looked at.
    selected: Option<Selected>,
    /// The last code block in a language, and the code that has grown since it was last handed out.
    code: Option<Element>,
    grown: Vec<Element>,
    /// What is long and was begun since [`Builder::keep`].
    begun: Begun,
}

impl Builder {
    pub(crate) fn new(cx: Cx, look: Look, root: Element) -> Self {
        Self {
            cx,
            look,
            open: vec![Open { element: root, kind: Kind::Other }],
            undo: Vec::new(),
            blocks: Vec::new(),
            entities: Vec::new(),
            decoded: 0,
            patterns: Vec::new(),
            selected: None,
            code: None,
            grown: Vec::new(),
            begun: Begun::default(),
        }
    }

    /// Takes a step. Every step can be taken back until [`Builder::keep`].
    pub(crate) fn apply(&mut self, op: &Op) {
        let undo = match op {
            Op::Open(tag) => self.enter(tag),
            Op::Close => self.leave(),
            Op::Text(text) => self.text(text),
            Op::Entity(name) => {
                let node = document().create_text_node(name);
                self.entities.push(node.clone());
                let _ = self.inside().append_child(&node);
                Undo::Undecode(node.into())
            }
            Op::Break => self.append_el(&el("br", "")),
            Op::Rule => self.append_el(&el("hr", "")),
            Op::Checkbox(done) => {
                if let Some(item) = self.inside().closest("li").ok().flatten() {
                    item.set_class_name("tc-task");
                }
                self.append_el(&checkbox(self.cx, *done))
            }
            Op::Image { source, alt, title } => {
                let in_link = self.open.iter().any(|open| open.kind == Kind::Link);
                self.append_el(&picture(self.cx, self.look, source, (alt, title), in_link))
            }
            Op::Loose => self.loosen(),
            Op::Waiting(_) => {
                self.blocks.push(self.inside().last_child());
                Undo::Forget
            }
            Op::Rewrite { block, steps } => self.rewrite(*block, steps),
        };
        self.undo.push(undo);
    }

    /// Takes back the last steps, until only so many are left that can be taken back.
    pub(crate) fn take_back_to(&mut self, steps: usize) {
        while self.undo.len() > steps {
            match self.undo.pop() {
                Some(Undo::Remove(node)) => self.remove(&node),
                Some(Undo::Undecode(node)) => {
                    self.remove(&node);
                    self.entities.pop();
                    self.decoded = self.decoded.min(self.entities.len());
                }
                Some(Undo::Shorten(text, length)) => {
                    let _ = text.delete_data(length, text.length() - length);
                }
                Some(Undo::Leave(element)) => {
                    self.open.pop();
                    if let Some(node) = element {
                        self.remove(&node);
                    }
                }
                Some(Undo::Enter(open)) => self.open.push(open),
                Some(Undo::Tighten(list)) => {
                    unwrap_paragraphs(&list, self.selected.as_ref());
                    self.set_loose(false);
                }
                Some(Undo::Forget) => {
                    self.blocks.pop();
                }
                Some(Undo::Nothing) | None => {}
            }
        }
    }

    /// To be called before steps that take nodes out of a selection. Not in the midst of them: asking for it has the
    /// browser lay out all that was changed so far.
    pub(crate) fn look_at_selection(&mut self) {
        self.selected = self.open.first().map(|root| Selected::near(&root.element));
    }

    /// The first so many of the steps that could be taken back no longer can.
    pub(crate) fn keep(&mut self, steps: usize) {
        self.selected = None;
        self.begun.leave_far();
        self.undo.drain(..steps.min(self.undo.len()));
    }

    /// The last step that could be taken back was text and is these texts now, which begin with it: nothing
    /// of it is drawn anew. False if that cannot be.
    pub(crate) fn grow(&mut self, was: &str, now: &[&str]) -> bool {
        let node = match self.undo.last() {
            Some(Undo::Remove(node)) => node.dyn_ref::<Text>().cloned(),
            Some(Undo::Shorten(text, _)) => Some(text.clone()),
            _ => None,
        };
        let Some(node) = node else { return false };
        // Where each of the texts begins in the node. The lengths are as if they had been drawn one by one.
        let mut begin = node.length() - utf16(was);
        let mut undo = Vec::new();
        for (index, text) in now.iter().enumerate() {
            if index > 0 {
                if begin >= LONG_TEXT {
                    return false;
                }
                undo.push(Undo::Shorten(node.clone(), begin));
            }
            begin += utf16(text);
        }
        self.note_code();
        let added = now.concat();
        let _ = node.append_data(&added[was.len()..]);
        self.undo.extend(undo);
        true
    }

    /// Text that is to be decoded, as far as it is new.
    pub(crate) fn new_entities(&mut self) -> Vec<Text> {
        let new = self.entities[self.decoded..].to_vec();
        self.decoded = self.entities.len();
        new
    }

    /// Code in a language that has come or grown since this was asked before.
    pub(crate) fn new_code(&mut self) -> Vec<Element> {
        std::mem::take(&mut self.grown)
    }

    /// Text was added to what is open.
    fn note_code(&mut self) {
        if let Some(code) = &self.code
            && self.grown.last() != Some(code)
            && self.inside() == code
        {
            self.grown.push(code.clone());
        }
    }

    fn inside(&self) -> &Element {
        &self.open.last().expect("the root is never closed").element
    }

    fn append(&self, node: Node) -> Undo {
        let _ = self.part().append_child(&node);
        Undo::Remove(node)
    }

    /// Where the next node goes: the innermost element, or the last part of one that has many children.
    fn part(&self) -> Element {
        let inside = self.inside();
        match self.open.last().map(|open| open.kind) {
            Some(Kind::Text(runs)) => runs.last(inside).unwrap_or_else(|| inside.clone()),
            Some(Kind::List { .. }) => self.begun.part_of_list(inside),
            _ if self.open.len() == 1 => self.begun.part_of_document(inside),
            _ => inside.clone(),
        }
    }

    /// Removes a node, and the part that it was alone in.
    fn remove(&mut self, node: &Node) {
        let Some(parent) = node.parent_element() else { return };
        let _ = parent.remove_child(node);
        if parent.has_child_nodes() {
            return;
        }
        if matches!(&parent.class_name()[..], "tc-part" | "tc-run") {
            parent.remove();
        } else if let Some(before) = parent.previous_element_sibling().filter(|before| before.tag_name() == "TBODY") {
            parent.remove();
            if let Some(open) = self.open.last_mut() {
                open.element = before;
            }
        }
    }

    fn append_el(&self, element: &El) -> Undo {
        self.append(element.node().clone().into())
    }

    /// Text goes on in the text before it, so that a selection there stays and nodes stay few.
    fn text(&mut self, text: &str) -> Undo {
        self.note_code();
        // What was only just opened holds no text.
        let fresh = matches!(self.undo.last(), Some(Undo::Leave(Some(_))));
        let last = if fresh { None } else { self.part().last_child() };
        let longest = if let Some(Open { kind: Kind::Text(runs), .. }) = self.open.last() { runs.longest_text() } else { LONG_TEXT };
        let mut full = false;
        if let Some(last) = last.and_then(|last| last.dyn_into::<Text>().ok()) {
            let length = last.length();
            if length < longest && self.entities.last() != Some(&last) {
                let _ = last.append_data(text);
                return Undo::Shorten(last, length);
            }
            full = true;
        }
        if let Some(Open { element, kind: Kind::Text(runs) }) = self.open.last_mut() {
            runs.count(element, text, full);
        }
        self.append(document().create_text_node(text).into())
    }

    /// Opens an element. What stands in the document may be a frame around it, or nothing.
    fn enter(&mut self, tag: &Tag) -> Undo {
        if *tag == Tag::Paragraph && self.in_tight_item() {
            // As in HTML: the item itself is the paragraph.
            self.open.push(Open { element: self.inside().clone(), kind: Kind::Other });
            return Undo::Leave(None);
        }
        if *tag == Tag::TableRow
            && let Some(open) = self.open.last_mut()
            && let Some(next) = next_body(&open.element)
        {
            open.element = next;
        }
        let frame = self.make(tag);
        let element = holder(tag, &frame);
        let _ = self.part().append_child(&frame);
        if matches!(tag, Tag::CodeBlock { language } if !language.is_empty()) {
            self.code = Some(element.clone());
        }
        let kind = match tag {
            Tag::List { .. } => Kind::List { loose: false },
            Tag::Link { .. } => Kind::Link,
            Tag::Paragraph => Kind::Text(Runs::default()),
            Tag::CodeBlock { .. } => Kind::Text(Runs::of(true)),
            _ => Kind::Other,
        };
        self.open.push(Open { element, kind });
        Undo::Leave(Some(frame.into()))
    }

    fn make(&mut self, tag: &Tag) -> Element {
        if matches!(tag, Tag::Link { .. }) {
            return made(self.cx, self.look, tag).node().clone();
        }
        let known = self.patterns.iter().position(|(of, _)| of == tag).unwrap_or_else(|| {
            self.patterns.push((tag.clone(), made(self.cx, self.look, tag).node().clone()));
            self.patterns.len() - 1
        });
        let copy = self.patterns[known].1.clone_node_with_deep(true);
        copy.expect("a pattern is an element and no document").unchecked_into()
    }

    fn leave(&mut self) -> Undo {
        if self.open.len() == 1 {
            return Undo::Nothing;
        }
        let Some(open) = self.open.pop() else { return Undo::Nothing };
        if open.kind == Kind::Link {
            describe_link(&open.element);
        }
        Undo::Enter(open)
    }

    fn in_tight_item(&self) -> bool {
        matches!(self.open.as_slice(), [.., Open { kind: Kind::List { loose: false }, .. }, _])
    }

    fn loosen(&mut self) -> Undo {
        match self.set_loose(true) {
            Some(list) => {
                wrap_paragraphs(&list, self.selected.as_ref());
                Undo::Tighten(list)
            }
            None => Undo::Nothing,
        }
    }

    /// Makes the innermost list loose or tight.
    fn set_loose(&mut self, loose: bool) -> Option<Element> {
        let list = self.open.iter_mut().rev().find(|open| matches!(open.kind, Kind::List { .. }))?;
        list.kind = Kind::List { loose };
        list.element.set_class_name(if loose { "tc-loose" } else { "" });
        Some(list.element.clone())
    }

    /// Draws a block's content anew, and changes in the document only what differs.
    fn rewrite(&mut self, block: usize, steps: &[Op]) -> Undo {
        let Some(Some(last)) = self.blocks.get(block) else { return Undo::Nothing };
        let old = content_up_to(last);
        let holder = el("p", "");
        let mut draft = Self::new(self.cx, self.look, holder.node().clone());
        draft.open.push(Open { element: holder.node().clone(), kind: Kind::Text(Runs::default()) });
        draft.patterns = std::mem::take(&mut self.patterns);
        for step in steps {
            draft.apply(step);
        }
        self.patterns = draft.patterns;
        self.entities.append(&mut draft.entities);
        self.blocks[block] = replace_changed(old, holder.node());
        Undo::Nothing
    }
}

fn utf16(text: &str) -> u32 {
    text.chars().map(|c| c.len_utf16() as u32).sum()
}
