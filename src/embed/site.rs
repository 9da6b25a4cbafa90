//! The page's `getToken`: asked for who the visitor is.

use crate::platform::{Reason, Site, Task, Unanswered, Vouched};
use js_sys::{Function, JSON, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Element, HtmlElement, ShadowRoot};

/// The element that the widget is in. Its property is read each time: a page may set it late.
pub(super) struct HostElement(pub(super) HtmlElement);

impl HostElement {
    fn host(&self) -> Option<Element> {
        self.0.get_root_node().dyn_into::<ShadowRoot>().ok().map(|root| root.host())
    }

    fn function(&self) -> Option<(Element, Function)> {
        let host = self.host()?;
        let function = Reflect::get(&host, &"getToken".into()).ok()?.dyn_into().ok()?;
        Some((host, function))
    }
}

impl Site for HostElement {
    fn vouches(&self) -> bool {
        self.function().is_some()
    }

    fn who(&self, previous: Option<String>, reason: Reason) -> Task<Result<Vouched, Unanswered>> {
        let Some((host, function)) = self.function() else { return Box::pin(async { Ok(Vouched::Nobody) }) };
        Box::pin(async move {
            let mut waiting = Waiting(AbortController::new().ok());
            let request = Object::new();
            let reason = match reason {
                Reason::Initial => "initial",
                Reason::Expiring => "expiring",
                Reason::Rejected => "rejected",
            };
            let signal = waiting.0.as_ref().map_or(JsValue::UNDEFINED, |controller| controller.signal().into());
            for (name, value) in [("previous", previous.map_or(JsValue::NULL, Into::into)), ("reason", reason.into()), ("signal", signal)] {
                let _ = Reflect::set(&request, &name.into(), &value);
            }
            let asked = function.call1(&host, &request).map(|answer| Promise::resolve(&answer));
            let answer = match asked {
                Ok(promise) => JsFuture::from(promise).await,
                Err(error) => Err(error),
            };
            waiting.0 = None;
            answer.map_err(|error| complain("getToken() failed:", &error)).and_then(|answer| understand(&answer))
        })
    }
}

/// Tells the page, when it is dropped, that nobody waits for its answer any more.
struct Waiting(Option<AbortController>);

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}

fn understand(answer: &JsValue) -> Result<Vouched, Unanswered> {
    if answer.is_null() || answer.is_undefined() {
        return Ok(Vouched::Nobody);
    }
    if let Some(token) = answer.as_string() {
        return Ok(if token.is_empty() { Vouched::Nobody } else { Vouched::Identity(token) });
    }
    let json = JSON::stringify(answer).ok().filter(|_| answer.is_object());
    json.map(|json| Vouched::Granted(json.into()))
        .ok_or_else(|| complain("getToken() has to give an identity token, the proxy's answer to an exchange, or null; it gave", answer))
}

fn complain(words: &str, what: &JsValue) -> Unanswered {
    web_sys::console::error_2(&["twinchat: ", words].concat().into(), what);
    Unanswered
}
