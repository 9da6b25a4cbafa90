//! A twin as listed to a visitor.

use crate::id::TwinId;
use serde::{Deserialize, Serialize};

/// An assistant the visitor can talk to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Twin {
    /// This proxy's id for it.
    pub id: TwinId,
    /// Its name, as the upstream gives it.
    pub name: String,
    /// What it is for, in a sentence or two. Empty when the upstream has none.
    #[serde(default)]
    pub description: String,
    /// Where this proxy serves its picture, as a path relative to the proxy's origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// Whether it can answer now.
    #[serde(default)]
    pub available: bool,
    /// Questions a visitor can start with.
    #[serde(default)]
    pub starters: Vec<String>,
    /// What can be done with it.
    #[serde(default)]
    pub capabilities: Capabilities,
}

/// What a twin's upstream can do; the widget shows exactly this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_excessive_bools, reason = "a set of capabilities, each on or off")]
pub struct Capabilities {
    /// The answer arrives piece by piece.
    pub stream: bool,
    /// Files can be sent along.
    pub files: bool,
    /// A running answer can be stopped.
    pub stop: bool,
    /// A message can be quoted and replied to.
    pub reply: bool,
    /// The conversation's messages can be searched.
    pub search: bool,
    /// The conversation is a room shared with other visitors.
    pub shared: bool,
}
