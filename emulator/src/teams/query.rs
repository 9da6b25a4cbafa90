//! `page`, `limit`, `sortBy`, `search` and `filter.<column>=$<operator>:<value>`.

use serde_json::{Map, Value, json};
use std::cmp::Ordering;

const COLUMNS: [&str; 11] =
    ["conversation.id", "id", "name", "message", "time", "time_raw", "date_time", "room_id", "room_name", "created_at", "updated_at"];
const MAX_LIMIT: usize = 100;

/// A query that was read.
#[derive(Debug)]
pub(super) struct Query {
    page: usize,
    limit: usize,
    sort: Option<(String, bool)>,
    search: Option<String>,
    filters: Vec<(String, Operator)>,
}

#[derive(Debug, PartialEq, Eq)]
enum Operator {
    Is(String),
    IsNot(String),
    In(Vec<String>),
    NotIn(Vec<String>),
    Compare { value: String, order: Ordering, or_equal: bool },
    Like(String),
    Null,
}

impl Operator {
    fn read(text: &str) -> Result<Self, String> {
        let (name, value) = match text.strip_prefix('$') {
            Some(rest) => rest.split_once(':').unwrap_or((rest, "")),
            None => ("eq", text),
        };
        let own = || value.to_owned();
        let list = || value.split(',').map(str::to_owned).collect();
        let compare = |order, or_equal| Self::Compare { value: own(), order, or_equal };
        Ok(match name {
            "eq" => Self::Is(own()),
            "ne" => Self::IsNot(own()),
            "in" => Self::In(list()),
            "notin" => Self::NotIn(list()),
            "gt" => compare(Ordering::Greater, false),
            "gte" => compare(Ordering::Greater, true),
            "lt" => compare(Ordering::Less, false),
            "lte" => compare(Ordering::Less, true),
            "ilike" => Self::Like(value.to_lowercase()),
            "isnull" => Self::Null,
            other => return Err(format!("${other} không được hỗ trợ")),
        })
    }

    fn takes(&self, field: &str) -> bool {
        match self {
            Self::Is(value) => field == value,
            Self::IsNot(value) => field != value,
            Self::In(values) => values.iter().any(|value| value == field),
            Self::NotIn(values) => values.iter().all(|value| value != field),
            Self::Compare { value, order, or_equal } => {
                let found = compare(field, value);
                found == *order || *or_equal && found == Ordering::Equal
            }
            Self::Like(value) => field.to_lowercase().contains(value),
            // Every message here belongs to a conversation.
            Self::Null => field.is_empty(),
        }
    }
}

/// As numbers where both are.
fn compare(a: &str, b: &str) -> Ordering {
    match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        _ => a.cmp(b),
    }
}

impl Query {
    /// Reads what stands behind the `?`.
    pub(super) fn read(text: Option<&str>) -> Result<Self, String> {
        let uri: http::Uri = format!("/?{}", text.unwrap_or_default()).parse().map_err(|_| "query không hợp lệ".to_owned())?;
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri).map_err(|_| "query không hợp lệ".to_owned())?;
        let mut query = Self { page: 1, limit: 10, sort: None, search: None, filters: Vec::new() };
        for (name, value) in pairs.0 {
            let number =
                || value.parse::<usize>().ok().filter(|number| *number > 0).ok_or_else(|| format!("{name} phải là số nguyên dương"));
            match name.as_str() {
                "page" => query.page = number()?,
                "limit" => query.limit = number()?.min(MAX_LIMIT),
                "search" => query.search = Some(value.to_lowercase()),
                "sortBy" => {
                    let (column, direction) = value.split_once(':').unwrap_or((&value, "ASC"));
                    query.sort = Some((known(column)?, direction.eq_ignore_ascii_case("DESC")));
                }
                _ => {
                    if let Some(column) = name.strip_prefix("filter.") {
                        query.filters.push((known(column)?, Operator::read(&value)?));
                    }
                }
            }
        }
        Ok(query)
    }

    /// Forgets what is to be left out.
    pub(super) fn ignore_filters(&mut self) {
        self.filters.clear();
    }

    /// Whether this row is wanted.
    pub(super) fn takes(&self, row: &Value) -> Result<bool, String> {
        let text = |column: &str| row[column].as_str().unwrap_or_default();
        let found = self.search.as_ref().is_none_or(|search| text("message").to_lowercase().contains(search));
        Ok(found && self.filters.iter().all(|(column, operator)| operator.takes(text(column))))
    }

    /// Sorts as asked; the latest first when nothing is asked.
    pub(super) fn sort(&self, rows: &mut [Value]) {
        let (column, down) = self.sort.as_ref().map_or(("time_raw", true), |(column, down)| (column.as_str(), *down));
        let text = |row: &Value| row[column].as_str().unwrap_or_default().to_owned();
        rows.sort_by(|a, b| {
            let order = compare(&text(a), &text(b));
            if down { order.reverse() } else { order }
        });
    }

    /// The wanted page, and what is told about it beside `data`.
    pub(super) fn page(&self, rows: &[Value]) -> (Vec<Value>, Map<String, Value>) {
        let skipped = (self.page - 1).saturating_mul(self.limit);
        let page: Vec<Value> = rows.iter().skip(skipped).take(self.limit).cloned().collect();
        let mut about = Map::new();
        about.insert("current_page".to_owned(), json!(self.page));
        if !page.is_empty() {
            about.insert("from".to_owned(), json!(skipped + 1));
            about.insert("to".to_owned(), json!(skipped + page.len()));
        }
        about.insert("last_page".to_owned(), json!(rows.len().div_ceil(self.limit).max(1)));
        about.insert("per_page".to_owned(), json!(self.limit));
        about.insert("total".to_owned(), json!(rows.len()));
        (page, about)
    }
}

fn known(column: &str) -> Result<String, String> {
    if COLUMNS.contains(&column) { Ok(column.to_owned()) } else { Err(format!("{column} không phải là một cột")) }
}
