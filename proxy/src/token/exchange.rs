//! The exchange (RFC 8693): what a visitor can show becomes an access token.

use super::access::Grant;
use super::error::ExchangeError;
use super::{Scope, TokenService, credential_subject, key_holder, proof, secret};
use crate::clock::random_id_part;
use twinchat_protocol::id::VisitorId;
use twinchat_protocol::token::{ACCESS_TOKEN_TYPE, DPOP_KEY_TYPE, GRANT_TYPE, JWT_TYPE, NEW_VISITOR, TokenResponse, VISITOR_SECRET_TYPE};

/// A request for a token as it came, nothing of it checked. Absent and empty are the same
/// (RFC 6749 section 3.2).
#[derive(Debug, Clone, Copy, Default)]
pub struct UnverifiedExchange<'a> {
    /// `grant_type`.
    pub grant_type: &'a str,
    /// `subject_token`.
    pub subject_token: &'a str,
    /// `subject_token_type`.
    pub subject_token_type: &'a str,
    /// `scope`.
    pub scope: &'a str,
    /// `requested_token_type`.
    pub requested_token_type: &'a str,
    /// Whether `actor_token` or `actor_token_type` came along.
    pub has_actor: bool,
    /// All values of `audience` and `resource`.
    pub targets: &'a [&'a str],
    /// All values of the header `DPoP`.
    pub proofs: &'a [&'a str],
    /// The origin of the page that asks, which may use this server.
    pub origin: &'a str,
    /// The path the request came to.
    pub path: &'a str,
}

/// Who asks, once it is sure.
pub(super) struct Credential {
    pub(super) visitor: VisitorId,
    pub(super) jkt: Option<String>,
    pub(super) new_secret: Option<String>,
    /// Whether the site vouches for who it is.
    pub(super) signed_in: bool,
    /// The widest scope it is good for.
    pub(super) most: Scope,
}

impl Credential {
    pub(super) fn of(visitor: VisitorId) -> Self {
        Self { visitor, jkt: None, new_secret: None, signed_in: false, most: Scope::FullAccess }
    }
}

impl TokenService {
    /// Gives a token for a credential. Writes nothing anywhere, but for an identity token that is good once.
    pub async fn exchange(&self, request: &UnverifiedExchange<'_>) -> Result<TokenResponse, ExchangeError> {
        self.check_form(request)?;
        let scope = requested_scope(request.scope)?;
        let credential = match request.subject_token_type {
            DPOP_KEY_TYPE => self.by_key(request)?,
            VISITOR_SECRET_TYPE => self.by_secret(request.subject_token)?,
            "" => return Err(ExchangeError::InvalidRequest("subject_token_type is missing")),
            JWT_TYPE => self.by_identity(request).await?,
            _ => return Err(ExchangeError::InvalidRequest("this subject_token_type is not known here")),
        };
        let scope = scope.min(credential.most);
        Ok(self.grant(credential, &[request.origin], scope, self.lifetime))
    }

    /// The answer for a credential that was checked, for pages of these sites.
    pub(super) fn grant(&self, credential: Credential, sites: &[&str], scope: Scope, lifetime: u32) -> TokenResponse {
        let now = self.clock.now_seconds();
        // A second ahead of the clock, when the visitor's earlier tokens were taken back in this one.
        let issued_at = now.max(self.revoked.not_before(credential.visitor.as_str()));
        let token_type = if credential.jkt.is_some() { "DPoP" } else { "Bearer" };
        let subject = credential_subject(credential.visitor);
        let access_token = self.signer.sign(Grant {
            subject: &subject,
            sites,
            scope,
            signed_in: credential.signed_in,
            jkt: credential.jkt,
            issued_at,
            lifetime: lifetime.into(),
            jti: random_id_part(&*self.dice),
        });
        TokenResponse {
            access_token,
            issued_token_type: ACCESS_TOKEN_TYPE.to_owned(),
            token_type: token_type.to_owned(),
            expires_in: lifetime,
            scope: scope.as_str().to_owned(),
            expires_at: u64::try_from(now + i64::from(lifetime)).unwrap_or(0),
            visitor_id: subject.id().clone(),
            visitor_secret: credential.new_secret,
        }
    }

    fn check_form(&self, request: &UnverifiedExchange<'_>) -> Result<(), ExchangeError> {
        match request.grant_type {
            GRANT_TYPE => {}
            "" => return Err(ExchangeError::InvalidRequest("grant_type is missing")),
            _ => {
                return Err(ExchangeError::UnsupportedGrantType(
                    "the only grant_type here is urn:ietf:params:oauth:grant-type:token-exchange",
                ));
            }
        }
        if !matches!(request.requested_token_type, "" | ACCESS_TOKEN_TYPE) {
            return Err(ExchangeError::InvalidRequest("the only requested_token_type here is that of access tokens"));
        }
        if request.has_actor {
            return Err(ExchangeError::InvalidRequest("nobody can act for another here: leave out actor_token"));
        }
        let is_ours = |target: &&str| {
            let target = target.trim_end_matches('/');
            target == request.origin || self.public_urls.iter().any(|url| url.as_str() == target)
        };
        if !request.targets.iter().all(is_ours) {
            return Err(ExchangeError::InvalidTarget("tokens are good for this server and the site that asks, and for nothing else"));
        }
        if request.subject_token.is_empty() {
            return Err(ExchangeError::InvalidRequest("subject_token is missing"));
        }
        Ok(())
    }

    fn by_key(&self, request: &UnverifiedExchange<'_>) -> Result<Credential, ExchangeError> {
        let expected = self.expected("POST", request.path, None);
        let jkt = proof::check(request.proofs, &expected, &self.seen_proofs)?;
        if jkt != request.subject_token {
            return Err(ExchangeError::InvalidRequest("subject_token is not the thumbprint of the key that signed the proof"));
        }
        Ok(Credential { jkt: Some(jkt.clone()), ..Credential::of(key_holder(&jkt)) })
    }

    fn by_secret(&self, unverified_secret: &str) -> Result<Credential, ExchangeError> {
        if !self.bearer_allowed {
            return Err(ExchangeError::InvalidRequest("this site only accepts visitors that hold a key; use a DPoP proof"));
        }
        if unverified_secret == NEW_VISITOR {
            let (secret, visitor) = secret::issue(&*self.dice, &self.secret_key);
            return Ok(Credential { new_secret: Some(secret), ..Credential::of(visitor) });
        }
        let visitor = secret::verify(unverified_secret, &self.secret_key)
            .ok_or(ExchangeError::InvalidRequest("this server did not issue the visitor secret; ask for a new one"))?;
        Ok(Credential::of(visitor))
    }
}

/// The widest of the scopes asked for; all of it when none is.
fn requested_scope(text: &str) -> Result<Scope, ExchangeError> {
    let mut widest = None;
    for name in text.split(' ').filter(|name| !name.is_empty()) {
        let scope = Scope::named(name).ok_or(ExchangeError::InvalidScope("the scopes are read_only and full_access"))?;
        widest = widest.max(Some(scope));
    }
    Ok(widest.unwrap_or(Scope::FullAccess))
}
