//! Visitors who use everything, and keep every byte they are sent.

use super::SITE;
use super::upstream::Way;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};

/// What visitors say: in messages, titles and searches.
pub(crate) const WORDS: &str = "privatewordscanary";

/// Somebody with a bearer token.
#[derive(Debug, Clone)]
pub(crate) struct Holder {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) token: String,
}

#[derive(Debug)]
pub(crate) struct Visit {
    client: Client,
    url: String,
    /// All that there were: a renewed one is another.
    pub(crate) visitors: Vec<Holder>,
    /// What was heard where; token answers are left out, which hold tokens.
    pub(crate) heard: Vec<(String, Vec<u8>)>,
}

impl Visit {
    pub(crate) async fn begin(url: &str) -> Self {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        let mut visit = Self { client, url: url.to_owned(), visitors: Vec::new(), heard: Vec::new() };
        let first = visit.token("new").await;
        visit.visitors.push(first);
        visit
    }

    fn now(&self) -> &Holder {
        self.visitors.last().unwrap()
    }

    async fn token(&self, secret: &str) -> Holder {
        let form = format!(
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={secret}\
             &subject_token_type=urn:twinchat:params:oauth:token-type:visitor-secret"
        );
        let request = self.client.post(format!("{}/oauth/token", self.url)).header("x-twinchat", "1").header("origin", SITE);
        let answer = request.header("content-type", "application/x-www-form-urlencoded").body(form).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        let member = |name: &str| answer[name].as_str().map(str::to_owned);
        Holder {
            id: member("visitor_id").unwrap_or_else(|| panic!("{answer}")),
            secret: member("visitor_secret").unwrap_or_else(|| secret.to_owned()),
            token: member("access_token").unwrap(),
        }
    }

    /// Another token for the same visitor.
    pub(crate) async fn renew(&mut self) {
        let renewed = self.token(&self.now().secret).await;
        self.visitors.push(renewed);
    }

    fn request(&self, method: &Method, path: &str) -> RequestBuilder {
        self.client.request(method.clone(), format!("{}{path}", self.url)).header("origin", SITE).bearer_auth(&self.now().token)
    }

    async fn hear(&mut self, place: String, answer: Response) -> Value {
        let mut content = format!("{} {:?}\n", answer.status(), answer.headers()).into_bytes();
        let body = answer.bytes().await.unwrap();
        content.extend_from_slice(&body);
        self.heard.push((place, content));
        serde_json::from_slice(&body).unwrap_or_default()
    }

    async fn ask(&mut self, way: Way, method: Method, path: &str, json: Value) -> Value {
        let request = self.request(&method, path);
        let request = if json.is_null() { request } else { request.json(&json) };
        let answer = request.send().await.unwrap();
        self.hear(format!("{method} {path} while the upstream answers {way:?}"), answer).await
    }

    /// Every kind of call once, well and badly.
    pub(crate) async fn everything(&mut self, way: Way) {
        let twins = self.ask(way, Method::GET, "/api/v1/twins?limit=100", Value::Null).await;
        let twin = twins["data"][0]["id"].as_str().unwrap_or_else(|| panic!("{twins}")).to_owned();
        let avatar = twins["data"][0]["avatarUrl"].as_str().unwrap_or("/avatars/none").to_owned();
        let chat = self.ask(way, Method::POST, "/api/v1/conversations", json!({"twinId": twin, "title": WORDS})).await;
        let chat = chat["data"]["id"].as_str().unwrap_or_else(|| panic!("{chat}")).to_owned();
        let chat = format!("/api/v1/conversations/{chat}");
        for route in ["messages", "messages/stream"] {
            self.ask(way, Method::POST, &format!("{chat}/{route}"), json!({"content": format!("Xin chào {WORDS}")})).await;
        }
        let history = self.ask(way, Method::GET, &format!("{chat}/messages?limit=100"), Value::Null).await;
        for message in history["data"].as_array().unwrap() {
            let id = message["id"].as_str().unwrap();
            for act in ["stop", "retry", "feedback"] {
                let body = if act == "feedback" { json!({"feedback": "up"}) } else { Value::Null };
                self.ask(way, Method::POST, &format!("/api/v1/messages/{id}/{act}"), body).await;
            }
        }
        self.ask(way, Method::GET, &format!("/api/v1/conversations?search={WORDS}"), Value::Null).await;
        self.ask(way, Method::PATCH, &chat, json!({"title": format!("{WORDS} again")})).await;
        self.ask(way, Method::PATCH, &chat, json!({"title": WORDS.repeat(5000)})).await;
        self.ask(way, Method::POST, &format!("{chat}/messages"), json!({"contents": WORDS})).await;
        self.ask(way, Method::POST, &format!("{chat}/{WORDS}"), json!({"content": WORDS})).await;
        for path in ["/openapi.json", "/api/v1/widget", "/healthz", "/readyz", "/metrics", &avatar] {
            self.ask(way, Method::GET, path, Value::Null).await;
        }
        let garbled = self.client.get(format!("{}/api/v1/twins", self.url)).bearer_auth(format!("{}x", self.now().token));
        let answer = garbled.send().await.unwrap();
        self.hear("a refused token".to_owned(), answer).await;
        self.ask(way, Method::DELETE, &chat, Value::Null).await;
    }
}
