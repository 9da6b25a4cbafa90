//! Looks at the threads' messages as the bridge gives them: whether they name the threads of the settings, and have what
//! is needed of them. Nothing of what was said is told.

use super::answers::{listing, time};
use super::{Column, Condition, Query, Teams};
use crate::upstream::{Remark, UpstreamError};
use serde_json::Value;
use std::collections::BTreeSet;

/// Threads that are looked at.
const THREADS: usize = 20;
/// Rows that are looked at in each.
const ROWS: u32 = 20;

/// What was seen in all threads.
#[derive(Debug, Default)]
pub(super) struct Seen {
    rows: usize,
    threads: usize,
    /// Rows that do not say in which thread they stand.
    nameless: usize,
    /// Rows without id, text or exact time.
    damaged: usize,
    /// What stood in the place of a thread, each with the thread that was asked for.
    others: BTreeSet<(String, String)>,
}

impl Teams {
    pub(super) async fn survey(&self) -> Result<Vec<Remark>, UpstreamError> {
        let mut seen = Seen::default();
        for room in self.twins.iter().flat_map(|twin| &twin.rooms).take(THREADS) {
            let query = Query {
                limit: Some(ROWS),
                latest_first_by: Some(Column::TimeRaw),
                filters: vec![(Column::ConversationId, Condition::Eq(room.clone()))],
                ..Query::default()
            };
            let mut address = self.client.address("/messages", &[])?;
            query.write(&mut address.url);
            let answer = self.get(&address, &self.client.gate.operator()).await?;
            let rows = listing(&answer, &query, |row| Some(row.clone()))?.rows;
            seen.add(&rows, room, |id| self.own_id(id) == room);
        }
        Ok(seen.remarks())
    }
}

impl Seen {
    pub(super) fn add(&mut self, rows: &[Value], room: &str, is_own: impl Fn(&str) -> bool) {
        self.rows += rows.len();
        self.threads += 1;
        for row in rows {
            match row["room_id"].as_str() {
                None => self.nameless += 1,
                Some(id) if is_own(id) => {}
                Some(id) => drop(self.others.insert((id.to_owned(), room.to_owned()))),
            }
            if !row["id"].is_string() || !row["message"].is_string() || time(row).is_none() {
                self.damaged += 1;
            }
        }
    }

    pub(super) fn remarks(self) -> Vec<Remark> {
        let Self { rows, threads, nameless, damaged, others } = self;
        let remark =
            |seen: String, advice: &str| Remark { topic: "messages", seen, advice: (!advice.is_empty()).then(|| advice.to_owned()) };
        let mut remarks = vec![remark(format!("{rows} looked at in {threads} threads"), "")];
        if nameless > 0 {
            let advice = "nobody is told them: whose they are cannot be known. Have the bridge send `room_id`";
            remarks.push(remark(format!("{nameless} of {rows} do not say in which thread they stand"), advice));
        }
        if damaged > 0 {
            let advice = "nobody is told them: have the bridge send `id`, `message` and `time_raw`";
            remarks.push(remark(format!("{damaged} of {rows} lack their id, text or exact time"), advice));
        }
        if !others.is_empty() {
            let aliases: Vec<String> = others.iter().map(|(other, room)| format!("\"{other}\" = \"{room}\"")).collect();
            let advice = format!(
                "nobody is told them. If these are other ids of the same threads, write room_aliases = {{ {} }}; if not, the bridge's filter does \
                 not work",
                aliases.join(", ")
            );
            remarks.push(remark(format!("some name {} other threads than the one asked for", others.len()), &advice));
        }
        remarks
    }
}
