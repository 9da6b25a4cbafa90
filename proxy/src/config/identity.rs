//! The site's own word for who is signed in: who gives it, and how it is checked.

use super::load::{Environment, read_secret};
use super::values::{Issuer, JwksUrl};
use crate::keys::{Algorithm, KeySet};
use std::path::{Path, PathBuf};

/// The longest that an identity token may be good for, whatever the owner says.
const MAX_LIFETIME: u32 = 86_400;

settings! {
    /// Who vouches for signed-in visitors: your site's server, with a short-lived identity token (a JWT)
    /// that the page exchanges for an access token. docs/identity.md has the code for it in six languages.
    /// There may be several. Give the key in exactly one of the ways below.
    "[[identity]]" IdentitySection required {
        /// The token's `iss`: a name of yours for who issues it. Part of who a visitor is, so do not change it later.
        issuer: Issuer, Required "\"https://www.example.com\"";
        /// The token's `aud`. Left out: each of this server's `public_urls`.
        audience: Option<String>, Example "\"https://chat.example.com\"";
        /// How the token is signed: `HS256` (a secret that your server and this one share), `RS256`, `PS256`,
        /// `ES256` or `EdDSA` (your server's private key). No other is accepted from this issuer.
        algorithm: Algorithm, Required "\"HS256\"";
        /// The environment variable that holds the secret for HS256: at least 32 bytes, from: openssl rand -base64 48
        secret_env: Option<String>, Required "\"TWINCHAT_IDENTITY_SECRET\"";
        /// The file that holds the secret and nothing else, instead of `secret_env`. Relative to this file.
        secret_file: Option<PathBuf>, Example "\"/run/secrets/twinchat_identity\"";
        /// The file with the public key, as PEM, JWK or JWKS; not for HS256. Relative to this file.
        public_key_file: Option<PathBuf>, Example "\"identity_public.pem\"";
        /// Where the public keys are published as a JWKS: https, or http on the loopback address; not for HS256.
        jwks_url: Option<JwksUrl>, Example "\"https://www.example.com/.well-known/jwks.json\"";
        /// The longest a token may be good for: its `exp` minus its `iat`, in seconds.
        #[serde(default = "ten_minutes")]
        max_lifetime_seconds: u32, Default "600";
        /// Whether a token is good for one exchange only; it then needs a `jti`.
        #[serde(default)]
        one_time: bool, Default "false";
    }
}

fn ten_minutes() -> u32 {
    600
}

/// An issuer of identity tokens, with its keys or where they are.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The token's `iss`.
    pub issuer: Issuer,
    /// The token's `aud`; none for this server's public URLs.
    pub audience: Option<String>,
    /// The only algorithm.
    pub algorithm: Algorithm,
    /// What signatures are checked with.
    pub keys: IdentityKeys,
    /// The most seconds from `iat` to `exp`.
    pub max_lifetime_seconds: u32,
    /// Whether a token is good once.
    pub one_time: bool,
}

/// Where an issuer's keys come from.
#[derive(Debug, Clone)]
pub enum IdentityKeys {
    /// From the settings.
    Fixed(KeySet),
    /// From this address, again and again.
    Published(JwksUrl),
}

/// Checks the sections, against each other too, and fetches what they name. Tells what is wrong.
pub(super) fn read_all(sections: Vec<IdentitySection>, from: (&Path, Environment<'_>), wrong: &mut dyn FnMut(String)) -> Vec<Identity> {
    let mut identities: Vec<Identity> = Vec::new();
    for section in sections {
        if identities.iter().any(|earlier| earlier.issuer == section.issuer) {
            let issuer = &section.issuer;
            wrong(format!("two sections [[identity]] have the issuer \"{issuer}\": one issuer has one algorithm and one place for keys"));
        }
        match read(section, from.0, from.1) {
            Ok(identity) => identities.push(identity),
            Err(message) => wrong(message),
        }
    }
    identities
}

fn read(section: IdentitySection, folder: &Path, env: Environment<'_>) -> Result<Identity, String> {
    let in_section = |message: String| format!("identity \"{}\": {message}", section.issuer);
    if !(10..=MAX_LIFETIME).contains(&section.max_lifetime_seconds) {
        return Err(in_section(format!(
            "max_lifetime_seconds is {}: choose a number from 10 to {MAX_LIFETIME}",
            section.max_lifetime_seconds
        )));
    }
    if section.audience.as_ref().is_some_and(|audience| audience.trim().is_empty()) {
        return Err(in_section("audience is empty: name one, or leave it out for this server's public_urls".to_owned()));
    }
    Ok(Identity {
        keys: keys(&section, folder, env).map_err(in_section)?,
        issuer: section.issuer,
        audience: section.audience,
        algorithm: section.algorithm,
        max_lifetime_seconds: section.max_lifetime_seconds,
        one_time: section.one_time,
    })
}

fn keys(section: &IdentitySection, folder: &Path, env: Environment<'_>) -> Result<IdentityKeys, String> {
    let shared = section.secret_env.is_some() || section.secret_file.is_some();
    let published = section.public_key_file.is_some() || section.jwks_url.is_some();
    let name = section.algorithm.name();
    match section.algorithm {
        Algorithm::Hs256 if published => {
            return Err(format!("{name} has a shared secret: give secret_env or secret_file, or choose RS256, PS256, ES256 or EdDSA"));
        }
        Algorithm::Hs256 => {
            let (text, place) = read_secret(&section.secret_env, &section.secret_file, ("secret_env", "secret_file"), (folder, env))?;
            return KeySet::secret(&text).map(IdentityKeys::Fixed).map_err(|error| format!("{place} {error}"));
        }
        _ if shared => return Err(format!("{name} has a public key, not a secret: give public_key_file or jwks_url, or choose HS256")),
        _ => {}
    }
    match (&section.public_key_file, &section.jwks_url) {
        (Some(file), None) => {
            let file = folder.join(file);
            let text =
                std::fs::read_to_string(&file).map_err(|error| format!("public_key_file {} cannot be read: {error}", file.display()))?;
            let keys = KeySet::public(&text, section.algorithm).map_err(|error| format!("public_key_file {} {error}", file.display()))?;
            Ok(IdentityKeys::Fixed(keys))
        }
        (None, Some(url)) => Ok(IdentityKeys::Published(url.clone())),
        (Some(_), Some(_)) => Err("give public_key_file or jwks_url, not both".to_owned()),
        (None, None) => Err(format!("{name} needs a public key: say where it is, with public_key_file (a file) or jwks_url (an address)")),
    }
}
