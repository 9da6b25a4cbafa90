//! What is wrong with the settings, where, and what to change.

use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// Why the settings are refused: every mistake that could be found, in the order of their lines.
/// Never shows a line of the file: it may hold a secret put there by mistake.
#[derive(Debug, thiserror::Error)]
pub struct ConfigError {
    /// The settings file.
    pub path: PathBuf,
    /// At least one.
    pub problems: Vec<Problem>,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The line, from 1, if it is about one.
    pub line: Option<usize>,
    /// The field with its section, such as `server.listen`, if it is about one.
    pub field: Option<String>,
    /// What is wrong and what to change.
    pub message: String,
}

impl Problem {
    /// Something that is about no one line or field.
    pub(super) fn whole(message: impl Into<String>) -> Self {
        Self { line: None, field: None, message: message.into() }
    }
}

impl ConfigError {
    pub(super) fn new(path: PathBuf, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.line.unwrap_or(usize::MAX));
        Self { path, problems }
    }
}

/// One line per mistake, each beginning like a compiler's: `file:line: `.
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            let end = if at == 0 { "" } else { "\n" };
            write!(f, "{end}{}:", self.path.display())?;
            match problem.line {
                Some(line) => write!(f, "{line}: {}", problem.message)?,
                None => write!(f, " {}", problem.message)?,
            }
        }
        Ok(())
    }
}

/// The parser's words about a text that is no TOML, and how it is written.
pub(super) fn not_toml(message: &str) -> String {
    match message {
        "duplicate key" => "this name or section stands twice in the file: keep one of the two".to_owned(),
        other => format!("this is not TOML, {other}: write `name = value`, texts in quotes, below the `[section]` they belong to"),
    }
}

/// The longest value that is repeated, in bytes. No key is so short.
const LONGEST_SHOWN: usize = 16;

/// The longest name that is repeated whole, in characters. Ours are shorter, and so are their typing errors.
const LONGEST_NAME: usize = 60;

/// A name from the file as it can be shown in a line: a quoted one may be anything, pages long too.
pub(super) fn shown(name: &str) -> String {
    let mut shown: String = name.chars().take(LONGEST_NAME).map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect();
    if name.chars().nth(LONGEST_NAME).is_some() {
        shown.push('…');
    }
    shown
}

/// The parser's words, and what to do where they alone do not help. Texts the parser quotes from
/// the file are left out: they may be the secret itself.
pub(super) fn explain(message: &str) -> String {
    let unknown = message.strip_prefix("unknown field `").and_then(|rest| rest.rsplit_once("`, expected "));
    if let Some((field, expected)) = unknown {
        let name = shown(field);
        if !["key", "token", "secret", "password"].iter().any(|word| field.contains(word)) {
            return format!("unknown field `{name}`, expected {expected}");
        }
        return format!(
            "`{name}` does not belong here: secrets are never in this file. Put it into an environment variable and name it with \
             `key_env` (in [[identity]]: `secret_env`), or into a file and name that with `key_file` (`secret_file`)"
        );
    }
    // `listen = "localhost:8787"`, `listen = ":8787"`: what other programs take.
    if message.starts_with("invalid socket address") {
        return "write an IP address and a port, such as \"127.0.0.1:8787\" or \"[::]:8787\"".to_owned();
    }
    // A typing error is short; what is long may be a secret in the wrong place.
    if let Some((said, expected)) = message.strip_prefix("unknown variant `").and_then(|rest| rest.split_once("`, expected "))
        && said.len() > LONGEST_SHOWN
    {
        return format!("this value is not known here, expected {expected}");
    }
    match message.split_once("invalid type: string \"").and_then(|(before, rest)| Some((before, rest.rsplit_once("\", expected ")?.1))) {
        Some((before, expected)) => format!("{before}invalid type: a text, expected {expected}"),
        None => message.to_owned(),
    }
}
