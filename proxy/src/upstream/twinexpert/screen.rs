//! What of an answer may be about the conversation that was asked. One key sees everybody's
//! conversations, so an answer may hold what others said; whatever says that it is another
//! conversation's, or not the twin's, is taken out before any text is looked for.

use crate::metrics;
use serde_json::{Map, Value};

/// Members that name a conversation.
const CONVERSATION: [&str; 4] = ["conversationId", "conversation_id", "conversationID", "conversation"];
/// Members that name who speaks.
const SPEAKER: [&str; 3] = ["role", "sender", "author"];
/// Those who are not the twin.
const NOT_THE_TWIN: [&str; 8] = ["user", "human", "visitor", "customer", "client", "system", "tool", "developer"];

/// Lets through what may belong to one conversation, and counts the rest.
#[derive(Debug)]
pub(super) struct Screen {
    upstream: String,
    conversation: String,
    dropped: u64,
}

impl Screen {
    /// For answers of this upstream (the owner's name for it) about this conversation of its own.
    pub(super) fn new(upstream: &str, conversation: &str) -> Self {
        Self { upstream: upstream.to_owned(), conversation: conversation.to_owned(), dropped: 0 }
    }

    /// The owner's name for the upstream.
    pub(super) fn upstream(&self) -> &str {
        &self.upstream
    }

    /// Takes out of the answer what is another conversation's or not said by the twin. Says whether
    /// anything is left: an answer or event that as a whole names another conversation is nothing.
    pub(super) fn pass(&mut self, answer: &mut Value) -> bool {
        let whole = [&*answer, &answer["data"], &answer["message"], &answer["data"]["message"]];
        if whole.into_iter().filter_map(Value::as_object).any(|fields| self.names_another(fields)) {
            self.drop(1);
            return false;
        }
        let taken = self.prune(answer);
        self.drop(taken);
        !answer.is_null()
    }

    /// Replaces by null, and counts, what names another conversation. What is not the twin's goes too,
    /// without being counted: a question beside its answer is nothing strange.
    fn prune(&self, value: &mut Value) -> u64 {
        match value {
            Value::Object(fields) if self.names_another(fields) => {
                *value = Value::Null;
                1
            }
            Value::Object(fields) if names_a_speaker_but_the_twin(fields) => {
                *value = Value::Null;
                0
            }
            Value::Object(fields) => fields.values_mut().map(|value| self.prune(value)).sum(),
            Value::Array(items) => {
                // Where some say that they are of this conversation, those that do not say are not.
                if items.iter().filter_map(Value::as_object).any(|fields| self.names_ours(fields)) {
                    items.retain(|item| item.as_object().is_none_or(|fields| conversation_of(fields).is_some()));
                }
                items.iter_mut().map(|value| self.prune(value)).sum()
            }
            _ => 0,
        }
    }

    fn names_another(&self, fields: &Map<String, Value>) -> bool {
        conversation_of(fields).is_some_and(|named| named != self.conversation)
    }

    fn names_ours(&self, fields: &Map<String, Value>) -> bool {
        conversation_of(fields).is_some_and(|named| named == self.conversation)
    }

    fn drop(&mut self, count: u64) {
        if count == 0 {
            return;
        }
        if self.dropped == 0 {
            let upstream = self.upstream.as_str();
            tracing::error!(
                upstream,
                "ALARM: AN UPSTREAM ANSWERS WITH OTHER CONVERSATIONS' WORDS; they are dropped, this is said once per reply"
            );
        }
        self.dropped += count;
        metrics::FOREIGN_ROWS.add([&self.upstream], count);
    }
}

/// The conversation an object says it is of.
fn conversation_of(fields: &Map<String, Value>) -> Option<String> {
    CONVERSATION.iter().find_map(|name| match fields.get(*name)? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        Value::Object(conversation) => match conversation.get("id").or_else(|| conversation.get("_id"))? {
            Value::String(id) => Some(id.clone()),
            Value::Number(id) => Some(id.to_string()),
            _ => None,
        },
        _ => None,
    })
}

fn names_a_speaker_but_the_twin(fields: &Map<String, Value>) -> bool {
    let named = SPEAKER.iter().find_map(|name| {
        let value = fields.get(*name)?;
        value.as_str().or_else(|| value["role"].as_str()).or_else(|| value["type"].as_str())
    });
    named.is_some_and(|speaker| NOT_THE_TWIN.contains(&speaker.to_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What is left of an answer about `c1`, and how much of others was counted.
    fn screened(mut answer: Value) -> (Option<Value>, u64) {
        let mut screen = Screen::new("main", "c1");
        let something = screen.pass(&mut answer);
        (something.then_some(answer), screen.dropped)
    }

    #[test]
    fn what_as_a_whole_names_another_conversation_is_nothing() {
        for answer in [
            json!({"content": "theirs", "conversationId": "c2"}),
            json!({"content": "theirs", "conversation_id": 2}),
            json!({"content": "theirs", "conversation": {"id": "c2"}}),
            json!({"type": "delta", "data": {"content": "theirs", "conversation": "c2"}}),
            json!({"message": {"content": "theirs", "conversationId": "c2"}}),
            json!({"data": {"message": {"content": "theirs", "conversationId": "c1 "}}}),
        ] {
            assert_eq!(screened(answer.clone()), (None, 1), "{answer}");
        }
    }

    #[test]
    fn what_names_this_conversation_or_none_is_left_as_it_is() {
        for answer in [
            json!({"content": "mine"}),
            json!({"content": "mine", "conversationId": "c1", "role": "assistant"}),
            json!({"data": [{"content": "mine", "conversation": {"id": "c1"}}]}),
            json!("mine"),
            json!({"conversation": null, "content": "mine"}),
        ] {
            assert_eq!(screened(answer.clone()), (Some(answer), 0));
        }
    }

    #[test]
    fn others_words_inside_are_taken_out_and_counted() {
        let answer = json!({"data": {"messages": [
            {"content": "theirs", "conversationId": "c2", "role": "assistant"},
            {"content": "whose?", "role": "assistant"},
            {"content": "mine", "conversationId": "c1", "role": "assistant"},
            {"content": "question", "conversationId": "c1", "role": "user"},
        ], "related": {"deep": [{"conversation": {"id": "c3"}, "text": "theirs"}]}}});
        let (left, dropped) = screened(answer);
        let left = left.unwrap().to_string();
        assert_eq!(dropped, 2);
        assert!(left.contains("mine"));
        for gone in ["theirs", "whose?", "question"] {
            assert!(!left.contains(gone), "{left}");
        }
    }
}
