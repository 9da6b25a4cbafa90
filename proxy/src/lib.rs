//! The token-exchange server a site owner runs beside the site.
//!
//! It keeps the upstream key, isolates visitors from one another, keeps transcripts and relays
//! replies. `docs/architecture.md` ranks the rooms, `docs/protocol.md` is what they speak.
//!
//! | room | job |
//! |---|---|
//! | [`cli`] | the commands of the binary |
//! | [`doctor`] | looks at everything a server needs, and says what to do |
//! | [`http`] | URLs, headers, status codes; [`serve`] |
//! | [`app`] | wiring, built once from the config |
//! | [`token`] | credentials in, access tokens out and back |
//! | [`relay`] | drives a reply to its end, lets readers join after any of its events |
//! | [`limits`] | how much one visitor may do |
//! | [`retention`] | erases what is old |
//! | [`budget`] | one key's requests, shared by everybody |
//! | [`upstream`] | where the twins live, one file per service |
//! | [`files`] | what visitors send along, for as long as an answer may need it |
//! | [`store`] | what is kept, in SQLite |
//! | [`subject`] | the visitor somebody has proved to be |
//! | [`assets`] | the widget's files |
//! | [`config`] | the owner's settings |
//! | [`metrics`] | what is counted |
//! | [`media`] | what files can be, and how their bytes show it |
//! | [`keys`] | what identity tokens are checked with |
//! | [`clock`] | time and randomness, handed in |
//! | `quiet` | waiting beside what is polled often |

pub mod app;
pub mod assets;
pub mod budget;
pub mod cli;
pub mod clock;
pub mod config;
pub mod doctor;
pub mod files;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
pub mod http;
pub mod keys;
pub mod limits;
pub mod media;
pub mod metrics;
mod quiet;
pub mod relay;
pub mod retention;
pub mod store;
pub mod subject;
pub mod token;
pub mod upstream;

pub use http::{Workers, serve, serve_admin};
