//! `{success, data, meta}` around every successful answer, as TwinExpert documents it.

use serde::{Deserialize, Serialize};

/// A successful answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Envelope<T> {
    /// Always `true`; errors have [`ErrorBody`](crate::error::ErrorBody).
    pub success: bool,
    /// What was asked for.
    pub data: T,
    /// About the answer.
    pub meta: Meta,
}

/// About an answer: when, under which id, and which part of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct Meta {
    /// When it was given, RFC 3339 in UTC.
    pub timestamp: String,
    /// The request's id, the same as in the `X-Request-Id` header.
    pub request_id: String,
    /// Lists by page: this page, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// Lists: the most items a page holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Lists by page: how many items there are in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u32>,
    /// Lists by page: how many pages there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_pages: Option<u32>,
    /// Lists by cursor: pass as `before` for the items before these; absent at the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Lists by cursor: pass as `after` for the items after these; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}
