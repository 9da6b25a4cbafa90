//! What went wrong and what to do, in the visitor's words. One sentence per code and language.

use super::context::Language;
use std::borrow::Cow;
use twinchat_protocol::error::ErrorCode;

/// The same thing said in each language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// In English.
    pub english: Cow<'static, str>,
    /// In Vietnamese.
    pub vietnamese: Cow<'static, str>,
}

impl Sentence {
    /// English first.
    pub fn new(english: impl Into<Cow<'static, str>>, vietnamese: impl Into<Cow<'static, str>>) -> Self {
        Self { english: english.into(), vietnamese: vietnamese.into() }
    }

    /// In this language.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::English => &self.english,
            Language::Vietnamese => &self.vietnamese,
        }
    }
}

/// What is said when nothing more particular is known.
pub fn sentence(code: ErrorCode) -> Sentence {
    let (english, vietnamese) = words(code);
    Sentence::new(english, vietnamese)
}

fn words(code: ErrorCode) -> (&'static str, &'static str) {
    of_credentials(code).or_else(|| of_requests(code)).or_else(|| of_replies(code)).unwrap_or(OUR_FAULT)
}

const OUR_FAULT: (&str, &str) = ("Something went wrong on our side. Try again.", "Đã có lỗi từ phía chúng tôi. Vui lòng thử lại.");

/// Who is asking, and what they may do.
fn of_credentials(code: ErrorCode) -> Option<(&'static str, &'static str)> {
    Some(match code {
        ErrorCode::InvalidToken => (
            "Sign in again: this needs an access token from this server.",
            "Vui lòng kết nối lại: yêu cầu này cần mã truy cập do máy chủ này cấp.",
        ),
        ErrorCode::TokenExpired => ("The access token has expired; get a new one.", "Mã truy cập đã hết hạn; hãy lấy mã mới."),
        ErrorCode::InvalidDpopProof => (
            "The proof of possession is missing or wrong; make a new one for this request.",
            "Bằng chứng sở hữu khóa bị thiếu hoặc sai; hãy tạo bằng chứng mới cho yêu cầu này.",
        ),
        ErrorCode::UseDpopNonce => (
            "Make a new proof of possession with the nonce of the header DPoP-Nonce.",
            "Hãy tạo bằng chứng sở hữu khóa mới với giá trị trong phần đầu DPoP-Nonce.",
        ),
        ErrorCode::InsufficientScope => (
            "This access token may only read; get one with the scope full_access.",
            "Mã truy cập này chỉ được đọc; hãy lấy mã có phạm vi full_access.",
        ),
        ErrorCode::SignInRequired => (
            "Sign in on this site first: this is for signed-in users.",
            "Hãy đăng nhập vào trang này trước: chức năng này dành cho người đã đăng nhập.",
        ),
        ErrorCode::LinkedElsewhere => (
            "The earlier conversations of this device were already taken over by another account.",
            "Các cuộc trò chuyện trước đây trên thiết bị này đã được chuyển sang một tài khoản khác.",
        ),
        ErrorCode::OriginNotAllowed => (
            "This page is not allowed to use this chat. If you run it, add the page's origin to allowed_origins under [server] in the settings.",
            "Trang này không được phép dùng khung chat này. Nếu bạn là người quản trị, hãy thêm nguồn (origin) của trang vào allowed_origins trong \
             mục [server] của cấu hình.",
        ),
        _ => return None,
    })
}

/// What the caller can change.
fn of_requests(code: ErrorCode) -> Option<(&'static str, &'static str)> {
    Some(match code {
        ErrorCode::InvalidRequest => ("The request is not as documented.", "Yêu cầu không đúng như tài liệu."),
        ErrorCode::NotFound => ("There is nothing here, or it is not yours.", "Không tìm thấy, hoặc nội dung này không thuộc về bạn."),
        ErrorCode::MethodNotAllowed => (
            "This address does not take this method; the Allow header names those it takes.",
            "Địa chỉ này không nhận phương thức đó; phần đầu Allow liệt kê các phương thức được nhận.",
        ),
        ErrorCode::RequestTimeout => (
            "The message did not arrive in time. Check the connection and try again.",
            "Nội dung gửi lên không đến kịp. Hãy kiểm tra kết nối rồi thử lại.",
        ),
        ErrorCode::ReplyInProgress => {
            ("The twin is still answering here; wait for the end or stop it.", "Trợ lý vẫn đang trả lời; hãy đợi xong hoặc bấm dừng.")
        }
        ErrorCode::NotRetryable => (
            "This answer cannot be asked for again; send a new message instead.",
            "Không thể yêu cầu trả lời lại tin nhắn này; hãy gửi tin nhắn mới.",
        ),
        ErrorCode::PayloadTooLarge => ("This is too long; send less at once.", "Nội dung quá dài; hãy gửi ngắn hơn."),
        ErrorCode::UriTooLong => ("The address of this request is too long; shorten it.", "Địa chỉ của yêu cầu quá dài; hãy rút ngắn lại."),
        ErrorCode::HeaderTooLarge => (
            "The header of this request is too large; send fewer or shorter fields, such as cookies.",
            "Phần đầu của yêu cầu quá lớn; hãy gửi ít trường hơn hoặc ngắn hơn, chẳng hạn cookie.",
        ),
        ErrorCode::UnsupportedMediaType => (
            "Send the body as JSON, with Content-Type: application/json.",
            "Hãy gửi nội dung ở dạng JSON, với Content-Type: application/json.",
        ),
        ErrorCode::IdempotencyMismatch => (
            "This Idempotency-Key was used for another message; use a new key.",
            "Idempotency-Key này đã dùng cho một tin nhắn khác; hãy dùng khóa mới.",
        ),
        ErrorCode::RateLimited => {
            ("Too many requests; wait a moment and try again.", "Quá nhiều yêu cầu; vui lòng đợi một lát rồi thử lại.")
        }
        _ => return None,
    })
}

/// What the caller cannot change.
fn of_replies(code: ErrorCode) -> Option<(&'static str, &'static str)> {
    Some(match code {
        ErrorCode::UpstreamError => (
            "The twin's service gave an answer that could not be understood. Try again.",
            "Dịch vụ của trợ lý trả về nội dung không hiểu được. Vui lòng thử lại.",
        ),
        ErrorCode::UpstreamRefused => (
            "The twin's service refuses this site's access. Please tell the site's owner.",
            "Dịch vụ của trợ lý từ chối quyền truy cập của trang này. Vui lòng báo cho chủ trang.",
        ),
        ErrorCode::NobodyFree => (
            "Everybody is talking to other visitors right now, so nothing was sent. Keep your message and try again in a few minutes.",
            "Hiện mọi người đều đang trò chuyện với khách khác nên chưa gửi gì. Hãy giữ tin nhắn của bạn và thử lại sau ít phút.",
        ),
        ErrorCode::UpstreamUnavailable => (
            "The twin's service cannot be reached right now. Try again in a moment.",
            "Hiện không kết nối được tới dịch vụ của trợ lý. Vui lòng thử lại sau giây lát.",
        ),
        ErrorCode::StoreUnavailable => (
            "Messages cannot be saved right now, so nothing was sent. Try again in a moment.",
            "Hiện không lưu được tin nhắn nên chưa gửi gì. Vui lòng thử lại sau giây lát.",
        ),
        ErrorCode::UpstreamTimeout => ("The twin took too long to answer. Try again.", "Trợ lý trả lời quá lâu. Vui lòng thử lại."),
        ErrorCode::ReplyIncomplete => (
            "The answer broke off before its end. What had come is kept.",
            "Câu trả lời bị ngắt giữa chừng. Phần đã nhận vẫn được giữ lại.",
        ),
        ErrorCode::ReplyInterrupted => (
            "The answer was interrupted on our side. What had come is kept; try again.",
            "Câu trả lời bị gián đoạn từ phía chúng tôi. Phần đã nhận vẫn được giữ lại; vui lòng thử lại.",
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_words_of_its_own_in_both_languages() {
        for code in ErrorCode::ALL {
            let said = sentence(*code);
            assert_ne!(said.english, said.vietnamese, "{code:?}");
            assert_eq!(said.english == OUR_FAULT.0, *code == ErrorCode::Internal, "{code:?} has no words");
        }
    }
}
