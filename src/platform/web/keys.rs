//! The visitor's key: WebCrypto makes it, IndexedDB keeps it, neither lets it out. Tabs take turns by Web Locks.

use super::{member, set_member};
use crate::platform::{Key, Keys, Task};
use js_sys::{Array, Function, Object, Promise, Uint8Array};
use std::any::Any;
use std::rc::Rc;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    CryptoKey, Event, IdbDatabase, IdbFactory, IdbObjectStore, IdbOpenDbRequest, IdbRequest, IdbTransaction, IdbTransactionMode,
    SubtleCrypto,
};

/// One database for all proxies; keys stand under the proxy's name.
const DATABASE: &str = "twinchat";
const STORE: &str = "keys";

#[derive(Debug)]
pub(super) struct WebCrypto;

impl Keys for WebCrypto {
    fn random(&self, bytes: &mut [u8]) {
        let crypto = web_sys::window().and_then(|window| window.crypto().ok());
        // Throws only above 65,536 bytes.
        let _ = crypto.map(|crypto| crypto.get_random_values_with_u8_array(bytes));
    }

    fn sha256(&self, data: &[u8]) -> Task<Option<Vec<u8>>> {
        let promise = subtle().and_then(|subtle| subtle.digest_with_str_and_js_u8_array("SHA-256", &Uint8Array::from(data)).ok());
        Box::pin(async move { Some(bytes(&JsFuture::from(promise?).await.ok()?)) })
    }

    fn find(&self, name: &str) -> Task<Option<Rc<dyn Key>>> {
        let name = name.to_owned();
        Box::pin(async move {
            let database = open(false).await?;
            WebKey::of(database.read(&name).await?).await
        })
    }

    fn remove(&self, name: &str) -> Task<()> {
        let name = name.to_owned();
        Box::pin(async move {
            if let Some(database) = open(false).await {
                database.remove(&name).await;
            }
        })
    }

    fn make(&self) -> Task<Option<Rc<dyn Key>>> {
        Box::pin(async {
            factory()?;
            let algorithm = algorithm("namedCurve", "P-256");
            let usages = Array::of2(&"sign".into(), &"verify".into());
            let promise = subtle()?.generate_key_with_object(&algorithm, false, &usages).ok()?;
            WebKey::of(JsFuture::from(promise).await.ok()?).await
        })
    }

    fn turn(&self, name: &str, millis: u32) -> Task<Option<Box<dyn Any>>> {
        let parts = turn(name, millis);
        let guard = Turn(parts.get(1).unchecked_into());
        let came = JsFuture::from(parts.get(0).unchecked_into::<Promise>());
        Box::pin(async move { came.await.ok()?.is_truthy().then(|| Box::new(guard) as Box<dyn Any>) })
    }

    fn left(&self, name: &str) -> Task<Option<String>> {
        let name = name.to_owned();
        Box::pin(async move { open(false).await?.read(&name).await?.as_string() })
    }

    fn leave(&self, name: &str, text: &str) -> Task<()> {
        let (name, text) = (name.to_owned(), text.to_owned());
        Box::pin(async move {
            if let Some(database) = open(false).await {
                database.write(&name, &text.into(), IdbObjectStore::put_with_key).await;
            }
        })
    }
}

#[wasm_bindgen(inline_js = "
// The first tells when the turn is there, or that it does not come; the second ends it, also before it has begun.
export const turn = (name, millis) => {
  let end;
  const over = new Promise((resolve) => { end = resolve; });
  const came = new Promise((resolve) => {
    const ask = async () => navigator.locks.request('twinchat ' + name, { signal: AbortSignal.timeout(millis) }, () => (resolve(true), over));
    ask().catch(() => resolve());
  });
  return [came, end];
};
")]
extern "C" {
    fn turn(name: &str, millis: u32) -> Array;
}

/// A turn that is waited for or has come; over when dropped.
struct Turn(Function);

impl Drop for Turn {
    fn drop(&mut self) {
        // Cannot fail: it resolves a promise.
        let _ = self.0.call0(&JsValue::UNDEFINED);
    }
}

struct WebKey {
    /// What IndexedDB keeps: a `CryptoKeyPair`.
    pair: JsValue,
    x: String,
    y: String,
}

impl WebKey {
    async fn of(pair: JsValue) -> Option<Rc<dyn Key>> {
        let public = member(&pair, "publicKey").dyn_into::<CryptoKey>().ok()?;
        let jwk = JsFuture::from(subtle()?.export_key("jwk", &public).ok()?).await.ok()?;
        let (x, y) = (member(&jwk, "x").as_string()?, member(&jwk, "y").as_string()?);
        Some(Rc::new(Self { pair, x, y }))
    }
}

impl Key for WebKey {
    fn x(&self) -> &str {
        &self.x
    }

    fn y(&self) -> &str {
        &self.y
    }

    fn sign(&self, data: &[u8]) -> Task<Option<Vec<u8>>> {
        let private = member(&self.pair, "privateKey").dyn_into::<CryptoKey>().ok();
        let data = Uint8Array::from(data);
        Box::pin(async move {
            let promise = subtle()?.sign_with_object_and_js_u8_array(&algorithm("hash", "SHA-256"), &private?, &data).ok()?;
            Some(bytes(&JsFuture::from(promise).await.ok()?))
        })
    }

    fn keep(&self, name: &str) -> Task<Option<Rc<dyn Key>>> {
        let (pair, name) = (self.pair.clone(), name.to_owned());
        Box::pin(async move {
            let database = open(true).await?;
            if !database.write(&name, &pair, IdbObjectStore::add_with_key).await {
                // Another tab was first: one visitor has one key.
                return WebKey::of(database.read(&name).await?).await;
            }
            WebKey::of(pair).await
        })
    }
}

/// Absent on pages that are not served securely.
fn subtle() -> Option<SubtleCrypto> {
    member(&member(&js_sys::global(), "crypto"), "subtle").dyn_into().ok()
}

/// Absent or forbidden in some private windows and sandboxed frames.
fn factory() -> Option<IdbFactory> {
    member(&js_sys::global(), "indexedDB").dyn_into().ok()
}

fn algorithm(name: &str, value: &str) -> Object {
    let algorithm = Object::new();
    set_member(&algorithm, "name", &"ECDSA".into());
    set_member(&algorithm, name, &value.into());
    algorithm
}

fn bytes(buffer: &JsValue) -> Vec<u8> {
    Uint8Array::new(buffer).to_vec()
}

type Write = fn(&IdbObjectStore, &JsValue, &JsValue) -> Result<IdbRequest, JsValue>;

/// An open database; closed when dropped.
struct Database(IdbDatabase);

impl Drop for Database {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Database {
    fn transaction(&self, mode: IdbTransactionMode) -> Option<IdbTransaction> {
        self.0.transaction_with_str_and_mode(STORE, mode).ok()
    }

    async fn read(&self, name: &str) -> Option<JsValue> {
        let store = self.transaction(IdbTransactionMode::Readonly)?.object_store(STORE).ok()?;
        finished(&store.get(&name.into()).ok()?).await
    }

    async fn remove(&self, name: &str) {
        let Some(transaction) = self.transaction(IdbTransactionMode::Readwrite) else { return };
        let request = transaction.object_store(STORE).and_then(|store| store.delete(&name.into()));
        if let Ok(request) = request {
            finished(&request).await;
        }
    }

    /// Whether it was written; false when there is no room, or one already and it is to be added.
    async fn write(&self, name: &str, value: &JsValue, how: Write) -> bool {
        let Some(transaction) = self.transaction(IdbTransactionMode::Readwrite) else { return false };
        let done = Promise::new(&mut |resolve, reject| {
            transaction.set_oncomplete(Some(&resolve));
            transaction.set_onabort(Some(&reject));
        });
        let request = transaction.object_store(STORE).and_then(|store| how(&store, value, &name.into()));
        request.is_ok() && JsFuture::from(done).await.is_ok()
    }
}

/// The result of a request once it is there.
async fn finished(request: &IdbRequest) -> Option<JsValue> {
    let done = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    JsFuture::from(done).await.ok()?;
    request.result().ok()
}

/// Opens the database. One that does not exist is made only with `create`.
async fn open(create: bool) -> Option<Database> {
    let request: IdbOpenDbRequest = factory()?.open_with_u32(DATABASE, 1).ok()?;
    // Runs when there is no such database: an aborted upgrade leaves none behind. The browser's to keep, since it may
    // run when nobody waits for it any more.
    let upgrade = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
        let Some(request) = event.target().and_then(|target| target.dyn_into::<IdbOpenDbRequest>().ok()) else { return };
        if create {
            let database = request.result().ok().and_then(|result| result.dyn_into::<IdbDatabase>().ok());
            let _ = database.map(|database| database.create_object_store(STORE));
        } else {
            let _ = request.transaction().map(|transaction| transaction.abort());
        }
    });
    request.set_onupgradeneeded(Some(upgrade.into_js_value().unchecked_ref()));
    let database = finished(&request).await?;
    Some(Database(database.dyn_into().ok()?))
}
