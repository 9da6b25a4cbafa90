//! Values that are checked while they are read, so that an error knows its line.

use crate::media::{KINDS, Kind};
use serde::Deserialize;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why a value is refused: a sentence that says what to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ValueError(pub String);

fn refuse<T>(sentence: impl Into<String>) -> Result<T, ValueError> {
    Err(ValueError(sentence.into()))
}

macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// The text, as checked and normalised.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = ValueError;
            fn try_from(text: String) -> Result<Self, ValueError> {
                Self::parse(&text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

checked_text! {
    /// The origin of a web page (RFC 6454), as a browser writes it in the `Origin` header.
    Origin
}

impl Origin {
    /// Reads `https://www.example.com` or `http://localhost:3000`.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        if text == "*" || text.contains('*') {
            return refuse("wildcards are not accepted: name each origin, such as \"https://www.example.com\"");
        }
        if text == "null" {
            return refuse("\"null\" is the origin of every sandboxed page and cannot be allowed");
        }
        let url = web_url(text)?;
        if url.path() != "/" || url.query().is_some() || text.ends_with('/') {
            return refuse(format!("an origin has no path and no slash at its end: write \"{}\"", url.origin().ascii_serialization()));
        }
        Ok(Self(url.origin().ascii_serialization()))
    }
}

checked_text! {
    /// An address of this server as browsers see it, without a slash at the end.
    PublicUrl
}

impl PublicUrl {
    /// Reads `https://chat.example.com` or `https://www.example.com/chat`.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let url = web_url(text)?;
        if url.query().is_some() {
            return refuse("a public URL has no query");
        }
        let path = url.path().trim_end_matches('/');
        Ok(Self(format!("{}{path}", url.origin().ascii_serialization())))
    }

    /// Whether it is https without a path.
    pub(super) fn is_https_host(&self) -> bool {
        self.0.strip_prefix("https://").is_some_and(|rest| !rest.contains('/'))
    }

    /// The origin of pages served under it.
    pub fn origin(&self) -> Origin {
        let end = self.0.find("://").and_then(|at| self.0[at + 3..].find('/').map(|slash| at + 3 + slash));
        Origin(self.0[..end.unwrap_or(self.0.len())].to_owned())
    }
}

/// Where an upstream is: scheme, host and port; and the path that was written behind them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct UpstreamOrigin {
    origin: String,
    path: String,
    is_loopback: bool,
}

impl UpstreamOrigin {
    /// Reads an origin, with or without a path.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let url = web_url(text)?;
        if url.query().is_some() {
            return refuse("leave out what begins with ?");
        }
        let path = url.path().trim_end_matches('/').to_owned();
        Ok(Self { origin: url.origin().ascii_serialization(), path, is_loopback: is_loopback(&url) })
    }

    /// Scheme, host and port.
    pub fn as_str(&self) -> &str {
        &self.origin
    }

    /// The path, without a slash at its end.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether it is this machine.
    pub fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// Whether what is sent there can be read on the way.
    pub fn is_in_the_clear(&self) -> bool {
        self.origin.starts_with("http://") && !self.is_loopback
    }

    /// Whether it is named by an address that is nobody's own network, so that strangers carry what is sent there.
    pub(super) fn is_far(&self) -> bool {
        let host = self.origin.split_once("://").map_or("", |(_, rest)| rest);
        let host = host.strip_prefix('[').and_then(|rest| rest.split(']').next()).unwrap_or(host.split(':').next().unwrap_or_default());
        host.parse().is_ok_and(|address| !is_near(address))
    }

    /// Something the owner should look at twice, if there is.
    pub fn warning(&self) -> Option<&'static str> {
        if self.is_in_the_clear() {
            return Some(
                "http: whoever is in the network between reads the key and all that visitors say, and can answer in the upstream's place. See \
                 to it that this network is yours alone",
            );
        }
        let host = self.origin.split_once("://").map_or("", |(_, rest)| rest);
        if host.contains(".dev.") {
            return Some("\".dev.\" looks like a place for trying things out: make sure that visitors' words may be sent there");
        }
        host.contains("twineexpert").then_some(
            "the documents spell this host in two ways, \"twinexpert\" and \"twineexpert\"; one is likely a typing error and may belong to a \
             stranger. Make sure that the one configured is the one in your account: the key is sent there",
        )
    }
}

/// Whether an address is of this machine or of a network that can be somebody's own: RFC 1918, RFC 6598, RFC 4193,
/// link-local.
pub fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            v4.is_loopback() || v4.is_private() || v4.is_link_local() || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(v6) => v6
            .to_ipv4_mapped()
            .map_or_else(|| v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(), |v4| is_near(IpAddr::V4(v4))),
    }
}

impl TryFrom<String> for UpstreamOrigin {
    type Error = ValueError;
    fn try_from(text: String) -> Result<Self, ValueError> {
        Self::parse(&text)
    }
}

impl fmt::Display for UpstreamOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

checked_text! {
    /// The owner's id of a twin, `[A-Za-z0-9._-]{1,64}`.
    TwinKey
}

impl TwinKey {
    /// Reads an id.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if fits { Ok(Self(text.to_owned())) } else { refuse("use 1 to 64 of the characters A-Z, a-z, 0-9, ., _ and -") }
    }
}

checked_text! {
    /// Who issues identity tokens, as their `iss` says it.
    Issuer
}

impl Issuer {
    /// Reads a name of 1 to 255 bytes; often a URL, but any text will do.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let fits = (1..=255).contains(&text.len()) && text.trim() == text && !text.chars().any(char::is_control);
        if fits { Ok(Self(text.to_owned())) } else { refuse("use 1 to 255 bytes, without control characters or spaces at the ends") }
    }
}

checked_text! {
    /// Where an issuer publishes its keys.
    JwksUrl
}

impl JwksUrl {
    /// Reads an https address, or one with http on the loopback address.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let url = web_url(text)?;
        if url.scheme() == "http" && !is_loopback(&url) {
            return refuse("anybody on the way could put in keys of their own: use https (http is for the loopback address only)");
        }
        Ok(Self(url.into()))
    }
}

/// An address or a network of addresses, such as `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network {
    first: IpAddr,
    prefix: u32,
}

impl Network {
    /// This machine.
    pub fn loopback() -> Vec<Self> {
        vec![Self { first: Ipv4Addr::LOCALHOST.into(), prefix: 32 }, Self { first: Ipv6Addr::LOCALHOST.into(), prefix: 128 }]
    }

    /// Reads `192.0.2.7`, `10.0.0.0/8` or `2001:db8::/32`.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let Ok(first) = address.parse::<IpAddr>() else {
            return refuse("write an address such as \"192.0.2.7\", or a network such as \"10.0.0.0/8\"");
        };
        let widest = if first.is_ipv4() { 32 } else { 128 };
        match prefix.map_or(Ok(widest), str::parse) {
            Ok(prefix) if prefix <= widest => Ok(Self { first, prefix }),
            _ => refuse(format!("what follows the slash is a number from 0 to {widest}")),
        }
    }

    /// Whether the address is in it. An IPv4 address in IPv6 clothes counts as what it is.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(other)) => (first.to_bits() ^ other.to_bits()).leading_zeros() >= self.prefix,
            (IpAddr::V6(first), IpAddr::V6(other)) => (first.to_bits() ^ other.to_bits()).leading_zeros() >= self.prefix,
            _ => false,
        }
    }
}

impl TryFrom<String> for Network {
    type Error = ValueError;
    fn try_from(text: String) -> Result<Self, ValueError> {
        Self::parse(&text)
    }
}

checked_text! {
    /// A short name of the owner's, `[a-z0-9-]{1,32}`.
    Name
}

impl Name {
    /// Reads a name.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let fits = (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits { Ok(Self(text.to_owned())) } else { refuse("use 1 to 32 of the characters a-z, 0-9 and -") }
    }
}

checked_text! {
    /// A colour as `#rrggbb`, or empty.
    #[derive(Default)]
    Accent
}

impl Accent {
    /// Reads `#rrggbb`, or nothing.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let fits = text.is_empty() || (text.len() == 7 && text.starts_with('#') && text[1..].bytes().all(|b| b.is_ascii_hexdigit()));
        if fits { Ok(Self(text.to_ascii_lowercase())) } else { refuse("write the colour as \"#rrggbb\", such as \"#0a7cff\"") }
    }
}

checked_text! {
    /// A media type that files may have.
    FileType
}

impl FileType {
    /// Reads a media type whose files can be recognised.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let text = text.trim().to_ascii_lowercase();
        if Kind::of_type(&text).is_some() {
            return Ok(Self(text));
        }
        let known: Vec<&str> = KINDS.iter().map(|kind| kind.media_type).collect();
        refuse(format!("files of this type cannot be recognised; those that can are: {}", known.join(", ")))
    }

    /// What visitors usually want to show: pictures, PDF, texts, office documents.
    pub fn usual() -> Vec<Self> {
        let office = |name: &str| format!("application/vnd.openxmlformats-officedocument.{name}");
        let plain = ["image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain", "text/csv", "text/markdown"];
        let office = ["wordprocessingml.document", "spreadsheetml.sheet", "presentationml.presentation"].map(office);
        plain.into_iter().map(str::to_owned).chain(office).map(Self).collect()
    }
}

fn web_url(text: &str) -> Result<reqwest::Url, ValueError> {
    let Ok(url) = reqwest::Url::parse(text) else {
        return refuse("this is not a URL: begin with https:// and the host, such as \"https://www.example.com\"");
    };
    if !matches!(url.scheme(), "http" | "https") {
        return refuse("begin with https:// (or http:// for the loopback address)");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("leave out the user name and password: secrets do not belong in this file");
    }
    if url.fragment().is_some() {
        return refuse("leave out what begins with #");
    }
    Ok(url)
}

fn is_loopback(url: &reqwest::Url) -> bool {
    match url.host_str() {
        Some("localhost" | "[::1]") => true,
        Some(host) => host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}
