//! What was spent of the upstream keys' budgets. No visitor's things are here.

use super::{Result, Store};
use serde_json::json;

/// A request to an upstream, as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct LedgerRequest {
    /// Its number in its ledger.
    pub number: i64,
    /// When it was spent, or answered; milliseconds since 1970.
    pub at: i64,
    /// Whether it was answered.
    pub answered: bool,
}

/// A ledger, as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SavedLedger {
    /// Its requests of late.
    pub requests: Vec<LedgerRequest>,
    /// What the upstream said, as it was handed in.
    pub known: Option<String>,
}

/// A change of a ledger, all or nothing.
#[derive(Debug, Clone, Copy)]
pub struct LedgerChange<'a> {
    /// The time, in milliseconds since 1970.
    pub now: i64,
    /// Requests that are new.
    pub spent: &'a [i64],
    /// Requests that were answered, and when.
    pub answered: &'a [(i64, i64)],
    /// Requests that were never sent.
    pub unsent: &'a [i64],
    /// What the upstream said, as text.
    pub known: &'a str,
    /// Answered requests from before this are of no use any more.
    pub forget_before: i64,
}

impl Store {
    /// The secret that ledgers' names are made with: the one kept, or else this one, which is then kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ledger_secret(&self, candidate: [u8; 32]) -> Result<Vec<u8>> {
        let mut transaction = self.write().await?;
        sqlx::query("INSERT INTO budget_secret (id, secret) VALUES (1, ?) ON CONFLICT (id) DO NOTHING")
            .bind(candidate.as_slice())
            .execute(&mut *transaction)
            .await?;
        let secret = sqlx::query_scalar("SELECT secret FROM budget_secret WHERE id = 1").fetch_one(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(secret)
    }

    /// A ledger; empty when it is new.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ledger(&self, name: &str) -> Result<SavedLedger> {
        let mut reading = self.readers.begin().await?;
        let requests = sqlx::query_as("SELECT number, at, answered FROM budget_request WHERE ledger = ? ORDER BY number")
            .bind(name)
            .fetch_all(&mut *reading)
            .await?;
        let known = sqlx::query_scalar("SELECT known FROM budget_ledger WHERE name = ?").bind(name).fetch_optional(&mut *reading).await?;
        Ok(SavedLedger { requests, known })
    }

    /// Keeps a change of a ledger.
    ///
    /// # Errors
    /// When the database fails; then nothing of it is kept.
    pub async fn change_ledger(&self, name: &str, change: &LedgerChange<'_>) -> Result<()> {
        let LedgerChange { now, spent, answered, unsent, known, forget_before } = change;
        let numbers = json!({ "now": now, "spent": spent, "answered": answered, "unsent": unsent, "before": forget_before });
        // Rows are found by their numbers: a join would read the JSON anew for each row of the last two hours.
        let change = sqlx::query(
            "BEGIN IMMEDIATE; \
             INSERT INTO budget_ledger (name, known) VALUES (?1, ?3) ON CONFLICT (name) DO UPDATE SET known = excluded.known; \
             INSERT INTO budget_request (ledger, number, at, answered) SELECT ?1, value, ?2 ->> 'now', 0 FROM json_each(?2, '$.spent'); \
             UPDATE budget_request SET answered = 1, at = (SELECT value ->> 1 FROM json_each(?2, '$.answered') WHERE value ->> 0 = number) \
             WHERE ledger = ?1 AND number IN (SELECT value ->> 0 FROM json_each(?2, '$.answered')); \
             DELETE FROM budget_request WHERE ledger = ?1 AND number IN (SELECT value FROM json_each(?2, '$.unsent')); \
             DELETE FROM budget_request WHERE ledger = ?1 AND answered = 1 AND at < (SELECT ?2 ->> 'before'); \
             COMMIT",
        );
        self.write_at_once(change.bind(name).bind(numbers.to_string()).bind(*known)).await?;
        Ok(())
    }
}
