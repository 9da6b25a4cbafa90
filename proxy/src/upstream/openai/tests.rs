use super::events::events;
use super::*;
use crate::budget::tests::generous_gate;
use crate::clock::{LoadedDice, ManualClock};
use crate::config::Config;
use crate::upstream::Said;
use bytes::Bytes;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

type Told = Vec<Result<UpstreamEvent, UpstreamError>>;

use super::super::UpstreamEvent;

fn delta(text: &str) -> Result<UpstreamEvent, UpstreamError> {
    Ok(UpstreamEvent::Delta(text.to_owned()))
}

fn complete() -> Result<UpstreamEvent, UpstreamError> {
    Ok(UpstreamEvent::Complete(None))
}

/// A chunk with this in its first choice.
fn chunk(delta: &Value, finish: Option<&str>) -> String {
    let chunk = json!({"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
    format!("data: {chunk}\n\n")
}

async fn said(chunks: &[&[u8]]) -> Told {
    let chunks: Vec<_> = chunks.iter().map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    events(stream::iter(chunks).boxed(), Timeouts::default()).collect().await
}

async fn says(text: &str) -> Told {
    said(&[text.as_bytes()]).await
}

#[tokio::test]
async fn a_character_cut_between_two_chunks_is_whole() {
    let cut = |half: &str| chunk(&json!({"content": "@"}), None).replace('@', half);
    let told = says(&[&cut("So \\ud83d"), &cut("\\ude00!"), "data: [DONE]\n\n"].map(str::to_owned).concat()).await;
    assert_eq!(told, [delta("So "), delta("😀!"), complete()]);
}

#[tokio::test]
async fn the_streams_of_openai_ollama_vllm_and_llama_cpp_mean_the_same() {
    let role = chunk(&json!({"role": "assistant", "content": ""}), None);
    let text = chunk(&json!({"content": "Chào"}), None);
    let stop = chunk(&json!({}), Some("stop"));
    let usage = "data: {\"object\":\"chat.completion.chunk\",\"choices\":[],\"usage\":{\"total_tokens\":3}}\n\n";
    let done = "data: [DONE]\n\n";
    for stream in [
        format!("{role}{text}{stop}{done}"),
        format!("{role}{text}{stop}{usage}{done}"),
        // Ollama says the role each time; some end without a word, some without `[DONE]`.
        format!("{}{done}", chunk(&json!({"role": "assistant", "content": "Chào"}), None)),
        format!("{text}{stop}"),
        chunk(&json!({"role": "assistant", "content": "Chào"}), Some("stop")),
        // llama.cpp: no content in the first chunk, null in others.
        format!("{}{}{text}{stop}", chunk(&json!({"role": "assistant", "content": null}), None), chunk(&json!({}), None)),
        format!("{text}{stop}{done}").replace('\n', "\r\n"),
        format!(": a comment\n\n{text}event: ping\ndata: {{}}\n\n{done}"),
        format!("{text}data: {{\"choices\":[{{\"index\":1,\"delta\":{{\"content\":\"another\"}}}}]}}\n\n{stop}"),
        format!("{}{stop}", chunk(&json!({"content": [{"type": "text", "text": "Chào"}]}), None)),
        format!("{}{stop}", chunk(&json!({"content": null, "refusal": "Chào"}), None)),
        text.trim_end().to_owned() + "\n\ndata:[DONE]",
    ] {
        assert_eq!(says(&stream).await, [delta("Chào"), complete()], "{stream}");
    }
}

#[tokio::test]
async fn a_model_that_thinks_aloud_is_said_to_think_and_its_thoughts_are_kept_back() {
    let stream = ["reasoning_content", "reasoning"].map(|name| chunk(&json!({name: "private thoughts"}), None)).concat();
    let told = says(&format!("{stream}{}{}", chunk(&json!({"content": "Chào"}), None), chunk(&json!({}), Some("stop")))).await;
    assert_eq!(told, [Ok(UpstreamEvent::Progress("…".to_owned())), delta("Chào"), complete()]);
}

#[tokio::test]
async fn an_answer_that_was_cut_short_is_incomplete_and_says_why() {
    for (reason, says_why) in [("length", "finish_reason length"), ("content_filter", "filter")] {
        let told = says(&format!("{}{}data: [DONE]\n\n", chunk(&json!({"content": "Ch"}), None), chunk(&json!({}), Some(reason)))).await;
        assert!(matches!(&told[..], [Ok(_), Err(UpstreamError::BrokeOff(note))] if note.contains(says_why)), "{told:?}");
    }
    assert_eq!(says(&chunk(&json!({"content": "Ch"}), None)).await, [delta("Ch")], "an end without any is none");
    let damaged =
        says(&format!("data: {{\"choices\":[{{\n\n{}{}", chunk(&json!({"content": "Ch"}), None), chunk(&json!({}), Some("stop")))).await;
    assert!(matches!(&damaged[..], [Ok(_), Err(UpstreamError::BrokeOff(_))]), "{damaged:?}");
    assert!(matches!(says(&chunk(&json!({"tool_calls": []}), Some("tool_calls"))).await[..], [Err(UpstreamError::Failed(_))]));
}

#[tokio::test]
async fn errors_in_the_stream_are_told_apart_and_their_words_are_not_repeated() {
    let failed = |code: &str| UpstreamError::Failed(format!("an error in its answer: {code}"));
    for (data, expected) in [
        (json!({"error": {"message": "private words", "type": "server_error", "code": null}}), failed("server_error")),
        (json!({"error": {"message": "private words", "code": "context_length_exceeded"}}), failed("context_length_exceeded")),
        (json!({"error": "private words"}), failed("no known code")),
        (json!({"error": {"message": "private words", "code": 429}}), UpstreamError::Limited { retry_after: None }),
        (json!({"error": {"code": "insufficient_quota"}}), UpstreamError::Limited { retry_after: None }),
        (json!({"object": "error", "message": "private words", "type": "BadRequestError", "code": 400}), failed("BadRequestError")),
        (json!({"error": {"code": 401}}), UpstreamError::Refused("an error in its answer: no known code".to_owned())),
    ] {
        for name in ["", "event: error\n"] {
            let told = says(&format!("{}{name}data: {data}\n\ndata: [DONE]\n\n", chunk(&json!({"content": "Ch"}), None))).await;
            assert_eq!(told, [delta("Ch"), Err(expected.clone())], "{data}");
        }
    }
}

#[test]
fn an_answer_that_comes_at_once_means_the_same() {
    let answer = |message: Value, finish: &str| json!({"choices": [{"index": 0, "message": message, "finish_reason": finish}]});
    let whole = |text: &str| vec![Ok(UpstreamEvent::Complete(Some(text.to_owned())))];
    assert_eq!(answers::whole(&answer(json!({"content": "Chào"}), "stop")), whole("Chào"));
    assert_eq!(answers::whole(&answer(json!({"content": null, "refusal": "No"}), "stop")), whole("No"));
    let cut = answers::whole(&answer(json!({"content": "Ch"}), "length"));
    assert!(matches!(&cut[..], [Ok(UpstreamEvent::Delta(_)), Err(UpstreamError::BrokeOff(_))]), "{cut:?}");
    for nothing in [json!({}), json!({"choices": []}), answer(json!({"content": ""}), "stop"), json!([1])] {
        let told = answers::whole(&nothing);
        assert!(matches!(&told[..], [Err(UpstreamError::Failed(_))]), "{told:?}");
    }
}

proptest! {
    #[test]
    fn any_chunking_says_the_same_and_no_bytes_do_harm(text in "(data: |\\{\"choices\":\\[\\{\"delta\":\\{\"content\":\"à\"\\}\\}\\]\\}|\\[DONE\\]|error|\"|\n|\r|[a-z]){0,40}", cut in 0_usize..300) {
        let bytes = text.as_bytes();
        let cut = cut.min(bytes.len());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        prop_assert_eq!(runtime.block_on(said(&[bytes])), runtime.block_on(said(&[&bytes[..cut], &bytes[cut..]])));
    }
}

/// A server that answers one question with this, and a client that asks it; `more` goes into the upstream's
/// section, `twin` into the twin's.
async fn served(answer: String, more: &str, twin: &str) -> (OpenAi, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        while !heard.ends_with(b"}") && !heard.ends_with(b"\r\n\r\n") {
            let mut bytes = vec![0; 8192];
            let length = stream.read(&mut bytes).await.unwrap();
            assert!(length > 0, "it hangs up");
            heard.extend_from_slice(&bytes[..length]);
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8(heard).unwrap()
    });
    let text = format!(
        "[[upstream]]\nname = \"local\"\nkind = \"openai\"\norigin = \"{origin}\"\n{more}\
         [[upstream.twin]]\nid = \"lan\"\nname = \"Lan\"\nmodel = \"llama3.2\"\n{twin}"
    );
    let config = Config::read(std::path::Path::new("t.toml"), &text, &|_| Some("sk-canary-0123456789".to_owned())).unwrap();
    let settings = &config.upstreams[0];
    let config::Service::OpenAi(twins) = &settings.service else { panic!("{settings:?}") };
    let clock = Arc::new(ManualClock::at_millis(1_760_000_000_000));
    let gate = generous_gate(clock.clone());
    (OpenAi::new(settings, twins, gate, (clock, Arc::new(LoadedDice::seeded(1))), Timeouts::default()).unwrap(), heard)
}

fn answer(kind: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

async fn asked(upstream: &OpenAi, history: &[Said]) -> Told {
    let fare = upstream.gate().operator();
    upstream.ask(Question { twin: "lan", content: "Bây giờ?", history, ..Question::default() }, &fare).collect().await
}

#[tokio::test]
async fn a_question_goes_with_the_prompt_and_what_was_said_before_and_nothing_else() {
    let stream = answer("text/event-stream", &format!("{}data: [DONE]\n\n", chunk(&json!({"content": "Chào"}), None)));
    let twin = "system_prompt = \"You are Lan.\"\ntemperature = 0.5\nmax_tokens = 64\n";
    let (upstream, heard) = served(stream, "key_env = \"KEY\"\n", twin).await;
    let history = [Said { question: "Hôm qua?".to_owned(), answer: "Mưa.".to_owned() }];
    assert_eq!(asked(&upstream, &history).await, [delta("Chào"), complete()]);
    let request = heard.await.unwrap();
    let (header, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(header.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{header}");
    assert!(header.contains("authorization: Bearer sk-canary-0123456789\r\n"), "{header}");
    let expected = json!({
        "model": "llama3.2", "stream": true, "temperature": 0.5, "max_tokens": 64,
        "messages": [
            {"role": "system", "content": "You are Lan."}, {"role": "user", "content": "Hôm qua?"},
            {"role": "assistant", "content": "Mưa."}, {"role": "user", "content": "Bây giờ?"},
        ],
    });
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), expected);
}

#[tokio::test]
async fn a_server_without_a_key_is_sent_none_and_a_whole_answer_will_do() {
    let body = json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": "Chào"}, "finish_reason": "stop"}]}).to_string();
    let (upstream, heard) = served(answer("application/json", &body), "", "").await;
    assert_eq!(asked(&upstream, &[]).await, [Ok(UpstreamEvent::Complete(Some("Chào".to_owned())))]);
    assert!(!heard.await.unwrap().to_lowercase().contains("authorization"));
}

#[tokio::test]
async fn a_key_that_the_server_repeats_reaches_nobody_and_a_page_is_no_answer() {
    let key = "sk-canary-0123456789";
    let pieces = [&key[..9], &key[9..]].map(|piece| chunk(&json!({"content": piece}), None)).concat();
    let (upstream, _) = served(answer("text/event-stream", &format!("{pieces}data: [DONE]\n\n")), "key_env = \"KEY\"\n", "").await;
    let told = format!("{:?}", asked(&upstream, &[]).await);
    assert!(told.contains("[key]") && !told.contains("0123456789"), "{told}");
    let (upstream, _) = served(answer("text/html", "<html>"), "", "").await;
    let told = asked(&upstream, &[]).await;
    assert!(matches!(&told[..], [Err(UpstreamError::Failed(note))] if note.contains("web page")), "{told:?}");
}

#[tokio::test]
async fn a_model_that_the_server_does_not_have_is_named_with_those_that_it_has() {
    let models = |ids: &[&str]| {
        let list: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
        answer("application/json", &json!({"object": "list", "data": list}).to_string())
    };
    let (upstream, _) = served(models(&["llama3.2:latest"]), "", "").await;
    assert_eq!(upstream.probe().await.unwrap().twins.unwrap()[0].id, "lan");
    let (upstream, _) = served(models(&["qwen3"]), "", "").await;
    let error = upstream.probe().await.unwrap().twins.unwrap_err().to_string();
    assert!(error.contains("llama3.2") && error.contains("it has qwen3"), "{error}");
    let (upstream, _) = served("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned(), "", "").await;
    assert_eq!(upstream.probe().await.unwrap().twins.unwrap().len(), 1);
}

#[tokio::test]
async fn a_picture_is_a_file_beside_the_settings() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lan.svg");
    std::fs::write(&file, "<svg/>").unwrap();
    let (upstream, _) = served(String::new(), "", &format!("avatar = \"{}\"\n", file.display())).await;
    let twins = upstream.twins().await.unwrap();
    let picture = twins[0].picture.clone().unwrap();
    assert_eq!(upstream.picture(&picture).await.unwrap().media_type, "image/svg+xml");
    std::fs::write(&file, "no picture").unwrap();
    assert!(upstream.picture(&picture).await.is_err());
    for other in ["avatar:nobody", "avatar:../lan", "file:///etc/passwd"] {
        assert!(upstream.picture(other).await.is_err(), "{other}");
    }
}

#[tokio::test]
async fn as_much_of_the_conversation_is_wanted_as_the_owner_says() {
    let (upstream, _) = served(String::new(), "", "history_messages = 6\nhistory_chars = 500\n").await;
    assert_eq!(upstream.memory("lan"), Memory { messages: 6, chars: 500 });
    assert_eq!(upstream.memory("nobody"), Memory::NONE);
}
