//! Who the site says the visitor is: asked when a token is needed, or told by `identify`.

use crate::platform::{Platform, Reason, Vouched};
use crate::state::Problem;
use futures_util::future::{Either, select};
use std::cell::{Cell, RefCell};

/// The site's answer is waited for so long.
const ANSWER_MILLIS: u32 = 30_000;

/// What the site says and has said.
pub(super) struct Claim {
    platform: Platform,
    /// The page has signed the visitor out; the site is not asked again.
    signed_out: Cell<bool>,
    signed_in: Cell<bool>,
    /// The identity token that was used last.
    previous: RefCell<Option<String>>,
    rejected: Cell<bool>,
}

impl Claim {
    pub(super) fn new(platform: Platform) -> Self {
        Self {
            platform,
            signed_out: Cell::new(false),
            signed_in: Cell::new(false),
            previous: RefCell::default(),
            rejected: Cell::new(false),
        }
    }

    /// Whether the visitor is signed in, as far as anybody has said.
    pub(super) fn is_signed_in(&self) -> bool {
        self.signed_in.get()
    }

    /// Whether the site has yet to be asked.
    pub(super) fn is_open(&self) -> bool {
        !self.signed_in.get() && !self.signed_out.get() && self.platform.site.vouches()
    }

    /// Whether another word can be had.
    pub(super) fn can_ask(&self) -> bool {
        !self.signed_out.get() && self.platform.site.vouches()
    }

    /// What the next access token is asked for with.
    pub(super) async fn ask(&self) -> Result<Vouched, Problem> {
        let signed_in = self.signed_in.get();
        if !self.can_ask() {
            return if signed_in { Err(over()) } else { Ok(Vouched::Nobody) };
        }
        let reason = match self.rejected.replace(false) {
            true => Reason::Rejected,
            false if signed_in => Reason::Expiring,
            false => Reason::Initial,
        };
        let asked = self.platform.site.who(self.previous.borrow().clone(), reason);
        match select(asked, self.platform.clock.sleep(ANSWER_MILLIS)).await {
            // Nobody became somebody else behind the visitor's back.
            Either::Left((Ok(Vouched::Nobody), _)) if signed_in => Err(over()),
            Either::Left((Ok(vouched), _)) => {
                if let Vouched::Identity(token) = &vouched {
                    self.previous.replace(Some(token.clone()));
                }
                Ok(vouched)
            }
            _ => Err(Problem::own("IDENTITY_UNAVAILABLE")),
        }
    }

    /// The proxy has taken the site's word, or there was none.
    pub(super) fn accepted(&self, signed_in: bool) {
        self.signed_in.set(signed_in);
    }

    /// The page tells by itself.
    pub(super) fn told(&self, token: &str) {
        self.previous.replace(Some(token.to_owned()));
        self.signed_out.set(false);
        self.signed_in.set(true);
    }

    /// The proxy did not take it: the site is told so when it is asked the next time.
    pub(super) fn reject(&self) {
        self.rejected.set(true);
    }

    /// The page has signed the visitor out.
    pub(super) fn sign_out(&self) {
        self.signed_out.set(true);
        self.signed_in.set(false);
        self.previous.take();
    }
}

/// The sign-in has ended and cannot be renewed.
fn over() -> Problem {
    Problem { retryable: false, ..Problem::own("SIGN_IN_EXPIRED") }
}
