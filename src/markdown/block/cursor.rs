//! A place in a line that knows its column, since a tab reaches to the next multiple of four.

use crate::markdown::text::{byte, from, is_only, is_space, part};

/// What is left of a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    rest: &'a str,
    column: usize,
    /// Columns left of a tab that was used in part.
    spare: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(line: &'a str) -> Self {
        Self { rest: line, column: 0, spare: 0 }
    }

    /// What is left, without the rest of a tab used in part.
    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    /// The next byte, or 0.
    pub(super) fn byte(&self) -> u8 {
        byte(self.rest, 0)
    }

    pub(super) fn is_blank(&self) -> bool {
        is_only(self.rest, b" \t")
    }

    /// Columns of white space that come next.
    #[inline(never)]
    pub(super) fn indent(&self) -> usize {
        let mut ahead = *self;
        ahead.skip_columns(usize::MAX);
        ahead.column - self.column
    }

    /// Passes at most this many columns of white space.
    #[inline(never)]
    pub(super) fn skip_columns(&mut self, mut columns: usize) {
        while columns > 0 {
            if self.spare == 0 {
                if !is_space(self.byte()) {
                    return;
                }
                self.spare = if self.byte() == b' ' { 1 } else { 4 - self.column % 4 };
                self.rest = from(self.rest, 1);
            }
            let used = columns.min(self.spare);
            self.spare -= used;
            self.column += used;
            columns -= used;
        }
    }

    /// Passes this many bytes of ASCII that are not tabs.
    pub(super) fn skip_bytes(&mut self, bytes: usize) {
        self.rest = from(self.rest, bytes);
        self.column += bytes;
    }

    /// What is left as a line of code: the rest of a tab is spaces.
    pub(super) fn code(&self) -> String {
        let mut code = part("   ", 0, self.spare).to_owned();
        code.push_str(self.rest);
        code
    }
}
