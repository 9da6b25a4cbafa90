//! Documents, lists and tables of many children are put together in parts: what a browser does at each change, it does
//! per child. To whoever reads or hears them they stay one document, list or table.

use super::dom::{div, el};
use super::root::set_style;
use wasm_bindgen::JsCast;
use web_sys::Element;

/// So many blocks, items or rows are a part.
const PART: u32 = 64;
const CLASS: &str = "tc-part";
/// For so many the style has rules.
const MOST_COLUMNS: u32 = 9;

/// Where the next block of a document or item of a list goes: into it, or into its last part.
pub(crate) fn part_of(whole: &Element) -> Element {
    if whole.child_element_count() < PART {
        return whole.clone();
    }
    let last = whole.last_element_child().filter(|last| last.class_name() == CLASS && last.child_element_count() < PART);
    last.unwrap_or_else(|| {
        let part = div(CLASS);
        let _ = whole.append_child(part.node());
        if whole.tag_name() == "DIV" {
            return part.node().clone();
        }
        let _ = whole.set_attribute("role", "list");
        part.attr("role", "none").node().clone()
    })
}

/// A further body for a table whose last one, this, is full.
pub(crate) fn next_body(full: &Element) -> Option<Element> {
    if full.tag_name() != "TBODY" || full.child_element_count() < PART {
        return None;
    }
    hold_columns(&full.parent_element()?);
    let next = el("tbody", "").attr("role", "rowgroup").node().clone();
    let _ = full.after_with_node_1(&next);
    Some(next)
}

/// The head and the bodies of a long table are laid out each for itself: has the columns stay as wide as they are, if the
/// table is on the screen.
fn hold_columns(table: &Element) {
    let width = |of: &Element| (of.get_bounding_client_rect().width() * 64.0) as u32;
    // To the least that browsers know, lest a word that just fits is broken.
    let set = |name: &str, width: u32| set_style(table.unchecked_ref(), name, &["calc(", &width.to_string(), "px/64)"].concat());
    let Some(head) = table.query_selector("tr").ok().flatten() else { return };
    let (cells, whole) = (head.children(), width(table));
    if whole == 0 || cells.length() > MOST_COLUMNS || !table.class_name().is_empty() {
        return;
    }
    set("min-width", whole);
    for at in 1..=cells.length() {
        if let Some(cell) = cells.item(at - 1) {
            set(&["--_", &at.to_string()].concat(), width(&cell));
        }
    }
    table.set_class_name("tc-long");
}
