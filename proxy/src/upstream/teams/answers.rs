//! What the bridge's answers mean. A row counts only when it says itself that it stands in a thread that was asked
//! for; unknown fields never matter, and a row without what is needed is left out and counted.

use super::Query;
use super::quote::apart;
use crate::clock::base32_lower;
use crate::config::TeamsTwin;
use crate::metrics;
use crate::upstream::client::not_understood;
use crate::upstream::{RoomRow, RoomRows, UpstreamError};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The longest id, and the longest name that is shown, in characters.
const MAX_ID: usize = 256;
const MAX_NAME: usize = 100;
/// The largest text, in bytes; what is beyond is cut.
const MAX_TEXT: usize = 256 << 10;
/// How far a clock may be ahead of ours, in milliseconds: a day.
const AHEAD: i64 = 86_400_000;

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T> {
    /// What it holds.
    pub rows: Vec<T>,
    /// Whether there is another page.
    pub more: bool,
}

/// A thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// The bridge's id for it.
    pub id: String,
    /// Its name; may be empty.
    pub name: String,
}

/// An answer that says of itself that it is one: the status stands in the body too, and may be another one there.
pub(super) fn checked(answer: Value) -> Result<Value, UpstreamError> {
    match answer["status_code"].as_i64() {
        Some(401 | 403) => Err(UpstreamError::Refused("its body says 401 or 403".to_owned())),
        Some(404) => Err(UpstreamError::NotFound("its body says 404".to_owned())),
        Some(429) => Err(UpstreamError::Limited { retry_after: None }),
        Some(status) if status >= 400 => Err(UpstreamError::Failed(format!("its body says {status}"))),
        _ if answer.is_object() => Ok(answer),
        _ => Err(not_understood("object", &answer)),
    }
}

/// The rows of a list. What is told beside them, about pages, is absent at times.
pub(super) fn listing<T>(answer: &Value, query: &Query, row: impl Fn(&Value) -> Option<T>) -> Result<Listing<T>, UpstreamError> {
    let rows = answer["data"].as_array().ok_or_else(|| not_understood("list `data`", answer))?;
    let page = answer["current_page"].as_u64().unwrap_or_else(|| query.page.unwrap_or(1).into());
    let wanted = u64::from(query.limit.unwrap_or(10));
    let per_page = answer["per_page"].as_u64().filter(|most| *most > 0).map_or(wanted, |most| most.min(wanted));
    let more = match (answer["last_page"].as_u64(), answer["total"].as_u64()) {
        (Some(last), _) => page < last,
        (None, Some(total)) => page.saturating_mul(per_page) < total,
        (None, None) => rows.len() as u64 >= per_page,
    };
    Ok(Listing { rows: rows.iter().filter_map(row).collect(), more: more && !rows.is_empty() })
}

pub(super) fn thread(row: &Value) -> Option<Thread> {
    let name = row["name"].as_str().unwrap_or_default().to_owned();
    Some(Thread { id: id(&row["id"])?, name })
}

/// The threads that the answer to a send names.
pub(super) fn went_to(answer: &Value) -> impl Iterator<Item = &str> {
    let data = &answer["data"];
    [&data["conversation"]["id"], &data["data"]["conversation_id"]].into_iter().filter_map(Value::as_str)
}

/// Says aloud that something was another's, and counts it.
pub(super) fn alarm(upstream: &str, count: u64, what: &str) {
    tracing::error!(upstream, count, "ALARM: AN UPSTREAM MIXES UP THREADS: {what}");
    metrics::FOREIGN_ROWS.add([upstream], count);
}

/// What of the bridge's rows may be about the threads that were asked for.
pub(super) struct Screen<'a> {
    pub(super) upstream: &'a str,
    pub(super) rooms: &'a [String],
    pub(super) aliases: &'a BTreeMap<String, String>,
    pub(super) twins: &'a [TeamsTwin],
    /// Milliseconds since 1970.
    pub(super) now: i64,
}

impl Screen<'_> {
    pub(super) fn rows(&self, rows: &[Value]) -> RoomRows {
        let (mut kept, mut oldest, mut foreign, mut damaged) = (Vec::new(), None, 0, 0);
        for row in rows {
            let written = time(row).filter(|time| (1..=self.now + AHEAD).contains(time));
            oldest = match (oldest, written) {
                (Some(before), Some(time)) => Some(time.min(before)),
                (before, time) => before.or(time),
            };
            match (self.room(row), written) {
                (None, _) => foreign += 1,
                (Some(_), None) => damaged += 1,
                (Some(room), Some(time)) => match self.row(row, room, time) {
                    Some(row) => kept.push(row),
                    None => damaged += 1,
                },
            }
        }
        if foreign > 0 {
            alarm(self.upstream, foreign, "rows of threads that were not asked for; they are dropped. Is `room_aliases` to be set?");
        }
        if damaged > 0 {
            tracing::warn!(upstream = self.upstream, damaged, "rows without id, time or text are left out");
        }
        RoomRows { rows: kept, oldest, more: false }
    }

    /// The thread that the row itself says it stands in, if it was asked for.
    fn room(&self, row: &Value) -> Option<&String> {
        let said = row["room_id"].as_str()?;
        let own = self.aliases.get(said).map_or(said, String::as_str);
        self.rooms.iter().find(|room| *room == own)
    }

    fn row(&self, row: &Value, room: &str, time: i64) -> Option<RoomRow> {
        let text = row["message"].as_str()?.replace('\0', "");
        let text = &text[..text.floor_char_boundary(MAX_TEXT)];
        let name = row["name"].as_str().unwrap_or_default().trim();
        let twin = self.twins.iter().find(|twin| twin.rooms.iter().any(|own| own == room))?;
        let is_bridges = twin.self_names.iter().any(|own| own == name);
        let (quoted, content) = apart(text);
        (!content.trim().is_empty()).then_some(())?;
        Some(RoomRow {
            id: id(&row["id"])?,
            room: room.to_owned(),
            time,
            may_be_echo: twin.self_names.is_empty() || is_bridges,
            // What other visitors say is posted by the bridge too.
            name: if twin.shared && is_bridges { &twin.guest_name } else { name }
                .chars()
                .filter(|c| !c.is_control())
                .take(MAX_NAME)
                .collect(),
            content,
            quoted,
            digest: base32_lower(&Sha256::digest(text.as_bytes())),
        })
    }
}

fn id(value: &Value) -> Option<String> {
    let id = value.as_str()?;
    ((1..=MAX_ID).contains(&id.len()) && !id.chars().any(char::is_control)).then(|| id.to_owned())
}

/// When it was written. `time` is rounded to the second, so only the exact one will do.
pub(super) fn time(row: &Value) -> Option<i64> {
    ["time_raw", "date_time"].iter().find_map(|name| row[*name].as_str().and_then(|text| text.parse().ok()).or(row[*name].as_i64()))
}
