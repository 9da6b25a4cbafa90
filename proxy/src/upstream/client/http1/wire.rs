//! Making connections, as reqwest would: the same resolver, the same two families of addresses raced, the same
//! signs of life, the same certificates.

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::Url;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::BuilderVerifierExt;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tower::ServiceExt;

/// From when on and how often a silent connection is asked whether it still is.
const ALIVE: Duration = Duration::from_secs(15);
/// How often it may not answer.
const ALIVE_TRIES: u32 = 3;
/// How long what is sent may stay unacknowledged.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// What bytes go over.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// A connection, with or without TLS.
pub(super) type Connection = Box<dyn Wire>;

/// Why there is none.
#[derive(Debug)]
pub(super) enum NotConnected {
    /// The other side chose HTTP/2.
    IsHttp2,
    /// In words.
    Failed(String),
}

/// Connects to one origin.
pub(super) struct Connector {
    tcp: HttpConnector,
    to: Uri,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    patience: Duration,
}

/// What is trusted by the system, in both versions of TLS that there are.
///
/// # Errors
/// When the system's certificates cannot be read.
pub(super) fn trusted() -> Result<ClientConfig, String> {
    let builder = ClientConfig::builder().with_platform_verifier().map_err(|error| error.to_string())?;
    Ok(builder.with_no_client_auth())
}

impl Connector {
    /// To this origin; over TLS with what `settings` gives, if it is asked.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub(super) fn new(origin: &Url, patience: Duration, settings: impl FnOnce() -> Result<ClientConfig, String>) -> Result<Self, String> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(patience));
        tcp.set_keepalive(Some(ALIVE));
        tcp.set_keepalive_interval(Some(ALIVE));
        tcp.set_keepalive_retries(Some(ALIVE_TRIES));
        #[cfg(target_os = "linux")]
        tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        let to = origin.as_str().parse::<Uri>().map_err(|error| error.to_string())?;
        let tls = if origin.scheme() == "https" {
            let host = origin.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
            let name = ServerName::try_from(host).map_err(|error| error.to_string())?;
            let mut settings = settings()?;
            settings.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
            Some((TlsConnector::from(Arc::new(settings)), name))
        } else {
            None
        };
        Ok(Self { tcp, to, tls, patience })
    }

    /// A new connection.
    pub(super) async fn connect(&self) -> Result<Connection, NotConnected> {
        let opened = timeout(self.patience, self.open()).await;
        opened.unwrap_or_else(|_| Err(NotConnected::Failed("it took too long".to_owned())))
    }

    async fn open(&self) -> Result<Connection, NotConnected> {
        let tcp = self.tcp.clone().oneshot(self.to.clone()).await.map_err(|error| NotConnected::Failed(causes(&error)))?.into_inner();
        let Some((tls, name)) = &self.tls else { return Ok(Box::new(tcp)) };
        let secured = Box::pin(tls.connect(name.clone(), tcp)).await.map_err(|error| NotConnected::Failed(causes(&error)))?;
        if secured.get_ref().1.alpn_protocol() == Some(b"h2") {
            return Err(NotConnected::IsHttp2);
        }
        Ok(Box::new(secured))
    }
}

/// An error with its causes.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
