//! What the Teams bridge's document says, through the real HTTP surface.

use crate::support::{Answer, Client, answer, instant};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use twinchat_emulator::clock::{Clock, ManualClock};
use twinchat_emulator::faults::{Fault, Manner};
use twinchat_emulator::{Options, Pace, Rule};

/// The document's own requests.
const REQUESTS: &str = include_str!("../examples/teams.txt");

async fn get(client: &Client, path: &str) -> Answer {
    answer(client.outside(Method::GET, &format!("/teams{path}")).send().await.unwrap()).await
}

async fn post(client: &Client, path: &str, body: Value) -> Answer {
    answer(client.outside(Method::POST, &format!("/teams/messages/{path}")).json(&body).send().await.unwrap()).await
}

async fn send(client: &Client, conversation: &str, message: &str) {
    let sent = post(client, "send-message", json!({"conversation_id": conversation, "message": message})).await;
    assert_eq!((sent.status, &sent.body["data"]["data"]["message"]), (StatusCode::OK, &json!(message)), "{}", sent.body);
}

async fn rows(client: &Client, query: &str) -> Vec<Value> {
    let listed = get(client, &format!("/messages?limit=100&{query}")).await;
    listed.body["data"].as_array().unwrap_or_else(|| panic!("{}", listed.body)).clone()
}

fn texts(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["message"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn conversations_are_listed_and_shown_as_documented() {
    let client = Client::start(instant()).await;
    let listed = get(&client, "/conversations?page=2&limit=3").await.body;
    assert_eq!((&listed["message"], &listed["status_code"]), (&json!("Thành công!"), &json!(200)));
    let about: Vec<&Value> = ["current_page", "from", "to", "last_page", "per_page", "total"].iter().map(|name| &listed[*name]).collect();
    assert_eq!(about, [2, 4, 4, 2, 3, 4]);
    let id = listed["data"][0]["id"].as_str().unwrap();
    assert!(id.starts_with("19:uni01_") && id.ends_with("@thread.v2") && client.emulator.teams_conversations()[3] == id);
    let shown = get(&client, &format!("/conversations/{id}")).await.body;
    assert_eq!((&shown["data"]["id"], shown["data"]["messages"].as_array().unwrap().len()), (&json!(id), 1));
    let missing = get(&client, "/conversations/19:nothing@thread.v2").await;
    assert_eq!((missing.status, &missing.body["status_code"]), (StatusCode::NOT_FOUND, &json!(404)));
    assert_eq!(get(&client, "/nothing").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_person_answers_after_a_while_and_the_bridge_notices_later() {
    let clock = ManualClock::at(1_750_325_503_714);
    let client = Client::start(Options { clock: Arc::new(clock.clone()), pace: Pace::REAL, ..Options::default() }).await;
    let id = client.emulator.teams_conversations()[1].clone();
    let mine = format!("filter.conversation.id=$eq:{id}");
    send(&client, &id, "Xin chào! Cho tôi hỏi về món chay.").await;
    assert_eq!(rows(&client, &mine).await.len(), 1, "not noticed yet");
    clock.advance(Duration::from_millis(2400));
    let noticed = rows(&client, &mine).await;
    let echo = &noticed[0];
    assert!(["TeamBot", "System Bot", "Teams Bot"].contains(&echo["name"].as_str().unwrap()));
    assert_eq!((&echo["time"], &echo["time_raw"]), (&json!("2025-06-19T09:31:44.000Z"), &json!("1750325503714")));
    assert_eq!(echo["created_at"], "2025-06-19T09:31:46.114Z");
    clock.advance(Duration::from_secs(30));
    let answered = rows(&client, &mine).await;
    assert_eq!(answered.len(), 3);
    assert_eq!(answered[0]["name"], "Minh Tuấn");
    let waited = answered[0]["time_raw"].as_str().unwrap().parse::<u64>().unwrap() - 1_750_325_503_714;
    assert!((12_000..=24_001).contains(&waited), "{waited}");
    assert_eq!(rows(&client, &format!("filter.conversation.id=$ne:{id}")).await.len(), 3, "nobody else is answered");
}

#[tokio::test]
async fn a_reply_names_its_original_by_exact_time_and_comes_back_with_it_quoted() {
    let client = Client::start(instant()).await;
    let id = client.emulator.teams_conversations()[0].clone();
    let original = rows(&client, &format!("filter.conversation.id=$eq:{id}")).await.remove(0);
    let time: u64 = original["time_raw"].as_str().unwrap().parse().unwrap();
    let body = |time: Value| json!({"conversation_id": id, "message": "Đây là phản hồi", "time": time});
    let sent = post(&client, "reply-message", body(json!(time))).await.body;
    assert_eq!((&sent["data"]["data"]["time"], &sent["data"]["conversation"]["messages"][0]["id"]), (&json!(time), &original["id"]));
    let echo = rows(&client, "search=ph%E1%BA%A3n%20h%E1%BB%93i&filter.name=$ilike:bot").await.remove(0);
    let text = echo["message"].as_str().unwrap();
    assert!(text.starts_with(original["message"].as_str().unwrap()) && text.ends_with("\n\nĐây là phản hồi"), "{text}");
    assert_eq!(post(&client, "reply-message", body(json!(time + 1))).await.status, StatusCode::NOT_FOUND);
    assert_eq!(post(&client, "reply-message", body(Value::Null)).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn every_documented_operator_filters() {
    let client = Client::start(instant()).await;
    let ids = client.emulator.teams_conversations();
    let all = rows(&client, "sortBy=time_raw:ASC").await;
    assert_eq!(all.len(), 4);
    let first = all[0]["time_raw"].as_str().unwrap().to_owned();
    for (filter, count) in [
        (format!("conversation.id=$eq:{}", ids[0]), 1),
        (format!("conversation.id={}", ids[0]), 1),
        (format!("conversation.id=$ne:{}", ids[0]), 3),
        (format!("conversation.id=$in:{},{}", ids[0], ids[2]), 2),
        (format!("conversation.id=$notin:{},{}", ids[0], ids[2]), 2),
        ("conversation.id=$isnull".to_owned(), 0),
        (format!("time_raw=$gt:{first}"), 0),
        (format!("time_raw=$gte:{first}"), 4),
        (format!("time_raw=$lt:{first}"), 0),
        (format!("time_raw=$lte:{first}"), 4),
        ("time_raw=$gt:5".to_owned(), 4),
        ("name=$ilike:THU".to_owned(), 1),
    ] {
        assert_eq!(rows(&client, &format!("filter.{filter}")).await.len(), count, "{filter}");
    }
    for wrong in ["filter.password=$eq:x", "filter.name=$regex:.", "sortBy=salary:ASC", "page=0", "limit=x"] {
        let refused = get(&client, &format!("/messages?{wrong}")).await;
        assert_eq!((refused.status, &refused.body["status_code"]), (StatusCode::BAD_REQUEST, &json!(400)), "{wrong}");
    }
}

#[tokio::test]
async fn the_documents_own_requests_work_with_ids_that_exist() {
    let client = Client::start(instant()).await;
    let ids = client.emulator.teams_conversations();
    let mut counts = Vec::new();
    for line in REQUESTS.lines() {
        let path = line.strip_prefix("GET ").unwrap();
        let path = path.replace("19:abc123@thread.v2", &ids[0]).replace("19:abc@thread.v2", &ids[1]).replace("19:def@thread.v2", &ids[2]);
        let listed = get(&client, &path).await;
        assert_eq!(listed.body["message"], "Thành công!", "{line}");
        counts.push(listed.body["data"].as_array().unwrap().len());
    }
    assert_eq!(counts, [1, 2, 0, 1]);
}

#[tokio::test]
async fn one_room_has_several_spellings() {
    let client = Client::start(instant()).await;
    let id = client.emulator.teams_conversations()[0].clone();
    for number in 0..15 {
        send(&client, &id, &format!("Tin {number}")).await;
    }
    let mine = rows(&client, &format!("filter.conversation.id=$eq:{id}")).await;
    let rooms: HashSet<&str> = mine.iter().map(|row| row["room_id"].as_str().unwrap()).collect();
    assert_eq!(rooms.len(), 2, "{rooms:?}");
    assert!(rooms.contains(id.as_str()) && rooms.iter().all(|room| room.starts_with(id.trim_end_matches("@thread.v2"))));
}

#[tokio::test]
async fn faults_list_everybodys_rows_in_wrong_rooms_under_new_ids_and_late() {
    let clock = ManualClock::default();
    let client = Client::start(Options { clock: Arc::new(clock.clone()), ..Options::default() }).await;
    let ids = client.emulator.teams_conversations();
    let mine = format!("filter.conversation.id=$eq:{}", ids[0]);
    let meet = |fault| client.emulator.fault(Rule::once(fault, "/teams/*"));
    meet(Fault::IgnoredFilters);
    assert_eq!(rows(&client, &mine).await.len(), 4);
    assert_eq!(rows(&client, &mine).await.len(), 1, "it was to happen once");
    let truth = rows(&client, "").await;
    meet(Fault::WrongRooms);
    let wrong = rows(&client, "").await;
    assert!(texts(&wrong) == texts(&truth) && wrong.iter().zip(&truth).any(|(wrong, truth)| wrong["room_id"] != truth["room_id"]));
    meet(Fault::ChangedIds);
    assert!(rows(&client, "").await.iter().zip(&truth).all(|(wrong, truth)| wrong["id"] != truth["id"]));
    let written = clock.now_millis();
    meet(Fault::LateSync { millis: 60_000 });
    send(&client, &ids[0], "Có ai không?").await;
    assert_eq!(rows(&client, &mine).await.len(), 1);
    clock.advance(Duration::from_secs(61));
    let late = rows(&client, &mine).await;
    assert_eq!((late.len(), late[1]["time_raw"].as_str().unwrap()), (3, written.to_string().as_str()));
}

#[tokio::test]
async fn people_answer_late_twice_with_a_quote_or_not_at_all_when_told_to() {
    let clock = ManualClock::default();
    let client = Client::start(Options { clock: Arc::new(clock.clone()), ..Options::default() }).await;
    let ids = client.emulator.teams_conversations();
    let mine = format!("sortBy=time_raw:ASC&filter.conversation.id=$eq:{}", ids[0]);
    let mut known = 1;
    for (does, millis, rows_now, rows_later) in [
        (Manner::Silent, 0, 1, 1),
        (Manner::Twice, 0, 3, 3),
        (Manner::Late, 60_000, 1, 2),
        (Manner::Quotes, 0, 2, 2),
        (Manner::QuotesAnother, 0, 2, 2),
    ] {
        client.emulator.fault(Rule::once(Fault::Person { does, millis }, "*/send-message"));
        send(&client, &ids[0], &format!("{does:?}?")).await;
        clock.advance(Duration::from_millis(2));
        assert_eq!(rows(&client, &mine).await.len(), known + rows_now, "{does:?}");
        clock.advance(Duration::from_secs(61));
        known += rows_later;
        assert_eq!(rows(&client, &mine).await.len(), known, "{does:?}");
    }
    let all = rows(&client, &mine).await;
    let last_two = &texts(&all)[known - 3..];
    assert!(last_two[0].starts_with("Quotes?\n") && last_two[2].starts_with("Chào mọi người"), "{last_two:?}");
    client.emulator.fault(Rule::once(Fault::NoRooms, "/teams/*"));
    assert!(rows(&client, &mine).await.iter().all(|row| row.get("room_id").is_none()));
}

#[tokio::test]
async fn a_test_speaks_for_people_and_changes_what_they_said() {
    let client = Client::start(instant()).await;
    let id = client.emulator.teams_conversations()[1].clone();
    let mine = format!("filter.conversation.id=$eq:{id}");
    let said = client.control(Method::POST, "/teams/say", Some(json!({"conversation": id, "text": "Chào!", "name": "Mai"}))).await;
    assert_eq!(said.status, StatusCode::CREATED);
    let row = rows(&client, &mine).await[0].clone();
    assert_eq!((&row["id"], &row["message"], &row["name"]), (&said.body["id"], &json!("Chào!"), &json!("Mai")));
    let time: u64 = row["time_raw"].as_str().unwrap().parse().unwrap();
    let quoting = json!({"conversation": id, "text": "Vâng", "quotes": time, "at": time - 5});
    assert_eq!(client.control(Method::POST, "/teams/say", Some(quoting)).await.status, StatusCode::CREATED);
    assert_eq!(
        client.control(Method::POST, "/teams/edit", Some(json!({"id": said.body["id"], "text": "Xin chào!"}))).await.status,
        StatusCode::NO_CONTENT
    );
    let all = rows(&client, &mine).await;
    assert!(
        texts(&all).contains(&"Xin chào!") && texts(&all).iter().any(|text| text.starts_with("Chào!\n") && text.ends_with("\n\nVâng")),
        "{all:?}"
    );
    for (path, body) in [
        ("/teams/say", json!({"conversation": "19:nothing", "text": "x"})),
        ("/teams/say", json!({"conversation": id, "text": "x", "quotes": 5})),
        ("/teams/edit", json!({"id": "none", "text": "x"})),
    ] {
        assert_eq!(client.control(Method::POST, path, Some(body)).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(client.control(Method::GET, "/teams", None).await.body["rooms"][1]["id"], json!(id));
}
