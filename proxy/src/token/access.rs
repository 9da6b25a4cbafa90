//! Access tokens: RFC 9068 JWTs that this server signs for itself.

use super::error::AuthError;
use super::jws::{UnverifiedJws, sign_hs256};
use super::{Scope, credential_subject};
use crate::subject::Subject;
use ring::hmac;
use serde::{Deserialize, Serialize};
use twinchat_protocol::id::VisitorId;
use twinchat_protocol::token::CLIENT_ID;

const TYP: &str = "at+jwt";

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    /// This server, and the site whose page asked for it; of one that the owner made by hand, all sites.
    pub(super) aud: Vec<String>,
    pub(super) sub: String,
    pub(super) client_id: String,
    /// Seconds since 1970.
    pub(super) exp: i64,
    /// Likewise.
    pub(super) iat: i64,
    pub(super) jti: String,
    pub(super) scope: String,
    /// Whether the site vouched for who it is; an anonymous visitor otherwise.
    #[serde(default, skip_serializing_if = "is_not")]
    pub(super) signed_in: bool,
    /// RFC 7800: the key the token is bound to, unless it is a bearer token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cnf: Option<Confirmation>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_not(value: &bool) -> bool {
    !value
}

/// RFC 9449 section 6.1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Confirmation {
    /// The key's thumbprint.
    pub(super) jkt: String,
}

/// What is to be said in a new token.
#[derive(Debug)]
pub(super) struct Grant<'a> {
    pub(super) subject: &'a Subject,
    /// The origins of the pages that may use it.
    pub(super) sites: &'a [&'a str],
    pub(super) scope: Scope,
    pub(super) signed_in: bool,
    pub(super) jkt: Option<String>,
    pub(super) issued_at: i64,
    pub(super) lifetime: i64,
    pub(super) jti: String,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: String,
}

/// Makes and reads tokens of one issuer.
pub(super) struct Signer {
    key: hmac::Key,
    issuer: String,
}

impl Signer {
    pub(super) fn new(key: hmac::Key, issuer: String) -> Self {
        Self { key, issuer }
    }

    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    pub(super) fn sign(&self, grant: Grant<'_>) -> String {
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: [&*self.issuer].iter().chain(grant.sites).map(|&audience| audience.to_owned()).collect(),
            sub: grant.subject.as_str().to_owned(),
            client_id: CLIENT_ID.to_owned(),
            exp: grant.issued_at + grant.lifetime,
            iat: grant.issued_at,
            jti: grant.jti,
            scope: grant.scope.as_str().to_owned(),
            signed_in: grant.signed_in,
            cnf: grant.jkt.map(|jkt| Confirmation { jkt }),
        };
        sign_hs256(TYP, &claims, &self.key)
    }

    /// The claims of a token of ours, expired or not.
    pub(super) fn verify(&self, unverified_token: &str) -> Result<Claims, AuthError> {
        const NOT_OURS: AuthError = AuthError::Invalid("this server did not issue the token");
        let jws = UnverifiedJws::parse(unverified_token).ok_or(NOT_OURS)?;
        let header: Header = jws.header().ok_or(NOT_OURS)?;
        if header.alg != "HS256" || header.typ != TYP {
            return Err(NOT_OURS);
        }
        let claims: Claims = jws.verify_hs256(&self.key).ok_or(NOT_OURS)?;
        if claims.iss != self.issuer || !claims.is_for(&self.issuer) {
            return Err(AuthError::Invalid("the token was issued for another address of this server"));
        }
        Ok(claims)
    }
}

impl Claims {
    /// Whether it is meant for this server or site.
    pub(super) fn is_for(&self, audience: &str) -> bool {
        self.aud.iter().any(|known| known == audience)
    }

    /// Whom the verified token is for, and what it allows.
    pub(super) fn holder(&self) -> Result<(Subject, Scope), AuthError> {
        let id = VisitorId::parse(&self.sub).map_err(|_| AuthError::Invalid("the token names no visitor"))?;
        let scope = Scope::named(&self.scope).ok_or(AuthError::Invalid("the token has a scope that is not known here"))?;
        Ok((credential_subject(id), scope))
    }
}
