//! What was said is found again, by whoever said it.

use super::chat::{conversation, hear, history};
use super::helpers::{TestApp, text};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_message_is_found_whatever_the_case_with_its_place_and_the_words_around_it() {
    let app = TestApp::start().await;
    let ann = app.visitor().await;
    let (first, second) = (conversation(&app, &ann).await, conversation(&app, &ann).await);
    hear(&app, &ann, &first, "Mùa thu HÀ NỘI có gì **đặc biệt**, ngoài cốm?").await;
    hear(&app, &ann, &second, "Còn ở Huế thì sao?").await;
    let found = ann.get(&app, "/api/v1/messages?search=h%C3%A0%20n%E1%BB%99i").await;
    let hits: Vec<&Value> = found["data"].as_array().unwrap().iter().filter(|hit| hit["role"] == "user").collect();
    let [hit] = hits[..] else { panic!("{found}") };
    assert_eq!((hit["before"].as_str(), hit["found"].as_str()), (Some("Mùa thu "), Some("HÀ NỘI")));
    assert!(hit["after"].as_str().unwrap().starts_with(" có gì đặc biệt"), "{hit}");
    let said = history(&app, &ann, &first).await;
    assert_eq!((&hit["messageId"], &hit["ordinal"], text(hit, "conversationId")), (&said[0]["id"], &json!(1), first.clone()));
    assert!(found["meta"]["total"].as_u64().unwrap() >= 1);

    let everywhere = ann.get(&app, "/api/v1/messages?search=%3F&limit=1").await;
    assert!(everywhere["meta"]["total"].as_u64().unwrap() >= 2 && everywhere["data"].as_array().unwrap().len() == 1, "{everywhere}");
    let there = ann.get(&app, &format!("/api/v1/messages?search=Hu%E1%BA%BF&conversationId={second}")).await;
    assert!(there["data"].as_array().unwrap().iter().all(|hit| hit["conversationId"] == second.as_str()), "{there}");
    assert!(there["meta"]["total"].as_u64().unwrap() >= 1);
    let not_there = ann.get(&app, &format!("/api/v1/messages?search=c%E1%BB%91m&conversationId={second}")).await;
    assert!(not_there["data"].as_array().unwrap().iter().all(|hit| hit["role"] != "user"), "{not_there}");
    for wildcard in ["%25%25zz", "_____________zz", "%5C"] {
        assert_eq!(ann.get(&app, &format!("/api/v1/messages?search={wildcard}")).await["meta"]["total"], 0, "{wildcard}");
    }
}

#[tokio::test]
async fn nobody_finds_what_others_said_or_learns_that_they_said_something() {
    let app = TestApp::start().await;
    let (ann, binh) = (app.visitor().await, app.visitor().await);
    let chat = conversation(&app, &ann).await;
    hear(&app, &ann, &chat, "canary Ann").await;
    assert!(ann.get(&app, "/api/v1/messages?search=CANARY").await["meta"]["total"].as_u64().unwrap() >= 1);
    let nothing = binh.get(&app, "/api/v1/messages?search=CANARY").await;
    assert_eq!((&nothing["data"], &nothing["meta"]["total"]), (&json!([]), &json!(0)));
    for id in [chat.as_str(), "conv_zzzzzzzzzzzzzzzzzzzzzzzzzz", "nonsense"] {
        let path = format!("/api/v1/messages?search=CANARY&conversationId={id}");
        assert_eq!(binh.send(&app, &Method::GET, &path, &Value::Null).await.status(), 404, "{id}");
    }
    ann.send(&app, &Method::DELETE, &format!("/api/v1/conversations/{chat}"), &Value::Null).await;
    assert_eq!(ann.get(&app, "/api/v1/messages?search=CANARY").await["meta"]["total"], 0, "what was erased is gone");
}

#[tokio::test]
async fn a_search_for_nothing_is_told_what_to_change() {
    let app = TestApp::start().await;
    let ann = app.visitor().await;
    for query in ["", "search=", "search=%20", "search=%00", "search=a&limit=0", "search=a&page=0", &format!("search={}", "a".repeat(201))]
    {
        let answer = ann.send(&app, &Method::GET, &format!("/api/v1/messages?{query}"), &Value::Null).await;
        assert_eq!(answer.status(), 400, "{query}");
    }
}
