use super::account::{Account, Terms};
use super::gate::Gate;
use super::ledger_name;
use super::limits::{Limits, Saved};
use super::vault::Nowhere;
use crate::clock::{Clock, Dice};
use crate::config::{self, Config};
use crate::store::{Store, StoreError};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Percent of a key's budget that are kept for the owner's own requests.
const OPERATOR_PERCENT: u32 = 2;

/// A gate for a command that makes a few requests and ends: nothing is written down. A server that runs
/// beside it learns of them by the upstream's answers.
pub fn one_off_gate(upstream: &config::Upstream, (clock, dice): (&Arc<dyn Clock>, &Arc<dyn Dice>)) -> Gate {
    let name = upstream.name.to_string();
    let terms = Terms { ledger: String::new(), names: vec![name.clone()], limits: limits_of(upstream, 0), patience: Duration::ZERO };
    let account = Account::resume(terms, &Saved::default(), Arc::new(Nowhere), (clock.clone(), dice.clone()));
    Gate::new(&name, Arc::new(account), clock.clone())
}

fn limits_of(upstream: &config::Upstream, signed_in_percent: u32) -> Limits {
    Limits { per_hour: upstream.requests_per_hour, burst: upstream.burst, signed_in_percent, operator_percent: OPERATOR_PERCENT }
}

/// The gates of all configured upstreams, by name. Those with the same origin and key share an account.
///
/// # Errors
/// When the store does not answer.
pub async fn open_gates(
    config: &Config,
    store: &Store,
    (clock, dice): (&Arc<dyn Clock>, &Arc<dyn Dice>),
) -> Result<HashMap<String, Gate>, StoreError> {
    let mut candidate = [0; 32];
    dice.fill(&mut candidate);
    let secret = store.ledger_secret(candidate).await?;
    let mut accounts: Vec<Terms> = Vec::new();
    for upstream in &config.upstreams {
        let key = upstream.key.as_ref().map_or("", config::UpstreamKey::expose);
        let ledger = ledger_name(&secret, upstream.origin.as_str(), key);
        // Without anybody who vouches for visitors nobody is signed in.
        let signed_in_percent = if config.identities.is_empty() { 0 } else { config.limits.signed_in_percent };
        let limits = limits_of(upstream, signed_in_percent);
        match accounts.iter_mut().find(|terms| terms.ledger == ledger) {
            Some(shared) => {
                shared.names.push(upstream.name.to_string());
                shared.limits.per_hour = shared.limits.per_hour.min(limits.per_hour);
                shared.limits.burst = shared.limits.burst.min(limits.burst);
            }
            None => {
                let patience = Duration::from_secs(config.limits.queue_seconds.into());
                accounts.push(Terms { ledger, names: vec![upstream.name.to_string()], limits, patience });
            }
        }
    }
    let mut gates = HashMap::new();
    for terms in accounts {
        let names = terms.names.clone();
        let account = Arc::new(Account::open(terms, Arc::new(store.clone()), (clock.clone(), dice.clone())).await?);
        gates.extend(names.into_iter().map(|name| (name.clone(), Gate::new(&name, account.clone(), clock.clone()))));
    }
    Ok(gates)
}
