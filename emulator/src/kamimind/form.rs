//! The form: `story_id`, `bot_token`, `streaming`, `message`, `files`.

use crate::script::Said;
use axum::extract::Multipart;
use std::fmt::Write;

/// A form that was read.
#[derive(Debug, Default)]
pub(super) struct Form {
    /// Empty for a new conversation.
    pub(super) story_id: String,
    pub(super) bot_token: String,
    pub(super) streaming: bool,
    pub(super) message: String,
    /// Names and sizes, in the order they came.
    pub(super) files: Vec<(String, usize)>,
}

impl Form {
    /// Reads the form. Fields that are not documented are passed over.
    pub(super) async fn read(mut parts: Multipart) -> Result<Self, String> {
        let mut form = Self::default();
        while let Some(part) = parts.next_field().await.map_err(|error| error.body_text())? {
            let name = part.name().unwrap_or_default().to_owned();
            let file_name = part.file_name().map(str::to_owned);
            let bytes = part.bytes().await.map_err(|error| error.body_text())?;
            let text = || String::from_utf8(bytes.to_vec()).map_err(|_| format!("{name} must be UTF-8"));
            match name.as_str() {
                "story_id" => form.story_id = text()?,
                "bot_token" => form.bot_token = text()?,
                "message" => form.message = text()?,
                "streaming" => form.streaming = is_true(&text()?)?,
                "files" => form.files.push((file_name.ok_or("files must be a file")?, bytes.len())),
                _ => {}
            }
        }
        let missing = |name: &str| Err(format!("{name} is required"));
        match (form.bot_token.is_empty(), form.message.trim().is_empty()) {
            (true, _) => missing("bot_token"),
            (_, true) => missing("message"),
            _ => Ok(form),
        }
    }

    /// The answer, with the files it came for.
    pub(super) fn with_files(&self, said: &Said) -> String {
        if self.files.is_empty() {
            return said.answer.clone();
        }
        let english = said.language == "en";
        let mut text = if english { "Files I received:\n\n" } else { "Tôi đã nhận được các tệp:\n\n" }.to_owned();
        for (name, size) in &self.files {
            let _ = writeln!(text, "- {name} ({size} bytes)");
        }
        text.push('\n');
        text + &said.answer
    }
}

fn is_true(text: &str) -> Result<bool, String> {
    match text {
        "true" => Ok(true),
        "false" | "" => Ok(false),
        _ => Err("streaming must be true or false".to_owned()),
    }
}
