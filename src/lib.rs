//! twinchat: an embeddable chat widget for AI twins.
//!
//! `docs/architecture.md` holds the rooms and their ranks.

pub mod app;
pub mod client;
pub mod components;
pub mod embed;
pub mod i18n;
pub mod markdown;
pub mod platform;
pub mod state;
pub mod theme;
