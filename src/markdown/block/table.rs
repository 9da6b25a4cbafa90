//! Table rows.

use crate::markdown::op::Align;

/// Columns of a table at most, so that a short header cannot ask for endless empty cells.
const MOST_COLUMNS: usize = 64;

/// The columns a delimiter row declares.
pub(super) fn columns(line: &str) -> Option<Vec<Align>> {
    if !line.contains(['|', ':']) || !line.bytes().all(|b| matches!(b, b'|' | b':' | b'-' | b' ' | b'\t')) {
        return None;
    }
    let columns: Option<Vec<Align>> = cells(line).iter().map(|cell| column(cell)).collect();
    columns.filter(|columns| columns.len() <= MOST_COLUMNS)
}

fn column(cell: &str) -> Option<Align> {
    let (left, right) = (cell.starts_with(':'), cell.ends_with(':'));
    let dashes = cell.strip_prefix(':').unwrap_or(cell);
    let dashes = dashes.strip_suffix(':').unwrap_or(dashes);
    if dashes.is_empty() || !dashes.bytes().all(|b| b == b'-') {
        return None;
    }
    Some(match (left, right) {
        (false, false) => Align::None,
        (true, false) => Align::Left,
        (true, true) => Align::Center,
        (false, true) => Align::Right,
    })
}

/// The texts of a row's cells. `\|` is a pipe that does not separate.
pub(super) fn cells(line: &str) -> Vec<String> {
    let line = line.trim_matches([' ', '\t']);
    let mut rest = line.strip_prefix('|').unwrap_or(line).chars().peekable();
    let mut cells = Vec::new();
    let mut cell = String::new();
    while let Some(c) = rest.next() {
        match c {
            '\\' if rest.peek() == Some(&'|') => cell.extend(rest.next()),
            '\\' => {
                cell.push(c);
                cell.extend(rest.next());
            }
            '|' => end(&mut cells, &mut cell),
            _ => cell.push(c),
        }
    }
    if !line.ends_with('|') || !cell.is_empty() {
        end(&mut cells, &mut cell);
    }
    cells
}

fn end(cells: &mut Vec<String>, cell: &mut String) {
    cells.push(cell.trim_matches([' ', '\t']).to_owned());
    cell.clear();
}
