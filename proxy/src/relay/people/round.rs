use super::super::Inner;
use super::listen::Listener;
use crate::metrics;
use crate::store::{Heard, Lease, RoomWord, StoreError};
use crate::subject::Subject;
use crate::upstream::{RoomRow, Upstream, UpstreamError};
use std::collections::BTreeMap;
use twinchat_protocol::id::ConversationId;

/// Rooms that are read with one request.
const ROOMS_AT_ONCE: usize = 20;
/// The most pages read of them at once.
const MAX_PAGES: u32 = 10;
/// What was written so long before the latest known message is read again, in milliseconds: rows come up late, and
/// times are not in the order of coming.
const OVERLAP: i64 = 120_000;

/// A conversation that is looked for.
struct Wanted {
    conversation: ConversationId,
    subject: Subject,
    leases: Vec<Lease>,
    /// When the latest message that is known was written; none: all is to be looked through.
    newest: Option<i64>,
}

impl Wanted {
    fn covers(&self, row: &RoomRow) -> bool {
        let holds = |lease: &Lease| lease.room == row.room && lease.since < row.time && lease.until.is_none_or(|until| row.time <= until);
        self.leases.iter().any(holds)
    }
}

impl Listener {
    /// One look at all rooms that somebody wants to hear of. Many are read at once to find those with something new;
    /// what is new is then read for each room alone, so that a row counts only where both the filter and the row
    /// itself name the room.
    pub(super) async fn look(&self, relay: &Inner) {
        let Some(upstream) = relay.directory.upstream(&self.upstream) else { return };
        let wanted = self.wanted(relay).await;
        let rooms = rooms_of(&wanted, relay.clock.now_millis());
        let (anew, known): (Vec<_>, Vec<_>) = rooms.into_iter().partition(|(_, from)| from.anew);
        let mut news: Vec<(String, i64)> = anew.into_iter().map(|(room, from)| (room, from.time)).collect();
        for known in known.chunks(ROOMS_AT_ONCE) {
            let from = known.iter().map(|(_, from)| from.time).min().unwrap_or(i64::MAX);
            let names: Vec<String> = known.iter().map(|(room, _)| room.clone()).collect();
            for row in self.read(upstream.as_ref(), (&names, from), &wanted).await {
                if news.iter().all(|(room, _)| *room != row.room) && wanted.iter().any(|one| self.is_new_to(one, &row)) {
                    news.push((row.room, from));
                }
            }
        }
        for (room, from) in news {
            let rows = self.read(upstream.as_ref(), (std::slice::from_ref(&room), from), &wanted).await;
            self.offer(relay, &wanted, rows).await;
        }
    }

    /// What was said in these rooms; nothing, when it cannot be had now.
    async fn read(&self, upstream: &dyn Upstream, (rooms, from): (&[String], i64), wanted: &[Wanted]) -> Vec<RoomRow> {
        match read(upstream, rooms, from).await {
            Ok(Some(rows)) => return rows,
            // Nothing to spare: what was to be looked through is still to be.
            Ok(None) => {}
            Err(error) => tracing::warn!(upstream = self.upstream, %error, "what people said could not be read; it is tried again"),
        }
        self.look_through_again(wanted);
        Vec::new()
    }

    async fn wanted(&self, relay: &Inner) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        for (conversation, subject, newest) in self.followed() {
            match relay.store.leases(&subject, &conversation).await {
                Ok(leases) => wanted.push(Wanted { conversation, subject, leases, newest }),
                Err(error) => tracing::warn!(%error, "a conversation's rooms could not be looked up"),
            }
        }
        wanted
    }

    fn look_through_again(&self, wanted: &[Wanted]) {
        for one in wanted.iter().filter(|one| one.newest.is_none()) {
            self.with(&one.conversation, |followed| followed.anew = true);
        }
    }

    /// Offers what was read to the conversations whose rooms they are, in the order in which it was written.
    async fn offer(&self, relay: &Inner, wanted: &[Wanted], mut rows: Vec<RoomRow>) {
        rows.sort_by(|a, b| (a.time, &a.id).cmp(&(b.time, &b.id)));
        for row in &rows {
            for one in wanted {
                if self.is_new_to(one, row) {
                    self.hear(relay, one, row).await;
                }
            }
        }
    }

    /// Whether the row is of the conversation's part of a room and was not offered to it before.
    fn is_new_to(&self, one: &Wanted, row: &RoomRow) -> bool {
        one.covers(row) && self.with(&one.conversation, |followed| followed.seen.get(&row.id) != Some(&row.digest)).unwrap_or(false)
    }

    async fn hear(&self, relay: &Inner, one: &Wanted, row: &RoomRow) {
        let word = RoomWord {
            id: &row.id,
            room: &row.room,
            time: row.time,
            name: &row.name,
            content: &row.content,
            quoted: row.quoted.as_deref(),
            digest: &row.digest,
            may_be_echo: row.may_be_echo,
        };
        let (id, now) = (relay.new_message_id(), relay.clock.now_millis());
        match relay.store.hear(&one.subject, &one.conversation, (&word, &id), now).await {
            Ok(Heard::Later) => return,
            Ok(Heard::News) => {
                self.there_is_news();
                relay.announce(&one.conversation);
            }
            Ok(Heard::ForeignQuote) => {
                tracing::warn!(upstream = self.upstream, "an answer to what was not said in this conversation is dropped");
                metrics::FOREIGN_QUOTES.count([&self.upstream]);
            }
            Ok(Heard::Known | Heard::NotTheirs) => {}
            Err(StoreError::NotFound) => return self.forget(&one.conversation),
            Err(error) => {
                tracing::warn!(%error, "what somebody said could not be kept; it is tried again");
                return self.look_through_again(std::slice::from_ref(one));
            }
        }
        self.with(&one.conversation, |followed| {
            followed.seen.insert(row.id.clone(), row.digest.clone());
            followed.newest = followed.newest.max(row.time);
        });
    }
}

/// Back to when a room is read.
#[derive(Clone, Copy)]
struct From {
    /// Milliseconds since 1970.
    time: i64,
    /// Whether somebody wants to look through all of it.
    anew: bool,
}

/// The rooms to read.
fn rooms_of(wanted: &[Wanted], now: i64) -> Vec<(String, From)> {
    let mut rooms: BTreeMap<String, From> = BTreeMap::new();
    for one in wanted {
        for lease in &one.leases {
            // What was somebody's before comes up late, if at all: it is looked for when the conversation is opened.
            if one.newest.is_some() && lease.until.is_some_and(|until| until < now - OVERLAP) {
                continue;
            }
            let time = one.newest.map_or(lease.since, |newest| lease.since.max(newest - OVERLAP));
            let from = From { time, anew: one.newest.is_none() };
            let both = |known: &mut From| *known = From { time: from.time.min(known.time), anew: from.anew || known.anew };
            rooms.entry(lease.room.clone()).and_modify(both).or_insert(from);
        }
    }
    rooms.into_iter().collect()
}

/// What was said in these rooms since then, or on the latest page if that is more. None when there is no request to
/// spare.
async fn read(upstream: &dyn Upstream, rooms: &[String], from: i64) -> Result<Option<Vec<RoomRow>>, UpstreamError> {
    let Some(people) = upstream.rooms() else { return Ok(None) };
    let mut all = Vec::new();
    for page in 1..=MAX_PAGES {
        let Some(fare) = upstream.gate().spare().await else { return Ok(if page == 1 { None } else { Some(all) }) };
        let found = people.page(rooms, page, &fare).await?;
        all.extend(found.rows);
        if !found.more || found.oldest.is_none_or(|oldest| oldest < from) {
            break;
        }
    }
    Ok(Some(all))
}
