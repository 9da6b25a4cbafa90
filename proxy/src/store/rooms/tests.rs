//! Who reads what in threads that are lent on and on.

use super::*;
use crate::store::{NewConversation, PageAt, TwinRef};
use proptest::prelude::*;
use std::path::Path;
use twinchat_protocol::id::{TwinId, VisitorId};

const START: i64 = 1_760_000_000_000;
const KEEP: i64 = 100_000;
const REST: i64 = 10_000;

/// Visitors with a conversation each, and a pool of rooms.
struct House {
    store: Store,
    who: Vec<(Subject, ConversationId)>,
    rooms: Vec<String>,
    shared: bool,
    ids: u32,
}

impl House {
    async fn new(folder: &Path, visitors: usize, rooms: usize) -> Self {
        let store = Store::open(&folder.join("rooms.db")).await.unwrap();
        let mut house =
            Self { store, who: Vec::new(), rooms: (0..rooms).map(|at| format!("19:{at}@thread.v2")).collect(), shared: false, ids: 0 };
        for at in 0..visitors {
            let subject = Subject::proven(VisitorId::from_random(&format!("visitor{at:08}")));
            let conversation = house.converse(&subject).await;
            house.who.push((subject, conversation));
        }
        house
    }

    async fn converse(&mut self, subject: &Subject) -> ConversationId {
        self.ids += 1;
        let id = ConversationId::from_random(&format!("conversation{:08}", self.ids));
        let twin = TwinRef { id: TwinId::from_random("twintwin"), upstream: "people".to_owned(), upstream_id: "support".to_owned() };
        self.store.create_conversation(subject, &NewConversation { id: &id, twin: &twin, title: "" }, START).await.unwrap();
        id
    }

    fn pool(&self) -> RoomPool<'_> {
        RoomPool { upstream: "people", rooms: &self.rooms, shared: self.shared, keep: KEEP, cool_down: REST }
    }

    async fn lend(&self, who: usize, now: i64) -> Lent {
        let (subject, conversation) = &self.who[who];
        self.store.lend_room(subject, conversation, &self.pool(), now).await.unwrap()
    }

    async fn hear(&mut self, who: usize, word: &RoomWord<'_>, now: i64) -> Heard {
        self.ids += 1;
        let id = MessageId::from_random(&format!("message{:08}", self.ids));
        let (subject, conversation) = &self.who[who];
        self.store.hear(subject, conversation, (word, &id), now).await.unwrap()
    }

    async fn read(&self, who: usize) -> Vec<String> {
        let (subject, conversation) = &self.who[who];
        let page = self.store.messages(subject, conversation, PageAt::End, 100).await.unwrap();
        page.messages.into_iter().map(|message| message.content).collect()
    }
}

fn word<'a>(id: &'a str, room: &'a str, time: i64, content: &'a str) -> RoomWord<'a> {
    RoomWord { id, room, time, name: "Lan", content, quoted: None, digest: content, may_be_echo: true }
}

/// One thing that happens.
#[derive(Debug, Clone)]
enum Step {
    /// A visitor sends something, and so needs a room.
    Send(usize),
    /// A visitor erases the conversation and begins another.
    Erase(usize),
    /// Time passes.
    Wait(i64),
    /// Somebody says something in a room, so long ago.
    Say { room: usize, ago: i64, quotes: Option<usize> },
    /// All that was ever said comes up for a visitor, in this order or the other, under other ids if so.
    Look { who: usize, backwards: bool, renamed: bool },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_usize).prop_map(Step::Send),
        1 => (0..3_usize).prop_map(Step::Erase),
        3 => prop_oneof![1..500_i64, Just(REST + 1), Just(KEEP + 1)].prop_map(Step::Wait),
        6 => (0..2_usize, prop_oneof![Just(0), 0..2000_i64, 0..2 * KEEP], proptest::option::weighted(0.3, 0..20_usize))
            .prop_map(|(room, ago, quotes)| Step::Say { room, ago, quotes }),
        4 => (0..3_usize, any::<bool>(), any::<bool>()).prop_map(|(who, backwards, renamed)| Step::Look { who, backwards, renamed }),
    ]
}

/// What was said: where, when, and what it quotes.
struct Row {
    room: usize,
    time: i64,
    text: String,
    quoted: Option<String>,
}

/// The test's own book of who had a room from when on: visitors and how many conversations they had begun.
type Book = Vec<Vec<(i64, (usize, usize))>>;

fn holder(book: &Book, row: &Row) -> Option<(usize, usize)> {
    book[row.room].iter().rev().find(|(since, _)| *since < row.time).map(|(_, holder)| *holder)
}

async fn run(steps: &[Step]) {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::new(folder.path(), 3, 2).await;
    let (mut now, mut lives, mut rows) = (START + 1_000_000, [0_usize; 3], Vec::<Row>::new());
    let mut book: Book = vec![Vec::new(), Vec::new()];
    for (at, step) in steps.iter().enumerate() {
        match step {
            Step::Wait(millis) => now += millis,
            Step::Send(who) => {
                if let Lent::Room(room) = house.lend(*who, now).await {
                    let room = house.rooms.iter().position(|known| *known == room).unwrap();
                    let holder = (*who, lives[*who]);
                    if book[room].last().is_none_or(|(_, known)| *known != holder) {
                        book[room].push((now - 1, holder));
                    }
                }
            }
            Step::Erase(who) => {
                let (subject, conversation) = house.who[*who].clone();
                house.store.return_rooms(&subject, Some(&conversation), now).await.unwrap();
                house.store.delete_conversation(&subject, &conversation).await.unwrap();
                house.who[*who].1 = house.converse(&subject).await;
                lives[*who] += 1;
            }
            Step::Say { room, ago, quotes } => {
                let quoted = quotes.and_then(|which| rows.get(which)).map(|row: &Row| row.text.clone());
                rows.push(Row { room: *room, time: now - ago, text: format!("said {at}"), quoted });
            }
            Step::Look { who, backwards, renamed } => {
                let mut order: Vec<usize> = (0..rows.len()).collect();
                if *backwards {
                    order.reverse();
                }
                for which in order {
                    let row = &rows[which];
                    let (id, room) =
                        (format!("{which}{}", if *renamed { at.to_string() } else { String::new() }), house.rooms[row.room].clone());
                    house.hear(*who, &RoomWord { quoted: row.quoted.as_deref(), ..word(&id, &room, row.time, &row.text) }, now).await;
                }
                for said in house.read(*who).await {
                    let row = rows.iter().find(|row| row.text == said).unwrap();
                    assert_eq!(holder(&book, row), Some((*who, lives[*who])), "{said} was not said to visitor {who}");
                    let quotes = row.quoted.as_ref().map(|quoted| rows.iter().find(|row| row.text == *quoted).unwrap());
                    assert!(quotes.is_none_or(|row| holder(&book, row) == Some((*who, lives[*who]))), "{said} answers somebody else");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 2000, ..ProptestConfig::default() })]

    /// Three visitors, two rooms, whatever is said whenever and comes up however late and in whatever order.
    #[test]
    fn nobody_reads_what_was_said_to_an_earlier_or_later_holder_of_a_thread(steps in proptest::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(&steps));
    }
}

#[tokio::test]
async fn a_late_row_belongs_to_whoever_had_the_thread_when_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::new(folder.path(), 2, 1).await;
    let room = house.rooms[0].clone();
    assert_eq!(house.lend(0, START).await, Lent::Room(room.clone()));
    assert_eq!(house.lend(1, START + KEEP - 2).await, Lent::NoneFree(START + KEEP - 1));
    assert_eq!(house.lend(1, START + KEEP).await, Lent::Room(room.clone()));
    let late = START + 30 * 86_400_000;
    for (id, time, content) in
        [("a", START - 1, "before"), ("b", START, "first"), ("c", START + KEEP - 1, "last"), ("d", START + KEEP, "next")]
    {
        for who in [0, 1] {
            house.hear(who, &word(id, &room, time, content), late).await;
        }
    }
    assert_eq!((house.read(0).await, house.read(1).await), (vec!["first".to_owned(), "last".to_owned()], vec!["next".to_owned()]));
}

#[tokio::test]
async fn the_thread_that_has_been_free_for_longest_is_lent_first_and_words_in_it_renew_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::new(folder.path(), 3, 2).await;
    let rooms = house.rooms.clone();
    assert_eq!(house.lend(0, START).await, Lent::Room(rooms[0].clone()));
    assert_eq!(house.lend(1, START + 10).await, Lent::Room(rooms[1].clone()));
    assert_eq!(house.hear(0, &word("a", &rooms[0], START + 500, "hi"), START + 500).await, Heard::News);
    assert_eq!(house.lend(2, START + 600).await, Lent::NoneFree(START + 9 + KEEP));
    assert_eq!(house.lend(2, START + 10 + KEEP).await, Lent::Room(rooms[1].clone()));
}

#[tokio::test]
async fn a_thread_that_left_the_pool_is_held_no_longer() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::new(folder.path(), 1, 1).await;
    let old = house.rooms[0].clone();
    house.lend(0, START).await;
    house.rooms = vec!["19:new@thread.v2".to_owned()];
    assert_eq!(house.lend(0, START + 100).await, Lent::Room("19:new@thread.v2".to_owned()));
    assert_eq!(house.hear(0, &word("a", &old, START + 50, "then"), START + 200).await, Heard::News);
    assert_eq!(house.hear(0, &word("b", &old, START + 150, "now"), START + 200).await, Heard::NotTheirs);
}

#[tokio::test]
async fn somebody_elses_conversation_has_no_rooms_and_hears_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::new(folder.path(), 2, 1).await;
    house.lend(0, START).await;
    let (ann, hers) = house.who[0].clone();
    let (binh, _) = house.who[1].clone();
    assert_eq!(house.store.leases(&binh, &hers).await.unwrap(), []);
    assert!(matches!(house.store.lend_room(&binh, &hers, &house.pool(), START).await, Err(StoreError::NotFound)));
    let room = house.rooms[0].clone();
    let id = MessageId::from_random("messagemessage");
    let heard = house.store.hear(&binh, &hers, (&word("a", &room, START + 1, "hi"), &id), START + 1).await;
    assert!(matches!(heard, Err(StoreError::NotFound)));
    house.store.return_rooms(&binh, Some(&hers), START + 2).await.unwrap();
    assert_eq!(house.lend(1, START + REST + 3).await, Lent::NoneFree(START - 1 + KEEP), "it was not Bình's to give back");
    house.hear(0, &word("a", &room, START + 1, "hi"), START + 1).await;
    assert_eq!(house.store.room_place(&ann, &id).await.unwrap(), None);
    let message = house.store.messages(&ann, &hers, PageAt::End, 1).await.unwrap().messages.pop().unwrap().id;
    assert_eq!(house.store.room_place(&ann, &message).await.unwrap(), Some(RoomPlace { room, time: START + 1 }));
    assert_eq!(house.store.room_place(&binh, &message).await.unwrap(), None);
}
