//! From the file to the settings.

use super::error::{ConfigError, Problem};
use super::identity::{self, Identity, IdentitySection};
use super::reading::{Reading, Step};
use super::sections::{Admin, Limits, Replies, Retention, Server, Store, Tokens, Widget};
use super::twin::TwinSection;
use super::upstream::{self, Upstream, UpstreamSection};
use super::values::{Origin, PublicUrl};
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

/// The most that `limits.reply_bytes` may be.
pub(crate) const MAX_REPLY_BYTES: u32 = 67_108_864;

/// Looks up environment variables; handed in so that tests need not change the process's own.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    server: Server,
    #[serde(default)]
    tokens: Tokens,
    #[serde(default)]
    store: Store,
    #[serde(default)]
    widget: Widget,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    retention: Retention,
    #[serde(default)]
    admin: Admin,
    #[serde(default)]
    replies: Replies,
    #[serde(default)]
    upstream: Vec<UpstreamSection>,
    #[serde(default)]
    identity: Vec<IdentitySection>,
}

/// All settings, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the server listens, and for which pages.
    pub server: Server,
    /// The visitors' tokens.
    pub tokens: Tokens,
    /// Where conversations are kept.
    pub store: Store,
    /// The widget's words and looks.
    pub widget: Widget,
    /// Limits.
    pub limits: Limits,
    /// How long things are kept.
    pub retention: Retention,
    /// The listener for whoever runs the server.
    pub admin: Admin,
    /// How long replies may take.
    pub replies: Replies,
    /// The upstreams, each with its key.
    pub upstreams: Vec<Upstream>,
    /// Who vouches for signed-in visitors.
    pub identities: Vec<Identity>,
}

impl Config {
    /// Reads and checks the file, and fetches the secrets it names.
    ///
    /// # Errors
    /// With every mistake that could be found.
    pub fn load(path: &Path, env: Environment<'_>) -> Result<Self, ConfigError> {
        let unreadable = |error| ConfigError::new(path.to_owned(), vec![Problem::whole(format!("cannot be read: {error}"))]);
        Self::read(path, &std::fs::read_to_string(path).map_err(unreadable)?, env)
    }

    /// The same for a text that is already here; `path` is for messages and relative paths.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn read(path: &Path, text: &str, env: Environment<'_>) -> Result<Self, ConfigError> {
        let mut reading = Reading::<File>::of(text, &[UpstreamSection::SETTINGS, TwinSection::SETTINGS, IdentitySection::SETTINGS]);
        let mut problems = std::mem::take(&mut reading.problems);
        let Some(file) = reading.value.take() else { return Err(ConfigError::new(path.to_owned(), problems)) };
        // When something was wrong, a name may be an example in the place of the owner's.
        let names_are_theirs = problems.is_empty();
        check_ranges(&file, &mut |field, message| {
            let path: Vec<Step<'_>> = field.split('.').map(Step::Name).collect();
            problems.push(reading.about(&path, message));
        });
        let folder = path.parent().unwrap_or(Path::new(""));
        let File { server, tokens, store, widget, limits, retention, admin, replies, upstream, identity } = file;
        let upstreams = upstream::read_all((upstream, names_are_theirs), (folder, env), &reading, &mut problems);
        let identities = identity::read_all(identity, (folder, env), &mut |message| problems.push(Problem::whole(message)));
        if !problems.is_empty() {
            return Err(ConfigError::new(path.to_owned(), problems));
        }
        let mut config = Self { server, tokens, store, widget, limits, retention, admin, replies, upstreams, identities };
        config.store.path = folder.join(&config.store.path);
        config.server.assets = config.server.assets.map(|assets| folder.join(assets));
        Ok(config)
    }

    /// Things that are accepted but that the owner should look at.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for upstream in &self.upstreams {
            if let Some(warning) = upstream.origin.warning() {
                warnings.push(format!("upstream \"{}\" ({}): {warning}", upstream.name, upstream.origin));
            }
            warnings.extend(upstream.sharing());
        }
        if let Some(address) = self.admin.listen.filter(|address| !address.ip().is_loopback()) {
            warnings.push(format!("admin.listen {address}: whoever can reach it can read how much this server is used"));
        }
        if self.server.allowed_origins.is_empty() {
            warnings.push("server.allowed_origins is empty: only pages served by this server itself can use the widget".to_owned());
        }
        warnings
    }
}

impl Server {
    /// Fills in where browsers reach a server that listens here, when the owner did not say.
    pub fn complete(&mut self, listening: SocketAddr) {
        if self.public_urls.is_empty() && listening.ip().is_loopback() {
            let hosts = [listening.to_string(), format!("localhost:{}", listening.port())];
            self.public_urls = hosts.iter().filter_map(|host| PublicUrl::parse(&format!("http://{host}")).ok()).collect();
        }
    }

    /// Whether browsers reach this server by https alone, on a host of its own. A host that it shares
    /// with the site, under a path, is the site's to decide about.
    pub fn is_https_only(&self) -> bool {
        !self.public_urls.is_empty() && self.public_urls.iter().all(PublicUrl::is_https_host)
    }

    /// Whether what this address says about who is calling is believed.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(address))
    }

    /// Whether pages of this origin may use the server. Compared exactly, as the header has it.
    pub fn allows(&self, origin: &str) -> bool {
        self.allowed_origins.iter().any(|allowed| allowed.as_str() == origin)
            || self.public_urls.iter().map(PublicUrl::origin).any(|own: Origin| own.as_str() == origin)
    }
}

/// Tells what serde could not know, by field.
fn check_ranges(file: &File, wrong: &mut dyn FnMut(&str, String)) {
    let mut within = |field: &str, value: u32, low: u32, high: u32| {
        if !(low..=high).contains(&value) {
            wrong(field, format!("{field} is {value}: choose a number from {low} to {high}"));
        }
    };
    within("tokens.lifetime_seconds", file.tokens.lifetime_seconds, 60, 3600);
    within("server.shutdown_seconds", file.server.shutdown_seconds, 1, 300);
    within("server.header_seconds", file.server.header_seconds, 1, 120);
    within("server.body_seconds", file.server.body_seconds, 1, 300);
    within("server.upload_seconds", file.server.upload_seconds, 1, 3600);
    within("server.heartbeat_seconds", file.server.heartbeat_seconds, 1, 60);
    within("server.write_seconds", file.server.write_seconds, 1, 300);
    within("limits.message_chars", file.limits.message_chars, 1, 100_000);
    let longest_message = 2048 + file.limits.message_chars.saturating_mul(12).min(16_000_000);
    within("limits.body_bytes", file.limits.body_bytes, longest_message, 16_777_216);
    within("limits.reply_bytes", file.limits.reply_bytes, 1024, MAX_REPLY_BYTES);
    within("limits.file_count", file.limits.file_count, 0, 32);
    within("limits.file_bytes", file.limits.file_bytes, 1, 1_073_741_824);
    within("limits.queue_seconds", file.limits.queue_seconds, 0, 300);
    within("limits.signed_in_percent", file.limits.signed_in_percent, 0, 50);
    within("limits.visitor_requests_per_minute", file.limits.visitor_requests_per_minute, 1, 1_000_000);
    within("limits.visitor_messages_per_minute", file.limits.visitor_messages_per_minute, 1, 1_000_000);
    within("limits.token_requests_per_minute", file.limits.token_requests_per_minute, 1, 1_000_000);
    within("limits.address_requests_per_minute", file.limits.address_requests_per_minute, 1, 1_000_000);
    within("limits.visitor_streams", file.limits.visitor_streams, 1, 1000);
    within("limits.connections_per_address", file.limits.connections_per_address, 1, 1_000_000);
    for (field, value, low, high) in replies_within(&file.replies) {
        within(field, value, low, high);
    }
    within("retention.days", file.retention.days, 0, 36_500);
    within("retention.file_hours", file.retention.file_hours, 0, 8760);
    if file.server.public_urls.is_empty() && !file.server.listen.ip().is_loopback() {
        let message = "server.public_urls is missing: name the addresses under which browsers reach this server, such as \
             public_urls = [\"https://chat.example.com\"]";
        wrong("server.public_urls", message.to_owned());
    }
    if file.upstream.is_empty() {
        wrong("upstream", "there is no upstream: add a section [[upstream]] with name, kind, origin and key_env".to_owned());
    }
}

/// Each field with the least and the most it may be.
fn replies_within(replies: &Replies) -> [(&'static str, u32, u32, u32); 8] {
    [
        ("replies.connect_seconds", replies.connect_seconds, 1, 60),
        ("replies.header_seconds", replies.header_seconds, 1, 600),
        ("replies.first_event_seconds", replies.first_event_seconds, 1, 3600),
        ("replies.idle_seconds", replies.idle_seconds, 1, 3600),
        ("replies.total_seconds", replies.total_seconds, 1, 86_400),
        ("replies.detached_seconds", replies.detached_seconds, 1, 86_400),
        ("replies.log_seconds", replies.log_seconds, 0, 86_400),
        ("replies.per_visitor", replies.per_visitor, 1, 1000),
    ]
}

/// Whether this is surely the name of a variable. Anything else may be the secret itself, put into the
/// wrong place, and is not repeated.
fn is_variable_name(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// A secret from the one of two places that the owner names, and the place for messages. `fields` are
/// what the two are called.
pub(super) fn read_secret(
    variable: &Option<String>,
    file: &Option<PathBuf>,
    fields: (&str, &str),
    (folder, env): (&Path, Environment<'_>),
) -> Result<(String, String), String> {
    let (of_variable, of_file) = fields;
    match (variable, file) {
        (Some(variable), None) => {
            let place = match is_variable_name(variable) {
                true => format!("the environment variable {variable}"),
                false => format!("the environment variable that {of_variable} names"),
            };
            let hint = "; put the secret there, and nothing of it into this file";
            let text = env(variable).ok_or_else(|| format!("{place} is not set{hint}"))?;
            Ok((text, place))
        }
        (None, Some(file)) => {
            let file = folder.join(file);
            let place = format!("the file that {of_file} names");
            let text = std::fs::read_to_string(&file).map_err(|error| format!("{place} cannot be read: {error}"))?;
            Ok((text, place))
        }
        (Some(_), Some(_)) => Err(format!("give {of_variable} or {of_file}, not both")),
        (None, None) => Err(format!("say where the secret is, with {of_variable} (an environment variable) or {of_file} (a file)")),
    }
}
