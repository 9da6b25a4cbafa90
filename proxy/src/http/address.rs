//! Whose machine is calling.
//!
//! Deliberately not read: `Forwarded` (RFC 7239), `X-Real-IP` and the like. A reverse proxy writes one
//! header; a caller who could choose among several would write the one that it leaves alone.

use crate::app::App;
use axum::extract::{ConnectInfo, FromRequestParts};
use http::request::Parts;
use http::{Extensions, HeaderMap};
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Bits of an IPv6 address that tell customers apart; RIPE-690 recommends a /56 for each.
const CUSTOMER_BITS: u32 = 56;

/// Who holds the other end of the connection; put into each request by the accept loop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

/// The caller's address: the connection's, or what a trusted reverse proxy says it is. An extractor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// The caller of this request.
    pub(super) fn of(extensions: &Extensions, headers: &HeaderMap, app: &App) -> Self {
        let peer = extensions.get::<Peer>().map(|peer| peer.0);
        // In another axum app, whoever serves it can tell; else all callers count as one.
        let peer = peer.or_else(|| extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0));
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        Self(client(peer, headers, |address| app.config().server.trusts(address)).to_canonical())
    }

    /// What limits count by: the address, or for IPv6 the /56 network, which is what one customer has.
    pub(super) fn counted_as(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !(u128::MAX >> CUSTOMER_BITS))),
            address @ IpAddr::V4(_) => address,
        }
    }
}

impl FromRequestParts<App> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions, &parts.headers, app))
    }
}

/// Reads `X-Forwarded-For` from the right, as long as those who wrote it are trusted: what stands
/// further left was written by the caller, who may lie.
fn client(peer: IpAddr, headers: &HeaderMap, is_trusted: impl Fn(IpAddr) -> bool) -> IpAddr {
    let mut address = peer;
    let lines: Vec<&str> = headers.get_all("x-forwarded-for").iter().map(|value| value.to_str().unwrap_or("")).collect();
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        if !is_trusted(address) {
            break;
        }
        match hop_address(hop.trim()) {
            Some(hop) => address = hop,
            None => break,
        }
    }
    address
}

/// An address, as some proxies write it also with a port.
fn hop_address(text: &str) -> Option<IpAddr> {
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip())).or_else(in_brackets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_trusted_proxies_wrote_is_believed() {
        for (peer, forwarded, expected) in [
            ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1", "198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["198.51.100.1, nonsense"], "10.0.0.1"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("::ffff:203.0.113.9", &["198.51.100.1"], "203.0.113.9"),
            ("10.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("10.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1"),
            ("10.0.0.1", &["[2001:db8::1]"], "2001:db8::1"),
            ("10.0.0.1", &["2001:db8::1"], "2001:db8::1"),
            // Whoever pretends to come from a trusted proxy is still only what that proxy wrote.
            ("10.0.0.1", &["10.0.0.9, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1", "198.51.100.1", "10.0.0.2"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1,"], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1, "], "10.0.0.1"),
            ("10.0.0.1", &["unknown"], "10.0.0.1"),
            ("10.0.0.1", &["1.1.1.1, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["for=198.51.100.1"], "10.0.0.1"),
            ("10.0.0.1", &["0x7f.1"], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1\u{e9}"], "10.0.0.1"),
        ] {
            let value = |line: &&str| http::HeaderValue::from_bytes(line.as_bytes()).unwrap();
            let headers = forwarded.iter().map(|line| (http::HeaderName::from_static("x-forwarded-for"), value(line))).collect();
            let found = client(peer.parse().unwrap(), &headers, |address| address.to_canonical().to_string().starts_with("10."));
            let found = found.to_canonical();
            assert_eq!(found.to_string(), expected, "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn one_customers_addresses_count_as_one() {
        let counted = |text: &str| ClientAddress(text.parse().unwrap()).counted_as();
        assert_eq!(counted("2001:db8:1:2:3:4:5:6"), counted("2001:db8:1:2::1"));
        assert_eq!(counted("2001:db8:1:2::1"), counted("2001:db8:1:ff::1"));
        assert_ne!(counted("2001:db8:1:2::1"), counted("2001:db8:1:100::1"));
        assert_ne!(counted("192.0.2.1"), counted("192.0.2.2"));
        assert_eq!(counted("::ffff:192.0.2.1"), counted("192.0.2.1"));
    }
}
