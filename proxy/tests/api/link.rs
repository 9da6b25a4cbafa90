//! What an anonymous visitor said becomes the signed-in user's: once, one way, on request.

use super::chat::{conversation, feed, first_twin, hear, history, last, say};
use super::helpers::{Key, Proof, TestApp, Visitor, body, text};
use super::issuer::{Identity, believer, exchange_for, sign_in, visitor};
use reqwest::{Method, Response};
use serde_json::json;
use std::collections::{BTreeSet, HashMap};
use twinchat_emulator::Rule;
use twinchat_emulator::faults::Fault;
use twinchat_protocol::token::{DPOP_KEY_TYPE, GRANT_TYPE};

const LINK: &str = "/api/v1/visitor/link";

/// Asks for it, with the key as only evidence.
async fn link(app: &TestApp, user: &Visitor) -> Response {
    user.request(app, &Method::POST, LINK).send().await.unwrap()
}

async fn link_by_secret(app: &TestApp, user: &Visitor, secret: &str) -> Response {
    user.send(app, &Method::POST, LINK, &json!({"visitorSecret": secret})).await
}

/// How many conversations moved.
async fn moved(answer: Response) -> u64 {
    let status = answer.status();
    let answer = body(answer).await;
    assert_eq!(status, 200, "{answer}");
    answer["data"]["moved"].as_u64().unwrap()
}

async fn refusal(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    (status, text(&body(answer).await, "error"))
}

async fn conversations(app: &TestApp, visitor: &Visitor) -> BTreeSet<String> {
    let list = visitor.get(app, "/api/v1/conversations?limit=100").await;
    list["data"].as_array().unwrap().iter().map(|conversation| text(conversation, "id")).collect()
}

#[tokio::test]
async fn what_was_said_with_a_key_follows_its_holder_who_signs_in() {
    let app = believer("").await;
    let anonymous = app.visitor().await;
    let chats = [conversation(&app, &anonymous).await, conversation(&app, &anonymous).await];
    hear(&app, &anonymous, &chats[0], "Xin chào").await;
    let said = history(&app, &anonymous, &chats[0]).await;
    let alice = sign_in(&app, "alice", anonymous.key.as_ref()).await;
    assert!(conversations(&app, &alice).await.is_empty(), "signing in alone moves nothing");
    assert_eq!(moved(link(&app, &alice).await).await, 2);
    assert_eq!(conversations(&app, &alice).await, BTreeSet::from(chats.clone()));
    assert_eq!(history(&app, &alice, &chats[0]).await, said);
    assert!(conversations(&app, &anonymous).await.is_empty());
    let lost = anonymous.request(&app, &Method::GET, &format!("/api/v1/conversations/{}/messages", chats[0])).send().await.unwrap();
    assert_eq!(lost.status(), 404);
    hear(&app, &alice, &chats[0], "Và bây giờ?").await;
    let elsewhere = sign_in(&app, "alice", None).await;
    assert_eq!(history(&app, &elsewhere, &chats[0]).await.len(), 4, "with any key of the user's");
}

#[tokio::test]
async fn what_was_said_with_a_secret_follows_it() {
    let app = believer("").await;
    for key in [None, Some(Key::new())] {
        let anonymous = app.bearer_visitor().await;
        let chat = conversation(&app, &anonymous).await;
        let secret = text(&anonymous.answer, "visitor_secret");
        let alice = sign_in(&app, "alice", key.as_ref()).await;
        assert_eq!(moved(link_by_secret(&app, &alice, &secret).await).await, 1);
        assert!(conversations(&app, &alice).await.contains(&chat));
        let as_in_the_token_answer = alice.send(&app, &Method::POST, LINK, &json!({"visitor_secret": secret})).await;
        assert_eq!(moved(as_in_the_token_answer).await, 0);
    }
}

#[tokio::test]
async fn whoever_is_anonymous_or_shows_nothing_links_nothing() {
    let app = believer("").await;
    let (keyed, bearer) = (app.visitor().await, app.bearer_visitor().await);
    let secret = text(&bearer.answer, "visitor_secret");
    conversation(&app, &bearer).await;
    for anonymous in [&keyed, &bearer] {
        assert_eq!(refusal(link_by_secret(&app, anonymous, &secret).await).await, (403, "SIGN_IN_REQUIRED".to_owned()));
    }
    let alice = sign_in(&app, "alice", None).await;
    let keyed_user = sign_in(&app, "alice", keyed.key.as_ref()).await;
    let answer = body(link(&app, &alice).await).await;
    assert_eq!((&answer["error"], &answer["details"]["field"]), (&json!("INVALID_REQUEST"), &json!("visitorSecret")));
    for wrong in [json!("tvs_made_up"), json!(""), json!(alice.token), json!(7)] {
        let answer = alice.send(&app, &Method::POST, LINK, &json!({"visitorSecret": wrong})).await;
        assert_eq!(refusal(answer).await, (400, "INVALID_REQUEST".to_owned()), "{wrong}");
    }
    let not_json = alice.request(&app, &Method::POST, LINK).body(format!("visitorSecret={secret}")).send().await.unwrap();
    assert_eq!(not_json.status(), 415, "what cannot be read is not taken for nothing");
    let misspelt = keyed_user.send(&app, &Method::POST, LINK, &json!({"visitorsecret": secret})).await;
    assert_eq!(refusal(misspelt).await.0, 400, "a misspelt secret does not link the key instead");
    let reader = exchange_for(&app, &Identity::of(&app, "alice").signed(), None, "read_only").await;
    let reader = visitor(reader, None).await;
    assert_eq!(refusal(link_by_secret(&app, &reader, &secret).await).await, (403, "INSUFFICIENT_SCOPE".to_owned()));
    assert_eq!(app.request(&Method::POST, LINK).send().await.unwrap().status(), 401);
    assert_eq!(conversations(&app, &bearer).await.len(), 1);
}

#[tokio::test]
async fn an_anonymous_visitor_becomes_one_user_for_good_and_takes_along_what_comes_later() {
    let app = believer("").await;
    let mut anonymous = app.visitor().await;
    let key = anonymous.key.clone();
    let first = conversation(&app, &anonymous).await;
    let alice = sign_in(&app, "alice", key.as_ref()).await;
    assert_eq!(moved(link(&app, &alice).await).await, 1);
    assert_eq!(moved(link(&app, &alice).await).await, 0);
    // The key was kept after a sign-out.
    anonymous.renew(&app).await;
    let later = conversation(&app, &anonymous).await;
    let binh = sign_in(&app, "binh", key.as_ref()).await;
    for _ in 0..2 {
        assert_eq!(refusal(link(&app, &binh).await).await, (409, "LINKED_ELSEWHERE".to_owned()));
    }
    assert!(conversations(&app, &binh).await.is_empty());
    assert_eq!(conversations(&app, &anonymous).await, BTreeSet::from([later.clone()]), "nothing is lost by the refusal");
    assert_eq!(moved(link(&app, &alice).await).await, 1);
    assert_eq!(conversations(&app, &alice).await, BTreeSet::from([first, later]));
    // Linked before anything was said: it holds all the same.
    let quiet = app.visitor().await;
    let alice = sign_in(&app, "alice", quiet.key.as_ref()).await;
    assert_eq!(moved(link(&app, &alice).await).await, 0);
    let app = app.restart().await;
    let binh = sign_in(&app, "binh", quiet.key.as_ref()).await;
    assert_eq!(refusal(link(&app, &binh).await).await.0, 409);
}

#[tokio::test]
async fn a_reply_that_is_being_written_goes_on_for_the_user_and_ends_for_the_anonymous_visitor() {
    let app = believer("").await;
    let anonymous = app.visitor().await;
    let chat = conversation(&app, &anonymous).await;
    app.emulator.fault(Rule::once(Fault::Stall { after_bytes: 400, millis: None }, "*/messages/stream"));
    let mut sending = say(&app, &anonymous, &chat, "Kể chuyện dài").await;
    let heard = sending.until("delta").await;
    let mut feeding = feed(&app, &anonymous, &chat, &heard.id.to_string()).await;
    let alice = sign_in(&app, "alice", anonymous.key.as_ref()).await;
    assert_eq!(moved(link(&app, &alice).await).await, 1);
    assert!(sending.rest().await.iter().all(|told| told.kind == "delta"), "it ends without an end");
    assert!(feeding.rest().await.iter().all(|told| told.kind == "delta"));
    let running = last(&app, &alice, &chat).await;
    assert_eq!(running["status"], "streaming");
    let mut followed = feed(&app, &alice, &chat, &text(&running, "eventId")).await;
    app.emulator.release();
    let end = followed.rest().await.pop().unwrap();
    assert_eq!(end.kind, "complete");
    let kept = last(&app, &alice, &chat).await;
    assert_eq!((&kept["status"], &kept["content"]), (&json!("complete"), &end.data["content"]), "the end was stored");
    let stop = format!("/api/v1/messages/{}/stop", text(&kept, "id"));
    assert_eq!(anonymous.request(&app, &Method::POST, &stop).send().await.unwrap().status(), 404);
    hear(&app, &alice, &chat, "Tiếp đi").await;
    let upstream: Vec<_> = app.emulator.log().into_iter().filter(|entry| entry.path.ends_with("/conversations")).collect();
    assert_eq!(upstream.len(), 1, "the upstream's conversation is the same");
    let app = app.restart().await;
    let alice = sign_in(&app, "alice", None).await;
    assert_eq!(history(&app, &alice, &chat).await.len(), 4);
}

#[tokio::test]
async fn a_message_sent_again_with_its_key_is_the_same_message_for_the_user() {
    let app = believer("").await;
    let anonymous = app.visitor().await;
    let chat = conversation(&app, &anonymous).await;
    let path = format!("/api/v1/conversations/{chat}/messages");
    let content = json!({"content": "Chỉ một lần"});
    let send = async |visitor: &Visitor| {
        visitor.request(&app, &Method::POST, &path).header("idempotency-key", "one").json(&content).send().await.unwrap()
    };
    let first = text(&body(send(&anonymous).await).await["data"], "id");
    let alice = sign_in(&app, "alice", anonymous.key.as_ref()).await;
    moved(link(&app, &alice).await).await;
    assert_eq!(text(&body(send(&alice).await).await["data"], "id"), first);
    assert_eq!(history(&app, &alice, &chat).await.len(), 2);
    assert_eq!(send(&anonymous).await.status(), 404);
}

/// Who uses the browser at the moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Who {
    Anonymous(String),
    User(&'static str),
}

/// One browser and what is known of it; every step is done to the server and to this.
struct Browser {
    key: Key,
    who: Who,
    visitor: Visitor,
    owners: HashMap<String, Who>,
    linked: HashMap<String, &'static str>,
}

impl Browser {
    async fn anonymous(app: &TestApp, key: Key) -> Visitor {
        let thumbprint = key.thumbprint();
        let form = [("grant_type", GRANT_TYPE), ("subject_token_type", DPOP_KEY_TYPE), ("subject_token", thumbprint.as_str())];
        let proof = Proof::new(app, &key, &Method::POST, "/oauth/token").signed();
        visitor(app.token_request(&form).header("dpop", proof).send().await.unwrap(), Some(&key)).await
    }

    async fn new(app: &TestApp) -> Self {
        let key = Key::new();
        let (who, visitor) = (Who::Anonymous(key.thumbprint()), Self::anonymous(app, key.clone()).await);
        Self { key, who, visitor, owners: HashMap::new(), linked: HashMap::new() }
    }

    async fn step(&mut self, app: &TestApp, twin: &str, step: u8) {
        match step {
            0 => {
                let answer = self.visitor.send(app, &Method::POST, "/api/v1/conversations", &json!({"twinId": twin})).await;
                self.owners.insert(text(&body(answer).await["data"], "id"), self.who.clone());
            }
            1 | 2 => {
                let user = ["A", "B"][usize::from(step - 1)];
                self.visitor = sign_in(app, user, Some(&self.key)).await;
                self.who = Who::User(user);
            }
            3 => self.link(app).await,
            // Signed out, as the documents want it: another key.
            4 => {
                self.key = Key::new();
                self.sign_out(app).await;
            }
            // Signed out with the key kept, as they warn of.
            _ => self.sign_out(app).await,
        }
    }

    async fn sign_out(&mut self, app: &TestApp) {
        self.who = Who::Anonymous(self.key.thumbprint());
        self.visitor = Self::anonymous(app, self.key.clone()).await;
    }

    async fn link(&mut self, app: &TestApp) {
        let answer = link(app, &self.visitor).await;
        let Who::User(user) = self.who else {
            return assert_eq!(refusal(answer).await, (403, "SIGN_IN_REQUIRED".to_owned()));
        };
        let key = self.key.thumbprint();
        if *self.linked.entry(key.clone()).or_insert(user) != user {
            return assert_eq!(refusal(answer).await, (409, "LINKED_ELSEWHERE".to_owned()));
        }
        let mine = self.owners.values_mut().filter(|owner| **owner == Who::Anonymous(key.clone()));
        let count = mine.map(|owner| *owner = Who::User(user)).count();
        assert_eq!(moved(answer).await, count as u64);
    }

    async fn check(&self, app: &TestApp, steps: &[u8]) {
        let expected: BTreeSet<String> = self.owners.iter().filter(|(_, owner)| **owner == self.who).map(|(id, _)| id.clone()).collect();
        assert_eq!(conversations(app, &self.visitor).await, expected, "{:?} after {steps:?}", self.who);
        for (id, owner) in &self.owners {
            let answer = self.visitor.request(app, &Method::GET, &format!("/api/v1/conversations/{id}")).send().await.unwrap();
            assert_eq!(answer.status(), if *owner == self.who { 200 } else { 404 }, "{id} of {owner:?} for {:?} after {steps:?}", self.who);
        }
    }
}

/// Steps at random through {talk, sign in A, sign in B, link, sign out, sign out with the key kept}. Few conversations,
/// so that each is looked at from everybody's side after each step.
#[tokio::test]
async fn whoever_signs_in_and_out_on_one_browser_sees_their_own_and_what_they_took_over() {
    let many =
        "[limits]\ntoken_requests_per_minute = 1000000\nvisitor_requests_per_minute = 1000000\naddress_requests_per_minute = 1000000\n";
    let mut dice = 7_u32;
    for _ in 0..12 {
        let app = believer(many).await;
        let twin = first_twin(&app, &app.visitor().await).await;
        let mut browser = Browser::new(&app).await;
        let mut steps = vec![0];
        for at in 0..12 {
            browser.step(&app, &twin, steps[at]).await;
            browser.check(&app, &steps).await;
            dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            steps.push(u8::try_from((dice >> 16) % 6).unwrap());
        }
    }
}
