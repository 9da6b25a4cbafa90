use reqwest::Url;

/// What of a list is wanted. Whatever the bridge makes of it, what comes back is checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// From 1.
    pub page: Option<u32>,
    /// Rows on a page.
    pub limit: Option<u32>,
    /// Sorted by this column, downwards.
    pub latest_first_by: Option<Column>,
    /// Rows with this text in the message.
    pub search: Option<String>,
    /// Rows of which all of these hold.
    pub filters: Vec<(Column, Condition)>,
}

/// A column of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The id of a message or thread.
    Id,
    /// The id of a message's thread.
    ConversationId,
    /// Under which name something was said, or a thread's.
    Name,
    /// What was said.
    Message,
    /// When it was written, in milliseconds since 1970.
    TimeRaw,
    /// When the bridge has noticed it.
    CreatedAt,
}

impl Column {
    /// Its name in an address.
    pub fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::ConversationId => "conversation.id",
            Self::Name => "name",
            Self::Message => "message",
            Self::TimeRaw => "time_raw",
            Self::CreatedAt => "created_at",
        }
    }
}

/// What has to hold of a column; the ten documented operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// `$eq`: it is this.
    Eq(String),
    /// `$ne`: it is not this.
    Ne(String),
    /// `$in`: it is one of these.
    In(Vec<String>),
    /// `$notin`: it is none of these.
    NotIn(Vec<String>),
    /// `$gt`: it is more.
    Gt(i64),
    /// `$gte`: it is as much or more.
    Gte(i64),
    /// `$lt`: it is less.
    Lt(i64),
    /// `$lte`: it is as much or less.
    Lte(i64),
    /// `$ilike`: it holds this, whatever the case.
    Ilike(String),
    /// `$isnull`: there is none.
    IsNull,
}

impl Condition {
    fn text(&self) -> String {
        let list = |values: &[String]| values.join(",");
        match self {
            Self::Eq(value) => format!("$eq:{value}"),
            Self::Ne(value) => format!("$ne:{value}"),
            Self::In(values) => format!("$in:{}", list(values)),
            Self::NotIn(values) => format!("$notin:{}", list(values)),
            Self::Gt(value) => format!("$gt:{value}"),
            Self::Gte(value) => format!("$gte:{value}"),
            Self::Lt(value) => format!("$lt:{value}"),
            Self::Lte(value) => format!("$lte:{value}"),
            Self::Ilike(value) => format!("$ilike:{value}"),
            Self::IsNull => "$isnull".to_owned(),
        }
    }
}

impl Query {
    /// Writes it behind the address, percent-encoded: an id has a colon and an at sign.
    pub(super) fn write(&self, url: &mut Url) {
        let mut pairs = url.query_pairs_mut();
        for (name, number) in [("page", self.page), ("limit", self.limit)] {
            if let Some(number) = number {
                pairs.append_pair(name, &number.to_string());
            }
        }
        if let Some(column) = self.latest_first_by {
            pairs.append_pair("sortBy", &format!("{}:DESC", column.name()));
        }
        if let Some(search) = &self.search {
            pairs.append_pair("search", search);
        }
        for (column, condition) in &self.filters {
            pairs.append_pair(&format!("filter.{}", column.name()), &condition.text());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(query: &Query) -> String {
        let mut url = Url::parse("https://bridge.example.com/messages").unwrap();
        query.write(&mut url);
        url.query().unwrap_or_default().to_owned()
    }

    #[test]
    fn the_documents_example_is_written_as_it_is_with_ids_encoded() {
        let query = Query {
            page: Some(1),
            limit: Some(10),
            latest_first_by: Some(Column::TimeRaw),
            filters: vec![(Column::ConversationId, Condition::Eq("19:abc123@thread.v2".to_owned()))],
            ..Query::default()
        };
        let text = "page=1&limit=10&sortBy=time_raw%3ADESC&filter.conversation.id=%24eq%3A19%3Aabc123%40thread.v2";
        assert_eq!(written(&query), text);
        assert_eq!(written(&Query { search: Some("a&b=c".to_owned()), ..Query::default() }), "search=a%26b%3Dc");
    }

    #[test]
    fn every_documented_operator_is_written() {
        let two = || vec!["a".to_owned(), "b".to_owned()];
        for (condition, text) in [
            (Condition::Eq("a".to_owned()), "$eq:a"),
            (Condition::Ne("a".to_owned()), "$ne:a"),
            (Condition::In(two()), "$in:a,b"),
            (Condition::NotIn(two()), "$notin:a,b"),
            (Condition::Gt(5), "$gt:5"),
            (Condition::Gte(5), "$gte:5"),
            (Condition::Lt(5), "$lt:5"),
            (Condition::Lte(5), "$lte:5"),
            (Condition::Ilike("A".to_owned()), "$ilike:A"),
            (Condition::IsNull, "$isnull"),
        ] {
            assert_eq!(condition.text(), text);
        }
    }
}
