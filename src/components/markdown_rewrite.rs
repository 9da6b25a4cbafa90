//! Changes of what was drawn: only where something differs, and without losing the visitor's selection.

use super::dom::{document, el};
use js_sys::{Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Node, Text};

/// Whether a node stands between blocks rather than in a line.
fn is_block(node: &Node) -> bool {
    matches!(
        node.node_name().as_str(),
        "P" | "UL" | "OL" | "DIV" | "BLOCKQUOTE" | "HR" | "H1" | "H2" | "H3" | "H4" | "H5" | "H6" | "PRE" | "TABLE"
    )
}

/// Nodes that are taken off from both ends.
pub(crate) struct Nodes {
    all: Vec<Node>,
    first: usize,
}

impl Nodes {
    fn left(&self) -> &[Node] {
        &self.all[self.first..]
    }
}

/// The nodes of a block from its first, but not its checkbox, to this one, its last.
pub(crate) fn content_up_to(last: &Node) -> Nodes {
    let mut all = Vec::new();
    let mut next = Some(last.clone());
    while let Some(node) = next {
        if is_block(&node) || node.node_name() == "INPUT" {
            break;
        }
        next = node.previous_sibling();
        all.push(node);
    }
    all.reverse();
    Nodes { all, first: 0 }
}

/// Puts the children of `fresh` in the place of `old`, and gives the last of what stands there then. Nodes
/// that are alike at the beginning and the end stay, and so do the letters of text there.
pub(crate) fn replace_changed(mut old: Nodes, fresh: &Element) -> Option<Node> {
    let last = old.all.last()?;
    let (parent, end) = (last.parent_node()?, last.next_sibling());
    let mut new = Nodes { all: Vec::new(), first: 0 };
    each_child(fresh, |node| new.all.push(node.clone()));
    while let (Some(was), Some(now)) = (old.left().first().cloned(), new.left().first().cloned()) {
        if !same_beginning(&was, &now, &mut old, &mut new) {
            break;
        }
    }
    let mut after = end.clone();
    while let (Some(was), Some(now)) = (old.left().last().cloned(), new.left().last().cloned()) {
        let Some(kept) = same_end(&was, &now, &mut old, &mut new) else { break };
        after = Some(kept);
    }
    for node in old.left() {
        let _ = parent.remove_child(node);
    }
    for node in new.left() {
        let _ = parent.insert_before(node, after.as_ref());
    }
    end.map_or_else(|| parent.last_child(), |end| end.previous_sibling())
}

/// Takes what is alike off the beginning of both. False if not all of both was.
fn same_beginning(was: &Node, now: &Node, old: &mut Nodes, new: &mut Nodes) -> bool {
    let (Some(was_text), Some(now_text)) = (was.dyn_ref::<Text>(), now.dyn_ref::<Text>()) else {
        let same = was.is_equal_node(Some(now));
        if same {
            old.first += 1;
            new.first += 1;
        }
        return same;
    };
    let (one, two) = (was_text.data(), now_text.data());
    let same: u32 = one.chars().zip(two.chars()).take_while(|(one, two)| one == two).map(|(c, _)| c.len_utf16() as u32).sum();
    let (one, two) = (was_text.length(), now_text.length());
    if same > 0 {
        if same < one
            && let Ok(rest) = was_text.split_text(same)
        {
            old.all[old.first] = rest.into();
        } else {
            old.first += 1;
        }
        if same < two {
            let _ = now_text.delete_data(0, same);
        } else {
            new.first += 1;
        }
    }
    same > 0 && (same == one || same == two)
}

/// Takes what is alike off the end of both, and gives the node that stays.
fn same_end(was: &Node, now: &Node, old: &mut Nodes, new: &mut Nodes) -> Option<Node> {
    let (Some(was_text), Some(now_text)) = (was.dyn_ref::<Text>(), now.dyn_ref::<Text>()) else {
        if !was.is_equal_node(Some(now)) {
            return None;
        }
        old.all.pop();
        new.all.pop();
        return Some(was.clone());
    };
    let (one, two) = (was_text.data(), now_text.data());
    let alike = one.chars().rev().zip(two.chars().rev()).take_while(|(one, two)| one == two);
    let same: u32 = alike.map(|(c, _)| c.len_utf16() as u32).sum();
    if same == 0 {
        return None;
    }
    let (one, two) = (was_text.length(), now_text.length());
    let kept = if same < one {
        was_text.split_text(one - same).ok()?.into()
    } else {
        old.all.pop();
        was.clone()
    };
    if same < two {
        let _ = now_text.delete_data(two - same, same);
    } else {
        new.all.pop();
    }
    Some(kept)
}

/// Gives the text of a list's items paragraphs of its own: the list is loose.
pub(crate) fn wrap_paragraphs(list: &Element, selected: Option<&Selected>) {
    keep_selection(list, selected, || {
        each_item(list, &|item| {
            let mut paragraph: Option<Element> = None;
            each_child(item, |node| {
                if is_block(node) {
                    paragraph = None;
                    return;
                }
                let paragraph = paragraph.get_or_insert_with(|| {
                    let made = el("p", "").attr("dir", "auto").node().clone();
                    let _ = item.insert_before(&made, Some(node));
                    made
                });
                let _ = paragraph.append_child(node);
            });
        });
    });
}

/// Takes the paragraphs of a list's items away again.
pub(crate) fn unwrap_paragraphs(list: &Element, selected: Option<&Selected>) {
    keep_selection(list, selected, || {
        each_item(list, &|item| {
            each_child(item, |node| {
                if node.node_name() == "P" {
                    each_child(node, |inner| {
                        let _ = item.insert_before(inner, Some(node));
                    });
                    let _ = item.remove_child(node);
                }
            });
        });
    });
}

/// A long list has its items in parts.
fn each_item(list: &Node, visit: &dyn Fn(&Node)) {
    each_child(list, |child| if child.node_name() == "DIV" { each_child(child, visit) } else { visit(child) });
}

fn each_child(parent: &Node, mut visit: impl FnMut(&Node)) {
    let mut next = parent.first_child();
    while let Some(node) = next {
        next = node.next_sibling();
        visit(&node);
    }
}

/// Nodes that are moved fall out of the selection: puts it back to where it was.
fn keep_selection(around: &Element, selected: Option<&Selected>, change: impl FnOnce()) {
    let inside = |end: &JsValue| end.dyn_ref::<Node>().is_some_and(|node| around.contains(Some(node)));
    let held = selected.filter(|selected| inside(&selected.ends[0]) || inside(&selected.ends[2]));
    change();
    if let Some(Selected { selection, ends }) = held
        && let Ok(set) = get(selection, "setBaseAndExtent").dyn_into::<Function>()
    {
        let _ = set.apply(selection, &ends.iter().collect());
    }
}

/// Where the visitor's selection begins and ends.
pub(crate) struct Selected {
    selection: JsValue,
    /// Node and offset of both.
    ends: [JsValue; 4],
}

impl Selected {
    /// The selection of the document or shadow root that an element stands in.
    pub(crate) fn near(element: &Element) -> Self {
        let scopes = [element.get_root_node().into(), JsValue::from(document())];
        let getter = scopes.iter().find_map(|scope| Some((scope, get(scope, "getSelection").dyn_into::<Function>().ok()?)));
        let selection = getter.and_then(|(scope, getter)| getter.call0(scope).ok()).unwrap_or_default();
        let ends = ["anchorNode", "anchorOffset", "focusNode", "focusOffset"].map(|name| get(&selection, name));
        Self { selection, ends }
    }
}

fn get(of: &JsValue, name: &str) -> JsValue {
    Reflect::get(of, &JsValue::from_str(name)).unwrap_or_default()
}
