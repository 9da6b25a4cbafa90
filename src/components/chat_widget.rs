//! The whole widget.

use super::dom::{div, effect, focus};
use super::launcher::launcher;
use super::leaf::Leaf;
use super::panel::panel;
use super::root::{Cx, root};
use crate::app::Mode;
use leptos::prelude::*;

/// Launcher and panel: the whole widget for a Leptos app.
///
/// In the modes without a bubble it is the panel alone.
#[component]
pub fn ChatWidget() -> impl IntoView {
    Leaf(|| root("tc-whole", widget))
}

fn widget(cx: Cx) -> super::dom::El {
    let bubble = cx.mode() == Mode::Bubble;
    let panel = panel(cx);
    let frame = div("tc-frame").child(panel);
    if !bubble {
        return frame;
    }
    let launcher = launcher(cx);
    let button = launcher.html();
    let mut was_open = cx.s.open.get_untracked();
    effect(move || {
        let open = cx.s.open.get();
        if was_open && !open {
            // Closing gives the focus back to where it came from.
            focus(&button);
        }
        was_open = open;
    });
    frame.child(launcher)
}
