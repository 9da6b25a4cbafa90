//! Conversations and messages, and when the bridge has them: it copies from Teams after the fact.

use crate::clock::{Dice, iso, uuid};
use crate::faults::Manner;
use crate::script::Said;
use crate::world::World;
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

/// The names under which the bridge's own messages come back.
const OWN_NAMES: [&str; 3] = ["TeamBot", "System Bot", "Teams Bot"];
const PEOPLE: [&str; 4] = ["Lan Chi", "Minh Tuấn", "Thu Hà", "Quốc Bảo"];
const ROOMS: [&str; 4] = ["General Discussion", "Tư vấn 1", "Tư vấn 2", "Tư vấn 3"];
/// How many times the pace's thinking a person takes to answer at most, and the bridge to notice.
const PERSON: u64 = 20;
const SYNC: u64 = 2;
const DAY: u64 = 86_400_000;

/// A thread of a group of people.
#[derive(Debug, Clone)]
pub(super) struct Conversation {
    pub(super) id: String,
    /// Another spelling of the id, which stands in some rows, as the document's example has it.
    other_spelling: String,
    name: &'static str,
    created_at: u64,
}

impl Conversation {
    pub(super) fn shown(&self) -> Value {
        json!({
            "id": self.id, "name": self.name, "type": "group",
            "created_at": iso(self.created_at), "updated_at": iso(self.created_at),
        })
    }
}

/// A message.
#[derive(Debug, Clone)]
pub(super) struct Row {
    id: String,
    name: String,
    message: String,
    /// When it was written, milliseconds since 1970.
    time: u64,
    pub(super) conversation: usize,
    room_id: String,
    room_name: &'static str,
    /// When the bridge noticed it.
    synced_at: u64,
}

impl Row {
    pub(super) fn shown(&self) -> Value {
        // As in the document: rounded to the second, the exact time beside it as a text.
        let rounded = (self.time + 500) / 1000 * 1000;
        json!({
            "id": self.id, "name": self.name, "message": self.message,
            "time": iso(rounded), "time_raw": self.time.to_string(), "date_time": self.time.to_string(),
            "room_id": self.room_id, "room_name": self.room_name,
            "created_at": iso(self.synced_at), "updated_at": iso(self.synced_at),
        })
    }

    /// This message and the hour it was written, then the text: how a reply comes back.
    pub(super) fn quoted_before(&self, text: &str) -> String {
        let format = format_description!("[month padding:none]/[day padding:none]/[year], [hour repr:12 padding:none]:[minute] [period]");
        let at = i64::try_from(self.time / 1000).ok().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
        let at = at.and_then(|at| at.format(&format).ok()).unwrap_or_default();
        format!("{}\n{at}\n\n{text}", self.message)
    }
}

/// What somebody posts through the bridge.
#[derive(Debug)]
pub(super) struct Posted {
    pub(super) conversation: usize,
    pub(super) text: String,
    pub(super) at: u64,
    /// Milliseconds that the bridge is late with all that follows from it.
    pub(super) late: u64,
    /// How a person answers, and how much later than usual.
    pub(super) answered: (Option<Manner>, u64),
}

/// What somebody says in a room, whom a test or a demo lets speak.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TeamsWord {
    /// The room's id.
    pub conversation: String,
    /// What is said.
    pub text: String,
    /// By whom; one of the script's people by default.
    #[serde(default)]
    pub name: Option<String>,
    /// The exact time of a message of the room that is quoted before it.
    #[serde(default)]
    pub quotes: Option<u64>,
    /// When it is written, in milliseconds since 1970; now by default.
    #[serde(default)]
    pub at: Option<u64>,
    /// Milliseconds after which the bridge notices.
    #[serde(default)]
    pub late_millis: u64,
}

/// Everything the bridge has or will have.
#[derive(Debug)]
pub(super) struct Rows {
    conversations: Vec<Conversation>,
    rows: Vec<Row>,
    said: Vec<Vec<Said>>,
    dice: Dice,
}

impl Rows {
    /// Four conversations with one old message each.
    pub(super) fn new(world: &World) -> Self {
        let mut dice = Dice::named(world.seed, "teams");
        let created_at = world.clock.now_millis().saturating_sub(30 * DAY);
        let conversations = ROOMS.iter().map(|name| {
            let part = dice.alphanumeric(20).to_lowercase();
            let more = dice.alphanumeric(29).to_lowercase();
            let id = format!("19:uni01_{part}@thread.v2");
            Conversation { id, other_spelling: format!("19:uni01_{part}{more}@thread.v2"), name, created_at }
        });
        let conversations: Vec<Conversation> = conversations.collect();
        let said = vec![Vec::new(); conversations.len()];
        let mut rows = Self { conversations, rows: Vec::new(), said, dice };
        for conversation in 0..rows.conversations.len() {
            let time = created_at + DAY + 714;
            // A late sync: noticed weeks after it was written.
            rows.add(
                conversation,
                (PEOPLE[conversation], format!("Chào mọi người, đây là nhóm {}.", ROOMS[conversation])),
                time,
                time + 20 * DAY,
            );
        }
        rows
    }

    pub(super) fn conversations(&self) -> &[Conversation] {
        &self.conversations
    }

    /// Every id under which a room's messages stand, the room's own first.
    pub(super) fn spellings(&self) -> Vec<(String, String)> {
        self.conversations.iter().map(|one| (one.id.clone(), one.other_spelling.clone())).collect()
    }

    pub(super) fn index_of(&self, id: &str) -> Option<usize> {
        self.conversations.iter().position(|one| one.id == id)
    }

    /// The messages the bridge has by now, in the order it got them.
    pub(super) fn synced(&self, now: u64) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.synced_at <= now)
    }

    /// The message of that exact time.
    pub(super) fn at_time(&self, conversation: usize, time: u64, now: u64) -> Option<Row> {
        self.synced(now).find(|row| row.conversation == conversation && row.time == time).cloned()
    }

    /// Writes it down; it comes back under one of the bridge's own names, and later a person answers.
    pub(super) fn post(&mut self, world: &World, posted: &Posted) {
        let thinking = u64::try_from(world.pace.thinking.as_millis()).unwrap_or_default();
        let own_name = OWN_NAMES[usize::try_from(self.dice.within(&(0..=2))).unwrap_or_default()];
        let synced_at = posted.at + posted.late + SYNC * thinking;
        self.add(posted.conversation, (own_name, posted.text.clone()), posted.at, synced_at);
        let (manner, later) = posted.answered;
        if manner == Some(Manner::Silent) {
            return;
        }
        let twins = world.script.twins();
        let twin = &twins[posted.conversation % twins.len()];
        let answer = world.script.reply(world.seed, twin, &self.said[posted.conversation], &posted.text);
        let answered_at = posted.at + 1 + later + self.dice.within(&(PERSON * thinking / 2..=PERSON * thinking));
        let mut text = answer.answer.clone();
        self.said[posted.conversation].push(answer);
        let in_room = |row: &&Row| row.conversation == posted.conversation;
        let quoted = match manner {
            Some(Manner::Quotes) => self.rows.iter().filter(in_room).max_by_key(|row| row.time),
            Some(Manner::QuotesAnother) => self.rows.iter().filter(in_room).min_by_key(|row| row.time),
            _ => None,
        };
        if let Some(row) = quoted {
            text = row.quoted_before(&text);
        }
        let noticed = |at| at + posted.late + SYNC * thinking;
        self.add(posted.conversation, (PEOPLE[posted.conversation], text), answered_at, noticed(answered_at));
        if manner == Some(Manner::Twice) {
            let more = "Bạn cần thêm gì nữa không ạ?".to_owned();
            self.add(posted.conversation, (PEOPLE[posted.conversation], more), answered_at + 1, noticed(answered_at + 1));
        }
    }

    /// Somebody says something. Gives its id; none when there is no such room, or no such message to quote.
    pub(super) fn say(&mut self, word: &TeamsWord, now: u64) -> Option<String> {
        let conversation = self.index_of(&word.conversation)?;
        let text = match word.quotes {
            Some(time) => self.at_time(conversation, time, u64::MAX)?.quoted_before(&word.text),
            None => word.text.clone(),
        };
        let name = word.name.as_deref().unwrap_or(PEOPLE[conversation]);
        let at = word.at.unwrap_or(now);
        Some(self.add(conversation, (name, text), at, at.max(now) + word.late_millis))
    }

    /// Changes a message. Says whether there is one of this id.
    pub(super) fn edit(&mut self, id: &str, text: &str) -> bool {
        let found = self.rows.iter_mut().find(|row| row.id == id);
        found.map(|row| text.clone_into(&mut row.message)).is_some()
    }

    fn add(&mut self, conversation: usize, (name, message): (&str, String), time: u64, synced_at: u64) -> String {
        let room = &self.conversations[conversation];
        let room_id = if self.dice.chance(0.2) { &room.other_spelling } else { &room.id };
        let (room_id, room_name) = (room_id.clone(), room.name);
        let id = uuid(&mut self.dice);
        let name = name.to_owned();
        self.rows.push(Row { id: id.clone(), name, message, time, conversation, room_id, room_name, synced_at });
        self.rows.sort_by_key(|row| row.synced_at);
        id
    }
}
