//! What every pretend API is made of, and the way of a request through it: into the log, past the
//! faults, and out again with the faults on its bytes.
//!
//! Deliberately absent: what any one API says, and who may ask it.

mod gate;
mod pace;
mod spoil;

pub(crate) use gate::{Arrival, Call, Pretend, foreign_error, pass};
pub use pace::Pace;
pub(crate) use pace::{Frame, cut, paced};
pub(crate) use spoil::spoil;

use crate::clock::Clock;
use crate::faults::Faults;
use crate::log::Log;
use crate::script::Script;
use std::sync::Arc;

/// What all pretend APIs share.
#[derive(Debug)]
pub(crate) struct World {
    /// Decides ids, answers, cuts and chances.
    pub seed: u64,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Twins and answers.
    pub script: Script,
    /// What goes wrong.
    pub faults: Faults,
    /// What was asked.
    pub log: Arc<Log>,
    /// How quickly answers come.
    pub pace: Pace,
    /// Where all of them are: `http://127.0.0.1:4010`.
    pub origin: String,
}

impl World {
    /// With the twins and answers that were compiled in.
    pub(crate) fn new(seed: u64, clock: Arc<dyn Clock>, pace: Pace, origin: String) -> Self {
        Self { seed, clock, script: Script::load(), faults: Faults::new(seed), log: Arc::default(), pace, origin }
    }

    /// Back to the start: faults and log.
    pub(crate) fn reset(&self) {
        self.faults.reset(self.seed);
        self.log.clear();
    }
}
