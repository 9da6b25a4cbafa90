//! The emulator through its real HTTP surface.

mod examples;
mod faults;
mod kamimind;
mod openai;
mod site;
mod support;
mod teams;
mod twinexpert;
