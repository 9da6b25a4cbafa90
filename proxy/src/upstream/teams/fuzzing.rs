//! The bridge's answers for the fuzz target.

use super::answers::{Screen, checked, listing, thread, went_to};
use super::quote::apart;
use super::{Column, Query};
use crate::config::{ListedTwin, TeamsTwin};
use serde_json::Value;
use std::collections::BTreeMap;

const MINE: &str = "19:mine@thread.v2";
const LONG: &str = "19:minelong@thread.v2";
const NOW: i64 = 1_760_000_000_000;

/// Any JSON as any answer: a row is of the thread that was asked for or none, is bounded, and holds nothing that was not
/// in it. A text that is no JSON is taken apart as a message.
pub fn teams_answers(data: &[u8]) {
    let Ok(answer) = serde_json::from_slice::<Value>(data) else {
        if let Ok(text) = std::str::from_utf8(data) {
            quoted(text);
        }
        return;
    };
    went_to(&answer).for_each(drop);
    let Ok(answer) = checked(answer) else { return };
    let query = Query { page: Some(1), limit: Some(10), latest_first_by: Some(Column::TimeRaw), ..Query::default() };
    if let Ok(found) = listing(&answer, &query, thread) {
        assert!(found.rows.iter().all(|thread| (1..=256).contains(&thread.id.len())));
    }
    let Ok(found) = listing(&answer, &query, |row| Some(row.clone())) else { return };
    assert!(!found.more || !found.rows.is_empty(), "another page after an empty one");
    let (rooms, aliases) = ([MINE.to_owned()], BTreeMap::from([(LONG.to_owned(), MINE.to_owned())]));
    let listed = ListedTwin { id: "a".to_owned(), name: "A".to_owned(), description: String::new(), avatar: None, starters: Vec::new() };
    let twin = TeamsTwin {
        listed,
        rooms: rooms.to_vec(),
        shared: true,
        guest_name: "Guest".to_owned(),
        keep_hours: 1,
        cool_down_minutes: 1,
        self_names: vec!["TeamBot".to_owned()],
        room_aliases: aliases.clone(),
    };
    let screen = Screen { upstream: "people", rooms: &rooms, aliases: &aliases, twins: &[twin], now: NOW };
    let kept = screen.rows(&found.rows);
    assert!(kept.rows.len() <= found.rows.len());
    for row in &kept.rows {
        assert!(row.room == MINE && (1..=NOW + 86_400_000).contains(&row.time), "{row:?}");
        assert!((1..=256).contains(&row.id.len()) && row.name.chars().count() <= 100, "{row:?}");
        assert!(!row.content.trim().is_empty() && !row.content.contains('\0') && row.content.len() <= data.len(), "{row:?}");
        assert!(kept.oldest.is_some_and(|oldest| oldest <= row.time), "{row:?}");
    }
}

fn quoted(text: &str) {
    let (quoted, said) = apart(text);
    match quoted {
        Some(quoted) => assert!(!said.is_empty() && quoted.len() + said.len() < text.len()),
        None => assert_eq!(said, text.replace("\r\n", "\n")),
    }
}
