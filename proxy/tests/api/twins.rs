//! Who can be talked to, and their pictures.

use super::chat::first_twin;
use super::helpers::{TestApp, body, header, text};
use reqwest::Method;
use serde_json::json;
use twinchat_emulator::Rule;
use twinchat_emulator::faults::{ErrorStyle, Fault};

fn broken(times: Option<u32>) -> Rule {
    let fault = Fault::ServerError { status: 500, body: ErrorStyle::Empty };
    Rule { times, ..Rule::once(fault, "*/twins*") }
}

#[tokio::test]
async fn twins_are_listed_in_pages_under_ids_of_our_own() {
    let app = TestApp::start().await;
    let ann = app.visitor().await;
    let all = ann.get(&app, "/api/v1/twins?limit=100").await;
    let names: Vec<_> = all["data"].as_array().unwrap().iter().map(|twin| text(twin, "name")).collect();
    assert_eq!(names, app.emulator.twins().iter().map(|twin| twin.name.clone()).collect::<Vec<_>>());
    let page = ann.get(&app, "/api/v1/twins?limit=2&page=2").await;
    assert_eq!(
        (page["data"].as_array().unwrap().len(), &page["meta"]["page"], &page["meta"]["total"]),
        (2, &json!(2), &json!(names.len()))
    );
    assert_eq!(page["data"][0], all["data"][2]);
    let one = ann.get(&app, &format!("/api/v1/twins/{}", text(&all["data"][1], "id"))).await;
    assert_eq!(one["data"], all["data"][1]);
    assert_eq!(one["data"]["capabilities"]["stream"], true);
    for (path, status) in [("/api/v1/twins/twin_zzzzzzzzzz", 404), ("/api/v1/twins/..%2F..%2Fx", 404), ("/api/v1/twins?page=0", 400)] {
        assert_eq!(ann.request(&app, &Method::GET, path).send().await.unwrap().status(), status, "{path}");
    }
    let asked = app.emulator.log().iter().filter(|entry| entry.path.contains("/twins")).count();
    assert_eq!(asked, 1, "the list is asked for once");
}

#[tokio::test]
async fn a_twin_is_also_found_by_its_upstreams_id_and_answers_with_ours() {
    let app = TestApp::start().await;
    let ann = app.visitor().await;
    let theirs = app.emulator.twins()[1].id.clone();
    let ours = ann.get(&app, "/api/v1/twins").await["data"][1].clone();
    let one = ann.get(&app, &format!("/api/v1/twins/{theirs}")).await;
    assert_eq!(one["data"], ours);
    assert!(!one.to_string().contains(&theirs), "{one}");
    let begun = ann.request(&app, &Method::POST, "/api/v1/conversations").json(&json!({ "twinId": theirs })).send().await.unwrap();
    assert_eq!(begun.status(), 201);
    let begun = body(begun).await;
    assert_eq!(begun["data"]["twinId"], ours["id"]);
    for named in [theirs.as_str(), text(&ours, "id").as_str()] {
        let mine = ann.get(&app, &format!("/api/v1/conversations?twinId={named}")).await;
        assert_eq!(mine["data"][0]["id"], begun["data"]["id"], "{named}");
    }
    assert_eq!(ann.get(&app, "/api/v1/conversations?twinId=nobody").await["data"], json!([]));
}

#[tokio::test]
async fn an_upstream_that_fails_does_not_take_the_list_away() {
    let app = TestApp::start().await;
    let mut ann = app.visitor().await;
    app.emulator.fault(broken(Some(3)));
    let none = ann.request(&app, &Method::GET, "/api/v1/twins").send().await.unwrap();
    assert_eq!(none.status(), 502);
    app.clock.advance_seconds(20);
    let known = ann.get(&app, "/api/v1/twins").await["data"].clone();
    app.emulator.fault(broken(None));
    app.clock.advance_seconds(601);
    ann.renew(&app).await;
    assert_eq!(ann.get(&app, "/api/v1/twins").await["data"], known);
    let asked = || app.emulator.log().iter().filter(|entry| entry.path.contains("/twins")).count();
    let before = asked();
    assert_eq!(ann.get(&app, "/api/v1/twins").await["data"], known);
    assert_eq!(asked(), before, "it is left alone for a while");
}

#[tokio::test]
async fn pictures_come_from_here_with_a_tag_and_can_do_nothing() {
    let app = TestApp::start().await;
    let ann = app.visitor().await;
    let path = format!("/avatars/{}", first_twin(&app, &ann).await);
    let answer = app.get(&path).await;
    assert_eq!(answer.status(), 200);
    assert!(header(&answer, "content-type").starts_with("image/"));
    assert_eq!(header(&answer, "content-security-policy"), "default-src 'none'; style-src 'unsafe-inline'; sandbox");
    assert_eq!(header(&answer, "cross-origin-resource-policy"), "cross-origin", "other sites' pages show it");
    let tag = header(&answer, "etag").to_owned();
    let again = app.request(&Method::GET, &path).header("if-none-match", &tag).send().await.unwrap();
    assert_eq!((again.status().as_u16(), header(&again, "etag")), (304, tag.as_str()));
    assert_eq!(app.get("/avatars/twin_zzzzzzzzzz").await.status(), 404);
}

#[tokio::test]
async fn both_ways_to_begin_a_conversation_give_one() {
    let app = TestApp::start().await;
    let ann = app.visitor().await;
    let twin = first_twin(&app, &ann).await;
    let other = ann.send(&app, &Method::POST, &format!("/api/v1/twins/{twin}"), &json!({"twinId": twin, "title": "Chào"})).await;
    assert_eq!(other.status(), 201);
    assert_eq!(body(other).await["data"]["title"], "Chào");
    let wrong = ann.send(&app, &Method::POST, &format!("/api/v1/twins/{twin}"), &json!({"twinId": "twin_other"})).await;
    assert_eq!(wrong.status(), 400);
    let unknown = ann.send(&app, &Method::POST, "/api/v1/conversations", &json!({"twinId": "twin-id"})).await;
    assert_eq!(unknown.status(), 404);
    let long = ann.send(&app, &Method::POST, "/api/v1/conversations", &json!({"twinId": twin, "title": "x".repeat(201)})).await;
    assert_eq!((long.status().as_u16(), &body(long).await["details"]["field"]), (400, &json!("title")));
}
