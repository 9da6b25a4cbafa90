//! The Chat Completions API as OpenAI documents it and compatible servers speak it: `GET /v1/models`,
//! `POST /v1/chat/completions`, plain and streamed.
//!
//! A model is one of the twins. Nothing is kept: the caller brings the conversation along.
//! Deliberately absent: tools, several choices, log probabilities, sound.
//!
//! | file | holds |
//! |---|---|
//! | `ask` | the request |
//! | `answer` | completions, chunks and errors |

mod answer;
mod ask;

use crate::clock::Dice;
use crate::faults::Fault;
use crate::world::{Call, Pretend, World, pass};
use answer::{Completion, Failure};
use ask::Ask;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router, middleware};
use http::StatusCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The largest body that is read, in bytes.
const MAX_BODY: usize = 4 << 20;

/// The emulated server.
#[derive(Debug)]
pub(crate) struct OpenAi {
    world: Arc<World>,
    key: String,
    requests: AtomicU64,
}

impl OpenAi {
    /// One whose models are the world's twins.
    pub(crate) fn new(world: Arc<World>) -> Self {
        let key = format!("sk-{}", Dice::named(world.seed, "openai").alphanumeric(48));
        Self { world, key, requests: AtomicU64::new(0) }
    }

    /// The endpoints, under `/v1`.
    pub(crate) fn router(self: &Arc<Self>) -> Router {
        let api = Router::new()
            .route("/models", get(models))
            .route("/models/{id}", get(model))
            .route("/chat/completions", post(complete))
            .fallback(unknown)
            .method_not_allowed_fallback(unknown)
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(self));
        // Around the nest, where the path is still whole.
        Router::new().nest("/v1", api).layer(middleware::from_fn_with_state(Arc::clone(self), pass::<Self>))
    }

    /// Back to the start: ids.
    pub(crate) fn reset(&self) {
        self.requests.store(0, Ordering::Relaxed);
    }

    /// The ids of its models, in the order of the twins.
    pub(crate) fn models(&self) -> Vec<String> {
        self.world.script.twins().iter().map(|twin| twin.slug.clone()).collect()
    }
}

impl Pretend for OpenAi {
    fn world(&self) -> &World {
        &self.world
    }

    fn name(&self) -> &'static str {
        "openai"
    }

    fn key(&self) -> &str {
        &self.key
    }

    fn max_body(&self) -> usize {
        MAX_BODY
    }

    fn refuse(&self, status: StatusCode, _at: u64) -> Response {
        Failure::of_status(status).into_response()
    }
}

async fn unknown() -> Failure {
    Failure::of_status(StatusCode::NOT_FOUND)
}

/// `GET /v1/models`
async fn models(State(api): State<Arc<OpenAi>>) -> Response {
    let models: Vec<_> = api.models().iter().map(|id| answer::model(id)).collect();
    axum::Json(serde_json::json!({"object": "list", "data": models})).into_response()
}

/// `GET /v1/models/{id}`
async fn model(State(api): State<Arc<OpenAi>>, Path(id): Path<String>) -> Result<Response, Failure> {
    let known = api.models().into_iter().find(|known| *known == id).ok_or_else(|| Failure::no_model(&id))?;
    Ok(axum::Json(answer::model(&known)).into_response())
}

/// `POST /v1/chat/completions`
async fn complete(State(api): State<Arc<OpenAi>>, Extension(call): Extension<Call>, body: Bytes) -> Result<Response, Failure> {
    let ask = Ask::read(&body)?;
    let twin = api.world.script.twins().iter().find(|twin| twin.slug == ask.model).ok_or_else(|| Failure::no_model(&ask.model))?;
    let (before, question) = ask.conversation(twin)?;
    let said = api.world.script.reply(api.world.seed, twin, &before, &question);
    let serial = api.requests.fetch_add(1, Ordering::Relaxed);
    let mut dice = Dice::named(api.world.seed, &format!("openai/{serial}"));
    let id = format!("chatcmpl-{}", dice.alphanumeric(29));
    let completion = Completion::of(&ask, id, &said.answer, call.at);
    if ask.stream && !call.faults.contains(&Fault::PlainText) {
        return Ok(completion.streamed(&api.world, &mut dice, &call.faults));
    }
    let thinking = api.world.pace.thinking(&mut dice);
    api.world.clock.sleep(thinking).await;
    Ok(completion.whole())
}
