//! The Markdown room by itself: whatever the text and however it is cut, the steps are the same, they
//! fit together, and the work grows with the text.
#![no_main]

#[expect(dead_code, unused_imports, reason = "the widget uses all of it")]
#[path = "../../src/markdown/mod.rs"]
mod markdown;

use markdown::{Op, Stream};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((&first, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    markdown::reset_work();
    let whole = steps([text], false);
    let work = markdown::work_so_far();
    assert!(work <= 100 * text.len() + 10_000, "{work} for {} bytes", text.len());
    assert_eq!(steps(pieces(text, usize::from(first) + 1), true), whole);
});

fn pieces(mut text: &str, length: usize) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let (piece, rest) = text.split_at(text.ceil_char_boundary(length.min(text.len())));
        text = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

/// All steps. `draw`: also looks at the tail after each piece, which must change nothing.
fn steps<'a>(pieces: impl IntoIterator<Item = &'a str>, draw: bool) -> Vec<Op> {
    let (mut stream, mut steps) = (Stream::new(), Vec::new());
    let mut open = 0;
    for piece in pieces {
        stream.push(piece);
        let frozen = stream.take_frozen();
        open = depth_after(open, &frozen);
        steps.extend(frozen);
        if draw {
            assert_eq!(depth_after(open, &stream.tail()), 0, "a page while it streams");
        }
    }
    stream.finish();
    let last = stream.take_frozen();
    assert_eq!(depth_after(open, &last), 0, "a whole page");
    steps.extend(last);
    assert!(stream.tail().is_empty());
    steps
}

/// How many elements are open after these steps, when so many were before them.
fn depth_after(mut open: usize, steps: &[Op]) -> usize {
    for step in steps {
        match step {
            Op::Open(_) => open += 1,
            Op::Rewrite { steps, .. } => assert_eq!(depth_after(0, steps), 0, "a whole block"),
            Op::Close => open = open.checked_sub(1).expect("closes what is open"),
            _ => {}
        }
    }
    open
}
