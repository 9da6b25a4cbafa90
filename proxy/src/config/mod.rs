//! The owner's settings: one TOML file, checked as it is read.
//!
//! A field's doc comment is its help text: `twinchat-proxy config-help` prints them all, and
//! `twinchat.example.toml` is that text. Unknown fields are refused. Secrets are never in the
//! file, only the name of the environment variable or of the file that holds them.

#[macro_use]
mod settings;
mod error;
mod help;
mod identity;
mod load;
mod reading;
mod sections;
#[cfg(test)]
mod tests;
mod twin;
mod upstream;
mod values;

pub use error::{ConfigError, Problem};
pub use help::help;
pub use identity::{Identity, IdentityKeys, IdentitySection};
pub(crate) use load::MAX_REPLY_BYTES;
pub use load::{Config, Environment};
pub use sections::{Admin, Limits, Replies, Retention, Server, Store, Tokens, Widget};
pub use settings::{Setting, SettingKind};
pub use twin::{Avatar, KamiMindTwin, ListedTwin, OpenAiTwin, Prompt, TeamsTwin, TwinSection};
pub use upstream::{Auth, FirstTurn, Service, Upstream, UpstreamKey, UpstreamKind, UpstreamSection};
pub use values::{Accent, FileType, Issuer, JwksUrl, Name, Network, Origin, PublicUrl, TwinKey, UpstreamOrigin, ValueError, is_near};
