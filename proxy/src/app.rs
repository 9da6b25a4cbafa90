//! Wiring, built once from the settings and handed to every request.

use crate::clock::{Clock, Dice};
use crate::config::Config;
use crate::store::{Store, StoreError};
use crate::token::TokenService;
use std::sync::Arc;
use tokio::sync::watch;

/// Everything a request may need. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    config: Config,
    clock: Arc<dyn Clock>,
    dice: Arc<dyn Dice>,
    store: Store,
    tokens: TokenService,
    closing: watch::Sender<bool>,
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
}

impl App {
    /// Opens the store and puts the rooms together.
    pub async fn build(config: Config, clock: Arc<dyn Clock>, dice: Arc<dyn Dice>) -> Result<Self, BuildError> {
        let in_store = |source| BuildError::Store { path: config.store.path.clone(), source };
        let store = Store::open(&config.store.path).await.map_err(in_store)?;
        let tokens = TokenService::open(&config, store.clone(), clock.clone(), dice.clone()).await.map_err(in_store)?;
        Ok(Self(Arc::new(Parts { config, clock, dice, store, tokens, closing: watch::Sender::new(false) })))
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

    /// Who is asking.
    pub fn tokens(&self) -> &TokenService {
        &self.0.tokens
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
