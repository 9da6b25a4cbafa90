use super::{Result, Store, StoreError};
use crate::clock::rfc3339;
use crate::subject::Subject;

/// The user that the anonymous visitor `?1` became, in SQL; NULL for anybody else. What the anonymous visitor began
/// is brought to its end in the user's name by it; nobody is ever answered by it.
pub(super) const USER_OF_1: &str = "(SELECT user_id FROM visitor_link WHERE anonymous_id = ?1)";

impl Store {
    /// Makes an anonymous visitor's conversations a user's, with the idempotency keys sent in them. Both have proved
    /// who they are. Says how many there were: again for the same user, those that came since.
    ///
    /// # Errors
    /// [`StoreError::LinkedElsewhere`] when the visitor became another user before.
    pub async fn link(&self, user: &Subject, anonymous: &Subject, now: i64) -> Result<u64> {
        let now = rfc3339(now);
        let mut transaction = self.write().await?;
        sqlx::query("INSERT INTO visitor (id, created_at) VALUES (?, ?) ON CONFLICT (id) DO NOTHING")
            .bind(user.as_str())
            .bind(&now)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("INSERT INTO visitor_link (anonymous_id, user_id, linked_at) VALUES (?, ?, ?) ON CONFLICT (anonymous_id) DO NOTHING")
            .bind(anonymous.as_str())
            .bind(user.as_str())
            .bind(&now)
            .execute(&mut *transaction)
            .await?;
        let linked: String = sqlx::query_scalar("SELECT user_id FROM visitor_link WHERE anonymous_id = ?")
            .bind(anonymous.as_str())
            .fetch_one(&mut *transaction)
            .await?;
        if linked != user.as_str() {
            return Err(StoreError::LinkedElsewhere);
        }
        let mut moved = 0;
        for (at, table) in ["conversation", "idempotency"].into_iter().enumerate() {
            let rows = sqlx::query(sqlx::AssertSqlSafe(format!("UPDATE {table} SET visitor_id = ? WHERE visitor_id = ?")))
                .bind(user.as_str())
                .bind(anonymous.as_str())
                .execute(&mut *transaction)
                .await?
                .rows_affected();
            moved += if at == 0 { rows } else { 0 };
        }
        sqlx::query("DELETE FROM visitor WHERE id = ?").bind(anonymous.as_str()).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(moved)
    }
}
