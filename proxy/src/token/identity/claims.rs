//! What an identity token's header and claims may say (RFC 7519, RFC 8725).

use crate::token::Scope;
use serde_json::{Map, Value};

/// How far the clocks of the site and of this server may be apart, in seconds.
pub(super) const LEEWAY: i64 = 30;
/// The longest `sub` and `jti`, in bytes.
const MAX_ID_BYTES: usize = 255;
/// Header parameters that bring keys along or change what is signed.
const REFUSED: [&str; 7] = ["crit", "jku", "x5u", "jwk", "x5c", "b64", "zip"];

/// What an issuer's tokens have to say.
#[derive(Debug)]
pub(super) struct Rules {
    /// Any of them is good.
    pub(super) audiences: Vec<String>,
    /// The most seconds from `iat` to `exp`.
    pub(super) max_lifetime: i64,
    /// Whether a token is good once.
    pub(super) one_time: bool,
}

/// What a token says, as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) sub: String,
    /// Seconds since 1970.
    pub(super) exp: i64,
    /// Of tokens that are good once.
    pub(super) jti: Option<String>,
    pub(super) scope: Scope,
}

/// Checks the header; gives the `kid`.
pub(super) fn kid<'a>(header: &'a Map<String, Value>, algorithm: &str) -> Result<Option<&'a str>, &'static str> {
    if REFUSED.iter().any(|name| header.contains_key(*name)) {
        return Err("the identity token's header has one of crit, jku, x5u, jwk, x5c, b64, zip: leave it out");
    }
    match header.get("typ") {
        None => {}
        Some(Value::String(typ)) if typ.eq_ignore_ascii_case("JWT") => {}
        Some(_) => return Err("the identity token's typ must be JWT, or left out"),
    }
    if header.get("alg").and_then(Value::as_str) != Some(algorithm) {
        return Err("the identity token's alg is not the algorithm that this server's settings have for its iss");
    }
    match header.get("kid") {
        None => Ok(None),
        Some(Value::String(kid)) => Ok(Some(kid)),
        Some(_) => Err("the identity token's kid must be a string"),
    }
}

/// Checks the claims of a token with a good signature.
pub(super) fn check(claims: &Map<String, Value>, rules: &Rules, now: i64) -> Result<Claims, &'static str> {
    let audience =
        claims.get("aud").ok_or("the identity token needs the claim aud: this server's public URL, unless its settings say otherwise")?;
    if !is_among(audience, &rules.audiences) {
        return Err(
            "the identity token's aud is not this server: use its public URL, without a slash at the end, unless its settings say otherwise",
        );
    }
    let exp = check_times(claims, rules.max_lifetime, now)?;
    let sub = text(claims, "sub").ok_or("the identity token needs the claim sub, a string: your own id of the user")?;
    if !fits(sub) {
        return Err("the identity token's sub must have 1 to 255 bytes");
    }
    let jti = match (rules.one_time, text(claims, "jti")) {
        (false, _) => None,
        (true, Some(jti)) if fits(jti) => Some(jti.to_owned()),
        (true, _) => return Err("the identity token needs a jti of 1 to 255 bytes, another one each time: it is good once"),
    };
    Ok(Claims { sub: sub.to_owned(), exp, jti, scope: scope(claims)? })
}

/// Gives the `exp`.
fn check_times(claims: &Map<String, Value>, max_lifetime: i64, now: i64) -> Result<i64, &'static str> {
    const MISSING: &str = "the identity token needs the claims iat and exp, in seconds since 1970";
    let (iat, exp) = time(claims, "iat")?.zip(time(claims, "exp")?).ok_or(MISSING)?;
    if exp <= iat {
        return Err("the identity token's exp must be later than its iat");
    }
    if exp - iat > max_lifetime {
        return Err("the identity token is good for longer than max_lifetime_seconds in this server's settings: bring exp nearer to iat");
    }
    if exp + LEEWAY <= now {
        return Err("the identity token has expired: make one for each exchange");
    }
    if iat - LEEWAY > now {
        return Err("the identity token's iat is in the future: put the clock right on the server that makes it");
    }
    if time(claims, "nbf")?.is_some_and(|nbf| nbf - LEEWAY > now) {
        return Err("the identity token's nbf is in the future: it is not good yet");
    }
    Ok(exp)
}

/// RFC 7519 section 2, NumericDate: seconds since 1970, perhaps with a fraction.
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, &'static str> {
    /// As far as a JSON number is exact; also far from where sums overflow.
    const LATEST: f64 = 9_007_199_254_740_991.0;
    match claims.get(name).map(Value::as_f64) {
        None => Ok(None),
        Some(Some(seconds)) if (0.0..=LATEST).contains(&seconds) => Ok(Some(seconds.floor() as i64)),
        Some(_) => Err("the identity token's iat, exp and nbf must be numbers: seconds since 1970"),
    }
}

/// A name that is not known could be a spelling error of one that is, so it is refused.
fn scope(claims: &Map<String, Value>) -> Result<Scope, &'static str> {
    const UNKNOWN: &str = "the identity token's scope must be read_only or full_access, or left out";
    match claims.get("scope") {
        None => Ok(Scope::FullAccess),
        Some(Value::String(name)) => Scope::named(name).ok_or(UNKNOWN),
        Some(_) => Err(UNKNOWN),
    }
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

fn fits(id: &str) -> bool {
    (1..=MAX_ID_BYTES).contains(&id.len())
}

fn is_among(audience: &Value, audiences: &[String]) -> bool {
    let known = |one: &Value| one.as_str().is_some_and(|one| audiences.iter().any(|known| known == one));
    match audience {
        Value::Array(all) => all.iter().all(Value::is_string) && all.iter().any(known),
        one => known(one),
    }
}
