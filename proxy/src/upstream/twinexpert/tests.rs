use super::answers::TextAt;
use super::events::events;
use super::screen::Screen;
use super::*;
use crate::budget::tests::generous_gate;
use crate::clock::LoadedDice;
use crate::config::Config;
use crate::upstream::client::reading::Body;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use proptest::prelude::*;
use std::sync::Mutex as StdMutex;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const KEY: &str = "te_canary_0123456789";

fn screen() -> Screen {
    Screen::new("main", "c1")
}

/// Everything that a stream of these chunks says.
async fn said(chunks: &[&[u8]]) -> Vec<Result<UpstreamEvent, UpstreamError>> {
    let chunks: Vec<_> = chunks.iter().map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    events(stream::iter(chunks).boxed(), Timeouts::default(), (screen(), TextAt::default())).collect().await
}

fn delta(text: &str) -> Result<UpstreamEvent, UpstreamError> {
    Ok(UpstreamEvent::Delta(text.to_owned()))
}

fn complete(text: Option<&str>) -> Result<UpstreamEvent, UpstreamError> {
    Ok(UpstreamEvent::Complete(text.map(str::to_owned)))
}

#[tokio::test]
async fn the_name_may_stand_in_either_place_and_the_text_in_any() {
    for text in [
        "event: delta\ndata: {\"content\":\"Chào\"}\n\nevent: complete\ndata: {}\n\n",
        "data: {\"type\":\"delta\",\"delta\":\"Chào\"}\n\ndata: {\"type\":\"complete\"}\n\n",
        "data: {\"type\":\"delta\",\"data\":{\"text\":\"Chào\"}}\n\ndata: [DONE]\n\n",
        "event: delta\ndata: {\"delta\":{\"content\":\"Chào\"}}\n\nevent: complete\ndata: {\"message\":\"Done\"}\n\n",
        "event: delta\ndata: \"Chào\"\n\nevent: complete\ndata: ok\n\n",
        "event: delta\ndata: Chào\n\nevent: complete\ndata: {\"status\":\"ok\"}\n\n",
        "event: message\ndata: {\"content\":\"Chào\",\"type\":\"delta\"}\n\nevent: ping\ndata: {}\n\nevent: complete\ndata: {}",
    ] {
        assert_eq!(said(&[text.as_bytes()]).await, [delta("Chào"), complete(None)], "{text}");
    }
}

#[tokio::test]
async fn where_the_owner_says_that_the_text_stands_it_is_looked_for_first() {
    let text = "event: delta\ndata: {\"text\":\"no\",\"payload\":{\"piece\":\"Chào\"}}\n\nevent: delta\ndata: {\"text\":\" bạn\"}\n\n\
                event: complete\ndata: {\"payload\":{\"all\":[\"Chào bạn\"]},\"conversationId\":\"c1\"}\n\n";
    let text_at = TextAt::new(&["/payload/piece".to_owned(), "/payload/all/0".to_owned()]);
    let body = stream::iter([Ok(Bytes::from_static(text.as_bytes()))]).boxed();
    let said: Vec<_> = events(body, Timeouts::default(), (screen(), text_at)).collect().await;
    assert_eq!(said, [delta("Chào"), delta(" bạn"), complete(Some("Chào bạn"))]);
}

#[tokio::test]
async fn a_whole_text_at_the_end_is_given_and_nothing_after_the_end_is_read() {
    let text = "event: progress\ndata: {\"message\":\"Đang tìm\"}\n\nevent: delta\ndata: {\"content\":\"Cháo\"}\n\n\
                event: complete\ndata: {\"content\":\"Chào\"}\n\nevent: delta\ndata: {\"content\":\"!\"}\n\n";
    assert_eq!(said(&[text.as_bytes()]).await, [Ok(UpstreamEvent::Progress("Đang tìm".to_owned())), delta("Cháo"), complete(Some("Chào"))]);
}

#[tokio::test]
async fn events_of_other_conversations_and_of_other_kinds_are_left_out() {
    let text = "event: delta\ndata: {\"content\":\"theirs\",\"conversationId\":\"c2\"}\n\n\
                event: progress\ndata: {\"message\":\"theirs\",\"data\":{\"conversationId\":\"c2\"}}\n\n\
                event: telemetry\ndata: {\"type\":\"delta\",\"content\":\"theirs\"}\n\n\
                data: {\"event\":\"note\",\"content\":\"theirs\"}\n\n\
                event: delta\ndata: {\"role\":\"user\",\"content\":\"theirs\"}\n\n\
                event: error\ndata: {\"message\":\"theirs\",\"conversationId\":\"c2\"}\n\n\
                event: complete\ndata: {\"content\":\"theirs\",\"conversationId\":\"c2\"}\n\n\
                event: delta\ndata: {\"content\":\"mine\",\"conversationId\":\"c1\",\"history\":[{\"content\":\"theirs\"}]}\n\n\
                event: complete\ndata: {\"conversationId\":\"c1\",\"history\":[{\"content\":\"theirs\"}]}\n\n";
    assert_eq!(said(&[text.as_bytes()]).await, [delta("mine"), complete(None)]);
}

#[tokio::test]
async fn errors_in_the_stream_are_told_apart_by_the_status_they_would_have_had() {
    for (data, expected) in [
        ("{\"message\":\"x\"}", UpstreamError::Failed("an error event: no known code".to_owned())),
        ("{\"error\":{\"statusCode\":429,\"message\":\"x\"}}", UpstreamError::Limited { retry_after: None }),
        ("{\"statusCode\":401,\"message\":\"x\"}", UpstreamError::Refused("an error event: no known code".to_owned())),
        ("{\"error\":\"GENERATION_FAILED\"}", UpstreamError::Failed("an error event: GENERATION_FAILED".to_owned())),
        ("broken", UpstreamError::Failed("an error event: no known code".to_owned())),
    ] {
        let text = format!("event: error\ndata: {data}\n\n");
        assert_eq!(said(&[text.as_bytes()]).await, [Err(expected)]);
    }
}

#[tokio::test]
async fn an_end_without_an_announcement_is_an_end_without_complete() {
    assert_eq!(said(&[b"event: delta\ndata: {\"content\":\"Ch\"}\n\n"]).await, [delta("Ch")]);
    assert_eq!(said(&[]).await, []);
}

#[tokio::test]
async fn a_character_cut_between_two_deltas_is_whole() {
    let cut = b"event: delta\ndata: {\"content\":\"So \\ud83d\"}\n\nevent: delta\ndata: {\"content\":\"\\ude00!\"}\n\nevent: complete\ndata: {}\n\n";
    assert_eq!(said(&[cut]).await, [delta("So "), delta("😀!"), complete(None)]);
}

#[tokio::test]
async fn damaged_json_is_forgiven_only_if_the_whole_text_is_repeated() {
    let damaged = "event: delta\ndata: {\"content\":\"Ch\n\n";
    let repeated = said(&[damaged.as_bytes(), b"event: complete\ndata: {\"content\":\"whole\"}\n\n"]).await;
    assert_eq!(repeated, [complete(Some("whole"))]);
    let not = said(&[damaged.as_bytes(), b"event: complete\ndata: {}\n\n"]).await;
    assert!(matches!(not[..], [Err(UpstreamError::BrokeOff(_))]), "{not:?}");
}

#[tokio::test]
async fn an_endless_line_is_not_kept_in_memory() {
    let chunk = vec![b'x'; 1 << 20];
    let said = said(&[&chunk, &chunk, &chunk, &chunk, &chunk]).await;
    assert!(matches!(said[..], [Err(UpstreamError::Failed(_))]), "{said:?}");
}

/// How long a stream that says this and then nothing is waited for, in seconds.
async fn waited_for(first: &'static [u8]) -> u64 {
    let body: Body = stream::iter([Ok(Bytes::from_static(first))]).chain(stream::pending()).boxed();
    let begun = tokio::time::Instant::now();
    let last = events(body, Timeouts::default(), (screen(), TextAt::default())).collect::<Vec<_>>().await.pop();
    assert!(matches!(last, Some(Err(UpstreamError::Silent(_)))), "{last:?}");
    begun.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_falls_silent_is_given_two_minutes() {
    assert_eq!(waited_for(b": comments are no events\n\n").await, 120);
    assert_eq!(waited_for(b"event: delta\ndata: {\"content\":\"Ch\"}\n\n").await, 120);
}

proptest! {
    #[test]
    fn any_chunking_says_the_same_and_no_bytes_do_harm(text in "(data|event|:| |\\{|\\}|\"|delta|complete|content|à|\n|\r|[a-z]){0,60}", cut in 0_usize..200) {
        let bytes = text.as_bytes();
        let cut = cut.min(bytes.len());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        prop_assert_eq!(runtime.block_on(said(&[bytes])), runtime.block_on(said(&[&bytes[..cut], &bytes[cut..]])));
    }
}

/// A server that gives these answers, one connection each, and remembers what it was asked.
async fn server(answers: Vec<String>) -> (TwinExpert, Arc<StdMutex<Vec<String>>>) {
    server_with(answers, "").await
}

/// The same, with more in the settings of the upstream.
async fn server_with(answers: Vec<String>, more: &str) -> (TwinExpert, Arc<StdMutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(StdMutex::new(Vec::new()));
    let heard = asked.clone();
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = vec![0; 8192];
            let length = stream.read(&mut bytes).await.unwrap();
            heard.lock().unwrap().push(String::from_utf8_lossy(&bytes[..length]).into_owned());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (client_with(&origin, more), asked)
}

/// Whole seconds of tokio's time, which some of these tests move on.
#[derive(Debug)]
struct TokioSeconds(tokio::time::Instant);

impl Clock for TokioSeconds {
    fn now_millis(&self) -> i64 {
        1_760_000_000_000 + i64::try_from(self.0.elapsed().as_secs()).unwrap() * 1000
    }
}

fn client(origin: &str) -> TwinExpert {
    client_with(origin, "")
}

fn client_with(origin: &str, more: &str) -> TwinExpert {
    let text = format!("[[upstream]]\nname = \"main\"\nkind = \"twinexpert\"\norigin = \"{origin}\"\nkey_env = \"KEY\"\n{more}");
    let config = Config::read(std::path::Path::new("t.toml"), &text, &|_| Some(KEY.to_owned())).unwrap();
    let clock = Arc::new(TokioSeconds(tokio::time::Instant::now()));
    TwinExpert::new(&config.upstreams[0], generous_gate(clock.clone()), (clock, Arc::new(LoadedDice::seeded(1))), Timeouts::default())
        .unwrap()
}

fn answer(status: &str, more: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{more}\r\n{body}", body.len())
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_key_stays_here() {
    let (upstream, asked) = server(vec![answer("302 Found", "Location: http://127.0.0.1:1/evil\r\n", "")]).await;
    let error = upstream.twins().await.unwrap_err();
    assert!(matches!(&error, UpstreamError::Failed(note) if note.contains("redirect")), "{error}");
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_that_the_upstream_repeats_is_not_repeated_by_us() {
    let body = format!("{{\"message\":\"Invalid API key {KEY}\"}}");
    let (upstream, _) = server(vec![answer("401 Unauthorized", "", &body)]).await;
    let error = upstream.twins().await.unwrap_err();
    assert!(matches!(error, UpstreamError::Refused(_)));
    assert!(!format!("{error} {error:?} {upstream:?}").contains(KEY), "{error}");
    assert!(error.to_string().contains("[key]"));
}

#[tokio::test]
async fn a_key_in_a_reply_reaches_nobody() {
    let streamed =
        format!("event: delta\ndata: {{\"content\":\"a {}\"}}\n\nevent: delta\ndata: {{\"content\":\"{} b\"}}\n\n", &KEY[..9], &KEY[9..]);
    let streamed = answer("200 OK", "Content-Type: text/event-stream\r\n", &(streamed + "data: [DONE]\n\n"));
    let whole = answer("200 OK", "Content-Type: application/json\r\n", &format!("{{\"data\":{{\"content\":\"a {KEY} b\"}}}}"));
    let (upstream, _) = server(vec![streamed, whole]).await;
    for _ in 0..2 {
        let said: Vec<_> = upstream.send("c1", "hi", &upstream.gate().operator()).await.unwrap().collect().await;
        let said = format!("{said:?}");
        assert!(said.contains("[key]") && !said.contains("0123456789"), "{said}");
    }
}

#[tokio::test]
async fn what_a_refusal_of_a_message_says_is_not_repeated() {
    let body = "{\"message\":\"not allowed: private words\",\"error\":\"FORBIDDEN\"}";
    let (upstream, _) = server(vec![answer("403 Forbidden", "", body)]).await;
    let error = upstream.send("conv_upstream", "private words", &upstream.gate().operator()).await.err().unwrap();
    assert_eq!(
        error,
        UpstreamError::Refused("POST /api/v1/conversations/{conversation}/messages/stream: 403 Forbidden FORBIDDEN".to_owned())
    );
}

#[tokio::test]
async fn a_whole_answer_of_another_conversation_is_refused() {
    let body = "{\"success\":true,\"message\":\"theirs\",\"data\":{\"conversationId\":\"c2\",\"content\":\"theirs\"}}";
    let (upstream, _) = server(vec![answer("200 OK", "Content-Type: application/json\r\n", body)]).await;
    assert!(
        matches!(upstream.send("c1", "hi", &upstream.gate().operator()).await.err(), Some(UpstreamError::Failed(note)) if !note.contains("theirs"))
    );
}

#[tokio::test]
async fn ids_are_one_segment_of_the_path_whatever_is_in_them() {
    let ok = answer("200 OK", "Content-Type: text/event-stream\r\n", "data: [DONE]\n\n");
    let (upstream, asked) = server(vec![ok]).await;
    drop(upstream.send("../a b/%2e?x#y@z", "hi", &upstream.gate().operator()).await.unwrap());
    let request = asked.lock().unwrap()[0].clone();
    assert!(request.starts_with("POST /api/v1/conversations/..%2Fa%20b%2F%252e%3Fx%23y@z/messages/stream HTTP/1.1\r\n"), "{request}");
    assert_eq!(request.matches(KEY).count(), 1);
    assert!(
        request.contains(&format!("authorization: Bearer {KEY}\r\n")) && request.contains("accept-encoding: identity\r\n"),
        "{request}"
    );
    for id in ["..", ".", ""] {
        assert!(matches!(upstream.send(id, "hi", &upstream.gate().operator()).await, Err(UpstreamError::NotFound(_))), "{id:?}");
    }
}

#[tokio::test]
async fn conversations_are_made_at_the_twin_where_there_is_no_other_place_and_that_is_remembered() {
    let made = || answer("201 Created", "", "{\"data\":{\"id\":\"c1\"}}");
    let (upstream, asked) = server(vec![answer("404 Not Found", "", ""), made(), made()]).await;
    for _ in 0..2 {
        assert_eq!(upstream.create_conversation("t1", "Chào", &upstream.gate().operator()).await.unwrap(), "c1");
    }
    let paths: Vec<_> = asked.lock().unwrap().iter().map(|request| request.split(' ').nth(1).unwrap().to_owned()).collect();
    assert_eq!(paths, ["/api/v1/conversations", "/api/v1/twins/t1", "/api/v1/twins/t1"]);
}

#[tokio::test]
async fn an_upstream_that_lost_a_conversation_is_given_a_new_one_in_which_nothing_is_said_before_it_is_claimed() {
    let gone = || answer("404 Not Found", "", "");
    let made = answer("201 Created", "", "{\"data\":{\"id\":\"c2\"}}");
    let replied = answer("200 OK", "Content-Type: text/event-stream\r\n", "event: complete\ndata: {\"content\":\"ok\"}\n\n");
    let (upstream, asked) = server(vec![gone(), gone(), made, replied]).await;
    let fare = upstream.gate().operator();
    let mut said = upstream.ask(Question { twin: "t1", conversation: Some("c1"), content: "hi", ..Question::default() }, &fare);
    assert_eq!(said.next().await, Some(Ok(UpstreamEvent::Began("c2".to_owned()))));
    assert_eq!(asked.lock().unwrap().len(), 3);
    assert_eq!(said.collect::<Vec<_>>().await, [complete(Some("ok"))]);
    assert!(asked.lock().unwrap()[3].starts_with("POST /api/v1/conversations/c2/messages/stream "));
}

#[tokio::test]
async fn a_failure_to_make_a_conversation_is_not_tried_elsewhere() {
    let (upstream, asked) = server(vec![answer("500 Internal Server Error", "", "<html>")]).await;
    assert!(matches!(upstream.create_conversation("t1", "", &upstream.gate().operator()).await, Err(UpstreamError::Failed(_))));
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_upstream_without_a_stream_is_asked_for_the_whole_reply() {
    let whole = || answer("200 OK", "", "{\"data\":{\"role\":\"assistant\",\"content\":\"Chào\"}}");
    let (upstream, asked) = server(vec![answer("405 Method Not Allowed", "", ""), whole(), whole()]).await;
    for _ in 0..2 {
        let said: Vec<_> = upstream.send("c1", "hi", &upstream.gate().operator()).await.unwrap().collect().await;
        assert_eq!(said, [complete(Some("Chào"))]);
    }
    assert_eq!(asked.lock().unwrap().len(), 3);
    assert!(!upstream.capabilities("t1").stream);
}

#[tokio::test]
async fn its_account_of_the_budget_is_kept() {
    let headers = "X-RateLimit-Limit: 500\r\nX-RateLimit-Remaining: 321\r\nX-RateLimit-Reset: 60\r\nX-RateLimit-Window: 3600\r\n";
    let (upstream, _) = server(vec![answer("200 OK", headers, "{\"data\":[]}")]).await;
    assert_eq!(upstream.budget(), None);
    upstream.twins().await.unwrap();
    let Some(Budget { limit: 500, remaining: 321, resets_at, window: Some(3600) }) = upstream.budget() else {
        panic!("{:?}", upstream.budget())
    };
    assert!((1_760_000_060_000..1_760_000_120_000).contains(&resets_at), "{resets_at}");
}

#[tokio::test]
async fn pictures_are_fetched_from_its_own_origin_only_and_without_the_key() {
    let png = "\u{0}PNG";
    let (upstream, asked) =
        server(vec![answer("200 OK", "Content-Type: image/png\r\n", png), answer("200 OK", "Content-Type: image/svg+xml\r\n", "<svg/>")])
            .await;
    assert!(matches!(upstream.picture("http://127.0.0.1:1/a.png").await, Err(UpstreamError::NotFound(_))));
    assert!(matches!(upstream.picture("//evil.example/a.png").await, Err(UpstreamError::NotFound(_))));
    assert!(upstream.picture("/a.png").await.is_err(), "it says PNG and is none");
    assert_eq!(upstream.picture("/b.svg").await.unwrap().media_type, "image/svg+xml");
    assert!(asked.lock().unwrap().iter().all(|request| !request.contains(KEY)));
}

/// How a server ends a connection in place of an answer.
const HANGS_UP: &str = "";

fn event_stream() -> String {
    answer("200 OK", "Content-Type: text/event-stream\r\n", "data: [DONE]\n\n")
}

/// Sends a message to a server that says this, and gives what came of it, how often it was asked,
/// and how many seconds were waited.
async fn sent_to(answers: &[&str]) -> (Option<UpstreamError>, usize, u64) {
    let (upstream, asked) = server(answers.iter().map(|text| (*text).to_owned()).collect()).await;
    let error = quickly(upstream.send("c1", "hi", &upstream.gate().operator())).await;
    let asked = asked.lock().unwrap().len();
    (error.0.err(), asked, error.1)
}

/// The outcome, with time moved on by hand, and how many seconds of it passed. Sockets work on in
/// between, so time must not jump by itself.
async fn quickly<T>(work: impl Future<Output = T>) -> (T, u64) {
    tokio::time::pause();
    let (release, released) = std::sync::mpsc::channel::<()>();
    drop(tokio::task::spawn_blocking(move || released.recv()));
    let begun = tokio::time::Instant::now();
    let mut work = std::pin::pin!(work);
    let done = loop {
        tokio::select! {
            biased;
            done = &mut work => break done,
            () = sockets() => tokio::time::advance(Duration::from_millis(50)).await,
        }
    };
    drop(release);
    let waited = begun.elapsed().as_secs();
    tokio::time::resume();
    (done, waited)
}

/// Lets what is on its way between sockets of this machine arrive.
async fn sockets() {
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_message_that_was_sent_and_not_answered_is_never_sent_again() {
    let late = answer("200 OK", "", "{}");
    let broke_off = |error: &Option<UpstreamError>| matches!(error, Some(UpstreamError::BrokeOff(_)));
    for first in [HANGS_UP, "HTTP/1.1 200 OK\r\nContent-", "nonsense\r\n\r\n"] {
        let (error, asked, _) = sent_to(&[first, &late]).await;
        assert!(broke_off(&error), "{first:?}: {error:?}");
        assert_eq!(asked, 1, "{first:?}");
    }
    for status in ["500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout", "408 Request Timeout"]
    {
        let (error, asked, _) = sent_to(&[&answer(status, "", ""), &late]).await;
        assert!(error.is_some());
        assert_eq!(asked, 1, "{status}");
    }
}

#[tokio::test]
async fn a_message_that_was_turned_away_for_a_few_seconds_is_sent_again_after_them() {
    for status in ["429 Too Many Requests", "503 Service Unavailable"] {
        let (error, asked, waited) = sent_to(&[&answer(status, "Retry-After: 3\r\n", ""), &event_stream()]).await;
        assert_eq!((error, asked), (None, 2), "{status}");
        assert!((3..=9).contains(&waited), "{status}: {waited} s");
    }
    let always = answer("429 Too Many Requests", "Retry-After: 1\r\n", "");
    let (error, asked, _) = sent_to(&[always.as_str(); 5]).await;
    assert_eq!((error, asked), (Some(UpstreamError::Limited { retry_after: Some(1) }), 3));
    for more in ["Retry-After: 11\r\n", ""] {
        let (error, asked, waited) = sent_to(&[&answer("429 Too Many Requests", more, ""), &event_stream()]).await;
        assert!(matches!(error, Some(UpstreamError::Limited { .. })));
        assert_eq!((asked, waited), (1, 0), "{more:?}");
    }
}

#[tokio::test]
async fn a_message_is_sent_again_while_nothing_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let upstream = client(&format!("http://{address}"));
    let fare = upstream.gate().operator();
    let (sent, asked) = (upstream.send("c1", "hi", &fare), tokio::sync::oneshot::channel());
    let answers = async {
        // Begins to listen only after the first try has failed.
        asked.1.await.unwrap();
        let (mut stream, _) = TcpListener::bind(address).await.unwrap().accept().await.unwrap();
        let length = stream.read(&mut vec![0; 8192]).await.unwrap();
        assert!(length > 0);
        stream.write_all(event_stream().as_bytes()).await.unwrap();
    };
    let sent = async {
        let mut sent = std::pin::pin!(sent);
        assert!(futures_util::poll!(&mut sent).is_pending());
        asked.0.send(()).unwrap();
        sent.await
    };
    let (sent, ()) = tokio::join!(sent, answers);
    assert_eq!(sent.unwrap().collect::<Vec<_>>().await, [complete(None)]);
}

#[tokio::test]
async fn nothing_that_listens_is_an_upstream_that_cannot_be_reached() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = client(&format!("http://{}", listener.local_addr().unwrap()));
    drop(listener);
    let (sent, waited) = quickly(upstream.send("c1", "hi", &upstream.gate().operator())).await;
    assert!(matches!(sent.err(), Some(UpstreamError::Unreachable(_))));
    assert!(waited <= 10, "{waited} s");
}

#[tokio::test]
async fn a_question_that_changes_nothing_is_asked_three_times_within_ten_seconds() {
    let twins = answer("200 OK", "", "{\"data\":[]}");
    let broken = answer("502 Bad Gateway", "", "<html>");
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"data\"";
    for first in [HANGS_UP, cut, &broken] {
        let (upstream, asked) = server([first, first, &twins].map(str::to_owned).to_vec()).await;
        let (listed, waited) = quickly(upstream.twins()).await;
        assert_eq!(listed.unwrap(), [], "{first:?}");
        assert_eq!(asked.lock().unwrap().len(), 3);
        assert!(waited <= 10, "{waited} s");
    }
    let (upstream, asked) = server(vec![broken.clone(); 5]).await;
    assert!(quickly(upstream.twins()).await.0.is_err());
    assert_eq!(asked.lock().unwrap().len(), 3);
    for status in ["401 Unauthorized", "404 Not Found", "429 Too Many Requests", "200 OK"] {
        let (upstream, asked) = server(vec![answer(status, "", "x"); 3]).await;
        assert!(upstream.twins().await.is_err());
        assert_eq!(asked.lock().unwrap().len(), 1, "{status}");
    }
}

/// What an upstream that takes the connection and then says nothing fails with, and after how long.
async fn silent(scheme: &str, first: &'static str) -> (UpstreamError, u64) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = client(&format!("{scheme}://{}", listener.local_addr().unwrap()));
    let said = tokio::spawn(async move {
        match upstream.send("c1", "hi", &upstream.gate().operator()).await {
            Ok(mut stream) => loop {
                match stream.next().await {
                    Some(Err(error)) => return error,
                    Some(Ok(_)) => {}
                    None => panic!("an end in order"),
                }
            },
            Err(error) => error,
        }
    });
    let (mut stream, _) = listener.accept().await.unwrap();
    assert!(stream.read(&mut vec![0; 8192]).await.unwrap() > 0);
    stream.write_all(first.as_bytes()).await.unwrap();
    sockets().await;
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    let error = said.await.unwrap();
    let waited = begun.elapsed().as_secs();
    tokio::time::resume();
    (error, waited)
}

#[tokio::test]
async fn each_silence_has_a_deadline_of_its_own() {
    let header = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    let (error, after) = silent("http", "").await;
    assert!(matches!(error, UpstreamError::Silent("no answer")) && (29..=30).contains(&after), "{error} {after}");
    let (error, after) = silent("http", header).await;
    assert!(matches!(error, UpstreamError::Silent("no first event")) && (119..=120).contains(&after), "{error} {after}");
    let text = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {\"content\":\"Ch\"}\n\n";
    let (error, after) = silent("http", text).await;
    assert!(matches!(error, UpstreamError::Silent("no further event")) && (119..=120).contains(&after), "{error} {after}");
    // A handshake that is never answered. It is tried again, as nothing can have got there.
    let (error, after) = silent("https", "").await;
    assert!(matches!(error, UpstreamError::Unreachable(_)) && (9..=12).contains(&after), "{error} {after}");
}

#[tokio::test]
async fn the_status_says_what_an_error_is_whatever_its_body_looks_like() {
    let nest = |message: &str| {
        format!(
            "{{\"statusCode\":400,\"timestamp\":\"x\",\"path\":\"/\",\"method\":\"GET\",\"message\":{message},\"error\":\"Bad Request\"}}"
        )
    };
    let bodies = [
        nest("\"page must be a number\""),
        nest("[\"page must be a number\",\"limit must be positive\"]"),
        "{\"success\":false,\"message\":\"page must be a number\",\"error\":\"BAD_REQUEST\",\"statusCode\":400,\"meta\":{},\"details\":{}}"
            .to_owned(),
        "<html><h1>Bad Gateway</h1></html>".to_owned(),
        String::new(),
        "[]".to_owned(),
        "null".to_owned(),
    ];
    for (status, kind) in [
        ("400 Bad Request", "failed"),
        ("401 Unauthorized", "refused"),
        ("403 Forbidden", "refused"),
        ("404 Not Found", "not_found"),
        ("405 Method Not Allowed", "not_found"),
        ("422 Unprocessable Entity", "failed"),
        ("429 Too Many Requests", "limited"),
    ] {
        for (at, body) in bodies.iter().enumerate() {
            let (upstream, _) = server(vec![answer(status, "", body)]).await;
            let error = upstream.twins().await.unwrap_err();
            assert_eq!(error.kind(), kind, "{status} {body}");
            let says = error.to_string();
            assert!(kind == "limited" || (at < 3) == says.contains("page must be a number"), "{says}");
            assert!(!says.contains("<h1>"), "{says}");
        }
    }
}

#[tokio::test]
async fn the_other_place_to_make_a_conversation_is_tried_only_where_the_first_does_not_exist() {
    for (status, tries) in
        [("404 Not Found", 2), ("405 Method Not Allowed", 2), ("400 Bad Request", 1), ("403 Forbidden", 1), ("409 Conflict", 1)]
    {
        let (upstream, asked) = server(vec![answer(status, "", ""), answer("201 Created", "", "{\"data\":{\"id\":\"c1\"}}")]).await;
        let made = upstream.create_conversation("t1", "", &upstream.gate().operator()).await;
        assert_eq!((made.is_ok(), asked.lock().unwrap().len()), (tries == 2, tries), "{status}");
    }
    // Wherever it is made, the body names the twin, as both of the documents' descriptions have it.
    let made = || answer("200 OK", "", "{\"success\":true,\"data\":{\"conversation\":{\"_id\":\"c1\"}}}");
    let (upstream, asked) = server(vec![answer("405 Method Not Allowed", "", ""), made()]).await;
    assert_eq!(upstream.create_conversation("t1", "Chào", &upstream.gate().operator()).await.unwrap(), "c1");
    assert!(asked.lock().unwrap().iter().all(|request| request.ends_with("{\"title\":\"Chào\",\"twinId\":\"t1\"}")), "{asked:?}");
}

#[tokio::test]
async fn the_key_is_sent_in_the_one_header_that_the_owner_names() {
    for (auth, header) in [("bearer", format!("authorization: Bearer {KEY}\r\n")), ("x-api-key", format!("x-api-key: {KEY}\r\n"))] {
        let (upstream, asked) = server_with(vec![answer("200 OK", "", "{\"data\":[]}")], &format!("auth = \"{auth}\"\n")).await;
        upstream.twins().await.unwrap();
        let request = asked.lock().unwrap()[0].clone();
        assert!(request.contains(&header) && request.matches(KEY).count() == 1, "{auth}: {request}");
    }
}

#[tokio::test]
async fn pages_are_read_on_however_the_list_says_that_there_are_more_and_not_for_ever() {
    let page = |ids: &[&str], more: &str| {
        let twins: Vec<String> = ids.iter().map(|id| format!("{{\"id\":\"{id}\",\"name\":\"{id}\"}}")).collect();
        answer("200 OK", "", &format!("{{\"data\":[{}]{more}}}", twins.join(",")))
    };
    for (first, last) in [
        (",\"meta\":{\"totalPages\":2}", ",\"meta\":{\"totalPages\":2}"),
        (",\"meta\":{\"pagination\":{\"total_pages\":2}}", ",\"meta\":{\"pagination\":{\"total_pages\":2}}"),
        (",\"pagination\":{\"hasNext\":true}", ",\"pagination\":{\"hasNext\":false}"),
        (",\"meta\":{\"has_more\":true}", ""),
        (",\"lastPage\":2", ",\"lastPage\":2"),
    ] {
        let (upstream, asked) = server(vec![page(&["a", "b"], first), page(&["b", "c"], last)]).await;
        let ids: Vec<String> = upstream.twins().await.unwrap().into_iter().map(|twin| twin.id).collect();
        assert_eq!((ids.join(""), asked.lock().unwrap().len()), ("abc".to_owned(), 2), "{first}");
    }
    let same = || page(&["a"], ",\"meta\":{\"hasNext\":true}");
    let (upstream, asked) = server(vec![same(), same(), same()]).await;
    assert_eq!((upstream.twins().await.unwrap().len(), asked.lock().unwrap().len()), (1, 2), "a page without news is the last");
}

#[tokio::test]
async fn the_end_of_a_stream_is_known_in_every_form() {
    let text = "event: delta\ndata: {\"content\":\"Chào\"}\n\n";
    for (end, expected) in [
        ("event: complete\ndata: {}\n\n", Some(complete(None))),
        ("event: complete\ndata: {\"content\":\"Chào\"}", Some(complete(Some("Chào")))),
        ("event: complete\r\ndata: {\"message\":{\"content\":\"Xin chào\"}}\r\n\r\n", Some(complete(Some("Xin chào")))),
        ("data: [DONE]\n\n", Some(complete(None))),
        ("data:[DONE]", Some(complete(None))),
        ("data: {\"type\":\"COMPLETE\",\"data\":{\"content\":\"Xin chào\"}}\n\ndata: [DONE]\n\n", Some(complete(Some("Xin chào")))),
        (": the end\n\n", None),
        ("", None),
    ] {
        let told = said(&[text.as_bytes(), end.as_bytes()]).await;
        assert_eq!(told, [delta("Chào")].into_iter().chain(expected).collect::<Vec<_>>(), "{end:?}");
    }
}
