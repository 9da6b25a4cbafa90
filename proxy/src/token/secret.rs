//! Visitor secrets: who comes back without a key.
//!
//! A secret is 256 random bits and our signature over them, so that one we did not make is refused
//! although nothing is kept about it. The visitor's id is made of the bits' hash: what lies in the
//! store does not lead back to the secret.

use super::jws::{decode, encode};
use super::visitor_id;
use crate::clock::Dice;
use ring::hmac;
use twinchat_protocol::id::VisitorId;

/// What a secret begins with, for people and for scanners of leaked secrets.
const PREFIX: &str = "tvs_";
const RANDOM_BYTES: usize = 32;

/// A new secret and whose it is.
pub(super) fn issue(dice: &dyn Dice, key: &hmac::Key) -> (String, VisitorId) {
    let mut random = [0; RANDOM_BYTES];
    dice.fill(&mut random);
    let tag = hmac::sign(key, &random);
    (format!("{PREFIX}{}", encode([&random, tag.as_ref()].concat())), id(&random))
}

/// Whose secret this is, if it is one of ours. Takes as long for a nearly right one as for a wrong one.
pub(super) fn verify(unverified_secret: &str, key: &hmac::Key) -> Option<VisitorId> {
    let bytes = decode(unverified_secret.strip_prefix(PREFIX)?)?;
    let (random, tag) = bytes.split_at_checked(RANDOM_BYTES)?;
    hmac::verify(key, random, tag).ok()?;
    Some(id(random))
}

fn id(random: &[u8]) -> VisitorId {
    visitor_id("visitor secret", random)
}
