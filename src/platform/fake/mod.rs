//! A browser made of plain data, for tests: time stands still until told, requests wait to be
//! answered, the line can be cut anywhere, and another "visit" finds what the last one kept.

mod line;

pub(crate) use line::{Exchange, Line};

use super::{
    Answer, Clock, Http, Key, Keys, Page, Platform, Reason, Request, Shelf, Site, Storage, Task, Unanswered, Unreachable, Vouched,
};
use futures_executor::{LocalPool, LocalSpawner};
use futures_util::future::{Either, select};
use futures_util::task::LocalSpawnExt;
use line::Slot;
use sha2::{Digest, Sha256};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::rc::{Rc, Weak};

/// When it is in all tests that do not say otherwise: 2026-11-21T03:20:31Z.
pub(crate) const NOW: u64 = 1_795_231_231_000;

type Handler = Rc<dyn Fn(&Request) -> Option<(u16, String)>>;
type Voucher = Rc<dyn Fn(Option<String>, Reason) -> Result<Vouched, Unanswered>>;

/// The browser. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Fake(Rc<World>);

struct World {
    pool: RefCell<LocalPool>,
    spawner: LocalSpawner,
    now: Cell<u64>,
    timers: RefCell<Vec<(u64, Rc<Slot<()>>)>>,
    handler: RefCell<Handler>,
    waiting: RefCell<VecDeque<Exchange>>,
    log: RefCell<Vec<Request>>,
    online: Cell<bool>,
    visible: Cell<bool>,
    watchers: RefCell<Vec<Weak<dyn Fn()>>>,
    kept: RefCell<BTreeMap<(Shelf, String), String>>,
    keys: RefCell<BTreeMap<String, u32>>,
    left: RefCell<BTreeMap<String, String>>,
    /// Whether it is some tab's turn, and who waits.
    taken: Cell<bool>,
    turns: RefCell<VecDeque<Weak<Slot<Turn>>>>,
    made: Cell<u32>,
    dice: Cell<u32>,
    secure: Cell<bool>,
    small: Cell<bool>,
    voucher: RefCell<Option<Voucher>>,
}

impl Fake {
    /// A browser that has never been here.
    pub(crate) fn new() -> Self {
        let pool = LocalPool::new();
        Self(Rc::new(World {
            spawner: pool.spawner(),
            pool: RefCell::new(pool),
            now: Cell::new(NOW),
            timers: RefCell::default(),
            handler: RefCell::new(Rc::new(|_| None)),
            waiting: RefCell::default(),
            log: RefCell::default(),
            online: Cell::new(true),
            visible: Cell::new(true),
            watchers: RefCell::default(),
            kept: RefCell::default(),
            keys: RefCell::default(),
            left: RefCell::default(),
            taken: Cell::new(false),
            turns: RefCell::default(),
            made: Cell::new(0),
            dice: Cell::new(1),
            secure: Cell::new(true),
            small: Cell::new(false),
            voucher: RefCell::default(),
        }))
    }

    pub(crate) fn platform(&self) -> Platform {
        let it = Rc::new(self.clone());
        Platform { http: it.clone(), clock: it.clone(), keys: it.clone(), storage: it.clone(), page: it.clone(), site: it }
    }

    /// Answers these requests at once, with a status and a body; the others wait.
    pub(crate) fn serve(&self, handler: impl Fn(&Request) -> Option<(u16, String)> + 'static) {
        self.0.handler.replace(Rc::new(handler));
    }

    /// Runs everything until nothing moves.
    pub(crate) fn run(&self) {
        self.0.pool.borrow_mut().run_until_stalled();
    }

    /// Waits for a future that needs nothing from outside.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.pool.borrow_mut().run_until(future)
    }

    /// Lets time pass; what was to happen in it happens in order.
    pub(crate) fn advance(&self, millis: u64) {
        self.run();
        let end = self.0.now.get() + millis;
        loop {
            let next = self.0.timers.borrow().iter().map(|(at, _)| *at).filter(|at| *at <= end).min();
            let Some(at) = next else { break };
            self.0.now.set(at.max(self.0.now.get()));
            let due: Vec<_> = self.0.timers.borrow_mut().extract_if(.., |(other, _)| *other <= at).collect();
            for (_, slot) in due {
                slot.fill(());
            }
            self.run();
        }
        self.0.now.set(end);
    }

    /// Lets time pass while nothing runs: the lid is closed.
    pub(crate) fn sleep_through(&self, millis: u64) {
        self.0.now.set(self.0.now.get() + millis);
    }

    /// The next request that waits and was not taken back; all that can run has run before.
    pub(crate) fn request(&self) -> Exchange {
        self.run();
        let mut waiting = self.0.waiting.borrow_mut();
        waiting.retain(|exchange| !exchange.is_dropped());
        waiting.pop_front().expect("a request")
    }

    /// Whether no request waits.
    pub(crate) fn is_quiet(&self) -> bool {
        self.run();
        self.0.waiting.borrow().iter().all(Exchange::is_dropped)
    }

    /// All requests so far.
    pub(crate) fn log(&self) -> Vec<Request> {
        self.0.log.borrow().clone()
    }

    /// The browser's word on the network.
    pub(crate) fn set_online(&self, online: bool) {
        self.0.online.set(online);
        self.tell();
    }

    /// Whether the page is in sight.
    pub(crate) fn set_visible(&self, visible: bool) {
        self.0.visible.set(visible);
        self.tell();
    }

    /// Whether there is WebCrypto.
    pub(crate) fn set_secure(&self, secure: bool) {
        self.0.secure.set(secure);
    }

    /// Whether the screen is a phone's.
    pub(crate) fn set_small(&self, small: bool) {
        self.0.small.set(small);
    }

    /// The site says who the visitor is.
    pub(crate) fn vouch(&self, voucher: impl Fn(Option<String>, Reason) -> Result<Vouched, Unanswered> + 'static) {
        self.0.voucher.replace(Some(Rc::new(voucher)));
    }

    /// Whether nothing at all is kept.
    pub(crate) fn keeps_nothing(&self) -> bool {
        self.0.kept.borrow().is_empty() && self.0.keys.borrow().is_empty() && self.0.left.borrow().is_empty()
    }

    fn tell(&self) {
        let watchers: Vec<_> = self.0.watchers.borrow().iter().filter_map(Weak::upgrade).collect();
        for watcher in watchers {
            watcher();
        }
        self.run();
    }

    fn next_turn(&self) {
        self.0.taken.set(false);
        let next = self.0.turns.borrow_mut().pop_front();
        match next.map(|waiting| waiting.upgrade()) {
            Some(Some(slot)) => {
                self.0.taken.set(true);
                slot.fill(Turn(self.clone()));
            }
            Some(None) => self.next_turn(),
            None => {}
        }
    }

    fn key(&self, number: u32) -> Rc<dyn Key> {
        Rc::new(FakeKey { fake: self.clone(), number, x: format!("x{number}"), y: format!("y{number}") })
    }

    fn after(&self, millis: u32) -> Task<()> {
        let slot = Slot::new();
        self.0.timers.borrow_mut().push((self.0.now.get() + u64::from(millis), slot.clone()));
        Box::pin(poll_fn(move |context| slot.poll(context)))
    }
}

impl Http for Fake {
    fn send(&self, request: Request) -> Task<Result<Box<dyn Answer>, Unreachable>> {
        self.0.log.borrow_mut().push(request.clone());
        let slot = Slot::new();
        let exchange = Exchange { request, slot: Rc::downgrade(&slot) };
        let handler = self.0.handler.borrow().clone();
        if !self.0.online.get() {
            exchange.fail();
        } else if let Some((status, body)) = handler(&exchange.request) {
            exchange.answer(status, &[], &body);
        } else {
            self.0.waiting.borrow_mut().push_back(exchange);
        }
        Box::pin(poll_fn(move |context| slot.poll(context)))
    }
}

impl Clock for Fake {
    fn now(&self) -> u64 {
        self.0.now.get()
    }

    fn sleep(&self, millis: u32) -> Task<()> {
        self.after(millis)
    }

    fn frame(&self) -> Task<()> {
        self.after(16)
    }

    fn spawn(&self, task: Task<()>) {
        self.0.spawner.spawn_local(task).expect("the pool lives");
    }
}

impl Keys for Fake {
    fn random(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let dice = self.0.dice.get().wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            self.0.dice.set(dice);
            *byte = (dice >> 24) as u8;
        }
    }

    fn sha256(&self, data: &[u8]) -> Task<Option<Vec<u8>>> {
        let hash = self.0.secure.get().then(|| Sha256::digest(data).to_vec());
        Box::pin(async move { hash })
    }

    fn find(&self, name: &str) -> Task<Option<Rc<dyn Key>>> {
        let key = self.0.keys.borrow().get(name).map(|number| self.key(*number));
        Box::pin(async move { key })
    }

    fn remove(&self, name: &str) -> Task<()> {
        self.0.keys.borrow_mut().remove(name);
        self.0.left.borrow_mut().remove(name);
        Box::pin(async {})
    }

    fn make(&self) -> Task<Option<Rc<dyn Key>>> {
        self.0.made.set(self.0.made.get() + 1);
        let key = self.0.secure.get().then(|| self.key(self.0.made.get()));
        Box::pin(async move { key })
    }

    fn turn(&self, _: &str, millis: u32) -> Task<Option<Box<dyn Any>>> {
        let slot = Slot::new();
        self.0.turns.borrow_mut().push_back(Rc::downgrade(&slot));
        if !self.0.taken.get() {
            self.next_turn();
        }
        let turn = Box::pin(poll_fn(move |context| slot.poll(context)));
        let came = select(turn, self.after(millis));
        Box::pin(async move {
            match came.await {
                Either::Left((turn, _)) => Some(Box::new(turn) as Box<dyn Any>),
                Either::Right(_) => None,
            }
        })
    }

    fn left(&self, name: &str) -> Task<Option<String>> {
        let text = self.0.left.borrow().get(name).cloned();
        Box::pin(async move { text })
    }

    fn leave(&self, name: &str, text: &str) -> Task<()> {
        self.0.left.borrow_mut().insert(name.to_owned(), text.to_owned());
        Box::pin(async {})
    }
}

/// A tab's turn; over when dropped.
struct Turn(Fake);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.next_turn();
    }
}

struct FakeKey {
    fake: Fake,
    number: u32,
    x: String,
    y: String,
}

impl Key for FakeKey {
    fn x(&self) -> &str {
        &self.x
    }

    fn y(&self) -> &str {
        &self.y
    }

    fn sign(&self, data: &[u8]) -> Task<Option<Vec<u8>>> {
        let mut signature = Sha256::digest(data).to_vec();
        signature.extend(Sha256::digest(self.number.to_le_bytes()));
        Box::pin(async move { Some(signature) })
    }

    fn keep(&self, name: &str) -> Task<Option<Rc<dyn Key>>> {
        let number = *self.fake.0.keys.borrow_mut().entry(name.to_owned()).or_insert(self.number);
        let key = self.fake.key(number);
        Box::pin(async move { Some(key) })
    }
}

impl Storage for Fake {
    fn get(&self, shelf: Shelf, name: &str) -> Option<String> {
        self.0.kept.borrow().get(&(shelf, name.to_owned())).cloned()
    }

    fn set(&self, shelf: Shelf, name: &str, value: &str) {
        let mut kept = self.0.kept.borrow_mut();
        if value.is_empty() {
            kept.remove(&(shelf, name.to_owned()));
        } else {
            kept.insert((shelf, name.to_owned()), value.to_owned());
        }
    }
}

impl Page for Fake {
    fn online(&self) -> bool {
        self.0.online.get()
    }

    fn visible(&self) -> bool {
        self.0.visible.get()
    }

    fn is_small(&self) -> bool {
        self.0.small.get()
    }

    fn origin(&self) -> String {
        "https://page.example".to_owned()
    }

    fn language(&self) -> String {
        "vi-VN".to_owned()
    }

    fn watch(&self, callback: Box<dyn Fn()>) -> Box<dyn Any> {
        let callback: Rc<dyn Fn()> = Rc::from(callback);
        self.0.watchers.borrow_mut().push(Rc::downgrade(&callback));
        Box::new(callback)
    }
}

impl Site for Fake {
    fn vouches(&self) -> bool {
        self.0.voucher.borrow().is_some()
    }

    fn who(&self, previous: Option<String>, reason: Reason) -> Task<Result<Vouched, Unanswered>> {
        let voucher = self.0.voucher.borrow().clone();
        Box::pin(async move { voucher.map_or(Ok(Vouched::Nobody), |voucher| voucher(previous, reason)) })
    }
}
