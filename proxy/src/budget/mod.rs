//! One key's requests, shared by everybody.
//!
//! An upstream grants a key so many requests an hour and so many at once (TwinExpert: 500 and 100), and
//! tells what is left on every answer. All upstreams with the same origin and key are one [`Account`].
//!
//! **Never more than granted.** The `ledger` holds each request against both limits from before it
//! leaves until an hour (and for the burst, its share of the hour) after it was answered, so that the
//! upstream counts no more whatever its windows begin with and however long requests travel. It is
//! written down before it leaves: a killed process has spent it. The upstream's word can only take
//! away from that. When it cannot be written down it is not sent; what runs goes on.
//!
//! **Fairly.** Whoever was given least of late comes first (`queue`): max-min fairness by attained
//! service, with a half-life of ten minutes. Anonymous visitors of one /24 or /56 share one part,
//! visitors who are signed in have one each. A part of the budget is set aside for the latter and for
//! the owner's lists of twins; past whom the common part cannot serve goes only what was set aside.
//!
//! **Nobody waits for ever.** Whose turn would come too late is refused at the door, whose turn does not
//! come in time is told so, both with the seconds until another try makes sense. Places in line and
//! requests are guards: whoever goes away leaves nothing behind.
//!
//! **Not at all** while the upstream fails or refuses the key (`breaker`, one for each upstream).
//!
//! Deliberately absent: HTTP, what is asked, the key itself (a ledger is named by a keyed hash of it),
//! and what one visitor may do (`limits`). One process keeps a ledger; two with one key would each
//! think it theirs. What was given to whom is not kept over a restart.
//!
//! | file | holds |
//! |---|---|
//! | `ledger` | how many may go now; pure |
//! | `limits` | what is known of a key |
//! | `queue` | who comes next; pure |
//! | `desk` | both together; pure |
//! | `breaker` | whether an upstream is asked at all; pure |
//! | `account` | a desk with its task |
//! | `gate` | one upstream's way to its account: stand in line, pay, say what came of it |
//! | `open` | the gates of all configured upstreams |
//! | `vault` | where ledgers outlive the process |
//! | `customer` | for whom |
//! | `refusal` | why not |

mod account;
mod breaker;
mod customer;
mod desk;
mod gate;
mod ledger;
mod limits;
mod open;
mod queue;
mod refusal;
#[cfg(test)]
pub(crate) mod tests;
mod vault;

pub use account::{Account, Terms};
pub use customer::Customer;
pub use desk::Place;
pub use gate::{Fare, Gate, Paid, Turn};
pub use limits::{Budget, Ceiling, Known, Limits, Saved};
pub use open::{one_off_gate, open_gates};
pub use refusal::Refusal;
pub use vault::{Ended, Entry, Vault};

use crate::clock::base32_lower;
use ring::hmac;

/// The name of the ledger of this key at this origin: leads back to neither.
pub fn ledger_name(secret: &[u8], origin: &str, key: &str) -> String {
    let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = hmac::sign(&secret, format!("{origin}\0{key}").as_bytes());
    base32_lower(&tag.as_ref()[..16])
}
