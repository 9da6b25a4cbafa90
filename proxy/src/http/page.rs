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

/// Which page of a list.
#[derive(Debug, Clone, Copy, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// The page, from 1.
    pub(super) page: Option<u32>,
    /// Items per page, 1 to 100; 20 by default.
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
        if page == 0 {
            return Err(ApiError::invalid("page", Sentence::new("page counts from 1.", "page được đếm từ 1.")));
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
    let title = text.trim();
    if title.chars().count() <= MAX_TITLE_CHARS && !title.contains('\0') {
        return Ok(title);
    }
    let english = format!("The title is too long; use at most {MAX_TITLE_CHARS} characters.");
    let vietnamese = format!("Tiêu đề quá dài; hãy dùng tối đa {MAX_TITLE_CHARS} ký tự.");
    Err(ApiError::invalid("title", Sentence::new(english, vietnamese)))
}
