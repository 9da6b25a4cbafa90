//! Tokens that the owner makes by hand, for trying things out.

use super::exchange::Credential;
use super::jws::sign_hs256;
use super::{Scope, TokenService};
use crate::clock::{Dice, random_id_part};
use crate::config::{Identity, IdentityKeys, Origin};
use serde_json::json;
use twinchat_protocol::token::TokenResponse;

/// The issuer of users whom no site vouches for. No issuer in the settings can be called so.
const NOBODY: &str = "";

/// What token is wished for.
#[derive(Debug, Clone, Copy)]
pub struct Minting<'a> {
    /// Whose user; none for a visitor who is nobody's user.
    pub issuer: Option<&'a str>,
    /// The user's id there.
    pub sub: &'a str,
    /// The origin of the pages that may use it; none for all pages that may use the server.
    pub origin: Option<&'a str>,
    /// What it allows.
    pub scope: Scope,
    /// Seconds.
    pub lifetime: u32,
}

impl TokenService {
    /// A bearer token for this user. For whoever has the settings and the store, and may do anything anyway.
    pub fn mint(&self, minting: &Minting<'_>) -> TokenResponse {
        let visitor = self.user_id(minting.issuer.unwrap_or(NOBODY), minting.sub);
        let credential = Credential { signed_in: true, ..Credential::of(visitor) };
        let sites = minting.origin.map_or_else(|| self.sites.iter().map(Origin::as_str).collect(), |origin| vec![origin]);
        self.grant(credential, &sites, minting.scope, minting.lifetime)
    }
}

/// An identity token as the site's server would make it at this time (seconds since 1970); none when its
/// signing key is not in the settings.
pub fn mint_identity_token(identity: &Identity, audience: &str, minting: &Minting<'_>, (now, dice): (i64, &dyn Dice)) -> Option<String> {
    let IdentityKeys::Fixed(keys) = &identity.keys else { return None };
    let claims = json!({
        "iss": identity.issuer.as_str(),
        "aud": audience,
        "sub": minting.sub,
        "iat": now,
        "exp": now + i64::from(minting.lifetime),
        "jti": random_id_part(dice),
        "scope": minting.scope.as_str(),
    });
    Some(sign_hs256("JWT", &claims, keys.shared_secret()?))
}
