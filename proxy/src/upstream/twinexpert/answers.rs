//! What TwinExpert's JSON answers mean. Their shapes are documented in part only, so each thing is
//! looked for in all places where it has been seen or may be; unknown fields are ignored.

use crate::upstream::client::not_understood;
use crate::upstream::{UpstreamError, UpstreamTwin};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The most starter questions kept per twin.
const MAX_STARTERS: usize = 6;
/// The most characters kept of a name, a starter or a description.
const MAX_TEXT: usize = 1000;

/// Where the owner says that the text of a reply stands, as JSON Pointers (RFC 6901); empty where nothing was said.
#[derive(Debug, Clone, Default)]
pub(super) struct TextAt(Arc<[String]>);

impl TextAt {
    pub(super) fn new(pointers: &[String]) -> Self {
        Self(pointers.into())
    }

    /// Whether nothing was said.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text at the first of these places that has one.
    pub(super) fn of(&self, value: &Value) -> Option<String> {
        self.0.iter().find_map(|pointer| value.pointer(pointer)?.as_str().map(str::to_owned))
    }
}

/// What is inside the documented `{data}` envelope, or the whole when there is none.
fn inside(answer: &Value) -> &Value {
    answer.get("data").filter(|data| !data.is_null()).unwrap_or(answer)
}

/// The twins of one page, and whether the answer says that there are more pages.
///
/// # Errors
/// When there is no list, or none of its entries has an id and a name.
pub(super) fn twins(answer: &Value, page: u64) -> Result<(Vec<UpstreamTwin>, Option<bool>), UpstreamError> {
    let data = inside(answer);
    let list = [data, &data["items"], &data["twins"], &data["results"], &data["data"]]
        .into_iter()
        .find_map(Value::as_array)
        .ok_or_else(|| not_understood("a list of twins", answer))?;
    let twins: Vec<_> = list.iter().filter_map(Value::as_object).filter_map(twin).collect();
    if twins.is_empty() && !list.is_empty() {
        return Err(not_understood("twins with an id and a name", answer));
    }
    Ok((twins, more_pages(answer, page)))
}

fn more_pages(answer: &Value, page: u64) -> Option<bool> {
    let places = [&answer["meta"], &answer["pagination"], &answer["meta"]["pagination"], &answer["data"]["meta"], answer];
    let number = |names: &[&str]| places.iter().find_map(|place| names.iter().find_map(|name| place[*name].as_u64()));
    if let Some(pages) = number(&["totalPages", "total_pages", "pages", "lastPage", "last_page"]) {
        return Some(page < pages);
    }
    places.iter().find_map(|place| ["hasNext", "hasNextPage", "hasMore", "has_more"].iter().find_map(|name| place[*name].as_bool()))
}

fn twin(fields: &Map<String, Value>) -> Option<UpstreamTwin> {
    let id = id_of(fields, &["id", "_id", "twinId", "uuid"])?;
    // Not "title": conversations have one, with what somebody asked.
    let name = text_of(fields, &["name", "displayName"])?;
    Some(UpstreamTwin {
        id,
        name,
        description: text_of(fields, &["description", "bio", "summary", "about"]).unwrap_or_default(),
        picture: ["avatar", "avatarUrl", "avatar_url", "image", "imageUrl", "picture", "photo"]
            .iter()
            .find_map(|name| picture(fields.get(*name)?)),
        available: is_available(fields),
        starters: starters(fields),
    })
}

fn picture(value: &Value) -> Option<String> {
    let text = value.as_str().or_else(|| value["url"].as_str()).or_else(|| value["src"].as_str())?;
    (!text.trim().is_empty()).then(|| text.trim().to_owned())
}

/// Available unless it is said not to be.
fn is_available(fields: &Map<String, Value>) -> bool {
    let flag = ["available", "isAvailable", "isActive", "active", "enabled", "online"].iter().find_map(|name| fields.get(*name)?.as_bool());
    let status = fields.get("status").and_then(Value::as_str).map(str::to_lowercase);
    let down = ["inactive", "disabled", "offline", "archived", "draft", "unavailable", "deleted"];
    flag.unwrap_or(true) && !status.is_some_and(|status| down.contains(&status.as_str()))
}

fn starters(fields: &Map<String, Value>) -> Vec<String> {
    ["starters", "starterPrompts", "starter_prompts", "suggestedQuestions", "suggestions", "prompts"]
        .iter()
        .find_map(|name| fields.get(*name)?.as_array())
        .into_iter()
        .flatten()
        .filter_map(|item| item.as_str().or_else(|| item["text"].as_str()).or_else(|| item["prompt"].as_str()))
        .filter_map(cleaned)
        .take(MAX_STARTERS)
        .collect()
}

/// The id of a conversation that was just made: letters, digits and a few signs, none of which could make
/// it name something else in an address.
///
/// # Errors
/// When there is none, or none like that.
pub(super) fn conversation_id(answer: &Value) -> Result<String, UpstreamError> {
    let data = inside(answer);
    [data, &data["conversation"], answer]
        .into_iter()
        .filter_map(Value::as_object)
        .find_map(|fields| id_of(fields, &["id", "_id", "conversationId", "conversation_id", "uuid"]))
        .filter(|id| is_plain(id))
        .ok_or_else(|| not_understood("a conversation with an id", answer))
}

fn is_plain(id: &str) -> bool {
    let all_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~:@=+".contains(&byte));
    all_plain && id.bytes().any(|byte| byte.is_ascii_alphanumeric()) && id.len() <= 256
}

/// The text of the assistant's message in the answer to a plain send, which has passed the
/// [`Screen`](super::screen::Screen).
///
/// # Errors
/// When there is none.
pub(super) fn reply(answer: &Value) -> Result<String, UpstreamError> {
    let data = inside(answer);
    let by_assistant = |value: &Value| {
        let role = value["role"].as_str().or_else(|| value["sender"].as_str()).unwrap_or_default().to_lowercase();
        matches!(role.as_str(), "assistant" | "twin" | "bot" | "ai" | "model").then(|| full_text(value)).flatten()
    };
    let lists = [data, &data["messages"]];
    let listed = lists.into_iter().filter_map(Value::as_array).flatten().filter_map(by_assistant).next_back();
    let named = || {
        ["assistantMessage", "assistant_message", "assistant", "reply", "response", "answer", "message", "twinMessage"]
            .iter()
            .map(|name| &data[*name])
            .find_map(|value| value.as_str().map(str::to_owned).or_else(|| full_text(value)))
    };
    by_assistant(data).or(listed).or_else(named).or_else(|| full_text(data)).ok_or_else(|| not_understood("a reply", answer))
}

/// The whole text of a message or of a `complete` event.
pub(super) fn full_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => (!text.is_empty()).then(|| text.clone()),
        Value::Object(fields) => ["content", "text", "fullText", "fullContent", "answer", "response", "message", "data"]
            .iter()
            .find_map(|name| full_text(fields.get(*name)?)),
        _ => None,
    }
}

/// The whole text in a `complete` event, when `streamed` bytes came before it. A bare sentence or a
/// `message` may be no more than "done", so those only count when they hold at least as much.
pub(super) fn complete_text(value: &Value, streamed: usize) -> Option<String> {
    let sure = |value: &Value| {
        let fields = value.as_object()?;
        ["content", "text", "fullText", "fullContent", "answer", "response"].iter().find_map(|name| full_text(fields.get(*name)?))
    };
    let nested = [value, &value["data"], &value["message"], &value["data"]["message"]];
    nested.into_iter().find_map(sure).or_else(|| full_text(value).filter(|text| text.len() >= streamed.max(1)))
}

/// The piece of text in a `delta` event.
pub(super) fn delta_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(fields) => {
            ["delta", "content", "text", "token", "chunk", "message", "data"].iter().find_map(|name| delta_text(fields.get(*name)?))
        }
        _ => None,
    }
}

/// What a `progress` event says, in the upstream's words.
pub(super) fn progress_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => cleaned(text),
        Value::Object(fields) => ["message", "text", "content", "status", "step", "stage", "state", "progress", "data"]
            .iter()
            .find_map(|name| progress_text(fields.get(*name)?)),
        _ => None,
    }
}

/// The code of an error, if it is one of the known ones. Unlike its sentence it can hold nothing that
/// somebody said, so it may stand in a log.
pub(super) fn error_code(value: &Value) -> Option<&str> {
    const KNOWN: [&str; 17] = [
        "BAD_REQUEST",
        "Bad Request",
        "CONFLICT",
        "FORBIDDEN",
        "Forbidden",
        "GENERATION_FAILED",
        "INTERNAL_SERVER_ERROR",
        "Internal Server Error",
        "NOT_FOUND",
        "Not Found",
        "RATE_LIMIT_EXCEEDED",
        "SERVICE_UNAVAILABLE",
        "Too Many Requests",
        "UNAUTHORIZED",
        "Unauthorized",
        "UNPROCESSABLE_ENTITY",
        "VALIDATION_ERROR",
    ];
    let places = [&value["error"], &value["error"]["code"], &value["code"], &value["data"]["error"]];
    places.into_iter().filter_map(Value::as_str).find(|code| KNOWN.contains(code))
}

/// The HTTP status an `error` event would have had.
pub(super) fn error_status(value: &Value) -> Option<u16> {
    let places = [value, &value["error"], &value["data"]];
    places.iter().find_map(|place| ["statusCode", "status", "code"].iter().find_map(|name| u16::try_from(place[*name].as_u64()?).ok()))
}

fn id_of(fields: &Map<String, Value>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| match fields.get(*name)? {
        Value::String(text) if !text.is_empty() && text.len() <= 512 => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

fn text_of(fields: &Map<String, Value>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| cleaned(fields.get(*name)?.as_str()?))
}

fn cleaned(text: &str) -> Option<String> {
    let text: String = text.trim().chars().take(MAX_TEXT).collect();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn twins_are_found_in_every_likely_envelope_and_strange_fields_do_not_matter() {
        let list =
            json!([{"id": 7, "name": " Lan ", "avatar": {"url": "/a.png"}, "status": "ACTIVE", "secretNotes": "x"}, {"name": "no id"}]);
        for answer in [list.clone(), json!({"data": list}), json!({"success": true, "data": {"items": list}}), json!({"twins": list})] {
            let (twins, _) = twins(&answer, 1).unwrap();
            assert_eq!(twins.len(), 1);
            assert_eq!((twins[0].id.as_str(), twins[0].name.as_str(), twins[0].picture.as_deref()), ("7", "Lan", Some("/a.png")));
            assert!(twins[0].available);
        }
    }

    #[test]
    fn an_answer_without_twins_fails_with_its_shape_and_none_of_its_values() {
        let error = twins(&json!({"data": [{"label": "private words"}]}), 1).unwrap_err().to_string();
        assert!(error.contains("label: text") && !error.contains("private words"), "{error}");
        assert_eq!(twins(&json!({"data": []}), 1).unwrap().0, []);
    }

    #[test]
    fn the_reply_is_the_assistants_message_wherever_it_stands() {
        for answer in [
            json!({"data": {"id": "m", "role": "assistant", "content": "Chào"}}),
            json!({"data": {"message": {"content": "Chào"}}}),
            json!({"data": {"userMessage": {"role": "user", "content": "Hi"}, "assistantMessage": {"role": "assistant", "content": "Chào"}}}),
            json!({"data": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Chào"}]}),
            json!({"response": "Chào"}),
            json!({"data": "Chào"}),
        ] {
            assert_eq!(reply(&answer).as_deref(), Ok("Chào"), "{answer}");
        }
        assert!(reply(&json!({"data": {"ok": true}})).is_err());
    }

    #[test]
    fn an_id_that_could_name_something_else_in_an_address_is_none() {
        let id = |id: &str| conversation_id(&json!({"data": {"id": id}}));
        for plain in ["c1", "7", "conv_Ab-9", "19:meeting@thread.v2", "a.b~c"] {
            assert_eq!(id(plain).as_deref(), Ok(plain));
        }
        for other in
            ["..", "../conv_2", "conv_1/../conv_2", "conv_1%2e", "conv_1 ", "conv_1?x", "conv_1#x", "a\\b", "cônv", "a\0", &"a".repeat(300)]
        {
            assert!(id(other).is_err(), "{other:?}");
        }
    }

    #[test]
    fn a_code_that_is_not_known_is_not_repeated() {
        assert_eq!(error_code(&json!({"error": "FORBIDDEN", "message": "private words"})), Some("FORBIDDEN"));
        assert_eq!(error_code(&json!({"error": {"code": "NOT_FOUND"}})), Some("NOT_FOUND"));
        assert_eq!(error_code(&json!({"error": "private words", "code": "PRIVATE_WORDS"})), None);
    }

    #[test]
    fn the_whole_text_is_not_mistaken_for_a_word_about_it() {
        assert_eq!(complete_text(&json!({"type": "complete", "message": "Done"}), 100), None);
        assert_eq!(complete_text(&json!("ok"), 100), None);
        assert_eq!(complete_text(&json!({"message": "Done", "content": "Chào"}), 100).as_deref(), Some("Chào"));
        assert_eq!(complete_text(&json!({"data": {"message": {"content": "Chào"}}}), 100).as_deref(), Some("Chào"));
        assert_eq!(complete_text(&json!({"message": "Chào bạn"}), 0).as_deref(), Some("Chào bạn"));
    }

    #[test]
    fn the_status_of_an_error_is_found_in_every_likely_place() {
        assert_eq!(error_status(&json!({"error": {"statusCode": 429}})), Some(429));
        assert_eq!(error_status(&json!({"data": {"status": 401}})), Some(401));
        assert_eq!(error_status(&json!({"statusCode": "soon"})), None);
    }
}
