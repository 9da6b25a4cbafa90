//! The accounts whose twins visitors can talk to.

use super::error::Problem;
use super::load::{Environment, read_secret};
use super::reading::{Reading, Step};
use super::twin::{self, KamiMindTwin, OpenAiTwin, TeamsTwin, TwinSection};
use super::values::{Name, Origin, UpstreamOrigin};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::fmt;
use std::path::{Path, PathBuf};

settings! {
    /// An account whose twins visitors can talk to. There may be several, also of one kind; docs/upstreams.md
    /// says what each kind can do and shows an example of each.
    "[[upstream]]" UpstreamSection required {
        /// A short name of yours for it, `[a-z0-9-]`; part of the twins' ids, so do not change it later.
        name: Name, Required "\"main\"";
        /// Which API it speaks: `twinexpert`, `kamimind`, `teams` (the Teams bridge) or `openai` (Chat
        /// Completions, as OpenAI, Ollama, vLLM, llama.cpp and many others speak it).
        kind: UpstreamKind, Required "\"twinexpert\"";
        /// Its address: https, or http on the loopback address. With or without the path that its API has
        /// (such as `/api/v1`). There is no default: look it up in your account, the key is sent there and
        /// nowhere else.
        origin: UpstreamOrigin, Required "\"https://api.twinexpert.com\"";
        /// Whether an address with http on another machine is accepted: only inside a network that is yours
        /// alone, such as that of your containers. Whoever is on the way reads the key and what visitors say. Addresses
        /// of the internet are never accepted with http.
        #[serde(default)]
        plain_http: bool, Default "false";
        /// Where else its twins' pictures may be fetched from, for the visitors and without the key. Pictures
        /// elsewhere are left out. Name no origin whose owner you would not let look into your network.
        #[serde(default)]
        picture_origins: Vec<Origin>, Example "[\"https://cdn.example.com\"]";
        /// How the key is sent: `bearer` (`Authorization: Bearer`), `x-api-key`, `api-key`, or `none` for a
        /// server that takes no key.
        #[serde(default)]
        auth: Auth, Default "\"bearer\"";
        /// Requests that the key may make in an hour. What the upstream says on its answers counts if it is less.
        /// Left out: 500 for twinexpert, 3600 for the others.
        requests_per_hour: Option<u32>, Default "500";
        /// Requests that the key may make at once; they grow back at the hourly rate.
        burst: Option<u32>, Default "100";
        /// The environment variable that holds the key. Leave it out when you use `key_file`. A server on the
        /// loopback address needs neither.
        key_env: Option<String>, Required "\"TWINCHAT_TWINEXPERT_KEY\"";
        /// The file that holds the key and nothing else, instead of `key_env`. Relative to this file.
        key_file: Option<PathBuf>, Example "\"/run/secrets/twinexpert_key\"";
        /// kamimind: how the first message of a conversation is asked, on whose answer the conversation's id has to
        /// be. `plain`: whole, until a stream of this service has told an id; then streamed. `stream`: streamed,
        /// until a stream has told none.
        #[serde(default)]
        first_turn: FirstTurn, Default "\"plain\"";
        /// twinexpert: where the text of a reply, of an event or a whole answer, stands, as JSON Pointers (RFC 6901).
        /// These places are looked at before the likely ones; needed only if `doctor --send` says that a reply is not
        /// understood.
        #[serde(default)]
        text_at: Vec<String>, Example "[\"/payload/piece\"]";
        /// Its twins, each a section [[upstream.twin]]; not for twinexpert, which lists its own.
        #[serde(default)]
        twin: Vec<TwinSection>, Sections "";
    }
}

/// Which API an upstream speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UpstreamKind {
    /// TwinExpert's Public API.
    TwinExpert,
    /// KamiMind's public API: bots that take files.
    KamiMind,
    /// The bridge to threads in Microsoft Teams: people answer, when they do.
    Teams,
    /// Chat Completions.
    OpenAi,
}

impl UpstreamKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::TwinExpert, Self::KamiMind, Self::Teams, Self::OpenAi];

    /// Its name in the settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::TwinExpert => "twinexpert",
            Self::KamiMind => "kamimind",
            Self::Teams => "teams",
            Self::OpenAi => "openai",
        }
    }

    /// Requests an hour and at once, where the owner does not say. TwinExpert's are the documented ones of a
    /// key with the scope `full_access`; the others document none.
    fn usual_limits(self) -> (u32, u32) {
        match self {
            Self::TwinExpert => (500, 100),
            Self::KamiMind | Self::Teams | Self::OpenAi => (3600, 100),
        }
    }

    /// The path under which all its addresses are, given the one that the owner wrote behind the origin.
    ///
    /// # Errors
    /// With what would be accepted.
    fn base(self, origin: &UpstreamOrigin) -> Result<String, String> {
        let written = origin.path();
        let only = |base: &str| {
            let fits = written.is_empty() || written == base;
            fits.then(|| base.to_owned()).ok_or_else(|| format!("only \"{origin}\", with or without \"{base}\" behind it, is accepted"))
        };
        match self {
            Self::TwinExpert => only("/api/v1"),
            Self::KamiMind => only("/public/v1"),
            Self::Teams => Ok(written.to_owned()),
            Self::OpenAi => {
                // As people paste it: the base, or the whole address of what is called.
                let base = written.strip_suffix("/chat/completions").or(written.strip_suffix("/models")).unwrap_or(written);
                Ok(if base.is_empty() { "/v1" } else { base }.to_owned())
            }
        }
    }
}

/// How an upstream is shown its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// `Authorization: Bearer <key>`.
    #[default]
    Bearer,
    /// `X-API-Key: <key>`.
    XApiKey,
    /// `api-key: <key>`.
    ApiKey,
    /// Not at all.
    None,
}

/// How the first message of a conversation is asked where it is not documented what a stream tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FirstTurn {
    /// Whole, until a stream has told the conversation's id.
    #[default]
    Plain,
    /// As a stream, until one has told none.
    Stream,
}

/// One upstream, with its key.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// The owner's name for it.
    pub name: Name,
    /// Where it is.
    pub origin: UpstreamOrigin,
    /// The path under which all its addresses are, such as `/api/v1`, without a slash at the end; may be empty.
    pub base: String,
    /// Where else its pictures may be.
    pub picture_origins: Vec<Origin>,
    /// How it is shown the key.
    pub auth: Auth,
    /// Requests an hour that the key may make.
    pub requests_per_hour: u32,
    /// Requests at once that the key may make.
    pub burst: u32,
    /// How the first message of a conversation is asked; for kamimind.
    pub first_turn: FirstTurn,
    /// Where a reply's text is looked for first, as JSON Pointers; for twinexpert.
    pub text_at: Vec<String>,
    /// The key, where it takes one.
    pub key: Option<UpstreamKey>,
    /// Which API it speaks, and with whom.
    pub service: Service,
}

/// What differs between the kinds of upstreams.
#[derive(Debug, Clone)]
pub enum Service {
    /// It lists its twins itself.
    TwinExpert,
    /// Its bots.
    KamiMind(Vec<KamiMindTwin>),
    /// Its threads.
    Teams(Vec<TeamsTwin>),
    /// Characters made of a model and a prompt.
    OpenAi(Vec<OpenAiTwin>),
}

impl Upstream {
    /// Which API it speaks.
    pub fn kind(&self) -> UpstreamKind {
        match self.service {
            Service::TwinExpert => UpstreamKind::TwinExpert,
            Service::KamiMind(_) => UpstreamKind::KamiMind,
            Service::Teams(_) => UpstreamKind::Teams,
            Service::OpenAi(_) => UpstreamKind::OpenAi,
        }
    }

    /// What to say of threads that visitors share.
    pub(super) fn sharing(&self) -> Vec<String> {
        let Service::Teams(twins) = &self.service else { return Vec::new() };
        let shared = twins.iter().filter(|twin| twin.shared);
        let says = |twin: &TeamsTwin| {
            let (upstream, id) = (&self.name, &twin.listed.id);
            format!(
                "upstream \"{upstream}\", twin \"{id}\": shared = true: all visitors read each other in its thread, also who is not signed in"
            )
        };
        shared.map(says).collect()
    }
}

/// An upstream's key, or another secret that it is sent. Its `Debug` says nothing; [`UpstreamKey::expose`] is
/// called where the request is made that carries it.
#[derive(Clone)]
pub struct UpstreamKey(SecretString);

impl UpstreamKey {
    /// Keeps the text, without white space around it; `None` when it cannot be sent in a header.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())).then(|| Self(SecretString::from(text)))
    }

    /// The key itself.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// From the one of two places that the owner names; see [`read_secret`].
    pub(super) fn read(
        variable: &Option<String>,
        file: &Option<PathBuf>,
        fields: (&str, &str),
        from: (&Path, Environment<'_>),
    ) -> Result<Self, String> {
        let (text, place) = read_secret(variable, file, fields, from)?;
        Self::new(&text).ok_or_else(|| format!("{place} holds no key, or characters that a key cannot have"))
    }
}

impl fmt::Debug for UpstreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UpstreamKey(…)")
    }
}

/// Where mistakes in one section are told: knows its place in the file.
pub(super) struct Place<'r, 't, T> {
    reading: &'r Reading<'t, T>,
    problems: &'r mut Vec<Problem>,
    /// What comes before the sentence, such as `upstream "main"`.
    whose: String,
    path: Vec<Step<'static>>,
}

impl<T> Place<'_, '_, T> {
    /// There is a mistake in this field of the section, or in the section itself for an empty name.
    pub(super) fn wrong(&mut self, field: &'static str, message: impl fmt::Display) {
        let mut path = self.path.clone();
        path.extend(Some(Step::Name(field)).filter(|_| !field.is_empty()));
        self.problems.push(self.reading.about(&path, format!("{}: {message}", self.whose)));
    }

    /// The section at this place inside this one.
    pub(super) fn inner(&mut self, list: &'static str, at: usize, named: &str) -> Place<'_, '_, T> {
        let path = [&self.path[..], &[Step::Name(list), Step::Item(at)]].concat();
        let whose = format!("{}, {list} \"{named}\"", self.whose);
        Place { reading: self.reading, problems: self.problems, whose, path }
    }
}

/// Checks the sections, against each other too (if their names are the owner's), and fetches what they name.
pub(super) fn read_all<T>(
    (sections, names_are_theirs): (Vec<UpstreamSection>, bool),
    from: (&Path, Environment<'_>),
    reading: &Reading<'_, T>,
    problems: &mut Vec<Problem>,
) -> Vec<Upstream> {
    let mut upstreams: Vec<Upstream> = Vec::new();
    for (at, section) in sections.into_iter().enumerate() {
        let whose = format!("upstream \"{}\"", section.name);
        let mut place = Place { reading, problems: &mut *problems, whose, path: vec![Step::Name("upstream"), Step::Item(at)] };
        if names_are_theirs && upstreams.iter().any(|earlier| earlier.name == section.name) {
            place.wrong("name", "two upstreams have this name: give each its own");
        }
        upstreams.extend(read_one(section, from, &mut place));
    }
    upstreams
}

fn read_one<T>(section: UpstreamSection, from: (&Path, Environment<'_>), place: &mut Place<'_, '_, T>) -> Option<Upstream> {
    let (usual_per_hour, usual_burst) = section.kind.usual_limits();
    let (requests_per_hour, burst) = (section.requests_per_hour.unwrap_or(usual_per_hour), section.burst.unwrap_or(usual_burst));
    for (field, value) in [("requests_per_hour", requests_per_hour), ("burst", burst)] {
        if !(1..=1_000_000).contains(&value) {
            place.wrong(field, format!("{field} is {value}: choose a number from 1 to 1000000"));
        }
    }
    if section.origin.is_in_the_clear() && !section.plain_http {
        let message = "the upstream key, and what visitors say, would travel in the clear: use https (http is for the loopback address, or \
             with `plain_http = true` for a network that is yours alone)";
        place.wrong("origin", message);
    }
    if section.origin.is_in_the_clear() && section.origin.is_far() {
        place.wrong("origin", "http leads through the internet here, where everybody on the way reads the key: use https".to_owned());
    }
    let text_at = text_at(&section, place);
    let base = section.kind.base(&section.origin).map_err(|message| place.wrong("origin", message)).ok();
    let key = read_key(&section, from).map_err(|(field, message)| place.wrong(field, message)).ok();
    let service = twin::read_service(&section, from, place);
    let UpstreamSection { name, origin, picture_origins, auth, first_turn, .. } = section;
    let (key, service, base) = (key?, service?, base?);
    Some(Upstream { name, origin, base, picture_origins, auth, first_turn, text_at, requests_per_hour, burst, key, service })
}

/// The places of a reply's text.
fn text_at<T>(section: &UpstreamSection, place: &mut Place<'_, '_, T>) -> Vec<String> {
    let is_pointer = |text: &String| (2..=200).contains(&text.len()) && text.starts_with('/');
    if !section.text_at.is_empty() && section.kind != UpstreamKind::TwinExpert {
        place.wrong("text_at", format!("text_at is for twinexpert, and this upstream is {}: leave it out", section.kind.name()));
    } else if section.text_at.len() > 8 || !section.text_at.iter().all(is_pointer) {
        place.wrong(
            "text_at",
            "write up to eight JSON Pointers (RFC 6901), each with a slash at its beginning: text_at = [\"/payload/piece\"]",
        );
    }
    section.text_at.clone()
}

/// The key; none where the server takes none. An error comes with its field.
fn read_key(section: &UpstreamSection, from: (&Path, Environment<'_>)) -> Result<Option<UpstreamKey>, (&'static str, String)> {
    let field = match (&section.key_env, &section.key_file) {
        (None, None) if section.auth == Auth::None || section.origin.is_loopback() => return Ok(None),
        (None, None) => "",
        (Some(_), _) => "key_env",
        (None, Some(_)) => "key_file",
    };
    if section.auth == Auth::None {
        return Err((field, "`auth = \"none\"` says that this server takes no key: leave the key out, or say how it is sent".to_owned()));
    }
    let read = UpstreamKey::read(&section.key_env, &section.key_file, ("key_env", "key_file"), from);
    read.map(Some).map_err(|message| (field, message))
}
