//! The visitor somebody has proved to be.
//!
//! Every function of the store that reads or writes a visitor's things takes a [`Subject`], so
//! that forgetting whose they are does not compile. `proxy/tests/subject.rs` checks that no room
//! but `token` calls [`Subject::proven`] outside of tests, and that the store keeps to it. Whoever
//! builds on this crate cannot make one at all:
//!
//! ```compile_fail,E0624
//! let id = twinchat_protocol::id::VisitorId::parse("vis_0123456789abcdef").unwrap();
//! twinchat_proxy::subject::Subject::proven(id);
//! ```

use std::fmt;
use twinchat_protocol::id::VisitorId;

/// A visitor whose credential was checked.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject(VisitorId);

/// Says nothing: logs do not tell visitors apart.
impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subject(…)")
    }
}

impl Subject {
    /// For the token room alone, after it has checked a credential.
    pub(crate) fn proven(id: VisitorId) -> Self {
        Self(id)
    }

    /// The visitor's id, as stored and as shown to that visitor only.
    pub fn id(&self) -> &VisitorId {
        &self.0
    }

    /// The id's text form.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}
