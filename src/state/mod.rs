//! Nouns and their changes. Pure: no signals, no browser, no waiting; tested natively.

pub mod conversations;
pub mod entry;
pub mod event;
pub mod find;
pub mod thread;
pub mod time;

#[cfg(test)]
mod tests;

/// What the panel shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Screen {
    /// The twin picker.
    #[default]
    Twins,
    /// The list of conversations.
    Conversations,
    /// One conversation: messages and composer.
    Chat,
}

/// Where a list fetched from the proxy stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Loading {
    /// Not asked for yet.
    #[default]
    Idle,
    /// Asked for, no answer yet.
    Busy,
    /// All that was asked for is here.
    Ready,
    /// It failed; a retry makes sense when the problem says so.
    Failed(Problem),
}

/// Something to tell the visitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The proxy's stable code (`RATE_LIMITED`, …), or ours: `OFFLINE`, `NETWORK`, `UNREADABLE`.
    pub code: String,
    /// The proxy's sentence for it in the visitor's language; empty for our own codes.
    pub message: String,
    /// The request id to quote to the site owner; empty when there is none.
    pub request_id: String,
    /// When another try makes sense, in milliseconds since 1970.
    pub retry_at: Option<u64>,
    /// Whether another try without a change can succeed.
    pub retryable: bool,
}

impl Problem {
    /// One of our own, without a sentence of the proxy.
    pub fn own(code: &str) -> Self {
        Self { code: code.to_owned(), message: String::new(), request_id: String::new(), retry_at: None, retryable: true }
    }
}

/// What a visitor who has signed in is asked about what was said in this browser before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Offer {
    /// Nothing.
    #[default]
    None,
    /// Whether it is to be theirs.
    Open,
    /// They want it; it is on its way.
    Busy,
    /// So many conversations are theirs now.
    Done(u32),
}

/// How the line to the proxy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Connection {
    /// Nothing was asked yet.
    #[default]
    New,
    /// A stream is being opened (again).
    Connecting,
    /// All is well.
    Open,
    /// The line broke; the next try is at this time (milliseconds since 1970).
    Waiting {
        /// When the next try is made.
        retry_at: u64,
    },
    /// The browser says there is no network.
    Offline,
    /// Ended on purpose.
    Closed,
}

/// Where a message in the list stands, the visitor's unsent ones included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryStatus {
    /// The visitor's: on its way.
    Sending,
    /// The visitor's: so many percent of its files are there.
    Uploading(u8),
    /// The visitor's: could not be sent; kept, and can be sent again.
    Unsent(Problem),
    /// The twin's: waiting for the first words; what is known of the progress.
    Waiting(Progress),
    /// The twin's: text is arriving.
    Streaming,
    /// Whole.
    Complete,
    /// Stopped by the visitor.
    Stopped,
    /// It ended too early or failed; what had come is kept. `REPLY_INCOMPLETE`, `REPLY_INTERRUPTED`, …
    Failed(Problem),
}

/// What is known of a reply before its first words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// The upstream's own words ("Searching…"), or empty.
    pub text: String,
    /// Place in line, from 1; 0 when not queued.
    pub position: u32,
    /// Seconds until its turn; 0 when not known.
    pub eta_seconds: u32,
}
