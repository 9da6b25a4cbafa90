//! Icons: strokes on a 20 by 20 grid, made as elements (never as markup).

use super::dom::{El, document};

/// An icon: the `d` of its one path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Icon(&'static str);

pub(crate) const BACK: Icon = Icon("M12.5 4.5 7 10l5.5 5.5");
pub(crate) const FORWARD: Icon = Icon("M7.5 4.5 13 10l-5.5 5.5");
pub(crate) const DOWN: Icon = Icon("M5 7.5l5 5 5-5");
pub(crate) const ARROW_DOWN: Icon = Icon("M10 4v12M5 11l5 5 5-5");
pub(crate) const CLOSE: Icon = Icon("M5 5l10 10M15 5 5 15");
pub(crate) const MORE: Icon = Icon("M4.5 10h.01M10 10h.01M15.5 10h.01");
pub(crate) const COMPOSE: Icon = Icon(
    "M9.5 4H6a2.5 2.5 0 0 0-2.5 2.5V14A2.5 2.5 0 0 0 6 16.5h7.5a2.5 2.5 0 0 0 2.5-2.5v-3.5M8 12l.4-2.4 6.2-6.2a1.42 1.42 0 0 1 2 2l-6.2 6.2Z",
);
pub(crate) const SEARCH: Icon = Icon("M13 13l3.5 3.5M8.75 14.5a5.75 5.75 0 1 0 0-11.5 5.75 5.75 0 0 0 0 11.5Z");
pub(crate) const SEND: Icon = Icon("M10 16V4.5M5 9.5l5-5 5 5");
pub(crate) const STOP: Icon = Icon("M6 6h8v8H6Z");
pub(crate) const COPY: Icon = Icon(
    "M7.5 7.5v-2a2 2 0 0 1 2-2h5a2 2 0 0 1 2 2v5a2 2 0 0 1-2 2h-2M5.5 7.5h5a2 2 0 0 1 2 2v5a2 2 0 0 1-2 2h-5a2 2 0 0 1-2-2v-5a2 2 0 0 1 2-2Z",
);
pub(crate) const ATTACH: Icon =
    Icon("M15.8 9.3l-6 6a3.5 3.5 0 0 1-5-5l6.4-6.4a2.4 2.4 0 0 1 3.4 3.4l-6.4 6.4a1.2 1.2 0 0 1-1.7-1.7l5.6-5.6");
pub(crate) const FILE: Icon = Icon("M11.5 3H6.5A1.5 1.5 0 0 0 5 4.5v11A1.5 1.5 0 0 0 6.5 17h7a1.5 1.5 0 0 0 1.5-1.5v-9ZM11.5 3v3.5H15");
pub(crate) const REPLY: Icon = Icon("M8 5 3.5 9.5 8 14M3.5 9.5h7a6 6 0 0 1 6 6");
pub(crate) const PEOPLE: Icon = Icon(
    "M7.5 9.5a2.75 2.75 0 1 0 0-5.5 2.75 2.75 0 0 0 0 5.5ZM2.5 16v-.8a3.7 3.7 0 0 1 3.7-3.7h2.6a3.7 3.7 0 0 1 3.7 3.7v.8M12.8 4.3a2.7 2.7 0 0 1 0 5M14.6 11.8a3.6 3.6 0 0 1 2.9 3.5v.7",
);
pub(crate) const CHECK: Icon = Icon("M4 10.5l4 4 8-9");
pub(crate) const UP: Icon = Icon(
    "M6.5 8.7v7.3H4.3a.8.8 0 0 1-.8-.8V9.5a.8.8 0 0 1 .8-.8Zm0 0 3-5.5c1.2 0 2 .9 2 2.1V8h3.6a1.5 1.5 0 0 1 1.48 1.74l-.8 4.9A1.62 1.62 0 0 1 14.2 16H6.5",
);
pub(crate) const THUMB_DOWN: Icon = Icon(
    "M13.5 11.3V4h2.2a.8.8 0 0 1 .8.8v5.7a.8.8 0 0 1-.8.8Zm0 0-3 5.5c-1.2 0-2-.9-2-2.1V12H4.9a1.5 1.5 0 0 1-1.48-1.74l.8-4.9A1.62 1.62 0 0 1 5.8 4h7.7",
);
pub(crate) const WARNING: Icon =
    Icon("M10 7.5v3.3M10 13.7v.01M8.7 3.8 2.6 14.4a1.5 1.5 0 0 0 1.3 2.25h12.2a1.5 1.5 0 0 0 1.3-2.25L11.3 3.8a1.5 1.5 0 0 0-2.6 0Z");
pub(crate) const OFFLINE: Icon = Icon(
    "M3 3l14 14M5.8 11.2a6 6 0 0 1 2.5-1.5M2.7 8.2a10.5 10.5 0 0 1 3.2-2.1M9.2 5.3a10.5 10.5 0 0 1 8.1 2.9M12 9.9a6 6 0 0 1 2.2 1.3M10 15h.01",
);
pub(crate) const CHAT: Icon =
    Icon("M10 3.5c4 0 7 2.7 7 6.2s-3 6.2-7 6.2c-.9 0-1.7-.1-2.5-.4L4 16.7l.8-3A5.8 5.8 0 0 1 3 9.7c0-3.5 3-6.2 7-6.2Z");
pub(crate) const EDIT: Icon = Icon("M4 16l.7-3.5L13 4.2a1.6 1.6 0 0 1 2.3 0l.5.5a1.6 1.6 0 0 1 0 2.3l-8.3 8.3Z");
pub(crate) const TRASH: Icon = Icon(
    "M4 6h12M8 6V4.5a1 1 0 0 1 1-1h2a1 1 0 0 1 1 1V6M5.5 6l.6 9a1.5 1.5 0 0 0 1.5 1.5h4.8a1.5 1.5 0 0 0 1.5-1.5l.6-9M8.5 9.5v4M11.5 9.5v4",
);
pub(crate) const IMAGE: Icon = Icon(
    "M5 3.5h10A1.5 1.5 0 0 1 16.5 5v10a1.5 1.5 0 0 1-1.5 1.5H5A1.5 1.5 0 0 1 3.5 15V5A1.5 1.5 0 0 1 5 3.5ZM4 14l3.5-3.5 2.5 2.5 3-3 3.5 3.5M7.3 7.3h.01",
);

const SVG: &str = "http://www.w3.org/2000/svg";

/// Draws an icon; it is decoration, so whatever it stands in needs a name of its own.
pub(crate) fn icon(icon: Icon) -> El {
    let document = document();
    let make = |tag| document.create_element_ns(Some(SVG), tag).expect("tag names are literals");
    let fill = if icon.0 == STOP.0 { "currentColor" } else { "none" };
    let width = if icon.0 == MORE.0 { "2.4" } else { "1.6" };
    let svg = El::wrap(make("svg"));
    // What points along the line points the other way where lines begin at the right.
    let points = [BACK, FORWARD, REPLY].iter().any(|other| other.0 == icon.0);
    let svg = if points { svg.attr("class", "tc-points") } else { svg };
    svg.attr("viewBox", "0 0 20 20")
        .attr("width", "20")
        .attr("height", "20")
        .attr("fill", fill)
        .attr("stroke", "currentColor")
        .attr("stroke-width", width)
        .attr("stroke-linecap", "round")
        .attr("stroke-linejoin", "round")
        .attr("aria-hidden", "true")
        .attr("focusable", "false")
        .child(El::wrap(make("path")).attr("d", icon.0))
}
