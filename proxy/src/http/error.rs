//! Every room's errors as answers: status, stable code, a sentence in the visitor's language.
//!
//! A handler returns an [`ApiError`]; the frame around all routes writes its body, since only
//! there the request's id and language are known.

use super::context::{Context, Language};
use super::problems;
use super::sentences::{Sentence, sentence};
use crate::budget::Refusal;
use crate::files::SpoolError;
use crate::limits::Exhausted;
use crate::relay::RelayError;
use crate::store::StoreError;
use crate::token::AuthError;
use crate::upstream::UpstreamError;
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LANGUAGE, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use std::borrow::Cow;
use twinchat_protocol::error::{ErrorBody, ErrorCode, ErrorDetails};

/// The media type of errors (RFC 9457).
pub const PROBLEM_JSON: &str = "application/problem+json";

/// What went wrong, before it is put into words.
#[derive(Debug, Clone)]
pub struct ApiError {
    code: ErrorCode,
    field: Option<Cow<'static, str>>,
    retry_after: Option<u32>,
    sentence: Option<Sentence>,
    challenge: Option<Cow<'static, str>>,
}

impl ApiError {
    /// An error with the code's own sentence.
    pub fn new(code: ErrorCode) -> Self {
        Self { code, field: None, retry_after: None, sentence: None, challenge: None }
    }

    /// A request that is not as documented, in this field or parameter.
    pub fn invalid(field: impl Into<Cow<'static, str>>, sentence: Sentence) -> Self {
        Self { field: Some(field.into()), ..Self::new(ErrorCode::InvalidRequest) }.saying(sentence)
    }

    /// About this field or parameter.
    pub fn about(self, field: impl Into<Cow<'static, str>>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    /// With a sentence that says more than the code's own.
    pub fn saying(self, sentence: Sentence) -> Self {
        Self { sentence: Some(sentence), ..self }
    }

    /// With the seconds until another try makes sense.
    pub fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// With a `WWW-Authenticate` (RFC 9110 section 11.6.1).
    pub fn challenge(self, challenge: impl Into<Cow<'static, str>>) -> Self {
        Self { challenge: Some(challenge.into()), ..self }
    }

    /// The stable code.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The body, in this request's language.
    pub fn body(&self, context: &Context) -> ErrorBody {
        let usual;
        let message = match &self.sentence {
            Some(own) => own,
            None => {
                usual = sentence(self.code);
                &usual
            }
        }
        .in_language(context.language);
        ErrorBody {
            kind: problems::path(self.code),
            title: self.code.title().to_owned(),
            status: self.code.status(),
            detail: message.to_owned(),
            success: false,
            message: message.to_owned(),
            error: self.code,
            status_code: self.code.status(),
            meta: context.meta(),
            details: ErrorDetails {
                field: self.field.as_deref().map(str::to_owned),
                retry_after: self.retry_after,
                retryable: self.code.is_retryable(),
            },
        }
    }

    /// The whole answer, headers included.
    pub(super) fn answer(&self, context: &Context) -> Response {
        let mut response = (self.status(), Json(self.body(context))).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(Language::tag(context.language)));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(challenge) = self.challenge.as_deref().and_then(|text| HeaderValue::from_str(text).ok()) {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }

    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<SpoolError> for ApiError {
    fn from(error: SpoolError) -> Self {
        tracing::error!(%error, "a file could not be taken in");
        Self::new(ErrorCode::StoreUnavailable).about("files").retry_after(60).saying(Sentence::new(
            "There is no room for files right now, so nothing was sent. Try again in a minute, or send the message without files.",
            "Hiện không còn chỗ cho tệp nên chưa gửi gì. Vui lòng thử lại sau một phút, hoặc gửi tin nhắn không kèm tệp.",
        ))
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        let (code, oauth_code) = match &error {
            // RFC 6750 section 3: no error code when no credential was sent at all.
            AuthError::Missing => return Self::new(ErrorCode::InvalidToken).challenge("DPoP algs=\"ES256\", Bearer"),
            AuthError::Invalid(_) => (ErrorCode::InvalidToken, "invalid_token"),
            AuthError::Expired => (ErrorCode::TokenExpired, "invalid_token"),
            AuthError::Proof(_) => (ErrorCode::InvalidDpopProof, "invalid_dpop_proof"),
            AuthError::Nonce => (ErrorCode::UseDpopNonce, "use_dpop_nonce"),
            AuthError::TooManyProofs { retry_after } => return Self::new(ErrorCode::RateLimited).retry_after(*retry_after),
        };
        let usual = sentence(code);
        // For developers: visitors do not see these, their widget gets another token.
        let said = Sentence::new(format!("{} ({error}.)", usual.english), format!("{} ({error}.)", usual.vietnamese));
        let told = format!("error=\"{oauth_code}\", error_description=\"{error}\"");
        // Of a token that is no good nobody knows which kind it was (RFC 6750 section 3, RFC 9449 section 7.2).
        let bearer = if oauth_code == "invalid_token" { format!(", Bearer {told}") } else { String::new() };
        Self::new(code).saying(said).challenge(format!("DPoP algs=\"ES256\", {told}{bearer}"))
    }
}

impl From<Exhausted> for ApiError {
    fn from(exhausted: Exhausted) -> Self {
        Self::new(ErrorCode::RateLimited).retry_after(exhausted.retry_after)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::new(match &error {
            StoreError::NotFound => ErrorCode::NotFound,
            StoreError::ReplyInProgress => ErrorCode::ReplyInProgress,
            StoreError::NotRetryable => ErrorCode::NotRetryable,
            StoreError::NotQuotable => {
                return Self::invalid(
                    "replyTo",
                    Sentence::new(
                        "replyTo is the id of a message of this conversation.",
                        "replyTo là mã của một tin nhắn trong cuộc trò chuyện này.",
                    ),
                );
            }
            StoreError::LinkedElsewhere => ErrorCode::LinkedElsewhere,
            StoreError::IdempotencyMismatch => ErrorCode::IdempotencyMismatch,
            StoreError::UpstreamConversationTaken => ErrorCode::UpstreamError,
            StoreError::FilesGone => return Self::new(ErrorCode::NotRetryable).saying(files_gone()),
            StoreError::TooManyReplies => return Self::new(ErrorCode::RateLimited).retry_after(10).saying(too_many_replies()),
            StoreError::Unavailable(_) | StoreError::Gone | StoreError::Migration(_) | StoreError::File(_) => {
                tracing::error!(%error, "the store failed");
                ErrorCode::StoreUnavailable
            }
        })
    }
}

fn files_gone() -> Sentence {
    Sentence::new(
        "The files of this message are not kept any more; send it again with its files.",
        "Các tệp của tin nhắn này không còn được lưu; hãy gửi lại tin nhắn kèm các tệp.",
    )
}

fn too_many_replies() -> Sentence {
    Sentence::new(
        "Twins are still answering you in other conversations; wait for one to end or stop it.",
        "Các trợ lý vẫn đang trả lời bạn ở những cuộc trò chuyện khác; hãy đợi một câu trả lời xong hoặc bấm dừng.",
    )
}

impl From<RelayError> for ApiError {
    fn from(error: RelayError) -> Self {
        match error {
            RelayError::Store(error) => error.into(),
            RelayError::Refused(refusal) => refusal.into(),
            RelayError::NobodyFree { retry_after } => Self::new(ErrorCode::NobodyFree).retry_after(retry_after),
            RelayError::CannotReply => Self::invalid(
                "replyTo",
                Sentence::new(
                    "This twin cannot be told which message you answer; leave replyTo out, or quote it in your own message.",
                    "Không thể báo cho trợ lý này biết bạn đang trả lời tin nhắn nào; hãy bỏ replyTo, hoặc tự trích dẫn trong tin nhắn.",
                ),
            ),
            RelayError::Closing => Self::new(ErrorCode::UpstreamUnavailable).retry_after(5).saying(Sentence::new(
                "The server is restarting. Try again in a few seconds.",
                "Máy chủ đang khởi động lại. Vui lòng thử lại sau vài giây.",
            )),
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let mut error = Self::new(refusal.code());
        error.retry_after = refusal.retry_after();
        if matches!(refusal, Refusal::Busy { .. }) { error.saying(busy()) } else { error }
    }
}

fn busy() -> Sentence {
    Sentence::new(
        "The twins are asked more than they may answer at once, so nothing was sent. Try again in a moment.",
        "Các trợ lý đang nhận nhiều câu hỏi hơn mức có thể trả lời cùng lúc nên chưa gửi gì. Vui lòng thử lại sau giây lát.",
    )
}

impl From<UpstreamError> for ApiError {
    fn from(error: UpstreamError) -> Self {
        tracing::warn!(%error, "an upstream failed");
        let new = Self::new(error.code());
        match error.retry_after() {
            Some(seconds) => new.retry_after(seconds),
            None => new,
        }
    }
}
