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
    let Some(head) = table.query_selector("tr").ok().flatten() else { return };
    let cells = head.children();
    // Asking how wide it is has the browser lay it out: once.
    if !table.class_name().is_empty() || cells.length() > MOST_COLUMNS {
        return;
    }
    let width = |of: &Element| (of.get_bounding_client_rect().width() * 64.0) as u32;
    let whole = width(table);
    if whole == 0 {
        return;
    }
    // To the least that browsers know, lest a word that just fits is broken.
    let set = |name: &str, width: u32| set_style(table.unchecked_ref(), name, &["calc(", &width.to_string(), "px/64)"].concat());
    let mut widths = [0; MOST_COLUMNS as usize];
    for (at, kept) in (0..cells.length()).zip(&mut widths) {
        *kept = cells.item(at).map_or(0, |cell| width(&cell));
    }
    set("min-width", whole);
    for (at, width) in (1..=cells.length()).zip(widths) {
        set(&["--_", &at.to_string()].concat(), width);
    }
    table.set_class_name("tc-long");
}
