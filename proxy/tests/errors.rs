//! Every documented error can be met, in either language, and says what it has to, also in the log
//! (which is the process's, so that this is a program of its own).

#[expect(dead_code, reason = "shared with tests/api, which uses all of it")]
#[path = "api/bridge.rs"]
mod bridge;
#[expect(dead_code, reason = "shared with tests/api, which uses all of it")]
#[path = "api/chat.rs"]
mod chat;
#[expect(dead_code, reason = "shared with tests/api, which uses all of it")]
#[path = "api/helpers.rs"]
mod helpers;

#[expect(dead_code, reason = "shared with tests/api, which uses all of it")]
#[path = "api/issuer.rs"]
mod issuer;

use chat::{Stream, conversation, hear, last, say};
use futures_util::stream::pending;
use helpers::{Proof, TestApp, Visitor, body, header, text};
use issuer::{believer, sign_in};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::MakeWriter;
use twinchat_emulator::Rule;
use twinchat_emulator::faults::{ErrorStyle, Fault};
use twinchat_protocol::error::ErrorCode;
use twinchat_protocol::token::{GRANT_TYPE, NEW_VISITOR, VISITOR_SECRET_TYPE};

const TWINS: &str = "/api/v1/twins";
const LINK: &str = "/api/v1/visitor/link";
const CONVERSATIONS: &str = "/api/v1/conversations";

/// An error as it was met.
struct Met {
    status: u16,
    request_id: String,
    retry_after: String,
    language: String,
    body: Value,
}

impl Met {
    async fn of(answer: Response) -> Self {
        let told = |name| header(&answer, name).to_owned();
        assert_eq!(told("content-type"), "application/problem+json");
        let (request_id, retry_after, language) = (told("x-request-id"), told("retry-after"), told("content-language"));
        Self { status: answer.status().as_u16(), request_id, retry_after, language, body: body(answer).await }
    }

    async fn by(request: RequestBuilder, language: &str) -> Self {
        Self::of(request.header("accept-language", language).send().await.unwrap()).await
    }
}

/// Where errors are met, with what is needed to meet them.
struct Place {
    app: TestApp,
    ann: Visitor,
    language: &'static str,
}

impl Place {
    async fn with(settings: &str, language: &'static str) -> Self {
        let app = TestApp::with(settings).await;
        let ann = app.visitor().await;
        Self { app, ann, language }
    }

    fn call(&self, method: &Method, path: &str) -> RequestBuilder {
        self.ann.request(&self.app, method, path)
    }

    async fn meet(&self, request: RequestBuilder) -> Met {
        Met::by(request, self.language).await
    }

    async fn meet_at(&self, method: &Method, path: &str) -> Met {
        self.meet(self.call(method, path)).await
    }

    /// Sends something that the upstream answers with this fault, and waits for the whole reply.
    async fn meet_in_reply(&self, fault: Fault) -> Met {
        let chat = conversation(&self.app, &self.ann).await;
        self.app.emulator.fault(Rule::once(fault, "*/messages/stream"));
        self.meet(self.call(&Method::POST, &format!("{CONVERSATIONS}/{chat}/messages")).json(&json!({"content": "Xin chào"}))).await
    }

    async fn meet_in_refusal(&self, status: u16) -> Met {
        self.meet_in_reply(Fault::ServerError { status, body: ErrorStyle::Documented }).await
    }

    /// Changes what is kept of a reply while the server is away, and hears of it on the feed.
    async fn meet_after(mut self, change: &str) -> Met {
        let chat = conversation(&self.app, &self.ann).await;
        hear(&self.app, &self.ann, &chat, "Xin chào").await;
        let (folder, emulator) = self.app.stop().await;
        let file = SqliteConnectOptions::new().filename(folder.path().join("twinchat.db"));
        let mut store = file.connect().await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(change.to_owned())).execute(&mut store).await.unwrap();
        store.close().await.unwrap();
        drop(emulator);
        self.app = TestApp::in_folder("", folder).await;
        self.ann.renew(&self.app).await;
        let path = format!("{CONVERSATIONS}/{chat}/events?after=2.1");
        let request = self.ann.request(&self.app, &Method::GET, &path).header("accept-language", self.language);
        let answer = request.send().await.unwrap();
        let request_id = header(&answer, "x-request-id").to_owned();
        let error = Stream::of(answer).until("error").await.data["error"].clone();
        let status = u16::try_from(error["status"].as_u64().unwrap()).unwrap();
        Met { status, request_id, retry_after: String::new(), language: self.language.to_owned(), body: error }
    }

    /// A conversation in which a reply is being written.
    async fn busy_conversation(&self) -> String {
        let chat = conversation(&self.app, &self.ann).await;
        self.app.emulator.fault(Rule::once(Fault::Stall { after_bytes: 200, millis: None }, "*/messages/stream"));
        say(&self.app, &self.ann, &chat, "Xin chào").await.until("progress accepted").await;
        chat
    }

    fn send(&self, chat: &str, content: &str) -> RequestBuilder {
        self.call(&Method::POST, &format!("{CONVERSATIONS}/{chat}/messages/stream")).json(&json!({"content": content}))
    }
}

/// Meets an error. Whoever adds a code says here how it can be met.
async fn meet(code: ErrorCode, language: &'static str) -> (Met, Option<TestApp>) {
    let settings = match code {
        ErrorCode::RateLimited => "[limits]\nvisitor_requests_per_minute = 1\n",
        ErrorCode::RequestTimeout => "body_seconds = 1\n",
        _ => "",
    };
    let place = Place::with(settings, language).await;
    let met = match code {
        ErrorCode::InvalidRequest => place.meet_at(&Method::GET, "/api/v1/twins?page=0").await,
        ErrorCode::InvalidToken => place.meet(place.app.request(&Method::GET, TWINS)).await,
        ErrorCode::TokenExpired => {
            place.app.clock.advance_seconds(3601);
            place.meet_at(&Method::GET, TWINS).await
        }
        ErrorCode::InvalidDpopProof => {
            place.meet(place.app.request(&Method::GET, TWINS).header("authorization", format!("DPoP {}", place.ann.token))).await
        }
        ErrorCode::UseDpopNonce => {
            let mut proof = Proof::new(&place.app, place.ann.key.as_ref().unwrap(), &Method::GET, TWINS).with_token(&place.ann.token);
            proof.claims["nonce"] = json!("of yesterday");
            let request = place.app.request(&Method::GET, TWINS).header("dpop", proof.signed());
            place.meet(request.header("authorization", format!("DPoP {}", place.ann.token))).await
        }
        ErrorCode::InsufficientScope => {
            let token = read_only_token(&place.app).await;
            place.meet(place.app.request(&Method::POST, CONVERSATIONS).bearer_auth(token).json(&json!({"twinId": "x"}))).await
        }
        ErrorCode::OriginNotAllowed => place.meet(place.app.request(&Method::GET, TWINS).header("origin", "https://evil.example")).await,
        ErrorCode::SignInRequired => place.meet_at(&Method::POST, LINK).await,
        ErrorCode::LinkedElsewhere => {
            let app = believer("").await;
            let key = app.visitor().await.key;
            let (alice, binh) = (sign_in(&app, "alice", key.as_ref()).await, sign_in(&app, "binh", key.as_ref()).await);
            assert_eq!(alice.request(&app, &Method::POST, LINK).send().await.unwrap().status(), 200);
            return (Met::by(binh.request(&app, &Method::POST, LINK), language).await, Some(app));
        }
        ErrorCode::NotFound => place.meet_at(&Method::GET, "/api/v1/conversations/conv_aaaaaaaa").await,
        ErrorCode::MethodNotAllowed => place.meet_at(&Method::PUT, TWINS).await,
        ErrorCode::RequestTimeout => {
            let never = reqwest::Body::wrap_stream(pending::<Result<Vec<u8>, std::io::Error>>());
            place.meet(place.call(&Method::POST, CONVERSATIONS).header("content-type", "application/json").body(never)).await
        }
        ErrorCode::ReplyInProgress => {
            let chat = place.busy_conversation().await;
            place.meet(place.send(&chat, "again")).await
        }
        ErrorCode::NotRetryable => {
            let chat = conversation(&place.app, &place.ann).await;
            hear(&place.app, &place.ann, &chat, "Xin chào").await;
            let reply = text(&last(&place.app, &place.ann, &chat).await, "id");
            place.meet_at(&Method::POST, &format!("/api/v1/messages/{reply}/retry")).await
        }
        ErrorCode::PayloadTooLarge => {
            place.meet(place.call(&Method::POST, CONVERSATIONS).json(&json!({"twinId": "x".repeat(100_000)}))).await
        }
        ErrorCode::UriTooLong => place.meet_at(&Method::GET, &format!("/{}", "x".repeat(8192))).await,
        ErrorCode::HeaderTooLarge => place.meet(place.call(&Method::GET, TWINS).header("cookie", "x".repeat(16_384))).await,
        ErrorCode::UnsupportedMediaType => place.meet(place.call(&Method::POST, CONVERSATIONS).body("twinId=x")).await,
        ErrorCode::IdempotencyMismatch => {
            let chat = conversation(&place.app, &place.ann).await;
            place.send(&chat, "one").header("idempotency-key", "k").send().await.unwrap().text().await.unwrap();
            place.meet(place.send(&chat, "two").header("idempotency-key", "k")).await
        }
        ErrorCode::RateLimited => {
            place.call(&Method::GET, TWINS).send().await.unwrap();
            place.meet_at(&Method::GET, TWINS).await
        }
        ErrorCode::NobodyFree => {
            let people = bridge::People::with(1, "").await;
            let (ann, binh) = (people.app.visitor().await, people.app.visitor().await);
            let (hers, his) = (people.conversation(&ann).await, people.conversation(&binh).await);
            people.say(&ann, &hers, "một").await;
            let path = format!("{CONVERSATIONS}/{his}/messages");
            let request = binh.request(&people.app, &Method::POST, &path).json(&json!({"content": "hai"}));
            return (Met::by(request, language).await, Some(people.app));
        }
        ErrorCode::UpstreamError => place.meet_in_refusal(500).await,
        ErrorCode::UpstreamRefused => place.meet_in_refusal(403).await,
        ErrorCode::UpstreamTimeout => place.meet_in_refusal(504).await,
        ErrorCode::ReplyIncomplete => place.meet_in_reply(Fault::NoComplete).await,
        ErrorCode::StoreUnavailable => {
            place.app.app.store().close().await;
            place.meet_at(&Method::GET, CONVERSATIONS).await
        }
        ErrorCode::UpstreamUnavailable => {
            let request = place.call(&Method::GET, TWINS);
            let Place { app, language, .. } = place;
            app.emulator.stop().await;
            return (Met::by(request, language).await, None);
        }
        ErrorCode::ReplyInterrupted => {
            return (place.meet_after("UPDATE message SET status = 'streaming' WHERE role = 'assistant'").await, None);
        }
        ErrorCode::Internal => {
            let lost = "UPDATE message SET status = 'failed', error_code = NULL WHERE role = 'assistant'";
            return (place.meet_after(lost).await, None);
        }
    };
    (met, Some(place.app))
}

async fn read_only_token(app: &TestApp) -> String {
    let form =
        [("grant_type", GRANT_TYPE), ("subject_token_type", VISITOR_SECRET_TYPE), ("subject_token", NEW_VISITOR), ("scope", "read_only")];
    text(&body(app.token_request(&form).send().await.unwrap()).await, "access_token")
}

/// Keeps what is logged.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn every_code_can_be_met_in_either_language_with_all_that_it_has_to_say() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().json().with_writer(log.clone()).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let problems = TestApp::start().await;
    for code in ErrorCode::ALL {
        let mut said = Vec::new();
        for (accepted, language) in [("vi;q=0.4, en;q=0.9", "en"), ("fr, en;q=0.1, vi-VN;q=0.8", "vi")] {
            let (met, _app) = meet(*code, accepted).await;
            assert_eq!(met.body["error"], code.as_str(), "{}", met.body);
            assert_eq!((met.status, &met.body["status"]), (code.status(), &code.status().into()), "{code:?}");
            assert_eq!(met.body["statusCode"], met.body["status"], "{code:?}");
            assert_eq!((&met.body["title"], &met.body["success"]), (&code.title().into(), &false.into()), "{code:?}");
            assert_eq!((met.body["meta"]["requestId"].as_str(), met.request_id.get(..4)), (Some(met.request_id.as_str()), Some("req_")));
            assert!(log.text().contains(&met.request_id), "{code:?} is in the log with its id");
            assert!(met.body["meta"]["timestamp"].as_str().is_some_and(|time| time.starts_with("2025-10-09T")), "{code:?}");
            assert_eq!(met.body["details"]["retryable"], code.is_retryable(), "{code:?}");
            let seconds = met.body["details"]["retryAfter"].as_u64().map(|seconds| seconds.to_string()).unwrap_or_default();
            assert_eq!(met.retry_after, seconds, "{code:?}");
            assert_eq!(matches!(code, ErrorCode::RateLimited | ErrorCode::NobodyFree), !seconds.is_empty(), "{code:?}");
            assert_eq!(met.body["details"]["field"].is_string(), *code == ErrorCode::InvalidRequest, "{code:?}");
            assert!(met.language == language || met.language == accepted, "{code:?}: {}", met.language);
            assert_eq!(met.body["message"], met.body["detail"], "{code:?}");
            said.push(text(&met.body, "message"));
            let explained = body(problems.get(met.body["type"].as_str().unwrap()).await).await;
            assert_eq!((&explained["code"], &explained["status"]), (&code.as_str().into(), &code.status().into()));
            assert!(["en", "vi"].iter().all(|language| !explained["message"][language].as_str().unwrap().is_empty()));
        }
        let vietnamese =
            |text: &str| text.chars().any(|letter| "ạảãăắằẳẵặâấầẩẫậđẹẻẽêếềểễệịỉĩọỏõôốồổỗộơớờởỡợụủũưứừửữựỳỵỷỹ".contains(letter));
        assert!(!vietnamese(&said[0]) && vietnamese(&said[1]), "{code:?}: {said:?}");
    }
}

#[tokio::test]
async fn a_kind_of_error_is_explained_to_people_as_a_page() {
    let app = TestApp::start().await;
    let answer = app.request(&Method::GET, "/problems/rate-limited").header("accept", "text/html,*/*;q=0.8").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), header(&answer, "content-type")), (200, "text/html; charset=utf-8"));
    let page = answer.text().await.unwrap();
    for part in ["<code>RATE_LIMITED</code>, HTTP 429", "<code>Retry-After</code>", "lang=\"vi\"", "may succeed later"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    for unknown in ["/problems/", "/problems/nothing", "/problems/RATE_LIMITED", "/problems/%3Cscript%3E"] {
        assert_eq!(app.get(unknown).await.status(), 404, "{unknown}");
    }
}
