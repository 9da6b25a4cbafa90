//! The emulator through its real HTTP surface.

mod examples;
mod faults;
mod site;
mod support;
mod twinexpert;
