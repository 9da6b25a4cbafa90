//! Table rows.

use crate::markdown::op::Align;
use crate::markdown::text::{byte, find, is_only, part, trim};

/// Columns of a table at most, so that a short header cannot ask for endless empty cells.
const MOST_COLUMNS: usize = 64;

/// The columns a delimiter row declares.
pub(super) fn columns(line: &str) -> Option<Vec<Align>> {
    if !is_only(line, b"|:- \t") || find(line, 0, b"|:") == line.len() {
        return None;
    }
    let mut columns = Vec::new();
    for cell in cells(line) {
        let (left, right) = (byte(&cell, 0) == b':', cell.ends_with(':'));
        let dashes = part(&cell, usize::from(left), cell.len() - usize::from(right));
        if dashes.is_empty() || !is_only(dashes, b"-") || columns.len() == MOST_COLUMNS {
            return None;
        }
        columns.push(match (left, right) {
            (false, false) => Align::None,
            (true, false) => Align::Left,
            (true, true) => Align::Center,
            (false, true) => Align::Right,
        });
    }
    Some(columns)
}

/// The texts of a row's cells. `\|` is a pipe that does not separate.
pub(super) fn cells(line: &str) -> Vec<String> {
    let line = trim(line);
    let mut cells = Vec::new();
    let mut cell = String::new();
    let mut from = usize::from(byte(line, 0) == b'|');
    while from < line.len() {
        let at = find(line, from, b"\\|");
        cell.push_str(part(line, from, at));
        from = at + 1;
        if byte(line, at) == b'\\' {
            // The backslash stays before anything but a pipe, and what it escapes is passed.
            let next = byte(line, from);
            if next != b'|' {
                cell.push('\\');
            }
            if matches!(next, b'\\' | b'|') {
                cell.push(char::from(next));
                from += 1;
            }
        } else {
            cells.push(trim(&cell).to_owned());
            cell.clear();
        }
    }
    if !cell.is_empty() {
        cells.push(trim(&cell).to_owned());
    }
    cells
}
