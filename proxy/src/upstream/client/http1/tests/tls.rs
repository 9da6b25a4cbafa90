//! Over TLS, with a certificate made for the test.

use super::*;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

/// A service that offers these protocols and answers one request on each connection, a client that trusts it, and one
/// that does not.
async fn secured(protocols: &[&str]) -> (Url, Http1, Http1) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let rcgen::CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let mut settings = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
    settings.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    let acceptor = TlsAcceptor::from(Arc::new(settings));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = Url::parse(&format!("https://localhost:{}", listener.local_addr().unwrap().port())).unwrap();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let Ok(mut socket) = acceptor.accept(socket).await else { continue };
            while asked(&mut socket).await.is_some() {
                socket.write_all(BEGUN).await.unwrap();
                socket.write_all(b"0\r\n\r\n").await.unwrap();
            }
        }
    });
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let trusting = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let trusting = Http1::with(Connector::new(&origin, PATIENCE, || Ok(trusting)).unwrap(), KEPT);
    (origin.clone(), trusting, http1(&origin))
}

#[tokio::test]
async fn an_answer_comes_over_tls_and_the_connection_is_used_again() {
    for protocols in [&[][..], &["http/1.1"]] {
        let (origin, http1, _) = secured(protocols).await;
        assert_eq!(read(answer(&http1, &origin).await).await, ("one".to_owned(), None));
        let kept = http1.pool.take().expect("a kept connection");
        http1.pool.give(kept);
        assert_eq!(read(answer(&http1, &origin).await).await, ("one".to_owned(), None));
    }
}

#[tokio::test]
async fn who_chooses_http_2_is_left_to_reqwest_from_then_on() {
    let (origin, http1, _) = secured(&["h2", "http/1.1"]).await;
    assert!(http1.send(&question(&origin)).await.unwrap().is_none());
    assert!(http1.is_http2.load(Ordering::Relaxed));
    assert!(http1.send(&question(&origin)).await.unwrap().is_none());
}

#[tokio::test]
async fn who_cannot_show_a_certificate_that_the_system_trusts_hears_nothing() {
    let (origin, _, http1) = secured(&["http/1.1"]).await;
    let none = format!("{:?}", refused(&http1, &origin).await);
    assert!(none.contains("is_sent: false") && none.contains("certificate"), "{none}");
}
