//! The browser, behind traits: fetch, time, randomness, keys, storage, the page.
//!
//! The only room (besides `embed`) that touches `window`. Deliberately absent: what is sent and why
//! (`client`), what is drawn (`components`).

#[cfg(test)]
pub mod fake;
pub mod json;
pub mod lazy;
pub mod rare;
mod upload;
pub mod web;

pub use upload::{LocalFile, Upload};

use futures_util::future::LocalBoxFuture;
use std::any::Any;
use std::fmt;
use std::rc::Rc;
use std::task::{Context, Poll};

/// Something that is waited for, on the one thread there is.
pub type Task<T> = LocalBoxFuture<'static, T>;

/// All of it, handed down from the door.
#[derive(Clone)]
pub struct Platform {
    /// Requests.
    pub http: Rc<dyn Http>,
    /// Time, and what runs in it.
    pub clock: Rc<dyn Clock>,
    /// Randomness, hashes and the visitor's key.
    pub keys: Rc<dyn Keys>,
    /// Small texts that are kept.
    pub storage: Rc<dyn Storage>,
    /// The page around the widget.
    pub page: Rc<dyn Page>,
    /// The site, which may know who the visitor is.
    pub site: Rc<dyn Site>,
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Platform")
    }
}

/// The other side could not be reached, or the line broke. Browsers do not say why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreachable;

/// A request. Dropping its future or its [`Answer`] takes it back.
#[derive(Clone)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// The full address.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// Empty: none.
    pub body: String,
    /// A form with files, in place of a body.
    pub upload: Option<Upload>,
}

impl fmt::Debug for Request {
    /// Without headers and body: they hold tokens and words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url)
    }
}

/// Sends requests.
pub trait Http {
    /// Waits for the answer's head.
    fn send(&self, request: Request) -> Task<Result<Box<dyn Answer>, Unreachable>>;
}

/// An answer whose body may still be on its way.
pub trait Answer {
    /// The status code.
    fn status(&self) -> u16;
    /// A header by its lower-case name, as far as the browser lets it be seen.
    fn header(&self, name: &str) -> Option<String>;
    /// The next bytes of the body; `None` at its end.
    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Vec<u8>>, Unreachable>>;
}

/// Time.
pub trait Clock {
    /// Milliseconds since 1970, by the visitor's clock, right or wrong.
    fn now(&self) -> u64;
    /// Waits this many milliseconds at least.
    fn sleep(&self, millis: u32) -> Task<()>;
    /// Waits for the next picture to be drawn, or a quarter of a second when none is.
    fn frame(&self) -> Task<()>;
    /// Lets something run by itself.
    fn spawn(&self, task: Task<()>);
}

/// Randomness, hashes, the visitor's key, and what tabs leave each other beside it.
pub trait Keys {
    /// Fills the slice with unguessable bytes.
    fn random(&self, bytes: &mut [u8]);
    /// SHA-256. `None` where the browser has no WebCrypto.
    fn sha256(&self, data: &[u8]) -> Task<Option<Vec<u8>>>;
    /// The key kept under this name, if there is one. Looking creates nothing.
    fn find(&self, name: &str) -> Task<Option<Rc<dyn Key>>>;
    /// Removes the key or text kept under this name, if there is one.
    fn remove(&self, name: &str) -> Task<()>;
    /// A new P-256 key in memory that cannot be exported. `None` without WebCrypto or IndexedDB.
    fn make(&self) -> Task<Option<Rc<dyn Key>>>;
    /// Waits for this tab's turn at this name, so many milliseconds at most. One tab of the site has it at a time, until
    /// what is answered is dropped or the tab is closed. `None` when it did not come, or where there are no turns.
    fn turn(&self, name: &str, millis: u32) -> Task<Option<Box<dyn Any>>>;
    /// The text that a tab has left under this name.
    fn left(&self, name: &str) -> Task<Option<String>>;
    /// Leaves a text under this name for all tabs of the site, in place of the one before. Only where a key is kept.
    fn leave(&self, name: &str, text: &str) -> Task<()>;
}

/// A P-256 key pair that signs and never shows its private half.
pub trait Key {
    /// The public point's coordinate, base64url without padding (RFC 7518 section 6.2.1.2).
    fn x(&self) -> &str;
    /// Likewise.
    fn y(&self) -> &str;
    /// An ES256 signature, 64 bytes (RFC 7518 section 3.4).
    fn sign(&self, data: &[u8]) -> Task<Option<Vec<u8>>>;
    /// Keeps it under this name. When another tab was first, that one's key is answered and is to
    /// be used from now on; `None` when it cannot be kept.
    fn keep(&self, name: &str) -> Task<Option<Rc<dyn Key>>>;
}

/// How long a text is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shelf {
    /// As long as the tab.
    Tab,
    /// Until the visitor clears it.
    Site,
}

/// Small texts that are kept. A browser that forbids it is a browser that forgets.
pub trait Storage {
    /// What is kept under this name.
    fn get(&self, shelf: Shelf, name: &str) -> Option<String>;
    /// Keeps a text; an empty one is removed.
    fn set(&self, shelf: Shelf, name: &str, value: &str);
}

/// The page around the widget.
pub trait Page {
    /// Whether the browser believes it has a network.
    fn online(&self) -> bool;
    /// Whether the page is in sight.
    fn visible(&self) -> bool;
    /// Whether an open panel covers the whole screen, as on a phone.
    fn is_small(&self) -> bool;
    /// Where the page is from, such as `https://example.com`.
    fn origin(&self) -> String;
    /// The visitor's language, BCP 47.
    fn language(&self) -> String;
    /// Calls back when one of the two changed, until what is returned is dropped.
    fn watch(&self, callback: Box<dyn Fn()>) -> Box<dyn Any>;
}

/// Who the site says the visitor is.
#[derive(Clone, PartialEq, Eq)]
pub enum Vouched {
    /// Nobody is signed in there.
    Nobody,
    /// An identity token of the site's server, to be exchanged at the proxy.
    Identity(String),
    /// What the proxy answered to the site's server, which has made the exchange itself: JSON.
    Granted(String),
}

impl fmt::Debug for Vouched {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nobody => "Nobody",
            Self::Identity(_) => "Identity",
            Self::Granted(_) => "Granted",
        })
    }
}

/// Why the site is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// For the first time.
    Initial,
    /// What it said is good for a short while only.
    Expiring,
    /// The proxy refused what it said.
    Rejected,
}

/// The site asked for who the visitor is and did not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unanswered;

/// The site around the widget, which may know who the visitor is.
pub trait Site {
    /// Whether it can be asked.
    fn vouches(&self) -> bool;
    /// Asks who the visitor is; `previous` is the identity token it gave last. Dropping the future takes that back.
    fn who(&self, previous: Option<String>, reason: Reason) -> Task<Result<Vouched, Unanswered>>;
}

/// A site that knows nobody.
#[derive(Debug, Clone, Copy)]
pub struct Stranger;

impl Site for Stranger {
    fn vouches(&self) -> bool {
        false
    }

    fn who(&self, _: Option<String>, _: Reason) -> Task<Result<Vouched, Unanswered>> {
        Box::pin(async { Ok(Vouched::Nobody) })
    }
}

/// The whole body.
///
/// # Errors
/// When the line broke before its end, or it is longer than `limit` bytes.
pub async fn read_to_end(mut answer: Box<dyn Answer>, limit: usize) -> Result<Vec<u8>, Unreachable> {
    let mut body = Vec::new();
    while let Some(chunk) = std::future::poll_fn(|context| answer.poll_chunk(context)).await? {
        if body.len() + chunk.len() > limit {
            return Err(Unreachable);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
