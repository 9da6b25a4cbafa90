use serde::{Deserialize, Serialize};

/// How a person answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Manner {
    /// Much later.
    Late,
    /// Twice.
    Twice,
    /// With the message quoted before the answer.
    Quotes,
    /// With the room's oldest message quoted before the answer.
    QuotesAnother,
    /// Not at all.
    Silent,
}
