//! The site's own word for who is signed in: identity tokens (RFC 7519), checked as RFC 8725 wants it.
//!
//! An issuer has one algorithm, and keys from the settings or from the address named there; a token
//! brings none along. Deliberately absent: users. Who somebody is follows from `iss` and `sub` alone,
//! and nothing is stored but which one-time tokens were used.
//!
//! | file | holds |
//! |---|---|
//! | `claims` | what header and claims may say |
//! | `published`, `fetch` | a JWKS: at hand, and from its address |

mod claims;
mod fetch;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod published;
#[cfg(test)]
mod tests;

use super::error::ExchangeError;
use super::exchange::{Credential, UnverifiedExchange};
use super::jws::UnverifiedJws;
use super::{TokenService, json, proof};
use crate::clock::{Clock, base32_lower};
use crate::config::{self, IdentityKeys};
use crate::keys::{Algorithm, KeySet};
use claims::{Claims, LEEWAY, Rules};
use published::{COOL_DOWN, Published};
use ring::digest::{SHA256, digest};
use ring::hmac;
use serde_json::Value;
use std::sync::Arc;
use twinchat_protocol::id::VisitorId;

/// The longest identity token that is looked at.
const MAX_CHARS: usize = 8192;
/// Seconds until another try makes sense when the store failed.
const STORE_RETRY: u32 = 5;

/// All issuers that are believed.
#[derive(Debug)]
pub(super) struct Issuers(Vec<Issuer>);

#[derive(Debug)]
struct Issuer {
    name: String,
    algorithm: Algorithm,
    keys: Keys,
    rules: Rules,
}

#[derive(Debug)]
enum Keys {
    Fixed(KeySet),
    Published(Published),
}

impl Issuers {
    /// From the settings. `own` are the audiences of those that name none.
    pub(super) fn new(identities: &[config::Identity], own: &[String], clock: &Arc<dyn Clock>) -> Self {
        let issuer = |identity: &config::Identity| Issuer {
            name: identity.issuer.as_str().to_owned(),
            algorithm: identity.algorithm,
            keys: match &identity.keys {
                IdentityKeys::Fixed(keys) => Keys::Fixed(keys.clone()),
                IdentityKeys::Published(url) => Keys::Published(Published::new(identity.algorithm, fetch::from(url), clock.clone())),
            },
            rules: Rules {
                audiences: identity.audience.clone().map_or_else(|| own.to_vec(), |audience| vec![audience]),
                max_lifetime: identity.max_lifetime_seconds.into(),
                one_time: identity.one_time,
            },
        };
        Self(identities.iter().map(issuer).collect())
    }

    /// Who the token says is signed in, if it is good.
    async fn verify(&self, unverified_token: &str, now: i64) -> Result<(&Issuer, Claims), ExchangeError> {
        const NO_JWT: &str = "the identity token is not a JWT: three parts of base64url without padding, 8192 characters at most";
        const NO_OBJECT: &str = "the identity token's header and claims must be JSON objects in which no name stands twice";
        let refused = ExchangeError::InvalidRequest;
        if self.0.is_empty() {
            return Err(refused("this server accepts no identity tokens: its settings have no section [[identity]]"));
        }
        let jws = UnverifiedJws::parse_up_to(unverified_token, MAX_CHARS).ok_or(refused(NO_JWT))?;
        let header = json::object(jws.header_bytes()).ok_or(refused(NO_OBJECT))?;
        let unverified_claims = json::object(jws.unverified_claim_bytes()).ok_or(refused(NO_OBJECT))?;
        let named = unverified_claims.get("iss").and_then(Value::as_str);
        let issuer = self.0.iter().find(|issuer| Some(issuer.name.as_str()) == named);
        let issuer = issuer.ok_or(refused("the identity token's iss is not an issuer in this server's settings"))?;
        let kid = claims::kid(&header, issuer.algorithm.name()).map_err(refused)?;
        if !issuer.signed(&jws, kid).await? {
            return Err(refused("the identity token's signature does not fit the key that this server has for its iss"));
        }
        let claims = claims::check(&unverified_claims, &issuer.rules, now).map_err(refused)?;
        Ok((issuer, claims))
    }
}

impl Issuer {
    async fn signed(&self, jws: &UnverifiedJws<'_>, kid: Option<&str>) -> Result<bool, ExchangeError> {
        let (message, signature) = jws.signed_and_signature();
        match &self.keys {
            Keys::Fixed(keys) => Ok(keys.verify(kid, message, signature)),
            Keys::Published(keys) => keys.verify(kid, message, signature).await.ok_or(ExchangeError::Unavailable {
                why: "the issuer's jwks_url gives no keys at the moment",
                retry_after: u32::try_from(COOL_DOWN).unwrap_or(u32::MAX),
            }),
        }
    }
}

impl TokenService {
    /// A signed-in user. With a proof the token is bound to its key. Whatever can be wrong is looked for
    /// before a one-time token is used up.
    pub(super) async fn by_identity(&self, request: &UnverifiedExchange<'_>) -> Result<Credential, ExchangeError> {
        let (issuer, claims) = self.issuers.verify(request.subject_token, self.clock.now_seconds()).await?;
        let jkt = match request.proofs {
            [] if self.bearer_allowed => None,
            [] => return Err(ExchangeError::InvalidRequest("this site only accepts visitors that hold a key: send a DPoP proof along")),
            proofs => {
                let expected = self.expected("POST", request.path, None);
                Some(proof::check(proofs, &expected, &self.seen_proofs)?)
            }
        };
        if let Some(jti) = &claims.jti {
            self.use_up(&issuer.name, jti, claims.exp + LEEWAY).await?;
        }
        let visitor = self.user_id(&issuer.name, &claims.sub);
        Ok(Credential { jkt, signed_in: true, most: claims.scope, ..Credential::of(visitor) })
    }

    async fn use_up(&self, issuer: &str, jti: &str, until: i64) -> Result<(), ExchangeError> {
        let mark = digest(&SHA256, &[issuer.as_bytes(), &[0], jti.as_bytes()].concat());
        match self.store.use_identity_token(mark.as_ref(), until).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(ExchangeError::InvalidRequest("the identity token was used before: make one for each exchange")),
            Err(error) => {
                tracing::error!(%error, "an identity token could not be marked as used, so it was not accepted");
                Err(ExchangeError::Unavailable { why: "this server cannot write to its database at the moment", retry_after: STORE_RETRY })
            }
        }
    }

    /// The visitor who is this user of this issuer: the same every time. Made with a key, so that nobody
    /// can try out whose it is.
    pub(super) fn user_id(&self, issuer: &str, sub: &str) -> VisitorId {
        let tag = hmac::sign(&self.user_key, &[issuer.as_bytes(), &[0], sub.as_bytes()].concat());
        VisitorId::from_random(&base32_lower(&tag.as_ref()[..20]))
    }
}
