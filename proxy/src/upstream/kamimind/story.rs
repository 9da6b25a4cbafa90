use crate::metrics;
use crate::upstream::redact::Redactor;
use crate::upstream::{EventStream, UpstreamError, UpstreamEvent};
use futures_util::stream::{StreamExt, unfold};
use serde_json::Value;

/// Members that name a story.
const NAMES: [&str; 4] = ["story_id", "storyId", "conversation_id", "conversationId"];

/// Which story an answer has to be of, and what was said of others.
#[derive(Debug)]
pub(super) struct Story {
    upstream: String,
    /// None before a new story has said its id.
    id: Option<String>,
    is_new: bool,
    told: bool,
    foreign: u64,
}

impl Story {
    /// For an answer of this upstream (the owner's name for it) in a story of before, or in a new one.
    pub(super) fn new(upstream: &str, id: Option<&str>) -> Self {
        Self { upstream: upstream.to_owned(), id: id.map(str::to_owned), is_new: id.is_none(), told: false, foreign: 0 }
    }

    /// Whether the story begins with this answer.
    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Whether the answer has said that it is of this story.
    pub(super) fn is_told(&self) -> bool {
        self.told
    }

    /// Whether the answer has said that it is of another one, and never that it is of this one.
    pub(super) fn is_anothers(&self) -> bool {
        self.foreign > 0 && !self.told
    }

    /// Looks which story a piece of an answer names. None: another one, and nothing of the piece may be used.
    /// Otherwise, what is to be told of it.
    ///
    /// # Errors
    /// When a new story's id could not be sent back.
    pub(super) fn of(&mut self, piece: &Value) -> Result<Option<Option<UpstreamEvent>>, UpstreamError> {
        let Some(named) = named(piece) else { return Ok(Some(None)) };
        match &self.id {
            Some(ours) if *ours == named => {
                self.told = true;
                Ok(Some(None))
            }
            Some(_) => {
                self.note_foreign();
                Ok(None)
            }
            None if !is_plain(&named) => Err(UpstreamError::Failed("the id of its new story is none that can be used".to_owned())),
            None => {
                self.told = true;
                self.id = Some(named.clone());
                Ok(Some(Some(UpstreamEvent::Began(named))))
            }
        }
    }

    fn note_foreign(&mut self) {
        let upstream = self.upstream.as_str();
        if self.foreign == 0 {
            tracing::error!(
                upstream,
                "ALARM: AN UPSTREAM ANSWERS WITH ANOTHER STORY'S WORDS, OR HAS CHANGED THE STORY'S ID; they are dropped, this is said once per reply"
            );
        }
        self.foreign += 1;
        metrics::FOREIGN_ROWS.count([upstream]);
    }
}

/// The story that a piece names, in it or in its `data`. One that is empty names none.
fn named(piece: &Value) -> Option<String> {
    let places = [piece, &piece["data"], &piece["data"]["data"], &piece["metadata"], &piece["meta"]];
    let found = places.into_iter().find_map(|place| NAMES.iter().find_map(|name| place.get(*name).filter(|id| !id.is_null())))?;
    match found {
        Value::String(id) => Some(id.clone()).filter(|id| !id.is_empty()),
        other => Some(other.to_string()),
    }
}

fn is_plain(id: &str) -> bool {
    let all_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~:@=+".contains(&byte));
    all_plain && id.bytes().any(|byte| byte.is_ascii_alphanumeric()) && id.len() <= 256
}

/// Takes a new story's id out of whatever comes after it was told.
pub(super) fn hidden_once_known(events: EventStream<'static>) -> EventStream<'static> {
    unfold(Some(events), |events| async move {
        let mut events = events?;
        let event = events.next().await?;
        let rest = match &event {
            Ok(UpstreamEvent::Began(id)) => Redactor::default().and(id).stream(events),
            _ => events,
        };
        Some((event, Some(rest)))
    })
    .boxed()
}
