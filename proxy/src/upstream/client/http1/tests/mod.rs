mod bytes;
mod tls;

use super::*;
use reqwest::Client;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::advance;

const PATIENCE: Duration = Duration::from_secs(5);
const KEPT: Duration = Duration::from_secs(4);
const WHOLE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhole";
const BEGUN: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n";

/// A service that does what it is told with each of its connections, in turn.
async fn service<F>(mut script: impl FnMut(usize, TcpStream) -> F + Send + 'static) -> (Url, JoinHandle<()>)
where
    F: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let running = tokio::spawn(async move {
        for number in 0.. {
            let (socket, _) = listener.accept().await.unwrap();
            script(number, socket).await;
        }
    });
    (origin, running)
}

/// The bytes of one request; none when the connection is closed.
async fn asked(socket: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let (mut bytes, mut byte) = (Vec::new(), [0]);
    let is_whole = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?.parse::<usize>().ok()?;
        (body.len() == length).then_some(text)
    };
    loop {
        if socket.read(&mut byte).await.ok()? == 0 {
            return None;
        }
        bytes.push(byte[0]);
        if let Some(text) = is_whole(&bytes) {
            return Some(text);
        }
    }
}

fn http1(origin: &Url) -> Http1 {
    Http1::new(origin, PATIENCE, KEPT).unwrap()
}

fn question(origin: &Url) -> Request {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = origin.join("/a%20path/of?it=all").unwrap();
    Client::new().post(url).header("authorization", "Bearer key").json(&serde_json::json!({"say": "chào"})).build().unwrap()
}

/// What it says before it ends or breaks off.
async fn read(response: Response) -> (String, Option<String>) {
    let (mut text, mut stream) = (String::new(), response.into_body());
    while let Some(piece) = stream.next().await {
        match piece {
            Ok(piece) => text.push_str(std::str::from_utf8(&piece).unwrap()),
            Err(why) => return (text, Some(why)),
        }
    }
    (text, None)
}

async fn answer(http1: &Http1, origin: &Url) -> Response {
    http1.send(&question(origin)).await.unwrap().unwrap()
}

async fn refused(http1: &Http1, origin: &Url) -> NoAnswer {
    http1.send(&question(origin)).await.err().unwrap()
}

#[tokio::test]
async fn what_is_asked_is_what_reqwest_would_ask() {
    let (said, mut hear) = tokio::sync::mpsc::unbounded_channel();
    let (origin, _service) = service(move |_, mut socket| {
        let said = said.clone();
        async move {
            said.send(asked(&mut socket).await.unwrap()).unwrap();
            socket.write_all(WHOLE).await.unwrap();
        }
    })
    .await;
    let http1 = http1(&origin);
    answer(&http1, &origin).await;
    Client::builder().user_agent(super::super::USER_AGENT).build().unwrap().execute(question(&origin)).await.unwrap();
    let [ours, theirs] = [hear.recv().await.unwrap(), hear.recv().await.unwrap()].map(|request| {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let (line, headers) = head.split_once("\r\n").unwrap();
        let mut headers: Vec<_> = headers.split("\r\n").map(str::to_owned).collect();
        headers.sort();
        (line.to_owned(), headers, body.to_owned())
    });
    assert_eq!(ours, theirs);
    assert_eq!(ours.0, "POST /a%20path/of?it=all HTTP/1.1");
}

#[tokio::test]
async fn a_connection_is_used_again_after_a_whole_answer_however_it_is_read() {
    let (origin, service) = service(|number, mut socket| async move {
        assert_eq!(number, 0, "a second connection");
        for _ in 0..2 {
            asked(&mut socket).await.unwrap();
            socket.write_all(WHOLE).await.unwrap();
        }
        asked(&mut socket).await.unwrap();
        socket.write_all(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n").await.unwrap();
        socket.write_all(BEGUN).await.unwrap();
        socket.write_all(b"0\r\n\r\n").await.unwrap();
        asked(&mut socket).await.unwrap();
        socket.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        assert_eq!(asked(&mut socket).await, None);
    })
    .await;
    let http1 = http1(&origin);
    assert_eq!(read(answer(&http1, &origin).await).await, ("whole".to_owned(), None));
    // All of it has come with the head, and nobody looks at it.
    drop(answer(&http1, &origin).await);
    assert_eq!(read(answer(&http1, &origin).await).await, ("one".to_owned(), None));
    let none = answer(&http1, &origin).await;
    assert_eq!((none.status().as_u16(), read(none).await), (204, (String::new(), None)));
    drop(http1);
    service.abort();
    assert!(service.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn who_reads_no_further_closes_the_connection() {
    let (closed, is_closed) = tokio::sync::oneshot::channel();
    let mut closed = Some(closed);
    let (origin, _service) = service(move |_, mut socket| {
        let closed = closed.take().unwrap();
        async move {
            asked(&mut socket).await.unwrap();
            socket.write_all(BEGUN).await.unwrap();
            assert_eq!(asked(&mut socket).await, None);
            closed.send(()).unwrap();
        }
    })
    .await;
    let http1 = http1(&origin);
    let mut coming = answer(&http1, &origin).await.into_body();
    assert_eq!(coming.next().await.unwrap().unwrap(), "one");
    drop(coming);
    is_closed.await.unwrap();
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_is_replaced() {
    let (origin, _service) = service(|_, mut socket| async move {
        asked(&mut socket).await.unwrap();
        socket.write_all(WHOLE).await.unwrap();
        socket.shutdown().await.unwrap();
        assert_eq!(asked(&mut socket).await, None);
    })
    .await;
    let http1 = http1(&origin);
    for _ in 0..3 {
        assert_eq!(read(answer(&http1, &origin).await).await.0, "whole");
        // Its end is seen before the next request: the service goes on only once we have closed, too.
        while http1.pool.take().is_some() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_request_that_may_have_been_taken_in_is_not_sent_again() {
    let (said, mut hear) = tokio::sync::mpsc::unbounded_channel();
    let (origin, _service) = service(move |_, mut socket| {
        let said = said.clone();
        async move {
            asked(&mut socket).await.unwrap();
            socket.write_all(WHOLE).await.unwrap();
            said.send(asked(&mut socket).await).unwrap();
        }
    })
    .await;
    let http1 = http1(&origin);
    assert_eq!(read(answer(&http1, &origin).await).await.0, "whole");
    let none = refused(&http1, &origin).await;
    assert!(format!("{none:?}").contains("is_sent: true") && format!("{none:?}").contains("the connection failed: "), "{none:?}");
    assert!(hear.recv().await.unwrap().is_some());
    assert!(hear.try_recv().is_err());
}

/// The first connection breaks when it is written to.
struct Broken;

impl AsyncRead for Broken {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Broken {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_kept_connection_that_breaks_before_the_request_is_written_is_replaced() {
    let (origin, _service) = service(|_, mut socket| async move {
        asked(&mut socket).await.unwrap();
        socket.write_all(WHOLE).await.unwrap();
    })
    .await;
    let http1 = http1(&origin);
    http1.pool.give(Box::new(Broken));
    assert_eq!(read(answer(&http1, &origin).await).await.0, "whole");
}

#[tokio::test]
async fn every_way_not_to_answer_says_what_happened() {
    let answers: [(&[u8], &str); 7] = [
        (b"", "it was closed before the answer"),
        (b"HTTP/1.1 200 O", "it was closed before the answer"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "its answer is no HTTP/1.1"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5, 6\r\n\r\nwhole", "its answer's length cannot be read"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "it wants another protocol"),
        (b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "with a transfer coding"),
        (&[b'x'; 0], "it was closed before the answer"),
    ];
    let (origin, _service) = service(move |number, mut socket| async move {
        asked(&mut socket).await.unwrap();
        socket.write_all(answers[number].0).await.unwrap();
    })
    .await;
    let http1 = http1(&origin);
    for (_, why) in answers {
        let none = format!("{:?}", refused(&http1, &origin).await);
        assert!(none.contains("is_sent: true") && none.contains(why), "{none}");
    }
}

#[tokio::test]
async fn who_is_not_there_has_not_been_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let none = format!("{:?}", refused(&http1(&origin), &origin).await);
    assert!(none.contains("is_sent: false") && none.contains("no connection: ") && !none.contains(origin.as_str()), "{none}");
}

#[tokio::test]
async fn a_head_without_an_end_is_not_kept_in_memory() {
    for endless in ["HTTP/1.1 103 Early Hints\r\n\r\n".repeat(8192), format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(2 * MAX_HEAD))] {
        let (origin, _service) = service(move |_, mut socket| {
            let endless = endless.clone();
            async move {
                asked(&mut socket).await.unwrap();
                let _ = socket.write_all(endless.as_bytes()).await;
                asked(&mut socket).await;
            }
        })
        .await;
        let none = format!("{:?}", refused(&http1(&origin), &origin).await);
        assert!(none.contains("head is larger than"), "{none}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_error_after_what_came() {
    let bodies: [(&[u8], &str, Option<&str>); 4] = [
        (BEGUN, "one", Some("closed before the end")),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nwhole", "whole", Some("closed before the end")),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\nz", "one", Some("chunks cannot be read")),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil it closes", "until it closes", None),
    ];
    let (origin, _service) = service(move |number, mut socket| async move {
        asked(&mut socket).await.unwrap();
        socket.write_all(bodies[number].0).await.unwrap();
    })
    .await;
    let http1 = http1(&origin);
    for (body, expected, why) in bodies {
        let (text, error) = read(answer(&http1, &origin).await).await;
        assert_eq!(text, expected, "{}", String::from_utf8_lossy(body));
        assert_eq!(error.is_some(), why.is_some(), "{error:?}");
        assert!(why.is_none_or(|why| error.unwrap().contains(why)));
    }
}

#[tokio::test(start_paused = true)]
async fn connections_wait_for_the_next_request_for_a_while_and_are_then_closed() {
    let pool = Arc::new(Pool::new(KEPT));
    let ((ours, mut theirs), (other, _open)) = (duplex(8), duplex(8));
    pool.give(Box::new(ours));
    advance(KEPT / 2).await;
    pool.give(Box::new(other));
    assert!(pool.take().is_some(), "the younger one");
    let mut byte = [0];
    assert_eq!(theirs.read(&mut byte).await.unwrap(), 0, "the elder one is closed without anybody asking");
    assert!(pool.take().is_none());
    let (ours, mut theirs) = duplex(8);
    pool.give(Box::new(ours));
    theirs.write_all(b"?").await.unwrap();
    assert!(pool.take().is_none(), "who speaks without being asked is not trusted");
}

/// More than a connection's buffers hold, so that nobody can write it all while nobody reads.
fn large_question(origin: &Url) -> Request {
    Client::new().post(origin.clone()).body(vec![b'x'; 32 << 20]).build().unwrap()
}

#[tokio::test]
async fn who_refuses_a_large_request_is_heard_before_all_of_it_is_written() {
    let (origin, _service) = service(|number, mut socket| async move {
        if number == 0 {
            socket.read_exact(&mut [0; 100]).await.unwrap();
            socket.write_all(b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nno!").await.unwrap();
            // Not closed, and nothing more is read: who waited to have written it all would wait for ever.
            tokio::spawn(async move {
                let _open = socket;
                std::future::pending::<()>().await;
            });
        } else {
            asked(&mut socket).await.unwrap();
            socket.write_all(WHOLE).await.unwrap();
        }
    })
    .await;
    let http1 = http1(&origin);
    let refused = http1.send(&large_question(&origin)).await.unwrap().unwrap();
    assert_eq!(refused.status(), 413);
    assert_eq!(read(refused).await, ("no!".to_owned(), None));
    assert_eq!(http1.pool.count(), 0, "the rest of the request would be taken for another one");
    assert_eq!(read(answer(&http1, &origin).await).await, ("whole".to_owned(), None));
}

#[tokio::test]
async fn what_only_announces_an_answer_does_not_end_the_request() {
    let (origin, _service) = service(|_, mut socket| async move {
        socket.read_exact(&mut [0; 100]).await.unwrap();
        socket.write_all(b"HTTP/1.1 102 Processing\r\n\r\n").await.unwrap();
        let (mut read, mut piece) = (100, vec![0; 1 << 20]);
        while read < 32 << 20 {
            read += socket.read(&mut piece).await.unwrap();
        }
        socket.write_all(WHOLE).await.unwrap();
    })
    .await;
    let http1 = http1(&origin);
    assert_eq!(read(http1.send(&large_question(&origin)).await.unwrap().unwrap()).await, ("whole".to_owned(), None));
}

#[test]
fn a_connection_is_used_again_in_the_runtime_that_hears_of_it() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (here, elsewhere, pool) = (runtime(), runtime(), Arc::new(Pool::new(KEPT)));
    here.block_on(async { pool.give(Box::new(Broken)) });
    assert!(elsewhere.block_on(async { pool.take() }).is_none());
    assert!(here.block_on(async { pool.take() }).is_some());
}
