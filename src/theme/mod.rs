//! How the widget looks: the stylesheet, and palettes made from one brand colour.
//!
//! The rules are in `style/`, one file per component, all below `.tc-root` so that they work in a
//! shadow root and in a page. Colours that depend on the brand colour are custom properties set on
//! the root element: no style sheet is written at run time, so no page policy can forbid it.

mod accent;

pub use accent::{Accent, DEFAULT_ACCENT};

/// The whole stylesheet.
///
/// The dark palette stands twice: for systems that ask for it, and for an explicit choice.
pub const STYLESHEET: &str = concat!(
    include_str!("../../style/tokens.css"),
    ".tc-root",
    include_str!("../../style/light.css"),
    "@media (prefers-color-scheme:dark){.tc-root:not([data-scheme=light])",
    include_str!("../../style/dark.css"),
    "}.tc-root[data-scheme=dark]",
    include_str!("../../style/dark.css"),
    include_str!("../../style/base.css"),
    include_str!("../../style/launcher.css"),
    include_str!("../../style/panel.css"),
    include_str!("../../style/twin_picker.css"),
    include_str!("../../style/conversation_list.css"),
    include_str!("../../style/message_list.css"),
    include_str!("../../style/markdown_view.css"),
    include_str!("../../style/composer.css"),
    include_str!("../../style/notice.css"),
);

#[cfg(test)]
mod tests;
