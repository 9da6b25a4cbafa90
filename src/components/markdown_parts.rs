//! Documents, lists and tables of many children are put together in parts: what a browser does at each change, it does
//! per child. To whoever reads or hears them they stay one document, list or table.

use super::dom::{El, div, el};
use super::root::set_style;
use std::cell::RefCell;
use wasm_bindgen::JsCast;
use web_sys::Element;

/// So many items or rows are a part.
const PART: u32 = 64;
/// So many blocks of a document stand before its first part, and so many are a part.
const FIRST_BLOCKS: u32 = 16;
const BLOCKS: u32 = 8;
/// So many letters at the end are more than browsers draw ahead of the screen.
const NEAR_END: usize = 3000;
const CLASS: &str = "tc-part";
/// For so many the style has rules.
const MOST_COLUMNS: u32 = 9;

/// The parts that were begun in one step of drawing, in their order.
#[derive(Debug, Default)]
pub(crate) struct Begun(RefCell<Vec<Element>>);

impl Begun {
    /// Where the next item of a list goes: into it, or into its last part.
    pub(crate) fn part_of_list(&self, list: &Element) -> Element {
        if list.child_element_count() < PART {
            return list.clone();
        }
        last_part(list, PART).unwrap_or_else(|| {
            let _ = list.set_attribute("role", "list");
            self.begin(list, &div(CLASS).attr("role", "none"))
        })
    }

    /// Where the next block of a document goes, likewise.
    pub(crate) fn part_of_document(&self, document: &Element) -> Element {
        if document.child_element_count() < FIRST_BLOCKS {
            return document.clone();
        }
        last_part(document, BLOCKS).unwrap_or_else(|| self.begin(document, &div(CLASS)))
    }

    fn begin(&self, whole: &Element, part: &El) -> Element {
        let part = part.node().clone();
        let _ = whole.append_child(&part);
        self.0.borrow_mut().push(part.clone());
        part
    }

    /// The step is over. Those that are far from the end already are drawn when they get near the screen; until then they are as high
    /// as so much text mostly is.
    pub(crate) fn leave_far(&self) {
        let mut below = 0;
        for part in self.0.take().into_iter().rev() {
            let letters = part.text_content().unwrap_or_default().chars().count();
            if below > NEAR_END && part.next_element_sibling().is_some() {
                set_style(part.unchecked_ref(), "contain-intrinsic-height", &["auto ", &letters.to_string(), "px"].concat());
            }
            below += letters;
        }
    }
}

fn last_part(whole: &Element, full: u32) -> Option<Element> {
    whole.last_element_child().filter(|last| last.class_name() == CLASS && last.child_element_count() < full)
}

/// A further body for a table whose last one, this, is full. (Browsers draw all bodies, near the screen or not.)
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
