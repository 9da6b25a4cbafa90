//! The server through its real HTTP surface: a listener on a free port, the emulator as upstream.
//!
//! One file per file of `src/http`.

mod chat;
mod helpers;

mod assets;
mod cors;
mod frame;
mod isolation;
mod limits;
mod messages;
mod openapi;
mod proof;
mod serve;
mod token;
mod twins;
mod wire;
