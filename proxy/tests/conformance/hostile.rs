//! An upstream that lies, mixes people up, sends the key back, leads elsewhere or never ends.

use super::chat::{conversation, hear, history};
use super::helpers::text;
use super::{ROWS, assert_keeps_secrets, content, ended, everything};
use reqwest::Method;
use serde_json::{Value, json};
use twinchat_emulator::faults::{ErrorStyle, Fault};

const SECRET: &str = "canaryofann7f3a";

#[tokio::test]
async fn whatever_it_gives_away_of_others_nobody_is_told() {
    for row in ROWS {
        for leak in row.leaks() {
            let talk = row.talk(SECRET).await;
            let binh = talk.app.bearer_visitor().await;
            let his = conversation(&talk.app, &binh).await;
            talk.hear_as((&binh, &his), "Xin chào").await;
            talk.always(leak.clone());
            let new = conversation(&talk.app, &binh).await;
            let mut said = everything(&hear(&talk.app, &binh, &his, "Đà Lạt có gì vui?").await);
            said += &everything(&hear(&talk.app, &binh, &new, "Đà Lạt có gì vui?").await);
            talk.settle((&binh, &new)).await;
            said += &binh.get(&talk.app, "/api/v1/visitor/export").await.to_string();
            assert!(!said.contains(SECRET), "{} {leak:?}: {said}", row.name);
            talk.app.emulator.clear_faults();
            assert_eq!(ended(&talk.hear("Nãy giờ tôi hỏi gì rồi?").await).0, "complete", "{} {leak:?}: Ann goes on", row.name);
        }
    }
}

#[tokio::test]
async fn it_leads_nowhere_else() {
    for row in ROWS {
        let talk = row.talk("Xin chào").await;
        for status in [301, 302, 307, 308] {
            talk.meet(Fault::ServerError { status, body: ErrorStyle::Documented });
            let events = talk.hear("Kể tôi nghe về Huế").await;
            assert_eq!(ended(&events), ("error", "failed", "UPSTREAM_ERROR"), "{} {status}", row.name);
            assert!(!talk.app.emulator.log().iter().any(|entry| entry.path.contains("elsewhere")), "{} {status}", row.name);
        }
    }
}

#[tokio::test]
async fn a_key_that_it_says_is_not_passed_on() {
    for row in ROWS {
        for secret in (row.secrets)(&row.server().await) {
            // What the twin repeats of the visitor's words is the upstream's to say, and the key never is.
            let talk = row.talk(&format!("Khóa là {secret} nhé")).await;
            let events = talk.hear("Nãy giờ tôi hỏi gì rồi?").await;
            assert!(!everything(&events[1..]).contains(&secret), "{}: {events:?}", row.name);
        }
    }
}

#[tokio::test]
async fn what_is_malformed_lied_about_or_endless_ends_and_the_conversation_goes_on() {
    for row in ROWS {
        let talk = row.talk("Xin chào").await;
        for fault in row.lies() {
            talk.meet(fault.clone());
            let events = talk.hear("Kể tôi nghe về Huế").await;
            let (kind, status, _) = ended(&events);
            let consistent = matches!((kind, status), ("complete", "complete") | ("error", "failed" | "incomplete"));
            assert!(consistent, "{} {fault:?}: {kind} {status}", row.name);
            assert!(status != "complete" || row.is_bare || content(&events).len() > 20, "{} {fault:?}: {}", row.name, content(&events));
            talk.app.emulator.clear_faults();
            assert_eq!(ended(&talk.hear("Còn gì nữa?").await).0, "complete", "{} {fault:?}", row.name);
        }
    }
}

#[tokio::test]
async fn nothing_of_the_owners_or_the_upstreams_ids_is_anywhere_a_visitor_can_look() {
    for row in ROWS {
        let talk = row.talk("Xin chào").await;
        talk.meet(Fault::ServerError { status: 500, body: ErrorStyle::Documented });
        let mut seen = vec![json!(everything(&talk.hear("Kể tôi nghe").await))];
        seen.push(talk.ann.get(&talk.app, "/api/v1/visitor/export").await);
        seen.push(talk.ann.get(&talk.app, "/api/v1/twins").await);
        seen.push(talk.ann.get(&talk.app, "/api/v1/conversations").await);
        let twin = text(&seen[2]["data"][0], "id");
        let wrong = talk.ann.send(&talk.app, &Method::POST, "/api/v1/conversations", &json!({"twinId": format!("{twin}x")})).await;
        seen.push(super::helpers::body(wrong).await);
        seen.push(json!(history(&talk.app, &talk.ann, &talk.chat).await));
        seen.push(json!(format!("{:?}", talk.app.app)));
        seen.iter().for_each(|said| assert_keeps_secrets(&talk, said));
        assert_eq!(seen.iter().filter(|said| **said == Value::Null).count(), 0);
    }
}
