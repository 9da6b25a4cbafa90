//! One mounted widget.

use super::options::PageOptions;
use super::outbox::Outbox;
use super::site::HostElement;
use super::{call, events, frame, trap};
use crate::app::{App, Options, WidgetEvent};
use crate::components::ChatPanel;
use crate::platform::{Platform, web};
use js_sys::{Array, Function, Reflect, TypeError};
use leptos::mount::mount_to;
use leptos::prelude::*;
use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

/// A widget on the page, until [`Handle::destroy`].
#[wasm_bindgen]
pub struct Handle {
    app: App,
    outbox: Outbox,
    emit: Function,
    // Dropping it takes the view off the page and ends its effects.
    _view: Box<dyn Any>,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle")
    }
}

/// Draws the widget into `frame`, an element inside a shadow root.
///
/// `options` is an object with the element's options as texts. `emit(name, detail)` is called for every event with its
/// name after `twinchat.`, with `settled` when it is known what the panel shows first, and with `trap` when this WebAssembly
/// instance has crashed and must not be called again.
#[wasm_bindgen]
pub fn mount(frame: &HtmlElement, options: &JsValue, emit: Function) -> Handle {
    trap::watch_for_panics();
    trap::add(&emit);
    let options = read(options);
    let outbox = Outbox::default();
    let app = Rc::new(Cell::new(None));
    let view = mount_to(frame.clone(), {
        let (app, outbox, emit) = (Rc::clone(&app), outbox.clone(), emit.clone());
        let platform = Platform { site: Rc::new(HostElement(frame.clone())), ..web::platform() };
        move || {
            let made = App::provide_on(options, platform);
            app.set(Some(made));
            frame::paint(made, emit.clone());
            frame::tell_settled(made, emit.clone());
            made.subscribe(move |event| {
                outbox.hear(made, event);
                pass_on(&emit, event);
            });
            view! { <ChatPanel/> }
        }
    });
    let app = app.get().expect("the view was built, and with it the app");
    Handle { app, outbox, emit, _view: Box::new(view) }
}

#[wasm_bindgen]
impl Handle {
    /// Replaces all options.
    #[wasm_bindgen(js_name = setOptions)]
    pub fn set_options(&self, options: &JsValue) {
        self.app.set_options(read(options));
    }

    /// Does what one of the element's methods asks for. What takes a while gives a promise.
    ///
    /// # Errors
    ///
    /// A `TypeError` that says what the method takes.
    pub fn call(&self, method: &str, values: &Array) -> Result<JsValue, JsValue> {
        if method == "identify" {
            return call::identify(self.app, &values.get(0)).map(Into::into).map_err(wrong);
        }
        call::call(self.app, &self.outbox, method, values).map(|()| JsValue::UNDEFINED).map_err(wrong)
    }

    /// Takes the widget off the page and ends all it was doing. The visitor's identity and conversations stay.
    pub fn destroy(self) {
        trap::remove(&self.emit);
        self.app.destroy();
    }
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err takes")]
fn wrong(sentence: String) -> JsValue {
    TypeError::new(&["twinchat: ", &sentence].concat()).into()
}

fn pass_on(emit: &Function, event: &WidgetEvent) {
    // The loader tells `ready` by itself, when it has the handle.
    if *event == WidgetEvent::Ready {
        return;
    }
    // A listener of the page that throws is the page's own affair; the browser reports it.
    let _ = emit.call2(&JsValue::NULL, &event.name().into(), &events::detail(event));
}

fn read(options: &JsValue) -> Options {
    let text = |name: &str| {
        let value = Reflect::get(options, &name.into()).unwrap_or_default();
        let text = value.as_string();
        if text.is_none() && !value.is_undefined() && !value.is_null() {
            web_sys::console::error_2(&["twinchat: the option ", name, " has to be a text; it is"].concat().into(), &value);
        }
        text.unwrap_or_default()
    };
    let (mut options, wrong) = PageOptions::of(text).read();
    if options.locale.is_empty() {
        let root = web_sys::window().and_then(|window| window.document()).and_then(|document| document.document_element());
        options.locale = root.and_then(|root| root.get_attribute("lang")).unwrap_or_default();
    }
    for sentence in wrong {
        web_sys::console::error_1(&["twinchat: ", &sentence].concat().into());
    }
    options
}
