//! What is wrong with the settings, where, and what to change.

use std::path::{Path, PathBuf};

/// Why the settings are refused. Never shows a line of the file: it may hold a secret put there
/// by mistake.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The settings file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line of it cannot be accepted.
    #[error("{}:{line}: {message}", path.display())]
    Line {
        /// The settings file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What to change.
        message: String,
    },
    /// It does not fit together.
    #[error("{}: {message}", path.display())]
    Whole {
        /// The settings file.
        path: PathBuf,
        /// What to change.
        message: String,
    },
}

impl ConfigError {
    pub(super) fn of_toml(path: &Path, text: &str, error: &toml::de::Error) -> Self {
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        Self::Line { path: path.to_owned(), line, message: explain(error.message()) }
    }
}

/// The parser's words, and what to do where they alone do not help. Texts the parser quotes from
/// the file are left out: they may be the secret itself.
fn explain(message: &str) -> String {
    let unknown = message.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'));
    if let Some((field, _)) = unknown
        && ["key", "token", "secret", "password"].iter().any(|word| field.contains(word))
    {
        return format!(
            "`{field}` does not belong here: secrets are never in this file. Put the key into an environment variable and name it with \
             `key_env`, or into a file and name that with `key_file`"
        );
    }
    match message.split_once("invalid type: string \"").and_then(|(before, rest)| Some((before, rest.rsplit_once("\", expected ")?.1))) {
        Some((before, expected)) => format!("{before}invalid type: a text, expected {expected}"),
        None => message.to_owned(),
    }
}
