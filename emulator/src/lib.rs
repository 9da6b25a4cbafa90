//! The upstream chat APIs as documented, with seeded faults, and a pretend site to embed the widget in.
//!
//! For demos and tests: it binds to loopback or not at all, keeps nothing, and repeats itself
//! exactly for the same seed and the same requests (and the same [`clock::Clock`]).
//! `docs/architecture.md` holds the rooms and their ranks, this crate's README the endpoints.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use twinchat_emulator::{Emulator, Options, Rule, faults::Fault};
//! let emulator = Emulator::start(Options::default()).await?;
//! assert!(emulator.base_url().starts_with("http://127.0.0.1:"));
//! // The next message meets a 500.
//! emulator.fault(Rule::once(Fault::ServerError { status: 500, body: Default::default() }, "*/messages*"));
//! # Ok::<(), twinchat_emulator::StartError>(())
//! # }).unwrap();
//! ```

#[doc(hidden)]
pub mod cli;
pub mod clock;
mod control;
pub mod examples;
pub mod faults;
mod kamimind;
mod limit;
mod log;
mod net;
mod openai;
mod script;
mod server;
mod site;
mod teams;
mod twinexpert;
mod world;

pub use faults::Rule;
pub use kamimind::{Bot, StreamFormat};
pub use limit::Quota;
pub use log::{Ending, Entry};
pub use net::StartError;
pub use script::Twin;
pub use server::{Emulator, Options};
pub use site::{Site, SiteOptions};
pub use teams::TeamsWord;
pub use twinexpert::{Credentials, Quotas, Scope};
pub use world::Pace;
