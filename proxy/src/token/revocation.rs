//! Tokens given back before their time (RFC 7009).

use super::TokenService;
use crate::store::StoreError;
use crate::subject::Subject;
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use tokio::sync::broadcast;

/// How many revocations a stream may lag behind before it is ended to be on the safe side.
const BACKLOG: usize = 256;

/// The tokens refused though they have not expired. What is kept in the store, at hand.
#[derive(Debug)]
pub(super) struct Revoked {
    /// `jti` to expiry, seconds since 1970.
    tokens: RwLock<HashMap<String, i64>>,
    news: broadcast::Sender<Subject>,
}

impl Revoked {
    pub(super) fn new(tokens: Vec<(String, i64)>) -> Self {
        Self { tokens: RwLock::new(tokens.into_iter().collect()), news: broadcast::Sender::new(BACKLOG) }
    }

    pub(super) fn contains(&self, jti: &str) -> bool {
        self.tokens.read().unwrap_or_else(PoisonError::into_inner).contains_key(jti)
    }

    fn add(&self, jti: String, expires_at: i64, now: i64) {
        let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|_, until| *until >= now);
        tokens.insert(jti, expires_at);
    }
}

impl TokenService {
    /// Refuses this token from now on, across restarts too, and tells its visitor's open streams.
    /// Whoever holds a token may give it back; a text that is no token of ours is nothing to do.
    pub async fn revoke(&self, unverified_token: &str) -> Result<(), StoreError> {
        let Ok(claims) = self.signer.verify(unverified_token) else { return Ok(()) };
        let Ok((subject, _)) = claims.holder() else { return Ok(()) };
        let now = self.clock.now_seconds();
        if claims.exp <= now || self.revoked.contains(&claims.jti) {
            return Ok(());
        }
        self.store.revoke_token(&claims.jti, claims.exp).await?;
        self.revoked.add(claims.jti, claims.exp, now);
        // An error means that no stream is open.
        let _ = self.revoked.news.send(subject);
        Ok(())
    }

    /// Resolves when a token of this visitor's is revoked. The visitor's streams end themselves then.
    pub fn revocation(&self, subject: &Subject) -> impl Future<Output = ()> + Send + 'static {
        let mut news = self.revoked.news.subscribe();
        let subject = subject.clone();
        async move {
            while let Ok(revoked) = news.recv().await {
                if revoked == subject {
                    break;
                }
            }
        }
    }
}
