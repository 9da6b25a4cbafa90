//! Words for the person at the terminal. Progress goes to stderr, so that stdout holds results only.

use std::time::{Duration, Instant};

/// Says what happens now, and how long it takes where that is not obvious.
pub(crate) fn step(what: &str) {
    eprintln!("==> {what}");
}

/// A detail of the step.
pub(crate) fn detail(what: &str) {
    eprintln!("    {what}");
}

/// A build tool tells how long its steps took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "a build tool's own running time is what is asked for here")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// `7.3 s`, `2 min 05 s`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 { format!("{:.1} s", time.as_secs_f64()) } else { format!("{} min {:02} s", seconds / 60, seconds % 60) }
}
