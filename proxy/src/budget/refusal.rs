use twinchat_protocol::error::ErrorCode;

/// Why an upstream is not asked. For the operator; visitors hear the code's own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Others come first for longer than anybody is let wait.
    #[error("the budget is used up for {retry_after} s")]
    Busy {
        /// Seconds until another try makes sense, at least 1.
        retry_after: u32,
    },
    /// It has failed too often of late.
    #[error("it failed too often and is left alone for {retry_after} s")]
    Failing {
        /// Seconds until it is tried again, at least 1.
        retry_after: u32,
    },
    /// It refuses the key; asking again changes nothing.
    #[error("it refuses the key and is left alone for {retry_after} s")]
    KeyRefused {
        /// Seconds until it is tried again, at least 1.
        retry_after: u32,
    },
    /// What is not written down is not spent.
    #[error("what it would cost cannot be written down: {0}")]
    Store(String),
}

impl Refusal {
    /// What the visitor is told.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Busy { .. } => ErrorCode::RateLimited,
            Self::Failing { .. } => ErrorCode::UpstreamUnavailable,
            Self::KeyRefused { .. } => ErrorCode::UpstreamRefused,
            Self::Store(_) => ErrorCode::StoreUnavailable,
        }
    }

    /// Seconds until another try makes sense.
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Busy { retry_after } | Self::Failing { retry_after } | Self::KeyRefused { retry_after } => Some(*retry_after),
            Self::Store(_) => None,
        }
    }

    /// Its name where it is counted.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Busy { .. } => "budget",
            Self::Failing { .. } => "failing",
            Self::KeyRefused { .. } => "key",
            Self::Store(_) => "store",
        }
    }
}

/// Milliseconds as whole seconds that are not too few, at least 1.
pub(super) fn seconds(millis: i64) -> u32 {
    u32::try_from((millis.max(1) + 999) / 1000).unwrap_or(u32::MAX)
}
