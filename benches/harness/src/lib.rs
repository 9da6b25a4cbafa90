//! The parts of the widget that others have suites for, as functions: the decoder of event streams
//! and the view of a growing markdown text. Both are the shipped code, unchanged.
//!
//! `cargo xtask harness` builds it; `harness.js` beside this folder is what is imported.

use js_sys::{Array, Error, Object, Reflect, Uint8Array};
use leptos::mount::{UnmountHandle, mount_to};
use leptos::prelude::*;
use std::any::Any;
use std::fmt;
use std::future::pending;
use std::rc::Rc;
use twinchat::app::{App, Options};
use twinchat::components::MarkdownView;
use twinchat::platform::{Answer, Http, Platform, Request, Task, Unreachable, web};
use twinchat_protocol::sse::{Decoder, Event};
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlElement};

/// The events in these pieces of a stream (`Uint8Array`s), each as `{event, data, id}`.
///
/// `event` is `message` where the stream names none, and an event that the stream ends in the
/// middle of is dropped (WHATWG HTML section 9.2.6).
///
/// # Errors
/// When a line or an event is larger than the widget allows.
#[wasm_bindgen]
pub fn parse(chunks: Vec<Uint8Array>) -> Result<Array, JsValue> {
    let mut decoder = Decoder::default();
    let events = Array::new();
    for chunk in chunks {
        let fed = decoder.feed(&chunk.to_vec(), &mut |event| {
            events.push(&object(&event));
        });
        fed.map_err(|error| Error::new(&error.to_string()))?;
    }
    Ok(events)
}

fn object(event: &Event) -> Object {
    let object = Object::new();
    let kind = if event.event.is_empty() { "message" } else { &event.event };
    for (name, value) in [("event", kind), ("data", event.data.as_str()), ("id", event.id.as_str())] {
        // A new object takes any property.
        let _ = Reflect::set(&object, &name.into(), &value.into());
    }
    object
}

/// A markdown view on a page.
#[wasm_bindgen]
pub struct View {
    text: RwSignal<String>,
    streaming: RwSignal<bool>,
    root: Element,
    _mounted: Box<dyn Any>,
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").finish_non_exhaustive()
    }
}

/// Draws an empty view in `host`. Freeing it takes it away.
///
/// # Errors
/// When the host has no document to draw in.
#[wasm_bindgen(js_name = openView)]
pub fn open_view(host: &HtmlElement) -> Result<View, JsValue> {
    let (text, streaming) = (RwSignal::new(String::new()), RwSignal::new(true));
    let mounted: UnmountHandle<_> = mount_to(host.clone(), move || {
        App::provide_on(Options::default(), Platform { http: Rc::new(Silence), ..web::platform() });
        view! { <MarkdownView text=text streaming=streaming relative=true /> }
    });
    let root = host.query_selector(".tc-markdown")?.ok_or_else(|| Error::new("nothing was drawn"))?;
    Ok(View { text, streaming, root, _mounted: Box::new(mounted) })
}

#[wasm_bindgen]
impl View {
    /// Adds text, as a delta of a reply does.
    pub fn write(&self, text: &str) {
        self.text.update(|whole| whole.push_str(text));
    }

    /// Says that no more will come.
    pub fn end(&self) {
        self.streaming.set(false);
    }

    /// Whether all of the text is drawn.
    #[wasm_bindgen(getter)]
    pub fn done(&self) -> bool {
        self.root.get_attribute("aria-busy").is_none()
    }

    /// The element that the text is drawn in.
    #[wasm_bindgen(getter)]
    pub fn root(&self) -> Element {
        self.root.clone()
    }
}

/// No request is ever answered: the view needs none.
struct Silence;

impl Http for Silence {
    fn send(&self, _request: Request) -> Task<Result<Box<dyn Answer>, Unreachable>> {
        Box::pin(pending())
    }
}
