//! Who is asking, as an argument of a handler.

use super::address::ClientAddress;
use super::context::Context;
use super::error::ApiError;
use crate::app::App;
use crate::budget::Customer;
use crate::subject::Subject;
use crate::token::{Scope, UnverifiedCall};
use axum::extract::{FromRequestParts, OriginalUri};
use http::header::{AUTHORIZATION, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, Method};
use std::net::IpAddr;
use twinchat_protocol::error::ErrorCode;

/// The visitor who calls. A handler that takes one is called only with a good token, and only
/// with the scope that its method needs: all but `GET` and `HEAD` need `full_access`.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Who it is; the store asks for it.
    pub subject: Subject,
    /// What the token allows.
    pub scope: Scope,
    /// Whether the site vouched for who it is; an anonymous visitor otherwise.
    pub signed_in: bool,
    /// The thumbprint of the key that the token is bound to.
    pub jkt: Option<String>,
    /// From where the call comes.
    pub address: IpAddr,
}

impl Visitor {
    /// For whom an upstream is asked.
    pub(super) fn customer(&self) -> Customer {
        if self.signed_in { Customer::SignedIn(self.subject.clone()) } else { Customer::Anonymous(self.subject.clone(), self.address) }
    }
}

impl FromRequestParts<App> for Visitor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let path = parts.extensions.get::<OriginalUri>().map_or(parts.uri.path(), |original| original.path());
        let call = UnverifiedCall {
            authorization: &texts(&parts.headers, AUTHORIZATION.as_str()),
            proofs: &texts(&parts.headers, "dpop"),
            origin: parts.headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or("")),
            method: parts.method.as_str(),
            path,
        };
        let verified = app.tokens().authenticate(&call)?;
        Context::of(&parts.extensions).charge(app.requests(), &verified.subject)?;
        let reads = parts.method == Method::GET || parts.method == Method::HEAD;
        if !reads && verified.scope == Scope::ReadOnly {
            let scheme = if verified.jkt.is_some() { "DPoP" } else { "Bearer" };
            let challenge = format!("{scheme} error=\"insufficient_scope\", scope=\"full_access\"");
            return Err(ApiError::new(ErrorCode::InsufficientScope).challenge(challenge));
        }
        let ClientAddress(address) = ClientAddress::of(&parts.extensions, &parts.headers, app);
        Ok(Self { subject: verified.subject, scope: verified.scope, signed_in: verified.signed_in, jkt: verified.jkt, address })
    }
}

/// All values of a header; one that is not ASCII counts as an empty one, so that it is not overlooked.
pub(super) fn texts<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("")).collect()
}
