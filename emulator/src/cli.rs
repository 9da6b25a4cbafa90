//! The program `twinchat-emulator`: its options, and its one line of JSON.

use crate::kamimind::StreamFormat;
use crate::net::StartError;
use crate::server::{Emulator, Options};
use crate::site::{Site, SiteOptions};
use crate::twinexpert::{Credentials, Quotas};
use crate::world::Pace;
use clap::{Parser, ValueEnum};
use serde_json::json;
use std::io::IsTerminal as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

/// Pretend upstream chat APIs (TwinExpert, Teams bridge, KamiMind, OpenAI-compatible) with seeded faults, and a pretend site to embed the widget in.
///
/// For demos and tests: listens on loopback only and keeps nothing.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen; must be a loopback address.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// The upstreams' port; 0 is any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Decides ids, credentials, answers, the cuts between deltas, and the chances of faults.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How quickly answers come.
    #[arg(long, value_enum, default_value_t = PaceName::Real)]
    pace: PaceName,
    /// The `full_access` key that exists from the start. [default: the seed's]
    #[arg(long, env = "TWINCHAT_EMULATOR_KEY", hide_env_values = true)]
    key: Option<String>,
    /// The account's JWT. [default: the seed's]
    #[arg(long, env = "TWINCHAT_EMULATOR_JWT", hide_env_values = true)]
    jwt: Option<String>,
    /// Lets a `full_access` key do so many requests an hour, so many of them at once. [default: 500,100 as documented]
    #[arg(long, value_name = "PER_HOUR,BURST", value_parser = quota)]
    full_access_limit: Option<crate::limit::Quota>,
    /// What KamiMind's `streaming=true` gives, which its document does not say.
    #[arg(long, value_enum, default_value_t = StreamFormat::Sse, value_name = "FORMAT")]
    kamimind_stream: StreamFormat,
    /// Also serves this folder as the pretend site (the built demo page).
    #[arg(long, env = "TWINCHAT_SITE_DIR", requires = "widget_origin")]
    site_dir: Option<PathBuf>,
    /// The site's port; 0 is any free one.
    #[arg(long, default_value_t = 0, requires = "site_dir")]
    site_port: u16,
    /// Where the site's pages load the widget from: the proxy's origin.
    #[arg(long, visible_alias = "proxy", value_name = "ORIGIN", requires = "site_dir")]
    widget_origin: Option<String>,
    /// Prints one line of JSON with addresses and credentials once everything answers, and nothing else on standard output.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PaceName {
    /// As a large model writes.
    Real,
    /// Five times as quick.
    Fast,
    /// Everything at once.
    Instant,
}

impl From<PaceName> for Pace {
    fn from(name: PaceName) -> Self {
        match name {
            PaceName::Real => Self::REAL,
            PaceName::Fast => Self { interval: Self::REAL.interval / 5, thinking: Self::REAL.thinking / 5, ..Self::REAL },
            PaceName::Instant => Self::INSTANT,
        }
    }
}

fn quota(text: &str) -> Result<crate::limit::Quota, String> {
    let (per_hour, burst) = text.split_once(',').ok_or("write it like 500,100")?;
    let number = |text: &str| text.trim().parse::<u32>().ok().filter(|number| *number > 0).ok_or("both must be numbers above 0");
    Ok(crate::limit::Quota { per_hour: number(per_hour)?, burst: number(burst)? })
}

/// Runs until Ctrl-C or SIGTERM.
pub async fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .with_target(false)
        .init();
    match start(arguments).await {
        Ok(_running) => {
            stopped().await;
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("twinchat-emulator: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn start(arguments: Arguments) -> Result<(Emulator, Option<Site>), StartError> {
    let of_seed = Credentials::of_seed(arguments.seed);
    let credentials = Credentials {
        key: arguments.key.unwrap_or(of_seed.key),
        read_only_key: of_seed.read_only_key,
        jwt: arguments.jwt.unwrap_or(of_seed.jwt),
    };
    let documented = Quotas::default();
    let emulator = Emulator::start(Options {
        host: arguments.host,
        port: arguments.port,
        seed: arguments.seed,
        pace: arguments.pace.into(),
        quotas: Quotas { full_access: arguments.full_access_limit.unwrap_or(documented.full_access), ..documented },
        credentials: Some(credentials),
        kamimind_stream: arguments.kamimind_stream,
        ..Options::default()
    })
    .await?;
    let site = match (arguments.site_dir, arguments.widget_origin) {
        (Some(folder), Some(widget_origin)) => {
            let address = SocketAddr::new(arguments.host, arguments.site_port);
            Some(Site::start(SiteOptions { address, folder, widget_origin }).await?)
        }
        _ => None,
    };
    announce(&emulator, site.as_ref(), arguments.json);
    Ok((emulator, site))
}

fn announce(emulator: &Emulator, site: Option<&Site>, as_json: bool) {
    let site = site.map(Site::origin);
    if as_json {
        let line = json!({
            "emulator": emulator.origin(),
            "twinexpert": emulator.base_url(),
            "twinexpert_key": emulator.key(),
            "twinexpert_read_only_key": emulator.read_only_key(),
            "twinexpert_jwt": emulator.jwt(),
            "twin": emulator.twins().first().map(|twin| twin.id.as_str()),
            "kamimind": format!("{}/public/v1", emulator.origin()),
            "kamimind_token": emulator.kamimind_token(),
            "kamimind_bots": emulator.kamimind_bots().iter().map(|bot| json!({"name": bot.name, "token": bot.token})).collect::<Vec<_>>(),
            "teams": format!("{}/teams", emulator.origin()),
            "teams_conversations": emulator.teams_conversations(),
            "teams_spellings": emulator.teams_spellings(),
            "openai": format!("{}/v1", emulator.origin()),
            "openai_key": emulator.openai_key(),
            "openai_models": emulator.openai_models(),
            "seed": emulator.seed(),
            "site": site,
        });
        println!("{line}");
        return;
    }
    println!("TwinExpert     {}", emulator.base_url());
    println!("  full access  {}", emulator.key());
    println!("  read only    {}", emulator.read_only_key());
    println!("  account JWT  {}", emulator.jwt());
    println!("KamiMind       {}/public/v1", emulator.origin());
    println!("  token        {}", emulator.kamimind_token());
    for bot in emulator.kamimind_bots().iter().take(1) {
        println!("  bot_token    {} ({})", bot.token, bot.name);
    }
    println!("Teams bridge   {}/teams", emulator.origin());
    println!("OpenAI         {}/v1", emulator.origin());
    println!("  key          {}", emulator.openai_key());
    println!("  models       {}", emulator.openai_models().join(", "));
    println!("Control        {}/__emulator", emulator.origin());
    if let Some(site) = site {
        println!("Site           {site}");
    }
    println!("Seed           {}", emulator.seed());
}

async fn stopped() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = interrupted.await;
}
