//! Reads the texts: lines of `name: value` between two lines of `---`, then Markdown.

use super::Twin;

/// When an answer is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// To a question.
    Answer,
    /// To a greeting.
    Greeting,
    /// To thanks.
    Thanks,
    /// To "what did I ask".
    Recall,
    /// Before an answer to a question that hangs on the one before it; holds `{previous}`.
    Bridge,
}

/// One text a twin can answer with.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// The twin's folder, or `common` for all of them.
    pub(super) slug: String,
    pub(super) path: String,
    pub(super) language: String,
    pub(super) kind: Kind,
    /// Words that call for it, folded as [`super::language::fold`] does.
    pub(super) about: Vec<String>,
    pub(super) body: String,
}

struct Parts<'a> {
    fields: Vec<(&'a str, &'a str)>,
    body: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str, known: &[&str]) -> Result<Self, String> {
        let (head, body) = text
            .strip_prefix("---\n")
            .and_then(|rest| rest.split_once("\n---\n"))
            .ok_or("must begin with fields between two lines of ---")?;
        let mut fields = Vec::new();
        for line in head.lines() {
            let (name, value) = line.split_once(':').ok_or_else(|| format!("{line:?} is not `name: value`"))?;
            if !known.contains(&name.trim()) {
                return Err(format!("unknown field {name:?}; there are {known:?}"));
            }
            fields.push((name.trim(), value.trim()));
        }
        Ok(Self { fields, body: body.trim() })
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.fields.iter().find(|(field, _)| *field == name).map(|(_, value)| *value)
    }

    fn need(&self, name: &str) -> Result<&'a str, String> {
        self.get(name).filter(|value| !value.is_empty()).ok_or_else(|| format!("needs the field {name:?}"))
    }

    fn language(&self) -> Result<String, String> {
        match self.need("language")? {
            language @ ("vi" | "en") => Ok(language.to_owned()),
            other => Err(format!("language is {other:?}, it must be vi or en")),
        }
    }
}

pub(super) fn twin(slug: &str, text: &str) -> Result<Twin, String> {
    let parts = Parts::of(text, &["name", "language", "order", "starter"])?;
    let starters = parts.fields.iter().filter(|(name, _)| *name == "starter").map(|(_, value)| (*value).to_owned());
    Ok(Twin {
        id: format!("twin_{}", slug.replace('-', "_")),
        slug: slug.to_owned(),
        name: parts.need("name")?.to_owned(),
        description: parts.body.to_owned(),
        language: parts.language()?,
        starters: starters.collect(),
        order: parts.need("order")?.parse().map_err(|_| "order must be a number")?,
    })
}

pub(super) fn answer(slug: &str, path: &str, text: &str) -> Result<Answer, String> {
    let parts = Parts::of(text, &["language", "kind", "about"])?;
    let kind = match parts.get("kind").unwrap_or("answer") {
        "answer" => Kind::Answer,
        "greeting" => Kind::Greeting,
        "thanks" => Kind::Thanks,
        "recall" => Kind::Recall,
        "bridge" => Kind::Bridge,
        other => return Err(format!("kind is {other:?}; there are answer, greeting, thanks, recall, bridge")),
    };
    let about = parts.get("about").unwrap_or_default();
    let about = about.split(',').map(super::language::fold).filter(|word| !word.is_empty()).collect();
    let language = parts.language()?;
    Ok(Answer { slug: slug.to_owned(), path: path.to_owned(), language, kind, about, body: parts.body.to_owned() })
}
