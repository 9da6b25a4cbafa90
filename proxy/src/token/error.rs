//! What can be wrong with a credential. Texts are for developers, in ASCII without quotes, and
//! repeat nothing that was sent.

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
}
