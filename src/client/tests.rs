use super::dpop::{base64url, thumbprint};
use super::{Client, Post, Start, Step};
use crate::platform::fake::{Exchange, Fake, NOW};
use crate::platform::{Key, Reason, Task, Unanswered, Vouched};
use crate::state::Connection;
use futures_util::FutureExt;
use futures_util::future::abortable;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use twinchat_protocol::id::EventId;

const ORIGIN: &str = "https://chat.example";
const CONVERSATION: &str = "conv_0000000000000001";

fn token(access: &str) -> String {
    format!(
        r#"{{"access_token":"{access}","issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"DPoP",
        "expires_in":600,"scope":"full_access","expires_at":0,"visitor_id":"vis_0000000000000001"}}"#
    )
}

fn problem(code: &str, retryable: bool) -> String {
    format!(r#"{{"error":"{code}","message":"Thử lại","meta":{{"requestId":"r1"}},"details":{{"retryable":{retryable}}}}}"#)
}

/// A client whose token requests are answered; all else waits.
fn client() -> (Fake, Client) {
    let fake = Fake::new();
    fake.serve(|request| request.url.ends_with("/oauth/token").then(|| (200, token("t1"))));
    let client = Client::new(fake.platform(), ORIGIN, "vi");
    (fake, client)
}

fn header(exchange: &Exchange, name: &str) -> String {
    exchange.request.headers.iter().find(|(other, _)| *other == name).map(|(_, value)| value.clone()).unwrap_or_default()
}

/// The JSON of a proof's header and payload.
fn proof(exchange: &Exchange) -> (String, String) {
    let text = header(exchange, "dpop");
    let mut parts = text.split('.').map(|part| String::from_utf8_lossy(&decode(part)).into_owned());
    (parts.next().unwrap(), parts.next().unwrap())
}

fn decode(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (mut bits, mut count, mut out) = (0u32, 0, Vec::new());
    for byte in text.bytes() {
        bits = bits << 6 | u32::try_from(ALPHABET.iter().position(|other| *other == byte).unwrap()).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count & 255) as u8);
        }
    }
    out
}

/// Reads a stream into a list that the test looks at.
fn reading(fake: &Fake, client: &Client, start: Start, after: EventId) -> Rc<RefCell<VecDeque<Step>>> {
    let steps = Rc::new(RefCell::new(VecDeque::new()));
    let mut stream = client.stream(CONVERSATION, start).after(after);
    let log = steps.clone();
    fake.platform().clock.spawn(Box::pin(async move {
        loop {
            let step = stream.next().await;
            let over = matches!(step, Step::Refused(_) | Step::Ended);
            log.borrow_mut().push_back(step);
            if over {
                break;
            }
        }
    }));
    fake.run();
    steps
}

fn post() -> Post {
    Post { key: "k1".to_owned(), content: "Why?".to_owned(), reply_to: String::new(), files: Vec::new(), told: Rc::new(|_| {}) }
}

fn send() -> Start {
    Start::Send(post())
}

/// Everything the stream has told since the last look, in short.
fn told(steps: &Rc<RefCell<VecDeque<Step>>>) -> Vec<String> {
    let short = |step: Step| match step {
        Step::Events(events) => events.iter().map(|event| format!("{} {}", event.id, event.content)).collect::<Vec<_>>().join("|"),
        Step::Line(Connection::Waiting { retry_at }) => format!("waiting {}", retry_at > NOW),
        Step::Line(connection) => format!("{connection:?}").to_lowercase(),
        Step::Refused(problem) => format!("refused {}", problem.code),
        Step::Ended => "ended".to_owned(),
    };
    steps.borrow_mut().drain(..).map(short).collect()
}

fn frame(id: &str, kind: &str, content: &str) -> String {
    format!("event: {kind}\nid: {id}\ndata: {{\"type\":\"{kind}\",\"messageId\":\"msg_0000000000000002\",\"content\":\"{content}\"}}\n\n")
}

#[test]
fn a_message_is_sent_with_a_proof_a_key_and_its_text_and_the_reply_is_read_to_its_end() {
    let (fake, client) = client();
    let steps = reading(&fake, &client, send(), EventId::START);
    let post = fake.request();
    assert_eq!(
        (post.request.method, post.request.url.as_str()),
        ("POST", "https://chat.example/api/v1/conversations/conv_0000000000000001/messages/stream")
    );
    assert_eq!(post.request.body, r#"{"content":"Why?"}"#);
    assert_eq!((header(&post, "idempotency-key"), header(&post, "authorization")), ("k1".into(), "DPoP t1".into()));
    let line = post.open(200, &[]);
    line.say("retry: 3000\n\n");
    line.say(&frame("2.1", "progress", ""));
    line.say(&frame("2.2", "delta", "Be")[..30]);
    fake.run();
    assert_eq!(told(&steps), ["connecting", "open", "2.1 "]);
    line.say(&frame("2.2", "delta", "Be")[30..]);
    line.say(&[frame("2.3", "unheard-of", "x"), frame("2.4", "complete", "Be.")].concat());
    fake.run();
    assert_eq!(told(&steps), ["2.2 Be", "2.4 Be.", "ended"]);
    assert!(line.is_dropped());
}

#[test]
fn text_that_comes_together_is_one_event_without_what_was_told_before() {
    let (fake, client) = client();
    let steps = reading(&fake, &client, Start::Follow, EventId { ordinal: 2, seq: 3 });
    let line = fake.request().open(200, &[]);
    let other = frame("2.7", "delta", "!").replace("0002", "0004");
    let said =
        [("2.3", "old "), ("2.4", "a"), ("2.5", "b"), ("2.5", "b"), ("2.6", "c")].map(|(id, text)| frame(id, "delta", text)).concat();
    line.say(&[said, other, frame("2.8", "progress", ""), frame("2.9", "delta", "d")].concat());
    fake.run();
    assert_eq!(told(&steps), ["connecting", "open", "2.6 abc|2.7 !|2.8 |2.9 d"]);
}

#[test]
fn a_cut_before_anything_was_accepted_sends_again_under_the_same_key() {
    let (fake, client) = client();
    let steps = reading(&fake, &client, send(), EventId::START);
    fake.request().fail();
    fake.advance(2000);
    let line = fake.request().open(200, &[]);
    line.cut();
    fake.advance(2000);
    let post = fake.request();
    assert_eq!(
        (post.request.method, post.request.body.as_str(), header(&post, "idempotency-key")),
        ("POST", r#"{"content":"Why?"}"#, "k1".into())
    );
    assert_eq!(told(&steps), ["connecting", "waiting true", "connecting", "open", "waiting true", "connecting"]);
}

#[test]
fn what_is_not_accepted_after_four_tries_is_given_back() {
    let (fake, client) = client();
    let steps = reading(&fake, &client, send(), EventId::START);
    for _ in 0..4 {
        fake.request().fail();
        fake.advance(20_000);
    }
    assert!(fake.is_quiet());
    assert_eq!(told(&steps).last().unwrap(), "refused NETWORK");
}

#[test]
fn a_cut_reply_is_resumed_after_the_last_event_seen_and_ends_with_the_reply() {
    let (fake, client) = client();
    let steps = reading(&fake, &client, send(), EventId::START);
    let line = fake.request().open(200, &[]);
    line.say(&[frame("2.1", "progress", ""), frame("2.2", "delta", "Be")].concat());
    line.say("event: delta\nid: 2.3\ndata: {\"type\":\"del");
    fake.run();
    line.cut();
    fake.advance(1000);
    let resumed = fake.request();
    assert_eq!(
        (resumed.request.method, resumed.request.url.as_str()),
        ("GET", "https://chat.example/api/v1/conversations/conv_0000000000000001/events?after=2.2")
    );
    assert!(proof(&resumed).1.contains(r#""htu":"https://chat.example/api/v1/conversations/conv_0000000000000001/events""#));
    let line = resumed.open(200, &[]);
    line.say(&[frame("2.3", "delta", "cause"), frame("2.4", "complete", "Because")].concat());
    fake.run();
    assert_eq!(told(&steps).last().unwrap(), "ended");
    assert!(line.is_dropped(), "the feed would stay open; the reply is over");
}

#[test]
fn a_feed_waits_as_long_as_it_is_told_to_and_goes_on_for_ever() {
    let (fake, client) = client();
    let steps = reading(&fake, &client, Start::Follow, EventId { ordinal: 4, seq: 9 });
    let get = fake.request();
    assert!(get.request.url.ends_with("/events?after=4.9"));
    get.answer(429, &[("retry-after", "60")], &problem("RATE_LIMITED", true));
    fake.advance(59_000);
    assert!(fake.is_quiet());
    fake.advance(2000);
    let line = fake.request().open(200, &[]);
    line.say(&frame("6.2", "complete", "x"));
    line.end();
    fake.advance(1000);
    assert!(fake.request().request.url.ends_with("/events?after=6.2"));
    assert!(!told(&steps).contains(&"ended".to_owned()));
}

#[test]
fn an_end_the_proxy_means_is_waited_out_as_it_says_and_a_cut_is_met_at_once() {
    let (fake, client) = client();
    let _steps = reading(&fake, &client, Start::Follow, EventId::START);
    let line = fake.request().open(200, &[]);
    line.say(&["retry: 8000\n\n", &frame("2.1", "delta", "x")].concat());
    line.end();
    fake.advance(3999);
    assert!(fake.is_quiet());
    fake.advance(4001);
    let line = fake.request().open(200, &[]);
    line.say(&["retry: 8000\n\n", &frame("2.2", "delta", "x")].concat());
    fake.run();
    line.cut();
    fake.advance(500);
    fake.request();
}

#[test]
fn nobody_is_asked_while_there_is_no_network_and_at_once_when_it_is_back() {
    let (fake, client) = client();
    let _steps = reading(&fake, &client, Start::Follow, EventId::START);
    let line = fake.request().open(200, &[]);
    fake.set_online(false);
    line.cut();
    let asked = fake.log().len();
    fake.advance(120_000);
    assert_eq!(fake.log().len(), asked);
    fake.set_online(true);
    client.wake();
    fake.request();
}

#[test]
fn a_limit_on_sending_is_told_at_once() {
    let (fake, client) = client();
    let steps = reading(&fake, &client, send(), EventId::START);
    fake.request().answer(429, &[("retry-after", "60")], &problem("RATE_LIMITED", true));
    fake.run();
    let Some(Step::Refused(problem)) = steps.borrow_mut().pop_back() else { panic!("not refused") };
    assert_eq!((problem.code.as_str(), problem.message.as_str(), problem.request_id.as_str()), ("RATE_LIMITED", "Thử lại", "r1"));
    assert_eq!(problem.retry_at, Some(NOW + 60_000));
}

#[test]
fn who_sends_is_told_at_once_when_nobody_is_free_or_it_takes_a_while() {
    for (code, seconds) in [("NOBODY_FREE", "5"), ("UPSTREAM_UNAVAILABLE", "60")] {
        let (fake, client) = client();
        let steps = reading(&fake, &client, send(), EventId::START);
        fake.request().answer(503, &[("retry-after", seconds)], &problem(code, true));
        fake.run();
        assert_eq!(told(&steps), ["connecting", &["refused ", code].concat()]);
    }
}

#[test]
fn an_answer_that_will_not_heal_ends_the_stream() {
    let (fake, client) = client();
    let steps = reading(&fake, &client, Start::Follow, EventId::START);
    fake.request().answer(404, &[], &problem("NOT_FOUND", false));
    fake.advance(100_000);
    assert_eq!(told(&steps), ["connecting", "refused NOT_FOUND"]);
    assert!(fake.is_quiet());
}

#[test]
fn a_page_in_place_of_the_proxys_answer_is_waited_out() {
    let (fake, client) = client();
    let steps = reading(&fake, &client, Start::Follow, EventId::START);
    fake.request().answer(502, &[], "<html>Bad gateway</html>");
    fake.advance(1000);
    fake.request().open(200, &[]);
    fake.run();
    assert_eq!(told(&steps), ["connecting", "waiting true", "connecting", "open"]);
}

#[test]
fn silence_beyond_the_heartbeat_is_a_cut_and_a_comment_is_not_silence() {
    let (fake, client) = client();
    let steps = reading(&fake, &client, Start::Follow, EventId::START);
    let line = fake.request().open(200, &[]);
    for _ in 0..10 {
        fake.advance(15_000);
        line.say(": still here\n\n");
    }
    fake.advance(44_000);
    assert_eq!(told(&steps), ["connecting", "open"]);
    fake.advance(1000);
    assert!(line.is_dropped());
    fake.advance(1000);
    fake.request();
    assert_eq!(told(&steps), ["waiting true", "connecting"]);
}

#[test]
fn after_a_sleep_a_silent_line_is_opened_anew_at_once() {
    let (fake, client) = client();
    let steps = reading(&fake, &client, Start::Follow, EventId::START);
    let line = fake.request().open(200, &[]);
    fake.run();
    client.wake();
    fake.run();
    assert!(!line.is_dropped(), "a line that has just spoken is left alone");
    fake.sleep_through(3_600_000);
    client.wake();
    fake.run();
    assert!(line.is_dropped());
    told(&steps);
    client.wake();
    fake.run();
    assert_eq!(told(&steps), ["connecting"], "whoever waits tries now");
}

#[test]
fn a_retry_that_reached_the_proxy_is_listened_to_not_repeated() {
    let (fake, client) = client();
    let steps = reading(&fake, &client, Start::Retry { message_id: "msg_0000000000000002".into() }, EventId { ordinal: 2, seq: 0 });
    let post = fake.request();
    assert!(post.request.url.ends_with("/messages/msg_0000000000000002/retry"));
    post.fail();
    fake.advance(1000);
    fake.request().answer(409, &[], &problem("REPLY_IN_PROGRESS", false));
    fake.advance(2000);
    let get = fake.request();
    assert!(get.request.url.ends_with("/events?after=2.0"));
    get.open(200, &[]).say(&frame("2.9", "complete", "x"));
    fake.run();
    assert_eq!(told(&steps).last().unwrap(), "ended");
}

#[test]
fn one_renewal_serves_all_who_wait_and_comes_ahead_of_expiry() {
    let fake = Fake::new();
    let client = Client::new(fake.platform(), ORIGIN, "vi");
    for _ in 0..3 {
        let client = client.clone();
        fake.platform().clock.spawn(Box::pin(async move {
            client.twins().await.ok();
        }));
    }
    let exchange = fake.request();
    assert!(fake.is_quiet(), "one asks for all three");
    assert_eq!(header(&exchange, "x-twinchat"), "1");
    exchange.answer(200, &[], &token("t1"));
    for _ in 0..3 {
        let twins = fake.request();
        assert_eq!(header(&twins, "authorization"), "DPoP t1");
        twins.answer(200, &[], r#"{"success":true,"data":[],"meta":{}}"#);
    }
    fake.sleep_through(569_000);
    let asking = asking(&fake, &client);
    assert_eq!(fake.request().request.url, "https://chat.example/api/v1/twins?limit=100&page=1");
    drop(asking);
    fake.sleep_through(2000);
    let _asking = self::asking(&fake, &client);
    assert_eq!(fake.request().request.url, "https://chat.example/oauth/token");
}

/// Asks for the twins; the answer's code.
fn asking(fake: &Fake, client: &Client) -> Rc<RefCell<Option<String>>> {
    let code = Rc::new(RefCell::new(None));
    let (client, answer) = (client.clone(), code.clone());
    fake.platform().clock.spawn(Box::pin(async move {
        let result = client.twins().await;
        answer.replace(Some(result.map_or_else(|problem| problem.code, |_| "OK".to_owned())));
    }));
    code
}

#[test]
fn a_refused_token_is_renewed_once_and_silently() {
    let (fake, client) = client();
    let code = asking(&fake, &client);
    fake.request().answer(401, &[], &problem("TOKEN_EXPIRED", false));
    fake.request().answer(200, &[], r#"{"success":true,"data":[],"meta":{}}"#);
    fake.run();
    assert_eq!(code.take().as_deref(), Some("OK"));
    assert_eq!(fake.log().iter().filter(|request| request.url.ends_with("/oauth/token")).count(), 2);
    let code = asking(&fake, &client);
    for _ in 0..3 {
        fake.request().answer(401, &[], &problem("INVALID_TOKEN", false));
    }
    fake.run();
    assert_eq!(code.take().as_deref(), Some("INVALID_TOKEN"), "it does not go on for ever");
}

#[test]
fn a_wrong_clock_is_set_right_by_the_server_and_a_nonce_is_taken_up() {
    let fake = Fake::new();
    let client = Client::new(fake.platform(), ORIGIN, "vi");
    let _asking = asking(&fake, &client);
    let first = fake.request();
    assert!(proof(&first).1.contains(&format!("\"iat\":{}", NOW / 1000)));
    // An hour later than the visitor's clock.
    first.answer(400, &[("date", "Sat, 21 Nov 2026 04:20:31 GMT")], r#"{"error":"invalid_dpop_proof"}"#);
    let second = fake.request();
    assert!(proof(&second).1.contains(&format!("\"iat\":{}", NOW / 1000 + 3600)));
    second.answer(400, &[("dpop-nonce", "n1")], r#"{"error":"use_dpop_nonce"}"#);
    let third = fake.request();
    assert!(proof(&third).1.contains(r#""nonce":"n1""#));
    third.answer(200, &[], &token("t1"));
    let call = fake.request();
    assert!(proof(&call).1.contains(r#""nonce":"n1""#));
    assert!(proof(&call).1.contains(r#""ath":""#));
}

#[test]
fn a_refused_exchange_is_told_once() {
    let fake = Fake::new();
    let client = Client::new(fake.platform(), ORIGIN, "vi");
    let code = asking(&fake, &client);
    fake.request().answer(400, &[], r#"{"error":"invalid_request"}"#);
    fake.run();
    assert_eq!(code.take().as_deref(), Some("INVALID_REQUEST"));
    assert!(fake.is_quiet());
}

#[test]
fn nothing_is_kept_until_the_identity_is_to_be_kept_and_then_the_next_visit_finds_it() {
    let (fake, client) = client();
    let _asking = asking(&fake, &client);
    let twins = fake.request();
    assert!(fake.keeps_nothing());
    assert!(!fake.wait(client.is_known()));
    fake.wait(client.keep_identity());
    assert!(!fake.keeps_nothing());
    let again = Client::new(fake.platform(), ORIGIN, "vi");
    assert!(fake.wait(again.is_known()));
    let _asking = asking(&fake, &again);
    let later = fake.request();
    assert_eq!(proof(&later).0, proof(&twins).0, "the same key");
    let elsewhere = Client::new(fake.platform(), "https://other.example", "vi");
    assert!(!fake.wait(elsewhere.is_known()), "a key is for one proxy");
}

#[test]
fn two_tabs_that_keep_their_keys_are_one_visitor() {
    let (fake, first) = client();
    let second = Client::new(fake.platform(), ORIGIN, "vi");
    let _both = (asking(&fake, &first), asking(&fake, &second));
    let (one, two) = (fake.request(), fake.request());
    assert_ne!(proof(&one).0, proof(&two).0);
    fake.wait(first.keep_identity());
    fake.wait(second.keep_identity());
    let _asking = asking(&fake, &second);
    assert_eq!(proof(&fake.request()).0, proof(&one).0);
}

#[test]
fn without_webcrypto_the_visitor_has_a_secret_that_is_kept_no_sooner() {
    let fake = Fake::new();
    fake.set_secure(false);
    let client = Client::new(fake.platform(), ORIGIN, "vi");
    let _asking = asking(&fake, &client);
    let exchange = fake.request();
    assert!(exchange.request.body.contains("visitor-secret&subject_token=new"), "{}", exchange.request.body);
    let answer = token("t1").replace("DPoP", "Bearer").replace("\"scope\"", "\"visitor_secret\":\"s3cret\",\"scope\"");
    exchange.answer(200, &[], &answer);
    assert_eq!(header(&fake.request(), "authorization"), "Bearer t1");
    assert!(fake.keeps_nothing());
    fake.wait(client.keep_identity());
    let again = Client::new(fake.platform(), ORIGIN, "vi");
    let _asking = self::asking(&fake, &again);
    assert!(fake.request().request.body.ends_with("subject_token=s3cret"));
}

#[test]
fn no_network_and_no_answer_are_told_apart() {
    let (fake, client) = client();
    let code = asking(&fake, &client);
    fake.request().fail();
    fake.run();
    assert_eq!(code.take().as_deref(), Some("NETWORK"));
    let code = asking(&fake, &client);
    let unanswered = fake.request();
    fake.advance(31_000);
    assert_eq!(code.take().as_deref(), Some("NETWORK"), "nobody waits for ever");
    assert!(unanswered.is_dropped());
    fake.set_online(false);
    let code = asking(&fake, &client);
    fake.run();
    assert_eq!(code.take().as_deref(), Some("OFFLINE"));
    fake.set_online(true);
    let code = asking(&fake, &client);
    fake.request().answer(200, &[], "<html>");
    fake.run();
    assert_eq!(code.take().as_deref(), Some("UNREADABLE"));
}

/// A key of which only the public half is known.
struct Public(&'static str, &'static str);

impl Key for Public {
    fn x(&self) -> &str {
        self.0
    }

    fn y(&self) -> &str {
        self.1
    }

    fn sign(&self, _: &[u8]) -> Task<Option<Vec<u8>>> {
        Box::pin(async { None })
    }

    fn keep(&self, _: &str) -> Task<Option<Rc<dyn Key>>> {
        Box::pin(async { None })
    }
}

#[test]
fn a_key_has_the_thumbprint_that_rfc_9449_prints_for_it() {
    let key = Public("l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs", "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA");
    let fake = Fake::new();
    let thumbprint = fake.wait(thumbprint(&fake.platform(), &key));
    assert_eq!(thumbprint.as_deref(), Some("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"));
}

#[test]
fn base64url_is_as_rfc_4648_has_it() {
    for (bytes, text) in
        [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"), ("\u{3ff}\u{7ff}", "z7_fvw")]
    {
        assert_eq!(base64url(bytes.as_bytes()), text);
        assert_eq!(decode(text), bytes.as_bytes());
    }
}

fn granted(visitor: u32) -> String {
    token(&format!("t{visitor}")).replace("vis_0000000000000001", &format!("vis_{visitor:016}"))
}

/// What the token endpoint was sent, one form per exchange.
fn exchanges(fake: &Fake) -> Vec<String> {
    fake.log().iter().filter(|request| request.url.ends_with("/oauth/token")).map(|request| request.body.clone()).collect()
}

#[test]
fn a_site_that_says_who_the_visitor_is_is_asked_when_a_token_is_needed_and_again_ahead_of_its_end() {
    let (fake, client) = client();
    let asked = Rc::new(RefCell::new(Vec::new()));
    let log = asked.clone();
    fake.vouch(move |previous, reason| {
        log.borrow_mut().push(format!("{} {reason:?}", previous.unwrap_or_default()));
        Ok(Vouched::Identity(format!("jwt{}", log.borrow().len())))
    });
    assert!(asked.borrow().is_empty());
    let _one = asking(&fake, &client);
    assert_eq!(header(&fake.request(), "authorization"), "DPoP t1");
    assert!(client.is_signed_in());
    fake.advance(571_000);
    let _two = asking(&fake, &client);
    fake.run();
    assert_eq!(*asked.borrow(), [" Initial", "jwt1 Expiring"]);
    let forms = exchanges(&fake);
    assert!(forms[0].contains("token-type%3Ajwt&subject_token=jwt1") && forms[1].ends_with("=jwt2"), "{forms:?}");
}

#[test]
fn an_identity_token_that_the_proxy_refuses_is_asked_for_once_more_and_then_told() {
    let fake = Fake::new();
    let client = Client::new(fake.platform(), ORIGIN, "vi");
    let reasons = Rc::new(RefCell::new(Vec::new()));
    let log = reasons.clone();
    fake.vouch(move |_, reason| {
        log.borrow_mut().push(reason);
        Ok(Vouched::Identity("stale".into()))
    });
    let code = asking(&fake, &client);
    for _ in 0..2 {
        fake.request().answer(400, &[], r#"{"error":"invalid_request","error_description":"the token has expired"}"#);
    }
    fake.run();
    assert_eq!(code.take().as_deref(), Some("IDENTITY_REFUSED"));
    assert_eq!(*reasons.borrow(), [Reason::Initial, Reason::Rejected]);
    assert!(!client.is_signed_in());
}

#[test]
fn a_site_that_knows_nobody_leaves_the_visitor_anonymous_and_one_that_fails_is_told() {
    let (fake, client) = client();
    fake.vouch(|_, _| Ok(Vouched::Nobody));
    let _asking = asking(&fake, &client);
    fake.run();
    assert!(exchanges(&fake)[0].contains("dpop-jkt") && !client.is_signed_in());

    let (fake, client) = self::client();
    fake.vouch(|_, _| Err(Unanswered));
    let code = asking(&fake, &client);
    fake.run();
    assert_eq!(code.take().as_deref(), Some("IDENTITY_UNAVAILABLE"));
    assert!(exchanges(&fake).is_empty(), "nobody becomes anonymous by accident");
}

#[test]
fn what_the_sites_server_has_exchanged_is_used_as_it_is() {
    let (fake, client) = client();
    fake.vouch(|_, _| Ok(Vouched::Granted(token("theirs").replace("\"DPoP\"", "\"Bearer\""))));
    let _asking = asking(&fake, &client);
    let call = fake.request();
    assert_eq!((header(&call, "authorization"), header(&call, "dpop")), ("Bearer theirs".into(), String::new()));
    assert!(exchanges(&fake).is_empty());
    assert!(!fake.wait(client.can_link()), "nothing shows who the visitor was before");
}

#[test]
fn signing_in_changes_nothing_when_it_fails_and_signing_out_brings_the_visitor_of_before() {
    let fake = Fake::new();
    fake.serve(|request| {
        let body = || if request.body.contains("=alice") { granted(2) } else { granted(1) };
        match request.url.rsplit('/').next() {
            Some("token") if request.body.contains("=forged") => {
                Some((400, r#"{"error":"invalid_request","error_description":"the signature is wrong"}"#.into()))
            }
            Some("token" | "revoke") => Some((200, body())),
            _ => None,
        }
    });
    let client = Client::new(fake.platform(), ORIGIN, "vi");
    let _asking = asking(&fake, &client);
    fake.run();
    let problem = fake.wait(client.sign_in("forged")).unwrap_err();
    assert_eq!((problem.code.as_str(), problem.message.as_str()), ("IDENTITY_REFUSED", "the signature is wrong"));
    assert_eq!((client.visitor().as_str(), client.is_signed_in()), ("vis_0000000000000001", false));

    fake.wait(client.sign_in("alice")).unwrap();
    assert_eq!((client.visitor().as_str(), client.is_signed_in()), ("vis_0000000000000002", true));
    assert!(fake.wait(client.can_link()));
    fake.wait(client.keep_identity());
    assert!(fake.keeps_nothing(), "the site knows who comes back");

    // Without a site to ask there is no second token.
    fake.advance(601_000);
    let code = asking(&fake, &client);
    fake.run();
    assert_eq!(code.take().as_deref(), Some("SIGN_IN_EXPIRED"));

    fake.wait(client.sign_in("alice")).unwrap();
    client.sign_out();
    fake.run();
    assert!(fake.log().last().unwrap().url.ends_with("/oauth/revoke"));
    let _again = asking(&fake, &client);
    fake.run();
    assert_eq!((client.visitor().as_str(), client.is_signed_in()), ("vis_0000000000000001", false));
}

#[test]
fn a_visitor_without_a_key_shows_by_the_secret_who_that_was() {
    let fake = Fake::new();
    fake.set_secure(false);
    let secret = token("t1").replace("\"DPoP\"", "\"Bearer\"").replace("\"expires_at\":0", "\"expires_at\":0,\"visitor_secret\":\"s1\"");
    fake.serve(move |request| request.url.ends_with("/oauth/token").then(|| (200, secret.clone())));
    let client = Client::new(fake.platform(), ORIGIN, "vi");
    let _asking = asking(&fake, &client);
    fake.request();
    fake.wait(client.sign_in("alice")).unwrap();
    let linking = client.clone();
    let moved = Rc::new(RefCell::new(None));
    let answer = moved.clone();
    fake.platform().clock.spawn(Box::pin(async move { drop(answer.replace(Some(linking.link().await))) }));
    let post = fake.request();
    assert_eq!((post.request.method, post.request.body.as_str()), ("POST", r#"{"visitorSecret":"s1"}"#));
    post.answer(200, &[], r#"{"success":true,"data":{"moved":3},"meta":{}}"#);
    fake.run();
    assert_eq!(moved.take(), Some(Ok(3)));
}

/// A visitor who was here before, and so many of their tabs; nothing is answered.
fn tabs(count: usize) -> (Fake, Vec<Client>) {
    let (fake, before) = client();
    drop(asking(&fake, &before));
    fake.request().answer(200, &[], EMPTY);
    fake.wait(before.keep_identity());
    fake.sleep_through(600_000);
    fake.serve(|_| None);
    let tabs = (0..count).map(|_| Client::new(fake.platform(), ORIGIN, "vi")).collect();
    (fake, tabs)
}

const EMPTY: &str = r#"{"success":true,"data":[],"meta":{}}"#;

fn is_exchange(exchange: &Exchange) -> bool {
    exchange.request.url.ends_with("/oauth/token")
}

/// The next requests are calls with this token; they are answered.
fn calls_with(fake: &Fake, access: &str, count: usize) {
    for _ in 0..count {
        let call = fake.request();
        assert_eq!(header(&call, "authorization"), ["DPoP ", access].concat());
        call.answer(200, &[], EMPTY);
    }
    assert!(fake.is_quiet());
}

#[test]
fn tabs_that_open_at_once_or_later_share_one_token_and_one_renewal() {
    let (fake, tabs) = tabs(3);
    let asked: Vec<_> = tabs.iter().map(|tab| asking(&fake, tab)).collect();
    let exchange = fake.request();
    assert!(is_exchange(&exchange) && fake.is_quiet(), "one asks for all three");
    exchange.answer(200, &[], &token("t2"));
    calls_with(&fake, "t2", 3);
    assert!(asked.iter().all(|code| code.borrow().as_deref() == Some("OK")));
    let late = Client::new(fake.platform(), ORIGIN, "vi");
    let _asking = asking(&fake, &late);
    calls_with(&fake, "t2", 1);
    assert_eq!(late.visitor(), "vis_0000000000000001");
    // All of them wake long after it has expired.
    fake.sleep_through(3_600_000);
    let _asked: Vec<_> = tabs.iter().chain([&late]).map(|tab| asking(&fake, tab)).collect();
    let exchange = fake.request();
    assert!(is_exchange(&exchange) && fake.is_quiet());
    exchange.answer(200, &[], &token("t3"));
    calls_with(&fake, "t3", 4);
}

#[test]
fn a_tab_that_is_closed_while_it_renews_leaves_that_to_the_next() {
    let (fake, tabs) = tabs(3);
    let closing = tabs[0].clone();
    let (tab, close) = abortable(async move { drop(closing.twins().await) });
    fake.platform().clock.spawn(Box::pin(tab.map(drop)));
    fake.run();
    let _asked: Vec<_> = tabs[1..].iter().map(|tab| asking(&fake, tab)).collect();
    let first = fake.request();
    assert!(is_exchange(&first) && fake.is_quiet());
    tabs[0].close();
    close.abort();
    fake.run();
    assert!(first.is_dropped());
    let next = fake.request();
    assert!(is_exchange(&next) && fake.is_quiet());
    next.answer(200, &[], &token("t2"));
    calls_with(&fake, "t2", 2);
}

#[test]
fn a_tab_does_not_wait_for_ever_for_one_that_sleeps_with_its_turn() {
    let (fake, tabs) = tabs(2);
    let _asked: Vec<_> = tabs.iter().map(|tab| asking(&fake, tab)).collect();
    let _sleeping = fake.request();
    assert!(fake.is_quiet());
    fake.advance(5_000);
    let next = fake.request();
    assert!(is_exchange(&next));
    next.answer(200, &[], &token("t2"));
    calls_with(&fake, "t2", 1);
}

#[test]
fn a_refused_token_is_not_taken_up_again_and_its_successor_is_shared() {
    let (fake, tabs) = tabs(2);
    let _asked: Vec<_> = tabs.iter().map(|tab| asking(&fake, tab)).collect();
    fake.request().answer(200, &[], &token("t2"));
    for _ in 0..2 {
        fake.request().answer(401, &[], &problem("INVALID_TOKEN", false));
    }
    let exchange = fake.request();
    assert!(is_exchange(&exchange) && fake.is_quiet());
    exchange.answer(200, &[], &token("t3"));
    calls_with(&fake, "t3", 2);
}

#[test]
fn a_token_got_before_the_first_message_is_shared_from_that_message_on() {
    let (fake, first) = client();
    let _asking = asking(&fake, &first);
    calls_with(&fake, "t1", 1);
    assert!(fake.keeps_nothing());
    fake.wait(first.keep_identity());
    fake.serve(|_| None);
    let second = Client::new(fake.platform(), ORIGIN, "vi");
    let _asking = self::asking(&fake, &second);
    calls_with(&fake, "t1", 1);
    fake.wait(first.forget_identity());
    let third = Client::new(fake.platform(), ORIGIN, "vi");
    let _asking = self::asking(&fake, &third);
    assert!(is_exchange(&fake.request()), "who is forgotten leaves nothing");
}

#[test]
fn nothing_of_a_signed_in_visitor_reaches_another_tab_nor_the_other_way_round() {
    let (fake, tabs) = tabs(3);
    let _asking = asking(&fake, &tabs[0]);
    fake.request().answer(200, &[], &token("anonymous"));
    calls_with(&fake, "anonymous", 1);
    fake.vouch(|_, _| Ok(Vouched::Identity("id".to_owned())));
    let _asking = asking(&fake, &tabs[1]);
    let exchange = fake.request();
    assert!(exchange.request.body.contains("token-type%3Ajwt&subject_token=id"), "{}", exchange.request.body);
    exchange.answer(200, &[], &token("hers"));
    calls_with(&fake, "hers", 1);
    fake.vouch(|_, _| Ok(Vouched::Nobody));
    let _asking = asking(&fake, &tabs[2]);
    calls_with(&fake, "anonymous", 1);
    tabs[2].sign_out();
    assert!(fake.is_quiet(), "what is others' as well is not taken back");
    let _asking = asking(&fake, &tabs[2]);
    calls_with(&fake, "anonymous", 1);
}

#[test]
fn a_site_that_can_say_it_late_is_asked_once_what_has_begun_without_it_has_ended() {
    let fake = Fake::new();
    let client = Client::new(fake.platform(), ORIGIN, "vi");
    let first = asking(&fake, &client);
    let anonymous = fake.request();
    fake.vouch(|_, _| Ok(Vouched::Identity("id".to_owned())));
    let (is_other, asked) = (Rc::new(Cell::new(None)), client.clone());
    let told = is_other.clone();
    fake.platform().clock.spawn(Box::pin(async move { told.set(asked.ask_site().await.ok()) }));
    fake.run();
    assert!(fake.is_quiet(), "one after the other");
    anonymous.answer(200, &[], &token("anonymous"));
    let (call, other) = (fake.request(), fake.request());
    let (call, exchange) = if is_exchange(&call) { (other, call) } else { (call, other) };
    assert_eq!(header(&call, "authorization"), "DPoP anonymous");
    assert!(exchange.request.body.ends_with("subject_token=id"), "{}", exchange.request.body);
    exchange.answer(200, &[], &token("hers").replace("vis_0000000000000001", "vis_0000000000000002"));
    fake.run();
    assert_eq!((is_other.get(), client.is_signed_in()), (Some(true), true));
    call.answer(200, &[], EMPTY);
    fake.run();
    assert_eq!(first.take().as_deref(), Some("OK"));
}
