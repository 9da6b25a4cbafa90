//! The visitor's identity and the access token that stands for it (RFC 8693).
//!
//! One renewal serves all who wait, ahead of expiry, in all tabs (`share`). Until [`Tokens::keep_identity`] the
//! identity lives in memory only.

use super::bell::Bell;
use super::claim::Claim;
use super::dpop::{self, Claims};
use super::exchange::push_form;
use crate::platform::{Answer, Key, Platform, Request, Shelf, Task};
use crate::state::{Problem, time};
use futures_util::FutureExt;
use futures_util::future::{Shared, select};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use twinchat_protocol::token::WIDGET_HEADER;

/// A token is renewed this long before it expires.
pub(super) const AHEAD_MILLIS: u64 = 30_000;
/// The first proof waits this long for a nonce that is on its way.
const GREETING_MILLIS: u32 = 3_000;
/// A clock that differs from the server's by less than this is left alone.
const SKEW_MILLIS: i64 = 5_000;

/// An access token in use.
pub(super) struct Token {
    pub(super) access: String,
    pub(super) dpop: bool,
    pub(super) hash: String,
    pub(super) expires_at: u64,
}

/// Who the visitor is.
#[derive(Clone)]
pub(super) enum Identity {
    /// Whoever holds this key, named by its thumbprint.
    Key { key: Rc<dyn Key>, thumbprint: String, kept: bool },
    /// Whoever knows this secret; empty before the proxy has given one.
    Secret { secret: String, kept: bool },
}

#[derive(Clone)]
pub(super) struct Tokens(pub(super) Rc<Inner>);

pub(super) struct Inner {
    pub(super) platform: Platform,
    pub(super) origin: String,
    pub(super) claim: Claim,
    pub(super) visitor: RefCell<String>,
    identity: RefCell<Option<Identity>>,
    token: RefCell<Option<Rc<Token>>>,
    renewal: RefCell<Option<Renewal>>,
    /// Counts those that were stopped.
    renewals: Cell<u32>,
    /// The token that the proxy refused last; empty: none.
    pub(super) refused: RefCell<String>,
    known: RefCell<Known>,
    /// An answer that brings a nonce is under way; rung when it is there.
    greeting: Cell<bool>,
    greeted: Bell,
}

type Renewal = Shared<Task<Result<Rc<Token>, Problem>>>;

/// What a proof has to agree with: the server's last nonce, and how far its clock is ahead of this one.
#[derive(Clone, Default)]
pub(super) struct Known {
    nonce: String,
    skew: i64,
}

impl Tokens {
    pub(super) fn new(platform: Platform, origin: String) -> Self {
        Self(Rc::new(Inner {
            claim: Claim::new(platform.clone()),
            visitor: RefCell::default(),
            platform,
            origin,
            identity: RefCell::default(),
            token: RefCell::default(),
            renewal: RefCell::default(),
            renewals: Cell::new(0),
            refused: RefCell::default(),
            known: RefCell::default(),
            greeting: Cell::new(false),
            greeted: Bell::default(),
        }))
    }

    /// Whether this visitor was here before. Looks without leaving a trace.
    pub(super) async fn is_known(&self) -> bool {
        if self.0.claim.is_open() {
            // Only the exchange tells; what goes wrong with it, the next call will say.
            let _ = self.get().await;
        }
        if self.is_signed_in() {
            return true;
        }
        match self.identity().await {
            Identity::Key { kept, .. } | Identity::Secret { kept, .. } => kept,
        }
    }

    /// Asks the site who the visitor is, if nobody has said. Whether that is somebody else than before.
    pub(super) async fn ask_site(&self) -> Result<bool, Problem> {
        // One that has begun without the site must not end after this one.
        let under_way = self.0.renewal.borrow().clone();
        if let Some(renewal) = under_way {
            let _ = renewal.await;
        }
        if !self.0.claim.is_open() {
            return Ok(false);
        }
        let before = self.visitor();
        self.renew().await?;
        Ok(!before.is_empty() && before != self.visitor())
    }

    /// Whether the site has said who the visitor is.
    pub(super) fn is_signed_in(&self) -> bool {
        self.0.claim.is_signed_in()
    }

    /// Whom the proxy takes the visitor to be; empty before the first token.
    pub(super) fn visitor(&self) -> String {
        self.0.visitor.borrow().clone()
    }

    /// The visitor is whom this identity token names, from now on. When the proxy refuses it, all stays as it was.
    pub(super) async fn sign_in(&self, identity_token: &str) -> Result<(), Problem> {
        let token = self.exchange_for(Some(identity_token)).await?;
        self.stop();
        self.0.claim.told(identity_token);
        self.0.token.replace(Some(Rc::new(token)));
        Ok(())
    }

    /// The visitor is again who this browser was before.
    pub(super) fn sign_out(&self) {
        let was_signed_in = self.is_signed_in();
        self.stop();
        self.0.claim.sign_out();
        self.0.visitor.take();
        // An anonymous visitor's may be other tabs' as well.
        if let Some(token) = self.0.token.take().filter(|_| was_signed_in) {
            let this = self.clone();
            self.0.platform.clock.spawn(Box::pin(async move { this.take_back(&token).await }));
        }
    }

    /// Whether it can be shown who a signed-in visitor was before: by the key that the token is bound to, or by a secret.
    pub(super) async fn can_link(&self) -> bool {
        let bound = self.0.token.borrow().as_ref().is_some_and(|token| token.dpop);
        self.is_signed_in() && (bound || self.secret().await.is_some())
    }

    /// The secret of the visitor without a key, which shows who a signed-in visitor was before.
    pub(super) async fn secret(&self) -> Option<String> {
        match self.identity().await {
            Identity::Secret { secret, .. } if !secret.is_empty() => Some(secret),
            _ => None,
        }
    }

    /// Keeps the identity for the next visit: the visitor has something to come back to.
    pub(super) async fn keep_identity(&self) {
        if self.is_signed_in() {
            return; // the site says who comes back
        }
        match self.identity().await {
            Identity::Key { key, thumbprint, kept: false } => {
                let Some(kept) = key.keep(&self.0.origin).await else { return };
                if kept.x() == key.x() {
                    self.set_identity(Identity::Key { key, thumbprint, kept: true });
                    let token = self.0.token.borrow().clone();
                    if let Some(token) = token {
                        self.leave(&token).await;
                    }
                } else if let Some(thumbprint) = dpop::thumbprint(&self.0.platform, kept.as_ref()).await {
                    // Another tab was first; both are one visitor from now on.
                    self.0.token.take();
                    self.set_identity(Identity::Key { key: kept, thumbprint, kept: true });
                }
            }
            Identity::Secret { secret, kept: false } if !secret.is_empty() => {
                self.0.platform.storage.set(Shelf::Site, &self.secret_name(), &secret);
                self.set_identity(Identity::Secret { secret, kept: true });
            }
            _ => {}
        }
    }

    /// Forgets the identity, here and in the browser.
    pub(super) async fn forget_identity(&self) {
        self.stop();
        self.0.identity.take();
        self.0.platform.storage.set(Shelf::Site, &self.secret_name(), "");
        for name in [&self.0.origin, &self.left_name()] {
            self.0.platform.keys.remove(name).await;
        }
    }

    /// Takes back the token (RFC 7009). What the proxy says to that changes nothing.
    pub(super) async fn revoke(&self) {
        let token = self.0.token.take();
        if let Some(token) = token {
            self.take_back(&token).await;
        }
    }

    async fn take_back(&self, token: &Token) {
        let url = [&self.0.origin, "/oauth/revoke"].concat();
        let headers = vec![("content-type", "application/x-www-form-urlencoded".to_owned()), (WIDGET_HEADER, "1".to_owned())];
        let mut body = String::new();
        push_form(&mut body, "token", &token.access);
        let _ = self.0.platform.http.send(Request { method: "POST", url, headers, body, upload: None }).await;
    }

    /// A token that is good for the next half minute at least, if one can be had.
    pub(super) async fn get(&self) -> Result<Rc<Token>, Problem> {
        let current = self.0.token.borrow().clone();
        let now = self.0.platform.clock.now();
        match current {
            Some(token) if token.expires_at > now + AHEAD_MILLIS => Ok(token),
            current => match self.renew().await {
                // Better an old one than none.
                Err(_) if current.as_ref().is_some_and(|token| token.expires_at > now) => Ok(current.unwrap_or_else(|| unreachable!())),
                result => result,
            },
        }
    }

    /// The proxy refused this one.
    pub(super) fn refused(&self, token: &Rc<Token>) {
        let current = self.0.token.borrow().clone();
        if current.is_some_and(|current| Rc::ptr_eq(&current, token)) {
            self.0.token.take();
            self.0.refused.replace(token.access.clone());
            self.0.claim.reject();
        }
    }

    /// Ends a renewal that is under way.
    pub(super) fn stop(&self) {
        self.0.renewal.take();
        self.0.renewals.set(self.0.renewals.get() + 1);
    }

    /// The headers that show a token to be used by its holder.
    pub(super) async fn headers(&self, token: &Token, method: &str, url: &str) -> Vec<(&'static str, String)> {
        let scheme = if token.dpop { "DPoP " } else { "Bearer " };
        let mut headers = vec![("authorization", [scheme, &token.access].concat())];
        if token.dpop
            && let Some(proof) = self.proof(method, url, &token.hash).await
        {
            headers.push(("dpop", proof));
        }
        headers
    }

    /// What the next proof is made with.
    pub(super) fn known(&self) -> Known {
        self.0.known.borrow().clone()
    }

    /// Whether more is known now, so that a proof refused since then is worth another try.
    pub(super) fn knows_more_than(&self, earlier: &Known) -> bool {
        let known = self.0.known.borrow();
        known.nonce != earlier.nonce || (known.skew - earlier.skew).abs() >= SKEW_MILLIS
    }

    /// Learns the server's clock and nonce from any answer.
    pub(super) fn learn(&self, answer: &dyn Answer) {
        let mut known = self.0.known.borrow_mut();
        if let Some(date) = answer.header("date").as_deref().and_then(time::parse_http_date) {
            // The header has whole seconds: on average half of one is gone.
            let skew = date as i64 + 500 - self.0.platform.clock.now() as i64;
            known.skew = if skew.abs() < SKEW_MILLIS { 0 } else { skew };
        }
        if let Some(nonce) = answer.header("dpop-nonce") {
            known.nonce = nonce;
        }
    }

    /// A request is about to be made that needs no token and whose answer brings a nonce. The first
    /// proof waits for it, until the guard is dropped.
    pub(super) fn greet(&self) -> Greeting {
        self.0.greeting.set(true);
        Greeting(self.clone())
    }

    pub(super) async fn greeted(&self) {
        let nonce_is_coming = || self.0.greeting.get() && self.0.known.borrow().nonce.is_empty();
        let mut heard = self.0.greeted.rings();
        let answer = poll_fn(|context| match self.0.greeted.poll(&mut heard, context) {
            Poll::Pending if nonce_is_coming() => Poll::Pending,
            _ => Poll::Ready(()),
        });
        select(answer, self.0.platform.clock.sleep(GREETING_MILLIS)).await;
    }

    async fn renew(&self) -> Result<Rc<Token>, Problem> {
        let renewal = {
            let mut slot = self.0.renewal.borrow_mut();
            slot.get_or_insert_with(|| {
                let (this, number) = (self.clone(), self.0.renewals.get());
                let task: Task<_> = Box::pin(async move {
                    let result = this.exchange().await.map(Rc::new);
                    // Whoever was waited for when this was stopped is not wanted any more.
                    if this.0.renewals.get() == number {
                        if let Ok(token) = &result {
                            this.0.token.replace(Some(token.clone()));
                        }
                        this.0.renewal.take();
                    }
                    result
                });
                task.shared()
            })
            .clone()
        };
        renewal.await
    }

    pub(super) async fn proof(&self, method: &str, url: &str, token_hash: &str) -> Option<String> {
        let Identity::Key { key, .. } = self.identity().await else { return None };
        let known = self.known();
        let issued_at = (self.0.platform.clock.now() as i64 + known.skew).max(0) as u64 / 1000;
        dpop::proof(&self.0.platform, &key, Claims { method, url, issued_at, token_hash, nonce: &known.nonce }).await
    }

    /// Who the visitor is: the key kept here, else a new one, else a secret.
    pub(super) async fn identity(&self) -> Identity {
        let known = self.0.identity.borrow().clone();
        match known {
            Some(identity) => identity,
            None => {
                let identity = self.find_identity().await;
                // Two may have looked at once: the first one stays.
                self.0.identity.borrow_mut().get_or_insert(identity).clone()
            }
        }
    }

    async fn find_identity(&self) -> Identity {
        let platform = &self.0.platform;
        let found = platform.keys.find(&self.0.origin).await;
        let kept = found.is_some();
        let key = match found {
            Some(key) => Some(key),
            None => platform.keys.make().await,
        };
        if let Some(key) = key
            && let Some(thumbprint) = dpop::thumbprint(platform, key.as_ref()).await
        {
            return Identity::Key { key, thumbprint, kept };
        }
        let secret = platform.storage.get(Shelf::Site, &self.secret_name()).unwrap_or_default();
        Identity::Secret { kept: !secret.is_empty(), secret }
    }

    pub(super) fn set_identity(&self, identity: Identity) {
        self.0.identity.replace(Some(identity));
    }

    fn secret_name(&self) -> String {
        ["twinchat.visitor.", &self.0.origin].concat()
    }
}

/// An answer with a nonce is under way.
pub(super) struct Greeting(Tokens);

impl Drop for Greeting {
    fn drop(&mut self) {
        self.0.0.greeting.set(false);
        self.0.0.greeted.ring();
    }
}
