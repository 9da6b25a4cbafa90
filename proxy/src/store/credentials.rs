//! What the token room keeps. No visitor's things are here.

use super::{Result, Store};
use crate::clock::rfc3339;
use crate::subject::Subject;

impl Store {
    /// The key that signs access tokens: the one kept, or else this one, which is then kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn signing_key(&self, candidate: [u8; 32], now_millis: i64) -> Result<Vec<u8>> {
        let mut transaction = self.write().await?;
        sqlx::query("INSERT INTO signing_key (id, secret, created_at) VALUES (1, ?, ?) ON CONFLICT (id) DO NOTHING")
            .bind(candidate.as_slice())
            .bind(rfc3339(now_millis))
            .execute(&mut *transaction)
            .await?;
        let key = sqlx::query_scalar("SELECT secret FROM signing_key WHERE id = 1").fetch_one(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(key)
    }

    /// Remembers until its expiry (seconds since 1970) that this token is refused; forgets those that
    /// have expired by now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_token(&self, jti: &str, expires_at: i64, now_seconds: i64) -> Result<()> {
        let mut transaction = self.write().await?;
        sqlx::query("DELETE FROM revoked_token WHERE expires_at < ?")
            .bind(rfc3339(now_seconds.saturating_mul(1000)))
            .execute(&mut *transaction)
            .await?;
        sqlx::query("INSERT INTO revoked_token (jti, expires_at) VALUES (?, ?) ON CONFLICT (jti) DO NOTHING")
            .bind(jti)
            .bind(rfc3339(expires_at.saturating_mul(1000)))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Remembers until then (both in seconds since 1970) that this visitor's tokens issued before
    /// `not_before` are refused.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_visitor(&self, subject: &Subject, not_before: i64, expires_at: i64) -> Result<()> {
        let mut transaction = self.write().await?;
        sqlx::query(
            "INSERT INTO revoked_visitor (visitor_id, not_before, expires_at) VALUES (?, ?, ?) \
             ON CONFLICT (visitor_id) DO UPDATE SET not_before = excluded.not_before, expires_at = excluded.expires_at",
        )
        .bind(subject.as_str())
        .bind(not_before)
        .bind(rfc3339(expires_at.saturating_mul(1000)))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Whose tokens are refused when issued before which second.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoked_visitors(&self, now_seconds: i64) -> Result<Vec<(String, i64)>> {
        let mut reading = self.readers.begin().await?;
        let visitors = sqlx::query_as("SELECT visitor_id, not_before FROM revoked_visitor WHERE expires_at > ?");
        Ok(visitors.bind(rfc3339(now_seconds.saturating_mul(1000))).fetch_all(&mut *reading).await?)
    }

    /// The tokens that are refused though they have not expired; forgets those that have.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoked_tokens(&self, now_seconds: i64) -> Result<Vec<(String, i64)>> {
        let mut transaction = self.write().await?;
        sqlx::query("DELETE FROM revoked_token WHERE expires_at < ?")
            .bind(rfc3339(now_seconds.saturating_mul(1000)))
            .execute(&mut *transaction)
            .await?;
        let tokens = sqlx::query_as("SELECT jti, unixepoch(expires_at) FROM revoked_token").fetch_all(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(tokens)
    }

    /// Whether the identity token with this mark was not used before; now it was. Remembered until it is
    /// no longer good for anything (seconds since 1970).
    ///
    /// # Errors
    /// When the database fails; the token is not used up then.
    pub async fn use_identity_token(&self, mark: &[u8], expires_at: i64) -> Result<bool> {
        let mut transaction = self.write().await?;
        let used = sqlx::query("INSERT INTO used_identity_token (mark, expires_at) VALUES (?, ?) ON CONFLICT (mark) DO NOTHING")
            .bind(mark)
            .bind(rfc3339(expires_at.saturating_mul(1000)))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(used.rows_affected() == 1)
    }
}
