//! The browser itself.

mod clock;
mod http;
mod keys;
mod page;
mod storage;
mod upload;

pub use upload::{browser_file, local_file};

use super::{Platform, Stranger};
use js_sys::Reflect;
use std::rc::Rc;
use wasm_bindgen::JsValue;

/// The browser this code runs in. Touches nothing yet.
pub fn platform() -> Platform {
    Platform {
        http: Rc::new(http::Fetch),
        clock: Rc::new(clock::BrowserClock),
        keys: Rc::new(keys::WebCrypto),
        storage: Rc::new(storage::WebStorage),
        page: Rc::new(page::BrowserPage),
        site: Rc::new(Stranger),
    }
}

/// A member of an object that may be absent; `undefined` when anything on the way is.
fn member(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED)
}

fn set_member(object: &JsValue, name: &str, value: &JsValue) {
    // Fails only on frozen objects; ours are fresh.
    let _ = Reflect::set(object, &JsValue::from_str(name), value);
}
