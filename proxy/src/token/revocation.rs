//! Tokens given back before their time (RFC 7009).

use super::access::Claims;
use super::{TokenService, secret};
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
    /// Visitor to the second before which tokens were issued that are refused.
    visitors: RwLock<HashMap<String, i64>>,
    news: broadcast::Sender<Subject>,
}

impl Revoked {
    pub(super) fn new(tokens: Vec<(String, i64)>, visitors: Vec<(String, i64)>) -> Self {
        Self {
            tokens: RwLock::new(tokens.into_iter().collect()),
            visitors: RwLock::new(visitors.into_iter().collect()),
            news: broadcast::Sender::new(BACKLOG),
        }
    }

    fn contains(&self, jti: &str) -> bool {
        self.tokens.read().unwrap_or_else(PoisonError::into_inner).contains_key(jti)
    }

    /// Whether this very token or all of its visitor's of that time were taken back.
    pub(super) fn covers(&self, claims: &Claims) -> bool {
        self.contains(&claims.jti) || claims.iat < self.not_before(&claims.sub)
    }

    /// From which second on the visitor's tokens count.
    pub(super) fn not_before(&self, visitor: &str) -> i64 {
        self.visitors.read().unwrap_or_else(PoisonError::into_inner).get(visitor).copied().unwrap_or(0)
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
    ///
    /// When the store fails, this process refuses the token all the same; another call makes up for it.
    pub async fn revoke(&self, unverified_token: &str) -> Result<(), StoreError> {
        let Ok(claims) = self.signer.verify(unverified_token) else { return Ok(()) };
        let Ok((subject, _)) = claims.holder() else { return Ok(()) };
        let now = self.clock.now_seconds();
        if claims.exp <= now {
            return Ok(());
        }
        self.revoked.add(claims.jti.clone(), claims.exp, now);
        // An error means that no stream is open.
        let _ = self.revoked.news.send(subject);
        self.store.revoke_token(&claims.jti, claims.exp, now).await
    }

    /// Whether this is a visitor secret of ours, which is good as long as there is this server's key.
    pub fn is_visitor_secret(&self, unverified_text: &str) -> bool {
        secret::verify(unverified_text, &self.secret_key).is_some()
    }

    /// Refuses all tokens that this visitor holds by now, across restarts too, and tells the
    /// visitor's open streams. Tokens of later exchanges are good.
    pub async fn revoke_visitor(&self, subject: &Subject) -> Result<(), StoreError> {
        let now = self.clock.now_seconds();
        let not_before = now.max(self.revoked.not_before(subject.as_str())) + 1;
        self.store.revoke_visitor(subject, not_before, not_before + i64::from(self.lifetime)).await?;
        let mut visitors = self.revoked.visitors.write().unwrap_or_else(PoisonError::into_inner);
        visitors.retain(|_, until| *until + i64::from(self.lifetime) > now);
        visitors.insert(subject.as_str().to_owned(), not_before);
        drop(visitors);
        let _ = self.revoked.news.send(subject.clone());
        Ok(())
    }

    /// Ends the streams that this visitor has open, whose conversations are somebody else's now.
    pub fn end_streams(&self, subject: &Subject) {
        // An error means that no stream is open.
        let _ = self.revoked.news.send(subject.clone());
    }

    /// Resolves when a token of this visitor's is revoked, or its conversations are somebody else's. The
    /// visitor's streams end themselves then.
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
