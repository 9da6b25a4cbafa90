//! Markdown, judged by CommonMark's examples, by GFM's rules, and by what a visitor sees while it streams.
#![cfg(not(target_arch = "wasm32"))]

mod commonmark;
mod cuts;
mod gfm;
mod gfm_examples;
mod growth;
mod payloads;
mod samples;
mod tree;
mod unfinished;
