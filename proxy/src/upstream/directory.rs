use super::{Picture, Upstream, UpstreamError, UpstreamTwin};
use crate::clock::{Clock, base32_lower};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Mutex;
use twinchat_protocol::id::TwinId;
use twinchat_protocol::twin::{Capabilities, Twin};

/// How long a list or a picture is taken to be true, in milliseconds.
const FRESH: i64 = 10 * 60 * 1000;
/// How long after a failure the next try is made, in milliseconds.
const PAUSE: i64 = 15 * 1000;

/// A twin as listed, and where it lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What a visitor sees.
    pub twin: Twin,
    /// The name of its upstream.
    pub upstream: String,
    /// The upstream's id for it.
    pub upstream_id: String,
    picture: Option<String>,
}

/// All upstreams, and their twins as one list: read when asked for, believed for ten minutes, kept
/// on when an upstream fails, and asked for once however many want it.
#[derive(Debug)]
pub struct Directory {
    upstreams: Vec<Arc<dyn Upstream>>,
    clock: Arc<dyn Clock>,
    lists: Vec<Cached<Vec<Listed>>>,
    pictures: std::sync::Mutex<HashMap<TwinId, Arc<Cached<Picture>>>>,
}

impl Directory {
    /// A directory of these upstreams, in this order.
    pub fn new(upstreams: Vec<Arc<dyn Upstream>>, clock: Arc<dyn Clock>) -> Self {
        let lists = upstreams.iter().map(|_| Cached::default()).collect();
        Self { upstreams, clock, lists, pictures: std::sync::Mutex::default() }
    }

    /// The upstream of this name.
    pub fn upstream(&self, name: &str) -> Option<&Arc<dyn Upstream>> {
        self.upstreams.iter().find(|upstream| upstream.name() == name)
    }

    /// Whether some twins are people.
    pub fn has_people(&self) -> bool {
        self.upstreams.iter().any(|upstream| upstream.rooms().is_some())
    }

    /// Each upstream's name, and why its twins could not be read the last time, if so.
    pub fn conditions(&self) -> Vec<(String, Option<UpstreamError>)> {
        let failure = |list: &Cached<Vec<Listed>>| list.known.read().unwrap_or_else(PoisonError::into_inner).failure.clone();
        self.upstreams.iter().zip(&self.lists).map(|(upstream, list)| (upstream.name().to_owned(), failure(list))).collect()
    }

    /// All twins, in the order of the settings, then of their upstream.
    ///
    /// # Errors
    /// When no upstream has ever answered; with the first one's reason.
    pub async fn twins(&self) -> Result<Vec<Listed>, UpstreamError> {
        let (mut all, mut failure, mut answered) = (Vec::new(), None, false);
        for (upstream, list) in self.upstreams.iter().zip(&self.lists) {
            match list.get(self.clock.as_ref(), || read_list(upstream.as_ref())).await {
                Ok(listed) => {
                    all.extend(listed.iter().cloned());
                    answered = true;
                }
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        match failure {
            Some(error) if !answered => Err(error),
            _ => Ok(all),
        }
    }

    /// The twin with this id.
    ///
    /// # Errors
    /// As [`Directory::twins`].
    pub async fn twin(&self, id: &TwinId) -> Result<Option<Listed>, UpstreamError> {
        Ok(self.twins().await?.into_iter().find(|listed| listed.twin.id == *id))
    }

    /// The twin with this id, ours or its upstream's: what an owner has in a program or a page of
    /// before goes on working. Ours comes first; of several upstreams' the first in the settings.
    ///
    /// # Errors
    /// As [`Directory::twins`].
    pub async fn twin_named(&self, name: &str) -> Result<Option<Listed>, UpstreamError> {
        let all = self.twins().await?;
        let at = all.iter().position(|listed| listed.twin.id.as_str() == name);
        let at = at.or_else(|| all.iter().position(|listed| listed.upstream_id == name));
        Ok(at.and_then(|at| all.into_iter().nth(at)))
    }

    /// The twin's picture.
    ///
    /// # Errors
    /// When it cannot be fetched or is not one; as [`Directory::twins`].
    pub async fn picture(&self, id: &TwinId) -> Result<Option<Arc<Picture>>, UpstreamError> {
        let Some(listed) = self.twin(id).await? else { return Ok(None) };
        let (Some(address), Some(upstream)) = (&listed.picture, self.upstream(&listed.upstream)) else { return Ok(None) };
        // Only ids of listed twins come so far, so the map cannot be filled with others.
        let cached = self.pictures.lock().unwrap_or_else(PoisonError::into_inner).entry(id.clone()).or_default().clone();
        cached.get(self.clock.as_ref(), || upstream.picture(address)).await.map(Some)
    }
}

async fn read_list(upstream: &dyn Upstream) -> Result<Vec<Listed>, UpstreamError> {
    let twins = upstream.twins().await?;
    Ok(twins.into_iter().map(|twin| listed(upstream, twin)).collect())
}

fn listed(upstream: &dyn Upstream, twin: UpstreamTwin) -> Listed {
    let id = twin_id(upstream.name(), &twin.id);
    Listed {
        twin: Twin {
            avatar_url: twin.picture.is_some().then(|| format!("/avatars/{id}")),
            // The transcripts are kept here, whatever an upstream can do.
            capabilities: Capabilities { search: true, ..upstream.capabilities(&twin.id) },
            id,
            name: twin.name,
            description: twin.description,
            available: twin.available,
            starters: twin.starters,
        },
        upstream: upstream.name().to_owned(),
        upstream_id: twin.id,
        picture: twin.picture,
    }
}

/// Our id for an upstream's twin: the same wherever and whenever it is asked for.
fn twin_id(upstream: &str, id: &str) -> TwinId {
    let digest = Sha256::new().chain_update(upstream).chain_update([0]).chain_update(id).finalize();
    TwinId::from_random(&base32_lower(&digest[..16]))
}

/// A value that is fetched by one at a time and outlives failures to fetch it again.
#[derive(Debug)]
struct Cached<T> {
    fetching: Mutex<()>,
    known: RwLock<Known<T>>,
}

#[derive(Debug)]
struct Known<T> {
    value: Option<Arc<T>>,
    failure: Option<UpstreamError>,
    /// When to fetch again, in milliseconds since 1970.
    due: i64,
}

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self { fetching: Mutex::new(()), known: RwLock::new(Known { value: None, failure: None, due: 0 }) }
    }
}

impl<T> Cached<T> {
    async fn get<F: Future<Output = Result<T, UpstreamError>>>(
        &self,
        clock: &dyn Clock,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<T>, UpstreamError> {
        if let Some(known) = self.current(clock.now_millis()) {
            return known;
        }
        let _fetching = match self.fetching.try_lock() {
            Ok(guard) => guard,
            // Somebody is at it: what is known will do, else wait.
            Err(_) => match self.value() {
                Some(value) => return Ok(value),
                None => self.fetching.lock().await,
            },
        };
        if let Some(known) = self.current(clock.now_millis()) {
            return known;
        }
        let fetched = fetch().await;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        match fetched {
            Ok(value) => *known = Known { value: Some(Arc::new(value)), failure: None, due: clock.now_millis() + FRESH },
            Err(error) => {
                tracing::warn!(%error, stale = known.value.is_some(), "an upstream could not be read");
                (known.failure, known.due) = (Some(error), clock.now_millis() + PAUSE);
            }
        }
        known.outcome()
    }

    /// What is known, unless it is time to fetch.
    fn current(&self, now: i64) -> Option<Result<Arc<T>, UpstreamError>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        (now < known.due).then(|| known.outcome())
    }

    fn value(&self) -> Option<Arc<T>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).value.clone()
    }
}

impl<T> Known<T> {
    fn outcome(&self) -> Result<Arc<T>, UpstreamError> {
        match (&self.value, &self.failure) {
            (Some(value), _) => Ok(value.clone()),
            (None, Some(error)) => Err(error.clone()),
            (None, None) => Err(UpstreamError::Failed("nothing was fetched".to_owned())),
        }
    }
}
