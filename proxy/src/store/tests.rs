use super::*;
use crate::subject::Subject;
use proptest::prelude::*;
use twinchat_protocol::error::ErrorCode;
use twinchat_protocol::id::{ConversationId, MessageId, TwinId, VisitorId};
use twinchat_protocol::message::{Feedback, Message, MessageFile, MessageStatus};

const NOW: i64 = 1_760_000_000_000;
const DAY: i64 = 24 * 60 * 60 * 1000;

struct Kept {
    store: Store,
    folder: tempfile::TempDir,
}

async fn kept() -> Kept {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("chat.db")).await.unwrap();
    Kept { store, folder }
}

fn visitor(name: &str) -> Subject {
    Subject::proven(VisitorId::from_random(&format!("{name:x<8}")))
}

fn conversation(number: u32) -> ConversationId {
    ConversationId::from_random(&format!("{number:08}"))
}

fn message(number: u32) -> MessageId {
    MessageId::from_random(&format!("{number:08}"))
}

async fn begin(store: &Store, subject: &Subject, number: u32, title: &str, now: i64) -> ConversationId {
    let id = conversation(number);
    let twin = TwinRef { id: TwinId::from_random("twintwin"), upstream: "main".to_owned(), upstream_id: "upstream-twin".to_owned() };
    store.create_conversation(subject, &NewConversation { id: &id, twin: &twin, title }, now).await.unwrap();
    id
}

/// Stores a question with the ids `number` and `number + 1`.
async fn say(store: &Store, subject: &Subject, conversation: &ConversationId, number: u32, content: &str) -> Result<Begun> {
    say_with_key(store, subject, conversation, number, (content, None, NOW)).await
}

async fn say_with_key(
    store: &Store,
    subject: &Subject,
    conversation: &ConversationId,
    number: u32,
    (content, key, now): (&str, Option<&str>, i64),
) -> Result<Begun> {
    let ids = (message(number), message(number + 1));
    let send = NewSend { conversation, content, files: &[], key, request_hash: content, ids, reply_to: None, max_active: 3 };
    store.begin_send(subject, &send, now).await
}

fn ending(content: &str, status: MessageStatus) -> Ending<'_> {
    Ending { content, status, seq: 9, error: (status == MessageStatus::Failed).then_some(ErrorCode::UpstreamError) }
}

async fn answer(store: &Store, subject: &Subject, number: u32, content: &str) {
    store.end_reply(subject, &message(number), &ending(content, MessageStatus::Complete), NOW).await.unwrap().unwrap();
}

/// The first reply, so far.
fn so_far(subject: &Subject, content: &str, seq: u32) -> SoFar {
    SoFar { subject: subject.clone(), id: message(2), start: 0, content: content.to_owned(), seq }
}

#[tokio::test]
async fn somebody_elses_things_behave_as_if_they_did_not_exist() {
    let Kept { store, folder: _folder } = kept().await;
    let (ann, binh) = (visitor("ann"), visitor("binh"));
    let theirs = begin(&store, &ann, 1, "", NOW).await;
    say(&store, &ann, &theirs, 1, "secret").await.unwrap();
    let before = store.message(&ann, &message(2)).await.unwrap();

    let absent = |result: Result<()>| assert!(matches!(result, Err(StoreError::NotFound)), "{result:?}");
    absent(store.conversation(&binh, &theirs).await.map(drop));
    absent(store.rename_conversation(&binh, &theirs, "mine").await.map(drop));
    absent(store.delete_conversation(&binh, &theirs).await);
    absent(store.messages(&binh, &theirs, PageAt::End, 10).await.map(drop));
    absent(store.message(&binh, &message(1)).await.map(drop));
    absent(store.exchange(&binh, &message(2)).await.map(drop));
    absent(store.set_feedback(&binh, &message(2), Some(Feedback::Up)).await.map(drop));
    absent(say(&store, &binh, &theirs, 3, "hello").await.map(drop));
    absent(store.begin_retry(&binh, &message(2), 3, NOW).await.map(drop));
    store.checkpoint(&[so_far(&binh, "forged", 5)]).await.unwrap();
    absent(store.claim_upstream_conversation(&binh, &theirs, "forged").await);
    assert_eq!(store.end_reply(&binh, &message(2), &ending("forged", MessageStatus::Complete), NOW).await.unwrap(), None);
    let all = ConversationQuery { limit: 10, ..ConversationQuery::default() };
    assert_eq!(store.conversations(&binh, &all).await.unwrap(), (Vec::new(), 0));

    assert_eq!(store.message(&ann, &message(2)).await.unwrap(), before);
    assert_eq!(store.conversations(&ann, &all).await.unwrap().1, 1);
    let Begun::New(_, route) = ({
        answer(&store, &ann, 2, "ok").await;
        say(&store, &ann, &theirs, 5, "again").await.unwrap()
    }) else {
        panic!("a new message")
    };
    assert_eq!(route.conversation, None);
}

#[tokio::test]
async fn an_upstreams_conversation_belongs_to_one_of_ours_for_ever() {
    let Kept { store, folder: _folder } = kept().await;
    let (ann, binh) = (visitor("ann"), visitor("binh"));
    let (first, second) = (begin(&store, &ann, 1, "", NOW).await, begin(&store, &ann, 2, "", NOW).await);
    let theirs = begin(&store, &binh, 3, "", NOW).await;
    store.claim_upstream_conversation(&ann, &first, "up-1").await.unwrap();
    store.claim_upstream_conversation(&ann, &first, "up-1").await.unwrap();
    store.claim_upstream_conversation(&ann, &first, "up-2").await.unwrap();
    store.delete_conversation(&ann, &first).await.unwrap();
    for taken in ["up-1", "up-2"] {
        for (subject, conversation) in [(&ann, &second), (&binh, &theirs)] {
            let claim = store.claim_upstream_conversation(subject, conversation, taken).await;
            assert!(matches!(claim, Err(StoreError::UpstreamConversationTaken)), "{taken}: {claim:?}");
        }
    }
    store.claim_upstream_conversation(&binh, &theirs, "up-3").await.unwrap();
    let Begun::New(_, route) = say(&store, &binh, &theirs, 5, "hi").await.unwrap() else { panic!() };
    assert_eq!(route.conversation.as_deref(), Some("up-3"));
}

#[tokio::test]
async fn a_key_used_again_gives_the_same_messages_and_with_other_words_is_refused() {
    let Kept { store, folder: _folder } = kept().await;
    let (ann, binh) = (visitor("ann"), visitor("binh"));
    let mine = begin(&store, &ann, 1, "", NOW).await;
    let Begun::New(first, _) = say_with_key(&store, &ann, &mine, 1, ("Xin chào", Some("k1"), NOW)).await.unwrap() else { panic!() };
    assert_eq!(first.question.client_id.as_deref(), Some("k1"));
    let again = say_with_key(&store, &ann, &mine, 3, ("Xin chào", Some("k1"), NOW + DAY - 1)).await.unwrap();
    assert_eq!(again, Begun::Before(first.clone()));
    let other = say_with_key(&store, &ann, &mine, 5, ("Tạm biệt", Some("k1"), NOW)).await;
    assert!(matches!(other, Err(StoreError::IdempotencyMismatch)));
    // The key space is the visitor's and the conversation's own.
    let theirs = begin(&store, &binh, 2, "", NOW).await;
    assert!(matches!(say_with_key(&store, &binh, &theirs, 7, ("Tạm biệt", Some("k1"), NOW)).await, Ok(Begun::New(..))));
    // After a day it is a new message.
    answer(&store, &ann, 2, "Chào bạn").await;
    let later = say_with_key(&store, &ann, &mine, 9, ("Tạm biệt", Some("k1"), NOW + DAY)).await.unwrap();
    assert!(matches!(later, Begun::New(..)));
}

#[tokio::test]
async fn one_reply_per_conversation_and_three_per_visitor_are_written_at_a_time() {
    let Kept { store, folder: _folder } = kept().await;
    let ann = visitor("ann");
    for number in 1..=4 {
        begin(&store, &ann, number, "", NOW).await;
    }
    for number in 1..=3 {
        say(&store, &ann, &conversation(number), number * 10, "hi").await.unwrap();
    }
    assert!(matches!(say(&store, &ann, &conversation(1), 90, "hi").await, Err(StoreError::ReplyInProgress)));
    assert!(matches!(say(&store, &ann, &conversation(4), 90, "hi").await, Err(StoreError::TooManyReplies)));
    answer(&store, &ann, 11, "done").await;
    assert!(say(&store, &ann, &conversation(4), 90, "hi").await.is_ok());
    assert!(say(&store, &visitor("binh"), &conversation(4), 95, "hi").await.is_err());
}

#[tokio::test]
async fn search_finds_titles_and_messages_whatever_the_case_and_takes_wildcards_literally() {
    let Kept { store, folder: _folder } = kept().await;
    let ann = visitor("ann");
    begin(&store, &ann, 1, "Đặt vé ĐÀ NẴNG", NOW).await;
    begin(&store, &ann, 2, "Khác", NOW + 1).await;
    begin(&store, &ann, 3, "100% giảm_giá", NOW + 2).await;
    say(&store, &ann, &conversation(2), 1, "Thời tiết ở HUẾ?").await.unwrap();
    answer(&store, &ann, 2, "Ở Huế trời **Nắng**.").await;
    let found = async |text: &str| {
        let query = ConversationQuery { search: Some(text.to_owned()), limit: 10, ..ConversationQuery::default() };
        let (list, total) = store.conversations(&ann, &query).await.unwrap();
        assert_eq!(list.len(), total as usize);
        list.into_iter().map(|conversation| conversation.title).collect::<Vec<_>>()
    };
    assert_eq!(found("đà nẵng").await, ["Đặt vé ĐÀ NẴNG"]);
    assert_eq!(found("HUẾ").await, ["Khác"]);
    assert_eq!(found("nắng").await, ["Khác"]);
    assert_eq!(found("100%").await, ["100% giảm_giá"]);
    assert_eq!(found("m_g").await, ["100% giảm_giá"]);
    assert_eq!(found("'; DROP TABLE message; --").await, Vec::<String>::new());
    assert_eq!(found("  ").await.len(), 3);
}

#[tokio::test]
async fn conversations_come_latest_first_with_what_a_list_shows() {
    let Kept { store, folder: _folder } = kept().await;
    let ann = visitor("ann");
    begin(&store, &ann, 1, "", NOW).await;
    begin(&store, &ann, 2, "", NOW + 1).await;
    say_with_key(&store, &ann, &conversation(1), 1, ("Cho tôi lịch trình", None, NOW + 2)).await.unwrap();
    let query = ConversationQuery { limit: 1, ..ConversationQuery::default() };
    let (page, total) = store.conversations(&ann, &query).await.unwrap();
    assert_eq!((page.len(), total), (1, 2));
    let shown = &page[0];
    assert_eq!((shown.id.clone(), shown.title.as_str(), shown.message_count), (conversation(1), "Cho tôi lịch trình", 2));
    assert_eq!((shown.last_message.as_deref(), shown.active_message_id.clone()), (Some("Cho tôi lịch trình"), Some(message(2))));
    assert_eq!((shown.created_at.as_str(), shown.updated_at.as_str()), ("2025-10-09T08:53:20.000Z", "2025-10-09T08:53:20.002Z"));
    answer(&store, &ann, 2, "## Ngày 1\n- **Hồ Gươm**").await;
    let shown = store.conversation(&ann, &conversation(1)).await.unwrap();
    assert_eq!((shown.last_message.as_deref(), shown.active_message_id), (Some("Ngày 1 Hồ Gươm"), None));
}

#[tokio::test]
async fn pages_of_messages_join_without_gap_or_overlap_in_both_directions() {
    let Kept { store, folder: _folder } = kept().await;
    let ann = visitor("ann");
    let mine = begin(&store, &ann, 1, "t", NOW).await;
    for number in 0..5 {
        say(&store, &ann, &mine, number * 2 + 1, "q").await.unwrap();
        answer(&store, &ann, number * 2 + 2, "a").await;
    }
    let ordinals = |page: &MessagePage| page.messages.iter().map(|message| message.ordinal).collect::<Vec<_>>();
    let newest = store.messages(&ann, &mine, PageAt::End, 4).await.unwrap();
    assert_eq!((ordinals(&newest), newest.has_before, newest.has_after), (vec![7, 8, 9, 10], true, false));
    let older = store.messages(&ann, &mine, PageAt::Before(7), 4).await.unwrap();
    assert_eq!((ordinals(&older), older.has_before, older.has_after), (vec![3, 4, 5, 6], true, true));
    let oldest = store.messages(&ann, &mine, PageAt::Before(3), 4).await.unwrap();
    assert_eq!((ordinals(&oldest), oldest.has_before, oldest.has_after), (vec![1, 2], false, true));
    let newer = store.messages(&ann, &mine, PageAt::After(8), 4).await.unwrap();
    assert_eq!((ordinals(&newer), newer.has_before, newer.has_after), (vec![9, 10], true, false));
    for at in [PageAt::Before(0), PageAt::Before(1), PageAt::After(10), PageAt::After(u32::MAX)] {
        assert_eq!(store.messages(&ann, &mine, at, 4).await.unwrap().messages, [], "{at:?}");
    }
    assert_eq!(store.messages(&ann, &mine, PageAt::Before(u32::MAX), 4).await.unwrap(), newest);
}

#[tokio::test]
async fn a_reply_cut_off_by_the_end_of_the_process_is_interrupted_and_numbered_after_all_that_was_told() {
    let Kept { store, folder } = kept().await;
    let ann = visitor("ann");
    let mine = begin(&store, &ann, 1, "t", NOW).await;
    say(&store, &ann, &mine, 1, "q").await.unwrap();
    store.checkpoint(&[so_far(&ann, "Một phần", 7)]).await.unwrap();
    store.close().await;
    let store = Store::open(&folder.path().join("chat.db")).await.unwrap();
    assert_eq!(store.interrupt_unfinished().await.unwrap(), 1);
    assert_eq!(store.interrupt_unfinished().await.unwrap(), 0);
    let reply = store.message(&ann, &message(2)).await.unwrap();
    assert_eq!(
        (reply.content.as_str(), reply.status, reply.error_code),
        ("Một phần", MessageStatus::Interrupted, Some(ErrorCode::ReplyInterrupted))
    );
    assert_eq!(reply.event_id, Some(format!("2.{}", 7 + (1 << 20))));
    let Begun::New(again, _) = store.begin_retry(&ann, &message(2), 3, NOW).await.unwrap() else { panic!() };
    assert_eq!((again.reply.id, again.reply.ordinal, again.reply.content.as_str()), (message(2), 2, ""));
    assert_eq!(again.reply.event_id, Some(format!("2.{}", 8 + (1 << 20))));
}

#[tokio::test]
async fn a_running_reply_is_what_its_pieces_make_and_its_end_leaves_none_of_them() {
    let Kept { store, folder: _folder } = kept().await;
    let ann = visitor("ann");
    let mine = begin(&store, &ann, 1, "t", NOW).await;
    say(&store, &ann, &mine, 1, "q").await.unwrap();
    let piece = |start, content, seq| SoFar { start, ..so_far(&ann, content, seq) };
    for (pieces, text, event) in [
        (vec![piece(0, "Một", 3)], "Một", "2.3"),
        // Kept again because nobody knew whether it was.
        (vec![piece(0, "Một ph", 5)], "Một ph", "2.5"),
        (vec![piece(8, "", 6)], "Một ph", "2.6"),
        (vec![piece(8, "ần", 8), piece(12, " nữa", 9)], "Một phần nữa", "2.9"),
    ] {
        store.checkpoint(&pieces).await.unwrap();
        let reply = store.message(&ann, &message(2)).await.unwrap();
        assert_eq!((reply.content.as_str(), reply.event_id.as_deref()), (text, Some(event)));
    }
    let pieces = || async { sqlx::query_scalar::<_, i64>("SELECT count(*) FROM reply_piece").fetch_one(&store.readers).await.unwrap() };
    assert_eq!(pieces().await, 3);
    store.end_reply(&ann, &message(2), &ending("all of it", MessageStatus::Failed), NOW).await.unwrap();
    assert_eq!(pieces().await, 0);
    store.checkpoint(&[piece(0, "late", 30)]).await.unwrap();
    assert_eq!(pieces().await, 0);
    assert_eq!(store.message(&ann, &message(2)).await.unwrap().content, "all of it");

    assert!(matches!(store.begin_retry(&ann, &message(2), 3, NOW).await, Ok(Begun::New(..))));
    store.checkpoint(&[piece(0, "secret", 40)]).await.unwrap();
    store.delete_conversation(&ann, &mine).await.unwrap();
    assert_eq!(pieces().await, 0);
}

#[tokio::test]
async fn only_the_last_message_can_be_answered_again_and_only_if_it_did_not_end_well() {
    let Kept { store, folder: _folder } = kept().await;
    let ann = visitor("ann");
    let mine = begin(&store, &ann, 1, "t", NOW).await;
    say(&store, &ann, &mine, 1, "q").await.unwrap();
    assert!(matches!(store.begin_retry(&ann, &message(2), 3, NOW).await, Ok(Begun::Before(_))), "it is being written");
    store.end_reply(&ann, &message(2), &ending("half", MessageStatus::Failed), NOW).await.unwrap();
    say(&store, &ann, &mine, 3, "q2").await.unwrap();
    answer(&store, &ann, 4, "whole").await;
    for number in [1, 2, 3, 4] {
        let result = store.begin_retry(&ann, &message(number), 3, NOW).await;
        assert!(matches!(result, Err(StoreError::NotRetryable)), "{number}: {result:?}");
    }
}

#[tokio::test]
async fn erasing_a_conversation_leaves_nothing_of_it_in_the_file() {
    let Kept { store, folder } = kept().await;
    let ann = visitor("ann");
    let mine = begin(&store, &ann, 1, "canarytitle", NOW).await;
    say_with_key(&store, &ann, &mine, 1, ("canaryquestion", Some("canarykey"), NOW)).await.unwrap();
    answer(&store, &ann, 2, "canaryanswer").await;
    store.delete_conversation(&ann, &mine).await.unwrap();
    assert!(matches!(store.message(&ann, &message(2)).await, Err(StoreError::NotFound)));
    store.close().await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"canary"));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_of_the_process_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let Kept { store, folder } = kept().await;
    begin(&store, &visitor("ann"), 1, "t", NOW).await;
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap()).collect();
    assert!(files.len() >= 2, "the database and its log");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
    }
}

#[tokio::test]
async fn the_signing_key_stays_and_revocations_are_forgotten_when_they_no_longer_matter() {
    let Kept { store, folder: _folder } = kept().await;
    assert_eq!(store.signing_key([1; 32], NOW).await.unwrap(), [1; 32]);
    assert_eq!(store.signing_key([2; 32], NOW).await.unwrap(), [1; 32]);
    store.revoke_token("early", NOW / 1000 + 10, NOW / 1000).await.unwrap();
    store.revoke_token("late", NOW / 1000 + 20, NOW / 1000).await.unwrap();
    store.revoke_token("late", NOW / 1000 + 20, NOW / 1000).await.unwrap();
    let mut all = store.revoked_tokens(NOW / 1000).await.unwrap();
    all.sort();
    assert_eq!(all, [("early".to_owned(), NOW / 1000 + 10), ("late".to_owned(), NOW / 1000 + 20)]);
    assert_eq!(store.revoked_tokens(NOW / 1000 + 15).await.unwrap(), [("late".to_owned(), NOW / 1000 + 20)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn any_text_is_kept_as_it_is_and_found_again(text in "\\PC{1,40}", other in "[a-z]{1,8}") {
        prop_assume!(!text.trim().is_empty() && !text.contains('\0'));
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let Kept { store, folder: _folder } = kept().await;
            let ann = visitor("ann");
            let mine = begin(&store, &ann, 1, &other, NOW).await;
            say(&store, &ann, &mine, 1, &text).await.unwrap();
            assert_eq!(store.message(&ann, &message(1)).await.unwrap().content, text);
            let query = ConversationQuery { search: Some(text.to_uppercase().to_lowercase()), limit: 10, ..ConversationQuery::default() };
            if text.to_uppercase().to_lowercase() == text.to_lowercase() {
                assert_eq!(store.conversations(&ann, &query).await.unwrap().1, 1);
            }
        });
    }
}

/// Stores a question with files, and says how the reply ended.
async fn say_with_files(kept: &Kept, chat: &ConversationId, number: u32, names: &[&str], status: MessageStatus) {
    let file = |name: &&str| NewFile {
        file: MessageFile { name: (*name).to_owned(), media_type: "text/plain".to_owned(), size: 3 },
        stored: format!("stored-{name}"),
    };
    let files: Vec<_> = names.iter().map(file).collect();
    let ids = (message(number), message(number + 1));
    let send = NewSend { conversation: chat, content: "", files: &files, key: None, request_hash: "", ids, reply_to: None, max_active: 3 };
    kept.store.begin_send(&visitor("ann"), &send, NOW).await.unwrap();
    if status.is_final() {
        kept.store.end_reply(&visitor("ann"), &message(number + 1), &ending("ok", status), NOW).await.unwrap().unwrap();
    }
}

async fn superfluous(store: &Store) -> Vec<String> {
    let mut names = store.files_to_remove(100).await.unwrap();
    names.sort();
    store.files_removed(&names).await.unwrap();
    names
}

#[tokio::test]
async fn a_files_content_is_needed_until_its_message_is_answered_or_cannot_be_asked_again() {
    let kept = kept().await;
    let (store, ann) = (&kept.store, visitor("ann"));
    let chat = begin(store, &ann, 1, "", NOW).await;
    say_with_files(&kept, &chat, 1, &["a", "b"], MessageStatus::Streaming).await;
    assert_eq!(store.conversation(&ann, &chat).await.unwrap().title, "a", "nothing else is said");
    assert_eq!(superfluous(store).await, [] as [&str; 0]);
    answer(store, &ann, 2, "seen").await;
    assert_eq!(superfluous(store).await, ["stored-a", "stored-b"]);
    let names = |message: Message| message.files.into_iter().map(|file| file.name).collect::<Vec<_>>();
    assert_eq!(names(store.message(&ann, &message(1)).await.unwrap()), ["a", "b"], "what they were is kept");

    say_with_files(&kept, &chat, 3, &["c"], MessageStatus::Failed).await;
    assert_eq!(superfluous(store).await, [] as [&str; 0], "it can be asked again");
    store.begin_retry(&ann, &message(4), 3, NOW).await.unwrap();
    store.end_reply(&ann, &message(4), &ending("", MessageStatus::Stopped), NOW).await.unwrap().unwrap();
    say_with_files(&kept, &chat, 5, &["d"], MessageStatus::Failed).await;
    assert_eq!(superfluous(store).await, ["stored-c"], "another message came after it");
    assert_eq!(store.files_needed().await.unwrap().into_iter().collect::<Vec<_>>(), ["stored-d"]);
    store.delete_conversation(&ann, &chat).await.unwrap();
    assert_eq!(superfluous(store).await, ["stored-d"], "its conversation is gone");
}

#[tokio::test]
async fn files_are_kept_for_a_retry_for_so_long_and_then_there_is_none() {
    let kept = kept().await;
    let (store, ann) = (&kept.store, visitor("ann"));
    let (failed, running) = (begin(store, &ann, 1, "", NOW).await, begin(store, &ann, 2, "", NOW).await);
    say_with_files(&kept, &failed, 1, &["a"], MessageStatus::Failed).await;
    say_with_files(&kept, &running, 3, &["b"], MessageStatus::Streaming).await;
    let old = |files_before| Old { now: NOW, unchanged_since: None, files_before };
    assert_eq!((store.purge(old(NOW)).await.unwrap().expired, superfluous(store).await.len()), (0, 0));
    assert_eq!(store.would_purge(old(NOW + 1)).await.unwrap().expired, 1);
    assert_eq!((store.purge(old(NOW + 1)).await.unwrap().expired, superfluous(store).await), (1, vec!["stored-a".to_owned()]));
    assert!(matches!(store.begin_retry(&ann, &message(2), 3, NOW).await, Err(StoreError::FilesGone)));
}

#[tokio::test]
async fn files_are_their_senders_and_go_over_to_the_user_the_sender_becomes() {
    let kept = kept().await;
    let (store, ann, binh) = (&kept.store, visitor("ann"), visitor("binh"));
    let chat = begin(store, &ann, 1, "", NOW).await;
    say_with_files(&kept, &chat, 1, &["a"], MessageStatus::Failed).await;
    assert_eq!(store.files_of(&binh, &message(1)).await.unwrap(), []);
    assert_eq!(store.files_of(&ann, &message(1)).await.unwrap().len(), 1);
    store.link(&binh, &ann, NOW).await.unwrap();
    assert_eq!(store.files_of(&binh, &message(1)).await.unwrap().len(), 1);
    assert_eq!(store.files_of(&ann, &message(1)).await.unwrap().len(), 1, "what ann began is brought to its end");
    store.erase_visitor(&binh).await.unwrap();
    assert_eq!(superfluous(store).await, ["stored-a"]);
}
