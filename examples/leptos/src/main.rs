//! The widget's components in a Leptos app, put together differently: what was said stands beside what is said, and there
//! is no panel and no launcher.

use leptos::prelude::*;
use twinchat::app::{App, Mode, Options};
use twinchat::components::{Composer, ConnectionBanner, ConversationList, MessageList, Notice, TwinPicker};

fn main() {
    mount_to_body(|| view! { <Desk/> });
}

#[component]
fn Desk() -> impl IntoView {
    // Everything below draws from this one and asks things of it.
    let chat = App::provide(Options { proxy: proxy(), mode: Mode::Inline, ..Options::default() });
    let twin = move || chat.signals.twin.get();
    // Whether a phone shows what was said before, in place of what is said.
    let list = RwSignal::new(false);
    Effect::new(move || {
        chat.signals.screen.track();
        chat.signals.conversation.with(|open| open.as_ref().map(|open| open.id.clone()));
        list.set(false);
    });
    let name = move || twin().map_or_else(|| "Whom do you want to ask?".to_owned(), |twin| twin.name);

    view! {
        <header>
            <h1>"Leptos"</h1>
            <output>{name}</output>
            <button id="list" aria-pressed=move || list.get().to_string() on:click=move |_| list.update(|list| *list = !*list)>"Conversations"</button>
            <button on:click=move |_| { list.set(false); chat.show_twins() }>"Another twin"</button>
            <button on:click=move |_| { list.set(false); chat.new_conversation() } disabled=move || twin().is_none()>"New conversation"</button>
        </header>
        <aside>
            <ConversationList/>
        </aside>
        <main>
            <ConnectionBanner/>
            <Show when=move || chat.signals.screen.get() == twinchat::state::Screen::Chat fallback=|| view! { <TwinPicker/> }>
                <MessageList/>
                <Notice/>
                <Composer/>
            </Show>
        </main>
    }
}

/// The proxy's address, from the page.
fn proxy() -> String {
    let meta = document().query_selector("meta[name=twinchat-proxy]").ok().flatten();
    meta.and_then(|meta| meta.get_attribute("content")).unwrap_or_default()
}
