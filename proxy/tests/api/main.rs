//! The server through its real HTTP surface: a listener on a free port, the emulator as upstream.
//!
//! One file per file of `src/http`.

mod bridge;
mod chat;
mod helpers;
mod issuer;

mod assets;
mod audience;
mod backup;
mod budget;
mod cors;
mod doctor;
mod egress;
mod endurance;
mod files;
mod frame;
mod identity;
mod isolation;
mod isolation_hostile;
mod isolation_property;
mod isolation_routes;
mod limits;
mod link;
mod messages;
mod metadata;
mod openai;
mod openapi;
mod people;
mod people_isolation;
mod proof;
mod retention;
mod revocation;
mod search;
mod serve;
mod snippets;
mod token;
mod twins;
mod visitor_data;
mod wire;
