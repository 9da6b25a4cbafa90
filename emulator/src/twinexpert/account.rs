//! The account, its keys and their scopes ("5.2. Xác thực").

use super::TwinExpert;
use super::answer::{Ask, Problem, data};
use crate::clock::{Dice, iso};
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

const PREFIX: &str = "txp_live_";
const RANDOM_PART: usize = 40;

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Read twins and conversations.
    ReadOnly,
    /// Also create conversations and send messages.
    FullAccess,
}

/// The credentials that exist from the start. Demo values, but shown by `Debug` to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// A `full_access` key.
    pub key: String,
    /// A `read_only` key.
    pub read_only_key: String,
    /// The account's JWT, which creates keys.
    pub jwt: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

impl Credentials {
    /// Those of a seed. The JWT has the parts of one; its signature is by nobody.
    pub fn of_seed(seed: u64) -> Self {
        let mut dice = Dice::named(seed, "credentials");
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = part(json!({"alg": "HS256", "typ": "JWT"}));
        let claims = part(
            json!({"sub": format!("usr_{}", dice.alphanumeric(12)), "email": "chu-shop@example.vn", "iat": 1_705_314_600, "exp": 4_102_444_800_u64}),
        );
        let signature = URL_SAFE_NO_PAD.encode(dice.alphanumeric(32));
        Self { key: new_key(&mut dice), read_only_key: new_key(&mut dice), jwt: format!("{header}.{claims}.{signature}") }
    }

    /// What is wrong with them. A key that is given by hand may have another form than the emulator's own.
    ///
    /// # Errors
    /// A sentence that says which and what it should be; never the value itself.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (name, value) in [("key", &self.key), ("read-only key", &self.read_only_key), ("JWT", &self.jwt)] {
            if value.len() < 16 || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(format!("the {name} must be 16 or more letters, digits and signs without a space"));
            }
        }
        if self.key == self.read_only_key || self.key == self.jwt || self.jwt == self.read_only_key {
            return Err("key, read-only key and JWT must differ".to_owned());
        }
        Ok(())
    }
}

/// Whether this has the form of a key: `txp_live_` and 40 letters or digits.
fn is_key(text: &str) -> bool {
    text.strip_prefix(PREFIX).is_some_and(|rest| rest.len() == RANDOM_PART && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn new_key(dice: &mut Dice) -> String {
    format!("{PREFIX}{}", dice.alphanumeric(RANDOM_PART))
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    /// A key.
    Key(Scope),
    /// The account's JWT.
    Account,
    /// No credential at all.
    Nobody,
    /// Something that is not in the form of a key.
    Misformed,
    /// A key that does not exist.
    Unknown,
}

impl Caller {
    /// The scope, when it is enough.
    pub(super) fn allow(self, needed: Scope) -> Result<(), Problem> {
        match self {
            Self::Key(Scope::FullAccess) => Ok(()),
            Self::Key(Scope::ReadOnly) if needed == Scope::ReadOnly => Ok(()),
            Self::Key(Scope::ReadOnly) => Err(Problem::Forbidden),
            Self::Nobody => Err(Problem::Unauthorized("API key is required")),
            Self::Misformed | Self::Account => Err(Problem::Unauthorized("Invalid API key format")),
            Self::Unknown => Err(Problem::Unauthorized("Invalid or expired API key")),
        }
    }
}

/// The keys that exist.
#[derive(Debug)]
pub(super) struct Account {
    keys: HashMap<String, Scope>,
    jwt: String,
}

impl Account {
    pub(super) fn new(credentials: &Credentials) -> Self {
        let keys = [(credentials.key.clone(), Scope::FullAccess), (credentials.read_only_key.clone(), Scope::ReadOnly)];
        Self { keys: keys.into(), jwt: credentials.jwt.clone() }
    }

    pub(super) fn caller(&self, credential: Option<&str>) -> Caller {
        match credential {
            None => Caller::Nobody,
            Some(jwt) if jwt == self.jwt => Caller::Account,
            Some(key) => match self.keys.get(key) {
                Some(scope) => Caller::Key(*scope),
                None if is_key(key) => Caller::Unknown,
                None => Caller::Misformed,
            },
        }
    }
}

/// The credential of a request: `Authorization: Bearer …` or, without that, `X-API-Key`.
pub(super) fn credential(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = text("authorization").map(|value| {
        let (scheme, rest) = value.split_once(' ').unwrap_or(("", value));
        if scheme.eq_ignore_ascii_case("bearer") { rest.trim() } else { value }
    });
    bearer.or(text("x-api-key")).map(str::to_owned)
}

#[derive(Deserialize)]
struct NewKey {
    name: String,
    scope: Scope,
}

/// `POST /api/v1/auth/api-keys`
pub(super) async fn create_key(State(api): State<Arc<TwinExpert>>, Extension(ask): Extension<Ask>) -> Result<Response, Problem> {
    if ask.caller != Caller::Account {
        return Err(Problem::Unauthorized("Unauthorized"));
    }
    let NewKey { name, scope } = ask.body()?;
    if name.trim().is_empty() {
        return Err(Problem::field("name", "name không được để trống"));
    }
    let mut memory = api.memory();
    let key = new_key(&mut memory.ids);
    let id = memory.new_id("key");
    memory.account.keys.insert(key.clone(), scope);
    let quota = if scope == Scope::ReadOnly { api.quotas.read_only } else { api.quotas.full_access };
    let made = json!({
        "id": id, "name": name, "key": key, "scope": scope, "createdAt": iso(ask.at), "rateLimit": {"perHour": quota.per_hour, "burst": quota.burst},
    });
    Ok(data(http::StatusCode::CREATED, made))
}
