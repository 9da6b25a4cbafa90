//! What a caller may still do: charged as the request is understood, told on every answer.
//!
//! A good token's calls count for its visitor, and sends a second time as messages. Everything else
//! counts for the address it comes from, so that a stranger behind the same address cannot use up what
//! belongs to a visitor. Preflights and health checks count for nobody.

use super::address::ClientAddress;
use super::context::Context;
use super::error::ApiError;
use crate::app::App;
use crate::limits::{Limiter, Quota};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, HeaderName};
use http::{HeaderMap, HeaderValue};
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The names of the headers, those of TwinExpert first.
const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const WINDOW: HeaderName = HeaderName::from_static("x-ratelimit-window");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STATE: HeaderName = HeaderName::from_static("ratelimit");

/// What a request was charged to, widest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Charges(Arc<Mutex<Vec<Quota>>>);

impl Charges {
    fn note(&self, quota: Quota) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(quota);
    }

    fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// TwinExpert's four headers for the narrowest, and those of draft-ietf-httpapi-ratelimit-headers-10 for all.
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        let charges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(narrowest) = charges.last() else { return };
        headers.insert(LIMIT, narrowest.limit.into());
        headers.insert(REMAINING, narrowest.remaining.into());
        headers.insert(RESET, narrowest.resets_at.into());
        headers.insert(WINDOW, narrowest.window.into());
        let list = |item: fn(&Quota) -> String| {
            let text = charges.iter().map(item).collect::<Vec<_>>().join(", ");
            HeaderValue::try_from(text).ok()
        };
        if let Some(policies) = list(|quota| format!("\"{}\";q={};w={}", quota.policy, quota.limit, quota.window)) {
            headers.insert(POLICY, policies);
        }
        if let Some(states) = list(|quota| format!("\"{}\";r={};t={}", quota.policy, quota.remaining, quota.next_in)) {
            headers.insert(STATE, states);
        }
    }
}

impl Context {
    /// Takes one from an allowance, and tells what is left of it.
    ///
    /// # Errors
    /// When there is none left.
    pub(super) fn charge<K: Hash + Eq + Clone>(&self, limiter: &Limiter<K>, key: &K) -> Result<(), ApiError> {
        let taken = limiter.take(key);
        self.charges.note(taken.unwrap_or_else(|exhausted| exhausted.quota));
        taken.map(drop).map_err(ApiError::from)
    }
}

/// What the layer needs.
#[derive(Debug, Clone)]
pub(super) struct PerAddress {
    app: App,
    told: Arc<AtomicBool>,
}

impl PerAddress {
    pub(super) fn new(app: App) -> Self {
        Self { app, told: Arc::default() }
    }

    /// Takes one from the caller's address.
    pub(super) fn charge(&self, context: &Context, address: ClientAddress) -> Result<(), ApiError> {
        let charged = context.charge(self.app.address_requests(), &address.counted_as());
        if charged.is_err() && self.app.config().server.trusts(address.0) && !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                address = %address.0,
                "all requests seem to come from this one address and it has used up address_requests_per_minute; if it is your reverse proxy, let it \
                 set X-Forwarded-For to the visitor's address"
            );
        }
        charged
    }
}

/// Around all routes: who shows no token is charged before anything is done, who shows a bad one after it was looked at.
pub(super) async fn per_address(State(limits): State<PerAddress>, context: Context, request: Request, next: Next) -> Response {
    if matches!(request.uri().path(), "/healthz" | "/readyz") {
        return next.run(request).await;
    }
    let address = ClientAddress::of(request.extensions(), request.headers(), &limits.app);
    if !request.headers().contains_key(AUTHORIZATION)
        && let Err(error) = limits.charge(&context, address)
    {
        return error.into_response();
    }
    let response = next.run(request).await;
    if context.charges.is_empty()
        && let Err(error) = limits.charge(&context, address)
    {
        return error.into_response();
    }
    response
}
