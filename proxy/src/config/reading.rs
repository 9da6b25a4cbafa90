//! From TOML to the sections, with every mistake on the way.
//!
//! serde stops at the first mistake. So that the owner hears of all, what it stumbled over is taken
//! out of the table (or put in, for a field that is missing) and it is asked again.

use super::error::{Problem, explain, not_toml, shown};
use super::settings::{Setting, SettingKind};
use serde::Deserialize;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Deserializer};

/// Far more than anybody makes; a guard against a mistake that cannot be mended.
const MOST: usize = 200;

/// What was read, and what was wrong.
#[derive(Debug)]
pub(super) struct Reading<'t, T> {
    /// The sections; with mistakes only good for finding more of them.
    pub(super) value: Option<T>,
    /// The mistakes.
    pub(super) problems: Vec<Problem>,
    text: &'t str,
    table: DeTable<'t>,
}

impl<'t, T: for<'de> Deserialize<'de>> Reading<'t, T> {
    /// Reads the text; `required` are the fields that have no default.
    pub(super) fn of(text: &'t str, required: &[&'static [Setting]]) -> Self {
        let (mut mended, errors) = DeTable::parse_recoverable(text);
        let original = mended.get_ref().clone();
        let mut reading = Self { value: None, problems: Vec::new(), text, table: original };
        for error in errors {
            let line = reading.line(error.span().map_or(0, |span| span.start));
            reading.problems.push(Problem { line: Some(line), field: None, message: not_toml(error.message()) });
        }
        let is_toml = reading.problems.is_empty();
        for _ in 0..MOST {
            let error = match T::deserialize(Deserializer::from(mended.clone())) {
                Ok(value) => {
                    // What a damaged file seems to lack may be there.
                    reading.value = Some(value).filter(|_| is_toml);
                    break;
                }
                Err(error) => error,
            };
            let span = error.span().unwrap_or(0..0);
            let missing = error.message().strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
            let problem = reading.problem(&span, error.message());
            if (is_toml || missing.is_none()) && !reading.problems.contains(&problem) {
                reading.problems.push(problem);
            }
            if !(Mend { span: &span, missing, required }).table(mended.get_mut()) {
                break;
            }
        }
        reading
    }
}

impl<T> Reading<'_, T> {
    fn problem(&self, span: &Range<usize>, message: &str) -> Problem {
        let field = field_at(&self.table, span);
        let said = explain(message);
        let names_it = ["unknown field", "missing field"].iter().any(|start| message.starts_with(start));
        let message = match &field {
            Some(field) if !names_it => format!("{}: {said}", shown(field)),
            _ => said,
        };
        Problem { line: Some(self.line(span.start)), field, message }
    }

    fn line(&self, at: usize) -> usize {
        self.text[..at.min(self.text.len())].matches('\n').count() + 1
    }

    /// A mistake there, which serde could not know. What is not in the file has the line of what it belongs to.
    pub(super) fn about(&self, path: &[Step<'_>], message: String) -> Problem {
        let (mut table, mut value, mut line) = (Some(&self.table), None::<&Spanned<DeValue<'_>>>, None);
        for step in path {
            let found = match *step {
                Step::Name(name) => {
                    let found = table.and_then(|table| table.iter().find(|(key, _)| key.get_ref() == name));
                    found.map(|(key, value)| (key.span(), value))
                }
                Step::Item(at) => value.and_then(|value| value.get_ref().as_array()?.get(at)).map(|item| (item.span(), item)),
            };
            let Some((span, found)) = found else { break };
            line = Some(self.line(span.start));
            (table, value) = (found.get_ref().as_table(), Some(found));
        }
        let names: Vec<&str> = path.iter().filter_map(|step| if let Step::Name(name) = step { Some(*name) } else { None }).collect();
        Problem { line, field: Some(names.join(".")), message }
    }
}

/// One step on the way to a field.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'a> {
    /// To the field of this name.
    Name(&'a str),
    /// To this one of several sections.
    Item(usize),
}

/// Changes the table for the next try.
struct Mend<'a> {
    span: &'a Range<usize>,
    missing: Option<&'a str>,
    required: &'a [&'static [Setting]],
}

impl Mend<'_> {
    /// Mends what stands there; says whether anything does.
    fn table(&self, table: &mut DeTable<'_>) -> bool {
        let mut unwanted = None;
        for (key, value) in table.iter_mut() {
            let span = value.span();
            let mended = match value.get_mut() {
                DeValue::Table(inner) => self.inner(inner, &span),
                DeValue::Array(items) => self.items(items, &span),
                _ if holds(&span, self.span) => self.replaced(key.get_ref(), value),
                _ => false,
            };
            if mended {
                return true;
            }
            if key.span() == *self.span || holds(&span, self.span) {
                unwanted = Some(key.clone());
                break;
            }
        }
        unwanted.is_some_and(|key| table.remove(&key).is_some())
    }

    fn inner(&self, table: &mut DeTable<'_>, span: &Range<usize>) -> bool {
        match self.missing.filter(|_| span == self.span) {
            Some(name) => self.example(name).is_some_and(|value| table.insert(Spanned::new(0..0, name.to_owned().into()), value).is_none()),
            None => self.table(table),
        }
    }

    /// A mistake in an item has the span of the whole: the items go one by one.
    fn items(&self, items: &mut DeArray<'_>, span: &Range<usize>) -> bool {
        for item in items.iter_mut() {
            let span = item.span();
            if let DeValue::Table(inner) = item.get_mut()
                && self.inner(inner, &span)
            {
                return true;
            }
        }
        if items.is_empty() || !holds(span, self.span) {
            return false;
        }
        let mut rest = DeArray::new();
        items.iter().skip(1).for_each(|item| rest.push(item.clone()));
        *items = rest;
        true
    }

    /// A field that has to be there gets the value of its example, lest it be missed next.
    fn replaced(&self, name: &str, value: &mut Spanned<DeValue<'_>>) -> bool {
        let example = self.example(name);
        let found = example.is_some();
        if let Some(example) = example {
            *value = example;
        }
        found
    }

    fn example<'i>(&self, name: &str) -> Option<Spanned<DeValue<'i>>> {
        let is_it = |setting: &&Setting| setting.name == name && setting.kind == SettingKind::Required;
        let setting = self.required.iter().copied().flatten().find(is_it)?;
        DeValue::parse(setting.example).ok()
    }
}

fn holds(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// The field, with its section, whose name or value stands there.
fn field_at(table: &DeTable<'_>, span: &Range<usize>) -> Option<String> {
    table.iter().find_map(|(key, value)| {
        let name = key.get_ref();
        let inside = match value.get_ref() {
            DeValue::Table(inner) => field_at(inner, span),
            DeValue::Array(items) => {
                let of_item = |item: &Spanned<DeValue<'_>>| match item.get_ref().as_table() {
                    Some(_) if item.span() == *span => Some(String::new()),
                    table => field_at(table?, span),
                };
                items.iter().find_map(of_item)
            }
            _ => None,
        };
        match inside {
            Some(inside) if inside.is_empty() => Some(name.to_string()),
            Some(inside) => Some(format!("{name}.{inside}")),
            None => (key.span() == *span || holds(&value.span(), span)).then(|| name.to_string()),
        }
    })
}
