//! What the visitor sees. Draws state, raises intents at [`App`](crate::app::App); no requests and no storage.
//!
//! Every public component takes the app from context ([`App::provide`](crate::app::App::provide)) and brings its own root
//! element, `.tc-root`, with language, colours and stylesheet, so it can stand anywhere in a Leptos
//! app or in a shadow root.
//!
//! ```ignore
//! let app = App::provide(Options { proxy: "https://chat.example.com".to_owned(), ..Options::default() });
//! app.open(); // without a panel of the widget's own, nobody else does
//! view! { <TwinPicker/> <ConnectionBanner/> <MessageList/> <Notice/> <Composer/> }
//! ```
//!
//! All of them take their state from that [`App`](crate::app::App); what differs between two of them on a page is which
//! app is in their context. [`MarkdownView`] alone has props, and each of the others is drawn as
//! [`Options`](crate::app::Options) and the owner's settings say.
//!
//! | component | is |
//! |---|---|
//! | [`ChatWidget`] | launcher and panel: the whole widget for a Leptos app |
//! | [`Launcher`] | the bubble in the corner |
//! | [`ChatPanel`] | header, screens, composer |
//! | [`TwinPicker`], [`ConversationList`], [`MessageList`], [`Composer`] | the screens' parts, to compose one's own |
//! | [`Notice`], [`ConnectionBanner`] | what went wrong, and how the line is |
//! | [`MarkdownView`] | a text that may still be growing |

#![expect(unreachable_pub, reason = "the component macro hides from the lint that these functions are exported below")]

mod attachments;
mod avatar;
mod chat_widget;
mod clipboard;
mod composer;
mod conversation_list;
mod conversation_row;
mod countdown;
mod dom;
mod header;
mod icon;
mod launcher;
mod leaf;
mod live_region;
mod markdown_elements;
mod markdown_nodes;
mod markdown_parts;
mod markdown_rewrite;
mod markdown_runs;
mod markdown_view;
mod menu;
mod message;
mod message_list;
mod notice;
mod offer;
mod panel;
mod parts;
mod quote;
mod rare;
mod root;
mod scroll;
mod search;
mod twin_picker;
mod window;

pub use chat_widget::ChatWidget;
pub use composer::Composer;
pub use conversation_list::ConversationList;
pub use launcher::Launcher;
pub use markdown_view::MarkdownView;
pub use message_list::MessageList;
pub use notice::{ConnectionBanner, Notice};
pub use panel::ChatPanel;
pub use twin_picker::TwinPicker;
