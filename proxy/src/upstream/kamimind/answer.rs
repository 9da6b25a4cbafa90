use super::habits::Habits;
use super::story::Story;
use crate::upstream::client::halves::Halves;
use crate::upstream::client::reading::Item;
use crate::upstream::{UpstreamError, UpstreamEvent};
use serde_json::{Map, Value};
use std::collections::VecDeque;
use std::sync::Arc;

/// Members in which a piece of text may stand, most particular first.
const TEXT: [&str; 9] = ["delta", "content", "text", "token", "chunk", "answer", "response", "message", "data"];
/// What pieces of text call themselves, if anything. What calls itself something else is something else.
const TEXT_KINDS: [&str; 14] = [
    "",
    "message",
    "delta",
    "text",
    "content",
    "token",
    "chunk",
    "data",
    "answer",
    "response",
    "agent_message",
    "text_chunk",
    "text_delta",
    "content_block_delta",
];
/// Who speaks, if not the bot.
const NOT_THE_BOT: [&str; 6] = ["user", "human", "visitor", "customer", "system", "tool"];

/// What the pieces of an answer mean, given those before. A piece is a JSON value or a text.
#[derive(Debug)]
pub(super) struct Answer {
    story: Story,
    habits: Arc<Habits>,
    /// A stream was asked for.
    streaming: bool,
    /// Bytes of text told so far.
    streamed: usize,
    /// How many pieces came.
    pieces: u64,
    /// A text that is all of the answer if nothing comes after it, else a piece like others.
    perhaps_whole: Option<String>,
    /// A piece was damaged: what was told lacks something.
    damaged: bool,
    over: bool,
    /// Reads the pieces.
    pub(super) halves: Halves,
}

impl Answer {
    /// For an answer of this story.
    pub(super) fn new(story: Story, habits: Arc<Habits>, streaming: bool) -> Self {
        Self {
            story,
            habits,
            streaming,
            streamed: 0,
            pieces: 0,
            perhaps_whole: None,
            damaged: false,
            over: false,
            halves: Halves::default(),
        }
    }

    /// Whether nothing more is to be read.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// A piece that is bare text.
    pub(super) fn text(&mut self, text: &str, ready: &mut VecDeque<Item>) {
        self.pieces += 1;
        self.give_back(ready);
        self.delta(text, ready);
    }

    /// A piece that should have been JSON.
    pub(super) fn damaged(&mut self, bytes: usize) {
        self.damaged = true;
        tracing::warn!(bytes, "a piece of an upstream's answer is damaged JSON");
    }

    /// A piece in an event of this name (empty for none).
    pub(super) fn value(&mut self, name: &str, piece: &Value, ready: &mut VecDeque<Item>) {
        self.pieces += 1;
        if let Value::String(text) = piece {
            self.give_back(ready);
            return self.delta(text, ready);
        }
        let Some(fields) = piece.as_object() else { return };
        match self.story.of(piece) {
            Err(error) => return self.fail(error, ready),
            Ok(None) => return,
            Ok(Some(told)) => ready.extend(told.map(Ok)),
        }
        if fields.get("success") == Some(&Value::Bool(false)) || fields.get("status") == Some(&Value::from("error")) {
            return self.fail(refusal(piece), ready);
        }
        if is_somebody_elses(fields) || is_somebody_elses_inside(&fields.get("data")) {
            return;
        }
        let outer = Some(name).filter(|name| !matches!(*name, "" | "message"));
        let named = outer.or_else(|| fields.get("type")?.as_str()).or_else(|| fields.get("event")?.as_str()).unwrap_or_default();
        match named.to_ascii_lowercase().as_str() {
            "error" => return self.fail(refusal(piece), ready),
            "done" | "end" | "complete" | "completed" | "finish" | "finished" | "stop" => {
                self.settle_whole(whole_text(piece).or_else(|| delta_text(piece)), ready);
                return self.end(ready);
            }
            kind if TEXT_KINDS.contains(&kind) => {}
            _ => {
                tracing::debug!("a piece of an unknown kind is left out of an upstream's answer");
                return;
            }
        }
        if fields.get("error").is_some_and(|error| error.is_object() || error.is_string()) {
            return self.fail(refusal(piece), ready);
        }
        match whole_text(piece) {
            Some(text) => {
                self.give_back(ready);
                self.perhaps_whole = Some(text);
            }
            // In the documented envelope, `message` is about the request.
            None if fields.contains_key("success") => {}
            None => {
                if let Some(text) = delta_text(piece) {
                    self.give_back(ready);
                    self.delta(&text, ready);
                }
            }
        }
    }

    /// The service says that it is done.
    pub(super) fn end(&mut self, ready: &mut VecDeque<Item>) {
        self.finish(true, ready);
    }

    /// There is nothing more. `ends_so`: the format has this end and no other.
    pub(super) fn at_end(&mut self, ends_so: bool, ready: &mut VecDeque<Item>) {
        if self.over {
            return;
        }
        if self.perhaps_whole.is_some() || ends_so || (self.streamed > 0 && !self.habits.marks_end()) {
            return self.finish(self.perhaps_whole.is_some(), ready);
        }
        if self.story.is_anothers() {
            self.fail(anothers(), ready);
        } else if self.streamed == 0 {
            let why = if self.damaged { "its answer is damaged JSON" } else { "its answer holds no reply" };
            self.fail(UpstreamError::Failed(why.to_owned()), ready);
        }
        // Otherwise it broke off: there is no end to tell.
    }

    fn finish(&mut self, marked: bool, ready: &mut VecDeque<Item>) {
        if self.over {
            return;
        }
        if self.story.is_anothers() {
            return self.fail(anothers(), ready);
        }
        let whole = self.perhaps_whole.take();
        if self.damaged && whole.is_none() {
            let note = "a piece was damaged and the whole text was not repeated";
            return self.fail(UpstreamError::BrokeOff(note.to_owned()), ready);
        }
        match whole {
            // Shorter than what came before it: the last piece.
            Some(text) if text.len() < self.streamed => self.delta(&text, ready),
            whole => {
                ready.push_back(Ok(UpstreamEvent::Complete(whole)));
                self.over = true;
            }
        }
        if !self.over {
            ready.push_back(Ok(UpstreamEvent::Complete(None)));
            self.over = true;
        }
        self.learn(marked);
    }

    fn learn(&self, marked: bool) {
        match (self.streaming, self.pieces) {
            (false, _) => {}
            (true, 1) if self.streamed == 0 => self.habits.saw_whole_answer(),
            (true, _) => self.habits.saw_stream(self.story.is_told(), self.story.is_new(), marked && self.streamed > 0),
        }
    }

    fn settle_whole(&mut self, text: Option<String>, ready: &mut VecDeque<Item>) {
        if let Some(text) = text.filter(|text| text.len() >= self.streamed.max(1)) {
            self.give_back(ready);
            self.perhaps_whole = Some(text);
        }
    }

    /// What might have been all of it was a piece like others.
    fn give_back(&mut self, ready: &mut VecDeque<Item>) {
        if let Some(text) = self.perhaps_whole.take() {
            self.delta(&text, ready);
        }
    }

    fn delta(&mut self, text: &str, ready: &mut VecDeque<Item>) {
        if !text.is_empty() {
            self.streamed += text.len();
            ready.push_back(Ok(UpstreamEvent::Delta(text.to_owned())));
        }
    }

    /// Nothing after this counts.
    pub(super) fn fail(&mut self, error: UpstreamError, ready: &mut VecDeque<Item>) {
        if !self.over {
            ready.push_back(Err(error));
        }
        self.over = true;
    }
}

fn anothers() -> UpstreamError {
    UpstreamError::Failed("its answer is of another story".to_owned())
}

/// The whole reply in the documented envelope: `data.message`.
fn whole_text(piece: &Value) -> Option<String> {
    let data = piece.get("data")?.as_object()?;
    let text = ["message", "answer", "response", "content", "text"].iter().find_map(|name| data.get(*name)?.as_str())?;
    Some(text.to_owned())
}

/// A piece of text, as this or that service would send it.
fn delta_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(fields) => {
            let of_choices = || fields.get("choices")?.get(0)?.get("delta").or(fields.get("choices")?.get(0)).and_then(delta_text);
            TEXT.iter().find_map(|name| delta_text(fields.get(*name)?)).or_else(of_choices)
        }
        _ => None,
    }
}

fn is_somebody_elses(fields: &Map<String, Value>) -> bool {
    let named = ["role", "sender", "author"].iter().find_map(|name| fields.get(*name)?.as_str());
    named.is_some_and(|speaker| NOT_THE_BOT.contains(&speaker.to_ascii_lowercase().as_str()))
}

fn is_somebody_elses_inside(data: &Option<&Value>) -> bool {
    data.and_then(Value::as_object).is_some_and(is_somebody_elses)
}

/// What a refusal means. Its sentence is looked at and never repeated: it may hold what somebody said.
fn refusal(piece: &Value) -> UpstreamError {
    let places = [piece, &piece["data"], &piece["error"]];
    let number = |name: &str| places.iter().find_map(|place| place[name].as_u64());
    let status = ["statusCode", "status_code", "status", "code"].iter().find_map(|name| number(name));
    let words = [&piece["message"], &piece["error"], &piece["error"]["message"], &piece["data"]["message"], &piece["detail"]];
    let words: Vec<String> = words.into_iter().filter_map(Value::as_str).map(str::to_lowercase).collect();
    let says = |any: &[&str]| words.iter().any(|sentence| any.iter().any(|word| sentence.contains(word)));
    let note = |what: &str| format!("POST {{base}}{}: success is false: {what}", super::RESPONSE);
    match status {
        Some(401 | 403) => return UpstreamError::Refused(note("it refuses the key")),
        Some(429) => return UpstreamError::Limited { retry_after: None },
        _ => {}
    }
    if says(&["story", "conversation", "hội thoại"])
        && says(&["not found", "does not exist", "invalid", "expired", "không tìm thấy", "không tồn tại"])
    {
        return UpstreamError::NotFound(note("it does not know the story"));
    }
    if says(&["unauthorized", "unauthenticated", "forbidden", "bot not found", "bot_token", "access token", "api key"]) {
        return UpstreamError::Refused(note("it refuses the key or the bot"));
    }
    if says(&["rate limit", "too many requests", "quota"]) {
        return UpstreamError::Limited { retry_after: None };
    }
    UpstreamError::Failed(note("for a reason that is not repeated here"))
}

/// The code of an error's body: the document names none.
pub(super) fn error_code(_: &Value) -> Option<&str> {
    None
}
