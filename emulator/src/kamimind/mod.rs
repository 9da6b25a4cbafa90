//! KamiMind's API as documented: one endpoint, `POST /public/v1/response`.
//!
//! What the document leaves open is decided here; the crate's README lists it. Deliberately absent:
//! reading a conversation back, listing conversations or bots: that API cannot.
//!
//! | file | holds |
//! |---|---|
//! | `form` | the multipart form |
//! | `answer` | an answer, whole or in one of five kinds of stream |
//! | `everybody` | answers with what others of the account said |

mod answer;
mod everybody;
mod form;

pub use answer::StreamFormat;

use crate::clock::{Dice, uuid};
use crate::faults::Fault;
use crate::script::Said;
use crate::world::{Call, Pretend, World, pass};
use answer::Told;
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::response::Response;
use axum::routing::post;
use axum::{Extension, Router, middleware};
use everybody::Foreign;
use form::Form;
use http::StatusCode;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The largest form that is read, in bytes.
const MAX_BODY: usize = 64 << 20;

/// As many other stories' words as one answer gives away.
const MOST: usize = 12;

/// The emulated KamiMind.
#[derive(Debug)]
pub(crate) struct KamiMind {
    world: Arc<World>,
    format: StreamFormat,
    token: String,
    bots: Vec<Bot>,
    memory: Mutex<Memory>,
}

/// A bot: one of the twins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bot {
    /// Its name.
    pub name: String,
    /// Its `bot_token`.
    pub token: String,
    twin_id: String,
}

#[derive(Debug)]
struct Memory {
    ids: Dice,
    stories: HashMap<String, Story>,
}

#[derive(Debug)]
struct Story {
    bot_token: String,
    said: Vec<Said>,
}

impl Memory {
    fn new(seed: u64) -> Self {
        Self { ids: Dice::named(seed, "kamimind/stories"), stories: HashMap::new() }
    }
}

impl Memory {
    /// What was said last in all stories but this one.
    fn others(&self, own: &str) -> Vec<Foreign> {
        let told = self.stories.iter().filter(|(id, _)| *id != own).filter_map(|(id, story)| {
            let said = story.said.last()?;
            Some(Foreign { story_id: id.clone(), question: said.question.clone(), answer: said.answer.clone() })
        });
        let mut others: Vec<_> = told.collect();
        // A map has no order; the same requests give the same bytes.
        others.sort_by(|one, other| one.story_id.cmp(&other.story_id));
        others.truncate(MOST);
        others
    }
}

impl KamiMind {
    /// One whose bots are the world's twins, and whose streams have this format.
    pub(crate) fn new(world: Arc<World>, format: StreamFormat) -> Self {
        let mut dice = Dice::named(world.seed, "kamimind");
        let token = format!("kami_{}", dice.alphanumeric(40));
        let twins = world.script.twins().iter();
        let bots = twins.map(|twin| Bot { name: twin.name.clone(), token: uuid(&mut dice), twin_id: twin.id.clone() }).collect();
        let memory = Mutex::new(Memory::new(world.seed));
        Self { world, format, token, bots, memory }
    }

    /// The bots, in the order of the twins.
    pub(crate) fn bots(&self) -> &[Bot] {
        &self.bots
    }

    /// The one endpoint.
    pub(crate) fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/public/v1/response", post(respond))
            .layer(DefaultBodyLimit::disable())
            .layer(middleware::from_fn_with_state(Arc::clone(self), pass::<Self>))
            .with_state(Arc::clone(self))
    }

    /// Forgets every conversation.
    pub(crate) fn reset(&self) {
        *self.memory() = Memory::new(self.world.seed);
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the bot says to this form, and in which story.
    fn tell(&self, form: &Form, faults: &[Fault]) -> Result<Told, &'static str> {
        let bot = self.bots.iter().find(|bot| bot.token == form.bot_token).ok_or("Bot not found")?;
        let twin = self.world.script.twin(&bot.twin_id).ok_or("Bot not found")?;
        let mut memory = self.memory();
        let others = memory.others(&form.story_id);
        let mut lies = Dice::named(self.world.seed, &format!("everybody/{}", memory.stories.len()));
        let is_new = form.story_id.is_empty();
        let mut story_id = if is_new { uuid(&mut memory.ids) } else { form.story_id.clone() };
        if is_new {
            memory.stories.insert(story_id.clone(), Story { bot_token: bot.token.clone(), said: Vec::new() });
        }
        let other_id = uuid(&mut memory.ids);
        let story = memory.stories.get_mut(&story_id).filter(|story| story.bot_token == bot.token).ok_or("Story not found")?;
        let said = self.world.script.reply(self.world.seed, twin, &story.said, &form.message);
        let dice = Dice::named(self.world.seed, &format!("{story_id}/{}", story.said.len()));
        story.said.push(said.clone());
        if is_new {
            story_id = everybody::new_id(story_id, faults, &others, &mut lies);
        }
        Ok(Told { text: form.with_files(&said), story_id, other_id, dice, others })
    }
}

impl Pretend for KamiMind {
    fn world(&self) -> &World {
        &self.world
    }

    fn name(&self) -> &'static str {
        "kamimind"
    }

    fn key(&self) -> &str {
        &self.token
    }

    fn max_body(&self) -> usize {
        MAX_BODY
    }

    fn refuse(&self, status: StatusCode, _at: u64) -> Response {
        answer::refusal(status, status.canonical_reason().unwrap_or("Error"))
    }
}

/// `POST /public/v1/response`
async fn respond(State(api): State<Arc<KamiMind>>, Extension(call): Extension<Call>, form: Multipart) -> Response {
    let form = match Form::read(form).await {
        Ok(form) => form,
        Err(problem) => return answer::refusal(StatusCode::BAD_REQUEST, &problem),
    };
    if call.faults.contains(&Fault::Refused) {
        return answer::refusal(StatusCode::OK, "The assistant is not available");
    }
    match api.tell(&form, &call.faults) {
        // As documented: what the bot cannot do is told under 200.
        Err(problem) => answer::refusal(StatusCode::OK, problem),
        Ok(mut told) => {
            if call.faults.contains(&Fault::ChangedIds) {
                told.story_id.clone_from(&told.other_id);
            }
            let format = if form.streaming { api.format.decided(&mut told.dice) } else { StreamFormat::Json };
            if format == StreamFormat::Json {
                let thinking = api.world.pace.thinking(&mut told.dice);
                api.world.clock.sleep(thinking).await;
            }
            answer::answer(&api.world, format, told, &call.faults)
        }
    }
}
