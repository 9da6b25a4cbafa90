//! The Teams bridge: people in threads, who answer when they do.
//!
//! Sending gives neither a reply nor an id: what is said, also through us, comes up in the lists later, so lists
//! are read again and again. Its filters are hints: every row is checked against the threads that were asked for.
//! Deliberately absent: whose thread it is (the store knows), and how often it is asked (the relay does).
//!
//! | file | holds |
//! |---|---|
//! | `query` | `page limit sortBy search filter.<column>=$<operator>:<value>` |
//! | `answers` | what its answers mean, and whose rows they hold |
//! | `quote` | a quoted message before what is said |
//! | `survey` | whether rows are as the settings say |

mod answers;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod query;
mod quote;
mod survey;
#[cfg(test)]
mod tests;

pub use answers::{Listing, Thread};
pub use query::{Column, Condition, Query};

use super::capture::Capture;
use super::client::{Address, Client, ClientError, Dialect, Timeouts};
use super::{
    Answered, Budget, EventStream, Picture, Probe, Question, Remark, RoomRows, Rooms, Upstream, UpstreamError, UpstreamEvent, UpstreamTwin,
    configured,
};
use crate::budget::{Fare, Gate};
use crate::clock::{Clock, Dice};
use crate::config::{self, TeamsTwin};
use crate::store::RoomPool;
use answers::{Screen, checked, listing, thread, went_to};
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use twinchat_protocol::twin::Capabilities;

/// Rows on a page.
const PAGE: u32 = 100;

/// The document names neither limits nor error codes.
const DIALECT: Dialect = Dialect { budget: |_, _| None, error_code: |_| None };

/// One bridge.
pub struct Teams {
    client: Client,
    twins: Vec<TeamsTwin>,
    /// Other ids of threads, each with the thread's own.
    aliases: BTreeMap<String, String>,
}

impl Teams {
    /// A client for this bridge, all of whose requests go through this gate.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub(super) fn new(
        (settings, twins): (&config::Upstream, &[TeamsTwin]),
        gate: Gate,
        with: (Arc<dyn Clock>, Arc<dyn Dice>),
        timeouts: Timeouts,
    ) -> Result<Self, ClientError> {
        let aliases = twins.iter().flat_map(|twin| twin.room_aliases.clone()).collect();
        Ok(Self { client: Client::new(settings, DIALECT, gate, with, timeouts)?, twins: twins.to_vec(), aliases })
    }

    /// The threads that the bridge knows, a page of them.
    ///
    /// # Errors
    /// When the bridge does not say.
    pub async fn conversations(&self, query: &Query, fare: &Fare) -> Result<Listing<Thread>, UpstreamError> {
        let mut address = self.client.address("/conversations", &[])?;
        query.write(&mut address.url);
        listing(&self.get(&address, fare).await?, query, thread)
    }

    /// One thread and what was said in it last, as far as it is said there.
    ///
    /// # Errors
    /// [`UpstreamError::NotFound`]; when the bridge does not say.
    pub async fn conversation(&self, room: &str, fare: &Fare) -> Result<(Thread, RoomRows), UpstreamError> {
        let answer = self.get(&self.client.address("/conversations/{id}", &[room])?, fare).await?;
        let found = thread(&answer["data"]).filter(|found| self.own_id(&found.id) == room);
        let found = found.ok_or_else(|| UpstreamError::Failed("its answer is of another thread".to_owned()))?;
        let rooms = [room.to_owned()];
        let rows = answer["data"]["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok((found, self.screen(&rooms).rows(rows)))
    }

    /// What was said, a page of it; only what was said in these threads.
    ///
    /// # Errors
    /// When the bridge does not say.
    pub async fn messages(&self, query: &Query, rooms: &[String], fare: &Fare) -> Result<RoomRows, UpstreamError> {
        let mut address = self.client.address("/messages", &[])?;
        query.write(&mut address.url);
        let answer = self.get(&address, fare).await?;
        let listed = listing(&answer, query, |row| Some(row.clone()))?;
        let more = listed.more;
        Ok(RoomRows { more, ..self.screen(rooms).rows(&listed.rows) })
    }

    /// Says something in a thread, in answer to the message written at this time if one is named.
    ///
    /// # Errors
    /// When the bridge does not take it, or says that it went elsewhere.
    pub async fn send(&self, room: &str, text: &str, answers: Option<i64>, fare: &Fare) -> Result<(), UpstreamError> {
        let mut body = json!({ "conversation_id": room, "message": text });
        let path = if let Some(time) = answers {
            body["time"] = time.into();
            "/messages/reply-message"
        } else {
            "/messages/send-message"
        };
        let sent = self.client.post(&self.client.address(path, &[])?, &body, self.client.timeouts.header, fare).await;
        let answer = match sent {
            Ok(response) => self.client.json(response).await,
            Err(error) => Err(error),
        };
        let answer = checked(answer.map_err(perhaps_taken)?)?;
        match went_to(&answer).find(|id| self.own_id(id) != room) {
            None => Ok(()),
            Some(_) => {
                answers::alarm(self.name(), 1, "a message went to another thread than it was sent to");
                Err(UpstreamError::Failed("it says that the message went to another thread".to_owned()))
            }
        }
    }

    async fn get(&self, address: &Address, fare: &Fare) -> Result<Value, UpstreamError> {
        checked(self.client.get_for(address, fare).await?)
    }

    fn screen<'a>(&'a self, rooms: &'a [String]) -> Screen<'a> {
        Screen { upstream: self.name(), rooms, aliases: &self.aliases, twins: &self.twins, now: self.client.clock.now_millis() }
    }

    fn own_id<'a>(&'a self, id: &'a str) -> &'a str {
        self.aliases.get(id).map_or(id, String::as_str)
    }

    async fn say(&self, question: Question<'_>, fare: &Fare) -> Result<UpstreamEvent, UpstreamError> {
        let room = question.conversation.ok_or_else(|| UpstreamError::Failed("no thread was lent".to_owned()))?;
        let (text, time) = match question.reply_to {
            Some(Answered { time: Some(time), .. }) => (question.content.to_owned(), Some(time)),
            // It does not stand in this thread: people are shown what is answered.
            Some(Answered { time: None, excerpt }) => (format!("> {excerpt}\n\n{}", question.content), None),
            None => (question.content.to_owned(), None),
        };
        self.send(room, &text, time, fare).await.map(|()| UpstreamEvent::Delivered)
    }
}

/// What was sent and not answered may have arrived; then it comes up in the lists.
fn perhaps_taken(error: UpstreamError) -> UpstreamError {
    match error {
        UpstreamError::BrokeOff(note) => UpstreamError::Failed(format!("the connection broke after the message was sent: {note}")),
        error => error,
    }
}

impl Upstream for Teams {
    fn name(&self) -> &str {
        self.client.name()
    }

    fn capabilities(&self, twin: &str) -> Capabilities {
        let shared = self.twins.iter().any(|known| known.listed.id == twin && known.shared);
        Capabilities { reply: true, shared, ..Capabilities::default() }
    }

    fn twins(&self) -> BoxFuture<'_, Result<Vec<UpstreamTwin>, UpstreamError>> {
        async { Ok(self.twins.iter().map(|twin| configured::twin(&twin.listed)).collect()) }.boxed()
    }

    fn cost(&self, _: bool) -> u32 {
        1
    }

    fn ask<'a>(&'a self, question: Question<'a>, fare: &'a Fare) -> EventStream<'a> {
        stream::once(self.say(question, fare)).boxed()
    }

    fn picture<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Picture, UpstreamError>> {
        configured::picture(&self.client, self.twins.iter().map(|twin| &twin.listed), url).boxed()
    }

    fn probe(&self) -> BoxFuture<'_, Result<Probe, UpstreamError>> {
        async {
            let query = Query { limit: Some(PAGE), ..Query::default() };
            let mut address = self.client.address("/conversations", &[])?;
            query.write(&mut address.url);
            self.client.look(&address, |answer| self.those_there(&listing(answer, &query, thread)?)).await
        }
        .boxed()
    }

    fn remarks<'a>(&'a self, _: Option<&'a str>) -> BoxFuture<'a, Result<Vec<Remark>, UpstreamError>> {
        self.survey().boxed()
    }

    fn capture<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Capture, UpstreamError>> {
        async { Err(UpstreamError::Failed("nothing is recorded here: people would read it".to_owned())) }.boxed()
    }

    fn gate(&self) -> &Gate {
        &self.client.gate
    }

    fn budget(&self) -> Option<Budget> {
        self.client.budget()
    }

    fn rooms(&self) -> Option<&dyn Rooms> {
        Some(self)
    }
}

impl Teams {
    /// The twins, if all of their threads are among these.
    fn those_there(&self, listed: &Listing<Thread>) -> Result<Vec<UpstreamTwin>, UpstreamError> {
        let is_there = |room: &String| listed.rows.iter().any(|found| self.own_id(&found.id) == room);
        let rooms = self.twins.iter().flat_map(|twin| &twin.rooms);
        let absent: Vec<&str> = rooms.filter(|room| !is_there(room)).map(String::as_str).collect();
        if !absent.is_empty() && !listed.more {
            return Err(UpstreamError::NotFound(format!("it does not list these `rooms`: {}", absent.join(", "))));
        }
        Ok(self.twins.iter().map(|twin| configured::twin(&twin.listed)).collect())
    }
}

impl Rooms for Teams {
    fn pool(&self, twin: &str) -> Option<RoomPool<'_>> {
        let twin = self.twins.iter().find(|known| known.listed.id == twin)?;
        Some(RoomPool {
            upstream: self.client.name(),
            rooms: &twin.rooms,
            shared: twin.shared,
            keep: i64::from(twin.keep_hours) * 3_600_000,
            cool_down: i64::from(twin.cool_down_minutes) * 60_000,
        })
    }

    fn page<'a>(&'a self, rooms: &'a [String], page: u32, fare: &'a Fare) -> BoxFuture<'a, Result<RoomRows, UpstreamError>> {
        async move {
            let of_rooms = match rooms {
                [room] => Condition::Eq(room.clone()),
                rooms => Condition::In(rooms.to_vec()),
            };
            let query = Query {
                page: Some(page),
                limit: Some(PAGE),
                latest_first_by: Some(Column::TimeRaw),
                search: None,
                filters: vec![(Column::ConversationId, of_rooms)],
            };
            self.messages(&query, rooms, fare).await
        }
        .boxed()
    }
}

impl fmt::Debug for Teams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Teams").field("name", &self.name()).finish_non_exhaustive()
    }
}
