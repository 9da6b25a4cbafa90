//! What the fuzz targets in `fuzz/` do with their bytes. Compiled for them and for tests only: every
//! committed seed, and whatever a fuzzer once found, goes through the same functions in an ordinary run.
//!
//! Deliberately absent: anything the product uses.

pub use crate::token::fuzzing::{access_token, dpop_proof, identity_keys, identity_token};
pub use crate::upstream::fuzzing::{http1_answers, kamimind_stream, openai_events};
pub use crate::upstream::teams::fuzzing::teams_answers;
pub use crate::upstream::twinexpert::fuzzing::{rate_limit_headers, twinexpert_answers, twinexpert_events};

use crate::config::Config;
use std::path::Path;
use twinchat_protocol::id::{ConversationId, EventId, MessageId, VisitorId};

/// A key as owners put it into the wrong place.
const SECRET: &str = "txp_live_0123456789";

/// Settings: reading never panics, every refusal says something about a line that exists, and neither
/// a refusal nor `Debug` repeats a secret.
pub fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // Files are the owner's to name; a fuzzer must not read this machine's. Messages say an upstream's and a twin's name.
    let names_the_secret = |line: &str| ["name", "id"].iter().any(|field| line.trim_start().starts_with(field)) && line.contains(SECRET);
    if text.contains("_file") || text.contains("avatar") || text.contains('\\') || text.lines().any(names_the_secret) {
        return;
    }
    let is_set = |name: &str| (name == "KEY").then(|| SECRET.to_owned());
    match Config::read(Path::new("twinchat.toml"), text, &is_set) {
        Ok(mut config) => {
            config.warnings();
            let address = config.server.listen;
            config.server.complete(address);
            if !text.contains(SECRET) {
                assert!(!format!("{config:?}").contains(SECRET), "Debug shows the key");
            }
        }
        Err(error) => {
            assert!(!error.problems.is_empty(), "a refusal without a reason");
            for problem in &error.problems {
                let words = problem.message.split_whitespace().count();
                assert!(words >= 3 && problem.message.len() < 4000, "no help: {problem:?}");
                // A name that is not known has to be said, whatever it is.
                let is_a_name = problem.field.as_ref().is_some_and(|field| field.contains(SECRET));
                assert!(is_a_name || !problem.message.contains(SECRET), "shows the key: {problem:?}");
                let lines = text.split('\n').count();
                assert!(problem.line.is_none_or(|line| (1..=lines).contains(&line)), "of {lines} lines: {problem:?}");
            }
        }
    }
}

/// Ids as clients send them: what is read is written the same again, and nothing else is read.
pub fn ids(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let plain = |part: Option<&str>| {
        part.is_some_and(|part| {
            (8..=64).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        })
    };
    assert_eq!(VisitorId::parse(text).is_ok(), plain(text.strip_prefix(VisitorId::PREFIX)));
    assert_eq!(ConversationId::parse(text).is_ok(), plain(text.strip_prefix(ConversationId::PREFIX)));
    assert_eq!(MessageId::parse(text).is_ok(), plain(text.strip_prefix(MessageId::PREFIX)));
    if let Ok(id) = EventId::parse(text) {
        assert_eq!(EventId::parse(&id.to_string()), Ok(id), "{text:?}");
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    type Target = (&'static str, fn(&[u8]));

    /// Every file in `fuzz/seeds/<target>`.
    fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target);
        let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let paths = files.map(|file| file.unwrap().path());
        paths.map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect()
    }

    #[test]
    fn every_seed_and_whatever_a_fuzzer_found_goes_through() {
        let targets: [Target; 13] = [
            ("access_token", super::access_token),
            ("dpop_proof", super::dpop_proof),
            ("identity_keys", super::identity_keys),
            ("identity_token", super::identity_token),
            ("rate_limit_headers", super::rate_limit_headers),
            ("config", super::config),
            ("twinexpert_answers", super::twinexpert_answers),
            ("twinexpert_events", super::twinexpert_events),
            ("openai_events", super::openai_events),
            ("kamimind_stream", super::kamimind_stream),
            ("teams_answers", super::teams_answers),
            ("http1_answers", super::http1_answers),
            ("ids", super::ids),
        ];
        for (name, target) in targets {
            let seeds = seeds(name);
            assert!(!seeds.is_empty(), "{name} has no seeds");
            for (path, bytes) in seeds {
                println!("{path}");
                target(&bytes);
                // Cut off anywhere, a seed is another input.
                let cuts = (0..bytes.len()).step_by(bytes.len() / 100 + 1);
                cuts.for_each(|end| target(&bytes[..end]));
            }
        }
    }
}
