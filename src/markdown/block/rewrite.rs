//! Blocks that were drawn and may become others by what stands further down.
//!
//! A block whose text asks for a label that nothing defines keeps its text. The label's definition has it
//! parsed once more. That is work the definition's own length does not pay for, so it is paid from what
//! the text earned so far; what that does not cover waits for the end, where each block is done once.

use super::Blocks;
use crate::markdown::inline;
use crate::markdown::op::Op;

/// Bytes parsed again per byte of text, and how many from the beginning.
const EARNED: usize = 4;
const GIVEN: usize = 65_536;

/// The blocks that may have to be rewritten.
#[derive(Debug, Clone, Default)]
pub(super) struct Rewrites {
    blocks: Vec<Kept>,
    /// How many there are, those of a probe included.
    count: usize,
    /// Blocks to be rewritten.
    stale: Vec<usize>,
    earned: usize,
    spent: usize,
}

/// A block's text.
#[derive(Debug, Clone)]
struct Kept {
    text: String,
    stale: bool,
}

impl Rewrites {
    /// What a probe needs of it.
    pub(super) fn probe(&self) -> Self {
        Self { count: self.count, ..Self::default() }
    }

    /// Text came in.
    pub(super) fn earn(&mut self, bytes: usize) {
        self.earned += EARNED * bytes;
    }

    fn mark(&mut self, block: usize) {
        if let Some(kept) = self.blocks.get_mut(block)
            && !std::mem::replace(&mut kept.stale, true)
        {
            self.stale.push(block);
        }
    }
}

impl Blocks {
    /// Keeps a block with the labels it wants, and numbers it. It is whole, and its end is not drawn yet.
    pub(super) fn wait(&mut self, text: String, wanted: Vec<String>) -> usize {
        let block = self.rewrites.count;
        self.rewrites.count += 1;
        self.ops.push(Op::Waiting(block));
        if !self.soft {
            self.rewrites.blocks.push(Kept { text, stale: false });
            self.want(wanted, block);
        }
        block
    }

    fn want(&mut self, wanted: Vec<String>, block: usize) {
        for label in wanted {
            self.definitions.wait(label, block);
        }
    }

    /// A label of these blocks is defined now.
    pub(super) fn stale(&mut self, blocks: Vec<usize>) {
        for block in blocks {
            self.rewrites.mark(block);
        }
    }

    /// Rewrites what is to be rewritten as far as that is paid for.
    pub(super) fn rewrite_some(&mut self) {
        while let Some(&block) = self.rewrites.stale.last() {
            let cost = self.rewrites.blocks[block].text.len();
            if self.rewrites.spent + cost > self.rewrites.earned + GIVEN {
                return;
            }
            self.rewrites.spent += cost;
            self.rewrites.stale.pop();
            self.rewrite(block);
        }
    }

    /// Rewrites all that is left.
    pub(super) fn rewrite_all(&mut self) {
        while let Some(block) = self.rewrites.stale.pop() {
            self.rewrite(block);
        }
    }

    /// Draws a block anew with what is defined now.
    pub(super) fn rewrite(&mut self, block: usize) {
        let kept = &mut self.rewrites.blocks[block];
        kept.stale = false;
        let mut steps = Vec::new();
        let wanted = inline::parse(&kept.text, &self.definitions, false, &mut steps);
        self.ops.push(Op::Rewrite { block, steps });
        self.want(wanted, block);
    }
}
