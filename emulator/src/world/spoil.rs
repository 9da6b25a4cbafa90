//! Frames of a stream, broken.

use super::pace::Frame;
use crate::faults::{Fault, Malformation};
use bytes::Bytes;
use std::time::Duration;

/// Breaks the frames that faults name.
pub(crate) fn spoil(frames: &mut Vec<Frame>, faults: &[Fault]) {
    for fault in faults {
        let Fault::Malformed { what, at_event } = fault else { continue };
        let at = at_event.unwrap_or_default().min(frames.len().saturating_sub(1));
        let whole = String::from_utf8_lossy(&frames[at].bytes).into_owned();
        let before = |bytes: &[u8]| Frame { wait: Duration::ZERO, bytes: Bytes::copy_from_slice(bytes) };
        match what {
            Malformation::BadJson => {
                let data = whole.trim_end();
                let middle = data.rfind('"').unwrap_or(data.len());
                frames[at].bytes = format!("{}\n\n", &data[..middle]).into();
            }
            Malformation::MissingData => {
                let name = whole.lines().next().unwrap_or("event: delta");
                frames[at].bytes = format!("{name}\n\n").into();
            }
            Malformation::UnknownEvent => frames.insert(at, before(b"event: telemetry\ndata: {\"tokens\":7}\n\n")),
            Malformation::BadUtf8 => frames.insert(at, before(b": \xff\xfe\n\nevent: telemetry\ndata: {\"note\":\"\xc3\x28\"}\n\n")),
        }
    }
}
