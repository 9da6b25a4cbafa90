//! Text in, steps out.

use super::op::{Op, Tag};

/// A document that is still being written.
#[derive(Debug, Clone, Default)]
pub struct Stream {
    buffer: String,
    frozen: Vec<Op>,
}

impl Stream {
    /// An empty document.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds text. However it is cut into pieces, the document comes out the same.
    pub fn push(&mut self, text: &str) {
        self.buffer.push_str(text);
        while let Some(end) = self.buffer.find("\n\n") {
            let block: String = self.buffer.drain(..end + 2).collect();
            self.frozen.extend(paragraph(block.trim()));
        }
    }

    /// The text is whole: all steps become frozen.
    pub fn finish(&mut self) {
        let rest = std::mem::take(&mut self.buffer);
        self.frozen.extend(paragraph(rest.trim()));
    }

    /// The steps that became final since the last call, in order.
    pub fn take_frozen(&mut self) -> Vec<Op> {
        std::mem::take(&mut self.frozen)
    }

    /// The steps that would follow the frozen ones if the text ended here.
    pub fn tail(&self) -> Vec<Op> {
        paragraph(self.buffer.trim())
    }
}

fn paragraph(text: &str) -> Vec<Op> {
    if text.is_empty() { Vec::new() } else { vec![Op::Open(Tag::Paragraph), Op::Text(text.to_owned()), Op::Close] }
}

/// How many of the first steps of `old_tail` are also the first of `frozen` followed by `tail`: what was
/// drawn for those can stay.
pub fn same_steps(old_tail: &[Op], frozen: &[Op], tail: &[Op]) -> usize {
    old_tail.iter().zip(frozen.iter().chain(tail)).take_while(|(old, new)| old == new).count()
}
