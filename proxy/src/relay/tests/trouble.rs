//! What holds when the store, the upstream or we ourselves fail.

use super::*;
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

fn settings() -> RelaySettings {
    RelaySettings::default()
}

/// A way in which the store can refuse writes, until it is mended.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    Full,
    ReadOnly,
    Locked,
    Deleted,
}

/// What has to be kept for as long as the trouble is to last.
struct Broken {
    trouble: Trouble,
    lock: Option<SqliteConnection>,
}

impl House {
    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("chat.db")
    }

    async fn break_store(&self, trouble: Trouble) -> Broken {
        let mut lock = None;
        match trouble {
            Trouble::Full => self.store.pragma("PRAGMA max_page_count = 1").await,
            Trouble::ReadOnly => self.store.pragma("PRAGMA query_only = ON").await,
            Trouble::Locked => {
                self.store.pragma("PRAGMA busy_timeout = 0").await;
                let mut other = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(self.file())).await.unwrap();
                sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
                lock = Some(other);
            }
            Trouble::Deleted => std::fs::rename(self.file(), self.folder.path().join("away")).unwrap(),
        }
        Broken { trouble, lock }
    }

    async fn mend_store(&self, broken: Broken) {
        match broken.trouble {
            Trouble::Full => self.store.pragma("PRAGMA max_page_count = 1000000").await,
            Trouble::ReadOnly => self.store.pragma("PRAGMA query_only = OFF").await,
            Trouble::Locked => broken.lock.unwrap().close().await.unwrap(),
            Trouble::Deleted => std::fs::rename(self.folder.path().join("away"), self.file()).unwrap(),
        }
    }

    fn saying(&self, content: &str, key: Option<&str>) -> Saying {
        Saying {
            conversation: self.chat.clone(),
            content: content.to_owned(),
            files: Vec::new(),
            reply_to: None,
            key: key.map(str::to_owned),
            customer: self.customer(),
        }
    }
}

/// Moves time on until it is done.
async fn in_time<T>(work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::task::yield_now() => advance(Duration::from_millis(1)).await,
        }
    }
}

/// A reply of some size, which has begun; whoever has the sender writes on.
async fn begun(house: &House) -> (Reply, mpsc::UnboundedSender<Line>) {
    let sender = house.upstream.reply();
    let reply = house.say("?").await;
    let mut events = reply.events();
    sender.send(delta("một nửa ")).unwrap();
    while !matches!(events.next().await.unwrap().told, Told::Delta(_)) {}
    (reply, sender)
}

#[tokio::test]
async fn a_store_that_refuses_writes_takes_no_new_message_and_loses_no_reply() {
    for trouble in [Trouble::Full, Trouble::ReadOnly, Trouble::Locked, Trouble::Deleted] {
        let house = house(settings()).await;
        let (reply, sender) = begun(&house).await;
        let still = StillClock::hold();
        let broken = house.break_store(trouble).await;
        let whole = format!("một nửa {}", "và một nửa ".repeat(2000));
        sender.send(Ok(UpstreamEvent::Complete(Some(whole.clone())))).unwrap();
        let ended = in_time(reply.log.clone().unwrap().ended()).await;
        assert_eq!((ended.status, &ended.content), (MessageStatus::Complete, &whole), "{trouble:?}");
        let mut shown = house.kept(&reply).await;
        assert_eq!(shown.status, MessageStatus::Streaming, "{trouble:?}");
        house.relay.bring_up_to_date(&mut shown);
        assert_eq!(shown, ended, "the history has it all the same");
        let refused = house.relay.send(&house.ann, house.saying(&"Và nữa? ".repeat(2000), None)).await;
        assert!(matches!(refused, Err(RelayError::Store(StoreError::Unavailable(_) | StoreError::Gone))), "{trouble:?}: {refused:?}");
        assert_eq!(house.upstream.asked().len(), 2, "nothing was asked");

        house.mend_store(broken).await;
        // Who needs the store to know does not wait until it is tried again.
        let next = house.upstream.reply();
        next.send(Ok(UpstreamEvent::Complete(Some("ok".to_owned())))).unwrap();
        let second = house.say("Và nữa?").await;
        assert_eq!(house.kept(&reply).await, ended, "{trouble:?}");
        assert_eq!(second.finished().await.0.status, MessageStatus::Complete);
        in_time(async {
            while house.relay.held().active > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        drop(still);
        tokio::time::resume();
    }
}

#[tokio::test]
async fn an_end_that_could_not_be_kept_for_hours_is_kept_in_the_end() {
    let house = house(settings()).await;
    let (reply, sender) = begun(&house).await;
    let _still = StillClock::hold();
    let broken = house.break_store(Trouble::ReadOnly).await;
    drop(sender);
    in_time(reply.log.clone().unwrap().ended()).await;
    for _ in 0..200 {
        advance(Duration::from_secs(60)).await;
        house.kept(&reply).await;
    }
    assert_eq!((house.kept(&reply).await.status, house.relay.held().active), (MessageStatus::Streaming, 1));
    house.mend_store(broken).await;
    in_time(async { while !house.kept(&reply).await.status.is_final() {} }).await;
    assert_eq!(house.kept(&reply).await.status, MessageStatus::Incomplete);
}

/// A reply that the store takes to be running and that has no task.
async fn orphan(house: &House) -> Exchange {
    let ids = (MessageId::from_random("questionone"), MessageId::from_random("replyoneone"));
    let send = crate::store::NewSend {
        conversation: &house.chat,
        content: "?",
        files: &[],
        key: Some("k"),
        request_hash: &house.saying("?", None).hash(),
        ids,
        reply_to: None,
        max_active: 3,
    };
    let crate::store::Begun::New(exchange, _) = house.store.begin_send(&house.ann, &send, 1_760_000_000_000).await.unwrap() else {
        panic!("not new")
    };
    exchange
}

#[tokio::test]
async fn a_reply_that_nobody_writes_any_more_is_interrupted_by_whoever_meets_it() {
    let status = async |house: &House, reply: &MessageId| house.store.message(&house.ann, reply).await.unwrap().status;
    let stopped = house(settings()).await;
    let reply = orphan(&stopped).await.reply.id;
    assert_eq!(stopped.relay.stop(&stopped.ann, &reply).await.unwrap().status, MessageStatus::Interrupted);

    let repeated = house(settings()).await;
    let reply = orphan(&repeated).await.reply.id;
    let again = repeated.relay.send(&repeated.ann, repeated.saying("?", Some("k"))).await.unwrap();
    let (ended, _) = again.finished().await;
    assert_eq!((ended.id, ended.status, ended.error_code), (reply, MessageStatus::Interrupted, Some(ErrorCode::ReplyInterrupted)));

    let followed = house(settings()).await;
    let reply = orphan(&followed).await.reply;
    let after = EventId { ordinal: 2, seq: 1 };
    let told = followed.relay.feed(&followed.ann, &followed.chat, after).await.unwrap().next().await.unwrap();
    assert!(matches!(&told.told, Told::Ended { message, .. } if message.status == MessageStatus::Interrupted && message.id == reply.id));
    assert!(told.id > after);

    for retried in [false, true] {
        let house = house(settings()).await;
        let reply = orphan(&house).await.reply.id;
        house.upstream.reply().send(Ok(UpstreamEvent::Complete(Some("ok".to_owned())))).unwrap();
        let answered =
            if retried { house.relay.retry(&house.ann, reply.clone(), house.customer()).await.unwrap() } else { house.say("Và?").await };
        assert_eq!(answered.finished().await.0.status, MessageStatus::Complete);
        assert_eq!(status(&house, &reply).await, if retried { MessageStatus::Complete } else { MessageStatus::Interrupted });
    }
}

#[tokio::test]
async fn a_mistake_of_ours_ends_the_reply_and_leaves_nothing_busy() {
    let house = house(settings()).await;
    // No reply was written, which the scripted upstream does not survive.
    let (failed, _) = house.say("?").await.finished().await;
    assert_eq!((failed.status, failed.error_code), (MessageStatus::Failed, Some(ErrorCode::Internal)));
    while house.relay.held().active > 0 {
        tokio::task::yield_now().await;
    }
    house.upstream.reply().send(Ok(UpstreamEvent::Complete(Some("ok".to_owned())))).unwrap();
    let again = house.relay.retry(&house.ann, failed.id, house.customer()).await.unwrap();
    assert_eq!(again.finished().await.0.status, MessageStatus::Complete);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_at_once_with_one_key_one_is_sent_and_all_hear_its_reply() {
    for round in 0..20 {
        let house = house(settings()).await;
        let sender = house.upstream.reply();
        let key = format!("key-{round}");
        let sends: Vec<_> = (0..20)
            .map(|number| {
                let (relay, ann, saying) = (house.relay.clone(), house.ann.clone(), house.saying("Xin chào", Some(&key)));
                tokio::spawn(async move {
                    let reply = relay.send(&ann, saying).await.unwrap();
                    let id = reply.exchange.reply.id.clone();
                    // Every other one looks for it at once, as another tab would.
                    if number % 2 == 0 {
                        relay.feed(&ann, &reply.exchange.reply.conversation_id, EventId::START).await.unwrap().next().await.unwrap();
                    }
                    (id, reply.finished().await.0)
                })
            })
            .collect();
        sender.send(delta("Chào ")).unwrap();
        sender.send(Ok(UpstreamEvent::Complete(Some("Chào bạn".to_owned())))).unwrap();
        let mut heard = Vec::new();
        for send in sends {
            heard.push(send.await.unwrap());
        }
        assert!(
            heard.iter().all(|(id, ended)| *id == heard[0].0 && ended.content == "Chào bạn" && ended.status == MessageStatus::Complete)
        );
        assert_eq!(house.upstream.asked().len(), 2, "the conversation and one message");
        assert_eq!(house.relay.held().claims, 0);
    }
}

#[tokio::test]
async fn a_reply_can_be_stopped_before_the_upstream_has_said_anything() {
    let house = house(settings()).await;
    let sender = house.upstream.reply();
    let reply = house.say("?").await;
    while house.upstream.asked().len() < 2 {
        tokio::task::yield_now().await;
    }
    let id = reply.exchange.reply.id.clone();
    let stopped = house.relay.stop(&house.ann, &id).await.unwrap();
    assert_eq!((stopped.status, stopped.content.as_str()), (MessageStatus::Stopped, ""));
    sender.closed().await;
    assert_eq!(house.relay.stop(&house.ann, &id).await.unwrap(), stopped);
    let binh = Subject::proven(VisitorId::from_random("binhbinhb"));
    assert!(matches!(house.relay.stop(&binh, &id).await, Err(RelayError::Store(StoreError::NotFound))));
}
