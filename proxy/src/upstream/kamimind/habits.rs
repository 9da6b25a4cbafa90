use crate::config::FirstTurn;
use std::sync::atomic::{AtomicBool, Ordering};

/// What was learned of a service whose document does not say it. Forgotten when the process ends.
#[derive(Debug)]
pub(super) struct Habits {
    upstream: String,
    /// Its streams tell the story's id, so that a first answer can be streamed and the story go on.
    tells_story: AtomicBool,
    /// It answers `streaming=true` with a stream.
    streams: AtomicBool,
    /// Its streams say that they are over, so that one which does not was cut off.
    marks_end: AtomicBool,
}

impl Habits {
    /// Of this upstream (the owner's name for it), which does as the owner says until something else is seen.
    pub(super) fn new(upstream: &str, first_turn: FirstTurn) -> Self {
        Self {
            upstream: upstream.to_owned(),
            tells_story: AtomicBool::new(first_turn == FirstTurn::Stream),
            streams: AtomicBool::new(true),
            marks_end: AtomicBool::new(false),
        }
    }

    /// Whether the first answer of a story is asked for as a stream.
    pub(super) fn first_turn_streams(&self) -> bool {
        self.tells_story.load(Ordering::Relaxed)
    }

    /// Whether answers come piece by piece.
    pub(super) fn streams(&self) -> bool {
        self.streams.load(Ordering::Relaxed)
    }

    /// Whether a stream that ends without a word was cut off.
    pub(super) fn marks_end(&self) -> bool {
        self.marks_end.load(Ordering::Relaxed)
    }

    /// A stream went to its end.
    pub(super) fn saw_stream(&self, told_story: bool, is_first_turn: bool, marked_end: bool) {
        self.streams.store(true, Ordering::Relaxed);
        if marked_end {
            self.marks_end.store(true, Ordering::Relaxed);
        }
        let upstream = self.upstream.as_str();
        if told_story && !self.tells_story.swap(true, Ordering::Relaxed) {
            tracing::info!(upstream, "streams tell the story's id: first answers are streamed from now on");
        }
        if !told_story && is_first_turn && self.tells_story.swap(false, Ordering::Relaxed) {
            tracing::warn!(
                upstream,
                "a stream did not tell the story's id, so the twin forgets that message: first answers come whole from now on"
            );
        }
    }

    /// A stream was asked for and a whole answer came.
    pub(super) fn saw_whole_answer(&self) {
        if self.streams.swap(false, Ordering::Relaxed) {
            tracing::info!(upstream = self.upstream.as_str(), "this upstream does not stream: replies come whole");
        }
    }
}
