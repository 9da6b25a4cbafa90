//! Puts the pretend upstreams and the control endpoint on a loopback port.

use crate::clock::{Clock, SystemClock};
use crate::control::{self, Control};
use crate::faults::Rule;
use crate::kamimind::{Bot, KamiMind, StreamFormat};
use crate::log::Entry;
use crate::net::{Listening, Serving, StartError};
use crate::openai::OpenAi;
use crate::script::Twin;
use crate::teams::{Teams, TeamsWord};
use crate::twinexpert::{Credentials, Quotas, TwinExpert};
use crate::world::{Pace, Pretend, World};
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// How an emulator is to run. The default is right for tests: any free port, seed 1, no waiting.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen: loopback only. Default 127.0.0.1.
    pub host: IpAddr,
    /// The port; 0 (the default) is any free one.
    pub port: u16,
    /// Decides ids, credentials, answers, cuts and chances. Default 1.
    pub seed: u64,
    /// How quickly answers come. Default [`Pace::INSTANT`].
    pub pace: Pace,
    /// What each scope may do. Default: as documented.
    pub quotas: Quotas,
    /// The credentials that exist from the start. Default: those of the seed.
    pub credentials: Option<Credentials>,
    /// What KamiMind's `streaming=true` gives, which its document does not say. Default: Server-Sent Events.
    pub kamimind_stream: StreamFormat,
    /// Time. Default: the computer's clock.
    pub clock: Arc<dyn Clock>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            seed: 1,
            pace: Pace::INSTANT,
            quotas: Quotas::default(),
            credentials: None,
            kamimind_stream: StreamFormat::default(),
            clock: Arc::new(SystemClock),
        }
    }
}

/// A running emulator. Dropping it closes the port and every connection.
#[derive(Debug)]
pub struct Emulator {
    serving: Serving,
    world: Arc<World>,
    apis: Apis,
}

/// The pretend APIs.
#[derive(Debug, Clone)]
struct Apis {
    world: Arc<World>,
    twinexpert: Arc<TwinExpert>,
    kamimind: Arc<KamiMind>,
    openai: Arc<OpenAi>,
    teams: Arc<Teams>,
}

impl Apis {
    fn reset(&self) {
        self.world.reset();
        self.twinexpert.reset();
        self.kamimind.reset();
        self.openai.reset();
        self.teams.reset();
    }
}

impl Emulator {
    /// Starts one; it answers when this returns.
    ///
    /// # Errors
    /// When the host is not loopback, the port is taken, or a credential has the wrong form.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let Options { host, port, seed, pace, quotas, credentials, kamimind_stream, clock } = options;
        let credentials = credentials.unwrap_or_else(|| Credentials::of_seed(seed));
        credentials.check().map_err(StartError::Option)?;
        let listening = Listening::bind(SocketAddr::new(host, port)).await?;
        let origin = format!("http://{}", listening.address());
        let world = Arc::new(World::new(seed, clock, pace, origin.clone()));
        let twinexpert = Arc::new(TwinExpert::new(Arc::clone(&world), quotas, credentials));
        let kamimind = Arc::new(KamiMind::new(Arc::clone(&world), kamimind_stream));
        let openai = Arc::new(OpenAi::new(Arc::clone(&world)));
        let teams = Arc::new(Teams::new(Arc::clone(&world)));
        let apis = Apis { world: Arc::clone(&world), twinexpert, kamimind, openai, teams };
        let to_reset = apis.clone();
        let control = Control {
            world: Arc::clone(&world),
            about: json!({
                "emulates": ["twinexpert", "teams", "kamimind", "openai"], "seed": seed, "twinexpert": format!("{origin}/api/v1"),
                "teams": format!("{origin}/teams"), "kamimind": format!("{origin}/public/v1"), "openai": format!("{origin}/v1"),
            }),
            reset: Arc::new(move || to_reset.reset()),
        };
        let router = control::router(control)
            .merge(apis.twinexpert.router())
            .merge(apis.kamimind.router())
            .merge(apis.openai.router())
            .merge(apis.teams.router());
        Ok(Self { serving: listening.serve(router), world, apis })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.serving.address()
    }

    /// The origin of all it emulates: `http://127.0.0.1:4010`.
    pub fn origin(&self) -> String {
        self.serving.origin()
    }

    /// TwinExpert's documented base URL, here: the origin and `/api/v1`.
    pub fn base_url(&self) -> String {
        format!("{}/api/v1", self.origin())
    }

    /// What decides everything that could be otherwise.
    pub fn seed(&self) -> u64 {
        self.world.seed
    }

    /// A `full_access` key.
    pub fn key(&self) -> &str {
        &self.apis.twinexpert.credentials.key
    }

    /// A `read_only` key.
    pub fn read_only_key(&self) -> &str {
        &self.apis.twinexpert.credentials.read_only_key
    }

    /// The account's JWT.
    pub fn jwt(&self) -> &str {
        &self.apis.twinexpert.credentials.jwt
    }

    /// KamiMind's bearer token.
    pub fn kamimind_token(&self) -> &str {
        Pretend::key(&*self.apis.kamimind)
    }

    /// KamiMind's bots, in the order of the twins.
    pub fn kamimind_bots(&self) -> &[Bot] {
        self.apis.kamimind.bots()
    }

    /// The key of the OpenAI-compatible API.
    pub fn openai_key(&self) -> &str {
        Pretend::key(&*self.apis.openai)
    }

    /// The models of the OpenAI-compatible API, in the order of the twins.
    pub fn openai_models(&self) -> Vec<String> {
        self.apis.openai.models()
    }

    /// The ids of the Teams bridge's conversations.
    pub fn teams_conversations(&self) -> Vec<String> {
        self.apis.teams.conversations()
    }

    /// The same, each with the other spelling that stands in some of its rows.
    pub fn teams_spellings(&self) -> Vec<(String, String)> {
        self.apis.teams.spellings()
    }

    /// Lets somebody say something in a room of the Teams bridge, and gives the message's id.
    ///
    /// # Panics
    /// When there is no such room, or no message of that time to quote: a mistake in the test.
    pub fn teams_say(&self, word: &TeamsWord) -> String {
        self.apis.teams.say(word).expect("a room, and a message to quote")
    }

    /// Lets somebody change a message of the Teams bridge.
    ///
    /// # Panics
    /// When there is none of this id: a mistake in the test.
    pub fn teams_edit(&self, id: &str, text: &str) {
        assert!(self.apis.teams.edit(id, text), "a message of this id");
    }

    /// The twins, in the order they are listed.
    pub fn twins(&self) -> &[Twin] {
        self.world.script.twins()
    }

    /// Adds a fault.
    ///
    /// # Panics
    /// When the rule makes no sense: a mistake in the test that made it.
    pub fn fault(&self, rule: Rule) {
        self.world.faults.add(rule).expect("a rule that makes sense");
    }

    /// Takes every fault away.
    pub fn clear_faults(&self) {
        self.world.faults.clear();
    }

    /// Lets everything that stalls or hangs right now go on.
    pub fn release(&self) {
        self.world.faults.release();
    }

    /// What was asked so far, oldest first.
    pub fn log(&self) -> Vec<Entry> {
        self.world.log.after(0)
    }

    /// Back to the start: conversations, keys, counts, faults, log.
    pub fn reset(&self) {
        self.apis.reset();
    }

    /// Closes the port and every connection, and waits until that is done.
    pub async fn stop(self) {
        self.serving.stop().await;
    }
}
