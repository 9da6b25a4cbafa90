//! A button that opens a menu: arrow keys move, Escape gives the focus back, a press elsewhere closes.

use super::dom::{El, button, div, el, focus, listen};
use super::icon::{CHECK, Icon, icon};
use super::parts::icon_button;
use super::rare;
use super::root::{Cx, focused, pixels, set_style};
use crate::app::BoxSignal;
use leptos::prelude::*;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, KeyboardEvent, Node};

/// What stays free between a menu and the edge of its panel, in pixels.
const EDGE: f64 = 8.0;

/// A menu's state, handed to what fills it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Menu(BoxSignal<bool>);

impl Menu {
    /// An entry that does something and closes the menu.
    pub(crate) fn item(self, shape: Icon, label: &str, press: impl Fn() + 'static) -> El {
        self.entry("menuitem", label, press).child(icon(shape))
    }

    /// One of several choices; the chosen one has a check mark.
    pub(crate) fn choice(self, label: &str, chosen: bool, press: impl Fn() + 'static) -> El {
        let entry = self.entry("menuitemradio", label, press).attr("aria-checked", if chosen { "true" } else { "false" });
        entry.maybe(chosen.then(|| icon(CHECK)))
    }

    fn entry(self, role: &str, label: &str, press: impl Fn() + 'static) -> El {
        let entry = button("tc-menu-item").attr("role", role).attr("tabindex", "-1").child(el("span", "").text(label));
        entry.click(move || {
            self.0.set(false);
            press();
        })
    }
}

/// A heading over some of a menu's choices, which it names.
pub(crate) fn menu_group(title: &str, choices: impl IntoIterator<Item = El>) -> El {
    let heading = div("tc-menu-title").attr("aria-hidden", "true").text(title);
    div("").attr("role", "group").attr("aria-label", title).child(heading).children(choices)
}

/// The button and, while it is open, the menu that `fill` makes.
pub(crate) fn menu_button(cx: Cx, shape: Icon, label: &str, fill: impl Fn(Menu) -> Vec<El> + 'static) -> El {
    let open = BoxSignal::new(false);
    let toggle = icon_button(shape, label, move || open.update(|open| *open = !*open))
        .attr("aria-haspopup", "menu")
        .attr_fn("aria-expanded", move || Some(open.get().to_string()));
    let anchor = div("tc-menu-anchor");
    let place: Node = anchor.node().clone().into();
    let name: Rc<str> = label.into();
    let back_to = toggle.html();
    rare::when(
        cx,
        anchor.child(toggle),
        move || open.get(),
        move || {
            let menu = div("tc-menu").attr("role", "menu").attr("aria-label", &name).attr("part", "menu").children(fill(Menu(open)));
            close_when_left(&place, open);
            let inside = menu.node().clone();
            let button = back_to.clone();
            let menu = menu.on("keydown", move |event| keys(&event, &inside, &button, open));
            settle(menu.node().clone());
            menu
        },
    )
}

fn items(menu: &Element) -> Vec<HtmlElement> {
    let found = menu.query_selector_all(".tc-menu-item");
    let shown = |item: &HtmlElement| item.offset_parent().is_some();
    found
        .map(|list| (0..list.length()).filter_map(|at| list.item(at)).map(JsCast::unchecked_into).filter(shown).collect())
        .unwrap_or_default()
}

/// Once the menu stands in the page: where there is room for it, and the focus into it.
fn settle(menu: Element) {
    leptos::task::spawn_local(async move {
        if let Ok(Some(frame)) = menu.closest(".tc-scroll,.tc-panel") {
            let (menu_box, frame_box) = (menu.get_bounding_client_rect(), frame.get_bounding_client_rect());
            let (above, below) = (menu_box.top() - frame_box.top(), frame_box.bottom() - menu_box.top() - EDGE);
            if menu_box.height() > below && above > below {
                let _ = menu.class_list().add_1("tc-menu--up");
            } else if menu_box.height() > below {
                set_style(menu.unchecked_ref(), "max-height", &pixels(below));
            }
        }
        if let Some(first) = items(&menu).first() {
            focus(first);
        }
    });
}

fn keys(event: &Event, menu: &Element, button: &HtmlElement, open: BoxSignal<bool>) {
    let key = event.unchecked_ref::<KeyboardEvent>().key();
    let items = items(menu);
    let at = focused(menu).and_then(|focus| items.iter().position(|item| **item == focus)).unwrap_or_default();
    let count = items.len().max(1);
    let to = match key.as_str() {
        "ArrowDown" => (at + 1) % count,
        "ArrowUp" => (at + count - 1) % count,
        "Home" => 0,
        "End" => count - 1,
        "Escape" => {
            event.prevent_default();
            event.stop_propagation();
            open.set(false);
            focus(button);
            return;
        }
        "Tab" => return open.set(false),
        _ => return,
    };
    event.prevent_default();
    if let Some(item) = items.get(to) {
        focus(item);
    }
}

/// Closes the menu at a press anywhere outside of it, the host page included.
fn close_when_left(place: &Node, open: BoxSignal<bool>) {
    let place = place.clone();
    listen(&window(), "pointerdown", move |event| {
        let target = event.composed_path().get(0).dyn_into::<Node>().ok();
        let inside = target.is_some_and(|target| place.contains(Some(&target)));
        if !inside {
            open.set(false);
        }
    });
}
