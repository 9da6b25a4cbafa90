//! twinchat: an embeddable chat widget for AI twins.
//!
//! `docs/architecture.md` holds the rooms and their ranks.

pub mod app;
pub mod embed;
pub mod markdown;
pub mod state;
