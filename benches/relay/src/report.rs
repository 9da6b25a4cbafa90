//! Medians over the rounds, as a table for people and as JSON for programs.

use crate::relay::Kind;
use crate::scene::Figures;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What one turn of one relay showed.
#[derive(Debug)]
pub(crate) struct Row {
    /// What was played.
    pub(crate) scene: String,
    /// By whom.
    pub(crate) kind: Kind,
    /// What it showed.
    pub(crate) figures: Figures,
}

/// A figure of one relay in one scene: least, median, most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

/// Per scene and figure, in the order in which they were played, what each relay showed.
pub(crate) type Table = Vec<(String, Vec<(String, BTreeMap<Kind, Spread>)>)>;

/// Sums up the turns.
pub(crate) fn medians(rows: &[Row]) -> Table {
    let mut table: Table = Vec::new();
    for scene in unique(rows.iter().map(|row| &row.scene)) {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.scene == scene).collect();
        let names = unique(rows.iter().flat_map(|row| row.figures.iter().map(|(name, _)| name)));
        let figures = names.into_iter().map(|name| (name.clone(), of_each(&rows, &name))).collect();
        table.push((scene, figures));
    }
    table
}

fn of_each(rows: &[&Row], name: &str) -> BTreeMap<Kind, Spread> {
    let mut values: BTreeMap<Kind, Vec<f64>> = BTreeMap::new();
    for row in rows {
        let found = row.figures.iter().filter(|(figure, value)| figure == name && value.is_finite());
        values.entry(row.kind).or_default().extend(found.map(|(_, value)| *value));
    }
    values.into_iter().filter_map(|(kind, values)| Some((kind, spread(values)?))).collect()
}

fn spread(mut values: Vec<f64>) -> Option<Spread> {
    values.sort_by(f64::total_cmp);
    Some(Spread { least: *values.first()?, median: values[values.len() / 2], most: *values.last()? })
}

fn unique<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut unique: Vec<String> = Vec::new();
    for name in names {
        if !unique.contains(name) {
            unique.push(name.clone());
        }
    }
    unique
}

/// The table as text: medians, and how each compares with nginx.
pub(crate) fn text(table: &Table) -> String {
    let mut text = String::new();
    for (scene, figures) in table {
        let _ = writeln!(text, "\n{scene}");
        for (name, of_each) in figures {
            let _ = write!(text, "  {name:<26}");
            for (kind, spread) in of_each {
                let _ = write!(text, "  {kind} {}", short(spread.median));
            }
            if let (Some(ours), Some(nginx)) = (of_each.get(&Kind::Proxy), of_each.get(&Kind::Nginx))
                && nginx.median > 0.0
            {
                let _ = write!(text, "  ({:.2} x nginx)", ours.median / nginx.median);
            }
            text.push('\n');
        }
    }
    text
}

fn short(value: f64) -> String {
    if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// The same with least and most, for programs.
pub(crate) fn json(table: &Table) -> Value {
    let of_each = |each: &BTreeMap<Kind, Spread>| -> Value {
        each.iter().map(|(kind, s)| (kind.to_string(), json!({ "least": s.least, "median": s.median, "most": s.most }))).collect()
    };
    let scenes = table.iter().map(|(scene, figures)| {
        let figures: Value = figures.iter().map(|(name, each)| (name.clone(), of_each(each))).collect();
        (scene.clone(), figures)
    });
    scenes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_the_rounds_is_told_beside_nginx() {
        let row = |kind, value| Row { scene: "busy".to_owned(), kind, figures: vec![("CPU".to_owned(), value)] };
        let rows = [row(Kind::Proxy, 9.0), row(Kind::Nginx, 4.0), row(Kind::Proxy, 2.0), row(Kind::Nginx, 2.0), row(Kind::Proxy, 6.0)];
        let table = medians(&rows);
        assert_eq!(table[0].1[0].1[&Kind::Proxy], Spread { least: 2.0, median: 6.0, most: 9.0 });
        assert!(text(&table).contains("twinchat-proxy 6.00  (1.50 x nginx)"), "{}", text(&table));
        assert_eq!(json(&table)["busy"]["CPU"]["nginx"]["median"], 4.0);
    }
}
