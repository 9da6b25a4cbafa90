//! The request of a completion.

use super::answer::Failure;
use crate::script::{Said, Twin};
use serde::Deserialize;
use serde_json::Value;

/// A request, as far as it matters here; everything else is accepted and passed over.
#[derive(Debug, Deserialize)]
pub(super) struct Ask {
    pub(super) model: String,
    messages: Vec<Message>,
    #[serde(default)]
    pub(super) stream: bool,
    stream_options: Option<StreamOptions>,
    max_tokens: Option<usize>,
    max_completion_tokens: Option<usize>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Debug, Deserialize)]
struct Message {
    role: String,
    content: Value,
}

impl Message {
    /// A text, or the texts among several parts.
    fn text(&self) -> Option<String> {
        match &self.content {
            Value::String(text) => Some(text.clone()),
            Value::Array(parts) => Some(parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n")),
            _ => None,
        }
    }
}

impl Ask {
    /// Reads the body.
    pub(super) fn read(body: &[u8]) -> Result<Self, Failure> {
        let ask: Self = serde_json::from_slice(body).map_err(|error| Failure::invalid(&format!("Invalid body: {error}"), None))?;
        if ask.messages.is_empty() {
            return Err(Failure::invalid("[] is too short - 'messages'", Some("messages")));
        }
        for message in &ask.messages {
            if !matches!(message.role.as_str(), "system" | "developer" | "user" | "assistant") {
                let problem =
                    format!("Invalid value: '{}'. Supported values are: 'system', 'developer', 'user' and 'assistant'.", message.role);
                return Err(Failure::invalid(&problem, Some("messages")));
            }
            if message.text().is_none() {
                return Err(Failure::invalid("Invalid value for 'content': expected a string or an array of parts.", Some("messages")));
            }
        }
        Ok(ask)
    }

    /// What was said before, and the question at the end.
    pub(super) fn conversation(&self, twin: &Twin) -> Result<(Vec<Said>, String), Failure> {
        let (mut before, mut question) = (Vec::new(), None);
        for message in &self.messages {
            let text = message.text().unwrap_or_default();
            match (message.role.as_str(), question.take()) {
                ("assistant", Some(question)) => {
                    before.push(Said { question, answer: text, language: twin.language.clone(), source: String::new() });
                }
                ("user", _) => question = Some(text),
                (_, earlier) => question = earlier,
            }
        }
        let question = question.filter(|text| !text.trim().is_empty());
        Ok((before, question.ok_or_else(|| Failure::invalid("The last message must be the user's.", Some("messages")))?))
    }

    /// The most tokens of an answer.
    pub(super) fn most_tokens(&self) -> usize {
        self.max_completion_tokens.or(self.max_tokens).unwrap_or(usize::MAX)
    }

    /// Whether a stream ends with the usage.
    pub(super) fn wants_usage(&self) -> bool {
        self.stream_options.as_ref().is_some_and(|options| options.include_usage)
    }

    /// The tokens of all messages.
    pub(super) fn prompt_tokens(&self) -> usize {
        self.messages.iter().filter_map(Message::text).map(|text| super::answer::tokens(&text)).sum()
    }
}
