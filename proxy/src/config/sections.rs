//! The sections of the settings file.

use super::values::{Accent, FileType, Network, Origin, PublicUrl};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

settings! {
    /// Where the server listens, and for which pages it answers.
    "[server]" Server optional {
        /// Address and port to listen on. Behind nginx or Caddy, leave it on the loopback address.
        listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 8787)), Default "\"127.0.0.1:8787\"";
        /// The addresses under which visitors' browsers reach this server, as they see them (with the
        /// path, if a reverse proxy puts it under one). Proofs of possession are checked against them.
        /// May be left out while `listen` is a loopback address.
        public_urls: Vec<PublicUrl> = Vec::new(), Example "[\"https://chat.example.com\"]";
        /// The origins of the pages the widget is embedded in: scheme, host and port, compared exactly.
        /// This server's own `public_urls` are always allowed.
        allowed_origins: Vec<Origin> = Vec::new(), Example "[\"https://www.example.com\"]";
        /// The reverse proxies in front of this server, as addresses or networks. Only what they say about
        /// who is calling (`X-Forwarded-For`) is believed.
        trusted_proxies: Vec<Network> = Network::loopback(), Default "[\"127.0.0.1\", \"::1\"]";
        /// The folder with the widget's files, as `cargo xtask dist` makes it. Read at the start.
        /// Relative to this file.
        assets: Option<PathBuf> = None, Example "\"dist\"";
        /// Seconds that open streams are given to end when the server is told to stop.
        shutdown_seconds: u32 = 25, Default "25";
        /// Seconds within which a request's header must have arrived.
        header_seconds: u32 = 10, Default "10";
        /// Seconds within which a request's body must have arrived after its header.
        body_seconds: u32 = 15, Default "15";
        /// Seconds within which a message with files must have arrived. Within `body_seconds` at least some of it
        /// must always come.
        upload_seconds: u32 = 300, Default "300";
        /// Seconds for which a caller may take in nothing of an answer before the connection is cut.
        /// Nothing is lost: a reply is read to its end all the same, and its readers can come back.
        write_seconds: u32 = 30, Default "30";
        /// Seconds of silence after which an event stream sends a comment, so that nothing on the way takes it
        /// for dead. Reverse proxies have to wait longer than this.
        heartbeat_seconds: u32 = 15, Default "15";
    }
}

settings! {
    /// The tokens that visitors' widgets hold.
    "[tokens]" Tokens optional {
        /// Seconds an access token is good for, 60 to 3600. Widgets renew by themselves.
        lifetime_seconds: u32 = 600, Default "600";
        /// Whether a proof of possession needs a nonce of this server's, which changes every five minutes
        /// and with every start: none can be made ahead of time or used again after a restart.
        nonces: bool = true, Default "true";
        /// Whether a visitor whose browser cannot keep a key (no WebCrypto or IndexedDB) may chat
        /// with a bearer token. Such a token can be used by whoever steals it, until it expires.
        bearer: bool = true, Default "true";
    }
}

settings! {
    /// Where conversations are kept.
    "[store]" Store optional {
        /// The SQLite file. Made when missing, readable by this user only. Relative to this file.
        path: PathBuf = PathBuf::from("twinchat.db"), Default "\"twinchat.db\"";
    }
}

settings! {
    /// What the widget says and looks like. Options given on the page win over these.
    "[widget]" Widget optional {
        /// The panel's heading. Empty: the widget's own words.
        title: String = String::new(), Default "\"\"";
        /// Shown above an empty conversation. Empty: the widget's own words.
        greeting: String = String::new(), Default "\"\"";
        /// The brand colour as #rrggbb. Empty: the widget's own.
        accent: Accent = Accent::default(), Default "\"\"";
        /// The language when neither page nor browser decides, such as `vi` or `en`.
        locale: String = String::from("en"), Default "\"en\"";
        /// A sentence under the composer, such as "Answers may be wrong". Empty: none.
        disclaimer: String = String::new(), Default "\"\"";
    }
}

settings! {
    /// How much one visitor may do and how large things may be.
    "[limits]" Limits optional {
        /// The most characters a message may have.
        message_chars: u32 = 8000, Default "8000";
        /// The most bytes a request's JSON body may have: at least 2048, and 12 more for each of
        /// `message_chars`, since JSON may write a character in so many.
        body_bytes: u32 = 98_304, Default "98304";
        /// The most bytes a reply may have; what is beyond is cut and the reply is marked incomplete.
        reply_bytes: u32 = 1_048_576, Default "1048576";
        /// Seconds that a message waits for its turn when the upstream's budget is used up; it is refused
        /// at once if that would take longer. 0: nobody waits.
        queue_seconds: u32 = 30, Default "30";
        /// Percent of an upstream's budget that are kept for visitors who are signed in, so that they can
        /// chat when anonymous ones have used up the rest. Nothing is kept without an [[identity]].
        signed_in_percent: u32 = 10, Default "10";
        /// Requests per minute of one visitor.
        visitor_requests_per_minute: u32 = 240, Default "240";
        /// Messages per minute of one visitor.
        visitor_messages_per_minute: u32 = 20, Default "20";
        /// Token requests per minute of one address.
        token_requests_per_minute: u32 = 60, Default "60";
        /// Requests per minute of one address that show no good token: the widget's files, its settings,
        /// the twins' pictures, and whoever guesses tokens.
        address_requests_per_minute: u32 = 1200, Default "1200";
        /// Event streams that one visitor may have open, over all tabs. One more ends the oldest.
        visitor_streams: u32 = 16, Default "16";
        /// Files that a message may have, to twins that take files. 0: none are taken.
        file_count: u32 = 4, Default "4";
        /// The most bytes a file may have.
        file_bytes: u32 = 10_485_760, Default "10485760";
        /// The media types that files may have. What a file is is looked up in its bytes, not only in its name.
        file_types: Vec<FileType> = FileType::usual(), Default "[\"image/png\", \"image/jpeg\", \"image/gif\", \"image/webp\", \"application/pdf\", \"text/plain\", \"text/csv\", \"text/markdown\", \"application/vnd.openxmlformats-officedocument.wordprocessingml.document\", \"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet\", \"application/vnd.openxmlformats-officedocument.presentationml.presentation\"]";
        /// The most bytes that the files of all visitors may take on the disk at once. They are there while they
        /// are sent on, and as long as their message may be tried again.
        files_total_bytes: u64 = 1_073_741_824, Default "1073741824";
        /// Connections that one address may have open. One more is refused. Those of
        /// `server.trusted_proxies` are not counted: they come for many visitors.
        connections_per_address: u32 = 100, Default "100";
    }
}

settings! {
    /// How long things are kept.
    "[retention]" Retention optional {
        /// Days after the last change of a conversation at which it is erased with all its messages.
        /// 0: kept until its visitor erases it.
        days: u32 = 0, Default "0";
        /// Hours for which the files of a message are kept when it was not answered well, so that its visitor can
        /// have it tried again. They are removed at once when the answer is whole or another message follows.
        file_hours: u32 = 24, Default "24";
    }
}

settings! {
    /// For whoever runs the server.
    "[admin]" Admin optional {
        /// Address and port of a second listener for `/metrics`, `/healthz` and `/readyz`, on which nobody is asked
        /// who they are: keep it on the loopback address or inside a private network. Absent: none.
        listen: Option<SocketAddr> = None, Example "\"127.0.0.1:9787\"";
    }
}

settings! {
    /// How long replies may take, and how many at once.
    "[replies]" Replies optional {
        /// Seconds until a connection to an upstream must stand, TLS included.
        connect_seconds: u32 = 5, Default "5";
        /// Seconds from the question to the header of the upstream's answer.
        header_seconds: u32 = 30, Default "30";
        /// Seconds from that header to the first event.
        first_event_seconds: u32 = 120, Default "120";
        /// Seconds between two pieces of an answer.
        idle_seconds: u32 = 120, Default "120";
        /// Seconds a reply may take in all. What came until then is kept.
        total_seconds: u32 = 600, Default "600";
        /// Seconds for which a reply goes on with nobody listening. What came until then is kept.
        detached_seconds: u32 = 600, Default "600";
        /// Seconds for which the single events of a reply are kept in memory after its end, for readers
        /// who come back, as far as 16 MiB hold all of them. Later ones get the whole text at once.
        log_seconds: u32 = 600, Default "600";
        /// Replies that may be written for one visitor at once, each in a conversation of its own.
        per_visitor: u32 = 3, Default "3";
    }
}
