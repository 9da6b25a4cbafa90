//! The components in a real browser: `wasm-bindgen-test` in headless Chromium.
#![cfg(target_arch = "wasm32")]

#[path = "web/announcements.rs"]
mod announcements;
#[path = "web/capabilities.rs"]
mod capabilities;
#[path = "web/composer.rs"]
mod composer;
#[path = "web/input_methods.rs"]
mod input_methods;
#[cfg(feature = "arabic")]
#[path = "web/languages.rs"]
mod languages;
#[path = "web/lists.rs"]
mod lists;
#[path = "web/markdown.rs"]
mod markdown;
#[path = "web/markdown_long.rs"]
mod markdown_long;
#[path = "web/messages.rs"]
mod messages;
#[path = "web/panel.rs"]
mod panel;
#[path = "web/stage.rs"]
mod stage;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
