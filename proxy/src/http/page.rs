//! Lists in pages, and checks that more than one route needs.

use super::error::ApiError;
use super::sentences::Sentence;
use serde::Deserialize;
use twinchat_protocol::conversation::MAX_TITLE_CHARS;
use twinchat_protocol::envelope::Meta;
use utoipa::IntoParams;

/// Items on a page when the client does not say.
const DEFAULT_LIMIT: u32 = 20;
/// The most items on a page, as TwinExpert documents it.
const MAX_LIMIT: u32 = 100;
/// The last page there can be.
const MAX_PAGE: u32 = 1_000_000;

/// Which page of a list.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// The page, from 1.
    #[param(minimum = 1, maximum = 1_000_000, default = 1)]
    pub(super) page: Option<u32>,
    /// Items per page, 1 to 100; 20 by default.
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub(super) limit: Option<u32>,
}

/// A page that was checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    page: u32,
    pub(super) limit: u32,
}

impl PageQuery {
    pub(super) fn checked(self) -> Result<Page, ApiError> {
        let page = self.page.unwrap_or(1);
        if !(1..=MAX_PAGE).contains(&page) {
            let english = format!("page is {page}: choose a number from 1 to {MAX_PAGE}.");
            let vietnamese = format!("page là {page}: hãy chọn một số từ 1 đến {MAX_PAGE}.");
            return Err(ApiError::invalid("page", Sentence::new(english, vietnamese)));
        }
        Ok(Page { page, limit: limit(self.limit, DEFAULT_LIMIT)? })
    }
}

impl Page {
    /// How many items come before it.
    pub(super) fn offset(self) -> u32 {
        (self.page - 1).saturating_mul(self.limit)
    }

    /// `meta` of a list with so many items in all.
    pub(super) fn meta(self, total: u32) -> Meta {
        let total_pages = Some(total.div_ceil(self.limit));
        Meta { page: Some(self.page), limit: Some(self.limit), total: Some(total), total_pages, ..Meta::default() }
    }
}

/// How many items, checked.
pub(super) fn limit(asked: Option<u32>, default: u32) -> Result<u32, ApiError> {
    let limit = asked.unwrap_or(default);
    if (1..=MAX_LIMIT).contains(&limit) {
        return Ok(limit);
    }
    let english = format!("limit is {limit}: choose a number from 1 to {MAX_LIMIT}.");
    let vietnamese = format!("limit là {limit}: hãy chọn một số từ 1 đến {MAX_LIMIT}.");
    Err(ApiError::invalid("limit", Sentence::new(english, vietnamese)))
}

/// A title without white space around it, short enough; maybe empty.
pub(super) fn title(text: &str) -> Result<&str, ApiError> {
    without_nul("title", text)?;
    let title = text.trim();
    if title.chars().count() <= MAX_TITLE_CHARS {
        return Ok(title);
    }
    let english = format!("The title is too long; use at most {MAX_TITLE_CHARS} characters.");
    let vietnamese = format!("Tiêu đề quá dài; hãy dùng tối đa {MAX_TITLE_CHARS} ký tự.");
    Err(ApiError::invalid("title", Sentence::new(english, vietnamese)))
}

/// The most characters searched for.
const MAX_SEARCH_CHARS: usize = 200;

/// A text to look for without white space around it, short enough; maybe empty.
pub(super) fn search_text(text: &str) -> Result<&str, ApiError> {
    without_nul("search", text)?;
    if text.chars().count() > MAX_SEARCH_CHARS {
        let english = format!("Search for at most {MAX_SEARCH_CHARS} characters.");
        return Err(ApiError::invalid("search", Sentence::new(english, format!("Chỉ tìm tối đa {MAX_SEARCH_CHARS} ký tự."))));
    }
    Ok(text.trim())
}

/// NUL ends texts in too many places to be kept or searched for.
pub(super) fn without_nul(field: &'static str, text: &str) -> Result<(), ApiError> {
    if text.contains('\0') {
        let english = format!("{field} holds a NUL character; leave it out.");
        return Err(ApiError::invalid(field, Sentence::new(english, format!("{field} có ký tự NUL; hãy bỏ ký tự đó."))));
    }
    Ok(())
}
