use super::*;
use crate::clock::LoadedDice;
use crate::store::{NewConversation, NewFile, NewSend, TwinRef};
use twinchat_protocol::id::{ConversationId, TwinId, VisitorId};
use twinchat_protocol::message::MessageFile;

const NOW: i64 = 1_760_000_000_000;

struct House {
    files: Files,
    store: Store,
    folder: tempfile::TempDir,
}

async fn house(most: u64) -> House {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("chat.db");
    let store = Store::open(&database).await.unwrap();
    let files = Files::beside(&database, store.clone(), Arc::new(LoadedDice::seeded(1)), most);
    files.open().await.unwrap();
    House { files, store, folder }
}

impl House {
    fn there(&self) -> Vec<PathBuf> {
        let found = std::fs::read_dir(self.folder.path().join("chat.db.files"));
        found.map_or_else(|_| Vec::new(), |entries| entries.map(|entry| entry.unwrap().path()).collect())
    }

    async fn received(&self, content: &[u8]) -> Spooled {
        let mut spool = self.files.receive().await.unwrap();
        for piece in content.chunks(2) {
            spool.write(piece).await.unwrap();
        }
        spool.finish().await.unwrap()
    }

    /// Keeps a file with a message of Ann's.
    async fn sent(&self, content: &[u8]) -> (Subject, MessageId) {
        let (ann, chat) = (Subject::proven(VisitorId::from_random("annannann")), ConversationId::from_random("chatchat"));
        let twin = TwinRef { id: TwinId::from_random("twintwin"), upstream: "main".to_owned(), upstream_id: "lan".to_owned() };
        self.store.create_conversation(&ann, &NewConversation { id: &chat, twin: &twin, title: "" }, NOW).await.unwrap();
        let spooled = self.received(content).await;
        let file = MessageFile { name: "a.txt".to_owned(), media_type: "text/plain".to_owned(), size: spooled.size() };
        let ids = (MessageId::from_random("question"), MessageId::from_random("replyreply"));
        let files = [NewFile { file, stored: spooled.stored().to_owned() }];
        let send = NewSend {
            conversation: &chat,
            content: "",
            files: &files,
            key: None,
            request_hash: "",
            ids: ids.clone(),
            reply_to: None,
            max_active: 3,
        };
        self.store.begin_send(&ann, &send, NOW).await.unwrap();
        spooled.keep();
        (ann, ids.0)
    }
}

#[tokio::test]
async fn there_is_no_folder_before_the_first_file_and_nobody_else_can_read_it() {
    let house = house(1000).await;
    assert!(!house.folder.path().join("chat.db.files").exists());
    let spooled = house.received("nội dung".as_bytes()).await;
    assert_eq!(std::fs::read(&house.there()[0]).unwrap(), "nội dung".as_bytes());
    assert_eq!(spooled.size(), 10);
    #[cfg(unix)]
    for (path, mode) in [(house.folder.path().join("chat.db.files"), 0o700), (house.there()[0].clone(), 0o600)] {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, mode);
    }
}

#[tokio::test]
async fn a_file_that_no_message_is_kept_with_is_removed() {
    let house = house(1000).await;
    let mut broken_off = house.files.receive().await.unwrap();
    broken_off.write(b"abc").await.unwrap();
    drop(broken_off);
    drop(house.received(b"abc").await);
    assert_eq!(house.there(), [] as [PathBuf; 0]);
    assert_eq!(house.files.0.used.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn the_same_content_has_the_same_digest_and_another_has_another() {
    let house = house(1000).await;
    let (first, same, other) = (house.received(b"abc").await, house.received(b"abc").await, house.received(b"abd").await);
    assert_eq!(first.digest(), same.digest());
    assert_ne!(first.digest(), other.digest());
}

#[tokio::test]
async fn all_files_together_have_a_limit() {
    let house = house(10).await;
    let first = house.received(b"12345678").await;
    let mut second = house.files.receive().await.unwrap();
    assert!(matches!(second.write(b"abc").await, Err(SpoolError::Full)));
    drop((first, second));
    drop(house.received(b"1234567890").await);
}

#[tokio::test]
async fn what_an_earlier_process_left_behind_is_removed_and_what_is_needed_stays() {
    let house = house(1000).await;
    let (ann, question) = house.sent(b"needed").await;
    std::fs::write(house.folder.path().join("chat.db.files/file_leftbehind"), b"12345").unwrap();
    let database = house.folder.path().join("chat.db");
    let again = Files::beside(&database, house.store.clone(), Arc::new(LoadedDice::seeded(2)), 1000);
    again.open().await.unwrap();
    assert_eq!(house.there().len(), 1);
    assert_eq!(again.0.used.load(Ordering::Relaxed), 6);
    let found = again.of_message(&ann, &question).await.unwrap();
    assert_eq!(std::fs::read(&found[0].path).unwrap(), b"needed");
    let binh = Subject::proven(VisitorId::from_random("binhbinh"));
    assert_eq!(again.of_message(&binh, &question).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_not_needed_any_more_is_removed_and_said_to_be_gone() {
    let house = house(1000).await;
    let (ann, question) = house.sent(b"needed").await;
    house.files.tidy().await;
    assert_eq!(house.there().len(), 1);
    house.store.erase_visitor(&ann).await.unwrap();
    house.files.tidy().await;
    assert_eq!(house.there(), [] as [PathBuf; 0]);
    assert_eq!(house.store.files_to_remove(10).await.unwrap(), [] as [String; 0]);
    assert_eq!(house.files.of_message(&ann, &question).await.unwrap(), []);
}
