//! Speaks to the proxy (`docs/protocol.md`): tokens, requests, streams, retry. Knows no signals.

mod bell;
mod claim;
mod dpop;
mod error;
mod exchange;
mod retry;
mod share;
mod stream;
mod token;
mod wire;

#[cfg(test)]
mod tests;

pub use stream::{Post, ReplyStream, Start, Step};

use crate::platform::json::{Json, object};
use crate::platform::{Answer, Platform, Request, Upload, read_to_end};
use crate::state::Problem;
use crate::state::find::Hit;
use bell::Bell;
use exchange::push_encoded;
use futures_util::future::{Either, select};
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use token::Tokens;
use twinchat_protocol::conversation::Conversation;
use twinchat_protocol::message::{Feedback, Message};
use twinchat_protocol::twin::Twin;
use twinchat_protocol::widget::WidgetSettings;

/// An answer's head must be there after this long.
const REQUEST_MILLIS: u32 = 30_000;
/// Files are sent at this many bytes in a millisecond at least, or not at all.
const SLOWEST_UPLOAD: u64 = 8;
/// How many conversations are asked for at once.
const PAGE: &str = "30";
/// More twins than this are not asked for.
const MAX_TWIN_PAGES: u32 = 10;

/// One visitor's line to one proxy. Cheap to clone.
#[derive(Clone)]
pub struct Client(Rc<Inner>);

struct Inner {
    platform: Platform,
    origin: String,
    locale: RefCell<String>,
    tokens: Tokens,
    bell: Bell,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.0.origin).finish()
    }
}

/// A request to be made with the visitor's token.
#[derive(Debug, Clone)]
struct Call {
    method: &'static str,
    path: String,
    body: String,
    /// A form in place of a body.
    upload: Option<Upload>,
    idempotency_key: String,
}

impl Call {
    fn new(method: &'static str, path: &[&str], body: String) -> Self {
        Self { method, path: path.concat(), body, upload: None, idempotency_key: String::new() }
    }
}

impl Client {
    /// A client of the proxy at this origin (no trailing slash). Nothing is sent yet.
    pub fn new(platform: Platform, origin: &str, locale: &str) -> Self {
        let tokens = Tokens::new(platform.clone(), origin.to_owned());
        let locale = RefCell::new(locale.to_owned());
        Self(Rc::new(Inner { platform, origin: origin.to_owned(), locale, tokens, bell: Bell::default() }))
    }

    /// The language of the proxy's sentences from now on, BCP 47.
    pub fn set_locale(&self, locale: &str) {
        self.0.locale.replace(locale.to_owned());
    }

    /// A text that is used once: an `Idempotency-Key`.
    pub fn new_id(&self) -> String {
        dpop::random_id(&self.0.platform)
    }

    /// Whether this visitor was here before. Looks without leaving a trace.
    pub async fn is_known(&self) -> bool {
        self.0.tokens.is_known().await
    }

    /// Whether the site has said who the visitor is.
    pub fn is_signed_in(&self) -> bool {
        self.0.tokens.is_signed_in()
    }

    /// Whom the proxy takes the visitor to be; empty before the first token.
    pub fn visitor(&self) -> String {
        self.0.tokens.visitor()
    }

    /// Asks the site who the visitor is, if nobody has said. Whether that is somebody else than before.
    ///
    /// # Errors
    /// As [`Self::widget`]. Then all is as before.
    pub async fn ask_site(&self) -> Result<bool, Problem> {
        self.0.tokens.ask_site().await
    }

    /// The visitor is whom this identity token names (docs/identity.md), from now on.
    ///
    /// # Errors
    /// `IDENTITY_REFUSED` with what is wrong with it, or as [`Self::widget`]. Then all is as before.
    pub async fn sign_in(&self, identity_token: &str) -> Result<(), Problem> {
        self.0.tokens.sign_in(identity_token).await
    }

    /// The visitor is again who this browser was before signing in. The user's token is taken back.
    pub fn sign_out(&self) {
        self.0.tokens.sign_out();
    }

    /// Whether [`Self::link`] can show who the visitor was before.
    pub async fn can_link(&self) -> bool {
        self.0.tokens.can_link().await
    }

    /// Makes the conversations that this browser had before signing in the user's. Says how many those were.
    ///
    /// # Errors
    /// `LINKED_ELSEWHERE` when they are another user's already, or as [`Self::widget`].
    pub async fn link(&self) -> Result<u32, Problem> {
        let body = self.0.tokens.secret().await.map(|secret| object(&[("visitorSecret", &secret)])).unwrap_or_default();
        let json = self.json(Call::new("POST", &["/api/v1/visitor/link"], body)).await?;
        Ok(json.get("data").and_then(|data| data.number("moved")).unwrap_or_default() as u32)
    }

    /// Keeps the visitor's identity for the next visit.
    pub async fn keep_identity(&self) {
        self.0.tokens.keep_identity().await;
    }

    /// Forgets who the visitor is. A client after this one has a new visitor.
    pub async fn forget_identity(&self) {
        self.0.tokens.forget_identity().await;
    }

    /// Takes back the access token, if there is one (RFC 7009). It ends by itself soon, should that fail.
    pub async fn revoke(&self) {
        self.0.tokens.revoke().await;
    }

    /// All streams that wait try now; those that fell silent are opened anew.
    pub fn wake(&self) {
        self.0.bell.ring();
    }

    /// Ends what is under way.
    pub fn close(&self) {
        self.0.tokens.stop();
    }

    /// What the owner configured. From the moment this is called, the first token request waits for the
    /// nonce that comes along, which spares it a refusal.
    ///
    /// # Errors
    /// As all calls here: the proxy's problem, or one of our own.
    pub fn widget(&self) -> impl Future<Output = Result<WidgetSettings, Problem>> + use<> {
        let (this, greeting) = (self.clone(), self.0.tokens.greet());
        async move {
            let call = Call::new("GET", &["/api/v1/widget"], String::new());
            let answer = this.send(&call, Vec::new()).await?;
            this.0.tokens.learn(answer.as_ref());
            drop(greeting);
            if (200..300).contains(&answer.status()) {
                decode(&this.read(answer).await?, wire::settings)
            } else {
                Err(this.problem(answer).await)
            }
        }
    }

    /// All twins.
    ///
    /// # Errors
    /// As [`Self::widget`].
    pub async fn twins(&self) -> Result<Vec<Twin>, Problem> {
        let mut twins = Vec::new();
        for page in 1..=MAX_TWIN_PAGES {
            let json = self.json(Call::new("GET", &["/api/v1/twins?limit=100&page=", &page.to_string()], String::new())).await?;
            let more = has_more(&json);
            twins.append(&mut items(&json, wire::twin)?);
            if !more {
                break;
            }
        }
        Ok(twins)
    }

    /// One twin, by its id or its upstream's.
    ///
    /// # Errors
    /// As [`Self::widget`].
    pub async fn twin(&self, id: &str) -> Result<Twin, Problem> {
        let mut path = String::from("/api/v1/twins/");
        push_encoded(&mut path, id);
        decode(&self.json(Call::new("GET", &[&path], String::new())).await?, wire::twin)
    }

    /// A page of the visitor's conversations, from 1, latest first, and whether there is a next one.
    ///
    /// # Errors
    /// As [`Self::widget`].
    pub async fn conversations(&self, page: u32, search: &str) -> Result<(Vec<Conversation>, bool), Problem> {
        let mut path = ["/api/v1/conversations?limit=", PAGE, "&page=", &page.to_string()].concat();
        if !search.is_empty() {
            path.push_str("&search=");
            push_encoded(&mut path, search);
        }
        let json = self.json(Call::new("GET", &[&path], String::new())).await?;
        Ok((items(&json, wire::conversation)?, has_more(&json)))
    }

    /// One of the visitor's conversations.
    ///
    /// # Errors
    /// As [`Self::widget`].
    pub async fn conversation(&self, id: &str) -> Result<Conversation, Problem> {
        decode(&self.json(Call::new("GET", &["/api/v1/conversations/", id], String::new())).await?, wire::conversation)
    }

    /// Makes a conversation with a twin.
    ///
    /// # Errors
    /// As [`Self::widget`].
    pub async fn create_conversation(&self, twin_id: &str) -> Result<Conversation, Problem> {
        decode(&self.json(Call::new("POST", &["/api/v1/conversations"], object(&[("twinId", twin_id)]))).await?, wire::conversation)
    }

    /// Gives a conversation another title.
    ///
    /// # Errors
    /// As [`Self::widget`].
    pub async fn rename_conversation(&self, id: &str, title: &str) -> Result<Conversation, Problem> {
        decode(&self.json(Call::new("PATCH", &["/api/v1/conversations/", id], object(&[("title", title)]))).await?, wire::conversation)
    }

    /// Erases a conversation.
    ///
    /// # Errors
    /// As [`Self::widget`].
    pub async fn delete_conversation(&self, id: &str) -> Result<(), Problem> {
        self.call(&Call::new("DELETE", &["/api/v1/conversations/", id], String::new())).await.map(drop)
    }

    /// So many messages in order, the newest or those before a cursor, and the cursor for those before them.
    ///
    /// # Errors
    /// As [`Self::widget`].
    pub async fn messages(
        &self,
        conversation_id: &str,
        before: Option<&str>,
        count: &str,
    ) -> Result<(Vec<Message>, Option<String>), Problem> {
        let mut path = ["/api/v1/conversations/", conversation_id, "/messages?limit=", count].concat();
        if let Some(before) = before {
            path.push_str("&before=");
            push_encoded(&mut path, before);
        }
        let json = self.json(Call::new("GET", &[&path], String::new())).await?;
        let before = json.get("meta").map(|meta| meta.text("before")).filter(|before| !before.is_empty());
        Ok((items(&json, wire::message)?, before))
    }

    /// A page of the messages of a conversation that hold this text, from 1, latest first, and whether there is a next one.
    ///
    /// # Errors
    /// As [`Self::widget`].
    pub async fn search_messages(&self, conversation_id: &str, text: &str, page: u32) -> Result<(Vec<Hit>, bool), Problem> {
        let mut path = ["/api/v1/messages?conversationId=", conversation_id, "&page=", &page.to_string(), "&search="].concat();
        push_encoded(&mut path, text);
        let json = self.json(Call::new("GET", &[&path], String::new())).await?;
        let hits = json.get("data").ok_or_else(error::unreadable)?.items().iter().map(wire::hit).collect();
        Ok((hits, has_more(&json)))
    }

    /// Stops a running reply.
    ///
    /// # Errors
    /// As [`Self::widget`].
    pub async fn stop(&self, message_id: &str) -> Result<(), Problem> {
        self.call(&Call::new("POST", &["/api/v1/messages/", message_id, "/stop"], String::new())).await.map(drop)
    }

    /// Tells what the visitor thought of a reply.
    ///
    /// # Errors
    /// As [`Self::widget`].
    pub async fn feedback(&self, message_id: &str, feedback: Option<Feedback>) -> Result<(), Problem> {
        let body = match feedback {
            Some(Feedback::Up) => r#"{"feedback":"up"}"#,
            Some(Feedback::Down) => r#"{"feedback":"down"}"#,
            None => r#"{"feedback":null}"#,
        };
        self.call(&Call::new("POST", &["/api/v1/messages/", message_id, "/feedback"], body.to_owned())).await.map(drop)
    }

    /// A reply or the live feed of a conversation. Opened at the first [`ReplyStream::next`].
    pub fn stream(&self, conversation_id: &str, start: Start) -> ReplyStream {
        ReplyStream::new(self.clone(), conversation_id, start)
    }

    /// Makes a call and reads its envelope's JSON.
    async fn json(&self, call: Call) -> Result<Json, Problem> {
        self.read(self.call(&call).await?).await
    }

    async fn read(&self, answer: Box<dyn Answer>) -> Result<Json, Problem> {
        let body = read_to_end(answer, error::MAX_BODY).await.map_err(|_| error::unreachable(&self.0.platform))?;
        Json::parse(&String::from_utf8_lossy(&body)).map_err(|_| error::unreadable())
    }

    /// Makes a call with a token; a refused token or proof is renewed silently, once each.
    async fn call(&self, call: &Call) -> Result<Box<dyn Answer>, Problem> {
        let tokens = &self.0.tokens;
        let mut tries = 0;
        loop {
            let token = tokens.get().await?;
            let url = [&self.0.origin, &call.path[..]].concat();
            let known = tokens.known();
            let answer = self.send(call, tokens.headers(&token, call.method, &url).await).await?;
            tokens.learn(answer.as_ref());
            tries += 1;
            match answer.status() {
                200..300 => return Ok(answer),
                401 if tries < 3 => {
                    if !tokens.knows_more_than(&known) {
                        tokens.refused(&token);
                    }
                }
                _ => return Err(self.problem(answer).await),
            }
        }
    }

    async fn send(&self, call: &Call, mut headers: Vec<(&'static str, String)>) -> Result<Box<dyn Answer>, Problem> {
        headers.push(("accept-language", self.0.locale.borrow().clone()));
        if !call.body.is_empty() {
            headers.push(("content-type", "application/json".to_owned()));
        }
        if !call.idempotency_key.is_empty() {
            headers.push(("idempotency-key", call.idempotency_key.clone()));
        }
        headers.retain(|(_, value)| !value.is_empty());
        let url = [&self.0.origin, &call.path[..]].concat();
        let platform = &self.0.platform;
        let patience = REQUEST_MILLIS + call.upload.as_ref().map_or(0, |upload| (upload.size() / SLOWEST_UPLOAD) as u32);
        let request = Request { method: call.method, url, headers, body: call.body.clone(), upload: call.upload.clone() };
        match select(platform.http.send(request), platform.clock.sleep(patience)).await {
            Either::Left((Ok(answer), _)) => Ok(answer),
            _ => Err(error::unreachable(platform)),
        }
    }

    async fn problem(&self, answer: Box<dyn Answer>) -> Problem {
        let platform = &self.0.platform;
        error::of_answer(platform, answer).await.unwrap_or_else(|_| error::unreachable(platform))
    }
}

/// Reads the `data` of an envelope.
fn decode<T>(envelope: &Json, read: fn(&Json) -> Option<T>) -> Result<T, Problem> {
    envelope.get("data").and_then(|data| read(&data)).ok_or_else(error::unreadable)
}

fn items<T>(envelope: &Json, read: fn(&Json) -> Option<T>) -> Result<Vec<T>, Problem> {
    let data = envelope.get("data").ok_or_else(error::unreadable)?;
    data.items().iter().map(|item| read(item).ok_or_else(error::unreadable)).collect()
}

fn has_more(envelope: &Json) -> bool {
    let number = |name| envelope.get("meta").and_then(|meta| meta.number(name)).unwrap_or_default();
    number("page") < number("totalPages")
}
