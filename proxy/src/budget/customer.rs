use crate::subject::Subject;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// For whom an upstream is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Customer {
    /// The owner: lists of twins, checks.
    Operator,
    /// A visitor whom the site knows. Has a part of the budget of their own.
    SignedIn(Subject),
    /// A visitor with nothing but a key, whom a program can make as many of as it likes: all at one
    /// address share one part.
    Anonymous(Subject, IpAddr),
}

/// Who shares one part of the budget.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Party {
    Operator,
    User(Subject),
    Network(IpAddr),
}

impl Customer {
    pub(super) fn party(&self) -> Party {
        match self {
            Self::Operator => Party::Operator,
            Self::SignedIn(subject) => Party::User(subject.clone()),
            Self::Anonymous(_, address) => Party::Network(network(*address)),
        }
    }

    pub(super) fn visitor(&self) -> Option<&Subject> {
        match self {
            Self::Operator => None,
            Self::SignedIn(subject) | Self::Anonymous(subject, _) => Some(subject),
        }
    }
}

/// What one customer of a provider has: a /24 or a /56 (RIPE-690).
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & (u32::MAX << 8))),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 72))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_count_as_one_network() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("192.0.2.7"), of("192.0.2.250"));
        assert_eq!(of("192.0.2.7"), of("::ffff:192.0.2.8"));
        assert_ne!(of("192.0.2.7"), of("192.0.3.7"));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:ff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:102::1"));
    }
}
