use super::{ConfigFile, Outcome, runtime};
use crate::clock::{Clock, Dice, SystemClock, SystemDice};
use crate::config::{Config, Identity, Origin};
use crate::keys::Algorithm;
use crate::store::Store;
use crate::token::{Minting, Scope, TokenService, mint_identity_token};
use clap::ValueEnum;
use std::process::ExitCode;
use std::sync::Arc;
use twinchat_protocol::token::{GRANT_TYPE, JWT_TYPE};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The user's id, as your site has it.
    #[arg(long, value_name = "ID", value_parser = checked_sub)]
    sub: String,
    /// Prints an identity token, as your server would make it, in place of an access token. Needs an [[identity]] with HS256.
    #[arg(long)]
    identity: bool,
    /// Whose user it is, when the settings have several [[identity]].
    #[arg(long)]
    issuer: Option<String>,
    /// The origin of the pages that may use the access token. [default: all of server.allowed_origins]
    #[arg(long, conflicts_with = "identity")]
    origin: Option<String>,
    /// What the token allows.
    #[arg(long, value_enum, default_value_t = AllowedScope::FullAccess)]
    scope: AllowedScope,
    /// How long the token is good for. [default: the longest that the settings allow]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    lifetime: Option<u32>,
    /// Prints a JSON object with the token and what is known of it.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    file: ConfigFile,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum AllowedScope {
    /// Reading only.
    ReadOnly,
    /// Everything a visitor may do.
    FullAccess,
}

impl From<AllowedScope> for Scope {
    fn from(scope: AllowedScope) -> Self {
        match scope {
            AllowedScope::ReadOnly => Self::ReadOnly,
            AllowedScope::FullAccess => Self::FullAccess,
        }
    }
}

/// As an identity token may have it.
fn checked_sub(text: &str) -> Result<String, &'static str> {
    if (1..=255).contains(&text.len()) { Ok(text.to_owned()) } else { Err("use 1 to 255 bytes") }
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let mut config = arguments.file.read()?;
    config.server.complete(config.server.listen);
    let address = match config.server.public_urls.first() {
        Some(url) if !url.as_str().ends_with(":0") => url.to_string(),
        _ => return Err("nobody can know the server's address: set server.public_urls, or a port in server.listen".to_owned()),
    };
    let issuer = issuer(&config, arguments.issuer.as_deref())?;
    if arguments.identity {
        identity_token(arguments, &config, issuer, &address)
    } else {
        access_token(arguments, &config, issuer, &address)
    }
}

/// The issuer asked for, or the only one.
fn issuer<'a>(config: &'a Config, wanted: Option<&str>) -> Result<Option<&'a Identity>, String> {
    let names = || config.identities.iter().map(|identity| identity.issuer.as_str()).collect::<Vec<_>>().join(", ");
    match (wanted, &config.identities[..]) {
        (Some(wanted), all) => match all.iter().find(|identity| identity.issuer.as_str() == wanted) {
            None if all.is_empty() => Err(format!("there is no issuer {wanted}: the settings have no section [[identity]]")),
            None => Err(format!("there is no issuer {wanted}; the settings have: {}", names())),
            found => Ok(found),
        },
        (None, []) => Ok(None),
        (None, [one]) => Ok(Some(one)),
        (None, _) => Err(format!("whose user? Give --issuer with one of: {}", names())),
    }
}

/// The origin asked for, as browsers write it.
fn origin(config: &Config, wanted: Option<&str>) -> Result<Option<Origin>, String> {
    let Some(wanted) = wanted else { return Ok(None) };
    let origin = Origin::parse(wanted).map_err(|error| format!("--origin {wanted}: {error}"))?;
    if !config.server.allows(origin.as_str()) {
        return Err(format!("--origin {origin} is not in server.allowed_origins: its pages may not use this server"));
    }
    Ok(Some(origin))
}

fn lifetime(wanted: Option<u32>, longest: u32, setting: &str) -> Result<u32, String> {
    match wanted {
        Some(wanted) if wanted > longest => Err(format!("--lifetime {wanted} is longer than {setting}, which is {longest}")),
        wanted => Ok(wanted.unwrap_or(longest)),
    }
}

fn identity_token(arguments: &Arguments, config: &Config, issuer: Option<&Identity>, address: &str) -> Outcome {
    let Some(issuer) = issuer else {
        return Err("there is nobody to issue an identity token: add a section [[identity]] to the settings (docs/identity.md)".to_owned());
    };
    let lifetime = lifetime(arguments.lifetime, issuer.max_lifetime_seconds, "the issuer's max_lifetime_seconds")?;
    let now = SystemClock.now_seconds();
    let audience = issuer.audience.as_deref().unwrap_or(address);
    let minting =
        Minting { issuer: Some(issuer.issuer.as_str()), sub: &arguments.sub, origin: None, scope: arguments.scope.into(), lifetime };
    let Some(token) = mint_identity_token(issuer, audience, &minting, (now, &SystemDice as &dyn Dice)) else {
        let (issuer, algorithm) = (&issuer.issuer, issuer.algorithm.name());
        let hs256 = Algorithm::Hs256.name();
        return Err(format!(
            "the private key of {issuer} ({algorithm}) is not here, only its public half: identity tokens can be made for {hs256}"
        ));
    };
    if arguments.json {
        println!("{}", serde_json::json!({"identity_token": token, "expires_at": now + i64::from(lifetime)}));
    } else {
        println!("{token}");
    }
    let origin = config.server.allowed_origins.first().map_or(address, |origin| origin.as_str());
    eprintln!(
        "# Good for {lifetime} s, like one that your server makes. To exchange it:\n\
         #   TOKEN=$(twinchat-proxy token --identity --sub ...)\n\
         #   curl {address}/oauth/token -H 'X-TwinChat: 1' -H 'Origin: {origin}' \\\n\
         #     -d grant_type={GRANT_TYPE} -d subject_token_type={JWT_TYPE} -d subject_token=\"$TOKEN\""
    );
    Ok(ExitCode::SUCCESS)
}

fn access_token(arguments: &Arguments, config: &Config, issuer: Option<&Identity>, address: &str) -> Outcome {
    if !config.tokens.bearer {
        return Err("tokens.bearer is false, and a token made here is bound to no key: with --identity you get a token that your program \
                    can exchange with a proof of its own key"
            .to_owned());
    }
    let lifetime = lifetime(arguments.lifetime, config.tokens.lifetime_seconds, "tokens.lifetime_seconds")?;
    let origin = origin(config, arguments.origin.as_deref())?;
    let name = issuer.map(|issuer| issuer.issuer.as_str());
    let minting =
        Minting { issuer: name, sub: &arguments.sub, origin: origin.as_ref().map(Origin::as_str), scope: arguments.scope.into(), lifetime };
    let path = &config.store.path;
    let minted = runtime()?.block_on(async {
        let store = Store::open(path).await?;
        let tokens = TokenService::open(config, store.clone(), Arc::new(SystemClock), Arc::new(SystemDice)).await?;
        let minted = tokens.mint(&minting);
        store.close().await;
        Ok(minted)
    });
    let minted = minted.map_err(|error: crate::store::StoreError| format!("store.path {}: {error}", path.display()))?;
    if arguments.json {
        println!("{}", serde_json::to_string(&minted).map_err(|error| error.to_string())?);
    } else {
        println!("{}", minted.access_token);
    }
    match name {
        Some(issuer) => eprintln!("# For this user of {issuer}, good for {lifetime} s. To try it:"),
        None => eprintln!("# For a visitor of its own, since the settings have no [[identity]]; good for {lifetime} s. To try it:"),
    }
    eprintln!("#   TOKEN=$(twinchat-proxy token --sub ...)\n#   curl {address}/api/v1/twins -H \"Authorization: Bearer $TOKEN\"");
    Ok(ExitCode::SUCCESS)
}
