use crate::config::UpstreamKey;
use crate::files::Attachment;
use crate::upstream::{Question, UpstreamError};
use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, BoxStream, StreamExt, unfold};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Body, RequestBuilder};
use std::io;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

/// As much of a file is in memory at once.
const PIECE: usize = 64 << 10;

/// A question as `multipart/form-data` (RFC 7578). Values stand as they are, without quotes; file names in UTF-8, as
/// browsers and curl write them.
pub(super) struct Form<'a> {
    pub(super) question: &'a Question<'a>,
    pub(super) bot_token: Option<&'a UpstreamKey>,
    pub(super) streaming: bool,
    /// Random, so that nothing in a part can look like its end.
    pub(super) boundary: String,
}

impl Form<'_> {
    /// Puts the form into a request. Files are opened now and read as they are sent.
    ///
    /// # Errors
    /// When a file is not there as it was.
    pub(super) async fn fill(&self, request: RequestBuilder) -> Result<RequestBuilder, UpstreamError> {
        let kind = format!("multipart/form-data; boundary={}", self.boundary);
        let request = request.header(CONTENT_TYPE, kind);
        let (fields, end) = (self.fields(), format!("--{}--\r\n", self.boundary));
        if self.question.files.is_empty() {
            return Ok(request.body(fields + &end));
        }
        let mut parts: Vec<BoxStream<'static, io::Result<Bytes>>> = Vec::new();
        let mut length = 0_u64;
        length += fields.len() as u64;
        parts.push(piece(fields));
        for file in self.question.files {
            let (head, content) = (self.file_head(file), opened(file).await?);
            length += head.len() as u64 + file.size + 2;
            parts.extend([piece(head), content, piece("\r\n".to_owned())]);
        }
        length += end.len() as u64;
        parts.push(piece(end));
        let body = Body::wrap_stream(stream::iter(parts).flatten());
        Ok(request.header(CONTENT_LENGTH, length).body(body))
    }

    fn fields(&self) -> String {
        let streaming = if self.streaming { "true" } else { "false" };
        let message = self.message();
        let fields = [
            ("story_id", self.question.conversation.unwrap_or_default()),
            ("bot_token", self.bot_token.map_or("", UpstreamKey::expose)),
            ("streaming", streaming),
            ("message", &message),
        ];
        let part = |(name, value): (&str, &str)| {
            format!("--{}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n", self.boundary)
        };
        fields.into_iter().map(part).collect()
    }

    /// The text, which has to be there: files alone are said by their names.
    fn message(&self) -> String {
        if self.question.content.trim().is_empty() {
            let names: Vec<&str> = self.question.files.iter().map(|file| file.name.as_str()).collect();
            return names.join(", ");
        }
        self.question.content.to_owned()
    }

    /// Names hold neither quotes nor line ends: [`harmless`](crate::files::harmless).
    fn file_head(&self, file: &Attachment) -> String {
        format!(
            "--{}\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
            self.boundary, file.name, file.media_type
        )
    }
}

fn piece(text: String) -> BoxStream<'static, io::Result<Bytes>> {
    stream::once(async { Ok(Bytes::from(text)) }).boxed()
}

/// A file's content, exactly as long as it was.
async fn opened(file: &Attachment) -> Result<BoxStream<'static, io::Result<Bytes>>, UpstreamError> {
    let gone = |error: io::Error| UpstreamError::Failed(format!("a file that was to be sent cannot be read: {error}"));
    let opened = File::open(&file.path).await.map_err(gone)?;
    if opened.metadata().await.map_err(gone)?.len() != file.size {
        return Err(UpstreamError::Failed("a file that was to be sent is not what it was".to_owned()));
    }
    let reading = unfold(Some((opened, file.size)), |state| async move {
        let (mut file, left) = state?;
        if left == 0 {
            return None;
        }
        let mut piece = BytesMut::zeroed(PIECE.min(usize::try_from(left).unwrap_or(PIECE)));
        match file.read(&mut piece).await {
            Ok(0) => Some((Err(io::Error::from(io::ErrorKind::UnexpectedEof)), None)),
            Ok(read) => {
                piece.truncate(read);
                Some((Ok(piece.freeze()), Some((file, left - read as u64))))
            }
            Err(error) => Some((Err(error), None)),
        }
    });
    Ok(reading.boxed())
}
