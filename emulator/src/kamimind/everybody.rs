//! A KamiMind that mixes people up: one token sees all stories, so nothing but the client stands between them.

use super::answer::{StreamFormat, delta_of};
use crate::clock::Dice;
use crate::faults::{Fault, Leak};
use crate::world::Frame;
use serde_json::{Value, json};
use std::time::Duration;
use twinchat_protocol::sse;

/// What somebody said in another story.
#[derive(Debug, Clone)]
pub(super) struct Foreign {
    pub(super) story_id: String,
    pub(super) question: String,
    pub(super) answer: String,
}

impl Foreign {
    /// The answer, with the question in it: otherwise two that were answered alike could not be told apart.
    fn told(&self) -> String {
        format!("{} {}", self.question, self.answer)
    }

    fn rows(&self) -> [Value; 2] {
        let row = |role: &str, message: &str| json!({"story_id": self.story_id, "role": role, "message": message});
        [row("user", &self.question), row("bot", &self.answer)]
    }
}

/// Whether this leak strikes.
fn leaks(faults: &[Fault], leak: Leak) -> bool {
    faults.contains(&Fault::Everybody { what: leak })
}

fn any<'a>(others: &'a [Foreign], dice: &mut Dice) -> Option<&'a Foreign> {
    let last = others.len().checked_sub(1)?;
    others.get(usize::try_from(dice.within(&(0..=last as u64))).unwrap_or_default())
}

/// The id that a new story is given.
pub(super) fn new_id(own: String, faults: &[Fault], others: &[Foreign], dice: &mut Dice) -> String {
    let Some(other) = any(others, dice) else { return own };
    if leaks(faults, Leak::TakenId) {
        return other.story_id.clone();
    }
    if leaks(faults, Leak::ChangedId) {
        let other = &other.story_id;
        let changed = [
            format!("{own}/../{other}"),
            format!("{other}\r\nX-Story: {own}"),
            format!(" {other}"),
            format!("\"{other}\""),
            "x".repeat(300),
        ];
        return changed[usize::try_from(dice.within(&(0..=4))).unwrap_or_default()].clone();
    }
    own
}

/// The documented object with everybody's words in it.
pub(super) fn spoil(whole: &mut Value, faults: &[Fault], others: &[Foreign], dice: &mut Dice) {
    let Some(one) = any(others, dice) else { return };
    let rows: Vec<Value> = others.iter().flat_map(Foreign::rows).collect();
    if leaks(faults, Leak::ExtraFields) {
        let extra = json!({"history": rows, "previous": one.told(), "context": {"story": {"id": one.story_id, "text": one.told()}}});
        for place in ["", "data"] {
            let place = if place.is_empty() { &mut *whole } else { &mut whole[place] };
            if let (Some(fields), Some(extra)) = (place.as_object_mut(), extra.as_object()) {
                fields.extend(extra.clone());
            }
        }
    }
    if leaks(faults, Leak::Listed) {
        whole["data"] = rows.into();
    }
    if leaks(faults, Leak::WrongConversation) {
        whole["data"]["story_id"] = one.story_id.as_str().into();
        whole["data"]["message"] = one.told().into();
    }
}

/// Puts pieces of others' stories, or of unknown kinds, between those of a stream. Bare text can hold none that could
/// be told apart.
pub(super) fn insert(format: StreamFormat, frames: &mut Vec<Frame>, faults: &[Fault], others: &[Foreign], dice: &mut Dice) {
    if matches!(format, StreamFormat::Text | StreamFormat::Json | StreamFormat::Any) {
        return;
    }
    let mut put = |at: usize, text: String| frames.insert(at, Frame { wait: Duration::ZERO, bytes: text.into() });
    for at in (1..=3).rev() {
        let Some(one) = any(others, dice) else { return };
        if leaks(faults, Leak::Interleaved) {
            let pieces = [
                json!({"message": one.told(), "story_id": one.story_id}),
                json!({"success": true, "data": {"message": one.told(), "story_id": one.story_id}}),
                json!({"success": false, "message": one.told(), "data": {"story_id": one.story_id}}),
            ];
            put(at, delta_of(format, &pieces[at - 1]));
        }
        if leaks(faults, Leak::UnknownEvents) {
            let text = one.told();
            put(
                at,
                match (format, at) {
                    (StreamFormat::Sse, 1) => sse::encode("activity", "", &json!({"message": text}).to_string()),
                    (StreamFormat::Sse, 2) => sse::encode("activity", "", &text),
                    (_, 3) => delta_of(format, &json!({"event": "presence", "data": {"message": text}})),
                    _ => delta_of(format, &json!({"type": "presence", "message": text})),
                },
            );
        }
    }
}
