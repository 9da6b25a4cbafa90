//! What is counted, for Prometheus.
//!
//! Every series is a constant here, so that [`SERIES`] (and with it `docs/metrics.md`) cannot forget
//! one, and a wrong number of labels does not compile. Counting goes through the facade `metrics`: in
//! an axum app that mounts our router, the app's own recorder gets it; without a recorder it goes
//! nowhere. The exporter's own HTTP server is left out, since it would answer beside our accept loop,
//! without its deadlines; `http` serves [`Exposition::render`] on the admin listener.
//!
//! Deliberately absent: ids, addresses, texts. A label is a route's template, a status, an upstream's
//! configured name or a code.
//!
//! | file | holds |
//! |---|---|
//! | `series` | the kinds of series |
//! | `exposition` | all of them as text |

mod exposition;
mod series;
#[cfg(test)]
mod tests;

pub use exposition::{AlreadyCounting, Exposition, table};
pub use series::{About, Counter, Gauge, Held, Histogram, Kind};

/// Declares each series once: the constant, its documentation and its place in [`SERIES`] come from
/// the same line.
macro_rules! series {
    ($( #[doc = $help:literal] $name:ident : $kind:ident<$labels:literal> = $text:literal [$($label:literal),*]; )*) => {
        $(
            #[doc = $help]
            pub const $name: $kind<$labels> = $kind(&About {
                name: $text,
                kind: Kind::$kind,
                labels: { const LABELS: [&str; $labels] = [$($label),*]; &LABELS },
                help: $help,
            });
        )*

        /// All of them.
        pub const SERIES: &[&About] = &[$( $name.0 ),*];
    };
}

series! {
    /// Requests answered, by route template. Streams count when they begin.
    HTTP_REQUESTS: Counter<3> = "twinchat_http_requests_total" ["method", "route", "status"];
    /// Seconds from a request to its answer's header.
    HTTP_SECONDS: Histogram<1> = "twinchat_http_request_seconds" ["route"];
    /// Handlers that panicked. Anything but 0 is a bug.
    PANICS: Counter<0> = "twinchat_panics_total" [];
    /// Event streams that are open.
    STREAMS_OPEN: Gauge<0> = "twinchat_streams_open" [];
    /// Replies being written.
    REPLIES_ACTIVE: Gauge<1> = "twinchat_replies_active" ["upstream"];
    /// Replies that have ended, by how (`complete`, `stopped`, `incomplete`, `interrupted`, `failed`) and error code.
    REPLIES: Counter<3> = "twinchat_replies_total" ["upstream", "status", "code"];
    /// Seconds from asking an upstream to the first text of its reply.
    REPLY_FIRST_TEXT: Histogram<1> = "twinchat_reply_first_text_seconds" ["upstream"];
    /// Requests to an upstream that count against its limit, by result (`ok` or what went wrong).
    UPSTREAM_REQUESTS: Counter<2> = "twinchat_upstream_requests_total" ["upstream", "result"];
    /// Requests an hour that an upstream grants: the settings, or less if it says so.
    BUDGET_LIMIT: Gauge<1> = "twinchat_upstream_budget_limit" ["upstream"];
    /// Requests that could be sent to an upstream at once now.
    BUDGET_LEFT: Gauge<1> = "twinchat_upstream_budget_left" ["upstream"];
    /// Sends that wait for an upstream's budget.
    QUEUE_LENGTH: Gauge<1> = "twinchat_queue_length" ["upstream"];
    /// Sends and lists that were refused instead of asking an upstream, by why (`budget`, `failing`, `key`, `store`).
    BUDGET_REFUSED: Counter<2> = "twinchat_budget_refused_total" ["upstream", "reason"];
    /// Whether an upstream is asked at all: 0 yes, 1 one request on trial, 2 no.
    BREAKER_STATE: Gauge<1> = "twinchat_breaker_state" ["upstream"];
    /// What an upstream said that was not of the conversation it was asked about, and was dropped.
    FOREIGN_ROWS: Counter<1> = "twinchat_foreign_rows_dropped_total" ["upstream"];
    /// Events in an upstream's streams of a kind that is not known, which were left out.
    UNKNOWN_EVENTS: Counter<1> = "twinchat_unknown_events_total" ["upstream"];
    /// Messages that were not sent since all people (threads of the Teams bridge) were with other visitors.
    NOBODY_FREE: Counter<1> = "twinchat_nobody_free_total" ["upstream"];
    /// Conversations with people that are listened to: open in a browser, or were a few minutes ago.
    PEOPLE_FOLLOWED: Gauge<1> = "twinchat_people_followed" ["upstream"];
    /// Answers of people that quote what was not said in the visitor's conversation, and were not passed on.
    FOREIGN_QUOTES: Counter<1> = "twinchat_foreign_quotes_dropped_total" ["upstream"];
    /// Token exchanges, by result: `ok` or the OAuth error code.
    TOKEN_EXCHANGES: Counter<1> = "twinchat_token_exchanges_total" ["result"];
    /// Operations that the database failed: locked, full, gone or damaged.
    STORE_ERRORS: Counter<0> = "twinchat_store_errors_total" [];
    /// Conversations erased, by why (`visitor`, `retention`).
    CONVERSATIONS_ERASED: Counter<1> = "twinchat_conversations_erased_total" ["reason"];
    /// 1, with the version that runs.
    BUILD: Gauge<1> = "twinchat_build_info" ["version"];
}
