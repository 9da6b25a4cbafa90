use crate::budget::Refusal;
use twinchat_protocol::error::ErrorCode;

/// Why an upstream did not do what it was asked. The notes are for the operator's log: shortened,
/// without the key, without anything that was said, never shown to a visitor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// No connection.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// It refuses the key, or the key may not do this.
    #[error("refuses the key: {0}")]
    Refused(String),
    /// It wants fewer requests.
    #[error("asks for a pause")]
    Limited {
        /// Seconds until another try makes sense, if it says.
        retry_after: Option<u32>,
    },
    /// It does not know the twin, the conversation or the path.
    #[error("does not know this: {0}")]
    NotFound(String),
    /// It failed, or said something that cannot be understood.
    #[error("failed: {0}")]
    Failed(String),
    /// It fell silent.
    #[error("fell silent: {0}")]
    Silent(&'static str),
    /// The connection broke while it was answering.
    #[error("broke off: {0}")]
    BrokeOff(String),
    /// It was not asked at all.
    #[error("is not asked: {0}")]
    NotAsked(#[from] Refusal),
}

impl UpstreamError {
    /// Its name where it is counted.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Refused(_) => "refused",
            Self::Limited { .. } => "limited",
            Self::NotFound(_) => "not_found",
            Self::Failed(_) => "failed",
            Self::Silent(_) => "silent",
            Self::BrokeOff(_) => "broke_off",
            Self::NotAsked(_) => "not_asked",
        }
    }

    /// What the visitor is told.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Unreachable(_) => ErrorCode::UpstreamUnavailable,
            Self::Refused(_) => ErrorCode::UpstreamRefused,
            Self::Limited { .. } => ErrorCode::RateLimited,
            Self::NotFound(_) | Self::Failed(_) => ErrorCode::UpstreamError,
            Self::Silent(_) => ErrorCode::UpstreamTimeout,
            Self::BrokeOff(_) => ErrorCode::ReplyIncomplete,
            Self::NotAsked(refusal) => refusal.code(),
        }
    }

    /// Seconds until another try makes sense, if known.
    pub fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Limited { retry_after } => *retry_after,
            Self::NotAsked(refusal) => refusal.retry_after(),
            _ => None,
        }
    }
}
