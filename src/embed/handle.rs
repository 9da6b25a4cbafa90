//! One mounted widget.

use super::options::PageOptions;
use super::{call, events, trap};
use crate::app::{App, Options, WidgetEvent};
use js_sys::{Array, Function, TypeError};
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
/// name after `twinchat.`, and with `trap` when this WebAssembly instance has crashed and must not be called again.
#[wasm_bindgen]
pub fn mount(frame: &HtmlElement, options: JsValue, emit: Function) -> Handle {
    trap::watch_for_panics();
    trap::add(&emit);
    let options = read(options);
    let app = Rc::new(Cell::new(None));
    let made = Rc::clone(&app);
    let tell = emit.clone();
    let view = mount_to(frame.clone(), move || {
        let app = App::provide(options);
        app.subscribe(move |event| pass_on(&tell, event));
        made.set(Some(app));
        view! { <p>"twinchat"</p> }
    });
    let app = app.get().expect("the view was built, and with it the app");
    Handle { app, emit, _view: Box::new(view) }
}

#[wasm_bindgen]
impl Handle {
    /// Replaces all options.
    #[wasm_bindgen(js_name = setOptions)]
    pub fn set_options(&self, options: JsValue) {
        self.app.set_options(read(options));
    }

    /// Does what one of the element's methods asks for.
    ///
    /// # Errors
    ///
    /// A `TypeError` that says what the method takes.
    pub fn call(&self, method: &str, values: &Array) -> Result<(), JsValue> {
        call::call(&self.app, method, values).map_err(|sentence| TypeError::new(&["twinchat: ", &sentence].concat()).into())
    }

    /// Takes the widget off the page and ends all it was doing. The visitor's identity and conversations stay.
    pub fn destroy(self) {
        trap::remove(&self.emit);
        self.app.destroy();
    }
}

fn pass_on(emit: &Function, event: &WidgetEvent) {
    // The loader tells `ready` by itself, when it has the handle.
    if *event == WidgetEvent::Ready {
        return;
    }
    // A listener of the page that throws is the page's own affair; the browser reports it.
    let _ = emit.call2(&JsValue::NULL, &event.name().into(), &events::detail(event));
}

fn read(options: JsValue) -> Options {
    let page: PageOptions = serde_wasm_bindgen::from_value(options).unwrap_or_else(|error| {
        web_sys::console::error_2(&"twinchat: the options cannot be read:".into(), &error.into());
        PageOptions::default()
    });
    let (options, wrong) = page.read();
    for sentence in wrong {
        web_sys::console::error_1(&["twinchat: ", &sentence].concat().into());
    }
    options
}
