//! The pretend owner's site: a folder of files on a loopback port of its own.
//!
//! It is another origin than the proxy's, as a real site is: in its pages the embed script's
//! `src="./twinchat.js"` is replaced by the proxy's address. Deliberately absent: everything else a
//! web server can do.

use crate::net::{Listening, Serving, StartError};
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, Uri, header};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the page names the loader, before it is replaced.
const LOADER: &str = "src=\"./twinchat.js\"";

/// How a site is to run.
#[derive(Debug, Clone)]
pub struct SiteOptions {
    /// Where to listen: loopback only; port 0 is any free one.
    pub address: SocketAddr,
    /// The folder to serve.
    pub folder: PathBuf,
    /// Where the widget is loaded from: the proxy's origin, such as `http://127.0.0.1:8081`.
    pub widget_origin: String,
}

/// A running site. Dropping it closes the port.
#[derive(Debug)]
pub struct Site {
    serving: Serving,
}

#[derive(Debug)]
struct Files {
    folder: PathBuf,
    widget_origin: String,
}

impl Site {
    /// Starts one; it answers when this returns.
    ///
    /// # Errors
    /// When the address is not loopback, the port is taken, the folder is none, or the widget's
    /// origin is not one.
    pub async fn start(options: SiteOptions) -> Result<Self, StartError> {
        let SiteOptions { address, folder, widget_origin } = options;
        let widget_origin = origin(&widget_origin)?;
        let folder = folder.canonicalize().ok().filter(|folder| folder.is_dir()).ok_or_else(|| {
            StartError::Option(format!("the site's folder {} does not exist: build the demo page first", folder.display()))
        })?;
        let listening = Listening::bind(address).await?;
        let router = Router::new().fallback(file).with_state(Arc::new(Files { folder, widget_origin }));
        Ok(Self { serving: listening.serve(router) })
    }

    /// Its origin: `http://127.0.0.1:8080`.
    pub fn origin(&self) -> String {
        self.serving.origin()
    }
}

/// `http://host:port` or `https://host`, and nothing that could break out of an HTML attribute.
fn origin(text: &str) -> Result<String, StartError> {
    let plain = text.trim_end_matches('/');
    let rest = plain.strip_prefix("http://").or_else(|| plain.strip_prefix("https://")).unwrap_or_default();
    if !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte)) {
        return Ok(plain.to_owned());
    }
    Err(StartError::Option(format!("{text:?} is no origin: write it like http://127.0.0.1:8081")))
}

async fn file(State(files): State<Arc<Files>>, method: Method, uri: Uri) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    let Some(path) = find(&files.folder, uri.path()).await else {
        return (StatusCode::NOT_FOUND, "There is no such file on this site.\n").into_response();
    };
    let Ok(mut bytes) = tokio::fs::read(&path).await else {
        return (StatusCode::INTERNAL_SERVER_ERROR, "The file cannot be read.\n").into_response();
    };
    let kind = content_type(&path);
    if kind.starts_with("text/html") {
        let page = String::from_utf8_lossy(&bytes).replace(LOADER, &format!("src=\"{}/twinchat.js\"", files.widget_origin));
        bytes = page.into_bytes();
    }
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The file of a path, if it is one inside of the folder, links followed.
async fn find(folder: &Path, path: &str) -> Option<PathBuf> {
    let decoded = percent_decoded(path)?;
    let relative = decoded.trim_start_matches('/');
    if relative.contains(['\\', '\0']) || relative.split('/').any(|part| part == ".." || part.starts_with('.')) {
        return None;
    }
    let mut found = tokio::fs::canonicalize(folder.join(relative)).await.ok()?;
    if found.is_dir() {
        found = tokio::fs::canonicalize(found.join("index.html")).await.ok()?;
    }
    (found.starts_with(folder) && found.is_file()).then_some(found)
}

fn percent_decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "txt" | "md" => "text/plain; charset=utf-8",
        "webmanifest" => "application/manifest+json",
        _ => "application/octet-stream",
    }
}
