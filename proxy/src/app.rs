//! Wiring, built once from the settings and handed to every request.

use crate::assets::Assets;
use crate::budget::{Gate, open_gates};
use crate::clock::{Clock, Dice};
use crate::config::{self, Config};
use crate::files::Files;
use crate::limits::{Limiter, Slots};
use crate::relay::{Relay, RelaySettings};
use crate::retention::Retention;
use crate::store::{Store, StoreError};
use crate::subject::Subject;
use crate::token::TokenService;
use crate::upstream::{self, ClientError, Directory, Timeouts, Upstream};
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::watch;

/// Messages with files that one visitor may be sending at once.
const UPLOADS: u32 = 3;

/// Everything a request may need. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    config: Config,
    clock: Arc<dyn Clock>,
    dice: Arc<dyn Dice>,
    store: Store,
    files: Files,
    directory: Arc<Directory>,
    relay: Relay,
    sends: Limiter,
    requests: Limiter,
    token_requests: Limiter<IpAddr>,
    address_requests: Limiter<IpAddr>,
    streams: Slots<Subject>,
    uploads: Slots<Subject>,
    connections: Slots<IpAddr>,
    tokens: TokenService,
    assets: Assets,
    closing: watch::Sender<bool>,
}

/// Why a stream is ended from our side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamEnd {
    /// The server is told to stop. Whoever reads may come back to the next one.
    Closing,
    /// The visitor's token was given back.
    Revoked,
    /// The visitor has opened more streams than allowed, and this one is the oldest.
    Outnumbered,
}

/// Why the server cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The store cannot be opened.
    #[error("store.path {path}: {source}", path = path.display())]
    Store {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: StoreError,
    },
    /// An upstream cannot be spoken to.
    #[error("upstream \"{name}\": {source}")]
    Upstream {
        /// The owner's name for it.
        name: String,
        /// Why.
        source: ClientError,
    },
    /// The widget's files cannot be read.
    #[error("server.assets {path}: {source}; make the folder with `cargo xtask dist`, or leave the field out", path = path.display())]
    Assets {
        /// The folder.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl App {
    /// Opens the store and puts the rooms together.
    pub async fn build(config: Config, clock: Arc<dyn Clock>, dice: Arc<dyn Dice>) -> Result<Self, BuildError> {
        let in_store = |source| BuildError::Store { path: config.store.path.clone(), source };
        let store = Store::open(&config.store.path).await.map_err(in_store)?;
        let tokens = TokenService::open(&config, store.clone(), clock.clone(), dice.clone()).await.map_err(in_store)?;
        let interrupted = store.interrupt_unfinished().await.map_err(in_store)?;
        if interrupted > 0 {
            tracing::warn!(interrupted, "replies were being written when the server last ended; their visitors can ask again");
        }
        let (database, most) = (&config.store.path, config.limits.files_total_bytes);
        let files = Files::beside(database, store.clone(), dice.clone(), most);
        files.open().await.map_err(in_store)?;
        let mut gates = open_gates(&config, &store, (&clock, &dice)).await.map_err(in_store)?;
        // One gate for each name in the settings, and names differ.
        let gated = config.upstreams.iter().filter_map(|upstream| Some((upstream, gates.remove(upstream.name.as_str())?)));
        let upstreams = gated.map(|(upstream, gate)| client((upstream, gate), &config.replies, (&clock, &dice)));
        let upstreams = upstreams.collect::<Result<Vec<_>, _>>()?;
        let directory = Arc::new(Directory::new(upstreams, clock.clone()));
        let relay =
            Relay::new((store.clone(), files.clone()), directory.clone(), (clock.clone(), dice.clone()), RelaySettings::of(&config));
        let per_minute = config.limits.visitor_messages_per_minute;
        let sends = Limiter::new("messages", clock.clone(), per_minute, per_minute.div_ceil(2));
        let requests = per_minute_limiter("requests", &clock, config.limits.visitor_requests_per_minute);
        let token_requests = per_minute_limiter("tokens", &clock, config.limits.token_requests_per_minute);
        let address_requests = per_minute_limiter("address", &clock, config.limits.address_requests_per_minute);
        let (streams, uploads) = (Slots::new(config.limits.visitor_streams), Slots::new(UPLOADS));
        let connections = Slots::new(config.limits.connections_per_address);
        let closing = watch::Sender::new(false);
        let assets = match &config.server.assets {
            Some(path) => Assets::read(path).map_err(|source| BuildError::Assets { path: path.clone(), source })?,
            None => Assets::default(),
        };
        Ok(Self(Arc::new(Parts {
            config,
            clock,
            dice,
            store,
            files,
            directory,
            relay,
            sends,
            requests,
            token_requests,
            address_requests,
            streams,
            uploads,
            connections,
            tokens,
            assets,
            closing,
        })))
    }

    /// The owner's settings.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// What time it is.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// Where randomness comes from.
    pub fn dice(&self) -> &Arc<dyn Dice> {
        &self.0.dice
    }

    /// What is kept.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// What was sent with messages.
    pub fn files(&self) -> &Files {
        &self.0.files
    }

    /// The twins.
    pub fn directory(&self) -> &Directory {
        &self.0.directory
    }

    /// Replies.
    pub fn relay(&self) -> &Relay {
        &self.0.relay
    }

    /// How often a visitor may ask for anything.
    pub fn requests(&self) -> &Limiter {
        &self.0.requests
    }

    /// How often an address may ask for tokens.
    pub fn token_requests(&self) -> &Limiter<IpAddr> {
        &self.0.token_requests
    }

    /// How often an address may ask without showing a good token.
    pub fn address_requests(&self) -> &Limiter<IpAddr> {
        &self.0.address_requests
    }

    /// How often a visitor may send.
    pub fn sends(&self) -> &Limiter {
        &self.0.sends
    }

    /// Who is asking.
    pub fn tokens(&self) -> &TokenService {
        &self.0.tokens
    }

    /// The widget's files.
    pub fn assets(&self) -> &Assets {
        &self.0.assets
    }

    /// The connections that are open, by address.
    pub fn connections(&self) -> &Slots<IpAddr> {
        &self.0.connections
    }

    /// The event streams that are open, by visitor.
    pub fn streams(&self) -> &Slots<Subject> {
        &self.0.streams
    }

    /// The messages with files that are being received, by visitor.
    pub fn uploads(&self) -> &Slots<Subject> {
        &self.0.uploads
    }

    /// Counts a stream that this visitor opens, until what is given is dropped. Resolves when the
    /// stream has to end, and says why.
    pub fn stream_end(&self, subject: &Subject) -> impl Future<Output = StreamEnd> + Send + 'static {
        let (closing, revocation) = (self.closing(), self.tokens().revocation(subject));
        let mut slot = self.streams().take_in_turn(subject);
        async move {
            tokio::select! {
                () = closing => StreamEnd::Closing,
                () = revocation => StreamEnd::Revoked,
                () = slot.called_back() => StreamEnd::Outnumbered,
            }
        }
    }

    /// Erases what is old.
    pub fn retention(&self) -> Retention {
        Retention::new(self.store().clone(), self.files().clone(), self.clock().clone(), self.config().retention.clone())
    }

    /// Whether the server is told to stop.
    pub fn is_closing(&self) -> bool {
        *self.0.closing.borrow()
    }

    /// Tells open streams to end; see [`App::closing`].
    pub fn close(&self) {
        self.0.closing.send_replace(true);
    }

    /// Resolves once the server is told to stop. Streams end themselves then.
    pub fn closing(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut closing = self.0.closing.subscribe();
        async move {
            // An error means that the app itself is gone, which is an end too.
            let _ = closing.wait_for(|closing| *closing).await;
        }
    }
}

fn client(
    (settings, gate): (&config::Upstream, Gate),
    replies: &config::Replies,
    (clock, dice): (&Arc<dyn Clock>, &Arc<dyn Dice>),
) -> Result<Arc<dyn Upstream>, BuildError> {
    let opened = upstream::open(settings, gate, (clock.clone(), dice.clone()), Timeouts::from(replies));
    opened.map_err(|source| BuildError::Upstream { name: settings.name.to_string(), source })
}

/// A whole minute's worth may come at once.
fn per_minute_limiter<K: Hash + Eq + Clone>(policy: &'static str, clock: &Arc<dyn Clock>, per_minute: u32) -> Limiter<K> {
    Limiter::new(policy, clock.clone(), per_minute, per_minute)
}
