//! The anonymous visitor that a signed-in one was before.

use super::{TokenService, credential_subject, key_holder, secret};
use crate::subject::Subject;

/// Nothing shows that the caller was an anonymous visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoEvidence {
    /// Neither is the token bound to a key, nor was a secret sent.
    #[error("there is neither a key nor a visitor secret")]
    Missing,
    /// The secret is none of this server's.
    #[error("this server did not issue the visitor secret")]
    NotOurs,
}

impl TokenService {
    /// The anonymous visitor with this secret; without one, the one who holds the key that the caller has just
    /// proved to hold.
    ///
    /// # Errors
    /// When there is no such evidence.
    pub fn anonymous(&self, proven_jkt: Option<&str>, unverified_secret: Option<&str>) -> Result<Subject, NoEvidence> {
        let visitor = match (unverified_secret, proven_jkt) {
            (Some(unverified_secret), _) => secret::verify(unverified_secret, &self.secret_key).ok_or(NoEvidence::NotOurs)?,
            (None, Some(jkt)) => key_holder(jkt),
            (None, None) => return Err(NoEvidence::Missing),
        };
        Ok(credential_subject(visitor))
    }
}
