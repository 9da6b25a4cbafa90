//! The twins of services that list none: the owner says who they are.

use super::load::Environment;
use super::upstream::{Place, Service, UpstreamKey, UpstreamKind, UpstreamSection};
use super::values::TwinKey;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};

/// The most characters of a name.
const MAX_NAME: usize = 100;
/// The most characters of a description or a starter.
const MAX_TEXT: usize = 1000;
/// The most starters.
const MAX_STARTERS: usize = 6;
/// The most characters of a system prompt.
const MAX_PROMPT: usize = 100_000;
/// The largest picture, in bytes.
const MAX_PICTURE: u64 = 512 * 1024;

settings! {
    /// One twin of the upstream above it, for the kinds kamimind, teams and openai; there may be several.
    "[[upstream.twin]]" TwinSection required {
        /// Your id for it, `[A-Za-z0-9._-]`; what visitors' conversations are kept under, so do not change it later.
        id: TwinKey, Required "\"lan\"";
        /// Its name, as visitors see it.
        name: String, Required "\"Lan\"";
        /// What it is for, in a sentence.
        #[serde(default)]
        description: String, Example "\"Answers questions about our courses\"";
        /// Its picture (PNG, JPEG, GIF, WebP or SVG, up to 512 KiB): a file, relative to this one, or an address
        /// that begins with https:// and is on the upstream or in `picture_origins`.
        avatar: Option<String>, Example "\"lan.png\"";
        /// Up to six questions to start with.
        #[serde(default)]
        starters: Vec<String>, Example "[\"Which course is right for me?\"]";
        /// openai: the model, as the server names it.
        model: Option<String>, Example "\"llama3.2\"";
        /// openai: what the model is told about who it is. It stays on this server and the upstream.
        system_prompt: Option<String>, Example "\"You are Lan, who advises on courses. Answer briefly.\"";
        /// openai: the file with the system prompt, instead of `system_prompt`. Relative to this file.
        system_prompt_file: Option<PathBuf>, Example "\"lan.txt\"";
        /// openai: how freely it answers, from 0 to 2. Left out: as the server likes.
        temperature: Option<f64>, Example "0.7";
        /// openai: the most tokens of a reply. Left out: as the server likes.
        max_tokens: Option<u32>, Example "1024";
        /// openai: as many of the latest messages of the conversation are sent along with a question.
        history_messages: Option<u32>, Default "20";
        /// openai: and no more than so many characters of them.
        history_chars: Option<u32>, Default "24000";
        /// kamimind: the environment variable that holds the bot's token.
        bot_token_env: Option<String>, Example "\"TWINCHAT_LAN_BOT_TOKEN\"";
        /// kamimind: the file that holds the bot's token and nothing else, instead of `bot_token_env`.
        bot_token_file: Option<PathBuf>, Example "\"/run/secrets/lan_bot_token\"";
        /// teams: the threads, as the bridge names them. One visitor has one of them at a time.
        rooms: Option<Vec<String>>, Example "[\"19:abc123@thread.v2\"]";
        /// teams: whether all visitors share the one thread, and read each other. The widget says so.
        shared: Option<bool>, Default "false";
        /// teams, with `shared`: the name under which visitors read each other. The bridge posts for all of them under
        /// one of `self_names`.
        guest_name: Option<String>, Default "\"Guest\"";
        /// teams: hours for which a visitor keeps a thread after the last word in it. Then others may have it; until
        /// somebody does, the conversation goes on in it.
        keep_hours: Option<u32>, Default "24";
        /// teams: minutes for which a thread rests after its visitor has erased the conversation, so that nobody else
        /// is answered in it by mistake.
        cool_down_minutes: Option<u32>, Default "60";
        /// teams: the names under which the bridge itself posts in the threads.
        self_names: Option<Vec<String>>, Example "[\"TeamBot\"]";
        /// teams: other ids under which the bridge gives a thread's messages, each with the thread's own.
        room_aliases: Option<BTreeMap<String, String>>, Example "{ \"19:abc123long@thread.v2\" = \"19:abc123@thread.v2\" }";
    }
}

/// Who a twin is, as visitors see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTwin {
    /// The owner's id for it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// Its picture.
    pub avatar: Option<Avatar>,
    /// Questions to start with.
    pub starters: Vec<String>,
}

/// Where a twin's picture is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Avatar {
    /// On this machine.
    File(PathBuf),
    /// On the upstream or in `picture_origins`.
    Address(String),
}

/// A character made of a model and a prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenAiTwin {
    /// Who it is.
    pub listed: ListedTwin,
    /// The model, as the server names it.
    pub model: String,
    /// What the model is told about who it is; may be empty.
    pub system_prompt: Prompt,
    /// From 0 to 2.
    pub temperature: Option<f64>,
    /// The most tokens of a reply.
    pub max_tokens: Option<u32>,
    /// The most messages of before that are sent along.
    pub history_messages: u32,
    /// The most characters of them.
    pub history_chars: u32,
}

/// A system prompt. It is the owner's work, so its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Prompt(String);

impl Prompt {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prompt({} bytes)", self.0.len())
    }
}

/// A bot.
#[derive(Debug, Clone)]
pub struct KamiMindTwin {
    /// Who it is.
    pub listed: ListedTwin,
    /// What the service knows it by.
    pub bot_token: UpstreamKey,
}

/// Somebody behind threads in Teams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamsTwin {
    /// Who it is.
    pub listed: ListedTwin,
    /// The threads; at least one.
    pub rooms: Vec<String>,
    /// Whether all visitors share the one thread.
    pub shared: bool,
    /// Under which name visitors read each other, where they share a thread.
    pub guest_name: String,
    /// How long a thread is kept after the last word in it, in hours.
    pub keep_hours: u32,
    /// How long a thread rests after it was given back, in minutes.
    pub cool_down_minutes: u32,
    /// Under which names the bridge itself posts.
    pub self_names: Vec<String>,
    /// Other ids of threads, each with the thread's own.
    pub room_aliases: BTreeMap<String, String>,
}

/// Checks the sections [[upstream.twin]] of an upstream. None when something is wrong.
pub(super) fn read_service<T>(upstream: &UpstreamSection, from: (&Path, Environment<'_>), place: &mut Place<'_, '_, T>) -> Option<Service> {
    let kind = upstream.kind;
    match (kind, upstream.twin.is_empty()) {
        (UpstreamKind::TwinExpert, true) => return Some(Service::TwinExpert),
        (UpstreamKind::TwinExpert, false) => {
            place.wrong("twin", "twinexpert lists its twins itself: leave out [[upstream.twin]]");
            return None;
        }
        (_, true) => {
            place.wrong(
                "",
                format!("{} lists no twins itself: add a section [[upstream.twin]] with id, name and {}", kind.name(), needs(kind)),
            );
            return None;
        }
        (_, false) => {}
    }
    let (mut ids, mut good) = (HashSet::new(), true);
    let (mut openai, mut kamimind, mut teams) = (Vec::new(), Vec::new(), Vec::new());
    for (at, section) in upstream.twin.iter().enumerate() {
        let mut place = place.inner("twin", at, section.id.as_str());
        if !ids.insert(section.id.as_str()) {
            place.wrong("id", "two twins of this upstream have this id: give each its own");
            good = false;
        }
        let mut wrong = |field: &'static str, message: String| {
            place.wrong(field, message);
            good = false;
        };
        for (field, is_set, other) in kind_fields(section) {
            if is_set && other != kind {
                wrong(field, format!("{field} is for {}, and this upstream is {}: leave it out", other.name(), kind.name()));
            }
        }
        let listed = listed(section, upstream, from.0, &mut wrong);
        match kind {
            UpstreamKind::TwinExpert => {}
            UpstreamKind::OpenAi => openai.push(openai_twin(section, listed, from.0, &mut wrong)),
            UpstreamKind::KamiMind => kamimind.extend(kamimind_twin(section, listed, from, &mut wrong)),
            UpstreamKind::Teams => {
                let twin = teams_twin(section, listed, &mut wrong);
                let is_taken = |room| teams.iter().any(|other: &TeamsTwin| other.rooms.contains(room));
                if twin.rooms.iter().any(is_taken) {
                    wrong("rooms", "a thread is another twin's already: two visitors would read each other in it".to_owned());
                }
                teams.push(twin);
            }
        }
    }
    good.then(|| match kind {
        UpstreamKind::TwinExpert => Service::TwinExpert,
        UpstreamKind::OpenAi => Service::OpenAi(openai),
        UpstreamKind::KamiMind => Service::KamiMind(kamimind),
        UpstreamKind::Teams => Service::Teams(teams),
    })
}

/// What a twin of this kind cannot do without.
fn needs(kind: UpstreamKind) -> &'static str {
    match kind {
        UpstreamKind::TwinExpert | UpstreamKind::OpenAi => "model",
        UpstreamKind::KamiMind => "bot_token_env",
        UpstreamKind::Teams => "rooms",
    }
}

/// The fields that one kind has, and whether they are given.
fn kind_fields(section: &TwinSection) -> [(&'static str, bool, UpstreamKind); 16] {
    use UpstreamKind::{KamiMind, OpenAi, Teams};
    [
        ("model", section.model.is_some(), OpenAi),
        ("system_prompt", section.system_prompt.is_some(), OpenAi),
        ("system_prompt_file", section.system_prompt_file.is_some(), OpenAi),
        ("temperature", section.temperature.is_some(), OpenAi),
        ("max_tokens", section.max_tokens.is_some(), OpenAi),
        ("history_messages", section.history_messages.is_some(), OpenAi),
        ("history_chars", section.history_chars.is_some(), OpenAi),
        ("bot_token_env", section.bot_token_env.is_some(), KamiMind),
        ("bot_token_file", section.bot_token_file.is_some(), KamiMind),
        ("rooms", section.rooms.is_some(), Teams),
        ("shared", section.shared.is_some(), Teams),
        ("guest_name", section.guest_name.is_some(), Teams),
        ("keep_hours", section.keep_hours.is_some(), Teams),
        ("cool_down_minutes", section.cool_down_minutes.is_some(), Teams),
        ("self_names", section.self_names.is_some(), Teams),
        ("room_aliases", section.room_aliases.is_some(), Teams),
    ]
}

type Wrong<'a> = &'a mut dyn FnMut(&'static str, String);

fn listed(section: &TwinSection, upstream: &UpstreamSection, folder: &Path, wrong: Wrong<'_>) -> ListedTwin {
    let name = section.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > MAX_NAME {
        wrong("name", format!("name has {} characters: use 1 to {MAX_NAME}", name.chars().count()));
    }
    let description = section.description.trim().to_owned();
    if description.chars().count() > MAX_TEXT {
        wrong("description", format!("description has {} characters: use at most {MAX_TEXT}", description.chars().count()));
    }
    let starters: Vec<String> = section.starters.iter().map(|text| text.trim().to_owned()).collect();
    if starters.len() > MAX_STARTERS || starters.iter().any(|text| text.is_empty() || text.chars().count() > MAX_TEXT) {
        wrong("starters", format!("use at most {MAX_STARTERS} starters, each of 1 to {MAX_TEXT} characters"));
    }
    let avatar = section.avatar.as_deref().and_then(|text| avatar(text, upstream, folder).map_err(|message| wrong("avatar", message)).ok());
    ListedTwin { id: section.id.as_str().to_owned(), name, description, avatar, starters }
}

fn avatar(text: &str, upstream: &UpstreamSection, folder: &Path) -> Result<Avatar, String> {
    if text.starts_with("https://") || text.starts_with("http://") {
        let origin = reqwest::Url::parse(text).map_err(|_| "avatar is not a URL".to_owned())?.origin().ascii_serialization();
        let known = origin == upstream.origin.as_str() || upstream.picture_origins.iter().any(|named| named.as_str() == origin);
        return known.then(|| Avatar::Address(text.to_owned())).ok_or_else(|| {
            format!("avatar is on {origin}, which pictures are not fetched from: add picture_origins = [\"{origin}\"] to the upstream")
        });
    }
    let file = folder.join(text);
    let size =
        std::fs::metadata(&file).and_then(|found| if found.is_file() { Ok(found.len()) } else { Err(std::io::ErrorKind::NotFound.into()) });
    match size {
        Ok(1..=MAX_PICTURE) => Ok(Avatar::File(file)),
        Ok(size) => Err(format!("avatar {} has {size} bytes: use 1 to {MAX_PICTURE}", file.display())),
        Err(error) => {
            Err(format!("avatar {} cannot be read: {error}; name a file, or an address that begins with https://", file.display()))
        }
    }
}

fn openai_twin(section: &TwinSection, listed: ListedTwin, folder: &Path, wrong: Wrong<'_>) -> OpenAiTwin {
    let model = section.model.as_deref().unwrap_or_default().trim().to_owned();
    if model.is_empty() || model.len() > 256 {
        wrong("model", "say which model answers, as the server names it: model = \"llama3.2\"".to_owned());
    }
    let system_prompt = match (&section.system_prompt, &section.system_prompt_file) {
        (Some(_), Some(_)) => Err(("system_prompt_file", "give system_prompt or system_prompt_file, not both".to_owned())),
        (Some(text), None) => Ok(text.trim().to_owned()),
        (None, Some(file)) => std::fs::read_to_string(folder.join(file))
            .map(|text| text.trim().to_owned())
            .map_err(|error| ("system_prompt_file", format!("system_prompt_file {} cannot be read: {error}", folder.join(file).display()))),
        (None, None) => Ok(String::new()),
    };
    let system_prompt = system_prompt.map_err(|(field, message)| wrong(field, message)).unwrap_or_default();
    if system_prompt.chars().count() > MAX_PROMPT {
        wrong("system_prompt", format!("the system prompt has more than {MAX_PROMPT} characters"));
    }
    if let Some(temperature) = section.temperature.filter(|temperature| !(0.0..=2.0).contains(temperature)) {
        wrong("temperature", format!("temperature is {temperature}: choose a number from 0 to 2"));
    }
    let mut within = |field: &'static str, value: Option<u32>, usual: u32, low: u32, high: u32| {
        let value = value.unwrap_or(usual);
        if !(low..=high).contains(&value) {
            wrong(field, format!("{field} is {value}: choose a number from {low} to {high}"));
        }
        value
    };
    let history_messages = within("history_messages", section.history_messages, 20, 0, 200);
    let history_chars = within("history_chars", section.history_chars, 24_000, 0, 1_000_000);
    let max_tokens = section.max_tokens.map(|most| within("max_tokens", Some(most), most, 1, 1_000_000));
    OpenAiTwin {
        listed,
        model,
        system_prompt: Prompt(system_prompt),
        temperature: section.temperature,
        max_tokens,
        history_messages,
        history_chars,
    }
}

fn kamimind_twin(section: &TwinSection, listed: ListedTwin, from: (&Path, Environment<'_>), wrong: Wrong<'_>) -> Option<KamiMindTwin> {
    let field = if section.bot_token_file.is_some() { "bot_token_file" } else { "bot_token_env" };
    let token = UpstreamKey::read(&section.bot_token_env, &section.bot_token_file, ("bot_token_env", "bot_token_file"), from);
    let bot_token = token.map_err(|message| wrong(field, message)).ok()?;
    Some(KamiMindTwin { listed, bot_token })
}

fn teams_twin(section: &TwinSection, listed: ListedTwin, wrong: Wrong<'_>) -> TeamsTwin {
    let cleaned = |list: &Option<Vec<String>>| list.iter().flatten().map(|text| text.trim().to_owned()).collect::<Vec<_>>();
    let (rooms, shared) = (cleaned(&section.rooms), section.shared.unwrap_or(false));
    let different: HashSet<&String> = rooms.iter().collect();
    if rooms.is_empty() || different.len() < rooms.len() || rooms.iter().any(|room| !is_room(room)) {
        wrong("rooms", "name at least one thread, each once, as the bridge does: rooms = [\"19:abc123@thread.v2\"]".to_owned());
    }
    if shared && rooms.len() > 1 {
        wrong("rooms", "with shared = true there is one thread for all visitors: name one".to_owned());
    }
    let guest_name = section.guest_name.as_deref().unwrap_or("Guest").trim().to_owned();
    if guest_name.is_empty() || guest_name.chars().count() > MAX_NAME || (section.guest_name.is_some() && !shared) {
        wrong("guest_name", format!("guest_name has 1 to {MAX_NAME} characters, and goes with shared = true"));
    }
    let room_aliases = section.room_aliases.clone().unwrap_or_default();
    if room_aliases.iter().any(|(alias, room)| !rooms.contains(room) || rooms.contains(alias) || !is_room(alias)) {
        let message = "write { \"another id\" = \"the id in rooms\" }: on the right one of `rooms`, on the left what is none of them";
        wrong("room_aliases", message.to_owned());
    }
    let mut within = |field: &'static str, value: Option<u32>, usual: u32, high: u32| {
        let value = value.unwrap_or(usual);
        if !(1..=high).contains(&value) {
            wrong(field, format!("{field} is {value}: choose a number from 1 to {high}"));
        }
        value
    };
    let keep_hours = within("keep_hours", section.keep_hours, 24, 8760);
    let cool_down_minutes = within("cool_down_minutes", section.cool_down_minutes, 60, 525_600);
    let self_names = cleaned(&section.self_names);
    TeamsTwin { listed, rooms, shared, guest_name, keep_hours, cool_down_minutes, self_names, room_aliases }
}

/// Whether this can be a thread's id: no part of a filter, and of an address only as one segment.
fn is_room(text: &str) -> bool {
    (1..=256).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":@._-+=~".contains(&byte))
}
