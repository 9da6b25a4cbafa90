//! An answer as Server-Sent Events: `progress`, `delta`, `complete`, `error`.

use crate::clock::Dice;
use crate::faults::Fault;
use crate::world::{Frame, Pace, cut, spoil};
use bytes::Bytes;
use serde_json::{Value, json};
use std::time::Duration;
use twinchat_protocol::sse;

/// What is told.
pub(super) struct Reply<'a> {
    pub(super) text: &'a str,
    pub(super) message_id: &'a str,
    pub(super) conversation_id: &'a str,
    pub(super) english: bool,
}

/// The whole stream, ahead of time: the same for the same dice.
pub(super) fn frames(reply: &Reply<'_>, pace: Pace, dice: &mut Dice, faults: &[Fault]) -> Vec<Frame> {
    let writer = Writer { faults };
    let id = reply.message_id;
    let [reading, writing] = if reply.english {
        ["Reading your question…", "Writing the answer…"]
    } else {
        ["Đang đọc câu hỏi…", "Đang soạn câu trả lời…"]
    };
    let thinking = pace.thinking(dice);
    let mut frames = vec![
        Frame { wait: Duration::ZERO, bytes: writer.event("progress", json!({"status": "thinking", "message": reading, "messageId": id})) },
        Frame { wait: thinking, bytes: writer.event("progress", json!({"status": "generating", "message": writing, "messageId": id})) },
    ];
    let error_after = faults.iter().find_map(|fault| match fault {
        Fault::ErrorEvent { after_deltas } => Some(*after_deltas),
        _ => None,
    });
    let pieces = cut(reply.text, pace.chars, dice);
    let told = error_after.unwrap_or(pieces.len()).min(pieces.len());
    for piece in &pieces[..told] {
        frames.push(Frame { wait: pace.next_delta(dice), bytes: writer.delta(piece) });
    }
    let has = |fault: &Fault| faults.contains(fault);
    if error_after.is_some() {
        let message = if reply.english { "The twin could not finish its answer" } else { "Twin không thể hoàn tất câu trả lời" };
        let data = json!({"error": "GENERATION_FAILED", "message": message, "statusCode": 500, "messageId": id});
        frames.push(Frame { wait: Duration::ZERO, bytes: writer.event("error", data) });
    } else if !has(&Fault::NoComplete) {
        let mut data = json!({"messageId": id, "conversationId": reply.conversation_id, "finishReason": "stop"});
        if !has(&Fault::BareComplete) {
            data["content"] = Value::from(reply.text);
        }
        frames.push(Frame { wait: Duration::ZERO, bytes: writer.event("complete", data) });
    }
    if has(&Fault::Done) {
        frames.push(Frame { wait: Duration::ZERO, bytes: Bytes::from_static(b"data: [DONE]\n\n") });
    }
    spoil(&mut frames, faults);
    frames
}

struct Writer<'a> {
    faults: &'a [Fault],
}

impl Writer<'_> {
    fn event(&self, name: &str, mut data: Value) -> Bytes {
        if self.faults.contains(&Fault::NameInData) {
            data["type"] = Value::from(name);
            return sse::encode("", "", &data.to_string()).into();
        }
        sse::encode(name, "", &data.to_string()).into()
    }

    fn delta(&self, text: &str) -> Bytes {
        if self.faults.contains(&Fault::PlainText) {
            return sse::encode("delta", "", text).into();
        }
        self.event("delta", json!({"content": text}))
    }
}
