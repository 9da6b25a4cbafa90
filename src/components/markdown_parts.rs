//! Documents, lists and tables of many children are put together in parts: what a browser does at each change, it does
//! per child. To whoever reads or hears them they stay one document, list or table.

use super::dom::div;
use super::root::set_style;
use crate::markdown::Tag;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

/// So many blocks, items or rows are a part.
const PART: u32 = 64;
const CLASS: &str = "tc-part";
/// What a table's elements are to assistive technology, which may not tell once they are laid out otherwise.
const ROLES: [(&str, &str); 4] = [("thead,tbody", "rowgroup"), ("tr", "row"), ("th", "columnheader"), ("td", "cell")];

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

/// The columns of a long table. Its head and its bodies are laid out each for itself, so their widths are given.
#[derive(Default)]
pub(crate) struct Columns(Vec<String>);

impl Columns {
    /// An element was put into another one.
    pub(crate) fn mind(&mut self, tag: &Tag, element: &Element, place: &Element) {
        let role = match tag {
            Tag::Item if place.class_name() == CLASS => "listitem",
            Tag::Table => {
                self.0.clear();
                return;
            }
            Tag::TableRow if !self.0.is_empty() => "row",
            Tag::TableCell { .. } if !self.0.is_empty() => {
                if place.previous_element_sibling().is_none()
                    && let Some(width) = self.0.get(place.child_element_count() as usize - 1)
                {
                    set_style(element.unchecked_ref(), "width", width);
                }
                "cell"
            }
            _ => return,
        };
        let _ = element.set_attribute("role", role);
    }

    /// A further body where this one is full.
    pub(crate) fn next_body(&mut self, full: &Element) -> Option<Element> {
        if full.tag_name() != "TBODY" || full.child_element_count() < PART {
            return None;
        }
        if self.0.is_empty() {
            self.hold(&full.parent_element()?);
        }
        let next = super::dom::el("tbody", "");
        let next = if self.0.is_empty() { next } else { next.attr("role", "rowgroup") };
        let _ = full.after_with_node_1(next.node());
        Some(next.node().clone())
    }

    /// Has the columns stay as wide as they are, if the table is on the screen.
    fn hold(&mut self, table: &Element) {
        let all = |selector: &str| -> Vec<HtmlElement> {
            let found = table.query_selector_all(selector).ok();
            found
                .into_iter()
                .flat_map(|found| (0..found.length()).filter_map(move |at| found.item(at)).map(JsCast::unchecked_into))
                .collect()
        };
        let widths: Vec<f64> = all("th").iter().map(|cell| cell.get_bounding_client_rect().width()).collect();
        let whole: f64 = widths.iter().sum();
        if whole < 1.0 {
            return;
        }
        // To the least that browsers know, lest a word that just fits is broken.
        let exactly = |width: f64| ["calc(", &((width * 64.0).round() as i32).to_string(), "px/64)"].concat();
        self.0 = widths.into_iter().map(exactly).collect();
        table.set_class_name("tc-long");
        let _ = table.set_attribute("role", "table");
        set_style(table.unchecked_ref(), "min-width", &exactly(whole));
        for (cell, width) in all("tr:first-child>*").iter().zip(self.0.iter().cycle()) {
            set_style(cell, "width", width);
        }
        for (selector, role) in ROLES {
            for element in all(selector) {
                let _ = element.set_attribute("role", role);
            }
        }
    }
}
