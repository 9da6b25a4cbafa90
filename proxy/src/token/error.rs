//! What can be wrong with a credential. Texts are for developers, in ASCII without quotes, and
//! repeat nothing that was sent.

use super::proof::ProofError;
use super::replay::KEPT_SECONDS;

/// Seconds until a memory that is full has room again.
const ROOM_AFTER: u32 = KEPT_SECONDS as u32;

/// Why a call is not made in anybody's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// There is no `Authorization`.
    #[error("there is no access token")]
    Missing,
    /// It is not a token of this server's, or not used as it must be.
    #[error("{0}")]
    Invalid(&'static str),
    /// It was good and is no longer.
    #[error("the access token has expired")]
    Expired,
    /// The proof of possession is not good (RFC 9449 section 4.3).
    #[error("{0}")]
    Proof(&'static str),
    /// The proof is good but for its nonce (RFC 9449 section 9).
    #[error("the proof needs the nonce of the header DPoP-Nonce")]
    Nonce,
    /// The visitor sends more proofs than can be remembered.
    #[error("too many proofs in too short a time")]
    TooManyProofs {
        /// Seconds until there is room again.
        retry_after: u32,
    },
}

impl From<ProofError> for AuthError {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Invalid(why) => Self::Proof(why),
            ProofError::Nonce => Self::Nonce,
            ProofError::NoRoom => Self::TooManyProofs { retry_after: ROOM_AFTER },
        }
    }
}

/// Why a token is not given, in the terms of RFC 6749 section 5.2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// A parameter is missing, repeated or wrong; also a bad subject token (RFC 8693 section 2.2.2).
    #[error("{0}")]
    InvalidRequest(&'static str),
    /// Another grant type than token exchange.
    #[error("{0}")]
    UnsupportedGrantType(&'static str),
    /// A scope that does not exist.
    #[error("{0}")]
    InvalidScope(&'static str),
    /// A token for another server is asked for (RFC 8693 section 2.2.2).
    #[error("{0}")]
    InvalidTarget(&'static str),
    /// The proof of possession is not good (RFC 9449 section 5).
    #[error("{0}")]
    InvalidProof(&'static str),
    /// It may be good, but that cannot be found out at the moment.
    #[error("{why}")]
    Unavailable {
        /// What is missing.
        why: &'static str,
        /// Seconds until another try makes sense.
        retry_after: u32,
    },
    /// The proof is good but for its nonce (RFC 9449 section 8).
    #[error("the proof needs the nonce of the header DPoP-Nonce")]
    UseNonce,
    /// There are more proofs than can be remembered.
    #[error("too many proofs in too short a time")]
    TooManyProofs {
        /// Seconds until there is room again.
        retry_after: u32,
    },
}

impl ExchangeError {
    /// The code of RFC 6749 section 5.2, RFC 8693 section 2.2.2 or RFC 9449; for metrics where it has none.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::UnsupportedGrantType(_) => "unsupported_grant_type",
            Self::InvalidScope(_) => "invalid_scope",
            Self::InvalidTarget(_) => "invalid_target",
            Self::InvalidProof(_) => "invalid_dpop_proof",
            Self::UseNonce => "use_dpop_nonce",
            Self::Unavailable { .. } => "temporarily_unavailable",
            Self::TooManyProofs { .. } => "rate_limited",
        }
    }
}

impl From<ProofError> for ExchangeError {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Invalid(why) => Self::InvalidProof(why),
            ProofError::Nonce => Self::UseNonce,
            ProofError::NoRoom => Self::TooManyProofs { retry_after: ROOM_AFTER },
        }
    }
}
