//! Puts the pretend upstreams and the control endpoint on a loopback port.

use crate::clock::{Clock, SystemClock};
use crate::control::{self, Control};
use crate::faults::{Faults, Rule};
use crate::log::{Entry, Log};
use crate::net::{Listening, Serving, StartError};
use crate::script::Twin;
use crate::twinexpert::{Credentials, Pace, Parts, Quotas, TwinExpert};
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
            clock: Arc::new(SystemClock),
        }
    }
}

/// A running emulator. Dropping it closes the port and every connection.
#[derive(Debug)]
pub struct Emulator {
    serving: Serving,
    twinexpert: Arc<TwinExpert>,
    reset: Reset,
}

#[derive(Debug, Clone)]
struct Reset {
    twinexpert: Arc<TwinExpert>,
}

impl Reset {
    fn run(&self) {
        self.twinexpert.reset();
        self.twinexpert.faults.reset(self.twinexpert.seed);
        self.twinexpert.log.clear();
    }
}

impl Emulator {
    /// Starts one; it answers when this returns.
    ///
    /// # Errors
    /// When the host is not loopback, the port is taken, or a credential has the wrong form.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let Options { host, port, seed, pace, quotas, credentials, clock } = options;
        let credentials = credentials.unwrap_or_else(|| Credentials::of_seed(seed));
        credentials.check().map_err(StartError::Option)?;
        let listening = Listening::bind(SocketAddr::new(host, port)).await?;
        let origin = format!("http://{}", listening.address());
        let (faults, log) = (Arc::new(Faults::new(seed)), Arc::new(Log::default()));
        let twinexpert = Arc::new(TwinExpert::new(Parts { seed, clock, faults, log, pace, quotas, origin, credentials }));
        let reset = Reset { twinexpert: Arc::clone(&twinexpert) };
        let on_reset = reset.clone();
        let control = Control {
            faults: Arc::clone(&twinexpert.faults),
            log: Arc::clone(&twinexpert.log),
            about: json!({"emulates": ["twinexpert"], "seed": seed, "twinexpert": format!("{}/api/v1", twinexpert.origin)}),
            reset: Arc::new(move || on_reset.run()),
        };
        let router = control::router(control).merge(twinexpert.router());
        Ok(Self { serving: listening.serve(router), twinexpert, reset })
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
        self.twinexpert.seed
    }

    /// A `full_access` key.
    pub fn key(&self) -> &str {
        &self.twinexpert.credentials.key
    }

    /// A `read_only` key.
    pub fn read_only_key(&self) -> &str {
        &self.twinexpert.credentials.read_only_key
    }

    /// The account's JWT.
    pub fn jwt(&self) -> &str {
        &self.twinexpert.credentials.jwt
    }

    /// The twins, in the order they are listed.
    pub fn twins(&self) -> &[Twin] {
        self.twinexpert.script.twins()
    }

    /// Adds a fault.
    ///
    /// # Panics
    /// When the rule makes no sense: a mistake in the test that made it.
    pub fn fault(&self, rule: Rule) {
        self.twinexpert.faults.add(rule).expect("a rule that makes sense");
    }

    /// Takes every fault away.
    pub fn clear_faults(&self) {
        self.twinexpert.faults.clear();
    }

    /// Lets everything that stalls or hangs right now go on.
    pub fn release(&self) {
        self.twinexpert.faults.release();
    }

    /// What was asked so far, oldest first.
    pub fn log(&self) -> Vec<Entry> {
        self.twinexpert.log.after(0)
    }

    /// Back to the start: conversations, keys, counts, faults, log.
    pub fn reset(&self) {
        self.reset.run();
    }

    /// Closes the port and every connection, and waits until that is done.
    pub async fn stop(self) {
        self.serving.stop().await;
    }
}
