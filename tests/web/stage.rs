//! A widget on a page, over a proxy made of plain data, and words to say what a visitor does.

use futures_util::FutureExt;
use leptos::prelude::*;
use std::any::Any;
use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;
use std::task::{Context, Poll};
use twinchat::app::{App, BoxSignal, MessageEntry, Options};
use twinchat::platform::{Answer, Clock, Http, Platform, Request, Task, Unreachable, web};
use twinchat::state::{EntryStatus, Loading, Problem, Screen};
use twinchat_protocol::conversation::Conversation;
use twinchat_protocol::id::{ConversationId, TwinId};
use twinchat_protocol::message::Role;
use twinchat_protocol::twin::{Capabilities, Twin};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlElement, KeyboardEvent, KeyboardEventInit, ShadowRoot, ShadowRootInit, ShadowRootMode};

/// When it is in these tests: 12 March 2026, 14:32 in the tester's time zone.
pub(crate) fn now() -> u64 {
    js_sys::Date::parse("2026-03-12T14:32:00") as u64
}

/// A widget in a shadow root, until it is dropped.
pub(crate) struct Stage {
    pub(crate) app: App,
    pub(crate) root: ShadowRoot,
    host: HtmlElement,
    _view: Box<dyn Any>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.host.remove();
    }
}

/// Options of a widget in English that is always open.
pub(crate) fn inline() -> Options {
    Options { mode: twinchat::app::Mode::Inline, locale: "en".to_owned(), ..Options::default() }
}

/// Options of a bubble in English.
pub(crate) fn bubble() -> Options {
    Options { locale: "en".to_owned(), ..Options::default() }
}

impl Stage {
    /// Mounts what `view` gives, over a proxy that never answers.
    pub(crate) async fn with<V: IntoView + 'static>(options: Options, view: impl FnOnce() -> V + 'static) -> Self {
        Self::over(options, false, view).await
    }

    /// Mounts the whole widget over a proxy with two twins and no conversations.
    pub(crate) async fn with_proxy(options: Options) -> Self {
        Self::over(options, true, || view! { <twinchat::components::ChatWidget /> }).await
    }

    async fn over<V: IntoView + 'static>(options: Options, answers: bool, view: impl FnOnce() -> V + 'static) -> Self {
        let document = document();
        let host: HtmlElement = document.create_element("div").unwrap().unchecked_into();
        let _ = host.set_attribute("style", "height:600px;width:400px;font-size:40px");
        document.body().unwrap().append_child(&host).unwrap();
        let root = host.attach_shadow(&ShadowRootInit::new(ShadowRootMode::Open)).unwrap();
        let frame: HtmlElement = document.create_element("div").unwrap().unchecked_into();
        let _ = frame.set_attribute("style", "height:100%");
        root.append_child(&frame).unwrap();
        let made = Rc::new(RefCell::new(None));
        let out = made.clone();
        let handle = mount_to(frame, move || {
            let real = web::platform();
            let http = Rc::new(Proxy { answers });
            let clock = Rc::new(Still(real.clock.clone()));
            let app = App::provide_on(options, Platform { http, clock, ..real });
            out.replace(Some(app));
            view()
        });
        let app = made.take().unwrap();
        let stage = Self { app, root, host, _view: Box::new(handle) };
        stage.settle().await;
        stage
    }

    /// Lets everything happen that follows from what was done, drawing included.
    pub(crate) async fn settle(&self) {
        self.frame().await;
        self.frame().await;
    }

    /// Lets effects run, then one animation frame, then what it set going.
    pub(crate) async fn frame(&self) {
        leptos::task::tick().await;
        let promise = js_sys::Promise::new(&mut |resolve, _| {
            let _ = web_sys::window().unwrap().request_animation_frame(&resolve);
        });
        let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
        leptos::task::tick().await;
    }

    pub(crate) fn find(&self, selector: &str) -> HtmlElement {
        self.look(selector).unwrap_or_else(|| panic!("nothing matches {selector} in:\n{}", self.text()))
    }

    pub(crate) fn look(&self, selector: &str) -> Option<HtmlElement> {
        self.root.query_selector(selector).unwrap().map(JsCast::unchecked_into)
    }

    pub(crate) fn all(&self, selector: &str) -> Vec<Element> {
        let list = self.root.query_selector_all(selector).unwrap();
        (0..list.length()).filter_map(|at| list.item(at)).map(JsCast::unchecked_into).collect()
    }

    /// The button with this name.
    pub(crate) fn button(&self, name: &str) -> HtmlElement {
        let named = |element: &Element| {
            let label = element.get_attribute("aria-label").or_else(|| element.text_content());
            label.is_some_and(|label| label.trim() == name)
        };
        let found = self.all("button").into_iter().find(named);
        found.unwrap_or_else(|| panic!("no button is called {name:?} in:\n{}", self.text())).unchecked_into()
    }

    pub(crate) fn text(&self) -> String {
        self.all(".tc-root").iter().filter_map(|root| root.text_content()).collect()
    }

    /// The texts of the visitor's messages in the list.
    pub(crate) fn sent(&self) -> Vec<String> {
        let own = |entry: &&MessageEntry| entry.role == Role::User;
        self.app.signals.messages.with_untracked(|list| list.iter().filter(own).map(|entry| entry.text.get_untracked()).collect())
    }
}

/// A key press as browsers report it. Answers whether the browser would go on with it.
pub(crate) fn press(target: &Element, key: &str, also: impl FnOnce(&KeyboardEventInit)) -> bool {
    let init = KeyboardEventInit::new();
    init.set_key(key);
    init.set_bubbles(true);
    init.set_composed(true);
    init.set_cancelable(true);
    also(&init);
    let event = KeyboardEvent::new_with_keyboard_event_init_dict("keydown", &init).unwrap();
    target.dispatch_event(&event).unwrap()
}

pub(crate) fn twin(number: u32) -> Twin {
    Twin {
        id: TwinId::from_random(&format!("twin{number:08}")),
        name: ["Trợ lý Học tập", "Legal Helper", "Đầu bếp Huế", "Rust Mentor", "Kế toán", "Guide", "Bác sĩ"][number as usize % 7]
            .to_owned(),
        description: "Helps with everyday questions.".to_owned(),
        avatar_url: None,
        available: true,
        starters: vec!["What can you do?".to_owned()],
        capabilities: Capabilities { stream: true, stop: true, ..Capabilities::default() },
    }
}

pub(crate) fn conversation(number: u32, title: &str, days_ago: u64) -> Conversation {
    let time = js_sys::Date::new(&JsValue::from_f64((now() - days_ago * 86_400_000) as f64)).to_iso_string();
    Conversation {
        id: ConversationId::from_random(&format!("conv{number:08}")),
        twin_id: twin(0).id,
        title: title.to_owned(),
        created_at: time.clone().into(),
        updated_at: time.into(),
        last_message: Some("The last thing said.".to_owned()),
        message_count: 2,
        active_message_id: None,
        waiting_for_person: false,
    }
}

pub(crate) fn entry(key: &str, role: Role, text: &str, status: EntryStatus) -> MessageEntry {
    MessageEntry {
        key: key.to_owned(),
        id: BoxSignal::new(key.to_owned()),
        role,
        created_at: now() - 60_000,
        text: RwSignal::new(text.to_owned()),
        status: BoxSignal::new(status),
        feedback: BoxSignal::new(None),
        extras: BoxSignal::default(),
    }
}

pub(crate) fn problem(code: &str) -> Problem {
    Problem { code: code.to_owned(), message: String::new(), request_id: "req_1".to_owned(), retry_at: None, retryable: true }
}

/// A chat with this twin and these messages, on a stage whose proxy is silent.
pub(crate) async fn chat(stage: &Stage, messages: Vec<MessageEntry>) {
    let s = stage.app.signals;
    s.twins.set(vec![twin(0), twin(1)]);
    s.twins_loading.set(Loading::Ready);
    s.twin.set(Some(twin(0)));
    s.messages_loading.set(Loading::Ready);
    s.messages.set(messages);
    s.screen.set(Screen::Chat);
    stage.settle().await;
}

/// Time stands still.
struct Still(Rc<dyn Clock>);

impl Clock for Still {
    fn now(&self) -> u64 {
        now()
    }

    fn sleep(&self, _millis: u32) -> Task<()> {
        Box::pin(pending())
    }

    fn frame(&self) -> Task<()> {
        self.0.frame()
    }

    fn spawn(&self, task: Task<()>) {
        self.0.spawn(task);
    }
}

struct Proxy {
    answers: bool,
}

impl Http for Proxy {
    fn send(&self, request: Request) -> Task<Result<Box<dyn Answer>, Unreachable>> {
        let path = request.url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| rest[at..].to_owned())).unwrap_or_default();
        let path = path.split('?').next().unwrap_or_default().to_owned();
        match self.answers.then(|| answer(request.method, &path)).flatten() {
            Some(body) => async move { Ok(Box::new(Said(Some(body.into_bytes()))) as Box<dyn Answer>) }.boxed_local(),
            None => Box::pin(pending()),
        }
    }
}

/// What the proxy says; it never answers a message.
fn answer(method: &str, path: &str) -> Option<String> {
    let list = |items: String| format!(r#"{{"success":true,"data":{items},"meta":{{"page":1,"totalPages":1,"total":0}}}}"#);
    match (method, path) {
        ("GET", "/api/v1/widget") => Some(list(r#"{"maxMessageChars":200,"bearerAllowed":true}"#.to_owned())),
        ("GET", "/api/v1/twins") => Some(list(serde_json::to_string(&[twin(0), twin(1)]).unwrap())),
        ("GET", "/api/v1/conversations") => Some(list("[]".to_owned())),
        ("POST", "/oauth/token") => Some(
            r#"{"access_token":"t","issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"Bearer",
                "expires_in":600,"scope":"full_access","expires_at":9999999999,"visitor_id":"vis_00000000","visitor_secret":"s"}"#
                .to_owned(),
        ),
        _ => None,
    }
}

struct Said(Option<Vec<u8>>);

impl Answer for Said {
    fn status(&self) -> u16 {
        200
    }

    fn header(&self, name: &str) -> Option<String> {
        (name == "content-type").then(|| "application/json".to_owned())
    }

    fn poll_chunk(&mut self, _context: &mut Context<'_>) -> Poll<Result<Option<Vec<u8>>, Unreachable>> {
        Poll::Ready(Ok(self.0.take()))
    }
}
