//! What the site owner configured for the widget: `GET /api/v1/widget`.

use serde::{Deserialize, Serialize};

/// The owner's settings. Options given on the page win over these.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct WidgetSettings {
    /// The panel's heading. Empty: the widget's own words.
    pub title: String,
    /// Shown above an empty conversation. Empty: the widget's own words.
    pub greeting: String,
    /// The brand colour, `#rrggbb`. Empty: the widget's own.
    pub accent: String,
    /// Language when neither page nor browser decides, BCP 47.
    pub locale: String,
    /// The most characters a message may have.
    pub max_message_chars: u32,
    /// A sentence under the composer, such as "Answers may be wrong". Empty: none.
    pub disclaimer: String,
    /// Whether identities without a browser-held key are accepted (RFC 9449 not available).
    pub bearer_allowed: bool,
    /// What files may be sent with a message, to twins that take files.
    pub files: FileLimits,
}

/// What files a message may have.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct FileLimits {
    /// The most files in one message; 0 where none are taken.
    pub max_count: u32,
    /// The most bytes a file may have.
    pub max_bytes: u64,
    /// The media types that are taken, such as `image/png`.
    pub types: Vec<String>,
    /// The file name extensions that belong to them, without a dot, such as `png`.
    pub extensions: Vec<String>,
}
