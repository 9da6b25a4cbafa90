mod account;
mod fairness;
mod limits;
mod model;

use super::{Account, Gate, Limits, Saved, Terms};
use crate::clock::{Clock, LoadedDice};
use std::sync::Arc;
use std::time::Duration;

/// A gate for tests of other rooms, with this budget and nothing written down.
pub(crate) fn gate(limits: Limits, clock: Arc<dyn Clock>) -> Gate {
    let terms = Terms { ledger: "key".to_owned(), names: vec!["main".to_owned()], limits, patience: Duration::from_secs(30) };
    let vault = Arc::new(model::MemoryVault::default());
    let account = Account::resume(terms, &Saved::default(), vault, (clock.clone(), Arc::new(LoadedDice::seeded(1))));
    Gate::new("main", Arc::new(account), clock)
}

/// The same with more than any test uses up.
pub(crate) fn generous_gate(clock: Arc<dyn Clock>) -> Gate {
    gate(Limits { per_hour: 100_000, burst: 10_000, signed_in_percent: 0, operator_percent: 0 }, clock)
}
