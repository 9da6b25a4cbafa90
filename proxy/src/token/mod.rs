//! Who is asking: credentials in, access tokens out and back.
//!
//! Knows no routes and no HTTP types. Deliberately absent: anything about an upstream, whose
//! credentials never meet a visitor's; and any row about a visitor, who is known by what can be
//! computed from the credential alone.
//!
//! | file | holds |
//! |---|---|
//! | `exchange` | RFC 8693: from a credential to an access token |
//! | `identity` | RFC 7519: the site's word for who is signed in |
//! | `link` | whose an anonymous visitor's conversations become |
//! | `mint` | tokens that the owner makes by hand |
//! | `proof`, `nonce`, `replay` | RFC 9449: proofs of possession, made now, each good once |
//! | `secret` | visitors without a key |
//! | `access` | RFC 9068: the access tokens themselves |
//! | `revocation` | RFC 7009: tokens given back |
//! | `jws`, `json` | RFC 7515: signed texts, and JSON in which no name stands twice |

mod access;
mod error;
mod exchange;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod identity;
mod json;
mod jws;
mod link;
mod mint;
mod nonce;
mod proof;
mod replay;
mod revocation;
mod secret;

pub use error::{AuthError, ExchangeError};
pub use exchange::UnverifiedExchange;
pub use link::NoEvidence;
pub use mint::{Minting, mint_identity_token};

use crate::clock::{Clock, Dice, base32_lower};
use crate::config::{Config, Origin, PublicUrl};
use crate::store::{Store, StoreError};
use crate::subject::Subject;
use access::Signer;
use identity::Issuers;
use nonce::Nonces;
use proof::Expected;
use replay::ReplayMemory;
use revocation::Revoked;
use ring::digest::{SHA256, digest};
use ring::hmac;
use std::fmt;
use std::sync::Arc;
use twinchat_protocol::id::VisitorId;

/// What a token allows. The later one includes the earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Reading only.
    ReadOnly,
    /// Everything a visitor may do.
    FullAccess,
}

impl Scope {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read_only",
            Self::FullAccess => "full_access",
        }
    }

    /// The scope with this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::ReadOnly, Self::FullAccess].into_iter().find(|scope| scope.as_str() == name)
    }
}

/// A call as it came, nothing of it checked.
#[derive(Debug, Clone, Copy)]
pub struct UnverifiedCall<'a> {
    /// All values of `Authorization`.
    pub authorization: &'a [&'a str],
    /// All values of `DPoP`.
    pub proofs: &'a [&'a str],
    /// The origin of the page that calls; none of a program.
    pub origin: Option<&'a str>,
    /// The method.
    pub method: &'a str,
    /// The path, without the query.
    pub path: &'a str,
}

/// Whom a call is made for.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The visitor.
    pub subject: Subject,
    /// What the visitor may do with this token.
    pub scope: Scope,
    /// Whether the site vouched for who it is; an anonymous visitor otherwise.
    pub signed_in: bool,
    /// The thumbprint of the key that the token is bound to.
    pub jkt: Option<String>,
}

/// Gives tokens, reads them back, takes them back.
pub struct TokenService {
    clock: Arc<dyn Clock>,
    dice: Arc<dyn Dice>,
    store: Store,
    public_urls: Vec<PublicUrl>,
    sites: Vec<Origin>,
    lifetime: u32,
    bearer_allowed: bool,
    signer: Signer,
    secret_key: hmac::Key,
    user_key: hmac::Key,
    issuers: Issuers,
    /// `None`: the owner does without.
    nonces: Option<Nonces>,
    seen_proofs: ReplayMemory,
    revoked: Revoked,
}

impl fmt::Debug for TokenService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenService").finish_non_exhaustive()
    }
}

impl TokenService {
    /// Fetches the signing key, which is made when there is none yet, and what was revoked.
    pub async fn open(config: &Config, store: Store, clock: Arc<dyn Clock>, dice: Arc<dyn Dice>) -> Result<Self, StoreError> {
        let mut candidate = [0; 32];
        dice.fill(&mut candidate);
        let kept = hmac::Key::new(hmac::HMAC_SHA256, &store.signing_key(candidate, clock.now_millis()).await?);
        // One key per purpose, so that what is signed for one can never pass for the other.
        let key_for = |purpose: &str| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&kept, purpose.as_bytes()).as_ref());
        let public_urls: Vec<String> = config.server.public_urls.iter().map(ToString::to_string).collect();
        let issuer = config.server.public_urls.first().map_or("twinchat-proxy", PublicUrl::as_str).to_owned();
        Ok(Self {
            revoked: Revoked::new(store.revoked_tokens(clock.now_seconds()).await?, store.revoked_visitors(clock.now_seconds()).await?),
            signer: Signer::new(key_for("access token"), issuer),
            secret_key: key_for("visitor secret"),
            user_key: key_for("signed-in user"),
            issuers: Issuers::new(&config.identities, &public_urls, &clock),
            nonces: config.tokens.nonces.then(|| Nonces::new(&*dice)),
            seen_proofs: ReplayMemory::new(config.limits.visitor_requests_per_minute),
            public_urls: config.server.public_urls.clone(),
            sites: config.server.allowed_origins.clone(),
            lifetime: config.tokens.lifetime_seconds,
            bearer_allowed: config.tokens.bearer,
            clock,
            dice,
            store,
        })
    }

    /// Checks token and proof of a call.
    pub fn authenticate(&self, call: &UnverifiedCall<'_>) -> Result<Verified, AuthError> {
        let credentials = match call.authorization {
            [] => return Err(AuthError::Missing),
            [one] => *one,
            _ => return Err(AuthError::Invalid("there is more than one Authorization header")),
        };
        let (scheme, token) = credentials.split_once(' ').unwrap_or((credentials, ""));
        let token = token.trim();
        let claims = self.signer.verify(token)?;
        if self.revoked.covers(&claims) {
            return Err(AuthError::Invalid("the token was revoked"));
        }
        if claims.exp <= self.clock.now_seconds() {
            return Err(AuthError::Expired);
        }
        if call.origin.is_some_and(|origin| !self.is_own_page(origin) && !claims.is_for(origin)) {
            return Err(AuthError::Invalid("the token was issued to pages of another site"));
        }
        match (scheme.to_ascii_lowercase().as_str(), &claims.cnf) {
            ("dpop", Some(bound)) => {
                let expected = self.expected(call.method, call.path, Some((token, &bound.jkt)));
                proof::check(call.proofs, &expected, &self.seen_proofs)?;
            }
            ("dpop", None) => return Err(AuthError::Invalid("this token is not bound to a key: send it as Bearer")),
            ("bearer", Some(_)) => return Err(AuthError::Invalid("this token is bound to a key: send it as DPoP, with a proof")),
            ("bearer", None) if self.bearer_allowed => {}
            ("bearer", None) => return Err(AuthError::Invalid("this site no longer accepts bearer tokens")),
            _ => return Err(AuthError::Invalid("the Authorization scheme must be DPoP or Bearer")),
        }
        let (subject, scope) = claims.holder()?;
        Ok(Verified { subject, scope, signed_in: claims.signed_in, jkt: claims.cnf.map(|bound| bound.jkt) })
    }

    fn expected<'a>(&'a self, method: &'a str, path: &'a str, token: Option<(&'a str, &'a str)>) -> Expected<'a> {
        let nonces = self.nonces.as_ref();
        Expected { method, path, public_urls: &self.public_urls, now: self.clock.now_seconds(), token, nonces }
    }

    /// `iss` of the access tokens: the first public URL.
    pub fn issuer(&self) -> &str {
        self.signer.issuer()
    }

    /// The nonce for the next proof, if proofs need one (RFC 9449 sections 8 and 9).
    pub fn nonce(&self) -> Option<String> {
        self.nonces.as_ref().map(|nonces| nonces.current(self.clock.now_seconds()))
    }

    /// Whether the page comes from this server, which serves whatever site it stands on.
    fn is_own_page(&self, origin: &str) -> bool {
        self.public_urls.iter().any(|url| url.origin().as_str() == origin)
    }
}

/// The only place where somebody becomes a [`Subject`]: the caller has just checked the credential.
fn credential_subject(id: VisitorId) -> Subject {
    Subject::proven(id)
}

/// The anonymous visitor who holds the key with this thumbprint.
fn key_holder(jkt: &str) -> VisitorId {
    visitor_id("key", jkt.as_bytes())
}

/// The id of whoever holds the credential with this fingerprint: the same every time, and no way back.
fn visitor_id(kind: &str, fingerprint: &[u8]) -> VisitorId {
    let hash = digest(&SHA256, &[kind.as_bytes(), &[0], fingerprint].concat());
    VisitorId::from_random(&base32_lower(&hash.as_ref()[..20]))
}
