//! `multipart/form-data` (RFC 7578): a message with files. Each piece goes to the disk as it comes.
//!
//! Nothing of a file is ever given back to anybody but its name, type and size.

use super::error::ApiError;
use super::sentences::Sentence;
use crate::app::App;
use crate::config::Limits;
use crate::files::harmless;
use crate::media::{HEAD, Kind};
use crate::relay::Upload;
use axum::body::{Body, Bytes};
use futures_util::stream::{Stream, StreamExt};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderMap, Method};
use multer::{Constraints, Field, Multipart, SizeLimit};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use twinchat_protocol::error::ErrorCode;
use twinchat_protocol::message::MessageFile;
use utoipa::ToSchema;

/// The most bytes between two parts: a boundary and a part's header.
const MAX_PART_HEADER: usize = 16 << 10;
/// As much of the body is looked at in one piece.
const PIECE: usize = 64 << 10;
/// The most parts that are read of what is not known here.
const MAX_UNKNOWN: usize = 32;

/// Whether this is a message with files: such a request may be larger and take longer than others.
pub(super) fn is_upload(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    let to = path.strip_suffix("/stream").unwrap_or(path).strip_suffix("/messages");
    method == Method::POST && to.is_some_and(|rest| rest.contains("/conversations/")) && boundary(headers).is_some()
}

/// The most bytes of such a request.
pub(super) fn most_bytes(limits: &Limits) -> u64 {
    u64::from(limits.file_count) * u64::from(limits.file_bytes) + u64::from(limits.body_bytes) + (MAX_PART_HEADER as u64) * 8
}

/// What separates the parts, if the body is said to have some.
pub(super) fn boundary(headers: &HeaderMap) -> Option<String> {
    multer::parse_boundary(headers.get(CONTENT_TYPE)?.to_str().ok()?).ok()
}

/// A message with files. Fields that are not known are left out of account.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "for the OpenAPI document; forms are read piece by piece")]
pub(super) struct MessageForm {
    /// The text; may be left out or empty when there is a file.
    content: Option<String>,
    /// The id of the message that it answers, for twins with the capability `reply`.
    #[schema(rename = "replyTo")]
    reply_to: Option<String>,
    /// The files, each in a part of this name. `GET /widget` says how many, how large and of which types.
    #[schema(value_type = Vec<String>)]
    files: Vec<Bytes>,
}

/// A form as it was sent.
#[derive(Debug, Default)]
pub(super) struct Form {
    /// The text; empty when there was none.
    pub(super) content: String,
    /// The id of the message that it answers, as it came.
    pub(super) reply_to: Option<String>,
    /// The files, in the order in which they came.
    pub(super) files: Vec<Arc<Upload>>,
}

/// Reads a form. `takes_files`: whether the twin does.
pub(super) async fn read(app: &App, boundary: String, body: Body, takes_files: bool) -> Result<Form, ApiError> {
    let limits = &app.config().limits;
    let allowance = Arc::new(AtomicUsize::new(0));
    let body = Rationed { body: body.into_data_stream(), rest: Bytes::new(), allowance: allowance.clone(), gave: false };
    let whole = SizeLimit::new().whole_stream(most_bytes(limits));
    let mut parts = Multipart::with_constraints(body, boundary, Constraints::new().size_limit(whole));
    let (mut form, mut has_content, mut unknown) = (Form::default(), false, 0);
    loop {
        // What comes before a part is held in memory until it is whole.
        allowance.store(MAX_PART_HEADER + PIECE, Ordering::Relaxed);
        let Some(part) = parts.next_field().await.map_err(broken)? else { return Ok(form) };
        allowance.store(usize::MAX, Ordering::Relaxed);
        match part.name().unwrap_or_default() {
            "content" if has_content => return Err(twice("content")),
            "content" => {
                form.content = text(part, limits.body_bytes as usize).await?;
                has_content = true;
            }
            "replyTo" if form.reply_to.is_some() => return Err(twice("replyTo")),
            "replyTo" => form.reply_to = Some(text(part, limits.body_bytes as usize).await?),
            "files" if !takes_files => return Err(takes_none()),
            "files" if form.files.len() >= limits.file_count as usize => return Err(too_many(limits.file_count)),
            "files" => form.files.push(Arc::new(file(app, part).await?)),
            _ if unknown >= MAX_UNKNOWN => return Err(invalid("there are too many fields")),
            // As JSON members that are not known are, so that a newer widget can speak to an older proxy.
            _ => {
                text(part, limits.body_bytes as usize).await?;
                unknown += 1;
            }
        }
    }
}

/// A body that is taken in by pieces of bearable size, one at a time, and at most so many bytes of it: the parser
/// would else take in all there is before it looks at it.
struct Rationed<S> {
    body: S,
    rest: Bytes,
    allowance: Arc<AtomicUsize>,
    /// A piece was given, and the parser shall look at it first.
    gave: bool,
}

/// The parser looks for the next part for too long.
#[derive(Debug, thiserror::Error)]
#[error("the header of a part is too long")]
struct TooLongHeader;

impl<S: Stream<Item = Result<Bytes, axum::Error>> + Unpin> Stream for Rationed<S> {
    type Item = Result<Bytes, Box<dyn std::error::Error + Send + Sync>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.gave) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.rest.is_empty() {
            match ready!(self.body.poll_next_unpin(context)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                Some(Ok(chunk)) => self.rest = chunk,
            }
        }
        let length = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(length);
        let allowed = self.allowance.load(Ordering::Relaxed);
        if piece.len() > allowed {
            return Poll::Ready(Some(Err(TooLongHeader.into())));
        }
        if allowed != usize::MAX {
            self.allowance.store(allowed - piece.len(), Ordering::Relaxed);
        }
        self.gave = true;
        Poll::Ready(Some(Ok(piece)))
    }
}

/// A field that is text.
async fn text(mut part: Field<'_>, most: usize) -> Result<String, ApiError> {
    let mut bytes = Vec::new();
    while let Some(piece) = part.chunk().await.map_err(broken)? {
        if bytes.len() + piece.len() > most {
            return Err(ApiError::new(ErrorCode::PayloadTooLarge));
        }
        bytes.extend_from_slice(&piece);
    }
    String::from_utf8(bytes).map_err(|_| invalid("texts are UTF-8"))
}

/// Takes in one file.
async fn file(app: &App, mut part: Field<'_>) -> Result<Upload, ApiError> {
    let limits = &app.config().limits;
    let Some(sent) = file_name(&part) else { return Err(invalid("each part named files is a file with a name")) };
    let name = harmless(&sent);
    let declared = part.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let claimed = Kind::claimed(&name, declared).filter(|kind| limits.file_types.iter().any(|taken| taken.as_str() == kind.media_type));
    let Some(kind) = claimed else { return Err(not_taken(&name)) };
    let mut spool = app.files().receive().await?;
    let (mut head, mut has_nul) = (Vec::with_capacity(HEAD), false);
    while let Some(piece) = part.chunk().await.map_err(broken)? {
        if spool.size() + piece.len() as u64 > limits.file_bytes.into() {
            return Err(too_large(&name, limits.file_bytes));
        }
        head.extend_from_slice(&piece[..piece.len().min(HEAD - head.len())]);
        has_nul = has_nul || piece.contains(&0);
        spool.write(&piece).await?;
    }
    let spooled = spool.finish().await?;
    if spooled.size() == 0 {
        return Err(refused(&name, "is empty", "không có nội dung"));
    }
    if !kind.is_shown_by(&head, has_nul) {
        return Err(something_else(&name, kind.media_type));
    }
    Ok(Upload { file: MessageFile { name, media_type: kind.media_type.to_owned(), size: spooled.size() }, spooled })
}

/// A part's file name: `filename`, in which browsers write `"` as `%22`, or `filename*` (RFC 8187).
fn file_name(part: &Field<'_>) -> Option<String> {
    if let Some(name) = part.file_name() {
        return Some(name.replace("%22", "\"").replace("%0D", "").replace("%0A", ""));
    }
    let disposition = String::from_utf8_lossy(part.headers().get(CONTENT_DISPOSITION)?.as_bytes()).into_owned();
    let (_, rest) = disposition.split_once("filename*=")?;
    let (_, encoded) = rest.split(';').next()?.trim().split_once("''")?;
    decoded(encoded)
}

/// Percent-encoded UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

fn broken(error: multer::Error) -> ApiError {
    match error {
        multer::Error::StreamSizeExceeded { .. } | multer::Error::FieldSizeExceeded { .. } => ApiError::new(ErrorCode::PayloadTooLarge),
        multer::Error::StreamReadFailed(cause) if cause.is::<TooLongHeader>() => invalid("a part's header is too long"),
        multer::Error::StreamReadFailed(_) | multer::Error::IncompleteFieldData { .. } | multer::Error::IncompleteStream => {
            invalid("it broke off")
        }
        _ => invalid("this is no multipart/form-data"),
    }
}

fn invalid(why: &'static str) -> ApiError {
    let english = format!("The form is not as documented: {why}.");
    ApiError::invalid("body", Sentence::new(english, format!("Biểu mẫu không đúng như tài liệu: {why}.")))
}

fn twice(field: &'static str) -> ApiError {
    let english = format!("Send {field} once.");
    ApiError::invalid(field, Sentence::new(english, format!("Chỉ gửi {field} một lần.")))
}

fn takes_none() -> ApiError {
    ApiError::new(ErrorCode::UnsupportedMediaType).about("files").saying(Sentence::new(
        "This twin takes no files; send the message without them.",
        "Trợ lý này không nhận tệp; hãy gửi tin nhắn không kèm tệp.",
    ))
}

fn too_many(most: u32) -> ApiError {
    let english = format!("A message may have {most} files at most; leave some out.");
    ApiError::invalid("files", Sentence::new(english, format!("Mỗi tin nhắn có tối đa {most} tệp; hãy bớt lại.")))
}

fn too_large(name: &str, most: u32) -> ApiError {
    let megabytes = f64::from(most) / f64::from(1 << 20);
    let english = format!("The file \"{name}\" is larger than {megabytes:.1} MB; send a smaller one.");
    let vietnamese = format!("Tệp \"{name}\" lớn hơn {megabytes:.1} MB; hãy gửi tệp nhỏ hơn.");
    ApiError::new(ErrorCode::PayloadTooLarge).about("files").saying(Sentence::new(english, vietnamese))
}

fn refused(name: &str, english: &str, vietnamese: &str) -> ApiError {
    ApiError::invalid("files", Sentence::new(format!("The file \"{name}\" {english}."), format!("Tệp \"{name}\" {vietnamese}.")))
}

fn not_taken(name: &str) -> ApiError {
    let english = format!("Files like \"{name}\" are not taken here, or its name and its type do not go together.");
    let vietnamese = format!("Ở đây không nhận tệp như \"{name}\", hoặc tên và loại tệp không khớp nhau.");
    ApiError::new(ErrorCode::UnsupportedMediaType).about("files").saying(Sentence::new(english, vietnamese))
}

fn something_else(name: &str, claimed: &str) -> ApiError {
    let english = format!("The file \"{name}\" is not what it is called: its content is not {claimed}.");
    let vietnamese = format!("Tệp \"{name}\" không đúng với tên gọi: nội dung không phải {claimed}.");
    ApiError::new(ErrorCode::UnsupportedMediaType).about("files").saying(Sentence::new(english, vietnamese))
}
