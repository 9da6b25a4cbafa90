//! What few visitors need: its code is in a second WebAssembly file, which is fetched when somebody does.
//!
//! Which code that is, the build finds out by itself: whatever only [`Rare`]s lead to (`xtask/split.mjs`). A [`Rare`] is
//! called through a `dyn`, so that nothing but a slot of the function table leads to it, and that slot is empty until the
//! file is there. Builds that do not come from `cargo xtask dist` have everything in one file.
//!
//! Deliberately absent: what an app needs that has lost its line. That has to be there already.

use super::Task;
use std::cell::Cell;
use std::future::pending;

thread_local! {
    /// In one file with the rest, it is there from the start.
    static FETCHED: Cell<bool> = const { Cell::new(!cfg!(twinchat_shipped)) };
}

/// Whether that code can be called.
pub fn fetched() -> bool {
    FETCHED.get()
}

/// Why that code cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The line.
    Unreachable,
    /// The site has another version of the widget by now.
    Gone,
}

/// Fetches it, if nobody has. Asking again tries again.
///
/// # Errors
/// Why it cannot be had.
pub async fn fetch() -> Result<(), Missing> {
    #[cfg(twinchat_shipped)]
    if !fetched() {
        super::lazy::rest().await?;
        FETCHED.set(true);
    }
    Ok(())
}

/// Something whose code is in that file. What calls it has to have waited for [`fetch`].
#[derive(Debug)]
pub struct Rare<F>(pub F);

impl<F> Rare<F> {
    /// What it holds, once it can be called. Asking keeps it apart as well: without this, its code could be the same as that of
    /// something that is needed at once, and the compiler would make one of both.
    pub fn get(&self) -> Option<&F> {
        fetched().then_some(&self.0)
    }
}

/// Something to be begun later.
pub trait Later<T> {
    /// Begins it.
    fn begin(self: Box<Self>) -> Task<T>;
}

impl<T: 'static, F: Future<Output = T> + 'static, B: FnOnce() -> F> Later<T> for Rare<B> {
    #[inline(never)]
    fn begin(self: Box<Self>) -> Task<T> {
        // As in `get`. It is there, or this would not run.
        if fetched() { Box::pin((self.0)()) } else { Box::pin(pending()) }
    }
}

/// Fetches that code and does something with it.
///
/// # Errors
/// Why it cannot be had.
pub async fn run<T>(later: Box<dyn Later<T>>) -> Result<T, Missing> {
    fetch().await?;
    Ok(later.begin().await)
}
